"""Visits of pages by contacts: each an occurrence of the events API, and all of them roll-ups in properties.

Reference sheet, sections 15 and 18.
"""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.hubspot import effects
from sandbox.hubspot.answers import from_iso, invalid_request, iso
from sandbox.hubspot.desk import Call, Route, page_of, reply
from sandbox.hubspot.records import Record
from sandbox.hubspot.state import Actor, State

VISITED = "e_visited_page"
MOST = 100


def visit(state: State, contact: Record, url: str, title: str) -> str:
    """A contact looks at a page now; answers the id of the occurrence."""
    now = state.now()
    number = f"{len(state.visits) + 1:08x}-{state.dice.getrandbits(32):08x}"
    seen = {"hs_url": url, "hs_title": title, "hs_visit_source": "DIRECT_TRAFFIC"}
    state.visits.append(
        {
            "objectType": "CONTACT",
            "objectId": str(contact.id),
            "eventType": VISITED,
            "occurredAt": iso(now),
            "id": number,
            "properties": seen,
        }
    )
    views = int(contact.values.get("hs_analytics_num_page_views") or 0) + 1
    rolled_up = {
        "hs_analytics_num_page_views": str(views),
        "hs_analytics_last_url": url,
        "hs_analytics_last_timestamp": iso(now),
    }
    effects.put(state, state.tables["contacts"], contact, rolled_up, Actor(state.system))
    return number


def list_occurrences(call: Call) -> Response:
    """By contact, by type, or both; oldest first."""
    kind, contact = call.text("eventType"), call.text("objectId")
    if kind is None and contact is None:
        raise invalid_request("Either an object or an eventType is required")
    found: list[dict[str, Any]] = [
        one
        for one in call.state.visits
        if kind in {None, one["eventType"]}
        and contact in {None, one["objectId"]}
        and _instant(call, "occurredAfter", 0) <= from_iso(one["occurredAt"])
        and from_iso(one["occurredAt"]) <= _instant(call, "occurredBefore", call.state.now())
    ]
    limit = min(call.number("limit", MOST), MOST)
    return reply(page_of(found, call.text("after"), limit, "/events/v3/events"))


def _instant(call: Call, name: str, usual: int) -> int:
    told = call.text(name)
    if told is None:
        return usual
    try:
        return from_iso(told)
    except ValueError:
        raise invalid_request(f"Invalid value for {name}: {told}") from None


ROUTES = (
    Route("GET", "/events/v3/events", list_occurrences),
    # The dated generation has another word for it.
    Route("GET", "/events/v3/event-occurrences", list_occurrences),
)
