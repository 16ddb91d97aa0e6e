"""Time while people work: added up, measured, and when it next begins. Pure.

A day is open from `Calendar.opens` to `Calendar.closes` on the wall clock of its zone (``00:00`` closes at
midnight), unless it is a public holiday or one of the company's own closed days. What is counted is the time
that really passes: a night in which clocks are put forward takes nothing away and adds nothing. Instants keep
the zone they came with. Public holidays are those of `holidays`, see docs/adr/0017.

``add(c, add(c, t, a), b) == add(c, t, a + b)`` and ``between(c, t, add(c, t, a)) == a`` hold exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lifecycle.definition import Calendar

NOTHING = timedelta(0)
DAY = timedelta(days=1)
# A company that is closed for so long does not open any more.
LONGEST_CLOSED = 400


class NeverOpen(ValueError):
    """No day of a calendar is a working day: correct its days and hours."""


class UnknownCountry(ValueError):
    """Nobody knows the public holidays of a country by this code: write one of ISO 3166, like JP."""


class Window(NamedTuple):
    """From when to when a day is open, in UTC."""

    opens: datetime
    closes: datetime


def add(calendar: Calendar, at: datetime, work: timedelta) -> datetime:
    """The first instant by which so much working time has passed since `at`; `at` itself for none.

    Raises `ValueError` for less than none, `NeverOpen` for a calendar without working days.
    """
    if work < NOTHING:
        raise ValueError("working time is added, never taken away")
    left = work
    if left:
        for window in _windows(calendar, at):
            found = window.closes - window.opens
            if left <= found:
                return (window.opens + left).astimezone(at.tzinfo)
            left -= found
    return at


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much working time passes from `start` to `end`; below zero where `end` is the earlier one."""
    # In UTC: of two instants in one zone, Python compares what the clock on the wall shows.
    begin, until = start.astimezone(UTC), end.astimezone(UTC)
    if until < begin:
        return -between(calendar, end, start)
    passed = NOTHING
    day, last = _local_day(calendar, begin), _local_day(calendar, until)
    while day <= last:
        window = window_of(calendar, day)
        if window is not None:
            passed += max(min(window.closes, until) - max(window.opens, begin), NOTHING)
        day += DAY
    return passed


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether people work at this instant; a day that closes is closed."""
    window = window_of(calendar, _local_day(calendar, at))
    return window is not None and window.opens <= at < window.closes


def next_opening(calendar: Calendar, at: datetime) -> datetime:
    """When people work next: `at` itself while they do. Raises `NeverOpen`."""
    return next(_windows(calendar, at)).opens.astimezone(at.tzinfo)


def minutes(work: timedelta) -> int:
    """Whole minutes of working time, rounded down."""
    return work // timedelta(minutes=1)


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether anybody works on a day at all."""
    return (
        day.weekday() in calendar.days
        and day not in calendar.closed
        and (calendar.country is None or day not in public_holidays(calendar.country, day.year))
    )


@lru_cache(maxsize=200)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country in a year, those that stand in for one on a Sunday too.

    Raises `UnknownCountry`.
    """
    # Whoever has no clock running does not wait for 250 countries.
    import holidays  # noqa: PLC0415

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError as error:
        raise UnknownCountry(f"the public holidays of {country!r} are not known") from error


@lru_cache(maxsize=5_000)
def window_of(calendar: Calendar, day: date) -> Window | None:
    """From when to when a day is open; None for a day off."""
    if not is_working_day(calendar, day):
        return None
    zone = ZoneInfo(calendar.zone)
    ends = day + DAY if calendar.closes == time(0) else day
    opens = datetime.combine(day, calendar.opens, zone).astimezone(UTC)
    closes = datetime.combine(ends, calendar.closes, zone).astimezone(UTC)
    return Window(opens, closes) if opens < closes else None


def _windows(calendar: Calendar, at: datetime) -> Iterator[Window]:
    """What is open from an instant on: the rest of its day, and the days after that."""
    day, start = _local_day(calendar, at), at.astimezone(UTC)
    closed = 0
    while closed < LONGEST_CLOSED:
        window = window_of(calendar, day)
        if window is None or window.closes <= start:
            closed += 1
        else:
            closed = 0
            yield Window(max(window.opens, start), window.closes)
        day += DAY
    raise NeverOpen(
        f"nobody works for {LONGEST_CLOSED} days on end: correct the days, the hours and the closed "
        "days of the calendar"
    )


def _local_day(calendar: Calendar, at: datetime) -> date:
    return at.astimezone(ZoneInfo(calendar.zone)).date()
