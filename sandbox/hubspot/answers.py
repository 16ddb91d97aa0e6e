"""How HubSpot words its answers: times, correlation ids, error bodies.

Times are kept as whole milliseconds since 1970 (UTC) everywhere in this org and become ISO text here.
Bodies: reference sheet, sections 2, 4.4, 5.3 and 6.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

SCOPES_PAGE = "https://developers.hubspot.com/scopes"
OAUTH_PAGE = "https://developers.hubspot.com/docs/methods/auth/oauth-overview"

NOT_FOUND_HTML = (
    "<!DOCTYPE html><html><head><title>Page not found</title></head>"
    "<body><h1>There's nothing here</h1></body></html>"
)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return round(moment.timestamp() * 1000)


def iso(ms: int) -> str:
    """ISO-8601 in UTC with ``Z``; milliseconds are left out when they are zero (section 2)."""
    seconds, rest = divmod(ms, 1000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


def from_iso(text: str) -> int:
    """Milliseconds of an ISO text with a zone. ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return to_ms(moment)


def correlation_id(ms: int, dice: random.Random) -> str:
    """A UUIDv7: the time in front, the rest thrown."""
    digits = f"{ms & (1 << 48) - 1:012x}7{dice.getrandbits(12):03x}"
    digits += f"{0x8000 | dice.getrandbits(14):04x}{dice.getrandbits(48):012x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Refusal(Exception):
    """An answer that is not a success. `extra` are further keys of the JSON body."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str | None = None,
        /,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.headers = dict(headers or {})
        self.extra = extra

    def body(self, correlation: str | None = None) -> dict[str, Any]:
        """The JSON body; inside a batch answer there is no correlation id."""
        body: dict[str, Any] = {"status": "error", "message": self.message}
        if correlation is not None:
            body["correlationId"] = correlation
        body.update(self.extra)
        if self.category is not None:
            body["category"] = self.category
        return body


class Problem(NamedTuple):
    """One property value that was refused."""

    name: str
    code: str
    message: str


def invalid_values(problems: Sequence[Problem], portal_id: int) -> Refusal:
    """400: which properties were refused. Nothing in it names the input record (section 6.2)."""
    told = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal_id,
        }
        for problem in problems
    ]
    errors = [
        {"message": p.message, "code": p.code, "context": {"propertyName": [p.name]}}
        for p in problems
    ]
    text = "Property values were not valid: " + orjson.dumps(told).decode()
    return Refusal(400, text, "VALIDATION_ERROR", errors=errors)


def bad_json(detail: str, column: int = 1) -> Refusal:
    """400 for a body that cannot be read or lacks a field (section 6.3)."""
    return Refusal(
        400, f"Invalid input JSON on line 1, column {column}: {detail}", "VALIDATION_ERROR"
    )


def missing_field(name: str) -> Refusal:
    return bad_json(f"Some required fields were not set: [{name}]")


def invalid_request(message: str, **extra: Any) -> Refusal:
    return Refusal(400, message, "VALIDATION_ERROR", **extra)


def not_found(record_id: str) -> Refusal:
    """404, in one of three wordings (section 6.5)."""
    headers = {"X-HubSpot-NotFound": "true"}
    if record_id.isdigit() and int(record_id) > 0:
        return Refusal(404, "resource not found", headers=headers)
    usual = "positive." if record_id.isdigit() else "numeric."
    verb = "objectId is" if record_id.isdigit() else " objectId are"
    return Refusal(
        404,
        f"Object not found. {verb} usually {usual}",
        "OBJECT_NOT_FOUND",
        headers=headers,
        context={"id": [record_id]},
    )


def could_not_get(kind: str, ids: Sequence[str]) -> dict[str, Any]:
    """The entry of a 207 that lists unknown ids (section 8)."""
    text = (
        f"Could not get some {kind} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return Refusal(207, text, "OBJECT_NOT_FOUND", context={"ids": list(ids)}).body()


def no_credentials() -> Refusal:
    text = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and "
        f"you can find more details at {OAUTH_PAGE}"
    )
    return Refusal(401, text, "INVALID_AUTHENTICATION")


def expired(expired_at: int, now: int) -> Refusal:
    """401 of an OAuth token past its half hour; the age is told in its largest unit."""
    seconds = max(0, (now - expired_at) // 1000)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= length or unit == "second":
            age = f"{seconds // length} {unit}(s)"
            break
    return Refusal(
        401,
        f"The OAuth token used to make this call expired {age} ago.",
        "EXPIRED_AUTHENTICATION",
        context={"expire time": [iso(expired_at)]},
    )


def missing_scope(scope: str) -> Refusal:
    text = (
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}."
    )
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    return Refusal(403, text, "MISSING_SCOPES", errors=[detail], links={"scopes": SCOPES_PAGE})


def too_fast(app_id: int, portal_id: int, headers: Mapping[str, str] | None = None) -> Refusal:
    """429 of the ten-second window."""
    return Refusal(
        429,
        "You have reached your ten_secondly_rolling limit.",
        headers=headers,
        errorType="RATE_LIMIT",
        policyName="TEN_SECONDLY_ROLLING",
        groupName=f"publicapi:private_app-api-calls-ten-secondly:{app_id}:{portal_id}",
    )


def day_is_spent(headers: Mapping[str, str] | None = None) -> Refusal:
    """429 of the daily counter."""
    return Refusal(
        429,
        "You have reached your daily limit.",
        headers=headers,
        errorType="RATE_LIMIT",
        policyName="DAILY",
    )


def searching_too_fast(headers: Mapping[str, str] | None = None) -> Refusal:
    """429 of the search limiter: no policy name, no error type."""
    return Refusal(429, "You have reached your secondly limit.", "RATE_LIMITS", headers=headers)
