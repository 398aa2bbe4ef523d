"""Columns of our own kinds."""

from typing import Any

from django.db import models


class LowerEmailField(models.EmailField):
    """An e-mail address by which rows are looked up: stored, and compared, in lower case.

    Under row-level security an index serves plain equality only. Migrations see a plain EmailField.
    """

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs
