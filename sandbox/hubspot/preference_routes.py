"""Doors for communication preferences, v3 and v4 (reference sheet, section 14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from sandbox.hubspot import preferences
from sandbox.hubspot.answers import invalid_request, iso, missing_field
from sandbox.hubspot.desk import Call, Route, reply
from sandbox.hubspot.state import SUBSCRIPTIONS

SCOPE = "communication_preferences.read_write"
V3, V4 = "/communication-preferences/v3", "/communication-preferences/v4"


def definitions(_call: Call) -> Response:
    return reply({"subscriptionDefinitions": preferences.definitions()})


def v4_definitions(_call: Call) -> Response:
    return reply({"status": "COMPLETE", "results": preferences.definitions()})


def v3_read(call: Call, address: str) -> Response:
    wish = preferences.wish_of(call.state, address)
    told = [preferences.v3_status(wish, number) for number in SUBSCRIPTIONS]
    return reply({"recipient": address, "subscriptionStatuses": told})


def v3_unsubscribe(call: Call) -> Response:
    address, subscription = _asked(call)
    preferences.set_status(call.state, address, subscription, "UNSUBSCRIBED", call.actor)
    return _v3_told(call, address, subscription)


def v3_subscribe(call: Call) -> Response:
    """v3 refuses whoever opted out; v4 does not."""
    address, subscription = _asked(call)
    wish = preferences.wish_of(call.state, address)
    if preferences.status_of(wish, subscription) == "UNSUBSCRIBED":
        raise invalid_request(f"{address} has unsubscribed and cannot be subscribed again")
    preferences.set_status(call.state, address, subscription, "SUBSCRIBED", call.actor)
    return _v3_told(call, address, subscription)


def _asked(call: Call) -> tuple[str, str]:
    body = call.body_object()
    for key in ("emailAddress", "subscriptionId"):
        if not body.get(key):
            raise missing_field(key)
    return str(body["emailAddress"]), preferences.check_subscription(body["subscriptionId"])


def _v3_told(call: Call, address: str, subscription: str) -> Response:
    wish = preferences.wish_of(call.state, address)
    return reply(preferences.v3_status(wish, subscription))


def _v4_reply(call: Call, results: Sequence[Any]) -> Response:
    now = iso(call.state.now())
    told = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    return reply(told)


def _check_channel(channel: Any) -> None:
    if channel != "EMAIL":
        raise invalid_request(f"Unknown channel {channel}: EMAIL is the only one.")


def v4_read(call: Call, address: str) -> Response:
    _check_channel(call.text("channel"))
    told = [preferences.v4_status(call.state, address, number) for number in SUBSCRIPTIONS]
    return _v4_reply(call, told)


def v4_write(call: Call, address: str) -> Response:
    body = call.body_object()
    for key in ("subscriptionId", "statusState", "channel"):
        if not body.get(key):
            raise missing_field(key)
    _check_channel(body["channel"])
    subscription, status = (
        preferences.check_subscription(body["subscriptionId"]),
        body["statusState"],
    )
    if status not in preferences.STATES:
        raise invalid_request(f"Unknown statusState {status}")
    if body.get("legalBasis") not in {None, *preferences.BASES}:
        raise invalid_request(f"Unknown legalBasis {body['legalBasis']}")
    preferences.set_status(
        call.state,
        address,
        subscription,
        status,
        call.actor,
        basis=body.get("legalBasis"),
        explanation=body.get("legalBasisExplanation"),
    )
    return _v4_reply(call, [preferences.v4_status(call.state, address, subscription)])


def read_unsubscribed(call: Call, address: str) -> Response:
    _check_channel(call.text("channel"))
    return _v4_reply(call, [preferences.wide_status(call.state, address)])


def unsubscribe_all(call: Call, address: str) -> Response:
    _check_channel(call.text("channel"))
    preferences.unsubscribe_all(call.state, address, call.actor)
    return _v4_reply(call, [preferences.wide_status(call.state, address)])


ROUTES = (
    Route("GET", f"{V3}/definitions", definitions, SCOPE),
    Route("GET", f"{V3}/status/email/<address>", v3_read, SCOPE),
    Route("POST", f"{V3}/subscribe", v3_subscribe, SCOPE),
    Route("POST", f"{V3}/unsubscribe", v3_unsubscribe, SCOPE),
    Route("GET", f"{V4}/definitions", v4_definitions, SCOPE),
    Route("GET", f"{V4}/statuses/<address>", v4_read, SCOPE),
    Route("POST", f"{V4}/statuses/<address>", v4_write, SCOPE),
    Route("GET", f"{V4}/statuses/<address>/unsubscribe-all", read_unsubscribed, SCOPE),
    Route("POST", f"{V4}/statuses/<address>/unsubscribe-all", unsubscribe_all, SCOPE),
)
