from typing import Any

from rest_framework import serializers

from common.records.projection import Computed
from common.records.serializers import ProjectedSerializer, Strict

from .models import USUAL, Mail, Notification


class NotificationSerializer(ProjectedSerializer):
    """A line to the caller. ``record_type`` and ``record_id`` say what it is about, ``actor`` who caused it."""

    actor = Computed("created_by__user__name", allow_null=True)

    class Meta:
        model = Notification
        fields = ["id", "created_at", "created_by", "actor", "kind", "text", "record_type", "record_id", "read_at"]


class ReadSerializer(Strict):
    notifications = serializers.ListField(child=serializers.UUIDField(), max_length=500, help_text="Their ids")


class MarkedSerializer(serializers.Serializer[Any]):
    marked = serializers.IntegerField(help_text="How many were not read before")


class UnreadSerializer(serializers.Serializer[Any]):
    unread = serializers.IntegerField(help_text="10,001 means more than 10,000")


class MailSerializer(Strict):
    """When each kind of notification is mailed, too: never, at once, or in one mail a day."""

    def get_fields(self) -> dict[str, Any]:
        return {str(kind): serializers.ChoiceField(Mail.choices, required=False) for kind in USUAL}


class NotificationSettingsSerializer(Strict):
    mail = MailSerializer()
