"""Mails to those who are invited, each with the event as an .ics that calendar programs take in."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import Http404

from common.calendar import rules
from common.people.mail import queue_mail
from common.tenancy.scope import current_org_id, current_profile_id

from .ics import calendar_of, changed, series_of
from .models import Event, Occurrence, OccurrenceChange, Participant

INVITATION, UPDATE, CANCELLATION = "Invitation", "Updated", "Cancelled"
SIGNER = Signer(sep=".", salt="events.reply")


def reply_link(participant: Participant) -> str:
    """The page on which one who is invited answers. Signed, so that a later mail can carry the same address."""
    token = SIGNER.sign(f"{current_org_id().hex}{participant.pk.hex}")
    return f"{settings.DOMAIN_NAME}/meeting/{token}/"


def read_token(token: str) -> tuple[UUID, UUID]:
    """Org and participant of a reply's address. Raises Http404."""
    try:
        ids = SIGNER.unsign(token)
        return UUID(ids[:32]), UUID(ids[32:])
    except (BadSignature, ValueError) as error:
        raise Http404 from error


def send(kind: str, event: Event, to: Iterable[Participant], change: OccurrenceChange | None = None) -> None:
    """Mail about an event, or about one occurrence of it, to those of ``to`` who have an address and did not do it themselves."""
    people = [person for person in to if person.email and (not person.profile_id or person.profile_id != current_profile_id())]
    if not people:
        return
    everybody = list(event.participants.all())
    components = [changed(event, change, everybody)] if change else series_of(event, everybody)
    if kind == CANCELLATION:
        for component in components:
            component["status"] = "CANCELLED"
    content = calendar_of(components, method="CANCEL" if kind == CANCELLATION else "REQUEST")
    about = Occurrence(event, event.start, event.start, event.end)
    if change:
        start = change.start or change.occurrence
        about = Occurrence(event, change.occurrence, start, change.end or event.end_of(start), change)
    for person in people:
        queue_mail(
            person.email,
            "event",
            calendar=content,
            kind=kind,
            event=event,
            organizer=event.created_by,
            title=about.get("title"),
            location=about.get("location"),
            description=about.get("description"),
            when=when(event, about.start, about.end),
            repeats="" if change or not event.recurrence else rules.in_words(event.recurrence),
            link=reply_link(person),
        )


def when(event: Event, start: datetime, end: datetime) -> str:
    """For people: ``Tuesday, 1 December 2026, 09:00–10:00 (Europe/Oslo)``."""
    begins, ends = rules.local(start, event.zone), rules.local(end, event.zone)
    day = "%A, %-d %B %Y"
    if event.all_day:
        days = (ends.date() - begins.date()).days
        return f"{begins:{day}}" if days <= 1 else f"{begins:{day}}, {days} days"
    if begins.date() == ends.date():
        return f"{begins:{day}, %H:%M}–{ends:%H:%M} ({event.zone.key})"
    return f"{begins:{day}, %H:%M} – {ends:{day}, %H:%M} ({event.zone.key})"
