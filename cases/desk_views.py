"""How the help desk is set up: hours, promises, rules, canned answers, mailboxes; and what customers say of it."""

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import ETAG, LOCATION, documented
from common.mailboxes import views as mailboxes
from common.records.models import MODULES
from common.records.tenant_views import TenantViewSet

from .models import AssignmentRule, BusinessHours, CannedAnswer, Case, Mailbox, SlaPolicy, Survey
from .serializers import (
    AssignmentRuleSerializer,
    BusinessHoursSerializer,
    CannedAnswerSerializer,
    MailboxSerializer,
    NewMailboxSerializer,
    SlaPolicySerializer,
    SurveySerializer,
)

CONDITION = ["name", "is_active", "priority", "case_type", "account"]


class DeskViewSet(TenantViewSet):
    """What all see, and who looks after the help desk changes."""

    module = "support"


class ConditionViewSet(DeskViewSet):
    """What may be for one account only: then seen by who may see the account."""

    def visible(self, action: str = "view") -> Any:
        rows = super().visible(action)
        if self.sees_all():
            return rows
        accounts = MODULES["accounts"].objects.visible_to(self.profile).order_by().values("pk")
        return rows.filter(Q(account=None) | Q(account__in=accounts))

    def sees_all(self) -> bool:
        return super().sees_all() and self.profile.scope_for("accounts", "view") == "all"


@extend_schema_view(destroy=extend_schema(responses={409: "An SLA policy counts by these hours."}))
class BusinessHoursViewSet(DeskViewSet):
    queryset = BusinessHours.objects.all()
    serializer_class = BusinessHoursSerializer
    example = {
        "name": "Office",
        "timezone": "Europe/Oslo",
        "week": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "tue": [["09:00", "17:00"]]},
        "holidays": {"2026-12-25": "Christmas"},
    }
    filterset_fields = ["name"]
    default_order = ["name"]


class SlaPolicyViewSet(ConditionViewSet):
    queryset = SlaPolicy.objects.all()
    serializer_class = SlaPolicySerializer
    example = {
        "name": "Urgent",
        "priority": "Urgent",
        "first_answer_minutes": 60,
        "resolution_minutes": 480,
        "assigns_lead": True,
    }
    filterset_fields = [*CONDITION, "hours"]
    default_order = ["position"]


class AssignmentRuleViewSet(ConditionViewSet):
    queryset = AssignmentRule.objects.all()
    serializer_class = AssignmentRuleSerializer
    example = {"name": "Incidents in turn", "case_type": "Incident"}
    filterset_fields = [*CONDITION, "team", "people"]
    default_order = ["position"]


class CannedAnswerViewSet(DeskViewSet):
    queryset = CannedAnswer.objects.all()
    serializer_class = CannedAnswerSerializer
    example = {"title": "We got it", "text": "Hello {{ contact.first_name }},\n\nwe work on #{{ case.number }}."}
    filterset_fields = ["title"]
    default_order = ["title"]


class MailboxViewSet(DeskViewSet, mailboxes.MailboxViewSet):
    queryset = Mailbox.objects.all()
    serializer_class = MailboxSerializer
    example = {"name": "Support", "address": "help@fjord.example"}
    inbound_path = "cases/inbound"

    @extend_schema(
        description="Mail comes by webhook to `inbound_url`, which only this answer shows, or is fetched from `imap_host`.",
        responses={201: NewMailboxSerializer},
        examples=[OpenApiExample("With a webhook", example, request_only=True)],
    )
    @documented(LOCATION, ETAG)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    @extend_schema(request=None, responses={200: NewMailboxSerializer})
    @documented(ETAG)
    @action(detail=True, methods=["post"], url_path="new-url", url_name="new-url")
    def renew_url(self, request: Request, pk: Any = None) -> Response:
        """Give a mailbox a new inbound URL; the old one is dead from now on."""
        return super().renew_url(request, pk)


class SurveyViewSet(TenantViewSet):
    """What customers answered, of the cases that the caller may see."""

    http_method_names = ["get", "head", "options"]
    queryset = Survey.objects.all()
    serializer_class = SurveySerializer
    module = "cases"
    filterset_fields = ["case", "rating", "answered_at"]
    default_order = ["-created_at"]

    def visible(self, action: str = "view") -> Any:
        cases = Case.objects.visible_to(self.profile, action).order_by().values("pk")
        return Survey.objects.all() if self.sees_all() else Survey.objects.filter(case__in=cases)

    def sees_all(self) -> bool:
        return self.profile.scope_for(self.module, "view") == "all"
