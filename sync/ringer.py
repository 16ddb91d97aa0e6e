"""Wakes workers over Redis: one RQ job per lane at a time, whatever the number of rings.

A ring that is lost costs a second or two and nothing else: what is due stands in the ledger, and every
worker looks there by itself (`sync.jobs`). So ringing never keeps a door waiting: it takes one round
trip while a job waits already and two where none does, gives up within half a second, and asks a Redis
that hangs again only after a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry
from rq import Queue

from sync.lanes import Lane

log = structlog.get_logger()

PREFIX = "kakehashi"
# A job that nobody began within so many seconds was lost with its queue.
RUNG_FOR = 5
# With so many jobs before a lane's busy workers, one more wakes nobody.
ENOUGH = 5
# Seconds that a job may take before RQ stops it; a night's compare of a large org takes hours.
LONGEST = {Lane.RESYNC: 6 * 3600, Lane.BACKFILL: 12 * 3600}
USUAL = 600
# Seconds that a ring waits for an answer, and that nobody rings after there was none.
HURRY = 0.4
DEAF_FOR = 2.0
WORKING_LANES = tuple(Lane)


def queue_name(lane: Lane) -> str:
    """The RQ queue of a lane."""
    return f"{PREFIX}-{lane.value}"


SUMMONED = f"{PREFIX}:rung:website"


def rung_key(lane: Lane) -> str:
    """Stands in Redis while a job of this lane waits for a worker."""
    return f"{PREFIX}:rung:{lane.value}"


@dataclass
class Ringer:
    """Rings at the queues of one Redis. May be used by several threads at once.

    `ticks` are seconds of a clock that never jumps.
    """

    client: redis.Redis
    ticks: Callable[[], float] = time.monotonic
    _bell: redis.Redis = field(init=False, repr=False)
    _queues: dict[Lane, Queue] = field(init=False, repr=False)
    _away: bool = field(default=False, init=False, repr=False)
    _quiet_until: float = field(default=float("-inf"), init=False, repr=False)

    def __post_init__(self) -> None:
        self._bell = _hurried(self.client)
        self._queues = {lane: Queue(queue_name(lane), connection=self._bell) for lane in Lane}

    def ring(self, lanes: Iterable[Lane]) -> bool:
        """Wake a worker for each of these lanes, unless one is woken already. Never raises.

        Ring after the commit: who is woken looks at once. False: Redis is away.
        """
        return self._hurry(lambda: self._ring(tuple(dict.fromkeys(lanes))))

    def answered(self, lane: Lane) -> None:
        """A worker has begun: the next ring makes a new job. Never raises.

        To be called before the worker looks into the ledger, or a ring in between is lost.
        """
        self._hurry(lambda: self._bell.delete(rung_key(lane)))

    def summon(self) -> bool:
        """Wake a worker for what came in from the website, unless one is woken already. Never raises."""
        return self._hurry(self._summon)

    def came(self) -> None:
        """A worker is awake: the next time another one is woken. Never raises."""
        self._hurry(lambda: self._bell.delete(SUMMONED))

    def enqueue(
        self, lane: Lane, function: str, *arguments: Any, job_id: str | None = None
    ) -> None:
        """Put a job into a lane. Raises `redis.RedisError`.

        RQ replaces a job of the same `job_id`, one that runs included: take ids that are not in use.
        """
        queue = Queue(queue_name(lane), connection=self.client)
        _enqueue(queue, lane, function, arguments, job_id=job_id)

    def _ring(self, lanes: Sequence[Lane]) -> None:
        if not lanes:
            return
        with self._bell.pipeline(transaction=False) as asked:
            for lane in lanes:
                asked.set(rung_key(lane), b"1", nx=True, ex=RUNG_FOR)
                asked.llen(self._queues[lane].key)
            answers = asked.execute()
        first, waiting = answers[::2], answers[1::2]
        fresh = [
            lane
            for lane, is_first, jobs in zip(lanes, first, waiting, strict=True)
            if is_first and jobs < ENOUGH
        ]
        if not fresh:
            return
        with self._bell.pipeline() as jobs_of:
            for lane in fresh:
                _enqueue(self._queues[lane], lane, "sync.jobs.look", (lane.value,), jobs_of)
            jobs_of.execute()

    def _summon(self) -> None:
        if self._bell.set(SUMMONED, b"1", nx=True, ex=RUNG_FOR):
            # It only wakes; what there is to do is done beside the queue.
            _enqueue(self._queues[Lane.CONSENT], Lane.CONSENT, "sync.jobs.interest", ())

    def _hurry(self, do: Callable[[], object]) -> bool:
        """Do it unless Redis hangs; False where it is away."""
        if self.ticks() < self._quiet_until:
            return False
        try:
            do()
        except redis.RedisError as error:
            if isinstance(error, redis.TimeoutError):
                self._quiet_until = self.ticks() + DEAF_FOR
            if not self._away:
                log.warning("redis away", reason=type(error).__name__)
            self._away = True
            return False
        if self._away:
            log.info("redis is back")
        self._away = False
        return True


def _enqueue(
    queue: Queue,
    lane: Lane,
    function: str,
    arguments: Sequence[Any],
    pipeline: Pipeline | None = None,
    job_id: str | None = None,
) -> None:
    queue.enqueue_call(
        function,
        args=tuple(arguments),
        timeout=LONGEST.get(lane, USUAL),
        result_ttl=0,
        failure_ttl=3600,
        job_id=job_id,
        pipeline=pipeline,
    )


def _hurried(client: redis.Redis) -> redis.Redis:
    """The same server, asked with less patience: once more after a broken line, never after silence."""
    pool = client.connection_pool
    options = {
        **pool.connection_kwargs,
        "socket_timeout": HURRY,
        "socket_connect_timeout": HURRY,
        "retry": Retry(NoBackoff(), 1, (redis.ConnectionError,)),
    }
    return redis.Redis(
        connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **options)
    )
