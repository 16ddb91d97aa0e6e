"""The book of calls: what was used, by which lane, and whether one more call may begin.

`LocalBook` keeps it in this process; `budget_shared.RedisBook` keeps the same book for all processes,
in a script that mirrors this one line by line (one test holds both to the same answers). A book counts
and compares; what a lane's terms are is decided in `budget`. Pure: the clock is handed in.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sync.budget import (
    BURST_WINDOW,
    DAY,
    RATE_MEMORY,
    SEARCH_WINDOW,
    Answer,
    Facts,
    Terms,
    Verdict,
    most,
    no_calls,
)
from sync.lanes import Lane

HOURS = 24
HOUR = 3_600.0
# A clock that was set back by more than this is believed; by less, it is waited for.
STEADY = 10.0
# A rolling day that nobody tells about gives back a little, in steps of so many seconds.
SILENCE = 600.0
# Calls paid within this slot and the one before may not be in the vendor's number yet. Salesforce, whose
# day is rolling, is minutes late (sheet, section 6).
SLOT, ROLLING_SLOT = 30.0, 300.0
# What an answer said of the day may lower our count when it is at most this old (seconds), and what it
# said of the moment counts when it is at most that old.
FRESH_DAY = 25.0
FRESH_BURST = 1.0


class Book(Protocol):
    """Where calls are counted."""

    def ask(self, terms: Terms) -> Answer:
        """Count one call if the terms allow it; either way, answer what is known.

        `new_day`: nothing was done, since the asker's day is not the book's; ask again with the day
        of the answered facts.
        """


@dataclass
class Page:
    """The numbers of a book. Lists of moments have the newest first."""

    limit: int = 0
    burst_limit: int = 0
    used: float = 0.0
    was_told: bool = False
    day: float = 0.0
    hour: int = 0
    heard: float = 0.0
    clock: float = 0.0
    rated: float = 0.0
    others: float = 0.0
    rates: dict[Lane, float] = field(default_factory=no_calls)
    ours: dict[Lane, float] = field(default_factory=no_calls)
    last: dict[Lane, float] = field(default_factory=no_calls)
    by_hour: dict[tuple[int, Lane], float] = field(default_factory=dict)
    slot: int = 0
    paid: float = 0.0
    paid_before: float = 0.0
    calls: list[float] = field(default_factory=list)
    searches: list[float] = field(default_factory=list)


class LocalBook:
    """The book of one process. Thread safe. `clock` answers seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._page: Page | None = None

    def ask(self, terms: Terms) -> Answer:
        with self._lock:
            now = self._steady(self._clock())
            page = self._page or Page(clock=now)
            if not terms.rolling and not terms.day_start <= now < terms.day_end:
                return Answer("new_day", 0.0, _facts(page, terms, now))
            is_new, self._page = self._page is None, page
            if is_new:
                _open(page, terms, now)
            page.clock = now
            _turn(page, terms, now)
            if not is_new:
                _catch_up(page, terms)
            _hear(page, terms, now)
            _rate(page, terms, now)
            verdict, wait = _decide(page, terms, now)
            if verdict == "go":
                _count(page, terms, now)
            return Answer(verdict, wait, _facts(page, terms, now))

    def _steady(self, now: float) -> float:
        """Time that does not run backwards; after a real step back the moments are forgotten."""
        page = self._page
        if page is None or page.clock <= now:
            return now
        if page.clock - now <= STEADY:
            return page.clock
        page.calls, page.searches, page.last = [], [], no_calls()
        page.rated = page.heard = now
        return now


def _open(page: Page, terms: Terms, now: float) -> None:
    """A new book, or one that lost everything: what the asker remembers is a good beginning.

    The calls it missed are part of what is remembered.
    """
    page.day = terms.day_start
    page.hour = int(now // HOUR)
    page.heard = page.rated = now
    known = terms.memory
    if known is not None and (terms.rolling or known.day == terms.day_start):
        page.limit = known.limit
        page.used = known.used
        page.others, page.rates = known.others, dict(known.rates)
        page.ours = dict(known.ours)
        page.by_hour = {(page.hour % HOURS, lane): count for lane, count in known.ours.items()}


def _turn(page: Page, terms: Terms, now: float) -> None:
    """A new day begins at zero; a rolling one lets go of what is older than a day."""
    if not terms.rolling:
        if terms.day_start > page.day:
            page.day, page.used, page.ours, page.last = terms.day_start, 0.0, no_calls(), no_calls()
            page.was_told, page.paid, page.paid_before = False, 0.0, 0.0
        return
    hour = int(now // HOUR)
    for passed in range(max(page.hour + 1, hour - HOURS + 1), hour + 1):
        for lane in Lane:
            page.ours[lane] -= page.by_hour.pop((passed % HOURS, lane), 0.0)
    page.hour = max(page.hour, hour)
    silence = now - page.heard
    if silence >= SILENCE:
        # Our own calls of the day are known: none of those comes back before its time.
        page.used = max(page.used * max(0.0, 1.0 - silence / DAY), sum(page.ours.values()))
        page.heard = now


def _catch_up(page: Page, terms: Terms) -> None:
    """Calls that were made while nobody could write them down here."""
    for lane, count in terms.missed.items():
        page.used += count
        _add(page, lane, count, rolling=terms.rolling)


def _add(page: Page, lane: Lane, count: float, *, rolling: bool) -> None:
    page.ours[lane] += count
    if rolling:
        slot = (page.hour % HOURS, lane)
        page.by_hour[slot] = page.by_hour.get(slot, 0.0) + count


def _hear(page: Page, terms: Terms, now: float) -> None:
    """What the vendor said wins, but for calls that it could not know yet."""
    told = terms.told
    page.limit = told.get("daily_limit", page.limit)
    page.burst_limit = told.get("burst_limit", page.burst_limit)
    used = _told_used(told, page.limit or terms.limit)
    if used is not None:
        _hear_used(page, float(used), fresh=terms.age <= FRESH_DAY, now=now)
    left, limit = told.get("burst_left"), page.burst_limit or terms.burst
    if left is not None and limit is not None and terms.age <= FRESH_BURST:
        strange = limit - left - _within(page.calls, now - BURST_WINDOW)
        if strange > 0:
            page.calls = ([now] * strange + page.calls)[:limit]


def _told_used(told: Mapping[str, int], limit: int) -> int | None:
    if "daily_used" in told:
        return told["daily_used"]
    return limit - told["daily_left"] if "daily_left" in told else None


def _hear_used(page: Page, used: float, *, fresh: bool, now: float) -> None:
    unknown = page.paid + page.paid_before
    if used > page.used:
        if page.was_told:
            page.others += (used - page.used) / RATE_MEMORY
        page.used = used
    elif fresh:
        page.used = min(page.used, used + unknown)
    page.was_told = True
    if fresh:
        page.heard = now


def _rate(page: Page, terms: Terms, now: float) -> None:
    """Older demand counts for less; a call that asks for the first time counts in full."""
    faded = math.exp((page.rated - now) / RATE_MEMORY)
    page.others *= faded
    for lane in Lane:
        page.rates[lane] *= faded
    page.rated = now
    if terms.lane is not None and terms.fresh:
        page.rates[terms.lane] += 1.0 / RATE_MEMORY


def _decide(page: Page, terms: Terms, now: float) -> tuple[Verdict, float]:
    if terms.lane is None:
        return "look", 0.0
    limit, ours = page.limit or terms.limit, sum(page.ours.values())
    for verdict, share in (("exhausted", 1000), ("share", terms.share)):
        own = terms.own
        if page.used + 1 > most(limit, share) or (own is not None and ours + 1 > most(own, share)):
            return ("exhausted" if verdict == "exhausted" else "share"), 0.0
    if terms.spacing > 0:
        wait = page.last[terms.lane] + terms.spacing - now
        if wait > 0:
            return "spaced", wait
    return _moment(page, terms, now)


def _is_over(used: float, ours: float, limit: int, own: int | None, share: int) -> bool:
    """Whether one more call would pass this share of the system's day, or of what we may use of it."""
    return used + 1 > most(limit, share) or (own is not None and ours + 1 > most(own, share))


def _moment(page: Page, terms: Terms, now: float) -> tuple[Verdict, float]:
    """Searches have a limit of their own and are not counted among the calls of ten seconds."""
    if terms.kind == "search" and terms.searches is not None:
        room = max(1, most(terms.searches, terms.rate_share))
        wait = _turn_of(page.searches, room, SEARCH_WINDOW, now)
        return ("search", wait) if wait > 0 else ("go", 0.0)
    limit = page.burst_limit or terms.burst
    if limit is not None:
        room = max(1, most(limit, terms.rate_share))
        wait = _turn_of(page.calls, room, BURST_WINDOW, now)
        return ("burst", wait) if wait > 0 else ("go", 0.0)
    return "go", 0.0


def _turn_of(moments: list[float], room: int, window: float, now: float) -> float:
    """Seconds until fewer than `room` moments lie within the window."""
    return moments[room - 1] + window - now if len(moments) >= room else 0.0


def _within(moments: list[float], since: float) -> int:
    return sum(1 for moment in moments if moment > since)


def _count(page: Page, terms: Terms, now: float) -> None:
    lane = terms.lane
    assert lane is not None  # noqa: S101 - a look never goes
    page.used += 1
    _add(page, lane, 1.0, rolling=terms.rolling)
    page.last[lane] = now
    slot = int(now // (ROLLING_SLOT if terms.rolling else SLOT))
    if slot != page.slot:
        page.paid_before = page.paid if slot == page.slot + 1 else 0.0
        page.slot, page.paid = slot, 0.0
    page.paid += 1
    if terms.kind == "search" and terms.searches is not None:
        page.searches = [now, *page.searches][: terms.searches]
    elif limit := page.burst_limit or terms.burst:
        page.calls = [now, *page.calls][:limit]


def _facts(page: Page, terms: Terms, now: float) -> Facts:
    return Facts(
        now=now,
        limit=page.limit or terms.limit,
        used=page.used,
        ours=dict(page.ours),
        rates=dict(page.rates),
        others=page.others,
        day=page.day,
        burst_limit=page.burst_limit or terms.burst,
        burst_used=_within(page.calls, now - BURST_WINDOW),
    )
