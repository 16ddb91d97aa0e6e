"""What both vendors' doorbells share: a request's parts, what was understood of it, why it was refused.

::

    Refused           the request as a whole; `code` is a short word for counters
    |-- BadSignature  401: not signed by whom we trust, or not now
    |-- WrongOrg      403: another Salesforce org, or no org at all
    `-- Malformed     400: signed or not, this cannot be read

Messages are written for the person on duty. They never quote a body, a value or a secret, since they
are logged and sent back. Nothing in here opens a socket, reads a clock or an environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.port import Notice


@dataclass(frozen=True, slots=True)
class Knock:
    """One request as it came in.

    `url` is the public one with its query, as the sender wrote it and percent signs untouched.
    `headers` have lower-case names. `at` is our time of receipt, with a zone.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Ignored:
    """One event that was left aside: its place in the request, a word for counters, and why."""

    index: int
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was understood of one request: a notice per event, in order, and the events left aside."""

    notices: tuple[Notice, ...] = ()
    ignored: tuple[Ignored, ...] = ()


class Refused(Exception):
    """A request that is not taken. `code` is a short word for counters, `reason` is for people."""

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class BadSignature(Refused):
    """Nobody we trust signed this, or not within the last minutes."""


class WrongOrg(Refused):
    """The message names another org than ours, or none."""


class Malformed(Refused):
    """The body cannot be read as what this door receives."""

    def __init__(self, reason: str, *, code: str = "malformed") -> None:
        super().__init__(reason, code=code)


def every_object(_name: str) -> bool:
    """The default of what a door wants: notices about all kinds of records."""
    return True
