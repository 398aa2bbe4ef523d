"""What people are told of, and how each of them wishes to be."""

from typing import Any
from uuid import UUID

from django.db import models

from common.base import BaseModel
from common.people.models import Profile
from common.tenancy.fields import TenantForeignKey


class Kind(models.TextChoices):
    ASSIGNED = "assigned"
    MENTIONED = "mentioned"
    DUE = "due"
    BREACHED = "breached"
    ANSWERED = "answered"


class Mail(models.TextChoices):
    """When a notification is mailed, too."""

    OFF = "off"
    AT_ONCE = "at_once"
    DAILY = "daily"


#: What people get by mail who never chose.
USUAL = {
    Kind.ASSIGNED: Mail.DAILY,
    Kind.MENTIONED: Mail.AT_ONCE,
    Kind.DUE: Mail.DAILY,
    Kind.BREACHED: Mail.AT_ONCE,
    Kind.ANSWERED: Mail.DAILY,
}


class Notification(BaseModel):
    """A line to one person about a record, of whatever type; ``created_by`` is who caused it."""

    tracked = False

    recipient = TenantForeignKey(Profile, models.CASCADE, related_name="notifications", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    record_type = models.CharField(max_length=60)
    record_id = models.UUIDField()
    text = models.CharField(max_length=300)
    read_at = models.DateTimeField(null=True)
    in_digest = models.BooleanField(default=False, help_text="Waits for the daily mail")
    source = models.UUIDField(null=True, help_text="The line of the activity stream that caused it")

    class Meta:
        db_table = "notifications"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["org", "recipient", "source", "kind"], name="notifications_once")]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notifications_of"),
            models.Index(fields=["recipient", "-id"], condition=models.Q(read_at=None), name="notifications_unread"),
            models.Index(fields=["org", "recipient"], condition=models.Q(in_digest=True), name="notifications_waiting"),
        ]

    def __str__(self) -> str:
        return self.text


class NotificationSettings(BaseModel):
    """What a person wishes to get by mail: ``{kind: off | at_once | daily}``; what is not named is as usual."""

    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+", db_index=False)
    mail = models.JSONField(default=dict)

    class Meta:
        db_table = "notification_settings"
        verbose_name_plural = "notification settings"
        constraints = [models.UniqueConstraint(fields=["org", "profile"], name="notification_settings_once")]

    def __str__(self) -> str:
        return str(self.profile)

    @staticmethod
    def chosen(mail: dict[str, Any] | None) -> dict[str, str]:
        """What holds, for every kind."""
        return {str(kind): str((mail or {}).get(kind, usual)) for kind, usual in USUAL.items()}


class StreamPosition(models.Model):
    """How far a reader of the whole activity stream has come: to line ``last`` of transaction ``xid``."""

    reader = models.CharField(primary_key=True, max_length=40)
    xid = models.BigIntegerField()
    last = models.UUIDField(default=UUID(int=0))

    class Meta:
        db_table = "stream_positions"
