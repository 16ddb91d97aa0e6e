"""The doorbells in numbers, for Prometheus. Labels are few and fixed words: no ids, no values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from connector.doorbell import Ignored
from connector.port import System

# Seconds. Both vendors are told to be answered within one; HubSpot gives up after five.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Tally:
    """Counts what the doors do. One per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._accepted = Counter(
            "kakehashi_doorbell_accepted",
            "Events taken, exact repeats included",
            ["system"],
            registry=registry,
        )
        self._repeated = Counter(
            "kakehashi_doorbell_repeated",
            "Events taken that were exact repeats",
            ["system"],
            registry=registry,
        )
        self._ignored = Counter(
            "kakehashi_doorbell_ignored",
            "Events left aside, by reason",
            ["system", "reason"],
            registry=registry,
        )
        self._refused = Counter(
            "kakehashi_doorbell_refused",
            "Requests not taken, by reason",
            ["system", "reason"],
            registry=registry,
        )
        self._unrung = Counter(
            "kakehashi_doorbell_unrung",
            "Requests on file for which no worker could be woken; they look by themselves",
            ["system"],
            registry=registry,
        )
        self._seconds = Histogram(
            "kakehashi_doorbell_seconds",
            "Seconds from a request to its answer",
            ["system"],
            buckets=BUCKETS,
            registry=registry,
        )

    def accepted(self, system: System, events: int, repeats: int) -> None:
        self._accepted.labels(system.value).inc(events)
        self._repeated.labels(system.value).inc(repeats)

    def ignored(self, system: System, events: Iterable[Ignored]) -> None:
        for one in events:
            self._ignored.labels(system.value, one.code).inc()

    def refused(self, system: System, reason: str) -> None:
        self._refused.labels(system.value, reason).inc()

    def unrung(self, system: System) -> None:
        self._unrung.labels(system.value).inc()

    @contextmanager
    def timed(self, system: System) -> Iterator[None]:
        """Take the time of what is done in here."""
        with self._seconds.labels(system.value).time():
            yield
