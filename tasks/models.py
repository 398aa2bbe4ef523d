"""What people have to do."""

from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from common.base import BaseModel
from common.calendar import rules
from common.calendar.scheduled import Scheduled
from common.records.models import LIVE, OnRecord, Record, StagedRecord
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class Task(Scheduled, OnRecord, StagedRecord):
    """Something to do, perhaps until a day, perhaps about a record, perhaps again and again."""

    needs_record = False
    on_purge = models.SET_NULL
    label_field = "title"
    search_columns = ("title", "description")

    class Priority(models.TextChoices):
        LOW = "Low"
        MEDIUM = "Medium"
        HIGH = "High"

    title = models.CharField(max_length=200)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.MEDIUM)
    due_date = models.DateField(null=True, blank=True)
    description = models.TextField(blank=True)
    contacts = TenantManyToManyField("contacts.Contact", related_name="+", blank=True)
    parent = TenantForeignKey("self", models.CASCADE, null=True, blank=True, related_name="subtasks")
    reminder = models.DateTimeField(null=True, blank=True, help_text="When to remind whoever it is assigned to")
    recurrence = models.CharField(
        max_length=500, blank=True, help_text="RFC 5545 RRULE, such as FREQ=MONTHLY;BYMONTHDAY=1: the next task is made by it"
    )
    recurs_from = models.DateField(null=True, editable=False, help_text="When its first task was due")
    follows = TenantForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text="The one before, of a series",
    )
    completed_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        db_table = "tasks"
        indexes = [
            models.Index(fields=["org", "due_date", "id"], condition=LIVE, name="tasks_by_due_date"),
            models.Index(fields=["org", "title", "id"], condition=LIVE, name="tasks_by_title"),
            models.Index(fields=["org", "remind_at"], condition=models.Q(remind_at__isnull=False), name="tasks_to_remind"),
            models.Index(fields=["org", "due_date"], condition=LIVE & ~models.Q(recurrence=""), name="tasks_recurring"),
        ]
        constraints = [models.UniqueConstraint(fields=["org", "follows"], name="tasks_one_next")]

    def clean(self) -> None:
        """Bring the rule into its usual form, for the API and the admin alike. Raises ValidationError."""
        try:
            self.recurrence = rules.checked(self.recurrence) if self.recurrence.strip() else ""
        except ValidationError as error:
            raise ValidationError({"recurrence": error.messages}) from error
        if self.recurrence and self.due_date is None:
            raise ValidationError({"due_date": ["What recurs needs a day on which it is due first."]})

    @classmethod
    def for_feed(cls, since: datetime) -> Any:
        due = {"due_date__gte": since.date(), "due_date__lt": rules.LAST.date()}
        return cls.objects.filter(completed_at=None, **due).order_by("due_date")

    def feed_times(self) -> tuple[date, date]:
        """The day on which it is due: to-dos, which the standard has, are left out by what most people read calendars with."""
        assert self.due_date is not None  # as for_feed() demands
        return self.due_date, self.due_date + timedelta(days=1)

    def next_reminder(self, after: datetime) -> datetime | None:
        return self.reminder if self.reminder and self.reminder > after and not self.completed_at else None

    def reminder_text(self, moment: datetime) -> str:
        return f"Reminder: {self.title}" + (f", due {self.due_date:%-d %B %Y}" if self.due_date else "")


class ChecklistItem(BaseModel):
    """A line to tick off within a task."""

    task = TenantForeignKey(Task, models.CASCADE, related_name="checklist", db_index=False)
    text = models.CharField(max_length=200)
    done = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "checklist_items"
        ordering = ["position", "id"]
        indexes = [models.Index(fields=["task", "position", "id"], name="checklist_items_of_task")]

    def __str__(self) -> str:
        return self.text
