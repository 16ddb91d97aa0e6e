"""The scheduler: one of many leads, what is due is reminded of, and nothing makes it stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from structlog.testing import capture_logs

from sync import clockwork
from sync.budget_shared import impatient
from sync.clockwork import LEADS_FOR, Clockwork
from sync.lanes import Lane
from sync.ledger import LedgerLock, LedgerUnavailable
from sync.ringer import Ringer, queue_name
from tests.machine.redis import RedisServer, running_redis
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import CHANGES, COMPARE, DELETIONS, HOUSE, SCHEMAS, Clocked

# A process id that no process of this machine has.
NOBODY = 2**22 + 1
SOON = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A server that the tests of this module share."""
    with running_redis() as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    """Empty queues."""
    with server.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def clocked(tmp_path: Path) -> Clocked:
    return Clocked(sqlite_url(tmp_path))


def nothing() -> None:
    """What a scheduler tells as a rule."""


def scheduler(
    clocked: Clocked,
    server: RedisServer,
    *,
    pid: int | None = None,
    tell: Callable[[], None] = nothing,
    alert: Callable[[], object] = nothing,
) -> Clockwork:
    """One more scheduler over the same ledger and Redis."""
    lock = LedgerLock(clocked.ledger, clocked.time, name="scheduler", lasts=LEADS_FOR, pid=pid)
    return Clockwork(
        chores=clocked.worker(),
        ringer=Ringer(impatient(server.url)),
        lock=lock,
        clock=clocked.time,
        tell=tell,
        alert=alert,
    )


def reminded(redis: Redis) -> list[tuple[str, str]]:
    """(lane, chore) of every job that waits; a job names nothing else."""
    jobs = [
        (lane, job) for lane in Lane for job in Queue(queue_name(lane), connection=redis).get_jobs()
    ]
    assert {job.func_name for _, job in jobs} <= {"sync.jobs.chore"}
    return [(lane.value, *job.args) for lane, job in jobs]


class Turns(threading.Event):
    """A wish to stop that comes after so many turns of the scheduler, without its pauses."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.left = turns

    def wait(self, timeout: float | None = None) -> bool:
        if threading.current_thread().name == "alerts":
            return super().wait(0.001)
        self.left -= 1
        if self.left < 0:
            self.set()
        return self.is_set()


# Reminding ---------------------------------------------------------------------------------------


def test_what_is_due_is_reminded_of_in_its_lane(
    clocked: Clocked, server: RedisServer, redis: Redis
) -> None:
    """A first start: everything is due, and each chore waits for a worker once."""
    one = scheduler(clocked, server)
    for _ in range(5):
        one.tick()
    assert reminded(redis) == [
        ("live", CHANGES),
        ("live", DELETIONS),
        ("resync", COMPARE),
        ("resync", SCHEMAS),
        ("backfill", HOUSE),
    ]


def test_what_was_done_is_reminded_of_when_it_is_due_again(
    clocked: Clocked, server: RedisServer, redis: Redis
) -> None:
    """Not a moment sooner."""
    one = scheduler(clocked, server)
    clocked.do_all()
    one.tick()
    clocked.wait(timedelta(seconds=59))
    one.tick()
    assert reminded(redis) == []
    clocked.wait(timedelta(seconds=2))
    one.tick()
    assert reminded(redis) == [("live", CHANGES)]


def test_a_reminder_that_the_queue_lost_is_given_again(
    clocked: Clocked, server: RedisServer, redis: Redis
) -> None:
    """Redis was emptied: a few seconds later everything waits there again."""
    one = scheduler(clocked, server)
    one.tick()
    before = reminded(redis)
    redis.flushall()
    one.tick()
    assert reminded(redis) == []
    clocked.wait(timedelta(seconds=10))
    one.tick()
    assert reminded(redis) == before


def test_a_night_without_a_worker_leaves_no_heap_of_jobs(
    clocked: Clocked, server: RedisServer, redis: Redis
) -> None:
    """Who comes in the morning has the doorbells to look at, and not thousands of reminders."""
    one = scheduler(clocked, server)
    for _ in range(160):
        clocked.wait(timedelta(minutes=3))
        one.tick()
    assert len([name for _, name in reminded(redis) if name == CHANGES]) < 60


def test_a_clock_that_was_set_back_does_not_silence_the_reminders(
    clocked: Clocked, server: RedisServer, redis: Redis
) -> None:
    """What waits is reminded of although the last time lies in the future."""
    one = scheduler(clocked, server)
    one.tick()
    redis.flushall()
    clocked.wait(-timedelta(days=100))
    one.tick()
    one.tick()
    assert ("live", CHANGES) in reminded(redis)


# Leading -----------------------------------------------------------------------------------------


def test_one_of_many_leads(clocked: Clocked, server: RedisServer, redis: Redis) -> None:
    """The others tell that they live, and remind nobody."""
    told: list[str] = []
    many = [scheduler(clocked, server, tell=lambda: told.append("alive")) for _ in range(3)]
    for one in many * 2:
        one.tick()
    assert [one.leads for one in many] == [True, False, False]
    assert len(reminded(redis)) == 5
    assert len(told) == 6


def test_another_one_leads_at_once_when_the_leaders_process_is_dead(
    clocked: Clocked, server: RedisServer
) -> None:
    """On the same machine nobody waits for its lease to end."""
    dead = scheduler(clocked, server, pid=NOBODY)
    dead.tick()
    assert dead.leads
    heir = scheduler(clocked, server)
    heir.tick()
    assert heir.leads


def test_another_one_leads_soon_when_the_leader_falls_silent(
    clocked: Clocked, server: RedisServer
) -> None:
    """Its machine is gone, or slept: when it wakes it sees that somebody else leads."""
    silent, heir = scheduler(clocked, server), scheduler(clocked, server)
    silent.tick()
    clocked.wait(LEADS_FOR - timedelta(seconds=1))
    heir.tick()
    assert not heir.leads
    clocked.wait(timedelta(seconds=2))
    heir.tick()
    silent.tick()
    assert (heir.leads, silent.leads) == (True, False)


def test_a_leader_that_ends_makes_room_at_once(clocked: Clocked, server: RedisServer) -> None:
    """The next one leads with its first tick."""
    one, other = scheduler(clocked, server), scheduler(clocked, server)
    one.run(Turns(3))
    other.tick()
    assert (one.leads, other.leads) == (False, True)


def test_a_leader_that_works_keeps_leading(clocked: Clocked, server: RedisServer) -> None:
    """Its lease is renewed for as long as it ticks."""
    one, other = scheduler(clocked, server), scheduler(clocked, server)
    for _ in range(60):
        clocked.wait(timedelta(seconds=1))
        one.tick()
        other.tick()
    assert (one.leads, other.leads) == (True, False)


# Bad days ----------------------------------------------------------------------------------------


def test_redis_may_go_and_come_back(clocked: Clocked) -> None:
    """Nothing is raised; what could not be reminded of is reminded of when it is back."""
    with running_redis() as own:
        one = scheduler(clocked, own)
        own.kill()
        with capture_logs() as logs:
            one.tick()
        assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
            "the queue is away"
        ]
        own.start()
        one.tick()
        with own.client() as redis:
            assert len(reminded(redis)) == 5


def test_a_ledger_that_is_away_ends_no_scheduler(
    clocked: Clocked, server: RedisServer, redis: Redis
) -> None:
    """It leads no more while it cannot know, and again when the ledger is back."""
    away = iter([LedgerUnavailable("restarting")] * 3)
    seen: list[bool] = []

    def tell() -> None:
        seen.append(one.leads)
        if len(seen) > 2 and (error := next(away, None)) is not None:
            raise error

    one = scheduler(clocked, server, tell=tell)
    with capture_logs():
        one.run(Turns(20))
    assert seen[:7] == [False, True, True, False, False, False, True]
    assert len(reminded(redis)) == 5


def test_a_ledger_that_is_away_at_the_end_does_not_spoil_it(
    clocked: Clocked, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leadership is over in some seconds anyway."""
    one = scheduler(clocked, server)

    def away(*_: object) -> None:
        raise LedgerUnavailable("gone")

    monkeypatch.setattr(clocked.ledger, "release_lease", away)
    one.run(Turns(3))
    assert not one.leads


def test_a_bug_ends_no_scheduler(clocked: Clocked, server: RedisServer, redis: Redis) -> None:
    """It is logged, and the next tick is another chance."""
    bugs = iter([ZeroDivisionError("ours")] * 2)

    def tell() -> None:
        if (error := next(bugs, None)) is not None:
            raise error

    one = scheduler(clocked, server, tell=tell)
    with capture_logs() as logs:
        one.run(Turns(10))
    assert [log["event"] for log in logs].count("our bug") == 2
    assert len(reminded(redis)) == 5


# Alerts ------------------------------------------------------------------------------------------


def test_only_the_leader_tells_people(clocked: Clocked, server: RedisServer) -> None:
    """Nobody hears of the same trouble from two schedulers; and a bug in telling is not the end of it."""
    told: list[str] = []
    stopping, enough = threading.Event(), threading.Event()

    def alert() -> None:
        told.append("leader")
        if len(told) > 3:
            enough.set()
        raise ZeroDivisionError("ours")

    leader = scheduler(clocked, server, alert=alert)
    other = scheduler(clocked, server, alert=lambda: told.append("other"))
    with capture_logs(), pytest.MonkeyPatch.context() as patch:
        for name in ("ALERTS", "TICK", "AGAIN"):
            patch.setattr(clockwork, name, 0.01)
        leader.tick()
        threads = [threading.Thread(target=one.run, args=(stopping,)) for one in (leader, other)]
        for thread in threads:
            thread.start()
        assert enough.wait(SOON)
        stopping.set()
        for thread in threads:
            thread.join(SOON)
    assert set(told) == {"leader"}
