"""Notifications made from the activity stream, whichever way a change came: who was assigned, who was mentioned."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from common.activity.models import TELLING, Activity
from common.people.models import Profile
from common.records.models import RECORD_MODELS, BaseRecord, Comment
from common.tenancy import all_orgs, org_scope

from .models import Kind, StreamPosition
from .services import News, tell

READER = "notifications"
CHUNK = 1000
#: More records than this, assigned to one person in one go, are told of in one line.
SINGLY = 5


def read_stream() -> int:
    """Tell of what changed since the last time. Returns how many lines were read.

    Only transactions that are older than every running one are read, so none comes late. A line that is read again after
    a crash tells nobody twice: ``Notification.source`` is unique.
    """
    count = 0
    while rows := unread_lines():
        for org_id, lines in groupby(sorted(rows, key=attrgetter("org_id")), key=attrgetter("org_id")):
            with org_scope(org_id, source="system"):
                tell(news_of(list(lines)))
        StreamPosition.objects.filter(reader=READER).update(xid=rows[-1].xid, last=rows[-1].pk)
        count += len(rows)
    return count


def unread_lines() -> list[Activity]:
    with all_orgs(), connection.cursor() as cursor:  # one index serves all orgs: asking each would cost a thousand questions
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        running = cursor.fetchone()[0]
        position, _ = StreamPosition.objects.get_or_create(reader=READER, defaults={"xid": running})
        if position.xid > running:  # the database was copied to a server that counts anew
            StreamPosition.objects.filter(reader=READER).update(xid=running, last=UUID(int=0))
            return []
        beyond = Q(xid=position.xid, pk__gt=position.last) | Q(xid__gt=position.xid)
        rows = Activity.objects.filter(TELLING, beyond, xid__gte=position.xid, xid__lt=running)
        return list(rows.order_by("xid", "id")[:CHUNK])


def news_of(lines: list[Activity]) -> list[News]:
    """What lines of one org's stream, in its scope, have to tell."""
    ids = {row.actor_id for row in lines if row.actor_id}
    names = dict(Profile.objects.filter(pk__in=ids).values_list("pk", "user__name"))
    mentions = [row for row in lines if row.record_type == "comment"]
    return [*assigned(lines, names), *(mentioned(mentions, names) if mentions else [])]


def assigned(lines: Iterable[Activity], names: dict[UUID, str]) -> Iterator[News]:
    groups: dict[Any, list[Activity]] = defaultdict(list)
    for row in lines:
        if after := row.changes.get("assigned_to", [None, None])[1]:
            groups[row.xid, row.record_type, row.actor_id, UUID(after)].append(row)
    records = records_of(row for rows in groups.values() for row in rows)
    for (_, record_type, actor_id, person), rows in groups.items():
        there = [row for row in rows if row.record_id in records]
        who, kind = names.get(actor_id), RECORD_MODELS[record_type]._meta
        if len(there) > SINGLY:
            text = passive(who, f"{len(there)} {kind.verbose_name_plural}", "assigned", "to you", plural=True)
            yield News((person,), Kind.ASSIGNED, records[there[0].record_id], text, actor_id, there[0].pk)
            continue
        for row in there:
            record = records[row.record_id]
            text = passive(who, f"the {kind.verbose_name} “{record}”", "assigned", "to you")
            yield News((person,), Kind.ASSIGNED, record, text, actor_id, row.pk)


def passive(who: str | None, what: str, verb: str, rest: str, *, plural: bool = False) -> str:
    if who:
        return f"{who} {verb} {what} {rest}"
    return f"{what[0].upper()}{what[1:]} {'were' if plural else 'was'} {verb} {rest}"


def records_of(lines: Iterable[Activity]) -> dict[UUID, BaseRecord]:
    """The records that lines are about, but for those in the bin."""
    ids: dict[str, set[UUID]] = defaultdict(set)
    for row in lines:
        ids[row.record_type].add(row.record_id)
    return {
        record.pk: record
        for record_type, wanted in ids.items()
        if record_type in RECORD_MODELS
        for record in RECORD_MODELS[record_type].objects.filter(pk__in=wanted)
    }


def mentioned(lines: list[Activity], names: dict[UUID, str]) -> Iterator[News]:
    """Comments whose text has come to name somebody: ``@Ada Lovelace``."""
    texts = {row.pk: row.changes.get("comment", [None, None]) for row in lines if row.action != "purge"}
    if not any("@" in (after or "") for _, after in texts.values()):
        return
    people = members_by_name()
    pattern = pattern_of(people)
    clients = set(Profile.objects.filter(role__is_system=True, role__name="client").values_list("pk", flat=True))
    comments = Comment.objects.in_bulk([row.record_id for row in lines])
    for row in lines:
        before, after = texts.get(row.pk, [None, None])
        comment = comments.get(row.record_id)
        called = names_in(pattern, after) - names_in(pattern, before)
        if comment is None or comment.record is None or not called:
            continue
        record = comment.record
        who = names.get(row.actor_id) or "Somebody"  # type: ignore[arg-type]
        text = f"{who} mentioned you on the {record._meta.verbose_name} “{record}”: {after}"
        named = (pk for name in sorted(called) for pk in people[name])
        told = tuple(pk for pk in named if not (comment.is_internal and pk in clients))
        yield News(told, Kind.MENTIONED, record, text, row.actor_id, row.pk)


def members_by_name() -> dict[str, list[UUID]]:
    """The active members of the org, by their names in small letters."""
    people: dict[str, list[UUID]] = defaultdict(list)
    rows = Profile.objects.filter(is_active=True, user__is_active=True).exclude(user__name="")
    for pk, name in rows.values_list("pk", "user__name"):
        people[name.casefold()].append(pk)
    return people


def pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    """Finds ``@`` and a name, the longest that fits: "@Ada Lovelace" is not "@Ada". An e-mail address is none."""
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"(?<!\w)@({'|'.join(longest_first)})(?!\w)")


def names_in(pattern: re.Pattern[str], text: str | None) -> set[str]:
    return set(pattern.findall(text.casefold())) if text else set()
