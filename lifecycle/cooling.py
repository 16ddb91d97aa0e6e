"""When somebody who was sent back may be looked at again. Pure.

Until then only a raised hand brings anybody back. A date that a person chose counts before any rule; then
the end of a contract elsewhere, the time frame that somebody named, the next budget period, and at last the
days of the reason. Source: domain sheet, section 2.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from lifecycle.definition import Reason

# The nearest month of each time frame of the gate. Those who want to buy sooner, or cannot say, go by days.
MONTHS_OF: Final[Mapping[str, int]] = {"3_6m": 3, "6_12m": 6, "gt_12m": 12}


class Told(NamedTuple):
    """What is known of when to look again: a day that a person chose, a contract's end, a time frame."""

    review: date | None = None
    renewal: date | None = None
    timeframe: str | None = None


def cool_until(reason: Reason, at: datetime, zone: str, told: Told) -> datetime | None:
    """When the cool-off of a reason ends that begins at `at`; never before it, in UTC.

    Days begin at midnight in `zone`. None: it does not end by itself.
    """
    day = day_named(reason, at, zone, told)
    if day is not None:
        return until_day(day, at, zone)
    return None if reason.cool_off is None else (at + reason.cool_off).astimezone(UTC)


def until_day(day: date, at: datetime, zone: str) -> datetime:
    """When a rest that began at `at` ends with a day that is named, in UTC."""
    return max(at, _midnight(day, zone)).astimezone(UTC)


def day_in(zone: str, at: datetime) -> date:
    """The day that an instant falls on, there."""
    return at.astimezone(ZoneInfo(zone)).date()


def is_past(day: date, zone: str, at: datetime) -> bool:
    """Whether a day was over everywhere when it was named: west of the business it may be yesterday yet."""
    return day < day_in(zone, at) - timedelta(days=1)


def day_named(reason: Reason, at: datetime, zone: str, told: Told) -> date | None:
    """The day for looking again, where something names one; None: it goes by a length of time."""
    today = day_in(zone, at)
    if told.review is not None:
        return told.review
    if reason.before_renewal is not None and told.renewal is not None:
        return told.renewal - reason.before_renewal
    months = MONTHS_OF.get(told.timeframe or "")
    if reason.by_timeframe and months is not None:
        return months_later(today, months)
    return next_period(today, reason.months) if reason.months else None


def next_period(today: date, months: tuple[int, ...]) -> date:
    """The first day of the next of these months (1-12) that begins after today."""
    starts = [date(today.year + more, month, 1) for more in (0, 1) for month in months]
    return min(start for start in starts if start > today)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), after - timedelta(days=1))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone))
