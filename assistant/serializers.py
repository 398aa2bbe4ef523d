"""Shapes of the assistant's endpoints; those of the chat are the Lightweight CRM's."""

from typing import Any

from rest_framework import serializers

from common.records.projection import Computed
from common.records.serializers import ProjectedSerializer

from .models import AssistantPreferences, AssistantSettings, ToolCall
from .tools import KINDS

MAX_MESSAGE = 10_000


class MessageSerializer(serializers.Serializer[Any]):
    message = serializers.CharField(max_length=MAX_MESSAGE)


class TakenSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    status = serializers.CharField(default="processing")
    message = serializers.CharField(default="Message received, processing...")


class ResultSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
    ai_message = serializers.CharField(help_text="The same as `message`")
    leads_data = serializers.ListField(child=serializers.DictField(), help_text="The leads that the answer is about")
    actions_performed = serializers.ListField(child=serializers.DictField(), help_text="What was done, and what failed")
    proposals = serializers.ListField(child=serializers.DictField(), help_text="What waits for a yes, with before and after")
    records = serializers.ListField(child=serializers.DictField(), help_text="All records that the answer is about")


class StatusSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["PENDING", "PROCESSING", "SUCCESS", "FAILURE"])
    status = serializers.CharField(required=False)
    result = ResultSerializer(required=False)
    error = serializers.CharField(required=False)


class ClearedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(default="success")
    message = serializers.CharField(default="Conversation context cleared")


class CallSerializer(ProjectedSerializer):
    person = Computed("profile__user__name")

    class Meta:
        model = ToolCall
        fields = [
            "id",
            "created_at",
            "profile",
            "person",
            "turn",
            "channel",
            "name",
            "kind",
            "arguments",
            "status",
            "result",
            "error",
            "diff",
        ]
        read_only_fields = fields


class ToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    parameters = serializers.DictField(help_text="JSON Schema of the arguments")


class UsageSerializer(serializers.Serializer[Any]):
    """Of this month, in the whole organization."""

    turns = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="US dollars")
    monthly_limit = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True, help_text="US dollars")


class OneRowSerializer(ProjectedSerializer):
    """A row that exists once: it is made when it is first changed."""


class SettingsSerializer(OneRowSerializer):
    withheld_fields = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=50, required=False, help_text="Fields that no model may read"
    )

    class Meta:
        model = AssistantSettings
        fields = ["monthly_limit", "withheld_fields"]


class PreferencesSerializer(OneRowSerializer):
    class Meta:
        model = AssistantPreferences
        fields = ["applies_small_changes"]
