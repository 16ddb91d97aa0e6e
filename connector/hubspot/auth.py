"""Whose token goes with a call: a fixed one, or one that is fetched anew on the clock.

An OAuth access token lives 30 minutes and is replaced five minutes early, by one thread, and never
because a call failed more than once: a refresh token that HubSpot calls bad stays bad, so the fault is
remembered and nothing is asked again. Reference sheet, section 4.2.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from connector.errors import Rejected, SystemBlocked, TryLater
from connector.hubspot.faults import bad_credentials

EARLY = timedelta(minutes=5)
"""How long before its end a token is replaced."""
PAUSE = timedelta(seconds=30)
"""How long a refresh that failed in passing is left alone while the old token still works."""

Exchange = Callable[[str], Mapping[str, Any]]
"""Sends a refresh token; answers ``{"access_token", "expires_in", "refresh_token"}``."""


class Tokens(Protocol):
    """Where the bearer token of the next call comes from."""

    def token(self) -> str:
        """The token to send now."""

    def renew(self, stale: str) -> bool:
        """Told that HubSpot calls `stale` expired; true if the next `token` is another one."""


class FixedToken:
    """A service key or a private app's token: it has no end, and nothing can renew it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renew(self, stale: str) -> bool:
        return False


class RefreshedToken:
    """An OAuth token. `exchange` fetches a new one; `keep` is told of a new refresh token."""

    def __init__(
        self,
        refresh_token: str,
        exchange: Exchange,
        *,
        clock: Callable[[], datetime],
        keep: Callable[[str], None] | None = None,
    ) -> None:
        self._refresh_token = refresh_token
        self._exchange = exchange
        self._clock = clock
        self._keep = keep
        self._lock = threading.Lock()
        self._token: str | None = None
        self._ends: datetime | None = None
        self._not_before: datetime | None = None
        self._refusal: SystemBlocked | None = None

    def token(self) -> str:
        with self._lock:
            if self._is_due():
                self._fetch()
            if self._token is None:
                raise bad_credentials("HubSpot gave no access token")
            return self._token

    def renew(self, stale: str) -> bool:
        with self._lock:
            if self._token == stale:
                self._ends = self._not_before = None
                self._fetch()
            return self._token != stale

    def _is_due(self) -> bool:
        now = self._clock()
        if self._not_before is not None and now < self._not_before:
            return False
        return self._ends is None or now >= self._ends - EARLY

    def _fetch(self) -> None:
        """Replace the token. A passing fault is borne as long as the old token works."""
        if self._refusal is not None:
            raise self._refusal
        now = self._clock()
        try:
            answer = self._exchange(self._refresh_token)
        except Rejected as refused:
            # BAD_REFRESH_TOKEN and its like are 400s: a person has to connect the app again.
            self._refusal = bad_credentials(refused.reason, refused.request_id)
            raise self._refusal from refused
        except SystemBlocked as blocked:
            self._refusal = blocked
            raise
        except TryLater:
            if self._ends is None or now >= self._ends:
                raise
            self._not_before = now + PAUSE
            return
        self._take(answer, now)

    def _take(self, answer: Mapping[str, Any], now: datetime) -> None:
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int | float):
            raise bad_credentials("HubSpot's token answer holds no access token")
        self._token, self._ends, self._not_before = token, now + timedelta(seconds=seconds), None
        renewed = answer.get("refresh_token")
        if isinstance(renewed, str) and renewed and renewed != self._refresh_token:
            self._refresh_token = renewed
            if self._keep is not None:
                self._keep(renewed)
