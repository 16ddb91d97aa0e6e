"""What a plan costs in calls and seconds, told before it is carried out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from connector.port import System
from sync import budget
from sync.budget import Facts, Quota
from sync.lanes import Lane

# Records per write call of each vendor (reference sheets: batch 100, collections 200).
PER_WRITE = {System.HUBSPOT: 100, System.SALESFORCE: 200}
# Calls per second that one run manages where nothing holds it up: the vendors' answering times.
CALLS_PER_SECOND = {System.HUBSPOT: 10.0, System.SALESFORCE: 5.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast a lane may go: calls per second now, calls left today, then so many in each day.

    `wait` is the seconds until the next day's calls; `limit` the system's calls of a day.
    """

    per_second: float
    left: int
    per_day: int
    wait: float
    limit: int

    def seconds(self, calls: int) -> float:
        """How long so many calls take, nights of waiting included; infinite if there are never any."""
        if calls <= self.left:
            return calls / self.per_second
        if self.per_day < 1:
            return math.inf
        full_days, rest = divmod(calls - self.left - 1, self.per_day)
        return self.wait + full_days * budget.DAY + (rest + 1) / self.per_second


def speed_of(quota: Quota, facts: Facts, lane: Lane = Lane.RESYNC) -> Speed:
    """What the budget of a system allows a lane at this moment."""
    per_second = CALLS_PER_SECOND[System(quota.system)]
    if facts.burst_limit is not None:
        room = max(1, budget.most(facts.burst_limit, budget.RATE_SHARES[lane]))
        per_second = min(per_second, room / budget.BURST_WINDOW)
    wait = budget.spacing(lane, quota, facts)
    if 0 < wait < math.inf:
        per_second = min(per_second, 1 / wait)
    limit = facts.limit if quota.own_daily is None else min(facts.limit, quota.own_daily)
    return Speed(
        per_second=per_second,
        left=max(0, math.floor(budget.left_for(lane, quota, facts))),
        per_day=budget.most(limit, quota.share(lane)),
        wait=budget.DAY if quota.rolling else budget.seconds_left(quota, facts),
        limit=limit,
    )


def price_of(
    records: Mapping[tuple[System, str], int],
    speeds: Mapping[System, Speed] = MappingProxyType({}),
) -> dict[str, Any]:
    """The contract's `cost`: writes in full batches, a read before and a read after each.

    `records` counts the records to write by (system, object). With the `speeds` of the budgets the
    seconds are those that the budget allows (None: never), and the price names its part of the day.
    """
    return {
        system.value: _price(_writes(system, records), system, speeds.get(system))
        for system in System
    }


def _writes(system: System, records: Mapping[tuple[System, str], int]) -> int:
    return sum(
        math.ceil(count / PER_WRITE[system])
        for (side, _), count in records.items()
        if side is system
    )


def _price(writes: int, system: System, speed: Speed | None) -> dict[str, Any]:
    reads = 2 * writes
    calls = reads + writes
    if speed is None:
        seconds = calls / CALLS_PER_SECOND[system]
        return {"reads": reads, "writes": writes, "seconds": round(seconds, 1)}
    seconds = speed.seconds(calls)
    return {
        "reads": reads,
        "writes": writes,
        "seconds": None if seconds == math.inf else round(seconds, 1),
        "percent_of_day": round(100 * calls / speed.limit, 1),
        "fits_today": calls <= speed.left,
    }
