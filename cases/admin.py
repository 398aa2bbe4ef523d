"""Admin pages of the help desk. Cases do what they do over the API."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from rest_framework.exceptions import ValidationError as Refused
from unfold.widgets import UnfoldAdminPasswordWidget

from common import links
from common.admin_base import TenantAdmin
from common.admin_fields import TenantForm
from common.records.admin import RecordAdmin
from common.vault import close

from . import services, sla
from .models import AssignmentRule, BusinessHours, CannedAnswer, Case, Mailbox, SlaPolicy, Survey


class CaseForm(TenantForm):
    def clean_parent(self) -> Any:
        parent = self.cleaned_data["parent"]
        try:
            services.check_parent(None if self.instance._state.adding else self.instance, parent)
        except Refused as error:
            raise ValidationError(services.IN_CIRCLES) from error
        return parent


class CaseAdmin(RecordAdmin):
    form = CaseForm
    actions = [*RecordAdmin.actions, "escalate"]

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change:
            services.changed(case=form.instance, fields=form.changed_data)
        else:
            services.opened(case=form.instance)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.merged_into_id is None)

    @admin.action(description="Escalate", permissions=["change"])
    def escalate(self, request: Any, queryset: Any) -> None:
        cases = list(queryset.filter(deleted_at=None, merged_into=None).select_for_update(of=("self",)))
        for case in cases:
            sla.escalate(case)
        messages.success(request, f"{len(cases)} escalated.")


class DeskAdmin(TenantAdmin):
    section = "Help desk"


class BusinessHoursAdmin(DeskAdmin):
    icon = "schedule"
    list_display = ["name", "timezone"]
    search_fields = ["name"]


class ConditionAdmin(DeskAdmin):
    list_display = ["name", "position", "is_active", "priority", "case_type", "account"]
    list_filter = ["is_active"]
    list_select_related = ("account",)
    search_fields = ["name"]


class SlaPolicyAdmin(ConditionAdmin):
    icon = "timer"


class AssignmentRuleAdmin(ConditionAdmin):
    icon = "assignment_ind"


class CannedAnswerAdmin(DeskAdmin):
    icon = "quick_phrases"
    list_display = ["title"]
    search_fields = ["title"]


class MailboxForm(TenantForm):
    new_password = forms.CharField(
        label="IMAP password", required=False, max_length=500, widget=UnfoldAdminPasswordWidget, help_text="Empty: as it was"
    )

    def save(self, commit: bool = True) -> Any:
        if password := self.cleaned_data.get("new_password"):
            self.instance.imap_password = close(password)
            self.changed_data.append("imap_password")
        return super().save(commit)


class MailboxAdmin(DeskAdmin):
    """Its inbound URL is shown by the API, once."""

    icon = "inbox"
    form = MailboxForm
    list_display = ["address", "name", "is_active", "imap_host"]
    search_fields = ["address", "name"]
    readonly_fields = ["last_error"]

    def get_fields(self, request: Any, obj: Any = None) -> list[str]:
        return [*super().get_fields(request, obj), "new_password", *(["last_error"] if obj else [])]

    @admin.display(description="Last error")
    def last_error(self, mailbox: Mailbox) -> str:
        return mailbox.error or "None"

    def save_model(self, request: Any, obj: Mailbox, form: Any, change: bool) -> None:
        if not change:
            _, obj.token_hash = links.new_token()
        super().save_model(request, obj, form, change)


class SurveyAdmin(DeskAdmin):
    """What customers answered. They are asked from a case, over the API."""

    icon = "sentiment_satisfied"
    list_display = ["email", "case", "rating", "answered_at", "created_at"]
    list_filter = ["rating"]
    list_select_related = ("case",)
    search_fields = ["email"]

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False


admin.site.unregister(Case)
admin.site.register(Case, CaseAdmin)
admin.site.register(BusinessHours, BusinessHoursAdmin)
admin.site.register(SlaPolicy, SlaPolicyAdmin)
admin.site.register(AssignmentRule, AssignmentRuleAdmin)
admin.site.register(CannedAnswer, CannedAnswerAdmin)
admin.site.register(Mailbox, MailboxAdmin)
admin.site.register(Survey, SurveyAdmin)
