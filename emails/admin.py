"""Admin pages of mails and of what they are made with."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from rest_framework.exceptions import APIException
from unfold.widgets import UnfoldAdminTextInputWidget

from common.admin_base import TenantAdmin
from common.admin_fields import TenantForm
from common.html import cleaned
from common.records.admin import RecordAdmin

from . import services
from .models import BlockedAddress, Email, EmailTemplate

ADDRESSES = ("to", "cc", "bcc")
TOLD = ("status", "sender", "send_at", "sent_at", "error", "opened_count", "clicked_count")


class AddressesField(forms.CharField):
    """Addresses with commas between them."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [entry for part in super().to_python(value).split(",") if (entry := part.strip())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class HTMLForm(TenantForm):
    def clean_body_html(self) -> str:
        return cleaned(self.cleaned_data["body_html"])


class EmailAdmin(RecordAdmin):
    """Mails of the organization. What was sent or received stays as it is."""

    form = HTMLForm
    actions = [*RecordAdmin.actions, "send"]

    def __init__(self, model: Any, admin_site: Any):
        super().__init__(model, admin_site)
        self.icon, self.list_display = "mail", ["__str__", "status", "to", "sent_at", "created_at"]
        self.list_filter = ["status", *self.list_filter]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in ADDRESSES:
            return AddressesField(required=False, label=db_field.name.capitalize(), help_text="With commas between them")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(TOLD if obj else [])]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return list(dict.fromkeys([*super().get_fields(request, obj), *(TOLD if obj else [])]))

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status in Email.UNSENT)

    @admin.action(description="Send", permissions=["change"])
    def send(self, request: Any, queryset: Any) -> None:
        if request.profile is None:
            messages.error(request, "Only a member of the organization sends its mail.")
            return
        for mail in queryset.filter(deleted_at=None).select_for_update(of=("self",)):
            try:
                services.send(mail=mail, by=request.profile)
            except APIException as error:
                messages.error(request, f"{mail}: {error.detail}")
            else:
                messages.success(request, f"{mail}: on its way.")


class MailAdmin(TenantAdmin):
    section = "Mail"


class EmailTemplateAdmin(MailAdmin):
    icon = "draft"
    form = HTMLForm
    list_display = ["name", "subject"]
    search_fields = ["name", "subject"]


class BlockedAddressAdmin(MailAdmin):
    icon = "block"
    list_display = ["address", "reason", "note"]
    list_filter = ["reason"]
    search_fields = ["address"]


admin.site.unregister(Email)
admin.site.register(Email, EmailAdmin)
admin.site.register(EmailTemplate, EmailTemplateAdmin)
admin.site.register(BlockedAddress, BlockedAddressAdmin)
