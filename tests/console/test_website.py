"""The website's doors in the assembled web part, and the files behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.memory import MemoryConnector
from connector.port import Change, Draft, System, Written
from console.site import create_site
from intent.load import SHIPPED, load_definition
from intent.model import Identity
from mappings.faults import MappingFaults
from sandbox.hubspot.org import HubSpotOrg
from sandbox.webserver import WebServer
from sync.install import copy_mappings
from sync.interest import intent_store
from sync.ledger import Ledger, LedgerUnavailable
from sync.parts import Parts
from sync.settings import load_settings
from sync.website import HubSpotLook, NoNetworks, Website
from sync.wiring import Bridge
from tests.intent.mmdb import write_networks
from tests.intent.visits import NOW, Twin, told
from tests.webhooks.test_intent_door import SOURCE, row
from tests.webhooks.website import KEY, ORIGIN, SERVER_DOOR, answer_of, beacon, post

# What tests of what comes in go by, as an admin would write it.
DEFINED = """
version: 1
definition: {name}
families:
  browse: {{half_life: 14d, cap: 20}}
events:
  page_view: {{points: 1, family: browse}}
  pricing_view: {{points: 6, family: browse}}
topics:
  pricing: {{ja: 料金, en: pricing}}
  integration: {{ja: 連携, en: integration}}
pages:
  - {{path: "/pricing*", type: pricing_view, topic: pricing}}
  - {{path: "/docs/*", topic: integration}}
query: [utm_*]
"""


@dataclass
class Scene:
    """An installation whose website events go into a store in memory; time and definition are moved."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW
    store: Twin = field(default_factory=Twin)

    def __post_init__(self) -> None:
        self.edit(DEFINED.format(name="first"))

    def website(self, ring: Callable[[], object] = lambda: None) -> Website:
        environ = {"KAKEHASHI_REDIS_URL": "redis://127.0.0.1:9/0"} | self.environ
        settings = load_settings(self.folder, environ)
        return Website(
            settings=settings.intent,
            folder=self.folder,
            clock=lambda: self.now,
            inbox=self.store,
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
    first = website.definition()
    assert first.version == "first"
    scene.now += timedelta(minutes=1)
    assert website.definition() is first
    scene.edit(DEFINED.format(name="second"))
    assert website.definition().version == "second"
    scene.edit("version: 1\nevnts: {}\n")
    assert website.definition().version == "second"
    scene.edit(DEFINED.format(name="fourth"))
    assert website.definition().version == "fourth"


def test_a_definition_that_never_was_right_is_told(tmp_path: Path) -> None:
    """With all its faults, at the start; without a file the shipped one is in force."""
    scene = Scene(tmp_path)
    scene.edit("version: 1\nevnts: {}\n")
    with pytest.raises(MappingFaults):
        scene.website().definition()
    (tmp_path / "intent.yaml").unlink()
    assert scene.website().definition().kinds


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


def test_a_contact_who_forbids_it_is_left_alone(tmp_path: Path, ledger: Ledger) -> None:
    """Whatever legal basis HubSpot knows; the others of the page are not."""
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__HUBSPOT": "forms"})
    hubspot = MemoryConnector(System.HUBSPOT, clock=lambda: scene.now)
    other = VISITED | {"email": "bob@widget.com"}
    drafts = [Draft(VISITED, "salesforce_id", "a"), Draft(other, "salesforce_id", "b")]
    hubspot.create_many("contacts", drafts)
    ann = str(VISITED["email"])

    def unwilling(people: Iterable[Identity]) -> list[Identity]:
        return [one for one in people if one.email == ann]

    look = HubSpotLook(scene.website(), hubspot, ledger, lambda: scene.now, unwilling)
    assert look.look().accepted == 1
    assert [one.identity.email for one in scene.store.on_file.values()] == ["bob@widget.com"]


def test_whoever_comes_back_after_a_day_has_returned_once(tmp_path: Path, ledger: Ledger) -> None:
    """By the pages that HubSpot's roll-ups tell of, however often they are looked at: no other count."""
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__HUBSPOT": "roll_ups"})
    hubspot = MemoryConnector(System.HUBSPOT, clock=lambda: scene.now)
    website, store = scene.website(), intent_store(ledger)
    website.inbox = store
    look = HubSpotLook(website, hubspot, ledger, lambda: scene.now)
    known, *_ = hubspot.create_many("contacts", [Draft(VISITED, "salesforce_id", "a")])
    assert isinstance(known, Written)
    definition = load_definition(SHIPPED)
    for hours in (0, 20, 25):
        scene.now += timedelta(hours=hours)
        seen = (scene.now - timedelta(minutes=9)).isoformat()
        hubspot.update_many("contacts", [Change(known.id, {"hs_analytics_last_timestamp": seen})])
        for _ in range(2):
            scene.now += timedelta(minutes=1)
            look.look()
        store.score_some(definition, scene.now, part=0, parts=1)
    [ann] = store.subjects_by("email", [VISITED["email"]]).values()
    told = [one.type for one in store.evidence(ann, definition, 0)]
    assert told.count("return_visit") == 1
    assert told.count("pricing_view") == 3


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


def test_the_scheduler_has_hubspot_asked(tmp_path: Path) -> None:
    """As often as changes are; not at all where nobody switched it on."""
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__HUBSPOT": "roll_ups"})
    scene.client()  # fills the settings
    hubspot = MemoryConnector(System.HUBSPOT, clock=lambda: scene.now)
    hubspot.create_many("contacts", [Draft(VISITED, "salesforce_id", "a")])
    settings = load_settings(tmp_path, scene.environ)
    bridge = Bridge(settings, tmp_path, scene.environ, clock=lambda: scene.now)
    bridge.__dict__["connectors"] = {System.HUBSPOT: hubspot}
    parts = Parts(bridge, website=scene.website())
    parts.watch_offline()
    chores = parts.chores(parts.station("scheduler"))
    assert chores.do("behaviour")
    assert not chores.do("behaviour")
    assert len(scene.store.on_file) == 2
    scene.environ["KAKEHASHI_INTENT__HUBSPOT"] = "off"
    off = Bridge(load_settings(tmp_path, scene.environ), tmp_path, scene.environ)
    assert "behaviour" not in [chore.name for chore in off.timetable]


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_visits_of_the_practice_org_are_on_file(
    tmp_path: Path, ledger: Ledger, version: str
) -> None:
    """Through the real connector: each page once by the events API, and the form from the roll-ups."""
    scene = Scene(tmp_path, {"KAKEHASHI_INTENT__HUBSPOT": "events"})
    org = HubSpotOrg(clock=lambda: scene.now)
    server = WebServer(org.app, "hubspot", "127.0.0.1", 0)
    server.start()
    try:
        settings = HubSpotSettings(
            base_url=server.url, api_version=version, access_token=org.access_token
        )
        hubspot = HubSpotConnector(settings, clock=lambda: scene.now, sleep=lambda _: None)
        basis = "Freely given consent from contact"
        rows = [{"email": "ann@acme.co.jp", "hs_legal_basis": basis}, {"email": "bob@widget.com"}]
        ann, bob = org.load("contacts", rows)
        scene.now += timedelta(seconds=90)
        for who, path in ((ann, "pricing"), (bob, "pricing"), (ann, "docs/api")):
            org.visit(who, f"https://www.example.com/{path}?email=x", path.title())
        converted = {
            "recent_conversion_date": "2026-11-24T08:55:00Z",
            "recent_conversion_event_name": "Contact us",
        }
        org.set_system("contacts", ann, converted)
        scene.now += timedelta(seconds=90)
        look = HubSpotLook(scene.website(), hubspot, ledger, lambda: scene.now)
        assert look.look().accepted == 3
        assert look.look().accepted == 0
        scene.now += timedelta(minutes=10)
        org.visit(ann, "https://www.example.com/docs/faq", "FAQ")
        scene.now += timedelta(seconds=90)
        assert look.look().accepted == 1
    finally:
        server.stop()
        org.close()
    told = sorted((one.type, one.url, one.topic) for one in scene.store.on_file.values() if one.url)
    assert told == [
        ("page_view", "https://www.example.com/docs/api", "integration"),
        ("page_view", "https://www.example.com/docs/faq", "integration"),
        ("pricing_view", "https://www.example.com/pricing", "pricing"),
    ]
    assert {one.identity.email for one in scene.store.on_file.values()} == {"ann@acme.co.jp"}
