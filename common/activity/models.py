"""The activity stream: one append-only row per change, written by the database itself (see functions.sql)."""

from django.db import models

from common.base import TenantModel

#: Changes of which people are notified.
TELLING = models.Q(changes__has_key="assigned_to") | models.Q(record_type="comment")


class Activity(TenantModel):
    """Who changed what, when, through what. ``changes`` is ``{column: [before, after]}``."""

    tracked = False

    record_type = models.CharField(max_length=60)
    record_id = models.UUIDField()
    action = models.CharField(max_length=20, help_text="create, update, delete (to the bin), restore or purge")
    changes = models.JSONField()
    actor_id = models.UUIDField(null=True, help_text="The profile that acted; null for the system and platform staff")
    user_id = models.UUIDField(null=True, help_text="The account that acted")
    source = models.CharField(max_length=20, help_text="api, admin, assistant, import, site or system")
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    xid = models.BigIntegerField(help_text="The transaction, so that a relay can wait for older ones to end")

    class Meta:
        db_table = "activity"
        ordering = ["-id"]
        verbose_name_plural = "activity"
        indexes = [
            models.Index(fields=["org", "record_id", "-id"], name="activity_of_record"),
            models.Index(fields=["org", "-id"], name="activity_of_org"),
            models.Index(fields=["xid", "id"], condition=TELLING, name="activity_telling"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.record_type} {self.record_id}"
