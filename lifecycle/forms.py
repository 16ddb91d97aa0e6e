"""Readers of values that website intent does not know: dates, hours, working time, shares. Pure.

A reader answers the value, or None after noting a fault, as in `intent.forms`.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from intent.forms import many, one_of
from mappings.faults import FaultList
from mappings.source import Node, entries

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
REST = re.compile(r"(-?)([0-9]{1,4}) ?d")
WORKING = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?) ?([dhm])")
COUNTRY = re.compile(r"[A-Z]{2}")
SHARE = re.compile(r"([0-9]{1,4}) ?%")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_REST, MOST_SHARE = 3660, 1000


class Working(NamedTuple):
    """A span of working time; how long a day is, the calendar says."""

    amount: float
    unit: str  # d, h, m

    def minutes(self, opens: time, closes: time) -> int:
        """So many minutes of working days that last from `opens` to `closes`."""
        day = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
        return round(self.amount * {"d": day, "h": 60, "m": 1}[self.unit])


def day(node: Node, faults: FaultList) -> date | None:
    """A date like `2026-04-01`."""
    try:
        return date.fromisoformat(_fitting(DATE, node.text))
    except ValueError:
        _wrong(node, "=a_date", faults)
        return None


def hour(node: Node, faults: FaultList) -> time | None:
    """A time of day like `09:00`."""
    found = HOUR.fullmatch(node.text or "")
    if found is None:
        _wrong(node, "=an_hour", faults)
        return None
    return time(int(found[1]), int(found[2]))


def weekday(node: Node, faults: FaultList) -> int | None:
    """A day of the week, as 0 (Monday) to 6."""
    found = one_of(WEEKDAYS)(node, faults)
    return None if found is None else WEEKDAYS.index(found)


def zone(node: Node, faults: FaultList) -> str | None:
    """A time zone like `Asia/Tokyo`."""
    try:
        return ZoneInfo(node.text or "-").key
    except (OSError, ValueError, KeyError):  # how `zoneinfo` says that there is none of that name
        _wrong(node, "=a_zone", faults)
        return None


def country(node: Node, faults: FaultList) -> str | None:
    """A country by its two letters."""
    if COUNTRY.fullmatch(node.text or "") is None:
        _wrong(node, "=a_country", faults)
        return None
    return node.text


def rest(node: Node, faults: FaultList) -> timedelta | None:
    """How long somebody is left alone, in days; none at all is `0d`."""
    found = REST.fullmatch(node.text or "")
    if found is None:
        _wrong(node, "=whole_days", faults)
        return None
    if found[1] or int(found[2]) > LONGEST_REST:
        faults.add("out_of_range", node.place, node.shown(), least="0d", most=f"{LONGEST_REST}d")
        return None
    return timedelta(days=int(found[2]))


def working(node: Node, faults: FaultList) -> Working | None:
    """A span of working time like `1d`, `4h` or `15m`."""
    found = WORKING.fullmatch(node.text or "")
    if found is None or not float(found[1]):
        _wrong(node, "=a_duration", faults)
        return None
    return Working(float(found[1]), found[2])


def steps(
    who: tuple[str, ...], node: Node, faults: FaultList
) -> tuple[tuple[float, str], ...] | None:
    """`{50%: owner, 100%: [manager, list]}`: at which share of a span who is told, in order."""
    shares = entries(node, None, faults)
    if shares is None:
        return None
    found: list[tuple[float, str]] = []
    good = True
    for name, one in shares.items():
        share = SHARE.fullmatch(name)
        told = many(one_of(who))(one, faults)
        if share is None or not 0 < int(share[1]) <= MOST_SHARE:
            faults.add("wrong_type", one.place, name, expected="=a_share")
            good = False
        elif told is None:
            good = False
        else:
            found += [(int(share[1]) / 100, person) for person in told]
    return tuple(sorted(found)) if good else None


def _fitting(pattern: re.Pattern[str], told: str | None) -> str:
    return told if told is not None and pattern.fullmatch(told) else ""


def _wrong(node: Node, expected: str, faults: FaultList) -> None:
    faults.add("wrong_type", node.place, node.shown(), expected=expected)
