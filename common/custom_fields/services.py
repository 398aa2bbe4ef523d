"""What happens to the records when one of their custom fields changes."""

from typing import Any

from django.db import transaction
from django.db.models import F, Func, JSONField, Value
from rest_framework.exceptions import ValidationError

from .models import CustomField
from .values import Definition, fits, rows_of


def definition_of(field: CustomField) -> Definition:
    return Definition(field.key, field.type, field.label, field.options, field.target, field.required)


def holders(field: CustomField) -> Any:
    """The records that have something in a field."""
    return rows_of(field.module).filter(custom_fields__has_key=field.key)


def check_stored_values(field: CustomField) -> None:
    """Raises a ValidationError where a record's value does not fit what the field has become."""
    definition, name = definition_of(field), f"custom_fields__{field.key}"
    bad: list[Any] = []
    for value in holders(field).order_by().values_list(name, flat=True).distinct().iterator():
        if not fits(definition, value):
            bad.append(value)
        if len(bad) == 3:
            break
    if bad:
        shown = ", ".join(str(value)[:60] for value in bad)
        raise ValidationError({"type": [f"Records have values that would not fit: {shown}. Change them first."]})


@transaction.atomic
def remove_field(field: CustomField) -> None:
    """Delete a field that no record has anything in; archive one with data, which is kept and no longer shown."""
    if holders(field).exists():
        field.is_archived = True
        field.save(update_fields=["is_archived", "updated_at", "updated_by"])
    else:
        field.delete()


@transaction.atomic
def restore_field(field: CustomField) -> None:
    field.is_archived = False
    field.save(update_fields=["is_archived", "updated_at", "updated_by"])


@transaction.atomic
def purge_field(field: CustomField) -> int:
    """Delete an archived field and what records have in it. Returns how many had something. Raises ValidationError."""
    if not field.is_archived:
        raise ValidationError({"is_archived": ["Archive the field first: delete it once."]})
    without = Func(F("custom_fields"), Value(field.key), template="(%(expressions)s)", arg_joiner=" - ", output_field=JSONField())
    count: int = holders(field).order_by().update(custom_fields=without)
    field.delete()
    return count
