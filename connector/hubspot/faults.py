"""HubSpot's refusals, translated into what the caller does next. Pure.

The error body: ``{"status", "message", "correlationId", "category", "subCategory", "errors":
[{"message", "code", "context": {"propertyName": ["x"]}}], "context": {...}}``, every part of it
optional. Pages of HTML come from the edge in front of HubSpot. Reference sheet, sections 5 and 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from connector.errors import (
    ConnectorError,
    OutcomeUnknown,
    Rejected,
    RejectionCause,
    SystemBlocked,
    TryLater,
)
from connector.http import body_kind, retry_after
from connector.hubspot.names import EMAIL, LINKS, SYSTEM

# Sheet, section 6.2. Dates and datetimes are refused as INVALID_LONG.
_CAUSES: Final[Mapping[str, RejectionCause]] = {
    "PROPERTY_DOESNT_EXIST": "no_such_field",
    "INVALID_EMAIL": "invalid_email",
    "INVALID_OPTION": "unknown_option",
    "READ_ONLY_VALUE": "read_only",
    "INVALID_LONG": "invalid_value",
    "INVALID_INTEGER": "invalid_value",
    "INVALID_DECIMAL": "invalid_value",
    "OBJECT_NOT_FOUND": "not_found",
    "CONFLICT": "duplicate",
}
# For the refusals without a code; the first text found in the message decides. Sheet, 6.3 and 6.4.
_TEXTS: Final[tuple[tuple[str, RejectionCause], ...]] = (
    ("already exists", "duplicate"),
    ("already has that value", "duplicate"),
    ("resource not found", "not_found"),
    ("Object not found", "not_found"),
    ("Unable to infer object type", "no_such_field"),
    ("required properties were not set", "required_blank"),
    ("associations are invalid", "bad_reference"),
    ("too long", "too_long"),
    ("does not exist", "no_such_field"),
)
_BY_STATUS: Final[Mapping[int, RejectionCause]] = {404: "not_found", 409: "duplicate"}
_EXISTING = re.compile(r"Existing ID: (\d+)")
_OWNER_OF_VALUE = re.compile(r"(\d+) already has that value")
_COORDINATES = re.compile(r"propertyName=(\w+)")
_LISTED = "Property values were not valid: "

BUSY_AFTER: Final[Mapping[str, float]] = {"ten_secondly": 10.0, "secondly": 1.0}
"""Seconds to wait after a 429 that names no time, by the kind of limit. Sheet, section 5.3."""
LOCKED_AFTER: Final = 2.0
"""423, the record is locked by a bulk sync: at least two seconds. Sheet, section 5.4."""
NEVER_ARRIVED: Final = frozenset({503, 521, 522, 523, 525, 526})
"""The edge did not get through to HubSpot, or HubSpot took nothing in. Sheet, section 5.4."""


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """An answer that is no success, with what its request was. `zone` is the account's time zone."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    effect: str = "read"
    names_record: bool = False
    zone: str | None = None

    @property
    def request_id(self) -> str | None:
        return self.headers.get("X-HubSpot-Correlation-Id") or self.error.get("correlationId")

    @property
    def error(self) -> Mapping[str, Any]:
        """The JSON body, or an empty mapping where there is none."""
        if body_kind(self.body) != "json":
            return {}
        try:
            parsed = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def message(self) -> str:
        return str(self.error.get("message") or f"HubSpot answered {self.status}")


def translate(answer: BadAnswer, now: datetime) -> ConnectorError:
    """What an unsuccessful answer means for the caller."""
    status = answer.status
    after = retry_after(answer.headers.get("Retry-After"), now)
    if status in {401, 403, 405, 477, 530} or 300 <= status < 400:
        return _blocked(answer, after)
    if status == 429:
        return _limited(answer, after, now)
    if status == 423:
        return _later(answer, max(after or 0.0, LOCKED_AFTER))
    if status >= 500:
        return _broken(answer, after)
    if status == 404 and not answer.names_record and body_kind(answer.body) == "html":
        # A missing record may be told by a page; here it can only be the route (sheet, section 5.4).
        return not_an_api("HubSpot does not know this call", answer.request_id)
    return rejection(answer.error, status=status, request_id=answer.request_id)


# One record is refused --------------------------------------------------------------------------


def rejection(
    error: Mapping[str, Any], *, status: int = 400, request_id: str | None = None
) -> Rejected:
    """One refusal: the body of a 4xx, or one entry of a mixed batch answer."""
    message = str(error.get("message") or f"HubSpot refused this with status {status}")
    return Rejected(
        message,
        system=SYSTEM,
        cause=_cause(error, message, status),
        fields=_fields(error, message),
        existing_id=_existing(error, message),
        request_id=request_id or error.get("correlationId"),
    )


def _cause(error: Mapping[str, Any], message: str, status: int) -> RejectionCause:
    for code in _codes(error, message):
        if code in _CAUSES:
            return _CAUSES[code]
        if code.startswith("INVALID_") and code != "INVALID_AUTHENTICATION":
            return "invalid_value"
    for text, cause in _TEXTS:
        if text in message:
            return cause
    return _BY_STATUS.get(status, "other")


def _codes(error: Mapping[str, Any], message: str) -> Iterator[str]:
    """Most telling first: the codes of single properties, then the category of the whole."""
    for detail in error.get("errors") or ():
        if detail.get("code"):
            yield str(detail["code"])
    for entry in _listed(message):
        if entry.get("error"):
            yield str(entry["error"])
    for name in ("subCategory", "category"):
        if error.get(name):
            yield str(error[name])


def _fields(error: Mapping[str, Any], message: str) -> tuple[str, ...]:
    names: list[str] = []
    for detail in error.get("errors") or ():
        names += (detail.get("context") or {}).get("propertyName") or ()
    names += [str(entry["name"]) for entry in _listed(message) if entry.get("name")]
    context = error.get("context") or {}
    names += [*(context.get("propertyName") or ()), *(context.get("properties") or ())]
    names += _COORDINATES.findall(message)
    # ``CONTACT=424242 is not valid``: the association at fault, by the word of its other end.
    invalid = context.get("INVALID_OBJECT_IDS") or ()
    names += [LINKS + str(told).partition("=")[0].casefold() for told in invalid]
    if not names and message.startswith("Contact already exists"):
        names.append(EMAIL)
    return tuple(dict.fromkeys(names))


def _listed(message: str) -> list[Mapping[str, Any]]:
    """The list in the text of a validation error; it may hold more than `errors` does (section 6.2)."""
    _, found, tail = message.partition(_LISTED)
    if not found:
        return []
    try:
        entries = orjson.loads(tail)
    except orjson.JSONDecodeError:
        return []
    return [entry for entry in entries if isinstance(entry, dict)]


def _existing(error: Mapping[str, Any], message: str) -> str | None:
    """The record in the way: in the context, or only in the text (section 6.4)."""
    named = (error.get("context") or {}).get("existingId")
    if named:
        return str(named[0])
    found = _EXISTING.search(message) or _OWNER_OF_VALUE.search(message)
    return found[1] if found else None


# The system refuses us --------------------------------------------------------------------------


def _blocked(answer: BadAnswer, after: float | None) -> SystemBlocked:
    status, told = answer.status, answer.request_id
    if status == 401:
        return bad_credentials(answer.message, told)
    if status == 477:
        return SystemBlocked(
            "HubSpot is moving this account to another data centre",
            system=SYSTEM,
            cause="unreachable",
            advice="Wait: HubSpot says when the account is back.",
            until=after or 3600.0,
            request_id=told,
        )
    if status == 530:
        return SystemBlocked(
            "HubSpot's edge does not know where this account lives",
            system=SYSTEM,
            cause="credentials",
            advice="Check that the token belongs to this account and region.",
            request_id=told,
        )
    if status == 403 and answer.error:
        scopes = ", ".join(_scopes(answer.error))
        return SystemBlocked(
            answer.message,
            system=SYSTEM,
            cause="permission",
            advice=f"Give the app these scopes: {scopes}." if scopes else "Check the app's scopes.",
            request_id=told,
        )
    return not_an_api(f"HubSpot's address answered {status} without an API behind it", told)


def _scopes(error: Mapping[str, Any]) -> list[str]:
    """The scopes that are missing, in either of two shapes (section 4.4)."""
    places = [*(error.get("errors") or ()), error]
    names = [
        str(scope)
        for place in places
        for scope in (place.get("context") or {}).get("requiredGranularScopes") or ()
    ]
    return list(dict.fromkeys(names))


def bad_credentials(message: str, request_id: str | None = None) -> SystemBlocked:
    return SystemBlocked(
        message,
        system=SYSTEM,
        cause="credentials",
        advice="Check KAKEHASHI_HUBSPOT__ACCESS_TOKEN, or connect the app again.",
        request_id=request_id,
    )


def not_an_api(message: str, request_id: str | None = None) -> SystemBlocked:
    return SystemBlocked(
        message,
        system=SYSTEM,
        cause="not_an_api",
        advice="Check the base URL and the API version, and that no proxy answers in its place.",
        request_id=request_id,
    )


# Not now ----------------------------------------------------------------------------------------


def _limited(answer: BadAnswer, after: float | None, now: datetime) -> ConnectorError:
    """Three kinds of 429; only two name their policy, and none need say how long (section 5.3)."""
    words = f"{answer.error.get('policyName', '')} {answer.message}".casefold()
    if "daily" in words:
        return SystemBlocked(
            "HubSpot's daily limit of calls is used up",
            system=SYSTEM,
            cause="quota",
            advice="Wait for midnight in the account's time zone, or raise the limit.",
            until=after or seconds_to_midnight(now, answer.zone),
            request_id=answer.request_id,
        )
    usual = next((wait for kind, wait in BUSY_AFTER.items() if kind in words), 1.0)
    return _later(answer, usual if after is None else after)


def seconds_to_midnight(now: datetime, zone: str | None) -> float:
    """Until the daily quota starts anew, in the account's time zone (section 5.1); UTC if unknown."""
    try:
        local = now.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        local = now.astimezone(ZoneInfo("UTC"))
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return max(1.0, tomorrow.timestamp() - now.timestamp())


def _broken(answer: BadAnswer, after: float | None) -> ConnectorError:
    """A fault behind HubSpot's door. A create that may have been done is not tried again."""
    if answer.effect == "create" and answer.status not in NEVER_ARRIVED:
        return OutcomeUnknown(
            f"HubSpot answered {answer.status} to a create: it may have been done",
            system=SYSTEM,
            after=after or 1.0,
            request_id=answer.request_id,
        )
    return _later(answer, after or 0.5)


def _later(answer: BadAnswer, after: float) -> TryLater:
    return TryLater(answer.message, system=SYSTEM, after=after, request_id=answer.request_id)
