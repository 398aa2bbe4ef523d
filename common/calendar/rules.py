"""Recurrence rules (RFC 5545 RRULE), expanded by dateutil as far as somebody looks.

A rule counts in the local time of a zone, so that what begins at 09:00 in Oslo does so all year. Where a change of the
clocks skips a local time, it takes place as if the clocks had not changed yet; where one comes twice, at the first.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrule, rrulestr
from django.core.exceptions import ValidationError

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MAX_COUNT = MAX_INTERVAL = 1000
#: No series begins before or goes on beyond these.
EARLIEST, LATEST = datetime(1990, 1, 1), datetime(2100, 1, 1)
#: The same moment, where the sun never sets.
LAST = LATEST.replace(tzinfo=UTC)

DAYS = "MO|TU|WE|TH|FR|SA|SU"
NUMBER = r"[+-]?[1-9]\d{0,2}"
MOMENT = r"(\d{8})(?:T(\d{6})(Z?))?"
PARTS = {
    "FREQ": r"[A-Z]+",
    "INTERVAL": r"[1-9]\d{0,3}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": MOMENT,
    "BYDAY": rf"(?:[+-]?[1-9]\d?)?(?:{DAYS})(?:,(?:[+-]?[1-9]\d?)?(?:{DAYS}))*",
    "WKST": DAYS,
    **dict.fromkeys(("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"), f"{NUMBER}(?:,{NUMBER})*"),
}


#: How far the numbers of a part go.
HIGHEST = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYWEEKNO": 53, "BYYEARDAY": 366, "BYSETPOS": 366}


def parts_of(rule: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in rule.split(";"))


def checked(text: str) -> str:
    """A rule as it is stored. Raises ValidationError for one that is malformed, too frequent or without measure."""
    rule = text.strip().upper().removeprefix("RRULE:").rstrip(";")
    parts = parts_of(rule)
    if len(parts) != len(rule.split(";")):
        raise ValidationError("Each part of a rule may stand there once.")
    for name, value in parts.items():
        if name not in PARTS:
            raise ValidationError(f'"{name[:20]}" is not known. Parts of a rule: {", ".join(PARTS)}.')
        if not re.fullmatch(PARTS[name], value):
            raise ValidationError(f"{name} cannot be read.")
        if name in HIGHEST and max(abs(int(number)) for number in value.split(",")) > HIGHEST[name]:
            raise ValidationError(f"{name} goes up to {HIGHEST[name]}.")
    if parts.get("FREQ") not in FREQUENCIES:
        raise ValidationError(f"FREQ must be one of {', '.join(FREQUENCIES)}.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValidationError("COUNT and UNTIL exclude each other.")
    if int(parts.get("COUNT", 1)) > MAX_COUNT or int(parts.get("INTERVAL", 1)) > MAX_INTERVAL:
        raise ValidationError(f"COUNT and INTERVAL go up to {MAX_COUNT}.")
    try:
        expand(rule, datetime(2026, 1, 1), ZoneInfo("UTC"))
    except (ValueError, OverflowError, KeyError) as error:
        raise ValidationError(f"The rule cannot be read: {error}.") from error
    return rule


@cache
def zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def checked_zone(name: str) -> str:
    """Raises ValidationError for what is not an IANA name."""
    if name and name not in zone_names():
        raise ValidationError("Not a time zone. Use an IANA name, such as Europe/Oslo.")
    return name


def until(value: str, zone: ZoneInfo) -> datetime:
    """UNTIL as a local time: a day counts to its end, a time in UTC is translated."""
    match = re.fullmatch(MOMENT, value)
    assert match
    day, clock, is_utc = match.groups()
    if clock is None:
        return datetime.combine(datetime.strptime(day, "%Y%m%d"), time.max)
    moment = datetime.strptime(day + clock, "%Y%m%d%H%M%S")
    return local(moment.replace(tzinfo=UTC), zone) if is_utc else moment


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The clock's time in a zone, without the zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def moment_of(clock: datetime, zone: ZoneInfo) -> datetime:
    """When a zone's clock shows a time, in UTC."""
    return clock.replace(tzinfo=zone, fold=0).astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return moment_of(datetime.combine(day, time.min), zone)


def expand(rule: str, start: datetime, zone: ZoneInfo) -> rrule:
    """The local times of a rule from ``start``, which is local too; those after LATEST are left out."""
    parts = parts_of(rule)
    end = until(parts.pop("UNTIL"), zone) if "UNTIL" in parts else LATEST
    found: Any = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=start)
    return found.replace(until=min(end, LATEST))  # type: ignore[no-any-return]


def occurrences(rule: str, start: datetime, zone: ZoneInfo, *, after: datetime, before: datetime) -> Iterator[datetime]:
    """When a series takes place, in UTC: starts in ``after <= start < before``, found one by one."""
    for clock in expand(rule, local(start, zone), zone).xafter(local(after, zone) - timedelta(days=1), inc=True):
        moment = moment_of(clock, zone)
        if moment >= before:
            return
        if moment >= after:
            yield moment


def takes_place(rule: str, start: datetime, zone: ZoneInfo, moment: datetime) -> bool:
    """Whether ``moment`` is one of a series' starts."""
    return next(occurrences(rule, start, zone, after=moment, before=moment + timedelta(seconds=1)), None) == moment


def last(rule: str, start: datetime, zone: ZoneInfo) -> datetime | None:
    """The last start of a series, or a moment not before it; None where it never ends."""
    parts = parts_of(rule)
    if "UNTIL" in parts:
        return moment_of(min(until(parts["UNTIL"], zone), LATEST), zone)
    if "COUNT" not in parts:
        return None
    clocks = list(expand(rule, local(start, zone), zone))
    return moment_of(clocks[-1], zone) if clocks else start


def next_day(rule: str, first: date, after: date) -> date | None:
    """The first day of a rule that began on ``first`` and comes later than ``after``; None when it is over."""
    found = expand(rule, datetime.combine(first, time.min), ZoneInfo("UTC")).after(datetime.combine(after, time.max))
    return found.date() if found else None


def cut_before(rule: str, moment: datetime) -> str:
    """The rule, but ending before ``moment``."""
    kept = [f"{name}={value}" for name, value in parts_of(rule).items() if name not in ("COUNT", "UNTIL")]
    return ";".join([*kept, f"UNTIL={moment - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"])


def rest_of(rule: str, start: datetime, zone: ZoneInfo, moment: datetime) -> str:
    """The rule for a series that goes on from ``moment``: of a COUNT, what is left of it."""
    parts = parts_of(rule)
    if "COUNT" in parts:
        gone = sum(1 for _ in occurrences(rule, start, zone, after=start, before=moment))
        parts["COUNT"] = str(int(parts["COUNT"]) - gone)
    return ";".join(f"{name}={value}" for name, value in parts.items())


UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
NAMES = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday", "SU": "Sunday"}


def in_words(rule: str) -> str:
    """For people: ``Every 2 weeks on Monday and Friday, 10 times``. Further details of a rule are left out."""
    parts = parts_of(rule)
    number, unit = int(parts.get("INTERVAL", 1)), UNITS[parts["FREQ"]]
    text = f"Every {unit}" if number == 1 else f"Every {number} {unit}s"
    days = parts.get("BYDAY", "").split(",")
    if all(day in NAMES for day in days):
        names = [NAMES[day] for day in days]
        text += f" on {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}"
    if "COUNT" in parts:
        text += f", {parts['COUNT']} times"
    if "UNTIL" in parts:
        text += f", until {until(parts['UNTIL'], ZoneInfo('UTC')):%-d %B %Y}"
    return text
