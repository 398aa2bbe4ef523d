"""Form fields and widgets of the Django admin: rows by name, objects as JSON, phone numbers as the API takes them."""

import json
from operator import attrgetter
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms.fields import InvalidJSONInput
from rest_framework import serializers

from common.money import written
from common.records.serializers import CustomFields, PhoneField
from common.tenancy import current

MAX_TEXT = 100_000
TAKEN = "Another one has these values already."
OUT_OF_RANGE = "A value is outside its allowed range."


def is_uuid(text: Any) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


def amount_of(name: str, currency: str = "currency") -> Any:
    """For lists and pages: the amount ``name`` of a row in its currency, which is at the path ``currency``."""

    @admin.display(description=name.replace("_", " ").capitalize(), ordering=name)
    def amount(row: Any) -> str | None:
        value = getattr(row, name)
        return None if value is None else written(value, attrgetter(currency)(row))

    return amount


def texts_of(name: str) -> Any:
    """For lists and pages: the texts of the list ``name`` of a row, with commas between them."""

    @admin.display(description=name.capitalize())
    def texts(row: Any) -> str:
        return ", ".join(map(str, getattr(row, name)))

    return texts


class RowWidget:
    """Rows to choose from, looked up as one types; for platform staff, in the org that the page is in."""

    def get_url(self) -> str:
        url = super().get_url()  # type: ignore[misc]
        scope = current()
        return f"{url}?org={scope.org_id}" if scope.org_id and not scope.profile_id else url

    def optgroups(self, name: str, value: list[str], attr: Any = None) -> Any:
        return super().optgroups(name, [pk for pk in value if is_uuid(pk)], attr)  # type: ignore[misc]


class RowSelect(RowWidget, AutocompleteSelect):  # type: ignore[misc]
    pass


class RowSelectMultiple(RowWidget, AutocompleteSelectMultiple):  # type: ignore[misc]
    pass


class PhoneFormField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return PhoneField(allow_blank=True).to_internal_value(super().to_python(value))


class ObjectField(forms.JSONField):
    """A JSON object, with the limits that the API has."""

    def to_python(self, value: Any) -> Any:
        try:
            return CustomFields().to_internal_value(super().to_python(value) or {})
        except RecursionError as error:
            raise ValidationError("Nested too deeply.") from error
        except serializers.ValidationError as error:
            raise ValidationError([str(detail) for detail in error.detail]) from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, InvalidJSONInput) else json.dumps(value, indent=2, ensure_ascii=False)


class TenantForm(forms.ModelForm):
    """A form of a tenant row. Uniqueness is checked although nobody can edit the org, which each constraint names.

    The page carries the moment at which the row was changed last (``seen``): a form that was opened before is refused.
    """

    #: Fields whose constraints the admin keeps by itself.
    unchecked: tuple[str, ...] = ()
    #: Why what was typed in was refused when it was written, by field.
    refused: Any = ()

    def clean(self) -> Any:
        values = super().clean()
        for name, text in self.refused:
            self.add_refusal(name, text)
        seen = None if self.prefix else self.data.get("seen")
        if seen and seen != self.instance.updated_at.isoformat():
            raise ValidationError("Somebody changed this since you opened it. To put your values in place of theirs, save again.")
        return values

    def add_refusal(self, name: str, text: str) -> None:
        if name in self.fields:
            self.add_error(name, text)
        else:
            self.add_error(None, f"{name.replace('_', ' ').capitalize()}: {text}" if name else text)

    def validate_unique(self) -> None:
        super().validate_unique()
        exclude = (self._get_validation_exclusions() | set(self.unchecked)) - {"org"}  # type: ignore[attr-defined]
        for constraint in self._meta.model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                try:
                    constraint.validate(self._meta.model, self.instance, exclude=exclude)
                except ValidationError:
                    self.add_error(None, TAKEN)

    def _update_errors(self, errors: Any) -> None:
        """The name of a constraint means nothing to people."""
        for error in getattr(errors, "error_dict", {}).get(NON_FIELD_ERRORS, []):
            if error.message.startswith("Constraint "):
                error.message = OUT_OF_RANGE
        super()._update_errors(errors)  # type: ignore[misc]
