"""What custom fields take, by type, and how a record's values are written: as text, numbers, booleans and lists in JSON."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import URLValidator
from rest_framework.exceptions import ValidationError

from common.records.models import MODULES
from common.tenancy.statement import Statement

from .models import CustomField

MAX_TEXT, MAX_CHOICE, LARGEST = 10_000, 100, Decimal(10) ** 15
OBJECTS = "objects/"

#: The fields of a module, archived ones too, in order.
FIELDS = Statement(
    lambda module: (
        CustomField.objects.filter(module=module)
        .order_by("position", "id")
        .values_list("key", "type", "label", "options", "target", "required", "help_text", "is_archived")
    ),
    module="the name of a module",
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A custom field, as a write needs it."""

    key: str
    type: str
    label: str
    options: list[str]
    target: str
    required: bool
    help_text: str = ""
    is_archived: bool = False


def fields_of(module: str) -> dict[str, Definition]:
    """The org's fields of a module that are in use, by key."""
    rows = FIELDS.rows(module=module)
    found = [Definition(key, kind, label, orjson.loads(options), *rest) for key, kind, label, options, *rest in rows]
    return {field.key: field for field in found if not field.is_archived}


def as_text(field: Definition, value: Any, profile: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Expected text.")
    if len(value) > MAX_TEXT:
        raise ValueError(f"At most {MAX_TEXT:,} characters.")
    return value


def as_decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value)) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise ValueError("Expected a number.")
    if abs(number) >= LARGEST:
        raise ValueError("Too large a number.")
    return number


def as_number(field: Definition, value: Any, profile: Any) -> int | float:
    number = as_decimal(value)
    return int(number) if number == number.to_integral_value() else float(round(number, 9))


def as_money(field: Definition, value: Any, profile: Any) -> str:
    number = as_decimal(value)
    if number != round(number, 4):
        raise ValueError("At most 4 decimals.")
    places = max(2, -int(number.normalize().as_tuple().exponent))
    return f"{number:.{places}f}"


def as_date(field: Definition, value: Any, profile: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("Expected a date: YYYY-MM-DD.") from None


def as_choice(field: Definition, value: Any, profile: Any) -> str:
    if not isinstance(value, str) or value not in field.options:
        raise ValueError(f"Choose one of: {', '.join(field.options)}.")
    return value


def as_choices(field: Definition, value: Any, profile: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("Expected a list.")
    return list(dict.fromkeys(as_choice(field, one, profile) for one in value))


def as_boolean(field: Definition, value: Any, profile: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Expected true or false.")
    return value


def as_url(field: Definition, value: Any, profile: Any) -> str:
    try:
        URLValidator(["http", "https"])(value)
    except DjangoValidationError:
        raise ValueError("Expected an address that begins with http:// or https://.") from None
    return str(value)


def as_relation(field: Definition, value: Any, profile: Any) -> str:
    """The id of a record that the caller may see. ``profile`` None is the platform itself, which sees them all."""
    try:
        pk = UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise ValueError("Expected an id.") from None
    if not records_of(field.target, profile).filter(pk=pk).exists():
        raise ValueError(f'Invalid pk "{value}" - object does not exist.')
    return str(pk)


TYPES: dict[str, Callable[[Definition, Any, Any], Any]] = {
    "text": as_text,
    "number": as_number,
    "money": as_money,
    "date": as_date,
    "choice": as_choice,
    "multi_choice": as_choices,
    "boolean": as_boolean,
    "url": as_url,
    "relation": as_relation,
}


def model_of(module: str) -> Any:
    """The record type of a module, ``objects/<key>`` included."""
    return MODULES["objects" if module.startswith(OBJECTS) else module]


def rows_of(module: str) -> Any:
    """All records of a module, those in the bin too."""
    rows = model_of(module).with_bin.all()
    return rows.filter(object__key=module.removeprefix(OBJECTS)) if module.startswith(OBJECTS) else rows


def records_of(module: str, profile: Any) -> Any:
    """The records of a module that a person may refer to."""
    rows = rows_of(module).filter(deleted_at=None)
    return rows.visible_to(profile) if profile is not None else rows


def written(module: str, given: dict[str, Any], stored: dict[str, Any] | None, profile: Any) -> dict[str, Any]:
    """A record's custom fields after a write: what is given replaces what is ``stored``, null and "" remove it.

    ``stored`` is None for a new record. What a reader got may be sent back as it was. Raises a ValidationError whose
    keys are "custom_fields.<key>".
    """
    known, values = fields_of(module), dict(stored or {})
    errors: dict[str, str] = {}
    for key, value in given.items():
        field = known.get(key)
        if key in values and values[key] == value and type(values[key]) is type(value):
            continue
        if field is None:
            errors[key] = f"Unknown field: {module} has no custom field of this key."
        elif value in (None, "", []):
            values.pop(key, None)
            if field.required:
                errors[key] = "This field is required."
        else:
            try:
                values[key] = TYPES[field.type](field, value, profile)
            except ValueError as error:
                errors[key] = str(error)
    if stored is None:
        errors |= {key: "This field is required." for key, field in known.items() if field.required and key not in given}
    if errors:
        raise ValidationError({f"custom_fields.{key}": [message] for key, message in errors.items()})
    return values


def fits(field: Definition, value: Any) -> bool:
    """Whether a stored value is one of the field's type as it is."""
    try:
        taken = TYPES[field.type](field, value, None)
    except ValueError:
        return False
    return taken == value or (isinstance(value, float) and math.isclose(taken, value))
