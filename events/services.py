"""What happens to events beyond their own row: people are invited and told, single occurrences change, feeds are given out."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common.calendar import rules
from common.links import new_token
from common.notifications.services import notify
from common.people.models import Profile
from common.records.serializers import add_links

from . import mails
from .models import CalendarFeed, Event, OccurrenceChange, Participant
from .times import check_span

WHEN = ("start", "end", "all_day", "timezone", "recurrence")
#: What those who are invited are told of when it changes.
TOLD = (*WHEN, "title", "location", "description", "status")
LINKS = ("assigned_to", "teams", "tags")
NOT_THEN = "The event does not take place then."


def snapshot(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in TOLD}


@transaction.atomic(savepoint=False)
def follow_up(
    *, event: Event, before: dict[str, Any] | None = None, people: list[dict[str, Any]] | None = None, tell: bool = True
) -> None:
    """After an event was written: keep what was changed of single occurrences, invite ``people``, and mail who is concerned.

    ``before`` is its snapshot before the change, None for a new one; ``people`` are all who take part, None leaves them.
    """
    changes = {name for name, value in (before or {}).items() if getattr(event, name) != value}
    if before and before["recurrence"] and changes & set(WHEN):
        keep_changes(event, shift=(before["start"], event.start), zone=before["timezone"])
    if before and changes & set(WHEN):
        event.participants.update(response=Participant.Response.NEEDS_ACTION, responded_at=None)
    added, removed = set_people(event, people) if people is not None else ([], [])
    if changes or removed:
        bump(event)
    if not tell or event.is_over:
        return
    is_cancelled = event.status == Event.Status.CANCELLED
    new = {person.pk for person in added}
    known = [person for person in event.participants.all() if person.pk not in new]
    mails.send(mails.CANCELLATION, event, removed)
    if changes:
        mails.send(mails.CANCELLATION if is_cancelled else mails.UPDATE, event, known)
    if not is_cancelled:
        mails.send(mails.INVITATION, event, added)


def bump(event: Event) -> None:
    """Count a change of which calendar programs have to learn."""
    event.sequence += 1
    event.derive()
    event.save(update_fields=["sequence", "ends_by", "remind_at", "updated_at", "updated_by"])


def set_people(event: Event, people: list[dict[str, Any]]) -> tuple[list[Participant], list[Participant]]:
    """Make those who take part be ``people``: ``{profile, contact, lead, name, email}``. Returns (added, removed)."""
    known = {key_of(vars(row)): row for row in event.participants.all()}
    wanted = {key_of(person): person for person in people}
    removed = [row for key, row in known.items() if key not in wanted]
    added = [Participant(event=event, **person) for key, person in wanted.items() if key not in known]
    for row in removed:
        Participant.objects.filter(pk=row.pk).delete()
    for row in added:
        row.save(force_insert=True)
    return added, removed


def key_of(person: dict[str, Any]) -> str:
    """By what one who takes part is known again: the address, or else the name."""
    return str(person["email"] or person["name"]).casefold()


def keep_changes(event: Event, *, shift: tuple[datetime, datetime], zone: str) -> None:
    """Keep what is different about single occurrences when all of them move: each keeps its place in the new order.

    What was said of days on which the event does not take place any more is forgotten.
    """
    old_zone, (was, now) = rules.ZoneInfo(zone) if zone else event.zone, shift
    moved = rules.local(now, event.zone) - rules.local(was, old_zone)
    rows = sorted(event.changes.all(), key=lambda row: row.occurrence, reverse=moved > timedelta())
    for row in rows:
        occurrence = rules.moment_of(rules.local(row.occurrence, old_zone) + moved, event.zone)
        if not event.recurrence or not rules.takes_place(event.recurrence, event.start, event.zone, occurrence):
            row.delete()
        elif occurrence != row.occurrence:
            row.occurrence = occurrence
            row.save(update_fields=["occurrence", "updated_at", "updated_by"])


# --- Single occurrences


def check_occurrence(event: Event, occurrence: datetime) -> None:
    gone = event.changes.filter(occurrence=occurrence, cancelled=True).exists()
    if gone or next(event.starts(occurrence, occurrence + timedelta(seconds=1)), None) != occurrence:
        raise ValidationError({"occurrence": [NOT_THEN]})


@transaction.atomic(savepoint=False)
def change_one(*, event: Event, occurrence: datetime, values: dict[str, Any]) -> Event:
    """Make one occurrence of a series differ from it. ``event`` is locked by the caller."""
    check_occurrence(event, occurrence)
    change = event.changes.filter(occurrence=occurrence).first() or OccurrenceChange(event=event, occurrence=occurrence)
    start = values.pop("start", None) or change.start or occurrence
    lasts = (change.end or event.end_of(occurrence)) - (change.start or occurrence)
    end = values.pop("end", None) or start + lasts
    check_span(start, end)
    if change.start or (start, end) != (occurrence, event.end_of(occurrence)):
        change.start, change.end = start, end
    for name, value in values.items():
        setattr(change, name, value)
    change.save()
    bump(event)
    mails.send(mails.UPDATE, event, event.participants.all(), change)
    return event


@transaction.atomic(savepoint=False)
def change_following(*, event: Event, occurrence: datetime, values: dict[str, Any]) -> Event:
    """Let a series end before ``occurrence`` and go on differently as one of its own, which is returned."""
    check_occurrence(event, occurrence)
    rest = Event(series_id=event.series_id or event.pk, created_by_id=event.created_by_id)
    kept = ("title", "event_type", "all_day", "timezone", "location", "description", "reminders", "custom_fields")
    about = [f"{name}_id" for name in Event.record_types()]
    for name in (*kept, *about):
        setattr(rest, name, getattr(event, name))
    rest.start, rest.end = occurrence, event.end_of(occurrence)
    rest.recurrence = rules.rest_of(event.recurrence, event.start, event.zone, occurrence)
    apply_to(rest, values)
    rest.save(force_insert=True)
    for name in LINKS:
        add_links(rest, name, list(getattr(event, name).values_list("pk", flat=True)))
    event.changes.filter(occurrence__gte=occurrence).update(event=rest)
    keep_changes(rest, shift=(occurrence, rest.start), zone=event.timezone)
    end_before(event, occurrence)
    columns = ("profile_id", "contact_id", "lead_id", "name", "email")
    people = [{name: getattr(row, name) for name in columns} for row in event.participants.all()]
    mails.send(mails.UPDATE, event, event.participants.all())
    follow_up(event=rest, people=people)
    return rest


def end_before(event: Event, occurrence: datetime) -> None:
    event.recurrence = rules.cut_before(event.recurrence, occurrence)
    event.save(update_fields=["recurrence"])
    bump(event)


@transaction.atomic(savepoint=False)
def change_all(*, event: Event, occurrence: datetime, values: dict[str, Any]) -> Event:
    """Change a whole series; ``start`` and ``end`` are what those of ``occurrence`` shall be, and move the others as far."""
    check_occurrence(event, occurrence)
    before = snapshot(event)
    start, end = values.pop("start", None), values.pop("end", None)
    if start or end:
        start = start or occurrence
        lasts = end - start if end else event.end_of(occurrence) - occurrence
        moved = rules.local(start, event.zone) - rules.local(occurrence, event.zone)
        values["start"] = rules.moment_of(rules.local(event.start, event.zone) + moved, event.zone)
        values["end"] = values["start"] + lasts
    apply_to(event, values)
    event.save()
    follow_up(event=event, before=before)
    return event


def apply_to(event: Event, values: dict[str, Any]) -> None:
    """Set values of an event; without a new end, it lasts as long as it did. Raises ValidationError."""
    if "start" in values and "end" not in values:
        values = {**values, "end": values["start"] + (event.end - event.start)}
    for name, value in values.items():
        setattr(event, name, value)
    event.clean()


@transaction.atomic(savepoint=False)
def cancel(*, event: Event, occurrence: datetime | None = None, following: bool = False) -> Event:
    """Cancel an event; or one ``occurrence`` of it; or that and all ``following``. Locked by the caller."""
    if occurrence is not None:
        check_occurrence(event, occurrence)
    if occurrence is None or not event.recurrence or (following and occurrence == event.start):
        before = snapshot(event)
        event.status = Event.Status.CANCELLED
        event.derive()
        event.save(update_fields=["status", "ends_by", "remind_at", "updated_at", "updated_by"])
        follow_up(event=event, before=before)
    elif following:
        event.changes.filter(occurrence__gte=occurrence).delete()
        end_before(event, occurrence)
        mails.send(mails.UPDATE, event, event.participants.all())
    else:
        change = event.changes.filter(occurrence=occurrence).first() or OccurrenceChange(event=event, occurrence=occurrence)
        change.cancelled = True
        change.save()
        bump(event)
        mails.send(mails.CANCELLATION, event, event.participants.all(), change)
    return event


@transaction.atomic(savepoint=False)
def binned(*, event: Event) -> None:
    """Tell those who are invited to an event that went to the bin that it does not take place."""
    bump(event)
    if not event.is_over and event.status != Event.Status.CANCELLED:
        mails.send(mails.CANCELLATION, event, event.participants.all())


@transaction.atomic(savepoint=False)
def restored(*, event: Event) -> None:
    """Invite again to an event that came back from the bin."""
    bump(event)
    if not event.is_over and event.status != Event.Status.CANCELLED:
        mails.send(mails.INVITATION, event, event.participants.all())


# --- Answers and feeds


@transaction.atomic(savepoint=False)
def respond(*, participant: Participant, response: str) -> None:
    """Note the answer of one who is invited, and tell who made the event. Raises ValidationError where it comes too late."""
    event = participant.event
    if event.deleted_at or event.status == Event.Status.CANCELLED:
        raise ValidationError({"response": ["The event was cancelled."]})
    if event.is_over:
        raise ValidationError({"response": ["The event is over."]})
    if participant.response == response:
        return
    participant.response, participant.responded_at = response, timezone.now()
    participant.save(update_fields=["response", "responded_at", "updated_at", "updated_by"])
    event.save(update_fields=["updated_at", "updated_by"])  # which shows the answer, so it is another version
    if event.created_by:
        notify(to=[event.created_by], kind="answered", record=event, text=f"{participant} answered “{response}”: {event.title}")


@transaction.atomic(savepoint=False)
def give_feed(*, profile: Profile) -> str:
    """A new token for the feed of a person; the one before is dead."""
    token, token_hash = new_token()
    CalendarFeed.objects.filter(profile=profile).delete()
    CalendarFeed.objects.create(profile=profile, token_hash=token_hash)
    return token
