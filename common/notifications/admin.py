"""The admin page of one's own notifications."""

from typing import Any

from django.contrib import admin

from common.admin_base import ShownOnly, TenantAdmin
from common.admin_lists import OneOfFilter

from .models import Kind, Notification


class NotificationAdmin(ShownOnly, TenantAdmin):
    """What one was told. Nobody reads what another one was; platform staff, whom nobody tells anything, see none."""

    section = "Work"
    icon = "notifications"
    ordering = ["-id"]
    list_display = ["created_at", "kind", "text", "read_at"]
    list_filter = [OneOfFilter.of("kind", Kind.values)]
    hidden = ("source", "in_digest", "record_id")

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).filter(recipient=request.profile)


admin.site.register(Notification, NotificationAdmin)
