"""A practice org behind a real server on a free port, and the vendor's own client pointed at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from hubspot import HubSpot

from sandbox.hubspot.org import HubSpotOrg
from sandbox.webserver import WebServer

NOON = datetime(2026, 11, 20, 3, 0, 0, 123000, tzinfo=UTC)


class Hands:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Scene:
    """The org, its clock, the vendor's client as the app, and plain HTTP as app or person."""

    def __init__(self, org: HubSpotOrg, clock: Hands, url: str) -> None:
        self.org = org
        self.clock = clock
        self.url = url
        self.client = HubSpot(access_token=org.access_token, host=url, base_url=url, retry=False)

    def send(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.org.access_token}"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=10)

    def as_person(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.send(method, path, body, token=self.org.person_token)

    def contact(self, **properties: Any) -> str:
        return self.org.load("contacts", [properties])[0]

    def held(self, record_id: str, kind: str = "contacts") -> Mapping[str, str | None]:
        return self.org.records(kind)[record_id]


@contextmanager
def opened(**settings: Any) -> Iterator[Scene]:
    """An org on loopback for one test."""
    clock = Hands()
    org = HubSpotOrg(clock=clock, **settings)
    server = WebServer(org.app, "hubspot", "127.0.0.1", 0)
    server.start()
    try:
        yield Scene(org, clock, server.url)
    finally:
        org.close()
        server.stop()
