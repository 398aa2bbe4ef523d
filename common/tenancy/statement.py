"""Querysets compiled once: what is left for each call is to fill in the org and the values.

Building and compiling a queryset takes Django longer than PostgreSQL takes to answer it. Where the shape of a query never
changes (a row by id, the stages of a pipeline), it is compiled at first use and kept as text.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from .scope import current_org_id, org_scope

#: Stands for the org while SQL is made.
PLACE = UUID("00000000-0000-7000-8000-00000000aaaa")


def with_places(parameters: Any, places: dict[str, str]) -> list[Any]:
    """SQL parameters with a Place wherever one of ``places`` (a stand-in -> its name), or the org's, stands."""
    names = {**places, str(PLACE): "org"}
    return [Place(names[str(value)]) if str(value) in names else value for value in parameters]


class Place:
    """Where a value goes that is known only when the statement runs."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name


def fill(parameters: list[Any], values: dict[str, Any]) -> list[Any]:
    values["org"] = str(current_org_id())
    return [values[value.name] if type(value) is Place else value for value in parameters]


class Statement:
    """``Statement(lambda pk: Lead.objects.filter(pk=pk).values_list("name"), pk=uuid4())``: the keywords are stand-ins,
    values of the right type that occur nowhere else in the query. The queryset must yield tuples of plain columns.
    """

    def __init__(self, build: Callable[..., Any], **stand_ins: Any):
        self.build, self.stand_ins = build, stand_ins
        self.compiled: tuple[str, list[Any]] | None = None

    def compile(self) -> tuple[str, list[Any]]:
        with org_scope(PLACE):
            sql, parameters = self.build(**self.stand_ins).query.sql_with_params()
        places = {str(value): name for name, value in self.stand_ins.items()}
        self.compiled = sql, with_places(parameters, places)
        return self.compiled

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run it, in the current scope."""
        sql, parameters = self.compiled or self.compile()
        with connection.cursor() as cursor:
            cursor.execute(sql, fill(parameters, values))
            return cursor.fetchall()


def rows_together(asked: Iterable[tuple[Statement, dict[str, Any]]]) -> list[tuple[Any, ...]]:
    """The rows of several statements of the same columns, each with its own values, read in one."""
    parts, parameters = [], []
    for statement, values in asked:
        sql, places = statement.compiled or statement.compile()
        parts.append(f"({sql})")
        parameters.extend(fill(places, values))
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        return cursor.fetchall()


class RowStatement(Statement):
    """A Statement for whole rows of one model, as instances. ``build`` yields a queryset without ``values``."""

    def __init__(self, build: Callable[..., Any], **stand_ins: Any):
        super().__init__(build, **stand_ins)
        self.model: Any = None

    def first(self, **values: Any) -> Any:
        """The first row, or None."""
        return next(iter(self.all(**values)), None)

    def all(self, **values: Any) -> list[Any]:
        """The rows, in order."""
        if self.model is None:
            with org_scope(PLACE):
                self.model = self.build(**self.stand_ins).model
        return [self._instance(row) for row in self.rows(**values)]

    def _instance(self, row: tuple[Any, ...]) -> Any:
        fields = self.model._meta.concrete_fields
        values = [
            field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
            for field, value in zip(fields, row, strict=True)
        ]
        return self.model.from_db("default", [field.attname for field in fields], values)
