"""Working time: how much of it lies between two moments, and when so much of it will have passed.

Pure arithmetic over an organization's opening hours, in its time zone, without its holidays. Moments are aware; what they
come to is in UTC. An hour that a clock change skips is no working time, one that it repeats counts twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60
#: Opening hours of one day: (from, to) in minutes after midnight, in order and apart from each other.
Spans = tuple[tuple[int, int], ...]
MINUTE = timedelta(minutes=1)
#: Further ahead than this nobody looks: who is open on one day a year still has ten of them.
HORIZON = timedelta(days=3660)


class NeverOpen(ValueError):
    """There is no working time ahead."""


@dataclass(frozen=True)
class Calendar:
    """``week``: the opening hours of Monday to Sunday."""

    zone: ZoneInfo
    week: tuple[Spans, ...]
    holidays: frozenset[date] = frozenset()

    def opening(self, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time between two moments, in order."""
        start, until = start.astimezone(UTC), until.astimezone(UTC)  # arithmetic in a zone would be by the wall clock
        day, last = start.astimezone(self.zone).date(), until.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in () if day in self.holidays else self.week[day.weekday()]:
                begin, end = max(self.moment(day, opens), start), min(self.moment(day, closes), until)
                if begin < end:
                    yield begin, end
            day += timedelta(days=1)

    def moment(self, day: date, minutes: int) -> datetime:
        """A time of the wall clock; the first that exists, where a clock change skips it."""
        wall = datetime.combine(day, time()) + minutes * MINUTE
        while True:
            moment = wall.replace(tzinfo=self.zone).astimezone(UTC)
            if moment.astimezone(self.zone).replace(tzinfo=None) == wall:
                return moment
            wall += MINUTE


ALWAYS = Calendar(ZoneInfo("UTC"), (((0, DAY),),) * 7)


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments; none where ``end`` is not later."""
    return sum((until - since for since, until in calendar.opening(start, end)), timedelta())


def after(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """The first moment at which ``duration`` of working time has passed since ``start``.

    Raises NeverOpen where that is not within ten years.
    """
    if duration <= timedelta():
        return start
    for since, until in calendar.opening(start, start + HORIZON):
        if until - since >= duration:
            return since + duration
        duration -= until - since
    raise NeverOpen
