"""The daily budget of API calls: a rolling day, counted by the hour (reference sheet, section 6)."""

from __future__ import annotations

import threading
from collections import Counter

from sandbox.behaviour import Clock
from sandbox.salesforce.answers import budget_spent

HOURS = 24
_HOUR = 3600


class Budget:
    """Counts calls. Thread safe; calls that were refused for it do not count."""

    def __init__(self, clock: Clock, daily: int) -> None:
        self.daily = daily
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._hours: Counter[int] = Counter()

    @property
    def used(self) -> int:
        """Calls within the last 24 hours."""
        oldest = self._now() - HOURS
        with self._lock:
            return sum(count for hour, count in self._hours.items() if hour > oldest)

    def spend(self, calls: int = 1) -> None:
        """Count calls, or raise the refusal REQUEST_LIMIT_EXCEEDED."""
        if self.used + calls > self.daily:
            raise budget_spent()
        with self._lock:
            self._hours[self._now()] += calls

    def header(self) -> str:
        """What ``Sforce-Limit-Info`` says."""
        return f"api-usage={self.used}/{self.daily}"

    def _now(self) -> int:
        return int(self._clock().timestamp()) // _HOUR
