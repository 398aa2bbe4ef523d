"""What the admin pages of mailboxes share: the password is written and never shown, the inbound URL is shown once."""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminPasswordWidget

from common.admin_base import TenantAdmin
from common.admin_commands import Command
from common.admin_fields import TenantForm

NEW_URL = Command("New inbound URL", "renew_url", None, "link", explained="The old one is dead from then on.")


class MailboxForm(TenantForm):
    new_password = forms.CharField(
        label="IMAP password", required=False, max_length=500, widget=UnfoldAdminPasswordWidget, help_text="Empty: as it was"
    )


class MailboxAdmin(TenantAdmin):
    icon = "inbox"
    form = MailboxForm
    commands = (NEW_URL,)
    search_fields = ["address"]
    readonly_fields = ["last_error"]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_fields(request, obj), "new_password", *(["last_error"] if obj else [])]

    def given(self, form: Any) -> dict[str, Any]:
        password = form.cleaned_data["new_password"]
        return super().given(form) | ({"imap_password": password} if password else {})

    @admin.display(description="Last error")
    def last_error(self, mailbox: Any) -> str:
        return mailbox.error or "None"
