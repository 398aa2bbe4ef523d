"""Filters by custom fields: ``?cf_size=L``, ``?cf_budget__gte=1000``. They read the index of values, which a trigger keeps."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import IContains

from common.api.filters import EXACT, MAX_VALUES, RANGE, parse_boolean

from .models import CustomValue
from .values import Definition, as_date, as_decimal, fields_of

PREFIX = "cf_"
KINDS = {
    "text": ("", "in", "icontains", "isnull"),
    "url": ("", "in", "icontains", "isnull"),
    "choice": EXACT,
    "multi_choice": EXACT,
    "relation": EXACT,
    "number": RANGE,
    "money": RANGE,
    "date": RANGE,
    "boolean": ("", "isnull"),
}


@dataclass
class CustomFilter:
    """One query parameter, as ``common.api.filters.Filter`` is for a column."""

    field: Definition
    lookup: str

    def parse(self, raw: str) -> Any:
        if "\x00" in raw:
            raise DjangoValidationError("Null characters are not allowed.")
        if self.lookup == "isnull":
            return parse_boolean(raw)
        if self.lookup == "icontains":
            return raw
        values = [value.strip() for value in raw.split(",")] if self.lookup == "in" else [raw]
        if len(values) > MAX_VALUES:
            raise DjangoValidationError(f"At most {MAX_VALUES} values.")
        try:
            parsed = [self._value(value) for value in values]
        except ValueError as error:
            raise DjangoValidationError(str(error)) from error
        return parsed if self.lookup == "in" else parsed[0]

    def _value(self, raw: str) -> Any:
        if self.field.type in ("number", "money"):
            return float(as_decimal(raw))
        if self.field.type == "date":
            return as_date(self.field, raw, None)
        if self.field.type == "boolean":
            return str(parse_boolean(raw)).lower()
        return raw[:200]

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        if self.lookup == "icontains":
            return queryset.filter(IContains(KeyTextTransform(self.field.key, F("custom_fields")), value))
        if self.lookup == "isnull":  # too many to be looked up: the list is walked in its own order
            has = Q(custom_fields__has_key=self.field.key)
            return queryset.filter(~has if value else has)
        values = CustomValue.objects.filter(module=queryset.model.module, key=self.field.key)
        column = "number" if self.field.type in ("number", "money") else "value"
        name = f"{column}__{self.lookup}" if self.lookup else column
        return queryset.filter(pk__in=values.filter(**{name: value}).values("record_id"))


def custom_filters(module: str, parameters: Any) -> dict[str, CustomFilter]:
    """The filters by custom fields, where a query string has any: only then are the fields looked up."""
    if not any(name.startswith(PREFIX) for name in parameters):
        return {}
    return {
        f"{PREFIX}{key}__{lookup}" if lookup else f"{PREFIX}{key}": CustomFilter(field, lookup)
        for key, field in fields_of(module).items()
        for lookup in KINDS[field.type]
    }
