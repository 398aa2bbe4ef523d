"""The admin page of API keys: an organization's admins see who has which, and revoke them."""

from typing import Any

from django.contrib import admin, messages

from common.admin_base import TenantAdmin

from .api_keys import ApiKey


class ApiKeyAdmin(TenantAdmin):
    """Keys of programs and assistants. Their owners make them by the API, which shows each once."""

    section = "People"
    icon = "passkey"
    list_display = ["name", "profile", "prefix", "scopes", "state", "last_used", "expires_at"]
    list_select_related = ("profile__user",)
    search_fields = ["name", "prefix"]
    actions = ["revoke"]
    list_before_template = "admin/api_keys.html"
    readonly_fields = ["profile", "state", "last_used"]

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)  # the list, for its action

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return ["name", "profile", "prefix", "scopes", "state", "last_used", "expires_at", "revoked_at"]

    @admin.display(description="Last used")
    def last_used(self, key: ApiKey) -> Any:
        return key.last_used_at

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: Any, queryset: Any) -> None:
        for key in queryset:
            key.revoke()
        messages.success(request, "They open nothing any more.")


admin.site.register(ApiKey, ApiKeyAdmin)
