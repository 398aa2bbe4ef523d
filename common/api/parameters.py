"""The query parameters and headers that endpoints read and answer with, as OpenAPI describes them.

``@documented(filters_of, *PAGE)`` stands on the method that reads them: what is made from the viewset as a function
of it, what is the same everywhere as a constant.
"""

from collections.abc import Callable
from typing import Any

from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from .filters import MAX_VALUES, Filter
from .pages import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET

#: What a filter takes, by the column that it compares with. The first that fits counts.
TYPES: list[tuple[type, Any]] = [
    (models.BooleanField, OpenApiTypes.BOOL),
    (models.UUIDField, OpenApiTypes.UUID),
    (models.DateTimeField, OpenApiTypes.DATETIME),
    (models.DateField, OpenApiTypes.DATE),
    (models.DecimalField, OpenApiTypes.NUMBER),
    (models.IntegerField, OpenApiTypes.INT),
    (models.Field, OpenApiTypes.STR),
]
MEANINGS = {
    "": "exactly this",
    "in": f"one of these, at most {MAX_VALUES}",
    "gte": "at least this",
    "lte": "at most this",
    "gt": "more than this",
    "lt": "less than this",
    "icontains": "with this anywhere in it, in any case",
    "istartswith": "beginning with this, in any case",
    "isnull": "true: only where there is none; false: only where there is one",
}


def header(name: str, description: str, *codes: int) -> OpenApiParameter:
    """A header of the request, or (with ``codes``) of the answers of these statuses."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=list(codes) or False)


def values(name: str, allowed: list[str] | None, description: str, kind: Any = str) -> OpenApiParameter:
    """A parameter of several values, separated by commas."""
    return OpenApiParameter(name, kind, many=True, enum=allowed, style="form", explode=False, description=description)


def whole(name: str, description: str, lowest: int, highest: int, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "integer", "minimum": lowest, "maximum": highest, **more}, description=description)


PAGE = [
    whole("limit", f"How many rows; more than {MAX_LIMIT} are cut to {MAX_LIMIT}", 1, MAX_LIMIT, default=DEFAULT_LIMIT),
    whole("offset", "How many rows to skip", 0, MAX_OFFSET),
    OpenApiParameter(
        "cursor",
        description="Walks all rows at constant cost, without `count`: send it empty, then follow `next`. Replaces `offset`.",
    ),
]
COUNT = OpenApiParameter("count", enum=["none", "capped"], description="`none` leaves the count out, which is faster")
PAGE.append(COUNT)
TIMELINE = [
    PAGE[0],
    OpenApiParameter("cursor", description="The place to go on from: follow `next`"),
    values("kinds", None, "Only these kinds of entries, such as `comment,change`"),
]

#: The keys differ from organization to organization. As an exploded object each property is a parameter of its own.
CUSTOM_FILTERS = OpenApiParameter(
    "cf_<key>",
    {"type": "object", "patternProperties": {"^cf_[a-z0-9_]+$": {"type": "string"}}, "additionalProperties": False},
    style="form",
    explode=True,
    description=(
        "Custom fields, by their keys: `?cf_size=L&cf_budget__gte=1000`. Of each its value, and by its type `__in` (separated "
        "by commas), `__gte`, `__lte`, `__gt`, `__lt`, `__icontains`, `__isnull`. The fields there are: `/api/v1/custom-fields/`"
    ),
)

IF_MATCH = header("If-Match", "An `ETag`: the change is refused (412) if the record is not in that version any more")
IF_NONE_MATCH = header("If-None-Match", "An `ETag`: answered with 304 and no body if the record still is in that version")
ETAG = header("ETag", "The record's version, for If-Match and If-None-Match", 200, 201, 304)
LOCATION = header("Location", "The path of what was created", 201)


def filters_of(view: Any) -> list[OpenApiParameter]:
    """The viewset's filters, each with its type, and those by fields of the organization's own."""
    custom = [CUSTOM_FILTERS] if hasattr(view.queryset.model, "custom_fields") else []
    return [*(filter_parameter(entry) for entry in view.filters().values()), *custom]


def filter_parameter(entry: Filter) -> OpenApiParameter:
    subject = entry.name.removesuffix(f"__{entry.lookup}").replace("__", "'s ").replace("_", " ")
    description = f"{subject.capitalize()}: {MEANINGS[entry.lookup]}"
    if entry.lookup == "isnull":
        return OpenApiParameter(entry.name, bool, description=description)
    kind = next(kind for column, kind in TYPES if isinstance(entry.target, column))
    if entry.lookup == "in":
        return values(entry.name, None, description, kind)
    choices = [value for value, _ in getattr(entry.target, "choices", None) or ()]
    return OpenApiParameter(entry.name, kind, enum=None if entry.lookup else choices or None, description=description)


def search_of(view: Any) -> list[OpenApiParameter]:
    """Full-text search, where the viewset has it."""
    words = "Words, or their beginnings, that must all occur in the record"
    return [OpenApiParameter("search", description=words)] if view.with_search else []


def ordering_of(view: Any) -> list[OpenApiParameter]:
    names = sorted({*view.orders(), "id"})
    usual = ",".join(view.default_order or view.queryset.model._meta.ordering)
    return [values("ordering", [*names, *(f"-{name}" for name in names)], f"Sort by; `-` is descending. Without it: `{usual}`")]


def fields_of(view: Any) -> list[OpenApiParameter]:
    names = list(view.get_serializer_class().names())
    return [values("fields", names, "Only these fields; all of them without it")]


def groups_of(view: Any) -> list[OpenApiParameter]:
    return [OpenApiParameter("group_by", enum=list(view.groups()), description="One row for each value of this")]


def sums_of(view: Any) -> list[OpenApiParameter]:
    return [values("sum", view.sums(), "Sums of these")]


LIST: list[Any] = [search_of, ordering_of, *PAGE, fields_of, filters_of]


def documented(*parameters: Any) -> Callable[[Any], Any]:
    """Say of an endpoint's method which parameters and headers it reads and answers with."""

    def mark(method: Any) -> Any:
        method.documented = parameters
        return method

    return mark


def documented_for(view: Any, method: Any) -> list[OpenApiParameter]:
    found: list[OpenApiParameter] = []
    for entry in getattr(method, "documented", ()):
        found.extend(entry(view) if callable(entry) else [entry])
    return found
