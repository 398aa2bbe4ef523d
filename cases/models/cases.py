"""What customers need help with, and what is known about it."""

from typing import Any

from django.db import models
from django.utils import timezone

from common.base import BaseModel
from common.records.models import LIVE, Record, Stage, StagedRecord
from common.records.numbers import next_number
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField


class NumberField(models.CharField):
    """The next number of the org's series, taken when the row is made."""

    def pre_save(self, instance: Any, add: bool) -> Any:
        if add and not getattr(instance, self.attname):
            setattr(instance, self.attname, next_number("case", timezone.now().year))
        return getattr(instance, self.attname)


class Priority(models.TextChoices):
    LOW = "Low"
    NORMAL = "Normal"
    HIGH = "High"
    URGENT = "Urgent"


class Type(models.TextChoices):
    QUESTION = "Question"
    INCIDENT = "Incident"
    PROBLEM = "Problem"


class ClockState(models.TextChoices):
    """How a promise stands: nothing to tell, little time left, or broken."""

    FINE = ""
    NEAR = "near"
    BREACHED = "breached"


class Case(StagedRecord):
    """A customer's question or problem, from its first word to its solution.

    Its two clocks, to the first answer and to the resolution, run in working time while its stage is an open one; see
    ``cases/sla.py``.
    """

    search_columns = ("name", "number", "description")
    named_by = "contacts"
    hidden_columns = ("next_alert_at", "stopped_seconds")
    #: What the clocks write.
    clock_columns = (
        "sla_policy", "first_answer_due", "resolution_due", "first_answer_state", "resolution_state", "first_answered_at",
        "resolved_at", "closed_on", "stopped_since", "stopped_seconds", "next_alert_at",
    )  # fmt: skip
    #: What decides which policy and which rule fit.
    decisive = ("priority", "case_type", "account")
    moved_columns = (*StagedRecord.moved_columns, *clock_columns)

    name = models.CharField(max_length=200)
    number = NumberField(max_length=60, default="", editable=False)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    case_type = models.CharField(max_length=10, choices=Type.choices, blank=True)
    account = TenantForeignKey("accounts.Account", models.SET_NULL, null=True, blank=True, related_name="cases")
    contacts = TenantManyToManyField("contacts.Contact", related_name="cases", blank=True)
    description = models.TextField(blank=True)
    closed_on = models.DateField(null=True, blank=True)
    parent = TenantForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    articles = TenantManyToManyField("cases.Article", related_name="cases", blank=True)
    merged_into = TenantForeignKey("self", models.SET_NULL, null=True, editable=False, related_name="merged")

    sla_policy = TenantForeignKey("cases.SlaPolicy", models.SET_NULL, null=True, editable=False, related_name="+")
    first_answer_due = models.DateTimeField(null=True, editable=False)
    first_answer_state = models.CharField(max_length=10, choices=ClockState.choices, blank=True, editable=False)
    first_answered_at = models.DateTimeField(null=True, editable=False)
    resolution_due = models.DateTimeField(null=True, editable=False)
    resolution_state = models.CharField(max_length=10, choices=ClockState.choices, blank=True, editable=False)
    resolved_at = models.DateTimeField(null=True, editable=False)
    stopped_since = models.DateTimeField(null=True, editable=False, help_text="Waiting or closed: the clocks stand still")
    stopped_seconds = models.IntegerField(default=0, editable=False, help_text="Working time of earlier stops")
    next_alert_at = models.DateTimeField(null=True, editable=False)
    escalated_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        db_table = "cases"
        constraints = [models.UniqueConstraint(fields=["org", "number"], name="cases_number_once")]
        indexes = [
            models.Index(fields=["org", "name", "id"], condition=LIVE, name="cases_by_name"),
            models.Index(fields=["org", "first_answer_due", "id"], condition=LIVE, name="cases_by_first_answer_due"),
            models.Index(fields=["org", "resolution_due", "id"], condition=LIVE, name="cases_by_resolution_due"),
            models.Index(
                fields=["org", "next_alert_at"], condition=LIVE & models.Q(next_alert_at__isnull=False), name="cases_to_alert"
            ),
        ]

    def enter(self, stage: Stage) -> None:
        """Stand in another stage, where the clocks may stop, or go on."""
        from cases.sla import turn_clocks

        super().enter(stage)
        turn_clocks(self)


class Article(Record):
    """What is known: an answer that helps with more than one case. Colleagues read all; clients what is published."""

    label_field = "title"
    search_columns = ("title", "body")
    catalogue = True
    published = {"is_published": True}

    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    is_published = models.BooleanField(default=False)

    class Meta(Record.Meta):
        db_table = "articles"
        indexes = [models.Index(fields=["org", "title", "id"], condition=LIVE, name="articles_by_title")]


class CaseMerge(BaseModel):
    """What a merge took from a case, so that it can be given back: ``carried`` is ``{what hangs on it: [ids]}``."""

    part_of = "case"

    case = TenantForeignKey(Case, models.CASCADE, related_name="merges")
    into = TenantForeignKey(Case, models.CASCADE, related_name="+")
    carried = models.JSONField(default=dict)
    contacts = models.JSONField(default=list, help_text="Ids of contacts that the other case did not have")
    before = models.JSONField(default=dict, help_text="Where the case stood")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_merges"
        constraints = [
            models.UniqueConstraint(fields=["org", "case"], condition=models.Q(undone_at=None), name="case_merges_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.case} into {self.into}"


class Survey(BaseModel):
    """How a customer found the help: asked by a link, answered once."""

    part_of = "case"
    hidden_columns = ("token_hash",)

    case = TenantForeignKey(Case, models.CASCADE, related_name="surveys")
    email = models.EmailField()
    token_hash = models.CharField(max_length=64, editable=False)
    rating = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "surveys"
        constraints = [
            models.UniqueConstraint(fields=["org", "token_hash"], name="surveys_token_once"),
            models.CheckConstraint(condition=models.Q(rating__range=(1, 5)), name="surveys_rating"),
        ]
        indexes = [models.Index(fields=["org", "created_at", "id"], name="surveys_newest")]

    def __str__(self) -> str:
        return f"{self.email}: {self.rating or 'not answered'}"
