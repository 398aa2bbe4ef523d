"""Arithmetic of working time: over weekends, holidays and changes of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.business_hours import ALWAYS, Calendar, NeverOpen, after, working_time

OSLO = ZoneInfo("Europe/Oslo")
NINE_TO_FIVE = (((9 * 60, 17 * 60),),) * 5 + ((), ())
OFFICE = Calendar(OSLO, NINE_TO_FIVE)
HOUR = timedelta(hours=1)


def oslo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=OSLO)  # type: ignore[misc, arg-type]


def test_a_friday_afternoon_goes_on_on_monday() -> None:
    assert after(OFFICE, oslo(2026, 5, 8, 16), 2 * HOUR) == oslo(2026, 5, 11, 10)
    assert working_time(OFFICE, oslo(2026, 5, 8, 16), oslo(2026, 5, 11, 10)) == 2 * HOUR


def test_a_night_counts_from_the_morning() -> None:
    assert after(OFFICE, oslo(2026, 5, 5, 22), HOUR) == oslo(2026, 5, 6, 10)
    assert working_time(OFFICE, oslo(2026, 5, 5, 22), oslo(2026, 5, 6, 8)) == timedelta()


def test_holidays_are_left_out() -> None:
    calendar = Calendar(OSLO, NINE_TO_FIVE, frozenset({date(2026, 12, 24), date(2026, 12, 25)}))
    assert after(calendar, oslo(2026, 12, 23, 16), 2 * HOUR) == oslo(2026, 12, 28, 10)  # Thursday and Friday, then a weekend


def test_a_day_in_two_parts_has_a_break() -> None:
    calendar = Calendar(OSLO, (((9 * 60, 12 * 60), (13 * 60, 17 * 60)),) * 7)
    assert after(calendar, oslo(2026, 5, 5, 11), 2 * HOUR) == oslo(2026, 5, 5, 14)


def test_an_hour_that_the_clocks_skip_is_no_working_time() -> None:
    calendar = Calendar(OSLO, (((0, 24 * 60),),) * 7)
    assert working_time(calendar, oslo(2026, 3, 29), oslo(2026, 3, 30)) == 23 * HOUR
    assert after(calendar, oslo(2026, 3, 29, 1), 2 * HOUR) == oslo(2026, 3, 29, 4)
    night = Calendar(OSLO, (((2 * 60 + 30, 5 * 60),),) * 7)  # 02:30 does not exist on that day: work begins at 03:00
    assert working_time(night, oslo(2026, 3, 29), oslo(2026, 3, 30)) == 2 * HOUR


def test_an_hour_that_comes_twice_counts_twice() -> None:
    calendar = Calendar(OSLO, (((0, 24 * 60),),) * 7)
    assert working_time(calendar, oslo(2026, 10, 25), oslo(2026, 10, 26)) == 25 * HOUR
    assert after(calendar, oslo(2026, 10, 25, 1), 4 * HOUR) == oslo(2026, 10, 25, 4)


def test_the_wall_clock_decides_on_both_sides_of_a_change() -> None:
    friday, monday = oslo(2026, 10, 23, 16), oslo(2026, 10, 26, 10)
    assert after(OFFICE, friday, 2 * HOUR) == monday
    assert friday.utcoffset() != monday.utcoffset()


def test_who_never_works_promises_nothing() -> None:
    with pytest.raises(NeverOpen):
        after(Calendar(OSLO, ((),) * 7), oslo(2026, 5, 5), HOUR)


spans = (
    st.lists(st.integers(0, 24 * 60), max_size=4, unique=True)
    .map(sorted)
    .map(lambda edges: tuple(zip(edges[::2], edges[1::2], strict=False)))
)
calendars = st.builds(
    Calendar,
    st.sampled_from(
        [ZoneInfo(name) for name in ("UTC", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")]
    ),
    st.tuples(*[spans] * 6, st.just(((8 * 60, 18 * 60),))),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
)
starts = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
durations = st.integers(0, 30_000).map(lambda minutes: timedelta(minutes=minutes))


@given(calendars, starts, durations)
def test_what_has_passed_by_a_deadline_is_what_was_given(calendar: Calendar, start: datetime, duration: timedelta) -> None:
    deadline = after(calendar, start, duration)
    assert working_time(calendar, start, deadline) == duration
    assert duration == timedelta() or working_time(calendar, start, deadline - timedelta(seconds=1)) < duration


@given(calendars, starts, durations, durations)
def test_two_durations_are_one_after_the_other(calendar: Calendar, start: datetime, one: timedelta, two: timedelta) -> None:
    assert after(calendar, after(calendar, start, one), two) == after(calendar, start, one + two)


@given(calendars, starts, durations, durations)
def test_time_adds_up(calendar: Calendar, start: datetime, one: timedelta, two: timedelta) -> None:
    middle, end = start + one, start + one + two
    assert working_time(calendar, start, middle) + working_time(calendar, middle, end) == working_time(calendar, start, end)
    assert working_time(ALWAYS, start, end) == one + two
    assert working_time(calendar, end, start) == timedelta()
