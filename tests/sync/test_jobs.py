"""RQ's jobs on a real Redis: they call the hands, never fail, and end with the batch at hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from structlog.testing import capture_logs

from connector.port import System
from sync import hands as hands_module
from sync.chores import Stopped
from sync.hands import Hands
from sync.jobs import Worker, work
from sync.lanes import Lane
from sync.ledger import LedgerUnavailable, Ring
from sync.ringer import Ringer, queue_name
from tests.machine.redis import RedisServer, running_redis
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import CHANGES, COMPARE, SCHEMAS, Clocked, schemas
from tests.sync.embedded import soon
from tests.sync.test_rounds import paired
from tests.sync.working import hands_of, own_signals, terminate, work_until

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PERSONAL = "ann@example.com"


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


@pytest.fixture
def hands(clocked: Clocked, server: RedisServer, redis: Redis) -> Hands:
    """A worker that takes jobs."""
    return hands_of(clocked, server.url)


def ringer_of(hands: Hands) -> Ringer:
    assert hands.ringer is not None
    return hands.ringer


def edited(clocked: Clocked) -> str:
    """Somebody in line was edited in HubSpot and rang; answers the Lead to watch."""
    left, right = paired(clocked, first="Ann")
    clocked.hubspot.edit("contacts", left, {"first": "Anna"})
    clocked.ledger.ring([Ring(HUBSPOT, "contacts", left)], clocked.time())
    return right


def arrived(clocked: Clocked, lead: str) -> bool:
    return clocked.salesforce.records("Lead")[lead]["first"] == "Anna"


def keys_left(redis: Redis) -> set[str]:
    """What stands in Redis about jobs."""
    return {key.decode() for key in redis.scan_iter("rq:*") if b"job:" in key or b"failed" in key}


def everything(redis: Redis) -> bytes:
    return b"".join(redis.dump(key) or b"" for key in redis.scan_iter("*"))


# Taking jobs -------------------------------------------------------------------------------------


def test_a_ring_makes_a_worker_look(clocked: Clocked, hands: Hands, server: RedisServer) -> None:
    """The edit reaches the other side, and nothing of the job is left."""
    lead = edited(clocked)
    ringer_of(hands).ring([Lane.LIVE])
    assert work_until(hands, server.url, lambda: arrived(clocked, lead))
    with server.client() as redis:
        assert keys_left(redis) == set()


def test_a_reminder_makes_a_worker_do_its_chore(
    clocked: Clocked, hands: Hands, server: RedisServer
) -> None:
    """And it rings for what the chore found: others may help."""
    lead = edited(clocked)
    clocked.ledger.wipe(clocked.ledger.take_bells("x", clocked.time(), limit=9), [], clocked.time())
    ringer_of(hands).enqueue(Lane.LIVE, "sync.jobs.chore", CHANGES)
    assert work_until(hands, server.url, lambda: arrived(clocked, lead))
    assert clocked.outcome(CHANGES) == "done"


def test_a_look_that_ends_before_the_work_rings_for_others(
    clocked: Clocked, hands: Hands, redis: Redis
) -> None:
    """Ten seconds are over and bells are due still: another job waits."""
    clocked.time.step = timedelta(seconds=3)
    for number in range(450):
        clocked.ledger.ring([Ring(HUBSPOT, "contacts", str(number))], clocked.time.now)
    hands.look(Lane.LIVE)
    assert clocked.bells() > 0
    assert Queue(queue_name(Lane.LIVE), connection=redis).count == 1


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(PERSONAL), LedgerUnavailable(PERSONAL), Stopped(PERSONAL)]
)
def test_a_bug_kills_no_worker_and_leaves_no_failed_job(
    hands: Hands, server: RedisServer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The next job is taken; in Redis stands no word about anybody."""
    looked: list[Lane] = []

    def broken(_hands: Hands, lane: Lane) -> None:
        looked.append(lane)
        if lane is Lane.CONSENT:
            raise error

    monkeypatch.setattr(Hands, "look", broken)
    for lane in (Lane.CONSENT, Lane.LIVE):
        ringer_of(hands).enqueue(lane, "sync.jobs.look", lane.value)
    with capture_logs():
        assert work_until(hands, server.url, lambda: len(looked) == 2)
    with server.client() as redis:
        assert keys_left(redis) == set()
        assert PERSONAL.encode() not in everything(redis)


def test_a_job_of_another_version_is_passed_over(
    clocked: Clocked, hands: Hands, server: RedisServer
) -> None:
    """Lanes and functions that nobody knows any more do not stop the queue."""
    lead = edited(clocked)
    ringer = ringer_of(hands)
    ringer.enqueue(Lane.CONSENT, "sync.jobs.no_such_function", "x")
    ringer.enqueue(Lane.CONSENT, "sync.jobs.look", "no such lane")
    ringer.enqueue(Lane.CONSENT, "sync.jobs.chore", "no such chore")
    ringer.ring([Lane.LIVE])
    with capture_logs():
        assert work_until(hands, server.url, lambda: arrived(clocked, lead))


# Redis comes and goes ----------------------------------------------------------------------------


def test_redis_may_be_emptied_and_stopped_under_a_worker(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What rings meanwhile is heard by the ears; when it is back, jobs are taken again."""
    for name in ("LISTENS", "BEATS", "REMEMBERS"):
        monkeypatch.setattr(hands_module, name, 0.02)
    clocked.time.step = timedelta(milliseconds=50)
    lead = edited(clocked)
    steps: list[str] = []

    def bad_day(own: RedisServer, hands: Hands) -> None:
        with own.client() as redis:
            assert soon(lambda: arrived(clocked, lead))
            redis.flushall()
        steps.append("emptied")
        own.kill()
        [left] = clocked.hubspot.records("contacts")
        clocked.hubspot.edit("contacts", left, {"title": "CFO"})
        clocked.ledger.ring([Ring(HUBSPOT, "contacts", left)], clocked.time())
        assert soon(lambda: clocked.salesforce.records("Lead")[lead].get("title") == "CFO")
        steps.append("stopped")
        own.start()
        clocked.schemas = lambda: schemas("taken from the queue")
        ringer_of(hands).enqueue(Lane.RESYNC, "sync.jobs.chore", "no such chore")
        with own.client() as redis:
            queue = Queue(queue_name(Lane.RESYNC), connection=redis)
            assert soon(lambda: queue.count == 0)
        steps.append("back")

    with running_redis() as own, capture_logs():
        hands = hands_of(clocked, own.url)
        day = threading.Thread(target=bad_day, args=(own, hands))
        hands.start()
        day.start()
        assert work_until(hands, own.url, lambda: not day.is_alive())
        hands.stop()
    assert steps == ["emptied", "stopped", "back"]


def test_a_worker_that_has_no_redis_ends_when_asked(clocked: Clocked) -> None:
    """At once, although it waits for a server that never comes."""
    with running_redis() as own:
        url = own.url
    hands = hands_of(clocked, url)
    with capture_logs():
        assert work_until(hands, url, lambda: True)
    assert hands.stopping.is_set()


# Ending ------------------------------------------------------------------------------------------


def test_a_signal_that_comes_while_redis_is_looked_for_is_not_forgotten(
    hands: Hands, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two servers nobody listens to RQ's own signals yet: the worker ends all the same."""
    real = Worker.bootstrap

    def bootstrap(worker: Worker, *levels: str) -> None:
        real(worker, *levels)
        terminate()

    monkeypatch.setattr(Worker, "bootstrap", bootstrap)
    too_late = threading.Timer(5.0, terminate)
    with own_signals(hands), server.client() as client:
        too_late.start()
        work(hands, client)
    assert too_late.is_alive()
    too_late.cancel()


def test_a_signal_ends_a_worker_after_the_batch_at_hand(
    clocked: Clocked, hands: Hands, server: RedisServer
) -> None:
    """That batch is whole on both sides and on file; the rest stays due, in nobody's hands."""
    paired(clocked)
    for number in range(500):
        new = clocked.hubspot.seed("contacts", {"email": f"p{number}@example.com"})
        clocked.ledger.ring([Ring(HUBSPOT, "contacts", new)], clocked.time())
    clocked.salesforce.before_write = terminate
    ringer_of(hands).ring([Lane.LIVE])
    with own_signals(hands), server.client() as client:
        work(hands, client)
    born = len(clocked.salesforce.records("Lead")) - 1
    assert born == 200
    assert clocked.bells() == 300
    assert clocked.ledger.bell_owners() == []
    keyed = [r for r in clocked.hubspot.records("contacts").values() if "salesforce_id" in r]
    assert len(keyed) == born + 1


def test_a_signal_stops_a_compare_which_goes_on_later(
    clocked: Clocked, hands: Hands, server: RedisServer
) -> None:
    """It is not noted as done, nobody holds it, and the next worker takes up the same run."""
    for number in range(250):
        clocked.hubspot.seed("contacts", {"email": f"p{number}@example.com"})

    def in_the_middle() -> None:
        terminate()
        if hands.stopping.is_set():
            raise Stopped("asked to stop")

    clocked.while_comparing = in_the_middle
    ringer_of(hands).enqueue(Lane.RESYNC, "sync.jobs.chore", COMPARE)
    with own_signals(hands), server.client() as client:
        work(hands, client)
    assert clocked.outcome(COMPARE) is None
    assert COMPARE in clocked.due()
    clocked.while_comparing = lambda: None
    clocked.do(COMPARE)
    assert clocked.outcome(COMPARE) == "done"
    assert len(clocked.compared()) == 1
    assert len(clocked.salesforce.records("Lead")) == 250


def test_a_chore_that_was_begun_by_two_reminders_is_done_once(
    clocked: Clocked, hands: Hands, server: RedisServer
) -> None:
    """Reminded of twice since the queue was slow: the second one finds nothing to do."""
    described: list[str] = []

    def describe() -> str:
        described.append("once")
        return schemas("as they are")

    clocked.schemas = describe
    for _ in range(3):
        ringer_of(hands).enqueue(Lane.RESYNC, "sync.jobs.chore", SCHEMAS)
    with server.client() as redis:
        queue = Queue(queue_name(Lane.RESYNC), connection=redis)
        assert work_until(hands, server.url, lambda: queue.count == 0)
    assert described == ["once"]
