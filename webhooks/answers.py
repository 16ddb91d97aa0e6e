"""How doors answer: JSON, refusals with a reason, and when to come back while our store is down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Response

from webhooks.parts import TurnedAway

RETRY_AFTER: Final = 30
"""Seconds after which a sender may try again while our store is down."""


def closed(setting: str) -> TurnedAway:
    """A door whose secret nobody set."""
    text = f"this door is closed: {setting} is not set"
    return TurnedAway(HTTPStatus.SERVICE_UNAVAILABLE, "no_secret", text)


def store_down() -> TurnedAway:
    """Nothing can be put on file now."""
    text = "our store cannot take this now: nothing is lost if it is sent again"
    return TurnedAway(HTTPStatus.SERVICE_UNAVAILABLE, "store_down", text)


def files_broken(files: Collection[str]) -> TurnedAway:
    """There never was a right version of these files, so nothing can be read by them."""
    text = (
        f"{', '.join(files)} has faults, and nothing is taken before they are mended: "
        "nothing is lost if it is sent again; `kakehashi check` says what is wrong"
    )
    return TurnedAway(HTTPStatus.SERVICE_UNAVAILABLE, "files_broken", text)


def refusal(away: TurnedAway) -> Response:
    """The answer to a request that is not taken."""
    answer = as_json({"error": away.reason}, away.status)
    if away.status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def as_json(content: Mapping[str, Any], status: int) -> Response:
    """An answer of one JSON object."""
    return Response(orjson.dumps(content), status, content_type="application/json")
