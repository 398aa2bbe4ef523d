"""Admin pages of the help desk. Cases do what they do over the API."""

from typing import Any

from django.contrib import admin, messages

from common.admin_api import ask
from common.admin_base import ShownOnly, TenantAdmin
from common.admin_commands import Command
from common.mailboxes.admin import MailboxAdmin as AnyMailboxAdmin
from common.records.admin import RecordAdmin

from .desk_views import (
    AssignmentRuleViewSet,
    BusinessHoursViewSet,
    CannedAnswerViewSet,
    MailboxViewSet,
    SlaPolicyViewSet,
)
from .models import Article, AssignmentRule, BusinessHours, CannedAnswer, Case, Mailbox, SlaPolicy, Survey
from .serializers import CaseMergeSerializer, EscalateSerializer, ReplySerializer


def is_unmerged(case: Case) -> bool:
    return case.merged_into_id is None


def is_merged(case: Case) -> bool:
    return not is_unmerged(case)


class CaseAdmin(RecordAdmin):
    section = "Support"
    icon = "support_agent"
    actions = [*RecordAdmin.actions, "escalate"]
    list_display = ["number", "__str__", "priority", "stage", "account", "resolution_due", "created_at"]
    list_display_links = ["number", "__str__"]
    list_filter = ["priority"]
    commands = (
        Command("Answer", "reply", ReplySerializer, "reply", is_unmerged,
                explained="By mail, to the customer: a canned answer, your own text, or one after the other."),
        Command("Escalate", "escalate", EscalateSerializer, "priority_high", is_unmerged),
        Command("Merge", "merge", CaseMergeSerializer, "merge", is_unmerged, looks_up={"into": "parent"}),
        Command("Unmerge", "unmerge", None, "call_split", is_merged),
        Command("Ask how it was", "send_survey", None, "sentiment_satisfied", is_unmerged,
                explained="A mail asks the customer how satisfied they are."),
    )  # fmt: skip

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or is_unmerged(obj))

    @admin.action(description="Escalate", permissions=["change"])
    def escalate(self, request: Any, queryset: Any) -> None:
        cases = list(queryset.filter(deleted_at=None, merged_into=None))
        for case in cases:
            ask(request, self.viewset, "escalate", pk=case.pk)
        messages.success(request, f"{len(cases)} escalated.")


class ArticleAdmin(RecordAdmin):
    section = "Support"
    icon = "menu_book"
    list_display = ["__str__", "is_published", "created_at"]


class DeskAdmin(TenantAdmin):
    section = "Support"


class BusinessHoursAdmin(DeskAdmin):
    icon = "schedule"
    viewset = BusinessHoursViewSet
    list_display = ["name", "timezone"]
    search_fields = ["name"]


class ConditionAdmin(DeskAdmin):
    list_display = ["name", "position", "is_active", "priority", "case_type", "account"]
    list_filter = ["is_active"]
    list_select_related = ("account",)
    search_fields = ["name"]


class SlaPolicyAdmin(ConditionAdmin):
    icon = "timer"
    viewset = SlaPolicyViewSet


class AssignmentRuleAdmin(ConditionAdmin):
    icon = "assignment_ind"
    viewset = AssignmentRuleViewSet


class CannedAnswerAdmin(DeskAdmin):
    icon = "quick_phrases"
    viewset = CannedAnswerViewSet
    list_display = ["title"]
    search_fields = ["title"]


class MailboxAdmin(AnyMailboxAdmin):
    section = "Support"
    viewset = MailboxViewSet
    list_display = ["address", "name", "is_active", "imap_host"]
    search_fields = ["address", "name"]


class SurveyAdmin(ShownOnly, DeskAdmin):
    """What customers answered. They are asked from a case."""

    icon = "sentiment_satisfied"
    ordering = ["-id"]
    list_display = ["email", "case", "rating", "answered_at", "created_at"]
    list_filter = ["rating"]
    list_select_related = ("case",)
    search_fields = ["email"]


admin.site.unregister([Case, Article])
admin.site.register(Case, CaseAdmin)
admin.site.register(Article, ArticleAdmin)
admin.site.register(BusinessHours, BusinessHoursAdmin)
admin.site.register(SlaPolicy, SlaPolicyAdmin)
admin.site.register(AssignmentRule, AssignmentRuleAdmin)
admin.site.register(CannedAnswer, CannedAnswerAdmin)
admin.site.register(Mailbox, MailboxAdmin)
admin.site.register(Survey, SurveyAdmin)
