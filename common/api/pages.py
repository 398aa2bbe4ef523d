"""Pages of a list: by offset, or by cursor at constant cost; counts are capped."""

import base64
from collections.abc import Callable
from typing import Any

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F, Q
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from .filters import value_of

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 2**31 - 1
#: ``count`` is exact up to 10,000; 10,001 says that there are more.
COUNT_CAP = 10_001
PARAMETERS = ("limit", "offset", "cursor", "count")


def whole_number(request: Request, name: str, default: int, lowest: int, highest: int) -> int:
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if not (raw.isascii() and raw.isdecimal() and len(raw) < 12 and lowest <= int(raw) <= highest):
        raise ValidationError({name: [f"Expected a whole number from {lowest} to {highest}."]})
    return int(raw)


def capped_count(queryset: Any, cap: int = COUNT_CAP) -> int:
    """How many rows there are, but at most ``cap``."""
    return queryset.order_by().values("pk")[:cap].count()


def link(request: Request, **parameters: Any) -> str:
    url = request.build_absolute_uri()
    for name, value in parameters.items():
        url = replace_query_param(url, name, value)
    return url


class Order:
    """An order of rows that ends with the primary key, e.g. ``Order(Lead, ["-created_at"])``. Nulls count as lowest."""

    def __init__(self, model: Any, names: list[str]):
        names = [name for name in names if name.lstrip("-") not in ("id", "pk")] + [
            "-id" if (names and names[0].startswith("-")) else "id"
        ]
        self.keys = [(model._meta.get_field(name.lstrip("-")), name.startswith("-")) for name in names]
        self.names = [field.name for field, _ in self.keys]

    def apply(self, queryset: Any) -> Any:
        return queryset.order_by(*(self._expression(field, descending) for field, descending in self.keys))

    @staticmethod
    def _expression(field: Any, descending: bool) -> Any:
        if not field.null:
            return f"-{field.name}" if descending else field.name
        return F(field.name).desc(nulls_last=True) if descending else F(field.name).asc(nulls_first=True)

    def encode(self, values: Any) -> str:
        raw = orjson.dumps([None if value is None else str(value) for value in values])
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def decode(self, cursor: str) -> list[Any]:
        try:
            values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if len(values) != len(self.keys) or not all(value is None or isinstance(value, str) for value in values):
                raise ValueError("a cursor of another order")
            if any("\x00" in value for value in values if value):
                raise ValueError("a NUL byte")
            fields = [field for field, _ in self.keys]
            if any(value is None and not field.null for field, value in zip(fields, values, strict=True)):
                raise ValueError("nothing where there is always something")
            return [None if value is None else value_of(field, value) for field, value in zip(fields, values, strict=True)]
        except (ValueError, TypeError, OverflowError, DjangoValidationError) as error:
            raise ValidationError({"cursor": ["Not a cursor of this list. Start again without it."]}) from error

    def after(self, values: list[Any]) -> Q:
        """Rows that come after ``values``. ``a <= x AND (a < x OR …)`` lets PostgreSQL start in the middle of an index."""
        return self._after(list(zip(self.keys, values, strict=True)))

    def _after(self, steps: Any) -> Q:
        ((field, descending), value), *rest = steps
        name = field.name
        if value is None:
            same = Q(**{f"{name}__isnull": True}) & self._after(rest)
            return same if descending else same | Q(**{f"{name}__isnull": False})
        beyond = Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
        if not rest:
            return beyond
        bound = Q(**{f"{name}__{'lte' if descending else 'gte'}": value}) & (beyond | self._after(rest))
        return bound | Q(**{f"{name}__isnull": True}) if field.null and descending else bound


def paginate(
    request: Request, queryset: Any, order: Order, read: Callable[[Any, list[str]], list[tuple[Any, ...]]]
) -> dict[str, Any]:
    """The envelope ``{count, next, previous, results}`` of one page.

    ``read(slice, names)`` fetches the slice as tuples: the row as it is shown, then the values of ``names``.
    """
    limit = min(whole_number(request, "limit", DEFAULT_LIMIT, 1, 2**31), MAX_LIMIT)
    wanted = request.query_params.get("count", "capped")
    if wanted not in ("none", "capped"):
        raise ValidationError({"count": ['Expected "none", or nothing.']})
    if "cursor" in request.query_params:
        return _cursor_page(request, queryset, order, read, limit)
    offset = whole_number(request, "offset", 0, 0, MAX_OFFSET)
    rows = read(order.apply(queryset)[offset : offset + limit + 1], [])
    more, rows = len(rows) > limit, rows[:limit]
    envelope: dict[str, Any] = {}
    if wanted != "none":
        at_end = not more and bool(rows or not offset)
        envelope["count"] = min(offset + len(rows), COUNT_CAP) if at_end else capped_count(queryset)
    envelope["next"] = link(request, offset=offset + limit) if more else None
    envelope["previous"] = link(request, offset=max(0, offset - limit)) if offset else None
    return envelope | {"results": [row[0] for row in rows]}


def _cursor_page(request: Request, queryset: Any, order: Order, read: Any, limit: int) -> dict[str, Any]:
    if cursor := request.query_params["cursor"]:
        queryset = queryset.filter(order.after(order.decode(cursor)))
    rows = read(order.apply(queryset)[: limit + 1], order.names)
    more, rows = len(rows) > limit, rows[:limit]
    following = link(request, cursor=order.encode(rows[-1][1:])) if more else None
    return {"next": following, "previous": None, "results": [row[0] for row in rows]}
