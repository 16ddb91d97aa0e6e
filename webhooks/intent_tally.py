"""What comes in from the website, in numbers, for Prometheus. Labels are few and fixed words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from webhooks.tally import BUCKETS


class IntentTally:
    """Counts what the website's doors do. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accepted = Counter(
            "kakehashi_intent_accepted", "Website events taken", ["door"], registry=registry
        )
        self._repeated = Counter(
            "kakehashi_intent_repeated",
            "Website events that were on file already",
            ["door"],
            registry=registry,
        )
        self._rejected = Counter(
            "kakehashi_intent_rejected",
            "Website events not taken, by code",
            ["door", "code"],
            registry=registry,
        )
        self._refused = Counter(
            "kakehashi_intent_refused",
            "Requests not taken, by reason",
            ["door", "reason"],
            registry=registry,
        )
        self._seconds = Histogram(
            "kakehashi_intent_seconds",
            "Seconds from a request to its answer",
            ["door"],
            buckets=BUCKETS,
            registry=registry,
        )

    def taken(self, door: str, accepted: int, repeated: int, rejected: Iterable[str]) -> None:
        self._accepted.labels(door).inc(accepted)
        self._repeated.labels(door).inc(repeated)
        for code in rejected:
            self._rejected.labels(door, code).inc()

    def refused(self, door: str, reason: str) -> None:
        self._refused.labels(door, reason).inc()

    @contextmanager
    def timed(self, door: str) -> Iterator[None]:
        """Take the time of what is done in here."""
        with self._seconds.labels(door).time():
            yield
