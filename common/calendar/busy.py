"""When people have no time: the times alone, so that colleagues may ask who may not see what it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from common.records.models import MODULES

Span = tuple[datetime, datetime]
#: More are not looked at.
MOST = 5000


def busy(profiles: Iterable[UUID], after: datetime, before: datetime, *, but: UUID | None = None) -> dict[UUID, list[Span]]:
    """When each of the people is at an event or has planned something, without the event ``but``. In order, as they are."""
    spans: dict[UUID, list[Span]] = {pk: [] for pk in profiles}
    for rows in (events_in(after, before), plans_in(after, before)):
        model: Any = rows.model
        theirs = rows.filter(pk__in=model.ids_held_by(spans)).exclude(pk=but)[:MOST]
        taken = {row.pk: spans_of(row, after, before) for row in theirs}
        for person, record in model.held_by(spans, taken) if taken else ():
            spans[person].extend(taken[record])
    return {person: sorted(set(found)) for person, found in spans.items()}


def events_in(after: datetime, before: datetime) -> Any:
    events: Any = MODULES["events"]
    once = Q(recurrence="", end__gt=after, start__gte=after - timedelta(days=366))
    series = ~Q(recurrence="") & (Q(ends_by=None) | Q(ends_by__gt=after))
    rows = events.objects.filter(once | series, start__lt=before).exclude(status="cancelled").order_by()
    return rows.prefetch_related("changes")


def plans_in(after: datetime, before: datetime) -> Any:
    plans: Any = MODULES["planner"]
    within = {"start__gte": after - timedelta(days=31), "start__lt": before}
    return plans.objects.filter(status="planned", duration__gt=0, **within).order_by()


def spans_of(row: Any, after: datetime, before: datetime) -> list[Span]:
    if hasattr(row, "occurrences"):
        return [(occurrence.start, occurrence.end) for occurrence in row.occurrences(after, before)]
    end = row.start + timedelta(minutes=min(row.duration, 31 * 24 * 60))
    return [(row.start, end)] if end > after else []


def merged(spans: list[Span]) -> list[Span]:
    """The same time, in as few spans as there can be. ``spans`` are in order."""
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
