"""The lines of a document as rows below its form."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from common.admin_base import PartInline

from .lines import Line


class PlainDecimalField(forms.DecimalField):
    """A number without the zeros that its column adds."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class LineInline(PartInline):
    """What is sold. What the lines come to is reckoned when they are saved."""

    part = "lines"
    verbose_name_plural = "lines"
    fields = ["product", "description", "quantity", "price", "discount", "discount_type", "tax", "amount"]
    readonly_fields = ["amount"]
    widths = {"description": "8rem", "quantity": "4rem", "price": "6rem", "discount": "4rem"}

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in ("quantity", "price", "discount"):
            kwargs |= {"form_class": PlainDecimalField, "widget": UnfoldAdminDecimalFieldWidget}
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if formfield and db_field.name == "description":
            formfield.widget.attrs["rows"] = 1
        return formfield

    @admin.display(description="Total")
    def amount(self, line: Line) -> str:
        return f"{line.total:.{line.places}f}" if line.pk else ""
