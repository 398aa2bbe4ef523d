"""Admin pages of the assistant: what it did, which nobody can change, and how it works."""

from django.contrib import admin

from common.admin_base import OneRow, ShownOnly, TenantAdmin
from common.admin_lists import OneOfFilter

from .models import AssistantSettings, ToolCall


class ToolCallAdmin(ShownOnly, TenantAdmin):
    section = "Assistant"
    icon = "smart_toy"
    ordering = ["-id"]
    list_display = ["created_at", "profile", "name", "status", "channel"]
    list_display_links = ["created_at", "name"]
    list_filter = [OneOfFilter.of("status", ToolCall.Status.values), OneOfFilter.of("channel", ("chat", "mcp"))]
    list_select_related = ("profile__user",)
    hidden = ("key", "request_id", "created_by", "updated_by", "updated_at", "turn")


class AssistantSettingsAdmin(OneRow, TenantAdmin):
    section = "Assistant"
    icon = "tune"
    list_display = ["__str__", "monthly_limit", "withheld_fields"]


admin.site.register(ToolCall, ToolCallAdmin)
admin.site.register(AssistantSettings, AssistantSettingsAdmin)
