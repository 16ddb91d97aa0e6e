"""Salesforce's refusals of a whole call, translated into what the caller does next. Pure.

The error body is an array of ``{"errorCode", "message", "fields"}``, but an object or a page of HTML
may stand in its place, and some answers have no body at all. Refusals of single rows are in `wire`.
Reference sheet, sections 1.5, 2.11 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.errors import (
    ConnectorError,
    OutcomeUnknown,
    RecordLocked,
    Rejected,
    SystemBlocked,
    TryLater,
)
from connector.http import retry_after
from connector.salesforce.wire import SYSTEM, rejection

NEVER_ARRIVED: Final = frozenset({406, 420, 429, 502, 503})
"""Nothing was done: the edge found no way to the org, or the org took nothing in (section 2.11)."""
PASSING_QUERIES: Final = frozenset({"QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR"})
"""The query ran too long, or its pages are kept no more (two days, section 2.3): it begins again."""
CROWDED_AFTER: Final = 10.0
"""Seconds to wait when too many long calls run at one time; each runs for 20 s at least (section 6)."""
DAY_FREES_AFTER: Final = 3_600.0
"""Seconds until the rolling 24 hours may have freed some calls again (section 6)."""


class Expired(ConnectorError):
    """The session is not valid (any more)."""


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """An answer that is no success. `content` is its parsed JSON or its text, `wish` its Retry-After."""

    status: int
    content: object
    write: bool
    wish: str | None = None

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        listed = self.content if isinstance(self.content, list) else [self.content]
        return [item for item in listed if isinstance(item, dict)]

    @property
    def code(self) -> str:
        first = self.errors[0] if self.errors else {}
        return str(first.get("errorCode") or first.get("error") or "")

    @property
    def message(self) -> str:
        return str((self.errors[0] if self.errors else {}).get("message") or "")


def translate(answer: BadAnswer, now: datetime) -> ConnectorError:
    """What an unsuccessful answer means for the caller; `Expired` is the gateway's own business."""
    status, code = answer.status, answer.code
    after = retry_after(answer.wish, now)
    if status == 401:
        return Expired(code or "401", system=SYSTEM)
    if status == 403 and code == "REQUEST_LIMIT_EXCEEDED":
        return _limited(answer.message, after)
    if status == 403 and code != "INSUFFICIENT_ACCESS_OR_READONLY":
        return _forbidden(answer)
    if status in NEVER_ARRIVED:
        return TryLater(f"answered {status}", system=SYSTEM, after=after or 1.0)
    if status >= 500:
        # It broke while it worked: a write may have been done.
        return outcome_unknown() if answer.write else _later(f"answered {status}", after)
    if code in PASSING_QUERIES:
        return _later(code, after)
    if not code:
        return _not_an_api(status)
    found = rejection(answer.errors)
    if isinstance(found, Rejected | RecordLocked):
        return found
    return _later(found.message, after)


def outcome_unknown() -> OutcomeUnknown:
    """A write was sent, and no answer that says whether it was done."""
    return OutcomeUnknown("no answer to a write; it may have landed", system=SYSTEM, after=5.0)


def _later(message: str, after: float | None) -> TryLater:
    return TryLater(message, system=SYSTEM, after=after or 2.0)


def _limited(message: str, after: float | None) -> ConnectorError:
    """Too many calls at one time pass in seconds; too many of a day do not."""
    if "concurrent" in message.lower():
        return TryLater(message, system=SYSTEM, after=after or CROWDED_AFTER)
    return SystemBlocked(
        message or "the org's API calls of the day are used up",
        system=SYSTEM,
        cause="quota",
        advice="wait until the rolling 24 hours free calls, or raise the org's limit",
        until=after or DAY_FREES_AFTER,
    )


def _forbidden(answer: BadAnswer) -> SystemBlocked:
    return SystemBlocked(
        f"{answer.code or 403}: {answer.message or 'access is refused'}",
        system=SYSTEM,
        cause="permission",
        advice="give the integration user API access and a permission set with the mapped "
        "objects and fields",
    )


def _not_an_api(status: int) -> SystemBlocked:
    return SystemBlocked(
        f"the address answers {status} with something that is not the API",
        system=SYSTEM,
        cause="not_an_api",
        advice="check KAKEHASHI_SALESFORCE__LOGIN_URL and __API_VERSION",
    )
