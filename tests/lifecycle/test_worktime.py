"""Time while people work: weekends, holidays, closed days, clocks that are put forward, and its algebra."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.definition import Calendar
from lifecycle.worktime import (
    NeverOpen,
    UnknownCountry,
    add,
    between,
    is_open,
    is_working_day,
    minutes,
    next_opening,
    public_holidays,
)

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JAPAN = Calendar()
AMERICA = Calendar(zone="America/New_York", country="US")
# Works through the night in which clocks are changed, and on every day.
NIGHT = Calendar(
    zone="America/New_York", country=None, days=frozenset(range(7)), opens=time(1), closes=time(4)
)

# The days off that Japan's Cabinet Office (国民の祝日について) names for these years and that fall on a
# weekday or a Sunday, those that stand in for another (振替休日) and the one in between (国民の休日) marked.
SUBSTITUTES = [
    date(2024, 2, 12), date(2024, 5, 6), date(2024, 8, 12), date(2024, 9, 23), date(2024, 11, 4),
    date(2025, 2, 24), date(2025, 5, 6), date(2025, 11, 24),
    date(2026, 5, 6),
    date(2027, 3, 22),
]  # fmt: skip
IN_BETWEEN = date(2026, 9, 22)
HOW_MANY = {2024: 21, 2025: 19, 2026: 18, 2027: 17}


def tokyo(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=TOKYO)


@pytest.mark.parametrize("day", [*SUBSTITUTES, IN_BETWEEN])
def test_a_day_that_stands_in_for_a_holiday_is_one(day: date) -> None:
    """Whichever of the days before it was the Sunday."""
    assert not is_working_day(JAPAN, day)
    assert is_working_day(replace(JAPAN, country=None), day)


@pytest.mark.parametrize(("year", "count"), HOW_MANY.items())
def test_a_year_of_japan_has_so_many_holidays(year: int, count: int) -> None:
    """None is missing, and none too many."""
    assert len(public_holidays("JP", year)) == count


def test_a_new_year_is_a_holiday_and_its_eve_only_where_the_company_says_so() -> None:
    """Many companies are closed from 29 December to 3 January; the law knows the first of January."""
    closed = replace(JAPAN, closed=frozenset({date(2026, 12, 31), date(2027, 1, 4)}))
    assert is_working_day(JAPAN, date(2026, 12, 31))
    assert not is_working_day(JAPAN, date(2027, 1, 1))
    assert add(closed, tokyo(12, 30, 17), 2 * HOUR) == tokyo(1, 5, 10, year=2027)


def test_work_goes_on_where_it_stopped_in_the_evening() -> None:
    """17:30 and an hour is 9:30 on the next day."""
    assert add(JAPAN, tokyo(11, 26, 17, 30), HOUR) == tokyo(11, 27, 9, 30)


def test_a_weekend_and_a_holiday_are_no_time_at_all() -> None:
    """Friday evening before Labour Thanksgiving Day: Monday is a holiday."""
    assert add(JAPAN, tokyo(11, 20, 17), 2 * HOUR) == tokyo(11, 24, 10)
    assert between(JAPAN, tokyo(11, 20, 18), tokyo(11, 24, 9)) == timedelta(0)


def test_golden_week_takes_as_long_as_it_takes() -> None:
    """From 28 April 2026: a working day, a holiday, two working days, and five days off."""
    assert add(JAPAN, tokyo(4, 28, 9), 3 * 9 * HOUR + HOUR) == tokyo(5, 7, 10)


def test_what_begins_at_night_begins_in_the_morning() -> None:
    """A form at two in the night, and one a minute before closing."""
    assert next_opening(JAPAN, tokyo(11, 27, 2)) == tokyo(11, 27, 9)
    assert next_opening(JAPAN, tokyo(11, 27, 18)) == tokyo(11, 30, 9)
    assert next_opening(JAPAN, tokyo(11, 27, 17, 59)) == tokyo(11, 27, 17, 59)
    assert (is_open(JAPAN, tokyo(11, 27, 9)), is_open(JAPAN, tokyo(11, 27, 18))) == (True, False)


def test_the_end_of_a_day_is_still_that_day() -> None:
    """A whole working day from nine is over at six, and not on the next morning."""
    assert add(JAPAN, tokyo(11, 26, 9), 9 * HOUR) == tokyo(11, 26, 18)


def test_an_instant_is_the_same_in_whatever_zone_it_is_said() -> None:
    """A form in New York at 19:00 is Tokyo's next morning at 9:00; the answer keeps the zone."""
    form = datetime(2026, 11, 25, 19, tzinfo=NEW_YORK)
    due = add(JAPAN, form, HOUR)
    assert due == tokyo(11, 26, 10)
    assert due.tzinfo is NEW_YORK
    assert add(AMERICA, form, HOUR) == datetime(2026, 11, 27, 10, tzinfo=NEW_YORK)  # Thanksgiving


def test_a_night_in_which_clocks_change_has_the_hours_that_it_has() -> None:
    """From one to four: two hours in March, four in November, and both are counted as they pass."""
    march = datetime(2026, 3, 8, 1, tzinfo=NEW_YORK)
    november = datetime(2026, 11, 1, 1, tzinfo=NEW_YORK)
    assert between(NIGHT, march, march + DAY / 2) == 2 * HOUR
    assert between(NIGHT, november, november + DAY / 2) == 4 * HOUR
    assert add(NIGHT, march, 3 * HOUR) == datetime(2026, 3, 9, 2, tzinfo=NEW_YORK)


def test_a_day_may_close_at_midnight() -> None:
    """00:00 is the end of the day and not its beginning."""
    late = replace(JAPAN, opens=time(15), closes=time(0))
    assert add(late, tokyo(11, 26, 15), 9 * HOUR) == tokyo(11, 27, 0)
    assert add(late, tokyo(11, 26, 23), 2 * HOUR) == tokyo(11, 27, 16)


@pytest.mark.parametrize(
    "broken", [replace(JAPAN, days=frozenset()), replace(JAPAN, opens=time(18), closes=time(9))]
)
def test_a_calendar_that_never_opens_is_told_instead_of_searched_for_ever(broken: Calendar) -> None:
    """No days, or hours that end before they begin."""
    with pytest.raises(NeverOpen, match="correct"):
        next_opening(broken, tokyo(11, 26))
    assert between(broken, tokyo(11, 26), tokyo(12, 26)) == timedelta(0)


def test_a_country_that_nobody_knows_is_told() -> None:
    """A wrong code would make every holiday a working day."""
    with pytest.raises(UnknownCountry, match="JAPAN"):
        add(replace(JAPAN, country="JAPAN"), tokyo(11, 26), HOUR)


def test_working_time_is_never_taken_away() -> None:
    """Nobody asks when something should have begun."""
    with pytest.raises(ValueError, match="never taken away"):
        add(JAPAN, tokyo(11, 26), -HOUR)


def test_minutes_are_whole_ones() -> None:
    """Of 90 seconds one is over."""
    assert minutes(timedelta(seconds=90)) == 1


# Algebra ------------------------------------------------------------------------------------------

CALENDARS = st.sampled_from(
    [JAPAN, AMERICA, NIGHT, replace(JAPAN, closed=frozenset({date(2026, 11, 26)}), closes=time(0))]
)
INSTANTS = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001 - the zones are drawn
    datetime(2027, 11, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, TOKYO, NEW_YORK]),
)
WORK = st.timedeltas(timedelta(0), timedelta(hours=120))


@given(CALENDARS, INSTANTS, WORK, WORK)
def test_adding_one_after_the_other_is_adding_both(
    calendar: Calendar, at: datetime, one: timedelta, other: timedelta
) -> None:
    """Exactly, over weekends, holidays and changed clocks."""
    assert add(calendar, add(calendar, at, one), other) == add(calendar, at, one + other)


@given(CALENDARS, INSTANTS, WORK)
def test_what_was_added_lies_in_between(calendar: Calendar, at: datetime, work: timedelta) -> None:
    """Measuring is the inverse of adding, both ways round."""
    there = add(calendar, at, work)
    assert between(calendar, at, there) == work
    assert between(calendar, there, at) == -work


@given(CALENDARS, INSTANTS, INSTANTS, WORK)
def test_whoever_begins_later_is_not_done_earlier(
    calendar: Calendar, one: datetime, other: datetime, work: timedelta
) -> None:
    """Adding keeps the order of instants."""
    first, second = sorted((one.astimezone(UTC), other.astimezone(UTC)))
    assert add(calendar, first, work) <= add(calendar, second, work)


@given(CALENDARS, st.tuples(INSTANTS, INSTANTS, INSTANTS))
def test_time_in_between_adds_up(
    calendar: Calendar, instants: tuple[datetime, datetime, datetime]
) -> None:
    """Over any instant on the way; and it is never more than what passes on the wall."""
    first, middle, last = sorted(one.astimezone(UTC) for one in instants)
    whole = between(calendar, first, last)
    assert between(calendar, first, middle) + between(calendar, middle, last) == whole
    assert timedelta(0) <= whole <= last - first


@given(CALENDARS, INSTANTS)
def test_nothing_is_worked_before_the_next_opening(calendar: Calendar, at: datetime) -> None:
    """And somebody works when it comes."""
    opening = next_opening(calendar, at)
    assert is_open(calendar, opening)
    assert opening.astimezone(UTC) >= at.astimezone(UTC)
    assert between(calendar, at, opening) == timedelta(0)
