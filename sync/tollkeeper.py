"""The API budget of one system as an object: what the gateways pay at, and what `status` shows.

It asks the book before each call, on the terms of the lane in force (`lanes.in_lane`), and waits where
waiting is short; otherwise it says when to come again. Where the book is, is the business of `Keeper`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NoReturn
from zoneinfo import available_timezones

from redis import Redis

from connector.errors import SystemBlocked, TryLater
from connector.toll import CallKind
from sync import budget
from sync.budget import Answer, Facts, Quota, Terms
from sync.budget_book import Book, LocalBook
from sync.budget_keeping import Keeper
from sync.budget_shared import RedisBook
from sync.lanes import Lane, lane_in_force
from sync.price import Speed, speed_of

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
SHORTEST_WAIT = 0.005


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
        self._keeper = Keeper(quota, book, clock=clock, ticks=ticks)
        self._sleep, self._dice = sleep, dice

    @property
    def quota(self) -> Quota:
        """The system's limits as they were set."""
        return self._quota

    @property
    def is_alone(self) -> bool:
        """Whether Redis is away and this process keeps a book of its own."""
        return self._keeper.is_alone

    def in_zone(self, zone: str) -> None:
        """The account's time zone was learned: its day ends at midnight there.

        A name that nobody knows changes nothing; then the headers tell of the new day.
        """
        if not self._quota.rolling and zone in available_timezones():
            self._quota = self._keeper.quota = replace(self._quota, zone=zone)

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

        return self._keeper.ask(terms)

    def _refuse(self, answer: Answer, lane: Lane) -> NoReturn:
        quota, facts = self._quota, answer.facts
        after = budget.comes_back(lane, quota, facts)
        if answer.verdict == "exhausted":
            raise SystemBlocked(
                f"the API calls of the day are used up ({facts.used:.0f} of {facts.limit}, "
                f"{facts.our_calls:.0f} of them ours)",
                system=quota.system,
                cause="quota",
                advice="wait until the day's calls come back, or raise the limit there or in "
                "KAKEHASHI_BUDGET__...",
                until=after,
            )
        raise TryLater(
            f"{quota.system}: lane {lane} has used its share of the day's API calls",
            system=quota.system,
            after=after,
        )

    # Hearing and showing ------------------------------------------------------------------------

    def told(self, limits: Mapping[str, int]) -> None:
        """What an answer said. It goes to the book with the next call, or now if all is used up."""
        self._keeper.told(limits)

    def facts(self) -> Facts:
        """What the book knows now."""
        return self._keeper.ask(self._look).facts

    def _look(self, facts: Facts, alone: bool) -> Terms:
        return budget.look(self._quota, facts)

    def speed(self, lane: Lane = Lane.RESYNC) -> Speed:
        """How fast a lane may go now, for the price of a plan."""
        facts = budget.today(self._quota, self.facts())
        return speed_of(self._quota, facts, lane)

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
            "shared": self._keeper.is_shared,
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
