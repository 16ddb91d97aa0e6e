"""The budget object: it waits, puts off, refuses, outlives its Redis, and shows what it knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from connector.errors import SystemBlocked, TryLater
from connector.toll import CallKind, Toll
from sync.budget import Quota, day_of, hubspot_quota, salesforce_quota
from sync.budget_book import LocalBook
from sync.budget_shared import RedisBook, impatient
from sync.lanes import URGENT, Lane, in_lane
from sync.tollkeeper import PATIENCE, Budget, local_budget, shared_budget
from tests.machine.redis import RedisServer, running_redis

NOON = 1_763_953_200.0  # 2025-11-24 12:00 in Tokyo
PROFESSIONAL = hubspot_quota("professional", "Asia/Tokyo")


class Time:
    """Time that tests and the budget's own pauses move. `slept` is what the pauses were."""

    def __init__(self) -> None:
        self.now = NOON
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def keeper(quota: Quota, time: Time, redis: Redis | None = None) -> Budget:
    book = LocalBook(time) if redis is None else RedisBook(redis, quota.system, clock=time)
    return Budget(quota, book, clock=time, sleep=time.sleep, ticks=time, dice=lambda: 0.0)


def paid(toll: Toll, lane: Lane, calls: int, kind: CallKind = "read") -> int:
    """How many of so many calls were let through before one was put off or refused."""
    with in_lane(lane):
        for done in range(calls):
            try:
                toll.pay(kind)
            except (TryLater, SystemBlocked):
                return done
    return calls


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of this test's own, to be flushed and killed."""
    with running_redis() as running:
        yield running


# Waiting -----------------------------------------------------------------------------------------


def test_a_full_burst_is_waited_out() -> None:
    """The call after the last of the burst goes when the first leaves the window."""
    time = Time()
    assert paid(keeper(PROFESSIONAL, time), Lane.CONSENT, 191) == 191
    assert time.slept == [pytest.approx(10.0)]


def test_urgent_calls_find_room_where_others_wait() -> None:
    """With the burst of all lower lanes used up, consent does not wait."""
    time = Time()
    toll = keeper(PROFESSIONAL, time)
    assert paid(toll, Lane.LIVE, 180) == 180
    assert paid(toll, Lane.CONSENT, 10) == 10
    assert time.slept == []


def test_a_day_that_will_not_last_is_slept_through_in_small_portions() -> None:
    """A hungry lane's calls come evenly, and never stop before the day ends."""
    time, quota = Time(), replace(PROFESSIONAL, daily=10_000)
    toll = keeper(quota, time)
    done = paid(toll, Lane.RESYNC, 10_000)
    assert time.now >= NOON + 12 * 3_600 - 60, "it was put off before midnight"
    assert done >= 6_800 * 0.9, "what was left for it was used"


def test_a_long_wait_is_put_off_instead() -> None:
    """A live call waits ten seconds at most; then it is told when to come again."""
    time, quota = Time(), replace(PROFESSIONAL, daily=1_000)
    toll = keeper(quota, time)
    with in_lane(Lane.LIVE), pytest.raises(TryLater) as put_off:
        for _ in range(900):
            toll.pay("read")
    assert sum(time.slept) <= PATIENCE[Lane.LIVE]
    assert 10 < put_off.value.after < 1_000
    assert toll.snapshot()["state"] == "slowing"


# Stopping ----------------------------------------------------------------------------------------


def test_lower_lanes_stop_and_urgent_ones_go_on() -> None:
    """A lane at its ceiling is put off until the reset; the reserve serves the urgent ones."""
    time, toll = Time(), keeper(PROFESSIONAL, Time())
    toll.told({"daily_limit": 1_000, "daily_used": 850})
    with in_lane(Lane.LIVE), pytest.raises(TryLater) as put_off:
        toll.pay("write")
    assert put_off.value.after == pytest.approx(12 * 3_600)
    assert paid(toll, Lane.HANDOFF, 200) == 150
    assert toll.snapshot()["used_by_lane"] == {
        "consent": 0,
        "handoff": 150,
        "live": 0,
        "resync": 0,
        "backfill": 0,
    }
    assert time.slept == []


def test_at_the_hard_limit_everybody_is_told_how_long() -> None:
    """A used-up day blocks the system until its reset, consent included."""
    toll = keeper(PROFESSIONAL, Time())
    toll.told({"daily_left": 0})
    with in_lane(Lane.CONSENT), pytest.raises(SystemBlocked) as blocked:
        toll.pay("read")
    assert blocked.value.cause == "quota"
    assert blocked.value.until == pytest.approx(12 * 3_600)
    assert toll.snapshot()["state"] == "exhausted"


def test_a_new_day_begins_at_the_accounts_midnight() -> None:
    """What was used up yesterday is there again."""
    time = Time()
    toll = keeper(PROFESSIONAL, time)
    toll.told({"daily_left": 0})
    assert paid(toll, Lane.LIVE, 1) == 0
    time.now += 12 * 3_600
    assert paid(toll, Lane.LIVE, 100) == 100
    assert toll.snapshot()["used"] == 100


class Vendor:
    """A system that counts exactly, over a fixed or a rolling day, and tells in each answer."""

    def __init__(self, time: Time, limit: int, *, rolling: bool) -> None:
        self._time, self._limit, self._rolling = time, limit, rolling
        self._calls: list[float] = []

    def call(self, toll: Toll) -> bool:
        """Whether the call was served. A refusal is told, too."""
        start, _ = day_of(self._time.now, "Asia/Tokyo")
        since = self._time.now - 86_400 if self._rolling else start
        self._calls = [at for at in self._calls if at >= since]
        served = len(self._calls) < self._limit
        if served:
            self._calls.append(self._time.now)
        toll.told({"daily_limit": self._limit, "daily_used": len(self._calls)})
        return served


def test_a_silent_rolling_day_gives_back_none_of_our_own_calls_before_their_time() -> None:
    """Urgent calls used all of it up within minutes; hours later nobody else is told that some came back."""
    time = Time()
    toll, vendor = keeper(salesforce_quota(), time), Vendor(time, 200, rolling=True)
    while paid(toll, Lane.CONSENT, 1) and vendor.call(toll):
        pass
    time.now += 20_000
    assert not paid(toll, Lane.LIVE, 1)


@pytest.mark.parametrize("rolling", [False, True], ids=["fixed day", "rolling day"])
@settings(max_examples=40, deadline=None)
@given(
    story=st.lists(
        st.tuples(
            st.sampled_from([0.0, 60.0, 1_800.0, 20_000.0]),
            st.sampled_from(list(Lane)),
            st.integers(1, 60),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_demand_brings_a_system_to_its_limit(
    rolling: bool, story: list[tuple[float, Lane, int]]
) -> None:
    """Whoever wants how much and when: no call of a lower lane is ever one too many."""
    time = Time()
    quota = salesforce_quota() if rolling else PROFESSIONAL
    toll, vendor = keeper(quota, time), Vendor(time, 200, rolling=rolling)
    for pause, lane, calls in story:
        time.now += pause
        for _ in range(calls):
            if not paid(toll, lane, 1):
                break
            served = vendor.call(toll)
            # A rolling day gives back nobody knows when: an urgent call may have to find out.
            assert served or (rolling and lane in URGENT)


def test_the_accounts_own_time_zone_decides_once_it_is_known() -> None:
    """The business may sit in Tokyo and the account in New York."""
    toll = keeper(PROFESSIONAL, Time())
    toll.in_zone("America/New_York")
    assert toll.snapshot()["resets_at"] == "2025-11-24T05:00:00Z"
    toll.in_zone("Atlantis/Capital")
    assert toll.snapshot()["resets_at"] == "2025-11-24T05:00:00Z"


# Redis -------------------------------------------------------------------------------------------


def test_processes_share_one_day(server: RedisServer) -> None:
    """What one worker used, another one knows; what one was told, too."""
    time, quota = Time(), replace(PROFESSIONAL, own_daily=100)
    one, other = (keeper(quota, time, server.client()) for _ in range(2))
    assert paid(one, Lane.CONSENT, 60) == 60
    assert paid(other, Lane.CONSENT, 60) == 40
    other.told({"daily_limit": 250_000, "daily_left": 0})
    assert one.snapshot()["vendor_limit"] == 250_000


def test_a_flushed_redis_is_told_again(server: RedisServer) -> None:
    """A server that lost everything learns it from whoever asks next, and from the headers."""
    time = Time()
    toll = keeper(PROFESSIONAL, time, server.client())
    toll.told({"daily_limit": 1_000, "daily_used": 500})
    assert paid(toll, Lane.CONSENT, 100) == 100
    server.client().flushall()
    assert paid(toll, Lane.CONSENT, 1) == 1
    shown = toll.snapshot()
    assert (shown["limit"], shown["used"], shown["used_by_us"]) == (1_000, 601, 101)

    server.client().flushall()
    newcomer = keeper(PROFESSIONAL, time, server.client())
    assert paid(newcomer, Lane.CONSENT, 1) == 1
    newcomer.told({"daily_limit": 1_000, "daily_used": 990})
    assert paid(newcomer, Lane.LIVE, 1) == 0


def test_a_killed_redis_stops_nobody(server: RedisServer) -> None:
    """Without Redis each worker goes on with half the burst, and hands its calls in afterwards."""
    time = Time()
    toll = keeper(PROFESSIONAL, time, server.client())
    assert paid(toll, Lane.CONSENT, 5) == 5
    server.kill()
    assert paid(toll, Lane.CONSENT, 95) == 95
    assert time.slept == []
    assert paid(toll, Lane.CONSENT, 1) == 1
    assert time.slept == [pytest.approx(10.0)]
    assert toll.is_alone
    assert toll.snapshot()["shared"] is False

    server.start()
    time.now += 2
    assert paid(toll, Lane.CONSENT, 1) == 1
    assert toll.snapshot()["shared"] is True
    assert toll.snapshot()["used_by_us"] == 102


def test_a_redis_that_was_only_out_of_reach_is_caught_up_with(server: RedisServer) -> None:
    """Calls of the outage are added to what the others wrote down meanwhile."""
    time = Time()
    clients = [server.client(), server.client()]
    cut_off, other = (keeper(PROFESSIONAL, time, client) for client in clients)
    assert paid(cut_off, Lane.LIVE, 10) == 10
    pool = clients[0].connection_pool  # a cable is pulled
    port, pool.connection_kwargs["port"] = pool.connection_kwargs["port"], 1
    pool.disconnect()
    assert paid(cut_off, Lane.LIVE, 20) == 20
    assert paid(other, Lane.LIVE, 30) == 30
    pool.connection_kwargs["port"] = port
    pool.reset()
    time.now += 2
    assert cut_off.snapshot()["used_by_us"] == 60
    assert other.snapshot()["used_by_us"] == 60


def test_the_day_limit_holds_without_redis(server: RedisServer) -> None:
    """A worker that lost Redis at nine tenths of the day does not start from zero."""
    time = Time()
    toll = keeper(PROFESSIONAL, time, server.client())
    toll.told({"daily_limit": 1_000, "daily_used": 849})
    assert paid(toll, Lane.CONSENT, 1) == 1
    server.kill()
    assert paid(toll, Lane.LIVE, 100) == 0
    assert paid(toll, Lane.HANDOFF, 200) == 150


# Showing -----------------------------------------------------------------------------------------


def test_the_snapshot_names_everything(server: RedisServer) -> None:
    """What `status` and the metrics read, for a day that resets and for a rolling one."""
    shown = shared_budget(impatient(server.url), PROFESSIONAL).snapshot()
    assert (shown["limit"], shown["used"], shown["reserve"]) == (625_000, 0, 93_750)
    assert shown["resets_at"].endswith("T15:00:00Z")
    assert shown["burst"] == {"limit": 190, "used": 0}
    assert (shown["state"], shown["shared"], shown["stopped"]) == ("ok", True, [])

    rolling = local_budget(salesforce_quota(own_daily=10_000, reserve=20)).snapshot()
    assert (rolling["limit"], rolling["vendor_limit"], rolling["reserve"]) == (
        10_000,
        15_000,
        2_000,
    )
    assert rolling["resets_at"] is None
    assert rolling["burst"] == {"limit": None, "used": 0}
    assert rolling["shared"] is False
