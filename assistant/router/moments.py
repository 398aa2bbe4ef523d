"""Moments in words: "tomorrow at 10", "at 3 pm on Friday", "2026-12-01 9:30"."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from . import dates

CLOCK = re.compile(
    r"(?:at\s+)?(?:(?P<noon>noon)|(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?\s*(?P<half>[ap]\.?m\b\.?)?)"
    r"(?:\s*o'?clock|\s*h\b)?(?=\s|,|$)",
    re.I,
)
#: Something that says that a number is a time.
TOLD = re.compile(r"at\s|.*(?:[:.]\d\d|[ap]\.?m|o'?clock|noon|\dh)", re.I)
LASTS = re.compile(
    r"\s+for\s+(?:(?P<count>\d{1,3})|(?P<half>half an?)|(?P<one>an?|one))\s+(?P<unit>min(?:ute)?s?|hours?|h)$", re.I
)


def clock(text: str) -> tuple[time, str] | None:
    """The time of day with which ``text`` begins, and what comes after it."""
    match = CLOCK.match(text)
    if not match or not TOLD.match(match[0]):
        return None
    hour = 12 if match["noon"] else int(match["hour"])
    if half := (match["half"] or "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return time(hour, int(match["minute"] or 0)), text[match.end() :]


def moment(text: str, today: date, zone: Any) -> datetime | date | None:
    """What ``text`` is, as a whole: a moment, or a day where no time is said. None where it is neither."""
    text = text.strip()
    first = clock(text)
    taken = dates.take(first[1].strip(" ,") if first else text, today)
    if not taken or not (day := taken[0].day()):
        return None
    rest = taken[1].strip(" ,")
    last = None if first else clock(rest)
    if (last[1] if last else rest).strip(" ,"):
        return None
    found = first or last
    return datetime.combine(day, found[0], zone) if found else day


def ending(text: str, today: date, zone: Any) -> tuple[str, datetime | date | None]:
    """ "Hanna tomorrow at 10" -> ("Hanna", that moment): the longest end of a text that is one."""
    for space in re.finditer(r"\s+", text):
        if found := moment(text[space.end() :], today, zone):
            return text[: space.start()].rstrip(" ,"), found
    return text, None


def lasting(text: str) -> tuple[str, int | None]:
    """ "… for half an hour" -> ("…", 30)"""
    match = LASTS.search(text)
    if not match:
        return text, None
    minutes = 60 if match["unit"].lower().startswith("h") else 1
    count = int(match["count"] or 1) * minutes
    return text[: match.start()], count // 2 if match["half"] else count


def told(start: str, zone: Any, *, day: bool = True) -> str:
    """ "Mon 2026-12-07, 10:00" """
    local = datetime.fromisoformat(start).astimezone(zone)
    return f"{local:%a %Y-%m-%d, %H:%M}" if day else f"{local:%H:%M}"


def bounds(span: dates.Span, today: date) -> dict[str, str]:
    """A span as the parameters of an agenda."""
    first = span.start or today
    last = span.end or first + timedelta(days=31)
    return {"from": first.isoformat(), "to": last.isoformat()}
