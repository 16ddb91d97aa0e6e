"""The API budget of one system as an object: what the gateways pay at, and what `status` shows.

It asks the book before each call, on the terms of the lane in force, and waits where waiting is short.
While Redis cannot be reached it keeps a book of its own with half the calls per moment, and goes back
as soon as Redis answers; the calls made meanwhile are added, and the vendor's headers correct the rest.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NoReturn
from zoneinfo import available_timezones

import structlog
from redis import Redis
from redis.exceptions import RedisError

from connector.errors import SystemBlocked, TryLater
from connector.toll import CallKind
from sync import budget
from sync.budget import Answer, Facts, Quota, Terms, no_calls
from sync.budget_book import Book, LocalBook
from sync.budget_shared import RedisBook
from sync.lanes import Lane, lane_in_force
from sync.price import Speed, speed_of

log = structlog.get_logger()

# Seconds that a call of a lane waits at most before it is put off.
PATIENCE: Mapping[Lane, float] = MappingProxyType(
    {
        Lane.CONSENT: 30.0,
        Lane.HANDOFF: 30.0,
        Lane.LIVE: 10.0,
        Lane.RESYNC: 60.0,
        Lane.BACKFILL: 60.0,
    }
)
# Seconds until a Redis that did not answer is asked again.
REDIS_AGAIN = 1.0
SHORTEST_WAIT = 0.005
# A day may turn between two askings, and once more if clocks disagree.
DAY_TRIES = 4

Terming = Callable[[Facts, bool], Terms]


class Budget:
    """A `Toll` for the calls of one system, in the lane in force. Safe to share between threads.

    `clock` answers seconds since 1970 and serves only while Redis is away.
    """

    def __init__(
        self,
        quota: Quota,
        book: Book,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        ticks: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._quota = quota
        self._book = book
        self._clock, self._sleep, self._ticks, self._dice = clock, sleep, ticks, dice
        self._lock = threading.Lock()
        self._facts = Facts(now=0.0, limit=quota.daily, used=0.0)
        self._told: dict[str, int] = {}
        self._told_at = 0.0
        self._missed = no_calls()
        self._spare: LocalBook | None = None
        self._down_until = 0.0

    @property
    def quota(self) -> Quota:
        """The system's limits as they were set."""
        return self._quota

    @property
    def is_alone(self) -> bool:
        """Whether Redis is away and this process keeps a book of its own."""
        return self._spare is not None

    def in_zone(self, zone: str) -> None:
        """The account's time zone was learned: its day ends at midnight there.

        A name that nobody knows changes nothing; then the headers tell of the new day.
        """
        if not self._quota.rolling and zone in available_timezones():
            self._quota = replace(self._quota, zone=zone)

    # Paying -------------------------------------------------------------------------------------

    def pay(self, kind: CallKind) -> None:
        """Return when the call may be sent. Raises `TryLater` or `SystemBlocked` (quota)."""
        lane, waited, fresh = lane_in_force(), 0.0, True
        while True:
            answer = self._ask_for(lane, kind, fresh=fresh)
            if answer.verdict == "go":
                return
            if answer.verdict in {"exhausted", "share"}:
                self._refuse(answer, lane)
            wait = max(SHORTEST_WAIT, answer.wait * (1.0 + self._dice() / 20.0))
            if waited + wait > PATIENCE[lane]:
                raise TryLater(
                    f"{self._quota.system}: calls of lane {lane} are {_why(answer)}",
                    system=self._quota.system,
                    after=wait,
                )
            self._sleep(wait)
            waited, fresh = waited + wait, False

    def _ask_for(self, lane: Lane, kind: CallKind, *, fresh: bool) -> Answer:
        def terms(facts: Facts, alone: bool) -> Terms:
            asked = budget.terms_for(self._quota, facts, lane, kind, alone=alone)
            return replace(asked, fresh=fresh)

        return self._ask(terms)

    def _refuse(self, answer: Answer, lane: Lane) -> NoReturn:
        quota, facts = self._quota, answer.facts
        after = budget.comes_back(lane, quota, facts)
        if answer.verdict == "exhausted":
            raise SystemBlocked(
                f"the API calls of the day are used up ({facts.used:.0f} of {facts.limit})",
                system=quota.system,
                cause="quota",
                advice="wait until the day's calls come back, or raise the limit",
                until=after,
            )
        raise TryLater(
            f"{quota.system}: lane {lane} has used its share of the day's API calls",
            system=quota.system,
            after=after,
        )

    # Hearing ------------------------------------------------------------------------------------

    def told(self, limits: Mapping[str, int]) -> None:
        """Remember what an answer said; it goes to the book with the next call, or now if all is used up."""
        if not limits:
            return
        with self._lock:
            for name, other in (("daily_used", "daily_left"), ("daily_left", "daily_used")):
                if name in limits:
                    self._told.pop(other, None)
            # The burst is of this moment only: not every answer tells it.
            self._told.pop("burst_left", None)
            self._told.update(limits)
            self._told_at = self._ticks()
            limit = self._told.get("daily_limit", self._facts.limit)
            is_over = self._told.get("daily_used", 0) >= limit or self._told.get("daily_left") == 0
        if is_over:
            self.facts()

    def facts(self) -> Facts:
        """What the book knows now."""
        return self._ask(self._look).facts

    def _look(self, facts: Facts, alone: bool) -> Terms:
        return budget.look(self._quota, facts)

    # The book -----------------------------------------------------------------------------------

    def _ask(self, terms: Terming) -> Answer:
        """Ask for the day that the book lives in; the first time, look before any terms are made."""
        if not self._facts.now:
            self._facts = self._of_some_book(self._look).facts
        for _ in range(DAY_TRIES):
            answer = self._of_some_book(terms)
            self._facts = answer.facts
            if answer.verdict != "new_day":
                return answer
        raise TryLater("the clocks of the API budget disagree", system=self._quota.system)

    def _of_some_book(self, terms: Terming) -> Answer:
        if self._may_try():
            try:
                answer = self._hand_in(self._book, terms, alone=False)
            except RedisError as error:
                self._leave(error)
            else:
                if answer.verdict != "new_day":
                    self._return()
                return answer
        return self._hand_in(self._own_book(), terms, alone=True)

    def _may_try(self) -> bool:
        """Whether to ask the shared book: while it is down, one thread does so now and then."""
        with self._lock:
            if self._spare is None:
                return True
            now = self._ticks()
            if now < self._down_until:
                return False
            self._down_until = now + REDIS_AGAIN
            return True

    def _own_book(self) -> LocalBook:
        with self._lock:
            if self._spare is None:
                self._spare = LocalBook(self._clock)
            return self._spare

    def _leave(self, error: RedisError) -> None:
        with self._lock:
            self._down_until = self._ticks() + REDIS_AGAIN
        if not self.is_alone:
            # The text of the error may hold an address with its password.
            log.warning("budget.alone", system=self._quota.system, error=type(error).__name__)
        self._own_book()

    def _return(self) -> None:
        if self.is_alone:
            log.info("budget.shared_again", system=self._quota.system)
        with self._lock:
            self._spare = None

    def _hand_in(self, book: Book, terms: Terming, *, alone: bool) -> Answer:
        """One question, with all that the book has not heard yet; what it did not take is kept."""
        with self._lock:
            told, self._told = self._told, {}
            age = self._ticks() - self._told_at
            missed = no_calls()
            if not alone:
                missed, self._missed = self._missed, missed
        facts = budget.today(self._quota, self._facts)
        asked = replace(terms(facts, alone), told=told, age=age, missed=missed, memory=facts)
        answer: Answer | None = None
        try:
            answer = book.ask(asked)
        finally:
            if answer is None or answer.verdict == "new_day":
                self._keep(told, missed)
        if alone and answer.verdict == "go" and asked.lane is not None:
            with self._lock:
                self._missed[asked.lane] += 1
        return answer

    def _keep(self, told: Mapping[str, int], missed: Mapping[Lane, float]) -> None:
        with self._lock:
            self._told = {**told, **self._told}
            for lane, count in missed.items():
                self._missed[lane] += count

    def speed(self, lane: Lane = Lane.RESYNC) -> Speed:
        """How fast a lane may go now, for the price of a plan."""
        facts = budget.today(self._quota, self.facts())
        return speed_of(self._quota, facts, lane)

    # Showing ------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The budget as JSON values, for `status` and the metrics."""
        quota, facts = self._quota, budget.today(self._quota, self.facts())
        spaces = {lane: budget.spacing(lane, quota, facts) for lane in Lane}
        limit = facts.limit if quota.own_daily is None else min(facts.limit, quota.own_daily)
        return {
            "limit": limit,
            "used": round(facts.used),
            "used_by_us": round(facts.our_calls),
            "used_by_lane": {lane.value: round(count) for lane, count in facts.ours.items()},
            "vendor_limit": facts.limit,
            "reserve": limit - budget.most(limit, quota.share(Lane.LIVE)),
            "forecast": round(budget.forecast(quota, facts)),
            "resets_at": _resets_at(quota, facts),
            "burst": {"limit": facts.burst_limit, "used": facts.burst_used},
            "state": budget.state_of(quota, facts),
            "spaced": {
                lane.value: round(wait, 2) for lane, wait in spaces.items() if wait < math.inf
            },
            "stopped": [lane.value for lane, wait in spaces.items() if wait == math.inf],
            "shared": isinstance(self._book, RedisBook) and not self.is_alone,
        }


def shared_budget(redis: Redis, quota: Quota, *, prefix: str = "kakehashi") -> Budget:
    """The budget of all processes that use this Redis. `budget_shared.impatient` makes a fit client."""
    return Budget(quota, RedisBook(redis, quota.system, prefix=prefix))


def local_budget(quota: Quota) -> Budget:
    """The budget of this process alone, for commands that run without Redis."""
    return Budget(quota, LocalBook(time.time))


def _why(answer: Answer) -> str:
    if answer.verdict == "spaced":
        return "spaced out over the rest of the day"
    return "waiting for their turn"


def _resets_at(quota: Quota, facts: Facts) -> str | None:
    """When the day ends; None for a rolling one."""
    if quota.rolling:
        return None
    _, end = budget.day_of(facts.now, quota.zone)
    return datetime.fromtimestamp(end, UTC).isoformat().replace("+00:00", "Z")
