"""Filters of a list, made from the model's fields: ``?name=``, ``?value__gte=``, ``?account__name__icontains=``.

An unknown parameter is refused by name: a filter that is silently ignored shows rows that nobody asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import Q
from rest_framework.exceptions import ValidationError

EXACT = ("", "in", "isnull")
RANGE = ("", "in", "gte", "lte", "gt", "lt", "isnull")
TEXT = ("", "in", "icontains", "istartswith", "isnull")
LOOKUPS: list[tuple[tuple[type, ...], tuple[str, ...]]] = [
    ((models.BooleanField,), ("",)),
    ((models.UUIDField, models.ForeignKey, models.ManyToManyField), EXACT),
    ((models.CharField, models.TextField), TEXT),
    ((models.DateField, models.IntegerField, models.DecimalField), RANGE),
]
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
MAX_VALUES = 200


def value_of(field: Any, raw: str) -> Any:
    """What a client wrote, as a value of a model's field. A time without an offset is in UTC.

    Raises ValidationError or ValueError, or OverflowError where a time is before the first or after the last in UTC.
    """
    value = field.to_python(raw)
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def parse_boolean(raw: str) -> bool:
    if raw.lower() in TRUE + FALSE:
        return raw.lower() in TRUE
    raise DjangoValidationError("Expected true or false.")


@dataclass
class Filter:
    """One query parameter: ``field`` of the model (or of the record that ``relation`` names) by ``lookup``."""

    name: str
    field: Any
    lookup: str
    relation: Any = None

    def parse(self, raw: str) -> Any:
        if "\x00" in raw:
            raise DjangoValidationError("Null characters are not allowed.")
        if self.lookup == "isnull":
            return parse_boolean(raw)
        if self.lookup == "in":
            values = raw.split(",")
            if len(values) > MAX_VALUES:
                raise DjangoValidationError(f"At most {MAX_VALUES} values.")
            return [self._value(value.strip()) for value in values]
        return self._value(raw)

    @cached_property
    def target(self) -> Any:
        return (
            self.field.target_field
            if self.field.is_relation and not self.field.many_to_many
            else (self.field.related_model._meta.pk if self.field.is_relation else self.field)
        )

    def _value(self, raw: str) -> Any:
        if isinstance(self.target, models.BooleanField):
            return parse_boolean(raw)
        value = value_of(self.target, raw)
        if isinstance(value, int):
            self.target.run_validators(value)
        if isinstance(self.target, models.DecimalField) and not (value.is_finite() and abs(value) < 10**20):
            raise DjangoValidationError("Not a number that can be compared.")
        return value

    def apply(self, queryset: Any, value: Any, profile: Any) -> Any:
        condition = Q(**{f"{self.field.name}__{self.lookup}" if self.lookup else self.field.name: value})
        if self.relation is not None:  # a person may not learn of a record, by filtering, what they may not see
            related = self.relation.related_model.objects.visible_to(profile).filter(condition)
            return queryset.filter(**{f"{self.relation.name}__in": related.order_by().values("pk")})
        if self.field.many_to_many:
            return self._by_link(queryset, value)
        return queryset.filter(condition)

    def _by_link(self, queryset: Any, value: Any) -> Any:
        """Rows linked to any of ``value``, each once."""
        through, source = self.field.remote_field.through, self.field.m2m_field_name()
        links = through._default_manager.values(source)
        if self.lookup == "isnull":
            return queryset.exclude(pk__in=links) if value else queryset.filter(pk__in=links)
        values = value if self.lookup == "in" else [value]
        return queryset.filter(pk__in=links.filter(**{f"{self.field.m2m_reverse_field_name()}__in": values}))


def filters_for(model: Any, names: Iterable[str]) -> dict[str, Filter]:
    """Every parameter for the fields ``names``; ``account__name`` is a field of a related record."""
    filters = {}
    for name in names:
        relation, _, rest = name.partition("__")
        related = model._meta.get_field(relation) if rest else None
        field = related.related_model._meta.get_field(rest) if related else model._meta.get_field(name)
        for lookup in next(lookups for kinds, lookups in LOOKUPS if isinstance(field, kinds)):
            if lookup == "isnull" and not (field.null or field.many_to_many):
                continue
            parameter = f"{name}__{lookup}" if lookup else name
            filters[parameter] = Filter(parameter, field, lookup, related)
    return filters


def apply_filters(queryset: Any, filters: dict[str, Any], parameters: Any, profile: Any, others: Iterable[str]) -> Any:
    """``queryset`` narrowed by the query string. Raises 400 for a parameter that is neither a filter nor in ``others``."""
    errors: dict[str, list[str]] = {}
    for name in parameters:
        if name in others:
            continue
        if name not in filters:
            errors[name] = ["Unknown parameter."]
            continue
        try:
            value = filters[name].parse(parameters[name])
        except (DjangoValidationError, ValueError, TypeError, OverflowError) as error:
            errors[name] = list(getattr(error, "messages", ["Not a valid value."]))
            continue
        queryset = filters[name].apply(queryset, value, profile)
    if errors:
        raise ValidationError(errors)
    return queryset
