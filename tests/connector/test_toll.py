"""Both gateways pay before each attempt, and pass on what the answers say of the limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from connector.errors import ConnectorError, SystemBlocked, TryLater
from connector.http import RetryPolicy
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.port import Change
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.limits import told
from connector.salesforce.settings import SalesforceSettings
from connector.toll import CallKind
from tests.connector.hubspot_server import Asked, Reply, Server, running

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BUSY = Reply(503, {"message": "busy"})
DAY_SPENT = {
    "status": "error",
    "message": "You have reached your daily limit.",
    "errorType": "RATE_LIMIT",
    "policyName": "DAILY",
}


@dataclass
class Purse:
    """A toll that writes everything down, and refuses once it is told to."""

    paid: list[CallKind] = field(default_factory=list)
    heard: dict[str, int] = field(default_factory=dict)
    refusal: TryLater | None = None

    def pay(self, kind: CallKind) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.paid.append(kind)

    def told(self, limits: Mapping[str, int]) -> None:
        self.heard.update(limits)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


def hubspot(server: Server, purse: Purse, slept: list[float] | None = None) -> HubSpotConnector:
    return HubSpotConnector(
        HubSpotSettings(base_url=server.url, access_token="pat-1", retries=RetryPolicy(tries=3)),
        clock=lambda: NOON,
        sleep=(slept if slept is not None else []).append,
        toll=purse,
    )


def hubspot_oauth(server: Server, purse: Purse) -> HubSpotConnector:
    settings = HubSpotSettings(
        base_url=server.url, client_id="c", client_secret="s", refresh_token="r"
    )
    return HubSpotConnector(settings, clock=lambda: NOON, toll=purse)


def salesforce(server: Server, purse: Purse) -> SalesforceConnector:
    return SalesforceConnector(
        SalesforceSettings(
            login_url=server.url,
            client_id="c",
            client_secret="s",
            retries=RetryPolicy(tries=3),
        ),
        clock=lambda: NOON,
        sleep=lambda seconds: None,
        toll=purse,
    )


def org(server: Server, answer: Reply) -> None:
    """A Salesforce that lets us in and then answers everything alike."""
    token = {
        "access_token": "t",
        "instance_url": server.url,
        "id": f"{server.url}/id/00D5g0000000001EAA/0055g0000000001AAA",
    }
    server.answer = lambda asked: Reply(200, token) if _is_token(asked) else answer


def _is_token(asked: Asked) -> bool:
    return asked.path.endswith("/token")


# HubSpot -----------------------------------------------------------------------------------------


def test_each_attempt_pays_by_its_kind(server: Server) -> None:
    """Retries pay again; searches and writes are told apart from reads."""
    purse = Purse()
    connector = hubspot(server, purse)
    server.queue = [BUSY, Reply(200, {"results": []})]
    connector.get_many("contacts", ["1"], ["email"])
    assert purse.paid == ["read", "read"]

    list(connector.changed_since("contacts", ["email"], connector.cursor_at(NOON)))
    connector.update_many("contacts", [Change("1", {"email": "a@example.com"})])
    assert set(purse.paid[2:]) >= {"search", "write"}
    assert len(purse.paid) == len(server.asked)


def test_token_calls_are_free(server: Server) -> None:
    """Fetching a token costs nothing of the day."""
    purse = Purse()
    server.queue = [Reply(200, {"access_token": "t", "expires_in": 1800})]
    hubspot_oauth(server, purse).get_many("contacts", ["1"], ["email"])
    assert purse.paid == ["read"]
    assert len(server.asked) == 2


def test_what_hubspot_says_is_heard_from_refusals_too(server: Server) -> None:
    """The headers of every answer reach the toll; a spent day does without any."""
    purse = Purse()
    connector = hubspot(server, purse)
    headers = {
        "X-HubSpot-RateLimit-Daily": "1000",
        "X-HubSpot-RateLimit-Daily-Remaining": "400",
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": "188",
    }
    server.queue = [Reply(200, {"results": []}, headers=headers)]
    connector.get_many("contacts", ["1"], ["email"])
    assert purse.heard == {
        "daily_limit": 1000,
        "daily_left": 400,
        "burst_limit": 190,
        "burst_left": 188,
    }
    server.queue = [Reply(429, DAY_SPENT)]
    with pytest.raises(SystemBlocked):
        connector.get_many("contacts", ["1"], ["email"])
    assert purse.heard["daily_left"] == 0


def test_a_refused_toll_is_not_waited_for_twice(server: Server) -> None:
    """Whoever keeps the toll has waited already: its refusal leaves at once, and nothing is sent."""
    refusal = TryLater("later", system="hubspot", after=1.0)
    slept: list[float] = []
    with pytest.raises(TryLater) as raised:
        hubspot(server, Purse(refusal=refusal), slept).get_many("contacts", ["1"], ["email"])
    assert raised.value is refusal
    assert (slept, server.asked) == ([], [])


# Salesforce --------------------------------------------------------------------------------------


def test_salesforce_pays_per_attempt_and_logs_in_for_free(server: Server) -> None:
    """The log-in is no data call; reads and writes are told apart."""
    purse = Purse()
    org(server, Reply(200, []))
    connector = salesforce(server, purse)
    connector.get_many("Lead", ["00Q5g00000zzzzzEAA"], ["Email"])
    connector.update_many("Lead", [Change("00Q5g00000zzzzzEAA", {"Email": None})])
    assert purse.paid[0] == "read"
    assert "write" in purse.paid
    assert len(purse.paid) == len([asked for asked in server.asked if not _is_token(asked)])


@pytest.mark.parametrize("status", [200, 400])
def test_the_usage_is_heard_from_every_answer(server: Server, status: int) -> None:
    """Errors carry ``Sforce-Limit-Info`` too, and it counts."""
    purse = Purse()
    body = [{"errorCode": "INVALID_FIELD", "message": "no"}] if status == 400 else []
    org(server, Reply(status, body, headers={"Sforce-Limit-Info": "api-usage=25/5000"}))
    with nullcontext() if status == 200 else pytest.raises(ConnectorError):
        salesforce(server, purse).get_many("Lead", ["00Q5g00000zzzzzEAA"], ["Email"])
    assert purse.heard == {"daily_used": 25, "daily_limit": 5000}


def test_a_spent_day_is_told_without_a_header(server: Server) -> None:
    """REQUEST_LIMIT_EXCEEDED alone says that nothing is left."""
    purse = Purse()
    spent = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    org(server, Reply(403, spent))
    with pytest.raises(SystemBlocked):
        salesforce(server, purse).get_many("Lead", ["00Q5g00000zzzzzEAA"], ["Email"])
    assert purse.heard == {"daily_left": 0}


def test_a_refused_toll_leaves_salesforce_alone(server: Server) -> None:
    """As with HubSpot: no wait, no call."""
    org(server, Reply(200, []))
    refusal = TryLater("later", system="salesforce", after=1.0)
    with pytest.raises(TryLater) as raised:
        salesforce(server, Purse(refusal=refusal)).get_many("Lead", ["00Q5g00000zzzzzEAA"], [])
    assert raised.value is refusal
    assert all(_is_token(asked) for asked in server.asked)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, {}),
        ("nonsense", {}),
        ("api-usage=25/5000", {"daily_used": 25, "daily_limit": 5000}),
        (
            "api-usage=25/5000; per-app-api-usage=17/250(appName=x)",
            {"daily_used": 17, "daily_limit": 250},
        ),
        (
            "api-usage=4990/5000; per-app-api-usage=17/250(appName=x)",
            {"daily_used": 4990, "daily_limit": 5000},
        ),
    ],
)
def test_the_usage_header(header: str | None, said: dict[str, int]) -> None:
    """The tighter of the two quotas counts."""
    assert told(header) == said
