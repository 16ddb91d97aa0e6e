"""The request limits: a sliding ten-second window, the day, and searches per second.

Reference sheet, sections 5.1 to 5.3. The day turns at midnight of the account's time zone.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import date
from zoneinfo import ZoneInfo

from sandbox.behaviour import Clock
from sandbox.hubspot.answers import day_is_spent, searching_too_fast, to_ms, too_fast

TIER_BURST = 190
WINDOW = 10_000
ACCOUNT_ZONE = ZoneInfo("Asia/Tokyo")


class Limiter:
    """Counts the calls of the app. Thread safe; refused calls do not count."""

    def __init__(
        self,
        *,
        clock: Clock,
        burst: int | None,
        daily: int,
        searches: int,
        app_id: int,
        portal_id: int,
    ) -> None:
        self.burst = TIER_BURST if burst is None else burst
        self.daily = daily
        self.searches = searches
        self._clock = clock
        self._whose = (app_id, portal_id)
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._recent: deque[int] = deque()
        self._searched: deque[int] = deque()
        self._day: date | None = None
        self.spent = 0

    def admit(self, *, search: bool, exempt: bool) -> None:
        """Count one call, or refuse it. Searches and some batch calls are exempt from the window."""
        moment = self._clock()
        now = to_ms(moment)
        with self._lock:
            today = moment.astimezone(ACCOUNT_ZONE).date()
            if today != self._day:
                self._day, self.spent = today, 0
            if self.spent >= self.daily:
                raise day_is_spent()
            if search and not _fits(self._searched, now, 1_000, self.searches):
                raise searching_too_fast()
            if not search and not exempt and not _fits(self._recent, now, WINDOW, self.burst):
                raise too_fast(*self._whose)
            self.spent += 1

    def headers(self, *, search: bool, oauth: bool) -> dict[str, str]:
        """What an answer tells about the limits: searches no window, OAuth tokens no day."""
        told: dict[str, str] = {}
        with self._lock:
            if not oauth:
                told["X-HubSpot-RateLimit-Daily"] = str(self.daily)
                told["X-HubSpot-RateLimit-Daily-Remaining"] = str(self.daily - self.spent)
            if search:
                return told
            left = max(0, self.burst - len(self._recent))
        told["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(WINDOW)
        told["X-HubSpot-RateLimit-Max"] = str(self.burst)
        told["X-HubSpot-RateLimit-Remaining"] = str(left)
        told["X-HubSpot-RateLimit-Secondly"] = str(self.burst // 10)
        told["X-HubSpot-RateLimit-Secondly-Remaining"] = str(min(left, self.burst // 10))
        return told


def _fits(times: deque[int], now: int, window: int, most: int) -> bool:
    """Whether one more call fits into the sliding window; notes it if so."""
    while times and times[0] <= now - window:
        times.popleft()
    if len(times) >= most:
        return False
    times.append(now)
    return True
