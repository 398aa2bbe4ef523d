"""Entries of a calendar between two moments: from single rows and from series, in one order, a page at a time."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from common.api.pages import DEFAULT_LIMIT, MAX_LIMIT, link, whole_number
from common.api.parameters import whole

from .rules import EARLIEST, LATEST, midnight
from .zones import today_in

LONGEST_RANGE, USUAL_RANGE = timedelta(days=366), timedelta(days=31)
#: What a place in the order is: start, kind, id.
Key = tuple[datetime, str, UUID]

RANGE = [
    OpenApiParameter("from", description="A time, or a day: its midnight where the organization is. Without it, today"),
    OpenApiParameter(
        "to", description="A time or a day, 366 days later at most; what begins then is left out. Without it, in 31 days"
    ),
]
RANGE_PAGE = [
    *RANGE,
    whole("limit", "Entries of a page", 1, MAX_LIMIT, default=DEFAULT_LIMIT),
    OpenApiParameter("cursor", description="The place to go on from: follow `next`"),
]


def moment_in(raw: str, zone: ZoneInfo) -> datetime | None:
    """A time or a day, as a moment in UTC; None for anything else."""
    raw = raw.replace(" ", "+")  # a plus that nobody has escaped
    try:
        moment, day = parse_datetime(raw), parse_date(raw)
    except ValueError:
        return None
    if day and EARLIEST.year <= day.year < LATEST.year:
        return midnight(day, zone)
    if moment and EARLIEST.year <= moment.year < LATEST.year:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def range_of(request: Request, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What ``from`` and ``to`` say. Raises ValidationError."""
    given = request.query_params
    after = moment_in(given["from"], zone) if "from" in given else midnight(today_in(zone), zone)
    before = moment_in(given["to"], zone) if "to" in given else after and after + USUAL_RANGE
    if after is None or before is None:
        raise ValidationError({"from" if after is None else "to": ["Expected a time such as 2026-12-01T09:00:00Z, or a day."]})
    if not timedelta() < before - after <= LONGEST_RANGE:
        raise ValidationError({"to": ["Has to be later than `from`, by 366 days at most."]})
    return after, before


@dataclass(frozen=True)
class Page:
    """Which entries are wanted: at most ``limit`` of those that come after ``last``."""

    limit: int
    last: Key | None = None

    @classmethod
    def of(cls, request: Request) -> "Page":
        limit = min(whole_number(request, "limit", DEFAULT_LIMIT, 1, 2**31), MAX_LIMIT)
        cursor = request.query_params.get("cursor")
        return cls(limit, decoded(cursor) if cursor else None)

    def after(self, kind: str, start: str = "start") -> Q:
        """Rows of a kind that come later, by the column ``start``."""
        if self.last is None:
            return Q()
        moment, last_kind, pk = self.last
        same = Q(**{start: moment}) & (Q(pk__gt=pk) if kind == last_kind else Q())
        return Q(**{f"{start}__gt": moment}) | same if kind >= last_kind else Q(**{f"{start}__gt": moment})

    def cut(self, request: Request, *sources: Iterable[tuple[Key, dict[str, Any]]]) -> dict[str, Any]:
        """The envelope of the page, of sources that are each in order and are read no further than needed."""
        entries: Iterator[tuple[Key, dict[str, Any]]] = merge(*sources, key=lambda entry: entry[0])
        if self.last is not None:
            last = self.last
            entries = (entry for entry in entries if entry[0] > last)
        found = list(islice(entries, self.limit + 1))
        more, found = len(found) > self.limit, found[: self.limit]
        following = link(request, cursor=encoded(found[-1][0])) if more else None
        return {"next": following, "previous": None, "results": [entry for _, entry in found]}


def encoded(key: Key) -> str:
    raw = orjson.dumps([key[0].isoformat(), key[1], str(key[2])])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(cursor: str) -> Key:
    try:
        start, kind, pk = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(start)
        if not isinstance(kind, str) or not EARLIEST.year < moment.year < LATEST.year:
            raise ValueError(kind)
        return moment.astimezone(UTC), kind, UUID(pk)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValidationError({"cursor": ["Not a cursor of this list. Start again without it."]}) from error
