"""Days and spans of days in words: "today", "last month", "in May 2026", "before 2026-12-01", "the next 30 days"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS)
DAY = timedelta(days=1)
DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
OPEN = {"before": "before", "after": "after", "since": "since", "from": "since", "until": "until", "till": "until", "by": "until",
        "through": "until"}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """From ``start`` until before ``end``; either may be open. ``words`` are those that were said."""

    start: date | None
    end: date | None
    words: str

    def day(self) -> date | None:
        """The one day that it is."""
        return self.start if self.start and self.end and self.end - self.start == DAY else None


def month_after(day: date, months: int) -> date:
    """The first of the month ``months`` after that of ``day``."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def unit_of(day: date, unit: str, step: int) -> tuple[date, date]:
    """The week, month, quarter or year with ``day`` in it, or ``step`` of them later."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday()) + timedelta(weeks=step)
        return monday, monday + timedelta(weeks=1)
    length = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = month_after(day, -((day.month - 1) % length) + step * length)
    return first, month_after(first, length)


def of_the_year(make: Callable[[int], tuple[date, date]], year: str | None, today: date, past: bool) -> tuple[date, date]:
    """A part of a year; without one, the latest that began (``past``) or the first that is not over."""
    if year:
        return make(int(year))
    this = make(today.year)
    if past and this[0] > today:
        return make(today.year - 1)
    return make(today.year + 1) if not past and this[1] <= today else this


def whole_month(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    number = [name[:3] for name in MONTHS].index(match["month"][:3].lower()) + 1
    return of_the_year(lambda year: (date(year, number, 1), month_after(date(year, number, 1), 1)), match["year"], today, past)


def one_day(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    number = [name[:3] for name in MONTHS].index(match["month"][:3].lower()) + 1

    def make(year: int) -> tuple[date, date]:
        day = date(year, number, int(match["day"]))
        return day, day + DAY

    return of_the_year(make, match["year"], today, past)


def iso_day(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    day = date.fromisoformat(match[0])
    return day, day + DAY


def named_day(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    day = today + DAYS[match[0].lower()] * DAY
    return day, day + DAY


WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def week_day(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    """ "Friday" is the next one after today, or the last one before; "next Friday" is that of the next week."""
    which, number = (match["which"] or "").lower(), WEEKDAYS.index(match["weekday"].lower())
    if which in ("last", "previous", "past") or (past and not which):
        day = today - ((today.weekday() - number - 1) % 7 + 1) * DAY
    elif which == "next":
        day = unit_of(today, "week", 1)[0] + number * DAY
    else:
        day = today + ((number - today.weekday() - 1) % 7 + 1) * DAY
    return day, day + DAY


def near_unit(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    which = match["which"].lower()
    step = 0 if which in ("this", "the current", "current") else 1 if which in ("next", "coming", "the coming") else -1
    return unit_of(today, match["unit"].lower(), step)


def several_units(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    count, unit = int(match["count"]), match["unit"].lower()
    ahead = match["which"].lower() in ("next", "coming")
    if unit in ("day", "week"):
        length = timedelta(days=count * (7 if unit == "week" else 1))
    else:
        length = timedelta(days=round(count * (30.44 if unit == "month" else 365.25)))
    return (today, today + length + DAY) if ahead else (today - length, today + DAY)


def quarter(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    first = 3 * int(match["quarter"]) - 2
    return of_the_year(lambda year: unit_of(date(year, first, 1), "quarter", 0), match["year"], today, past)


def whole_year(match: re.Match[str], today: date, past: bool) -> tuple[date, date]:
    return date(int(match[0]), 1, 1), date(int(match[0]) + 1, 1, 1)


YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d))?\b"
KNOWN: list[tuple[re.Pattern[str], Callable[[re.Match[str], date, bool], tuple[date, date]]]] = [
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (r"\d{4}-\d\d-\d\d\b", iso_day),
        (r"(?:today|yesterday|tomorrow)\b", named_day),
        (rf"(?:(?P<which>this|next|coming|last|previous|past)\s+)?(?P<weekday>{'|'.join(WEEKDAYS)})\b", week_day),
        (r"(?P<which>this|next|last|previous|past|current|coming)\s+(?P<unit>week|month|quarter|year)\b", near_unit),
        (r"(?P<which>last|past|previous|next|coming)\s+(?P<count>\d{1,3})\s+(?P<unit>day|week|month|year)s?\b", several_units),
        (rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{MONTH})\b{YEAR}", one_day),
        (rf"(?P<month>{MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{YEAR}", one_day),
        (rf"(?P<month>{MONTH})\b{YEAR}", whole_month),
        (rf"q(?P<quarter>[1-4])\b{YEAR}", quarter),
        (r"(?:19|20)\d\d\b(?![-./,]?\d)", whole_year),
    )
]
PREPOSITION = re.compile(
    r"(?:(in|on|during|for|within|over|at|of|before|after|since|from|until|till|by|through)\s+)?(?:the\s+)?", re.I
)
BETWEEN = re.compile(r"(?:between|from)\s+", re.IGNORECASE)
AND = re.compile(r"\s+(?:and|to|until)\s+", re.IGNORECASE)


def take(text: str, today: date, *, past: bool = False) -> tuple[Span, str] | None:
    """The span with which ``text`` begins, and what comes after it. ``past``: a month without a year is over or runs."""
    try:
        return _between(text, today, past) or _one(text, today, past)
    except (ValueError, OverflowError):  # the 31st of February
        return None


def _between(text: str, today: date, past: bool) -> tuple[Span, str] | None:
    start = BETWEEN.match(text)
    first = start and _point(text, start.end(), today, past)
    if not (start and first) or not (link := AND.match(text, first[2])):
        return None
    second = _point(text, link.end(), today, past)
    return second and (Span(first[0], second[1], text[: second[2]]), text[second[2] :])


def _one(text: str, today: date, past: bool) -> tuple[Span, str] | None:
    start = PREPOSITION.match(text)
    word = (start[1] or "").lower() if start else ""
    point = _point(text, start.end() if start else 0, today, past)
    if point is None:
        return None
    first, last, end = point
    side = OPEN.get(word, "")
    if word == "from" and not Span(first, last, "").day():
        side = ""  # "leads from last month"
    span = {"before": (None, first), "after": (last, None), "since": (first, None), "until": (None, last)}.get(
        side, (first, last)
    )
    return Span(*span, text[:end]), text[end:]


def _point(text: str, at: int, today: date, past: bool) -> tuple[date, date, int] | None:
    for pattern, read in KNOWN:
        if match := pattern.match(text, at):
            return *read(match, today, past), match.end()
    return None
