"""The admin page of custom fields."""

from typing import Any

from django import forms
from django.contrib import admin
from rest_framework import serializers
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin_base import TenantAdmin
from common.admin_fields import TenantForm

from .models import CustomField
from .services import check_stored_values, remove_field
from .views import CustomFieldSerializer


class OptionsField(forms.Field):
    """A list of words, one a line."""

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else "\n".join(value or [])

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class CustomFieldForm(TenantForm):
    """Checked as over the API."""

    def clean(self) -> Any:
        values = super().clean()
        if not self.errors:
            self.check(self.cleaned_data)
        return values

    def check(self, values: dict[str, Any]) -> None:
        instance = None if self.instance._state.adding else self.instance
        serializer = CustomFieldSerializer(instance, data=values, partial=bool(instance), context={"profile": None})
        try:
            serializer.is_valid(raise_exception=True)
            if instance:
                names = ("type", "options", "target")
                kept = {name: getattr(instance, name) for name in ("module", "key", *names)}
                check_stored_values(CustomField(**kept | {name: values[name] for name in names if name in values}))
        except serializers.ValidationError as error:
            for name, messages in error.detail.items():  # type: ignore[union-attr]
                self.add_error(name if name in self.fields else None, [str(message) for message in messages])


class CustomFieldAdmin(TenantAdmin):
    """Deleting a field that holds something archives it."""

    icon = "edit_note"
    form = CustomFieldForm
    list_display = ["label", "module", "key", "type", "required", "is_archived"]
    list_filter = ["is_archived"]
    search_fields = ["label", "key", "module"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["module", "key"] if obj else [])]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "options":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
        return OptionsField(required=False, widget=widget, help_text="Of a choice: one a line.")

    def delete_model(self, request: Any, obj: CustomField) -> None:
        remove_field(obj)


admin.site.register(CustomField, CustomFieldAdmin)
