"""Telling people: in the app at once, and by mail as each of them wishes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.people.mail import queue_mail
from common.people.models import Org, Profile
from common.records.models import BaseRecord
from common.tenancy.scope import current_profile_id

from .models import Kind, Mail, Notification, NotificationSettings

#: When the daily mail goes, where the organization is.
DIGEST_AT = time(8)
#: More lines than this a mail does not have.
MAX_LINES = 50


@dataclass(frozen=True)
class News:
    """Something to tell people of. ``source`` is the line of the activity stream it comes from, told of once only."""

    to: tuple[UUID, ...]
    kind: str
    record: BaseRecord
    text: str
    by: UUID | None = None
    source: UUID | None = None


def notify(*, to: Iterable[Profile], kind: str, record: BaseRecord, text: str) -> None:
    """Tell people of something about a record: ``kind`` is assigned, mentioned, due, breached or answered.

    Not told are who causes it (the person of the scope), who is no active member, and who may not see the record.
    """
    told = tuple(person.pk for person in to)
    tell([News(told, Kind(kind), record, text, by=current_profile_id())])


@transaction.atomic
def tell(news: Iterable[News]) -> None:
    """Make notifications of news. A person gets one mail at most, however much there is to tell at once."""
    news = list(news)
    people = {person.pk: person for person in members({pk for entry in news for pk in entry.to})}
    wishes = chosen_by(people)
    made = [
        Notification(
            recipient=people[pk],
            kind=entry.kind,
            record_type=str(entry.record._meta.model_name),
            record_id=entry.record.pk,
            text=shortened(entry.text),
            in_digest=wishes[pk][entry.kind] == Mail.DAILY,
            source=entry.source,
            created_by_id=entry.by,
        )
        for entry in news
        for pk in dict.fromkeys(entry.to)
        if pk in people and pk != entry.by and may_see(people[pk], entry.record)
    ]
    known = {row.pk for row in Notification.objects.bulk_create(made, ignore_conflicts=True)}
    stored = set(Notification.objects.filter(pk__in=known).values_list("pk", flat=True))
    for pk, person in people.items():
        of_person = [row for row in made if row.pk in stored and row.recipient_id == pk]
        if lines := [row for row in of_person if wishes[pk][row.kind] == Mail.AT_ONCE]:
            mail(person, "notification", lines)


def members(ids: set[UUID]) -> Any:
    """Those of the profiles ``ids`` that are active."""
    return Profile.objects.filter(pk__in=ids, is_active=True, user__is_active=True).select_related("role", "user")


def chosen_by(people: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """What each person wishes to get by mail."""
    stored = dict(NotificationSettings.objects.filter(profile__in=list(people)).values_list("profile", "mail"))
    return {pk: NotificationSettings.chosen(stored.get(pk)) for pk in people}


def may_see(person: Profile, record: BaseRecord) -> bool:
    if record.deleted_at is not None:
        return False
    return type(record).objects.visible_to(person).filter(pk=record.pk).exists()


def shortened(text: str, longest: int = 300) -> str:
    text = " ".join(text.replace("\x00", "").split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def mail(person: Profile, template: str, lines: list[Notification]) -> None:
    """Mail notifications to a person whose address is known to be theirs."""
    if person.user.email_verified_at is None:
        return
    first = lines[0].text if len(lines) == 1 else f"{len(lines)} notifications"
    queue_mail(
        person.user.email,
        template,
        person=person,
        lines=lines[:MAX_LINES],
        more=max(0, len(lines) - MAX_LINES),
        first=first,
        link=f"{settings.DOMAIN_NAME}/app/",
    )


# --- The daily mail


def digest_moment(org: Org, now: datetime) -> datetime:
    """When the last daily mail of an organization was to go: eight in the morning there, today or yesterday."""
    local = now.astimezone(ZoneInfo(org.timezone))
    today = local.replace(hour=DIGEST_AT.hour, minute=0, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)


def send_digests(org: Org, now: datetime | None = None) -> int:
    """Mail to each person of the org, in one mail, what had waited for the daily one. Returns how many mails.

    What came after that moment waits for the next day's: run it as often as one likes.
    """
    until = digest_moment(org, now or timezone.now())
    waiting = Notification.objects.filter(in_digest=True, created_at__lt=until).order_by()
    return sum(send_digest(pk, until) for pk in waiting.values_list("recipient", flat=True).distinct())


@transaction.atomic
def send_digest(profile_id: UUID, until: datetime) -> bool:
    """The daily mail of one person. Who locks the profile sends it; the mail is stored as its lines are taken."""
    locked = Profile.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=profile_id).first()
    if locked is None:
        return False
    waiting = Notification.objects.filter(recipient=profile_id, in_digest=True, created_at__lt=until).order_by("-id")
    lines = [row for row in waiting if row.read_at is None]
    waiting.update(in_digest=False)
    person = members({profile_id}).first()
    if person is None or not lines:
        return False
    mail(person, "digest", lines)
    return True
