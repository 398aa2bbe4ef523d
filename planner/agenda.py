"""The agenda of a person: what they have planned, the events that they take part in, and the tasks that they have, in one order.

What is there once is read by one statement over the three tables, each by its own index; series are worked out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Case, F, Func, OuterRef, Q, Subquery, Value, When, prefetch_related_objects
from django.db.models.functions import Cast, Coalesce

from common.calendar.ranges import Key, Page
from common.calendar.rules import local
from common.people.models import Profile
from common.records.models import MODULES, Stage
from common.tenancy.statement import RowStatement, Statement

#: No event lasts longer.
LONGEST_EVENT = timedelta(days=366)
COLUMNS = ("kind", "title", "type", "status", "done", "start", "end", "all_day", "location", "record_type", "record")
#: Columns of the union are called so, since they may not be called as the model's own are.
AS = {name: f"e_{name}" for name in COLUMNS}
START = AS["start"]

Entry = tuple[Key, dict[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """What a person wants to see: from ``after`` to ``before``; ``todo``: what is still to do, however long it is overdue."""

    profile: Profile
    after: datetime
    before: datetime
    page: Page
    zone: ZoneInfo
    todo: bool = False

    @property
    def since(self) -> datetime:
        return max(self.after, self.page.last[0]) if self.page.last else self.after

    def may_view(self, module: str) -> bool:
        return self.profile.scope_for(module, "view") != "none"

    def values(self) -> dict[str, Any]:
        """What differs between two questions of the same kind."""
        days = {"first_day": local(self.since, self.zone).date(), "last_day": local(self.before, self.zone).date()}
        place = {"moment": self.page.last[0], "pk": str(self.page.last[2])} if self.page.last else {}
        bounds = {"after": self.after, "before": self.before, "earliest": self.after - LONGEST_EVENT}
        return {"person": str(self.profile.pk), **bounds, **days, **place}


@dataclass(frozen=True)
class Question:
    """What the SQL of an agenda is made of. It is kept as text: to make it takes far longer than to run it."""

    zone: ZoneInfo
    todo: bool
    person: UUID
    after: datetime
    before: datetime
    earliest: datetime
    first_day: date
    last_day: date
    page: Page

    def mine(self, module: str) -> Any:
        model: Any = MODULES[module]
        return model.objects.filter(pk__in=model.ids_held_by([self.person])).order_by()


#: What stands in for values while SQL is made.
STAND_INS: dict[str, Any] = {
    "person": UUID("00000000-0000-7000-8000-00000000cccc"),
    "after": datetime(1999, 12, 31, 23, 59, 57, 654321, tzinfo=UTC),
    "before": datetime(1999, 12, 31, 23, 59, 58, 654321, tzinfo=UTC),
    "earliest": datetime(1999, 12, 31, 23, 59, 56, 654321, tzinfo=UTC),
    "first_day": date(1999, 11, 29),
    "last_day": date(1999, 11, 30),
}
PLACE: dict[str, Any] = {
    "moment": datetime(1999, 12, 31, 23, 59, 59, 654321, tzinfo=UTC),
    "pk": UUID("00000000-0000-7000-8000-00000000dddd"),
}


@lru_cache(maxsize=1000)
def singles_of(modules: tuple[str, ...], limit: int, zone: ZoneInfo, last_kind: str | None, *, todo: bool) -> Statement:
    """The entries that are there once, of some modules: of the first page, or of one after an entry of ``last_kind``."""

    def build(moment: Any = None, pk: Any = None, **values: Any) -> Any:
        page = Page(limit, (moment, last_kind, pk) if last_kind else None)
        question = Question(zone, todo, page=page, **values)
        arms = [ARMS[module](question).order_by(START, "pk")[: limit + 1] for module in modules]
        first, *others = [rows.values_list(*AS.values(), "pk") for rows in arms]
        return first.union(*others, all=True).order_by(START, AS["kind"], "id")[: limit + 1]

    return Statement(build, **STAND_INS, **(PLACE if last_kind else {}))


def entries(wanted: Wanted) -> list[Any]:
    """The sources of an agenda, each in order."""
    modules = tuple(module for module in ARMS if wanted.may_view(module))
    if not modules:
        return []
    last_kind = wanted.page.last[1] if wanted.page.last else None
    singles = singles_of(modules, wanted.page.limit, wanted.zone, last_kind, todo=wanted.todo).rows(**wanted.values())
    return [map(entry_of, singles), *(series_of(wanted) if "events" in modules else [])]


def entry_of(row: tuple[Any, ...]) -> Entry:
    *values, pk = row
    entry = dict(zip(COLUMNS, values, strict=True))
    return (entry["start"], entry["kind"], pk), {"kind": entry.pop("kind"), "id": pk, "occurrence": None, **entry}


def described(rows: Any, kind: str, **columns: Any) -> Any:
    """Rows with the columns of an entry."""
    names = rows.model.record_types()
    record_type = Case(
        *[When(**{f"{name}__isnull": False, "then": Value(name)}) for name in names], output_field=models.TextField()
    )
    record = Coalesce(*[F(f"{name}_id") for name in names], output_field=models.UUIDField())
    texts = {name: Cast(columns.pop(name), models.TextField()) for name in ("title", "type", "status", "location")}
    columns |= {"kind": Value(kind, models.TextField()), "record_type": record_type, "record": record, **texts}
    return rows.annotate(**{AS[name]: column for name, column in columns.items()})


def is_true(**condition: Any) -> Any:
    return models.ExpressionWrapper(Q(**condition), models.BooleanField())


def events(wanted: Question) -> Any:
    rows = wanted.mine("events").filter(wanted.page.after("event"), recurrence="", end__gt=wanted.after)
    rows = rows.filter(start__gte=wanted.earliest, start__lt=wanted.before)
    if wanted.todo:
        rows = rows.exclude(status="cancelled")
    return described(rows, "event", title=F("title"), type=F("event_type"), status=F("status"), done=Value(value=False),
                     start=F("start"), end=F("end"), all_day=F("all_day"), location=F("location"))  # fmt: skip


def plans(wanted: Question) -> Any:
    rows = wanted.mine("planner").filter(wanted.page.after("plan"), start__lt=wanted.before)
    rows = rows.filter(status="planned") if wanted.todo else rows.filter(start__gte=wanted.after)
    ends = Func(F("start"), F("duration"), template="(%(expressions)s)", arg_joiner=" + interval '1 minute' * ",
                output_field=models.DateTimeField())  # fmt: skip
    return described(rows, "plan", title=F("subject"), type=F("activity_type"), status=F("status"), done=is_true(status="done"),
                     start=F("start"), end=ends, all_day=Value(value=False), location=Value(""))  # fmt: skip


def tasks(wanted: Question) -> Any:
    """By the midnight of the day on which they are due."""
    zone = wanted.zone
    begins = Func(
        Value(zone.key), F("due_date"), template="timezone(%(expressions)s::timestamp)", output_field=models.DateTimeField()
    )
    rows = wanted.mine("tasks").filter(due_date__lte=wanted.last_day)
    rows = rows.filter(completed_at=None) if wanted.todo else rows.filter(due_date__gte=wanted.first_day)
    stage = Subquery(Stage.objects.filter(pk=OuterRef("stage_id")).values("name"))  # of a page's rows alone, unlike a join's
    rows = described(rows, "task", title=F("title"), type=F("priority"), status=stage,
                     done=is_true(completed_at__isnull=False), start=begins, end=Cast(Value(None), models.DateTimeField()),
                     all_day=Value(value=True), location=Value(""))  # fmt: skip
    rows = rows.filter(wanted.page.after("task", START), **{f"{START}__lt": wanted.before})
    return rows if wanted.todo else rows.filter(**{f"{START}__gte": wanted.after})


ARMS = {"events": events, "planner": plans, "tasks": tasks}


def series_rows(person: UUID, after: datetime, before: datetime) -> Any:
    model: Any = MODULES["events"]
    rows = model.objects.filter(pk__in=model.ids_held_by([person])).order_by().exclude(recurrence="")
    return rows.exclude(status="cancelled").filter(Q(ends_by=None) | Q(ends_by__gt=after), start__lt=before)


SERIES = RowStatement(series_rows, **{name: STAND_INS[name] for name in ("person", "after", "before")})


def series_of(wanted: Wanted) -> list[Iterator[Entry]]:
    rows = SERIES.all(person=str(wanted.profile.pk), after=wanted.since, before=wanted.before)
    prefetch_related_objects(rows, "changes")
    return [map(entry_of_occurrence, event.occurrences(wanted.since, wanted.before)) for event in rows]


def entry_of_occurrence(occurrence: Any) -> Entry:
    event = occurrence.event
    names = [name for name in event.record_types() if getattr(event, f"{name}_id")]
    return (occurrence.start, "event", event.pk), {
        "kind": "event",
        "id": event.pk,
        "occurrence": occurrence.original,
        "title": occurrence.get("title"),
        "type": event.event_type,
        "status": event.status,
        "done": False,
        "start": occurrence.start,
        "end": occurrence.end,
        "all_day": event.all_day,
        "location": occurrence.get("location"),
        "record_type": names[0] if names else None,
        "record": getattr(event, f"{names[0]}_id") if names else None,
    }
