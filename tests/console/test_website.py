"""The website's doors in the assembled web part, and the files behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from connector.memory import MemoryConnector
from connector.port import Change, Draft, System, Written
from console.site import create_site
from intent.definition import Definition
from mappings.faults import FaultList, MappingFaults, Place
from sync.install import copy_mappings
from sync.ledger import Ledger, LedgerUnavailable
from sync.parts import Parts
from sync.settings import load_settings
from sync.website import HubSpotLook, NoNetworks, Website
from sync.wiring import Bridge
from tests.intent.mmdb import write_networks
from tests.intent.visits import DEFINITION, NOW, Twin, told
from tests.webhooks.test_intent_door import SOURCE, row
from tests.webhooks.website import KEY, ORIGIN, SERVER_DOOR, answer_of, beacon, post


@dataclass
class Scene:
    """An installation whose website events go into a store in memory; time and definition are moved."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW
    definition: Definition = DEFINITION
    faulty: bool = False
    store: Twin = field(default_factory=Twin)
    looks: int = 0

    def __post_init__(self) -> None:
        (self.folder / "intent.yaml").write_text("first", "utf-8")

    def read(self) -> Definition:
        self.looks += 1
        if self.faulty:
            faults = FaultList()
            faults.add("missing_key", Place("intent.yaml", 1, 1), "events")
            faults.raise_if_any()
        return self.definition

    def website(self, ring: Callable[[], object] = lambda: None) -> Website:
        environ = {"KAKEHASHI_REDIS_URL": "redis://127.0.0.1:9/0"} | self.environ
        settings = load_settings(self.folder, environ)
        return Website(
            settings=settings.intent,
            folder=self.folder,
            clock=lambda: self.now,
            inbox=self.store,
            read_definition=self.read,
            ring=ring,
        )

    def client(self) -> FlaskClient:
        environ = {
            "KAKEHASHI_REDIS_URL": "redis://127.0.0.1:9/0",
            "KAKEHASHI_INTENT__WRITE_KEY": KEY,
            "KAKEHASHI_INTENT__SITES": f"{ORIGIN}, https://example.jp",
        } | self.environ
        bridge = Bridge(
            load_settings(self.folder, environ), self.folder, environ, clock=lambda: self.now
        )
        copy_mappings(bridge.mappings_folder)
        self.environ = environ
        parts = Parts(bridge, website=self.website())
        parts.watch_offline()
        return create_site(parts, None).test_client()

    def edit(self, text: str, after: float = 3) -> None:
        """The admin saves the definition; some seconds pass."""
        (self.folder / "intent.yaml").write_text(text, "utf-8")
        self.now += timedelta(seconds=after)


def test_the_web_part_takes_what_servers_and_pages_send(tmp_path: Path) -> None:
    """Beside the doors of both vendors and the page."""
    scene = Scene(tmp_path)
    client = scene.client()
    assert post(client, told()).status_code == 202
    assert beacon(client, told(event_id="e2")).status_code == 202
    assert beacon(client, told(event_id="e3"), "https://example.jp").status_code == 202
    assert client.get("/intent.js").status_code == 200
    assert set(scene.store.on_file) == {"e1", "e2", "e3"}
    assert b'kakehashi_intent_accepted_total{door="collect"} 2.0' in client.get("/metrics").data


def test_without_anybody_who_takes_them_there_are_no_such_doors(tmp_path: Path) -> None:
    """404, and the others are open."""
    environ = {"KAKEHASHI_REDIS_URL": "redis://127.0.0.1:9/0"}
    bridge = Bridge(load_settings(tmp_path, environ), tmp_path, environ)
    copy_mappings(bridge.mappings_folder)
    parts = Parts(bridge)
    parts.website = None
    parts.watch_offline()
    client = create_site(parts, None).test_client()
    assert post(client, told()).status_code in {404, 405}
    assert client.get("/healthz").status_code == 200


def test_an_edited_definition_is_taken_within_seconds(tmp_path: Path) -> None:
    """The same text is not read again; with faults the version before stays in force."""
    scene = Scene(tmp_path)
    website = scene.website()
    assert website.definition() is DEFINITION
    scene.now += timedelta(minutes=1)
    website.definition()
    assert scene.looks == 1
    scene.definition = replace(DEFINITION, version="2")
    scene.edit("second")
    assert website.definition().version == "2"
    scene.faulty = True
    scene.edit("third")
    assert website.definition().version == "2"
    scene.faulty, scene.definition = False, replace(DEFINITION, version="4")
    scene.edit("fourth")
    assert website.definition().version == "4"


def test_a_definition_that_never_was_right_is_told(tmp_path: Path) -> None:
    """With all its faults, at the start."""
    with pytest.raises(MappingFaults):
        Scene(tmp_path, faulty=True).website().definition()


def test_a_third_partys_file_is_taken_when_it_is_right(tmp_path: Path) -> None:
    """One with faults is left out, with the reason in the log; the others stay open."""
    scene = Scene(tmp_path)
    client = scene.client()
    door, body = f"{SERVER_DOOR}/acme", {"data": {"signals": [row()]}}
    assert post(client, body, door).status_code == 404
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "acme.yaml").write_text(SOURCE, "utf-8")
    (folder / "wrong.yaml").write_text("version: 9\n", "utf-8")
    scene.now += timedelta(seconds=3)
    assert answer_of(post(client, body, door))["accepted"] == 1
    assert post(client, body, f"{SERVER_DOOR}/wrong").status_code == 404


def test_networks_are_looked_up_in_the_admins_file(tmp_path: Path) -> None:
    """Relative to the working folder; a file that cannot be read stops the start."""
    write_networks(tmp_path / "n.mmdb", {"1.2.3.0/24": {"domain": "acme.co.jp"}})
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__NETWORK_FILE": "n.mmdb"})
    assert scene.website().look_up("1.2.3.4") == ("acme.co.jp", None, False)
    scene.environ["KAKEHASHI_INTENT__NETWORK_FILE"] = "nowhere.mmdb"
    with pytest.raises(NoNetworks, match="NETWORK_FILE"):
        _ = scene.website().look_up


# HubSpot's own behaviour data ------------------------------------------------------------------------

VISITED = {
    "email": "ann@acme.co.jp",
    "hs_legal_basis": "Freely given consent from contact",
    "hs_analytics_last_url": "https://www.example.com/pricing",
    "hs_analytics_last_timestamp": "2026-11-24T08:50:00Z",
    "recent_conversion_date": "2026-11-24T08:55:00Z",
    "recent_conversion_event_name": "Contact us",
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close_all()


def test_what_contacts_did_in_hubspot_is_on_file_once(tmp_path: Path, ledger: Ledger) -> None:
    """However often it is looked at; a contact without a basis is left alone."""
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__HUBSPOT": "roll_ups"})
    hubspot = MemoryConnector(System.HUBSPOT, clock=lambda: scene.now, page_size=1)
    rings: list[int] = []
    look = HubSpotLook(scene.website(lambda: rings.append(1)), hubspot, ledger, lambda: scene.now)
    without = VISITED | {"hs_legal_basis": None, "email": "bob@widget.com"}
    drafts = [Draft(VISITED, "salesforce_id", "a"), Draft(without, "salesforce_id", "b")]
    known, _ = hubspot.create_many("contacts", drafts)
    assert isinstance(known, Written)
    assert look.look() == (2, 0, ())
    kinds = {one.type for one in scene.store.on_file.values()}
    assert kinds == {"pricing_view", "form_submit_handraise"}
    assert look.look().accepted == 0
    scene.now += timedelta(minutes=10)
    later = {"hs_analytics_last_timestamp": "2026-11-24T09:05:00Z"}
    hubspot.update_many("contacts", [Change(known.id, later)])
    assert look.look().accepted == 1
    assert (len(scene.store.on_file), len(rings)) == (3, 2)


def test_a_look_that_was_cut_off_is_made_again(tmp_path: Path, ledger: Ledger) -> None:
    """What was not on file yet is met again."""
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__HUBSPOT": "forms"}, store=Twin(is_down=True))
    hubspot = MemoryConnector(System.HUBSPOT, clock=lambda: scene.now)
    hubspot.create_many("contacts", [Draft(VISITED, "salesforce_id", "a")])
    look = HubSpotLook(scene.website(), hubspot, ledger, lambda: scene.now)
    with pytest.raises(LedgerUnavailable):
        look.look()
    scene.store.is_down = False
    assert look.look().accepted == 1
    assert [one.type for one in scene.store.on_file.values()] == ["form_submit_handraise"]
