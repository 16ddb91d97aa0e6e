"""The policy of the API budget: who may call now, who slows down, who stops. Pure.

A system gives so many calls per day, and so many per moment. Each lane has a ceiling in both: a share
of the limit beyond which it makes no call, whoever used up the rest. So the last calls of the day
belong to consent and hand-offs, and lower lanes can never bring a system to its hard limit. Before a
lane reaches its ceiling it slows down: if the forecast says that its calls will not last, they are
spaced out evenly over the rest of the day. Consent and hand-offs are never spaced.

Times are seconds since 1970, rates are calls per second. Limits: HubSpot sheet, section 5.1;
Salesforce sheet, section 6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from connector.toll import CallKind
from sync.lanes import URGENT, Lane

DAY = 86_400.0
# The memory of the call rates: after this many seconds a call weighs e times less.
RATE_MEMORY = 3_600.0
# A rolling day never resets: its forecast looks this far ahead.
ROLLING_HORIZON = 6 * 3_600.0
# A lane is spaced out once it wants more than this part of what is left for it ...
SLOW_FROM = 0.9
# ... and keeps this part of it, however much the lanes above want.
KEPT = 0.1
BURST_WINDOW = 10.0
SEARCH_WINDOW = 1.0

# Thousandths of the calls of a moment (burst, searches) that a lane may take. The lower ones leave
# room, so that an urgent call finds a place at once.
RATE_SHARES: Mapping[Lane, int] = MappingProxyType(
    {
        Lane.CONSENT: 1000,
        Lane.HANDOFF: 1000,
        Lane.LIVE: 950,
        Lane.RESYNC: 900,
        Lane.BACKFILL: 700,
    }
)
# Percent of what the reserve leaves, by lane.
BELOW_RESERVE: Mapping[Lane, int] = MappingProxyType(
    {Lane.LIVE: 100, Lane.RESYNC: 80, Lane.BACKFILL: 60}
)

HUBSPOT_DAILY = MappingProxyType(
    {"free": 250_000, "starter": 250_000, "professional": 625_000, "enterprise": 1_000_000}
)
HUBSPOT_BURST = MappingProxyType(
    {"free": 100, "starter": 100, "professional": 190, "enterprise": 190}
)
HUBSPOT_OAUTH_BURST = 110
HUBSPOT_SEARCHES = 5
# Until the first header: a Developer Edition's, the smallest there is.
SALESFORCE_DAILY = 15_000

Verdict = Literal["go", "look", "new_day", "burst", "search", "spaced", "share", "exhausted"]
BudgetState = Literal["ok", "slowing", "lane_stopped", "exhausted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What one system allows, before its headers tell more.

    `daily`: calls a day, of everybody. `own_daily`: how many of them we may use (None: as many as
    there are). `burst`: calls in any ten seconds, `searches`: in any second; None: no such limit.
    `zone`: the day ends at midnight there; None: it is a rolling one. `reserve`: percent of the day
    kept for consent and hand-offs.
    """

    system: str
    daily: int
    own_daily: int | None = None
    burst: int | None = None
    searches: int | None = None
    zone: str | None = None
    reserve: int = 15

    @property
    def rolling(self) -> bool:
        """Whether the day is the last 24 hours, instead of ending at a midnight."""
        return self.zone is None

    def share(self, lane: Lane) -> int:
        """Thousandths of the day's calls up to which a lane may go on."""
        if lane in URGENT:
            return 1000
        return (100 - self.reserve) * BELOW_RESERVE[lane] // 10


def hubspot_quota(
    tier: str, zone: str, *, oauth: bool = False, own_daily: int | None = None, reserve: int = 15
) -> Quota:
    """A private app's limits by `tier`, or those of an OAuth app; `zone` is the account's."""
    return Quota(
        system="hubspot",
        daily=HUBSPOT_DAILY[tier],
        own_daily=own_daily,
        burst=HUBSPOT_OAUTH_BURST if oauth else HUBSPOT_BURST[tier],
        searches=HUBSPOT_SEARCHES,
        zone=zone,
        reserve=reserve,
    )


def salesforce_quota(*, own_daily: int | None = None, reserve: int = 15) -> Quota:
    """A rolling day whose size the first answer tells; no limit on calls per moment."""
    return Quota(system="salesforce", daily=SALESFORCE_DAILY, own_daily=own_daily, reserve=reserve)


def no_calls() -> dict[Lane, float]:
    """Zero for every lane."""
    return dict.fromkeys(Lane, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a book knows at `now`.

    `limit` and `used` are the system's own numbers as far as told: other people's calls are in them.
    `ours` are our calls of the day by lane, `rates` what each lane wants, `others` what other people
    take. `burst_limit` is None where there is none. `day` is when the day began (0: rolling).
    """

    now: float
    limit: int
    used: float
    ours: Mapping[Lane, float] = field(default_factory=no_calls)
    rates: Mapping[Lane, float] = field(default_factory=no_calls)
    others: float = 0.0
    day: float = 0.0
    burst_limit: int | None = None
    burst_used: int = 0

    @property
    def our_calls(self) -> float:
        """All lanes together."""
        return sum(self.ours.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a book is asked: one call of `lane`, on these terms. No `lane`: only the facts.

    Shares are thousandths. `day_start` and `day_end` bound the day that the asker believes in; they
    mean nothing where the day is `rolling`. `fresh` is False when the same call asks again after a
    wait. `told` is what the vendor's last answer said, `age` seconds ago. `memory` is what the asker
    last knew, for a book that lost everything; `missed` are calls made while the book could not be
    reached.
    """

    limit: int
    own: int | None
    rolling: bool
    lane: Lane | None = None
    kind: CallKind = "read"
    fresh: bool = True
    share: int = 1000
    rate_share: int = 1000
    burst: int | None = None
    searches: int | None = None
    spacing: float = 0.0
    day_start: float = 0.0
    day_end: float = 0.0
    told: Mapping[str, int] = field(default_factory=dict)
    age: float = 0.0
    memory: Facts | None = None
    missed: Mapping[Lane, float] = field(default_factory=no_calls)


@dataclass(frozen=True, slots=True)
class Answer:
    """`go` is the only verdict that counts a call. `wait`: seconds until asking again makes sense."""

    verdict: Verdict
    wait: float
    facts: Facts


def day_of(now: float, zone: str | None) -> tuple[float, float]:
    """The day that `now` is in, from midnight to midnight in `zone`; (0, 0) for a rolling one."""
    if zone is None:
        return 0.0, 0.0
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    # The wall clock's next midnight, which is 23 or 25 hours away twice a year.
    return midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()


def most(limit: int, share: int) -> int:
    """How many of `limit` a share of so many thousandths is."""
    return limit * share // 1000


def left_for(lane: Lane, quota: Quota, facts: Facts) -> float:
    """Calls of the day that a lane may still make; negative once it is past its ceiling."""
    share = quota.share(lane)
    left = most(facts.limit, share) - facts.used
    if quota.own_daily is None:
        return left
    return min(left, most(quota.own_daily, share) - facts.our_calls)


def seconds_left(quota: Quota, facts: Facts) -> float:
    """How long what is left has to last."""
    if quota.rolling:
        return ROLLING_HORIZON
    return max(1.0, day_of(facts.now, quota.zone)[1] - facts.now)


def forecast(quota: Quota, facts: Facts) -> float:
    """Calls used up when the day ends, if everybody goes on as in the last hour."""
    rate = sum(facts.rates.values()) + facts.others
    return facts.used + rate * seconds_left(quota, facts)


def spacing(lane: Lane, quota: Quota, facts: Facts) -> float:
    """Seconds between two calls of a lane; 0 while its calls will last. Infinite: none are left.

    The lanes above and other people are served first; a lane keeps a tenth of what is left for it
    whatever they want, since a lane that stands still looks broken.
    """
    if lane in URGENT:
        return 0.0
    left = left_for(lane, quota, facts)
    if left < 1.0:
        return math.inf
    seconds = seconds_left(quota, facts)
    above = sum(rate for other, rate in facts.rates.items() if other.urgency < lane.urgency)
    spare = max(left - (above + facts.others) * seconds, left * KEPT)
    wanted = facts.rates[lane] * seconds
    return seconds / spare if wanted > spare * SLOW_FROM else 0.0


def is_exhausted(quota: Quota, facts: Facts) -> bool:
    """Whether not even an urgent call is left."""
    return left_for(Lane.CONSENT, quota, facts) < 1.0


def comes_back(lane: Lane, quota: Quota, facts: Facts) -> float:
    """Seconds until a lane that is past its ceiling should ask again.

    A rolling day gives back what was used a day ago, nobody knows how evenly: ask within the hour.
    """
    if not quota.rolling:
        return seconds_left(quota, facts)
    over = 1.0 - left_for(lane, quota, facts)
    return min(3_600.0, max(600.0, DAY * over / max(facts.used, facts.our_calls, 1.0)))


def state_of(quota: Quota, facts: Facts) -> BudgetState:
    """The budget in one word, the worst first."""
    if is_exhausted(quota, facts):
        return "exhausted"
    waits = [spacing(lane, quota, facts) for lane in Lane]
    if math.inf in waits:
        return "lane_stopped"
    return "slowing" if any(waits) else "ok"


def today(quota: Quota, facts: Facts) -> Facts:
    """The same facts, without the calls of a day that is over."""
    start, _ = day_of(facts.now, quota.zone)
    return facts if facts.day >= start else replace(facts, used=0.0, ours=no_calls(), day=start)


def look(quota: Quota, facts: Facts) -> Terms:
    """The terms of looking without calling."""
    start, end = day_of(facts.now, quota.zone)
    return Terms(
        limit=quota.daily,
        own=quota.own_daily,
        rolling=quota.rolling,
        burst=quota.burst,
        searches=quota.searches,
        day_start=start,
        day_end=end,
    )


def terms_for(
    quota: Quota, facts: Facts, lane: Lane, kind: CallKind, *, alone: bool = False
) -> Terms:
    """The terms of one call of `lane`.

    `alone` halves the calls of a moment: without the shared book each process knows only its own.
    """
    wait = spacing(lane, quota, facts)
    rate_share = RATE_SHARES[lane]
    return replace(
        look(quota, facts),
        lane=lane,
        kind=kind,
        share=quota.share(lane),
        rate_share=rate_share // 2 if alone else rate_share,
        # The book itself knows best when a lane has come to its ceiling.
        spacing=0.0 if wait == math.inf else wait,
    )
