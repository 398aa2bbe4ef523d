"""What takes place: meetings, calls, days off."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.base import BaseModel
from common.calendar import rules
from common.calendar.scheduled import Scheduled
from common.people.models import Profile
from common.records.models import LIVE, OnRecord, Record
from common.tenancy.fields import TenantForeignKey

from .times import arrange

ONCE = models.Q(recurrence="")


@dataclass(frozen=True)
class Occurrence:
    """One time that an event takes place. ``original`` is when it would begin by the rule, and its name among the others."""

    event: "Event"
    original: datetime
    start: datetime
    end: datetime
    change: "OccurrenceChange | None" = None

    def get(self, name: str) -> Any:
        """Title, location or description: its own, or the series'."""
        return getattr(self.change, name, "") or getattr(self.event, name)


class Event(Scheduled, OnRecord, Record):
    """Something that takes place from one moment to another, once or by a rule."""

    needs_record = False
    on_purge = models.SET_NULL
    label_field = "title"
    search_columns = ("title", "location", "description")
    named_by = "participants__contact"
    hidden_columns = (*Scheduled.hidden_columns, "ends_by", "sequence")

    class Type(models.TextChoices):
        MEETING = "Meeting"
        CALL = "Call"
        DEMO = "Demo"
        OTHER = "Other"

    class Status(models.TextChoices):
        CONFIRMED = "confirmed"
        CANCELLED = "cancelled"

    title = models.CharField(max_length=200)
    event_type = models.CharField(max_length=10, choices=Type.choices, default=Type.MEETING)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CONFIRMED)
    start = models.DateTimeField()
    end = models.DateTimeField()
    all_day = models.BooleanField(default=False, help_text="From midnight to midnight in the event's time zone")
    timezone = models.CharField(
        max_length=60, blank=True, help_text="IANA name, such as Europe/Oslo; without it, the organization's"
    )
    recurrence = models.CharField(max_length=500, blank=True, help_text="RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=MO")
    location = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    reminders = ArrayField(
        models.PositiveIntegerField(), default=list, blank=True, help_text="Minutes before the start to remind at, such as [15]"
    )
    series = TenantForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="+", help_text="The series that this one was split from"
    )
    ends_by = models.DateTimeField(null=True, editable=False, help_text="When the last occurrence is over; null: it goes on")
    sequence = models.PositiveIntegerField(default=0, editable=False, help_text="How often those invited were told of a change")

    class Meta(Record.Meta):
        db_table = "events"
        indexes = [
            models.Index(fields=["org", "start", "id"], condition=LIVE, name="events_by_start"),
            models.Index(fields=["org", "ends_by", "id"], condition=LIVE & ~ONCE, name="events_recurring"),
            models.Index(fields=["org", "remind_at"], condition=models.Q(remind_at__isnull=False), name="events_to_remind"),
        ]
        constraints = [models.CheckConstraint(condition=models.Q(start__lt=models.F("end")), name="events_end_after_start")]

    def clean(self) -> None:
        """Put the times in order, for the API and the admin alike. Raises ValidationError."""
        if self.start and self.end:  # else a form has said so already
            arrange(self)

    # --- when it takes place

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone or self.org.timezone)

    @property
    def is_over(self) -> bool:
        return self.ends_by is not None and self.ends_by < datetime.now(UTC)

    def end_of(self, start: datetime) -> datetime:
        """When an occurrence that begins at ``start`` is over: after as many days, or as many seconds."""
        if not self.all_day:
            return start + (self.end - self.start)
        clock, lasts = rules.local(start, self.zone), rules.local(self.end, self.zone) - rules.local(self.start, self.zone)
        return rules.moment_of(clock + lasts, self.zone)

    def starts(self, after: datetime, before: datetime) -> Iterator[datetime]:
        """When it begins by its rule, whatever became of single occurrences."""
        if self.recurrence:
            yield from rules.occurrences(self.recurrence, self.start, self.zone, after=after, before=before)
        elif after <= self.start < before:
            yield self.start

    def occurrences(self, after: datetime, before: datetime) -> Iterator[Occurrence]:
        """Those that have begun before ``before`` and are not over at ``after``, by their start, without the cancelled ones.

        Reads ``changes``, which a caller prefetches.
        """
        changes = {change.occurrence: change for change in self.changes.all()} if self.recurrence else {}
        moved = [
            Occurrence(self, change.occurrence, change.start, change.end, change)
            for change in changes.values()
            if change.start and change.end and change.end > after and change.start < before
        ]
        moved.sort(key=lambda occurrence: occurrence.start, reverse=True)
        for start in self.starts(after - (self.end - self.start) - timedelta(hours=2), before):
            change = changes.get(start)
            if (change and (change.cancelled or change.start)) or self.end_of(start) <= after:
                continue
            while moved and moved[-1].start <= start:
                yield moved.pop()
            yield Occurrence(self, start, start, self.end_of(start), change)
        yield from reversed(moved)

    def derive(self) -> None:
        """Set what follows from the rest: when it is over for good, and when to remind next."""
        if not self.recurrence:
            self.ends_by = self.end
        else:
            last = rules.last(self.recurrence, self.start, self.zone)
            moved = [change.end for change in self.changes.all() if change.end]
            self.ends_by = max([self.end_of(last), *moved]) if last else None
        self.remind_at = self.next_reminder(datetime.now(UTC))

    # --- who is reminded, and when

    def next_reminder(self, after: datetime) -> datetime | None:
        if self.status == self.Status.CANCELLED or (self.ends_by and self.ends_by < after):
            return None
        return min((moment for minutes in self.reminders if (moment := self.reminded(after, minutes))), default=None)

    def reminded(self, after: datetime, minutes: int) -> datetime | None:
        """The first moment later than ``after`` that is ``minutes`` before an occurrence of the next ten years."""
        before_start = timedelta(minutes=minutes)
        earliest = after + before_start
        for occurrence in self.occurrences(earliest, earliest + timedelta(days=3660)):
            if occurrence.start > earliest:
                return occurrence.start - before_start
        return None

    def reminder_text(self, moment: datetime) -> str:
        for minutes in self.reminders:
            start = moment + timedelta(minutes=minutes)
            for occurrence in self.occurrences(start, start + timedelta(seconds=1)):
                if occurrence.start == start:
                    return f"{occurrence.get('title')}: {rules.local(start, self.zone):%a %-d %b, %H:%M} ({self.zone.key})"
        return self.title

    # --- who is concerned

    @classmethod
    def attended(cls) -> Any:
        return Participant.objects.exclude(response=Participant.Response.DECLINED), "profile_id", "event_id"

    @classmethod
    def also_shown_to(cls, profile: Profile) -> list[Any]:
        """Whoever is invited may view it."""
        taking_part = models.Q(profile=profile.pk) | models.Q(email=profile.user.email)
        return [*super().also_shown_to(profile), Participant.objects.filter(taking_part).order_by().values("event_id")]


class OccurrenceChange(BaseModel):
    """What is different about one occurrence of a series. Where something is not set, the series' holds."""

    event = TenantForeignKey(Event, models.CASCADE, related_name="changes", db_index=False)
    occurrence = models.DateTimeField(help_text="When it would begin by the rule")
    cancelled = models.BooleanField(default=False)
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    title = models.CharField(max_length=200, blank=True)
    location = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)

    class Meta:
        db_table = "event_changes"
        ordering = ["occurrence"]
        constraints = [
            models.UniqueConstraint(fields=["org", "event", "occurrence"], name="event_changes_once"),
            models.CheckConstraint(
                condition=models.Q(start=None, end=None) | models.Q(start__lt=models.F("end")),
                name="event_changes_end_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.occurrence}"


class Participant(BaseModel):
    """Somebody who is invited: a colleague, a contact, a lead, or whoever an address belongs to.

    Name and address are kept as they were when they were invited, so that later mails go to the same place.
    """

    class Response(models.TextChoices):
        NEEDS_ACTION = "needs-action"
        ACCEPTED = "accepted"
        TENTATIVE = "tentative"
        DECLINED = "declined"

    event = TenantForeignKey(Event, models.CASCADE, related_name="participants", db_index=False)
    profile = TenantForeignKey(Profile, models.CASCADE, null=True, blank=True, related_name="+")
    contact = TenantForeignKey("contacts.Contact", models.SET_NULL, null=True, blank=True, related_name="+")
    lead = TenantForeignKey("leads.Lead", models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    response = models.CharField(max_length=12, choices=Response.choices, default=Response.NEEDS_ACTION)
    responded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "event_participants"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["org", "event", "email"], condition=~models.Q(email=""), name="event_participants_once"
            )
        ]
        indexes = [
            models.Index(fields=["event", "id"], name="event_participants_of"),
            models.Index(fields=["org", "email"], name="event_participants_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class CalendarFeed(BaseModel):
    """The private iCalendar address of a person. The token in it is stored hashed; a new one replaces the old one."""

    hidden_columns = ("token_hash",)

    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+", db_index=False, editable=False)
    token_hash = models.CharField(max_length=64, editable=False)

    class Meta:
        db_table = "calendar_feeds"
        constraints = [
            models.UniqueConstraint(fields=["org", "profile"], name="calendar_feeds_one_each"),
            models.UniqueConstraint(fields=["org", "token_hash"], name="calendar_feeds_once"),
        ]

    def __str__(self) -> str:
        return str(self.profile_id)
