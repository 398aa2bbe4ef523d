"""Admin pages of mails and of what they are made with."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from rest_framework import serializers
from unfold.widgets import UnfoldAdminTextInputWidget

from common.admin_api import in_words
from common.admin_base import OneRow, TenantAdmin
from common.admin_commands import Command
from common.admin_fields import TenantForm, texts_of
from common.html import cleaned
from common.mailboxes.admin import MailboxAdmin
from common.records.admin import RecordAdmin

from .models import BlockedAddress, Email, EmailTemplate, MailAccount, MailSettings, Signature
from .serializers import MailSettingsSerializer, ScheduleSerializer
from .views import BlockedAddressViewSet, EmailTemplateViewSet, MailAccountViewSet

#: How a page shows addresses that are not to be changed.
ADDRESSES = {name: texts_of(name) for name in ("to", "cc", "bcc")}
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


def is_unsent(mail: Email) -> bool:
    return mail.status in Email.UNSENT


def is_called_back(mail: Email) -> bool:
    return mail.status in Email.WAITING


class EmailAdmin(RecordAdmin):
    """Mails of the organization. What was sent or received stays as it is."""

    section = "Mail"
    icon = "mail"
    list_display = ["__str__", "status", ADDRESSES["to"], "sent_at", "created_at"]
    list_filter = ["status"]
    commands = (
        Command("Send", "send", None, "send", is_unsent, explained="Now, to all its recipients. It cannot be taken back."),
        Command("Schedule", "schedule", ScheduleSerializer, "schedule_send", is_unsent),
        Command("Call back", "call_back", None, "undo", is_called_back, explained="It is a draft again."),
    )

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in ADDRESSES:
            return AddressesField(required=False, label=db_field.name.capitalize(), help_text="With commas between them")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *ADDRESSES.values(), *(TOLD if obj else [])]

    def get_fields(self, request: Any, obj: Any = None) -> list[Any]:
        names = dict.fromkeys([*super().get_fields(request, obj), *(TOLD if obj else [])])
        return list(names) if self.has_change_permission(request, obj) else [ADDRESSES.get(name, name) for name in names]

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or is_unsent(obj))


class EmailTemplateAdmin(TenantAdmin):
    section = "Mail"
    icon = "draft"
    viewset = EmailTemplateViewSet
    list_display = ["name", "subject"]
    search_fields = ["name", "subject"]


class MailAccountAdmin(MailboxAdmin):
    section = "Mail"
    viewset = MailAccountViewSet
    list_display = ["address", "profile", "is_active", "imap_host"]
    list_select_related = ("profile__user",)


class BlockedAddressAdmin(TenantAdmin):
    section = "Mail"
    icon = "block"
    viewset = BlockedAddressViewSet
    list_display = ["address", "reason", "note"]
    list_filter = ["reason"]
    search_fields = ["address"]


class SignatureForm(TenantForm):
    def clean_html(self) -> str:
        return cleaned(self.cleaned_data["html"])


class SignatureAdmin(TenantAdmin):
    """What stands below the mails of each person."""

    section = "Mail"
    icon = "signature"
    form = SignatureForm
    list_display = ["profile", "text"]
    list_select_related = ("profile__user",)
    search_fields = ["profile__user__name"]

    def get_readonly_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["profile"] if obj else [])]


class MailSettingsForm(TenantForm):
    def clean_sender_address(self) -> str:
        try:
            return MailSettingsSerializer().validate_sender_address(self.cleaned_data["sender_address"])
        except serializers.ValidationError as error:
            raise ValidationError(in_words(error.detail)) from error


class MailSettingsAdmin(OneRow, TenantAdmin):
    """How the organization sends and receives mail: one row, or none while all is as usual."""

    section = "Mail"
    icon = "settings"
    form = MailSettingsForm
    list_display = ["__str__", "sender_address", "reply_address", "with_tracking", "unknown_mail"]


admin.site.unregister(Email)
admin.site.register(Email, EmailAdmin)
admin.site.register(EmailTemplate, EmailTemplateAdmin)
admin.site.register(Signature, SignatureAdmin)
admin.site.register(MailAccount, MailAccountAdmin)
admin.site.register(MailSettings, MailSettingsAdmin)
admin.site.register(BlockedAddress, BlockedAddressAdmin)
