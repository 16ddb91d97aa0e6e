"""What both vendors' senders share about HTTP: patience, pacing, reading a body. No vendor is known here.

``call_patiently`` repeats what is safe to repeat: a `TryLater` says that nothing was done, so the call
may be sent again; an `OutcomeUnknown` is a write that may have landed and is never repeated here, nor
is anything else. Waiting is bounded in tries and in seconds, and is never shorter than `after`, which
is the server's own wish where it named one. Clock, sleep and dice are arguments.
"""

from __future__ import annotations

import ipaddress
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import tenacity

from connector.errors import OutcomeUnknown, TryLater

T = TypeVar("T")
Sleep = Callable[[float], None]
Dice = Callable[[], float]

BodyKind = Literal["json", "html", "empty", "other"]


class Unreachable(TryLater):
    """No connection came about (refused, no such host, connect time-out): nothing was sent."""


# Patience ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient a caller is.

    `tries` counts the first one. `seconds` bounds the whole call, waits included: a wait that would
    pass it is not begun and the error is raised instead. Without a longer wish of the server the
    n-th wait is drawn from the upper half of ``first * 2**n``, at most `ceiling` seconds.
    """

    tries: int = 5
    seconds: float = 60.0
    first: float = 0.5
    ceiling: float = 20.0

    def wait(self, attempt: int, after: float, dice: Dice) -> float:
        """Seconds to wait after the `attempt`-th failure (from 1), `after` being the least.

        The server's wish gets a tenth on top at most, so that many workers do not come back at once.
        """
        backoff: float = min(self.ceiling, self.first * 2.0 ** (attempt - 1))
        return max(after * (1.0 + dice() / 10.0), backoff * (0.5 + dice() / 2.0))


def call_patiently(
    send: Callable[[], T],
    policy: RetryPolicy,
    *,
    sleep: Sleep = time.sleep,
    dice: Dice = random.random,
) -> T:
    """The answer of `send`, which is called again after each plain `TryLater`.

    Raises the last error once the policy is used up, and every other error at once.
    """

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        after = error.after if isinstance(error, TryLater) else 0.0
        return policy.wait(state.attempt_number, after, dice)

    def is_over(state: tenacity.RetryCallState) -> bool:
        # `idle_for` is what was slept so far: it counts even where a test's sleep takes no time.
        spent = max(state.seconds_since_start or 0.0, state.idle_for)
        return state.attempt_number >= policy.tries or spent + state.upcoming_sleep > policy.seconds

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_be_repeated),
        wait=wait,
        stop=is_over,
        sleep=sleep,
        reraise=True,
    )
    return retrying(send)


def _may_be_repeated(error: BaseException) -> bool:
    return isinstance(error, TryLater) and not isinstance(error, OutcomeUnknown)


# Pacing ------------------------------------------------------------------------------------------


class Pace:
    """Lets at most `calls` begin in any `seconds`, over all threads; the rest wait their turn."""

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._slots = [float("-inf")] * calls
        self._next = 0

    def wait_turn(self) -> None:
        """Return when this call may begin."""
        with self._lock:
            now = self._clock()
            begin = max(now, self._slots[self._next] + self._seconds)
            self._slots[self._next] = begin
            self._next = (self._next + 1) % len(self._slots)
        if begin > now:
            self._sleep(begin - now)


# Reading an answer -------------------------------------------------------------------------------


def body_kind(body: bytes) -> BodyKind:
    """What a body is by its first character. Headers are not asked: error pages often lie in them."""
    head = body[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return "empty"
    if head[:1] in b'{["':
        return "json"
    return "html" if head[:1] == b"<" else "other"


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` header, which holds seconds or an HTTP date (RFC 9110, 10.2.3).

    None where the header is missing or unreadable.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


# Addresses ---------------------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine: localhost, 127.0.0.0/8, ::1."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_base_url(url: str) -> str:
    """The URL without a trailing slash. ValueError unless it is https, or http to a loopback host.

    The message never repeats user info that stands in the URL.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError(f"the address of {parts.hostname} must not hold a user name or password")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is not an http(s) address")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(
            f"{url!r} would send secrets unencrypted: use https"
            " (plain http is accepted for 127.0.0.0/8, ::1 and localhost only)"
        )
    return url.rstrip("/")


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that the usual variables name for this URL (``HTTPS_PROXY``, ``NO_PROXY``, ...).

    Lower-case names win, as in most tools; loopback hosts never go through a proxy.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").casefold()
    named = {key.lower(): value for key, value in sorted(environment.items()) if value}
    if is_loopback(host) or _is_excluded(host, named.get("no_proxy", "")):
        return None
    return named.get(f"{parts.scheme}_proxy") or named.get("all_proxy")


def _is_excluded(host: str, no_proxy: str) -> bool:
    """``NO_PROXY`` is a comma list of hosts; each covers its subdomains, and ``*`` everything."""
    names = [name.strip().casefold().lstrip("*").lstrip(".") for name in no_proxy.split(",")]
    if "*" in (name.strip() for name in no_proxy.split(",")):
        return True
    return any(name and (host == name or host.endswith(f".{name}")) for name in names)


def ca_bundle_of(environment: Mapping[str, str]) -> str | None:
    """The file of a company's own certificate authority, from the variables other tools use."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((environment[name] for name in names if environment.get(name)), None)
