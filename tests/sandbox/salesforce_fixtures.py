"""The fixtures `served`, `org` and `sf`, for `pytest_plugins`: one server, emptied for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from simple_salesforce import Salesforce

from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer
from tests.sandbox.salesforce_served import MORNING, Hands, Served

_CLOCK = Hands()


@pytest.fixture(scope="session")
def _server() -> Iterator[Served]:
    org = SalesforceOrg(clock=_CLOCK)
    server = WebServer(org.app, "practice-salesforce", "127.0.0.1", 0)
    server.start()
    yield Served(org, _CLOCK, server.url)
    server.stop()
    org.close()


@pytest.fixture
def served(_server: Served) -> Served:
    """An empty org at nine in the morning."""
    _CLOCK.now = MORNING
    _server.org.reset()
    return _server


@pytest.fixture
def org(served: Served) -> SalesforceOrg:
    return served.org


@pytest.fixture
def sf(served: Served) -> Salesforce:
    return served.client()
