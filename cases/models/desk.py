"""How an organization's help desk works: its hours, its promises, who gets which case, what is answered often."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from common.base import BaseModel
from common.business_hours import Calendar, Spans
from common.merge_fields import check_fields
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField

from .cases import Case, Priority, Type

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: What a canned answer may have a place for; see ``cases.answers.values_of``.
MERGE_FIELDS = (
    "case.number", "case.name", "case.status", "case.priority", "contact.first_name", "contact.last_name", "contact.name",
    "account.name", "agent.name", "org.name",
)  # fmt: skip
#: Ten years of minutes: more nobody promises.
MAX_MINUTES = 10 * 366 * 24 * 60


def minutes_of(text: Any) -> int:
    """ "09:30" as minutes after midnight; "24:00" is the end of the day. Raises ValueError."""
    hours, colon, minutes = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not (colon and len(hours) == len(minutes) == 2 and hours.isdecimal() and minutes.isdecimal()):
        raise ValueError
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise ValueError
    return total


def spans_of(raw: Any) -> Spans:
    """A day's opening hours. Raises ValueError or TypeError."""
    spans = tuple((minutes_of(opens), minutes_of(closes)) for opens, closes in raw)
    edges = [edge for span in spans for edge in span]
    if sorted(edges) != edges or any(opens == closes for opens, closes in spans):
        raise ValueError
    return spans


def check_week(week: Any) -> None:
    if not isinstance(week, dict) or not set(week) <= set(DAYS):
        raise ValidationError(f"Expected an object of days: {', '.join(DAYS)}.")
    for day, raw in week.items():
        try:
            spans_of(raw)
        except (ValueError, TypeError):
            raise ValidationError(f'"{day}": expected hours in order, like [["09:00", "12:30"], ["13:00", "17:00"]].') from None
    if not any(week.values()):
        raise ValidationError("At least one day must have hours.")


def check_holidays(holidays: Any) -> None:
    for day in holidays if isinstance(holidays, dict) else [""]:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise ValidationError('Expected an object like {"2026-12-25": "Christmas"}.') from None


def check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is neither, but a KeyError
        raise ValidationError("Not a time zone: expected one like Europe/Oslo.") from None
    except KeyError:
        raise ValidationError("Not a time zone: expected one like Europe/Oslo.") from None


def check_merge_fields(text: str) -> None:
    check_fields(text, MERGE_FIELDS)


def working_week() -> dict[str, Any]:
    return {day: [["09:00", "17:00"]] for day in DAYS[:5]}


class BusinessHours(BaseModel):
    """When a help desk works: hours by weekday, but for holidays."""

    name = models.CharField(max_length=100)
    timezone = models.CharField(max_length=60, blank=True, validators=[check_zone], help_text="Without one: the organization's")
    week = models.JSONField(default=working_week, validators=[check_week], help_text='{"mon": [["09:00", "17:00"]]}')
    holidays = models.JSONField(default=dict, blank=True, validators=[check_holidays], help_text='{"2026-12-25": "Christmas"}')

    class Meta:
        db_table = "business_hours"
        verbose_name_plural = "business hours"
        ordering = ["name"]
        indexes = [models.Index(fields=["org", "name", "id"], name="business_hours_by_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def calendar(self) -> Calendar:
        week = tuple(spans_of(self.week.get(day, [])) for day in DAYS)
        return Calendar(ZoneInfo(self.timezone or self.org.timezone), week, frozenset(map(date.fromisoformat, self.holidays)))


class CaseCondition(BaseModel):
    """Mixin: for which cases something holds. What is left empty fits every case; the first that fits counts."""

    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0, help_text="The lowest is tried first")
    is_active = models.BooleanField(default=True)
    priority = models.CharField(max_length=10, choices=Priority.choices, blank=True)
    case_type = models.CharField(max_length=10, choices=Type.choices, blank=True)
    account = TenantForeignKey("accounts.Account", models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def for_case(cls, case: Case) -> Any:
        """The first that fits a case, or None."""
        fits = models.Q(priority__in=["", case.priority], case_type__in=["", case.case_type])
        fits &= models.Q(account=None) | models.Q(account=case.account_id)
        return cls._default_manager.filter(fits, is_active=True).order_by("position", "id").first()


class SlaPolicy(CaseCondition):
    """A promise: when a case is answered, and when it is solved, in minutes of working time."""

    minutes = {"null": True, "blank": True, "validators": [MinValueValidator(1), MaxValueValidator(MAX_MINUTES)]}

    hours = TenantForeignKey(
        BusinessHours, models.PROTECT, null=True, blank=True, related_name="+", help_text="Without: day and night"
    )
    first_answer_minutes = models.PositiveIntegerField(**minutes)  # type: ignore[arg-type]
    resolution_minutes = models.PositiveIntegerField(**minutes)  # type: ignore[arg-type]
    warn_percent = models.PositiveSmallIntegerField(
        default=80, validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="How much of the time is used up by then"
    )
    raises_priority = models.BooleanField(default=False, help_text="When the promise is broken")
    assigns_lead = models.BooleanField(default=False, help_text="When it is broken, the leads of the case's teams get it too")

    class Meta(CaseCondition.Meta):
        db_table = "sla_policies"
        verbose_name = "SLA policy"
        verbose_name_plural = "SLA policies"
        indexes = [models.Index(fields=["org", "position", "id"], name="sla_policies_in_order")]


class AssignmentRule(CaseCondition):
    """Who gets a new case that is nobody's: in turn the people named, or else the members of the team."""

    hidden_columns = ("last_person_id",)

    team = TenantForeignKey("teams.Team", models.CASCADE, null=True, blank=True, related_name="+")
    people = TenantManyToManyField("common.Profile", related_name="+", blank=True)
    last_person = TenantForeignKey("common.Profile", models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta(CaseCondition.Meta):
        db_table = "assignment_rules"
        indexes = [models.Index(fields=["org", "position", "id"], name="assignment_rules_in_order")]


class CannedAnswer(BaseModel):
    """A text that is answered often, with places for what differs: ``Hello {{ contact.first_name }}``."""

    title = models.CharField(max_length=100)
    text = models.TextField(max_length=20_000, validators=[check_merge_fields], help_text=f"Fields: {', '.join(MERGE_FIELDS)}")

    class Meta:
        db_table = "canned_answers"
        ordering = ["title"]
        indexes = [models.Index(fields=["org", "title", "id"], name="canned_answers_by_title")]

    def __str__(self) -> str:
        return self.title
