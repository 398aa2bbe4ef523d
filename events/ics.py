"""Events, plans and tasks as iCalendar (RFC 5545): in mails, and in the feed that a person's own calendar program reads."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import icalendar
from django.conf import settings
from icalendar import vCalAddress, vRecur, vText

from common.calendar import rules
from common.records.models import Record

from .models import Event, Occurrence, OccurrenceChange, Participant


def calendar_of(components: Iterable[icalendar.Event], *, method: str = "", name: str = "") -> bytes:
    """A calendar with the time zones that its events need. ``method``: REQUEST or CANCEL, of a mail."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Atrium//Atrium CRM//EN")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    for component in components:
        calendar.add_component(component)
    calendar.add_missing_timezones()
    return calendar.to_ical()


def uid_of(record: Record) -> str:
    return f"{record.pk}@{urlsplit(settings.DOMAIN_NAME).hostname}"


def entry_of(record: Any) -> icalendar.Event:
    """What is planned or due, as its model says (``Scheduled.feed_times``). What lasts no time takes none of the person's."""
    start, end = record.feed_times()
    component = icalendar.Event()
    component.add("uid", uid_of(record))
    component.add("dtstamp", datetime.now(UTC))
    component.add("last-modified", record.updated_at)
    component.add("dtstart", start)
    if end > start:
        component.add("dtend", end)
    component.add("summary", str(record))
    component.add("categories", [str(record._meta.verbose_name).capitalize()])
    component.add("transp", "OPAQUE" if isinstance(start, datetime) and end > start else "TRANSPARENT")
    if record.description:
        component.add("description", record.description)
    return component


def series_of(event: Event, participants: Iterable[Participant] = ()) -> list[icalendar.Event]:
    """An event with its rule, and each changed occurrence beside it."""
    whole = component_of(event, event.start, event.end, participants)
    if not event.recurrence:
        return [whole]
    whole.add("rrule", vRecur.from_ical(rule_of(event)))
    changes = list(event.changes.all())
    if cancelled := [time_of(event, change.occurrence) for change in changes if change.cancelled]:
        whole.add("exdate", cancelled)
    return [whole, *(changed(event, change, participants) for change in changes if not change.cancelled)]


def rule_of(event: Event) -> str:
    """The rule with its end as the standard wants it: a day where the event is all day, else in UTC."""
    parts = rules.parts_of(event.recurrence)
    if "UNTIL" in parts:
        clock = rules.until(parts["UNTIL"], event.zone)
        moment = rules.moment_of(clock.replace(microsecond=0), event.zone)
        parts["UNTIL"] = f"{clock:%Y%m%d}" if event.all_day else f"{moment:%Y%m%dT%H%M%SZ}"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def changed(event: Event, change: OccurrenceChange, participants: Iterable[Participant] = ()) -> icalendar.Event:
    """One occurrence of a series, as it is now."""
    start = change.start or change.occurrence
    end = change.end or event.end_of(change.occurrence)
    occurrence = Occurrence(event, change.occurrence, start, end, change)
    component = component_of(event, start, end, participants, occurrence)
    component.add("recurrence-id", time_of(event, change.occurrence))
    return component


def component_of(
    event: Event, start: datetime, end: datetime, participants: Iterable[Participant], occurrence: Occurrence | None = None
) -> icalendar.Event:
    told: Any = occurrence or event
    texts = {name: told.get(name) if occurrence else getattr(event, name) for name in ("title", "location", "description")}
    cancelled = event.status == Event.Status.CANCELLED or event.deleted_at or (occurrence and occurrence.change.cancelled)  # type: ignore[union-attr]
    component = icalendar.Event()
    component.add("uid", uid_of(event))
    component.add("dtstamp", datetime.now(UTC))
    component.add("sequence", event.sequence)
    component.add("dtstart", time_of(event, start))
    component.add("dtend", time_of(event, end))
    component.add("summary", texts["title"])
    component.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    for name in ("location", "description"):
        if texts[name]:
            component.add(name, texts[name])
    if event.created_by:
        component["organizer"] = address(event.created_by.user.email, str(event.created_by.user))
    for participant in participants:
        if participant.email:
            answer = {"PARTSTAT": participant.response.upper(), "ROLE": "REQ-PARTICIPANT", "RSVP": "TRUE"}
            component.add("attendee", address(participant.email, participant.name, **answer), encode=False)
    return component


def time_of(event: Event, moment: datetime) -> Any:
    """A moment in the event's zone; the day, where it lasts all day."""
    local = moment.astimezone(event.zone)
    return local.date() if event.all_day else local


def address(email: str, name: str, **parameters: str) -> vCalAddress:
    found = vCalAddress(f"mailto:{email}")
    for key, value in {"CN": (name or email).replace('"', "'"), **parameters}.items():
        found.params[key] = vText(value)
    return found
