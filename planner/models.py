"""What people plan to do with customers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.calendar import rules
from common.calendar.scheduled import Scheduled
from common.calendar.zones import zone_of
from common.people.models import Profile
from common.records.models import LIVE, Interaction, OnRecord, Record
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Plan(Scheduled, OnRecord, Record):
    """A planned call, meeting or to-do. When it is done it becomes an interaction of its record."""

    module = "planner"
    needs_record = False
    on_purge = models.SET_NULL
    label_field = "subject"
    search_columns = ("subject", "description")

    class Type(models.TextChoices):
        CALL = "call"
        MEETING = "meeting"
        TODO = "todo"
        EMAIL = "email"

    class Status(models.TextChoices):
        PLANNED = "planned"
        DONE = "done"
        CANCELLED = "cancelled"

    subject = models.CharField(max_length=200)
    activity_type = models.CharField(max_length=10, choices=Type.choices, default=Type.TODO)
    direction = models.CharField(max_length=10, choices=Interaction.Direction.choices, blank=True)
    start = models.DateTimeField()
    duration = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    description = models.TextField(blank=True)
    reminders = ArrayField(
        models.PositiveIntegerField(), default=list, blank=True, help_text="Minutes before the start to remind at, such as [15]"
    )
    attendees = TenantManyToManyField("common.Profile", related_name="+", blank=True)
    interaction = TenantForeignKey(Interaction, models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta(Record.Meta):
        db_table = "plans"
        verbose_name = "planned activity"
        verbose_name_plural = "planned activities"
        indexes = [
            models.Index(fields=["org", "start", "id"], condition=LIVE, name="plans_by_start"),
            models.Index(fields=["org", "remind_at"], condition=models.Q(remind_at__isnull=False), name="plans_to_remind"),
        ]

    def clean(self) -> None:
        """Set when to remind next, for the API and the admin alike."""
        if self.start:
            self.derive()

    def derive(self) -> None:
        self.remind_at = self.next_reminder(datetime.now(UTC))

    def next_reminder(self, after: datetime) -> datetime | None:
        if self.status != self.Status.PLANNED:
            return None
        moments = [self.start - timedelta(minutes=minutes) for minutes in self.reminders]
        return min((moment for moment in moments if moment > after), default=None)

    def reminder_text(self, moment: datetime) -> str:
        zone = zone_of()
        return f"{self.subject}: {rules.local(self.start, zone):%a %-d %b, %H:%M} ({zone.key})"

    @classmethod
    def for_feed(cls, since: datetime) -> Any:
        return cls.objects.filter(status=cls.Status.PLANNED, start__gte=since, start__lt=rules.LAST).order_by("start")

    def feed_times(self) -> tuple[datetime, datetime]:
        return self.start, self.start + timedelta(minutes=self.duration or 0)

    @classmethod
    def attended(cls) -> Any:
        return cls.attendees.through._default_manager.all(), "profile_id", "plan_id"

    @classmethod
    def also_shown_to(cls, profile: Profile) -> list[Any]:
        """Whoever takes part may view it."""
        attended = cls.attendees.through._default_manager.filter(profile=profile.pk).values("plan_id")
        return [*super().also_shown_to(profile), attended]
