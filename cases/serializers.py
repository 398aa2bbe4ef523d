from typing import Any

from rest_framework import serializers

from common.mailboxes import serializers as mailboxes
from common.records.models import Interaction
from common.records.serializers import (
    BASE_FIELDS,
    ProjectedSerializer,
    RecordSerializer,
    ReferenceField,
    StagedSerializer,
    Strict,
)

from .models import Article, AssignmentRule, BusinessHours, CannedAnswer, Case, Mailbox, SlaPolicy, Survey
from .services import check_parent


class CaseSerializer(StagedSerializer):
    class Meta(StagedSerializer.Meta):
        model = Case
        fields = [
            *StagedSerializer.Meta.fields,
            "number",
            "name",
            "priority",
            "case_type",
            "account",
            "contacts",
            "description",
            "closed_on",
            "parent",
            "articles",
            "merged_into",
            "sla_policy",
            "first_answer_due",
            "first_answer_state",
            "first_answered_at",
            "resolution_due",
            "resolution_state",
            "resolved_at",
            "stopped_since",
            "escalated_at",
        ]

    def validate_parent(self, parent: Case | None) -> Case | None:
        check_parent(self.instance, parent)
        return parent


class ArticleSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Article
        fields = [*RecordSerializer.Meta.fields, "title", "body", "is_published"]


class ReplySerializer(Strict):
    """What to write to the customer: a canned answer, an own text, or one after the other."""

    text = serializers.CharField(required=False, max_length=50_000)
    canned_answer = ReferenceField(target=CannedAnswer, required=False)
    status = serializers.CharField(required=False, max_length=100, help_text="The stage that the case goes to afterwards")


class ReplyAnswerSerializer(ProjectedSerializer):
    class Meta:
        model = Interaction
        fields = ["id", "created_at", "created_by", "type", "direction", "subject", "notes", "occurred_at"]


class CaseMergeSerializer(Strict):
    into = ReferenceField(target=Case, help_text="The case that goes on")


class EscalateSerializer(Strict):
    """Without any: both."""

    raise_priority = serializers.BooleanField(default=True)
    assign_lead = serializers.BooleanField(default=True)


# --- The desk


CONDITION = ["name", "position", "is_active", "priority", "case_type", "account"]


class BusinessHoursSerializer(ProjectedSerializer):
    class Meta:
        model = BusinessHours
        fields = [*BASE_FIELDS, "name", "timezone", "week", "holidays"]


class SlaPolicySerializer(ProjectedSerializer):
    class Meta:
        model = SlaPolicy
        fields = [
            *BASE_FIELDS,
            *CONDITION,
            "hours",
            "first_answer_minutes",
            "resolution_minutes",
            "warn_percent",
            "raises_priority",
            "assigns_lead",
        ]


class AssignmentRuleSerializer(ProjectedSerializer):
    class Meta:
        model = AssignmentRule
        fields = [*BASE_FIELDS, *CONDITION, "team", "people"]


class CannedAnswerSerializer(ProjectedSerializer):
    class Meta:
        model = CannedAnswer
        fields = [*BASE_FIELDS, "title", "text"]


class MailboxSerializer(mailboxes.MailboxSerializer):
    class Meta(mailboxes.MailboxSerializer.Meta):
        model = Mailbox
        fields = [*mailboxes.MailboxSerializer.Meta.fields, "name", "auto_answer"]


class NewMailboxSerializer(MailboxSerializer):
    inbound_url = mailboxes.inbound_url()

    class Meta(MailboxSerializer.Meta):
        fields = [*MailboxSerializer.Meta.fields, "inbound_url"]


class SurveySerializer(ProjectedSerializer):
    class Meta:
        model = Survey
        fields = [*BASE_FIELDS, "case", "email", "rating", "comment", "answered_at"]


class MailTakenSerializer(serializers.Serializer[Any]):
    """What became of a mail."""

    outcome = serializers.ChoiceField(choices=["opened", "added", "bounced", "known", "ignored"])
    case = serializers.UUIDField(allow_null=True)
    number = serializers.CharField(allow_null=True)
