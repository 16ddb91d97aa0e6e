"""The events of a request's body: JSON, in rows, and not too many of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import orjson

from intent.intake import COMPANY_NAME
from webhooks.parts import TurnedAway

# Whoever reads a page may send this much; the rest only somebody who holds the key.
OF_BROWSERS: Final = (
    *("event_id", "type", "url", "title", "occurred_at", "email", "visitor", "hubspotutk"),
    *("session", "consent", "properties"),
)


def parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _with_halves(body)


def _with_halves(body: bytes) -> object:
    """JSON in which halves of characters are escaped, as texts have that were cut off: it is one event's
    fault, and not its request's.
    """
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        text = "the body is no JSON: send one event or an array of events"
        raise TurnedAway(HTTPStatus.BAD_REQUEST, "not_json", text) from None


def _no_number(name: str) -> object:
    raise ValueError(name)


def rows_of(body: object, most: int) -> Sequence[object]:
    rows = body if isinstance(body, list) else [body]
    if not isinstance(body, list | dict):
        text = "send one event (a JSON object) or an array of events"
        raise TurnedAway(HTTPStatus.BAD_REQUEST, "not_events", text)
    not_too_many(rows, most)
    return rows


def not_too_many(rows: Sequence[object], most: int) -> None:
    if len(rows) > most:
        text = f"{len(rows)} events in one request: send {most} at most"
        raise TurnedAway(HTTPStatus.BAD_REQUEST, "too_many", text)


def of_browser(row: object) -> object:
    if not isinstance(row, dict):
        return row
    kept = {name: row[name] for name in OF_BROWSERS if name in row}
    if isinstance(told := kept.get("properties"), dict):
        # A page may not claim a company, wherever its name stands.
        kept["properties"] = {name: told[name] for name in told if name != COMPANY_NAME}
    return kept
