"""A web part with real verifiers, and a store in memory that can be down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, generate_latest
from werkzeug.test import TestResponse

from connector.doorbell import Delivery, Knock
from connector.hubspot.events import HubSpotDoor, signature_v3
from connector.hubspot.events import receive as read_hubspot
from connector.port import Notice
from connector.salesforce.events import SalesforceDoor, acknowledgement
from connector.salesforce.events import receive as read_salesforce
from sync.lanes import Lane
from sync.ledger import LedgerUnavailable
from tests.connector.test_salesforce_events import ORG
from webhooks.app import create_app
from webhooks.health import Health
from webhooks.routes import Doors, Receipt

SECRET = "practice-secret"
PUBLIC = "https://bridge.example.com"
NOW = datetime(2026, 3, 12, 7, 33, 46, tzinfo=UTC)
STAMP = str(int(NOW.timestamp() * 1000))


def frozen_clock() -> datetime:
    return NOW


@dataclass
class Scene:
    """The doors under test, what they put on file and how often they rang."""

    clock: Callable[[], datetime] = frozen_clock
    public_url: str | None = PUBLIC
    token: str | None = None
    secret: str | None = SECRET
    org: str | None = ORG
    portal: str | None = None
    repeats: int = 100_000
    health: Health = field(default_factory=Health)
    store_down: bool = False
    bell_broken: bool = False
    receipts: list[Receipt] = field(default_factory=list)
    rings: int = 0
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def app(self) -> Flask:
        return create_app(self.doors, self.health, self.registry)

    @property
    def doors(self) -> Doors:
        hubspot: Callable[[Knock], Delivery] | None = None
        salesforce: Callable[[bytes], Delivery] | None = None
        if self.secret is not None:
            hubspot = partial(read_hubspot, HubSpotDoor(self.secret, portal_id=self.portal))
        if self.org is not None:
            salesforce = partial(read_salesforce, SalesforceDoor(self.org))
        return Doors(
            hubspot=hubspot,
            salesforce=salesforce,
            salesforce_token=self.token,
            acknowledgement=acknowledgement,
            remember=self._remember,
            ring=self._ring,
            clock=self.clock,
            public_url=self.public_url,
            repeats=self.repeats,
        )

    def client(self) -> FlaskClient:
        return self.app().test_client()

    @property
    def notices(self) -> list[Notice]:
        """Everything on file, in order."""
        return [notice for receipt in self.receipts for notice in receipt.notices]

    def number(self, line: str) -> float:
        """The number behind a line of the metrics, 0 where there is none."""
        shown = generate_latest(self.registry).decode().splitlines()
        found = [one.rpartition(" ")[2] for one in shown if one.startswith(line + " ")]
        return float(found[0]) if found else 0.0

    def _remember(self, receipt: Receipt) -> frozenset[Lane]:
        if self.store_down:
            raise LedgerUnavailable("the disk is full")
        self.receipts.append(receipt)
        return frozenset({receipt.lane_hint or Lane.LIVE})

    def _ring(self, lanes: frozenset[Lane]) -> None:
        if self.bell_broken:
            raise ConnectionError("redis is away")
        self.rings += len(lanes)


def events(*ids: int, **more: Any) -> bytes:
    """A body with one creation for each id."""
    return orjson.dumps(
        [
            {
                "eventId": number,
                "subscriptionId": 2,
                "portalId": 3,
                "occurredAt": 1700000300000,
                "subscriptionType": "contact.creation",
                "objectId": number,
            }
            | more
            for number in ids
        ]
    )


def knock(
    client: FlaskClient,
    body: bytes,
    *,
    path: str = "/webhooks/hubspot",
    url: str | None = None,
    stamp: str = STAMP,
    secret: str = SECRET,
    **headers: str,
) -> TestResponse:
    """Post a signed body at HubSpot's door; `url` is what was signed where that differs."""
    signature = signature_v3(secret, "POST", url or f"{PUBLIC}{path}", body, stamp)
    own = {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": signature,
        "X-HubSpot-Request-Timestamp": stamp,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=body, headers=own | named)


def send(
    client: FlaskClient, body: bytes, path: str = "/webhooks/salesforce", **headers: str
) -> TestResponse:
    """Post an envelope at Salesforce's door."""
    own = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    return client.post(path, data=body, headers=own | headers)
