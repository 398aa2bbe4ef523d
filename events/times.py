"""The times of an event, as they have to be."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from common.calendar import rules

#: No event lasts longer, so that those of a range are found by their start.
LONGEST = timedelta(days=366)


def arrange(event: Any) -> None:
    """Check the times of an event and set what follows from them. Raises ValidationError.

    One that lasts all day begins and ends at midnight. A series begins on its own rule.
    """
    try:
        rules.checked_zone(event.timezone)
    except ValidationError as error:
        raise ValidationError({"timezone": error.messages}) from error
    try:
        event.recurrence = rules.checked(event.recurrence) if event.recurrence.strip() else ""
    except ValidationError as error:
        raise ValidationError({"recurrence": error.messages}) from error
    check_span(event.start, event.end)
    if event.all_day:
        event.start, event.end = whole_days(event)
    if event.recurrence:
        check_series(event)
    event.derive()


def whole_days(event: Any) -> tuple[datetime, datetime]:
    first, last = rules.local(event.start, event.zone).date(), rules.local(event.end, event.zone)
    end = last.date() if last == datetime.combine(last.date(), datetime.min.time()) else last.date() + timedelta(days=1)
    return rules.midnight(first, event.zone), rules.midnight(end, event.zone)


def check_span(start: datetime, end: datetime) -> None:
    if end <= start:
        raise ValidationError({"end": ["An event ends after it starts."]})
    if end - start > LONGEST:
        raise ValidationError({"end": ["An event lasts 366 days at most."]})
    if not rules.EARLIEST.year < start.year < rules.LATEST.year - 1:
        raise ValidationError({"start": [f"From {rules.EARLIEST.year + 1} to {rules.LATEST.year - 2}."]})


def check_series(event: Any) -> None:
    first = next(event.starts(event.start, event.start + timedelta(days=3660)), None)
    if first is None:
        raise ValidationError({"recurrence": ["By this rule it never takes place."]})
    if first != event.start:
        raise ValidationError({"start": [f"Not on the rule. The first day that is: {rules.local(first, event.zone):%Y-%m-%d}."]})
