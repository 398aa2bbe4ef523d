"""What tasks, events and plans share: whose they are on a calendar, and reminders that go out once."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from common.people.models import Profile
from common.tenancy import all_orgs

#: Later than this, nobody is reminded any more: of a record that lay in the bin, say.
TOO_LATE = timedelta(days=1)
AT_ONCE = 100


class Scheduled(models.Model):
    """Mixin of records with a time. ``remind_at`` is when somebody has to be reminded next, None when there is no more."""

    remind_at = models.DateTimeField(null=True, blank=True, editable=False)

    hidden_columns: tuple[str, ...] = ("remind_at",)

    class Meta:
        abstract = True

    def next_reminder(self, after: datetime) -> datetime | None:
        """The first moment later than ``after`` at which to remind."""
        raise NotImplementedError

    def reminder_text(self, moment: datetime) -> str:
        """What a reminder that is due at ``moment`` says."""
        raise NotImplementedError

    @classmethod
    def for_feed(cls, since: datetime) -> Any:
        """The rows that a calendar feed shows as they are, from a moment on; None where it shows them in a way of its own."""
        return None

    def feed_times(self) -> tuple[Any, Any]:
        """From when until when a calendar feed shows it: moments, or days of which the last does not count."""
        raise NotImplementedError

    @classmethod
    def attended(cls) -> Any:
        """Rows that say who takes part, with the columns of profile and record; None where nobody does."""
        return None

    @classmethod
    def holders(cls) -> Iterator[tuple[Any, str, str]]:
        """Querysets of who has which record on their calendar, with the names of the columns (profile, record).

        Who it is assigned to; who takes part; or who made it, where it is assigned to nobody.
        """
        model: Any = cls
        assigned, record = model.assigned_to.through._default_manager.all(), f"{model._meta.model_name}_id"
        yield assigned, "profile_id", record
        if part := cls.attended():
            yield part
        unassigned = ~Exists(assigned.filter(**{record: OuterRef("pk")}))
        yield model.objects.order_by().filter(unassigned), "created_by_id", "id"

    @classmethod
    def ids_held_by(cls, profiles: Iterable[UUID]) -> Any:
        """A subquery: the ids of the records on the calendars of people."""
        ids = list(profiles)
        first, *others = [rows.filter(**{f"{who}__in": ids}).values(record) for rows, who, record in cls.holders()]
        return first.union(*others, all=True)

    @classmethod
    def held_by(cls, profiles: Iterable[UUID], records: Iterable[UUID]) -> Any:
        """Pairs ``(profile id, record id)``: which of ``records`` is on whose calendar, in one statement."""
        people, ids = list(profiles), list(records)
        found = [rows.filter(**{f"{who}__in": people, f"{record}__in": ids}) for rows, who, record in cls.holders()]
        first, *others = [rows.values_list(who, record) for rows, (_, who, record) in zip(found, cls.holders(), strict=True)]
        return first.union(*others)

    def people(self) -> list[Profile]:
        """Who has this on their calendar."""
        first, *others = [rows.filter(**{record: self.pk}).values_list(who) for rows, who, record in self.holders()]
        ids = [pk for (pk,) in first.union(*others) if pk]
        return list(Profile.objects.filter(pk__in=ids, is_active=True).select_related("user"))


def orgs_to_remind(model: Any) -> list[UUID]:
    """The orgs in which somebody has to be reminded now."""
    with all_orgs():  # the platform's own work: one question for all orgs instead of one for each
        return list(model.objects.filter(remind_at__lte=timezone.now()).order_by().values_list("org_id", flat=True).distinct())


def send_reminders(model: Any) -> int:
    """Send what is due in the org of the scope. Returns how many reminders went out.

    A row is claimed, its people are told and its next reminder is set in one transaction: a worker that dies has told
    nobody, and two that run at once tell everybody once.
    """
    count = 0
    while claimed := remind_some(model):
        count += claimed
    return count


@transaction.atomic
def remind_some(model: Any) -> int:
    from common.notifications.services import notify

    now = timezone.now()
    due = model.objects.select_for_update(of=("self",), skip_locked=True).filter(remind_at__lte=now)
    rows = list(due.order_by("remind_at")[:AT_ONCE])
    for row in rows:
        if row.remind_at > now - TOO_LATE:
            notify(to=row.people(), kind="due", record=row, text=row.reminder_text(row.remind_at))
        model.objects.filter(pk=row.pk).update(remind_at=row.next_reminder(now))
    return len(rows)
