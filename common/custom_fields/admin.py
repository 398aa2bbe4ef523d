"""The admin page of custom fields."""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin_base import TenantAdmin
from common.admin_commands import Command

from .models import CustomField
from .views import CustomFieldViewSet


class OptionsField(forms.Field):
    """A list of words, one a line."""

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else "\n".join(value or [])

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)


class CustomFieldAdmin(TenantAdmin):
    """Deleting a field that holds something archives it."""

    icon = "edit_note"
    section = "Settings"
    viewset = CustomFieldViewSet
    list_display = ["label", "module", "key", "type", "required", "is_archived"]
    list_filter = ["is_archived"]
    commands = (
        Command("Use again", "restore", None, "unarchive", lambda field: field.is_archived),
        Command("Purge", "purge", None, "delete_forever", lambda field: field.is_archived, gone=True,
                explained="Deletes the field for good, and what records have in it."),
    )  # fmt: skip
    search_fields = ["label", "key", "module"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["module", "key"] if obj else [])]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name != "options":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
        return OptionsField(required=False, widget=widget, help_text="Of a choice: one a line.")


admin.site.register(CustomField, CustomFieldAdmin)
