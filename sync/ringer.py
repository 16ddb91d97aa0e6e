"""Wakes workers over Redis: one RQ job per lane at a time, whatever the number of rings.

A ring that is lost costs a second or two and nothing else: what is due stands in the ledger, and every
worker looks there by itself (`sync.jobs`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog
from rq import Queue

from sync.lanes import Lane

log = structlog.get_logger()

PREFIX = "kakehashi"
# A job that nobody began within so many seconds was lost with its queue.
RUNG_FOR = 5
# Seconds that a job may take before RQ stops it; a night's compare of a large org takes hours.
LONGEST = {Lane.RESYNC: 6 * 3600, Lane.BACKFILL: 12 * 3600}
USUAL = 600
WORKING_LANES = tuple(Lane)


def queue_name(lane: Lane) -> str:
    """The RQ queue of a lane."""
    return f"{PREFIX}-{lane.value}"


def rung_key(lane: Lane) -> str:
    """Stands in Redis while a job of this lane waits for a worker."""
    return f"{PREFIX}:rung:{lane.value}"


@dataclass(frozen=True, slots=True)
class Ringer:
    """Rings at the queues of one Redis."""

    client: redis.Redis
    _queues: dict[Lane, Queue] = field(default_factory=dict)

    def ring(self, lanes: Iterable[Lane]) -> bool:
        """Wake a worker for each of these lanes, unless one is woken already. False: Redis is away."""
        try:
            for lane in lanes:
                if self.client.set(rung_key(lane), b"1", nx=True, ex=RUNG_FOR):
                    self.enqueue(lane, "sync.jobs.look", lane.value)
        except redis.RedisError as error:
            log.warning("redis away", reason=type(error).__name__)
            return False
        return True

    def enqueue(
        self, lane: Lane, function: str, *arguments: Any, job_id: str | None = None
    ) -> None:
        """Put a job into a lane. Raises `redis.RedisError`."""
        queue = self._queues.setdefault(lane, Queue(queue_name(lane), connection=self.client))
        queue.enqueue_call(
            function,
            args=arguments,
            timeout=LONGEST.get(lane, USUAL),
            result_ttl=0,
            failure_ttl=3600,
            job_id=job_id,
        )

    def answered(self, lane: Lane) -> None:
        """A worker has begun: the next ring makes a new job."""
        self.client.delete(rung_key(lane))
