"""Both practice orgs over loopback, started once and emptied for each test, and time that tests move."""

from __future__ import annotations

import shutil
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from connector.hubspot.client import HubSpotConnector
from connector.hubspot.schema import definition, usual_group
from connector.hubspot.settings import HubSpotSettings
from connector.port import Connector, NewField, ObjectSchema, System
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from mappings.compile import compile_folder, objects_needed
from mappings.schema import Mapping
from mappings.transforms import Locale
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
START = datetime(2026, 11, 24, 9, tzinfo=UTC)
NO_LIMIT = 1_000_000_000
SHIPPED = Path(__file__).parents[2] / "mappings"
KEYS = {
    HUBSPOT: ("salesforce_id", ("contacts", "companies", "deals")),
    SALESFORCE: ("HubSpot_Id__c", ("Contact", "Lead", "Account", "Opportunity")),
}


@dataclass
class Time:
    """Time that tests move, and that the connectors' pauses move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ticks(self) -> float:
        return self.now.timestamp()


class Wording(NamedTuple):
    """What an admin changed in a shipped file: this text into that one."""

    file: str
    old: str
    new: str


class Orgs:
    """Two orgs behind two servers. `stop` ends them."""

    def __init__(self) -> None:
        self.time = Time()
        self.hubspot = HubSpotOrg(
            clock=self.time, burst_limit=NO_LIMIT, search_limit=NO_LIMIT, daily_limit=NO_LIMIT
        )
        self.salesforce = SalesforceOrg(clock=self.time, daily_limit=NO_LIMIT)
        self._left = WebServer(self.hubspot.app, "life-hubspot", "127.0.0.1", 0)
        self._right = WebServer(self.salesforce.app, "life-salesforce", "127.0.0.1", 0)
        for server in (self._left, self._right):
            server.start()
        self.compiled = cache(self._compile)
        self._schemas: dict[tuple[System, str], ObjectSchema] = {}

    def stop(self) -> None:
        for server in (self._left, self._right):
            server.stop()
        self.hubspot.close()
        self.salesforce.close()

    def reset(self) -> None:
        """Nobody is in either org; the fields for our keys are there, as `init` makes them."""
        self.hubspot.reset()
        self.salesforce.reset()
        for system, (name, objects) in KEYS.items():
            for place in objects:
                field = NewField(place, name, name, unique=True)
                if system is HUBSPOT:
                    self.hubspot.define(place, **definition(field, usual_group(place) or ""))
                else:
                    self.salesforce.add_field(place, name, length=64, externalId=True, unique=True)

    def connectors(self) -> AnyMapping[System, Connector]:
        """Fresh connectors to both."""
        return {
            HUBSPOT: HubSpotConnector(
                HubSpotSettings(
                    base_url=self._left.url,
                    access_token=self.hubspot.access_token,
                    app_id=str(self.hubspot.app_id),
                ),
                clock=self.time,
                sleep=self.time.pass_by,
                ticks=self.time.ticks,
            ),
            SALESFORCE: SalesforceConnector(
                SalesforceSettings(
                    login_url=self._right.url,
                    client_id=self.salesforce.client_id,
                    client_secret=self.salesforce.client_secret,
                ),
                clock=self.time,
                sleep=self.time.pass_by,
            ),
        }

    def _compile(self, *wordings: Wording) -> Sequence[Mapping]:
        """The shipped mappings, checked against the live schemas; some of them as an admin changed them."""
        with TemporaryDirectory() as name:
            folder = Path(name)
            for file in SHIPPED.glob("*.yaml"):
                shutil.copy(file, folder)
            for file_name, old, new in wordings:
                path = folder / file_name
                text = path.read_text("utf-8")
                assert old in text, f"{file_name} does not say {old!r}"
                path.write_text(text.replace(old, new), "utf-8")
            connectors = self.connectors()
            for system, object_name in objects_needed(folder) - self._schemas.keys():
                self._schemas[system, object_name] = connectors[system].describe(object_name)
            return compile_folder(folder, self._schemas, Locale("Asia/Tokyo", "JP")).mappings
