"""Full-text search of one record type, in two steps: ids from the index, rows under row-level security."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, models
from django.db.models import F, Func, Value
from rest_framework.exceptions import ValidationError

from common.tenancy import current_org_id

#: A search with more hits than this is so common that walking the list's own order finds a page of them at once.
FEW = 1000


class Matches(Func):
    """``search @@ <tsquery>``"""

    template = "%(expressions)s"
    output_field = models.BooleanField()

    def __init__(self, query: str):
        super().__init__(F("pk"), Value(query))
        self.query = query

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        alias = compiler.quote_name_unless_alias(self.source_expressions[0].alias)
        return f'{alias}."search" @@ %s::tsquery', [self.query]


def search_filter(queryset: Any, text: str) -> Any:
    """Rows of ``queryset`` that have every word of ``text``, or words that begin with it."""
    refuse_null(text)
    query, ids = found_by_index(queryset.model._meta.db_table, text[:200])
    if not query:
        return queryset.none()
    few = len(ids) < FEW and None not in ids
    return queryset.filter(pk__in=ids) if few else queryset.filter(Matches(query))


#: What searches found, while somebody keeps it.
_kept: ContextVar[dict[Any, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping_searches() -> Iterator[None]:
    """The same words of the same records are looked for once inside, where nothing is written between two reads."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def found_by_index(table: str, text: str) -> tuple[str | None, list[Any]]:
    """The words as PostgreSQL takes them, and the ids of rows that have them: see ``app_search``."""
    kept, key = _kept.get(), (current_org_id(), table, text.lower())
    if kept is not None and key in kept:
        return kept[key]  # type: ignore[no-any-return]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT app_query(%s)::text, ARRAY(SELECT app_search(%s::uuid, %s, app_query(%s)::text, %s))",
            [text, str(current_org_id()), table, text, FEW],
        )
        found: tuple[str | None, list[Any]] = cursor.fetchone()
    if kept is not None:
        kept[key] = found
    return found


def best_by_index(tables: dict[str, int], text: str) -> dict[str, dict[Any, float]]:
    """Of each table the ids of the rows that have the words best, at most so many as ``tables`` says, with how well they do."""
    one = "SELECT '{0}', best.* FROM \"{0}_find\"(%s::uuid, %s, %s) best"
    parameters = [value for most in tables.values() for value in (str(current_org_id()), text, most)]
    found: dict[str, dict[Any, float]] = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(one.format(table) for table in tables), parameters)
        for table, pk, rank in cursor.fetchall():
            found.setdefault(table, {})[pk] = rank
    return found


def scan_filter(queryset: Any, text: str) -> Any:
    """The same, looked for row by row, where the index is not: in the bin, and over all orgs."""
    refuse_null(text)
    query = query_of(text)
    return queryset.filter(Matches(query)) if query else queryset.none()


def query_of(text: str) -> str | None:
    """Words as PostgreSQL takes them; None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_query(%s)::text", [text[:200]])
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def refuse_null(text: str) -> None:
    if "\x00" in text:
        raise ValidationError({"search": ["Null characters are not allowed."]})
