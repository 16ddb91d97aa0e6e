"""A connector in front of a scripted HubSpot, and the answers that tests script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import Rejected
from connector.http import RetryPolicy
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.port import Outcome
from tests.connector.hubspot_server import Reply, Server, running

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def hubspot(server: Server) -> HubSpotConnector:
    settings = HubSpotSettings(
        base_url=server.url, access_token="pat-1", app_id="42", retries=RetryPolicy(tries=2)
    )
    return HubSpotConnector(settings, clock=lambda: NOON, sleep=lambda seconds: None)


def raw(record_id: str, **properties: str | None) -> dict[str, Any]:
    return {
        "id": record_id,
        "properties": {"hs_object_id": record_id, **properties},
        "updatedAt": "2026-11-20T11:00:00Z",
        "archived": False,
    }


def batch(*records: dict[str, Any], errors: Any = ()) -> Reply:
    body: dict[str, Any] = {"status": "COMPLETE", "results": list(records)}
    if errors:
        body |= {"numErrors": len(errors), "errors": list(errors)}
    return Reply(207 if errors else 200, body)


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [o.cause if isinstance(o, Rejected) else type(o).__name__ for o in outcomes]
