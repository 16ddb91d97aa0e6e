"""Both practice orgs and their control desk, seeded and served over HTTP from this process."""

from __future__ import annotations

import threading
from typing import Any

from sandbox.behaviour import Clock, system_clock
from sandbox.control import PracticeOrg, create_control
from sandbox.doorbells import SILENCE, Doorbells, Wanted
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.seed import SeedReport, seed
from sandbox.webserver import SandboxPortTaken, WebServer

NO_LIMIT = 1_000_000_000
__all__ = ["Sandbox", "SandboxPortTaken"]


class Sandbox:
    """Two orgs behind three servers: HubSpot, Salesforce, control. Make one with `start`.

    `hubspot` and `salesforce` are the orgs themselves, for callers in the same process.
    """

    def __init__(self, *, people: int, number: int, clock: Clock, limits: bool) -> None:
        self._people, self._number = people, number
        self._clock = clock
        self._seeding = threading.Lock()
        self._servers: list[WebServer] = []
        self.hubspot = (
            HubSpotOrg(clock=clock)
            if limits
            else HubSpotOrg(clock=clock, burst_limit=NO_LIMIT, search_limit=NO_LIMIT)
        )
        self.salesforce = (
            SalesforceOrg(clock=clock)
            if limits
            else SalesforceOrg(clock=clock, daily_limit=NO_LIMIT)
        )
        self.doorbells = Doorbells(self.hubspot, self.salesforce)

    @classmethod
    def start(
        cls,
        people: int = 300,
        seed: int = 7,
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Clock = system_clock,
        *,
        limits: bool = True,
    ) -> Sandbox:
        """Seed and serve on `port` and the two after it; 0: on any free ports.

        Without `limits` neither system holds our calls down: for measuring ourselves.
        Raises `SandboxPortTaken`, and then serves nothing.
        """
        sandbox = cls(people=people, number=seed, clock=clock, limits=limits)
        sandbox._open(host, port)
        try:
            sandbox.seed()
        except BaseException:
            sandbox.stop()
            raise
        for server in sandbox._servers:
            server.start()
        return sandbox

    def seed(self) -> SeedReport:
        """Put the world into both orgs, which must be empty."""
        return seed(
            self.hubspot,
            self.salesforce,
            people=self._people,
            seed=self._number,
            at=self._clock(),
        )

    def reset(self, people: int | None = None, number: int | None = None) -> SeedReport:
        """Empty both orgs, forget faults and calls, and seed again; None: as it was.

        They go on ringing where they rang before.
        """
        with self._seeding:
            self._people = self._people if people is None else people
            self._number = self._number if number is None else number
            for org in (self.hubspot, self.salesforce):
                org.reset()
                org.faults.clear()
                org.calls.clear()
            report = self.seed()
            self.doorbells.connect_again()
            return report

    def ring_at(self, hubspot_url: str | None, salesforce_url: str | None) -> None:
        """Send every event of both orgs to these doors, e.g. ``http://127.0.0.1:8080/webhooks/hubspot``.

        None: that org keeps silent.
        """
        self.doorbells.connect(Wanted(hubspot_url=hubspot_url, salesforce_url=salesforce_url))

    def keep_silent(self) -> None:
        """Ring nowhere."""
        self.doorbells.connect(SILENCE)

    def as_json(self) -> dict[str, Any]:
        """Addresses and credentials, exactly as `kakehashi sandbox` prints them."""
        hubspot, salesforce, control = self._servers
        return {
            "hubspot": {
                "base_url": hubspot.url,
                "access_token": self.hubspot.access_token,
                "person_token": self.hubspot.person_token,
                "client_secret": self.hubspot.client_secret,
                "app_id": self.hubspot.app_id,
                "portal_id": self.hubspot.portal_id,
            },
            "salesforce": {
                "login_url": salesforce.url,
                "client_id": self.salesforce.client_id,
                "client_secret": self.salesforce.client_secret,
                "org_id": self.salesforce.org_id,
                "person_client_id": self.salesforce.person_client_id,
                "person_client_secret": self.salesforce.person_client_secret,
            },
            "control_url": control.url,
        }

    def stop(self) -> None:
        """Close all connections and end the threads. Safe to repeat."""
        for server in self._servers:
            server.stop()
        self.hubspot.close()
        self.salesforce.close()

    def _open(self, host: str, port: int) -> None:
        orgs: dict[str, PracticeOrg] = {"hubspot": self.hubspot, "salesforce": self.salesforce}
        desk = create_control(orgs, self.reset, self.doorbells)
        apps = {
            "hubspot": self.hubspot.app,
            "salesforce": self.salesforce.app,
            "control": desk,
        }
        try:
            for place, (name, app) in enumerate(apps.items()):
                chosen = port + place if port else 0
                self._servers.append(WebServer(app, f"sandbox-{name}", host, chosen))
        except BaseException:
            self.stop()
            raise
