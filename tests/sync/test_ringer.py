"""The bell: one job per lane however often it rings, no waiting for a Redis that is away or hangs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from structlog.testing import capture_logs

from sync.budget_shared import impatient
from sync.lanes import Lane
from sync.ringer import DEAF_FOR, ENOUGH, RUNG_FOR, Ringer, queue_name, rung_key
from tests.machine.redis import RedisServer, deaf_redis, running_redis

# Seconds that a door may lose to a ring, whatever Redis does.
QUICK = 1.0


class Ticks:
    """Seconds that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A server, a ringer, and workers whose looks are written down."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.redis = server.client()
        self.ticks = Ticks()
        self.ringer = Ringer(impatient(server.url), ticks=self.ticks)
        self.looked: list[str] = []
        self.while_looking: Callable[[], None] = lambda: None

    def look(self, lane: str) -> None:
        """What stands in for `sync.jobs.look`."""
        self.ringer.answered(Lane(lane))
        self.looked.append(lane)
        self.while_looking()

    def waiting(self, lane: Lane) -> int:
        return Queue(queue_name(lane), connection=self.redis).count

    def jobs(self, lane: Lane) -> list[Job]:
        return Queue(queue_name(lane), connection=self.redis).get_jobs()

    def work(self) -> list[str]:
        """A worker empties all queues, the most urgent first; the lanes that it looked into."""
        self.looked.clear()
        queues = [queue_name(lane) for lane in Lane]
        SimpleWorker(queues, connection=self.redis).work(burst=True, logging_level="ERROR")
        return list(self.looked)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A server that the tests of this module share, one after the other."""
    with running_redis() as running:
        yield running


@pytest.fixture
def scene(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Empty queues, and nobody has rung."""
    made = Scene(server)
    made.redis.flushall()
    jobs = ModuleType("sync.jobs")
    jobs.look = made.look  # type: ignore[attr-defined]  # made here
    jobs.compare = made.looked.append  # type: ignore[attr-defined]  # likewise
    monkeypatch.setitem(sys.modules, "sync.jobs", jobs)
    yield made
    made.redis.close()


def seconds(ring: Callable[[], object]) -> float:
    began = time.monotonic()
    ring()
    return time.monotonic() - began


# Waking ------------------------------------------------------------------------------------------


def test_a_ring_wakes_a_worker_of_each_lane(scene: Scene) -> None:
    """The most urgent lane first, whatever the order of the ring; the others are left alone."""
    assert scene.ringer.ring([Lane.LIVE, Lane.CONSENT, Lane.LIVE])
    assert scene.work() == ["consent", "live"]


def test_a_storm_of_rings_is_one_job(scene: Scene) -> None:
    """A door rings for each request; one worker that looks once finds everything."""
    for _ in range(100):
        assert scene.ringer.ring([Lane.LIVE])
    assert scene.work() == ["live"]


def test_doors_that_ring_at_once_make_one_job(scene: Scene) -> None:
    """Several threads of the web part share a ringer."""
    start = threading.Barrier(8)
    heard: list[bool] = []

    def ring() -> None:
        start.wait(20)
        heard.append(scene.ringer.ring(Lane))

    threads = [threading.Thread(target=ring) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == [True] * 8
    assert scene.work() == [lane.value for lane in Lane]


def test_a_ring_while_a_worker_looks_is_heard(scene: Scene) -> None:
    """What comes after the worker began may be missed by it: one more job sees to that."""

    def ring_once() -> None:
        scene.while_looking = lambda: None
        scene.ringer.ring([Lane.LIVE])

    scene.while_looking = ring_once
    scene.ringer.ring([Lane.LIVE])
    assert scene.work() == ["live", "live"]


def test_nobody_to_wake_is_no_work(scene: Scene) -> None:
    """A request that brought nothing rings for nothing."""
    assert scene.ringer.ring([])
    assert scene.redis.dbsize() == 0


def test_busy_workers_are_not_buried(scene: Scene) -> None:
    """A night of rings for a lane whose workers are busy leaves a handful of jobs, not thousands."""
    for _ in range(50):
        assert scene.ringer.ring([Lane.LIVE])
        scene.redis.delete(rung_key(Lane.LIVE))  # its time is over
    assert scene.waiting(Lane.LIVE) == ENOUGH


def test_a_look_leaves_nothing_behind(scene: Scene) -> None:
    """No result, no mark and no job is kept of it."""
    scene.ringer.ring(Lane)
    scene.work()
    kept = [key for key in scene.redis.keys("*") if b"job" in key or b"rung" in key]
    assert kept == []


# Losing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before the ring", "after the ring", "during the look"])
def test_flushed_at_any_moment_the_next_ring_is_heard(scene: Scene, moment: str) -> None:
    """An emptied Redis costs the rings that it held, and nothing of those that come after."""

    def lose() -> None:
        scene.redis.flushall()

    if moment == "before the ring":
        lose()
    scene.ringer.ring([Lane.LIVE])
    if moment == "after the ring":
        lose()
    if moment == "during the look":
        scene.while_looking = lose
    scene.work()
    scene.while_looking = lambda: None
    assert scene.ringer.ring([Lane.LIVE])
    assert scene.work() == ["live"]


def test_a_job_that_got_lost_is_missed_for_seconds_only(scene: Scene) -> None:
    """A worker died with the job in its hands: the mark that it left stands for `RUNG_FOR` seconds."""
    scene.ringer.ring([Lane.LIVE])
    scene.redis.delete(Queue(queue_name(Lane.LIVE), connection=scene.redis).key)
    assert 0 < scene.redis.ttl(rung_key(Lane.LIVE)) <= RUNG_FOR
    scene.redis.delete(rung_key(Lane.LIVE))
    scene.ringer.ring([Lane.LIVE])
    assert scene.work() == ["live"]


def test_a_job_whose_body_got_lost_hurts_nobody(scene: Scene) -> None:
    """Half of a job is passed over, and the next ring is heard."""
    scene.ringer.ring([Lane.LIVE])
    [job] = scene.jobs(Lane.LIVE)
    scene.redis.delete(job.key, rung_key(Lane.LIVE))
    scene.ringer.ring([Lane.LIVE])
    assert scene.work() == ["live"]


# Away --------------------------------------------------------------------------------------------


def test_a_dead_redis_costs_no_time() -> None:
    """A ring answers False at once; a job that somebody asked for raises."""
    with running_redis() as server:
        ringer = Ringer(impatient(server.url))
        assert ringer.ring(Lane)
        server.kill()
        for _ in range(3):
            assert seconds(lambda: ringer.ring(Lane)) < QUICK / 4
        assert not ringer.ring(Lane)
        ringer.answered(Lane.LIVE)
        with pytest.raises(RedisError):
            ringer.enqueue(Lane.LIVE, "sync.jobs.compare", "people")


def test_a_redis_that_comes_back_is_rung_at_once() -> None:
    """The first ring after a restart is heard, old connections or not."""
    with running_redis() as server:
        ringer = Ringer(impatient(server.url))
        assert ringer.ring([Lane.LIVE])
        server.kill()
        server.start()
        assert ringer.ring([Lane.LIVE])
        server.kill()
        assert not ringer.ring([Lane.LIVE])
        server.start()
        assert ringer.ring([Lane.LIVE])
        with server.client() as client:
            assert Queue(queue_name(Lane.LIVE), connection=client).count == 1


def test_a_redis_that_never_answers_costs_one_ring_half_a_second() -> None:
    """It is left alone for a while then, so that the other requests of a door lose nothing."""
    with deaf_redis() as url:
        ticks = Ticks()
        ringer = Ringer(impatient(url), ticks=ticks)
        heard: list[bool] = []
        assert seconds(lambda: heard.append(ringer.ring(Lane))) < QUICK
        assert seconds(lambda: heard.extend(ringer.ring(Lane) for _ in range(100))) < QUICK / 4
        assert seconds(lambda: ringer.answered(Lane.LIVE)) < QUICK / 4
        assert not any(heard)


def test_a_redis_that_hangs_between_two_rings_is_asked_again(scene: Scene) -> None:
    """Stopped in the middle of its work, it costs one short wait, and is rung again when it goes on."""
    assert scene.ringer.ring([Lane.CONSENT])
    pid = int(scene.redis.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        heard: list[bool] = []
        assert seconds(lambda: heard.append(scene.ringer.ring([Lane.LIVE]))) < QUICK
        assert heard == [False]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert not scene.ringer.ring([Lane.HANDOFF])
    scene.ticks.now += DEAF_FOR
    assert scene.ringer.ring([Lane.HANDOFF])
    assert scene.waiting(Lane.HANDOFF) == 1


@pytest.mark.parametrize("ill", ["full", "locked"])
def test_a_redis_that_refuses_is_away(scene: Scene, ill: str) -> None:
    """Out of memory, or another password: False and no error; it is rung again once it is well."""
    setting = {"full": ("maxmemory", "1"), "locked": ("requirepass", "another")}[ill]
    well = {"full": "0", "locked": ""}[ill]
    with scene.server.client(single_connection_client=True) as nurse:
        nurse.config_set(*setting)
        try:
            fresh = Ringer(impatient(scene.server.url))
            assert not fresh.ring(Lane)
            with pytest.raises(RedisError):
                fresh.enqueue(Lane.LIVE, "sync.jobs.compare", "people")
        finally:
            nurse.config_set(setting[0], well)
    assert fresh.ring(Lane)


def test_an_outage_is_told_once(scene: Scene) -> None:
    """The log has one line when Redis goes and one when it is back, and no password in either."""
    with running_redis() as server, capture_logs() as told:
        # A server without a password takes any.
        ringer = Ringer(impatient(server.url.replace("//", "//:secret@")))
        ringer.ring(Lane)
        server.kill()
        for _ in range(5):
            ringer.ring(Lane)
        server.start()
        for _ in range(5):
            ringer.ring(Lane)
    assert [line["event"] for line in told] == ["redis away", "redis is back"]
    assert "secret" not in str(told)


# Jobs that somebody asked for --------------------------------------------------------------------


def test_a_job_is_done_with_its_arguments(scene: Scene) -> None:
    """It waits in its lane under the name it was given."""
    scene.ringer.enqueue(Lane.RESYNC, "sync.jobs.compare", "people", job_id="night")
    assert [job.id for job in scene.jobs(Lane.RESYNC)] == ["night"]
    assert scene.work() == ["people"]


def test_long_lanes_have_time(scene: Scene) -> None:
    """A compare of a large org is not stopped after minutes, as a look would be."""
    allowed: dict[Lane, object] = {}
    for lane in Lane:
        scene.ringer.enqueue(lane, "sync.jobs.compare", "people")
        [job] = scene.jobs(lane)
        allowed[lane] = job.timeout
    assert allowed[Lane.LIVE] == 600
    assert allowed[Lane.RESYNC] == 6 * 3600
    assert allowed[Lane.BACKFILL] == 12 * 3600


def test_a_job_that_fails_can_be_looked_at(scene: Scene) -> None:
    """For an hour; what succeeded is gone at once."""
    scene.ringer.enqueue(Lane.LIVE, "sync.jobs.no_such_job", job_id="bad")
    scene.work()
    assert 3000 < scene.redis.ttl(Job.key_for("bad")) <= 3600


def test_the_client_of_others_keeps_its_patience(scene: Scene) -> None:
    """The bell's hurry is its own: the budget, which shares the client, waits as it did."""
    client = impatient(scene.server.url)
    before = dict(client.connection_pool.connection_kwargs)
    Ringer(client).ring(Lane)
    assert client.connection_pool.connection_kwargs == before


def test_the_password_goes_along(scene: Scene) -> None:
    """A bell at a server with a password rings like any other."""
    with running_redis() as server:
        with server.client() as client:
            client.config_set("requirepass", "secret")
        url = server.url.replace("//", "//:secret@")
        assert Ringer(impatient(url)).ring(Lane)
        with Redis.from_url(url) as client:
            assert Queue(queue_name(Lane.LIVE), connection=client).count == 1
