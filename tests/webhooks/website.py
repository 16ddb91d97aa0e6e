"""The doors of the website over a store in memory, and calls at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, generate_latest
from werkzeug.test import TestResponse

from intent.definition import Definition
from intent.intake import no_company
from intent.load import load_definition
from intent.model import Event
from intent.sources import Source
from tests.intent.visits import CHROME, DEFINITION, NETWORKS, NOW, Twin
from webhooks.intent import IntentDoors, intent_doors
from webhooks.intent_tally import IntentTally

KEY = "practice-write-key"
ORIGIN = "https://www.example.com"
SERVER_DOOR = "/webhooks/intent"


@dataclass
class Website:
    """Doors under test: what they put on file, and how often they rang."""

    write_key: str | None = KEY
    sites: frozenset[str] = frozenset({ORIGIN})
    sources: Mapping[str, Source] = field(default_factory=dict)
    definition: Definition | None = DEFINITION
    company: Callable[[str], str | None] = no_company
    store: Twin = field(default_factory=Twin)
    bell_broken: bool = False
    rings: int = 0
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def client(self) -> FlaskClient:
        doors = IntentDoors(
            write_key=self.write_key,
            sites=self.sites,
            definition=self._definition_now,
            take_in=self.store.take_in,
            clock=lambda: NOW,
            sources=lambda: self.sources,
            look_up=NETWORKS.get,
            company=self.company,
            ring=self._ring,
        )
        app = Flask("website", static_folder=None)
        app.register_blueprint(intent_doors(doors, IntentTally(self.registry)))
        return app.test_client()

    def _definition_now(self) -> Definition:
        """None: there is a file, and never was a right version of it."""
        return self.definition or load_definition("version: 1")

    @property
    def events(self) -> list[Event]:
        """What is on file, in order."""
        return list(self.store.on_file.values())

    def number(self, line: str) -> float:
        """The number behind a line of the metrics, 0 where there is none."""
        shown = generate_latest(self.registry).decode().splitlines()
        found = [one.rpartition(" ")[2] for one in shown if one.startswith(line + " ")]
        return float(found[0]) if found else 0.0

    def _ring(self) -> None:
        if self.bell_broken:
            raise ConnectionError("redis is away")
        self.rings += 1


def post(
    client: FlaskClient, body: Any, path: str = SERVER_DOOR, key: str | None = KEY
) -> TestResponse:
    """What a server sends; bytes go as they are."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return client.post(path, data=data, headers=headers)


def beacon(
    client: FlaskClient, body: Any, origin: str | None = ORIGIN, **more: str
) -> TestResponse:
    """What a browser sends from a page."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"User-Agent": CHROME, "Content-Type": "text/plain;charset=UTF-8"}
    headers |= {} if origin is None else {"Origin": origin}
    return client.post("/collect", data=data, headers=headers | more)


def answer_of(response: TestResponse) -> dict[str, Any]:
    """The JSON of an answer."""
    found: dict[str, Any] = orjson.loads(response.data)
    return found
