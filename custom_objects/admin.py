"""Admin pages of an organization's own types."""

from typing import Any

from django.contrib import admin

from common.admin_base import TenantAdmin
from common.records.admin import RecordAdmin

from .models import CustomObject, CustomRecord
from .views import CustomObjectViewSet


class CustomObjectAdmin(TenantAdmin):
    section = "Own types"
    icon = "category"
    viewset = CustomObjectViewSet
    list_display = ["name", "key"]
    search_fields = ["name", "key"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["key"] if obj else [])]


class CustomRecordAdmin(RecordAdmin):
    """Its type is chosen once; then it has that type's fields."""

    section = "Own types"
    icon = "dataset"

    def given(self, form: Any) -> dict[str, Any]:
        """A type by its key, as the API has it."""
        values = super().given(form)
        return values | ({"object": form.cleaned_data["object"].key} if "object" in values else {})

    def custom_module(self, obj: Any) -> str:
        return obj.object.module if obj else ""

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["object"] if obj else [])]


admin.site.register(CustomObject, CustomObjectAdmin)
admin.site.unregister(CustomRecord)
admin.site.register(CustomRecord, CustomRecordAdmin)
