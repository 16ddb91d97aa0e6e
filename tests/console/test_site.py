"""The assembled web part: doors, health and page over a real ledger, whatever else is down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from json import dumps
from pathlib import Path
from time import monotonic

import pytest
from flask.testing import FlaskClient
from rq import Queue

from connector.port import System
from console.site import create_site
from sync.install import copy_mappings
from sync.lanes import Lane
from sync.parts import Parts
from sync.ringer import queue_name
from sync.settings import load_settings
from sync.signs import BUDGET
from sync.wiring import Bridge
from tests.connector.test_salesforce_events import LEAD, ORG, message, notification
from tests.machine.postgres import OWN_SERVER, running_postgres
from tests.machine.redis import RedisServer, running_redis
from tests.webhooks.scene import NOW, PUBLIC, SECRET, events, knock, send

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
TOKEN = "practice-token"
SF_DOOR = f"/webhooks/salesforce/{TOKEN}"
# Seconds within which a door answers, whatever is down.
AT_ONCE = 1.0


class Site:
    """A web part over an installation in a folder. Where it points at, no system and no Redis is."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        environ = {
            "KAKEHASHI_HUBSPOT__BASE_URL": "http://127.0.0.1:9",
            "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": "practice-access",
            "KAKEHASHI_HUBSPOT__CLIENT_SECRET": SECRET,
            "KAKEHASHI_HUBSPOT__PORTAL_ID": "3",
            "KAKEHASHI_SALESFORCE__LOGIN_URL": "http://127.0.0.1:9",
            "KAKEHASHI_SALESFORCE__CLIENT_ID": "practice",
            "KAKEHASHI_SALESFORCE__CLIENT_SECRET": "practice",
            "KAKEHASHI_SALESFORCE__ORG_ID": ORG,
            "KAKEHASHI_SALESFORCE__WEBHOOK_TOKEN": TOKEN,
            "KAKEHASHI_WEB__PUBLIC_URL": PUBLIC,
            "KAKEHASHI_REDIS_URL": "redis://127.0.0.1:9/0",
        } | more
        self.bridge = Bridge(load_settings(folder, environ), folder, environ, clock=lambda: NOW)
        copy_mappings(self.bridge.mappings_folder)
        self.parts = Parts(self.bridge)
        self.parts.watch_offline()
        self.client: FlaskClient = create_site(self.parts, None).test_client()

    def lanes(self) -> dict[str, int]:
        """How many records rang, by lane."""
        return {lane.value: n for lane, n in self.bridge.ledger.bells_by_lane().items()}

    def numbers(self) -> dict[str, float]:
        """The lines of the metrics."""
        text = self.client.get("/metrics").get_data(as_text=True)
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(number) for name, _, number in lines}

    def lose_the_store(self) -> None:
        """Somebody moved the database away and put a folder in its place."""
        self.bridge.ledger.close_all()
        (self.folder / "var" / "kakehashi.db").rename(self.folder / "kept.db")
        (self.folder / "var" / "kakehashi.db").mkdir()

    def find_the_store(self) -> None:
        """It is where it was."""
        (self.folder / "var" / "kakehashi.db").rmdir()
        (self.folder / "kept.db").rename(self.folder / "var" / "kakehashi.db")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# Doors -------------------------------------------------------------------------------------------


def test_what_hubspot_sends_is_on_file(site: Site) -> None:
    """Without Redis and with both systems away: 204, a bell for each record, one receipt."""
    began = monotonic()
    assert knock(site.client, events(1, 2)).status_code == 204
    assert monotonic() - began < AT_ONCE
    assert site.lanes() == {"live": 2}
    assert site.bridge.ledger.received() == {HUBSPOT: 2}


def test_what_salesforce_sends_is_on_file(site: Site) -> None:
    """And acknowledged; twice the same message changes nothing."""
    for _ in range(2):
        answer = send(site.client, message(notification()), SF_DOOR)
        assert answer.status_code == 200
        assert b"<Ack>true</Ack>" in answer.data.replace(b"</ns1:", b"</").replace(b"<ns1:", b"<")
    assert site.bridge.ledger.received() == {SALESFORCE: 1}
    [bell] = site.bridge.ledger.take_bells("test", NOW.replace(hour=23), limit=9)
    assert (bell.system, bell.object, bell.record_id) == (SALESFORCE, "Lead", LEAD)


def test_an_opt_out_goes_before_everything_else(site: Site) -> None:
    """By the shipped mapping: the property that HubSpot keeps it in."""
    body = events(1, subscriptionType="contact.propertyChange", propertyName="hs_email_optout")
    assert knock(site.client, body).status_code == 204
    assert site.lanes() == {"consent": 1}


def test_a_door_whose_address_says_so_goes_before_the_others(site: Site) -> None:
    """The admin pointed a message at it."""
    send(site.client, message(notification()), f"{SF_DOOR}?lane=handoff")
    assert site.lanes() == {"handoff": 1}


def test_what_no_mapping_speaks_of_is_ignored_with_a_reason(site: Site) -> None:
    """Tickets are not mapped: nothing rings, and the vendor is not asked to send them again."""
    answer = knock(site.client, events(1, subscriptionType="ticket.creation"))
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["accepted"] == 0
    assert site.lanes() == {}
    told = send(site.client, message(notification(told="sf:Case")), SF_DOOR)
    assert told.status_code == 200
    assert site.lanes() == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (SF_DOOR, message(notification(), org="00D000000000009EAA"), 403),
        ("/webhooks/salesforce/wrong", message(notification()), 403),
        ("/webhooks/salesforce", message(notification()), 403),
        (SF_DOOR, b"<nonsense", 400),
    ],
)
def test_strangers_are_turned_away(site: Site, path: str, body: bytes, status: int) -> None:
    """Nothing of theirs is on file."""
    assert send(site.client, body, path).status_code == status
    assert knock(site.client, events(1), secret="another").status_code == 401
    assert site.lanes() == {}


# Redis -------------------------------------------------------------------------------------------


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


def test_with_redis_workers_are_woken(tmp_path: Path, redis: RedisServer) -> None:
    """One job for a request; without Redis the same request is taken all the same."""
    site = Site(tmp_path, KAKEHASHI_REDIS_URL=redis.url)
    assert knock(site.client, events(1, 2, 3)).status_code == 204
    with redis.client() as client:
        assert Queue(queue_name(Lane.LIVE), connection=client).count == 1
    redis.kill()
    began = monotonic()
    assert knock(site.client, events(4)).status_code == 204
    assert monotonic() - began < AT_ONCE
    assert site.lanes() == {"live": 4}


def test_it_is_ready_without_redis(tmp_path: Path, redis: RedisServer) -> None:
    """Which is told all the same."""
    site = Site(tmp_path, KAKEHASHI_REDIS_URL=redis.url)
    ready = {"ready": True, "services": {"ledger": {"ok": True}, "redis": {"ok": True}}}
    assert site.client.get("/readyz").json == ready
    redis.kill()
    answer = site.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["services"]["redis"]["ok"] is False


# The store ---------------------------------------------------------------------------------------


def test_without_the_store_senders_are_asked_to_come_again(site: Site) -> None:
    """503 with Retry-After at both doors; when it is back the same events are taken."""
    site.lose_the_store()
    hubspot = knock(site.client, events(1))
    salesforce = send(site.client, message(notification()), SF_DOOR)
    for answer in (hubspot, salesforce):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert b"true" not in salesforce.data
    site.find_the_store()
    assert knock(site.client, events(1)).status_code == 204
    assert send(site.client, message(notification()), SF_DOOR).status_code == 200
    assert site.lanes() == {"live": 2}


def test_without_the_store_the_process_lives_and_is_not_ready(site: Site) -> None:
    """The page is served, what needs the store says why, and the numbers that are left are told."""
    site.lose_the_store()
    assert site.client.get("/healthz").status_code == 200
    ready = site.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json is not None
    assert "KAKEHASHI_DATABASE_URL" in ready.json["services"]["ledger"]["error"]
    assert b"<html" in site.client.get("/").data
    told = site.client.get("/status")
    assert told.status_code == 503
    assert told.json is not None
    assert "ledger" in told.json["error"]
    knock(site.client, events(1))
    assert (
        'kakehashi_doorbell_refused_total{reason="store_down",system="hubspot"}' in site.numbers()
    )


def test_a_postgresql_that_stops_is_no_reason_to_lose_an_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before: taken. Afterwards: 503 at once, and the page stands."""
    monkeypatch.delenv(OWN_SERVER, raising=False)  # nobody's own server is stopped here
    with ExitStack() as until:
        site = Site(tmp_path, KAKEHASHI_DATABASE_URL=until.enter_context(running_postgres()))
        assert knock(site.client, events(1)).status_code == 204
        assert site.lanes() == {"live": 1}
    began = monotonic()
    answer = knock(site.client, events(2))
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert monotonic() - began < AT_ONCE
    assert site.client.get("/").status_code == 200


# Numbers and page --------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_whole_installation(site: Site) -> None:
    """Read off the ledger: bells by lane, how long the oldest waits, parts, budgets."""
    knock(site.client, events(1, 2))
    site.parts.signs("web").give()
    # What a worker tells of the budgets, whatever becomes of Redis afterwards.
    snapshot = site.bridge.budgets[SALESFORCE].snapshot()
    site.bridge.ledger.set_fact(f"{BUDGET}salesforce", dumps(snapshot))
    site.bridge.ledger.block(HUBSPOT, "quota", "wait", NOW, 60.0)
    numbers = site.numbers()
    assert numbers['kakehashi_bells{lane="live"}'] == 2
    assert numbers["kakehashi_oldest_bell_seconds"] == 0
    assert numbers['kakehashi_parts{kind="web"}'] == 1
    assert numbers['kakehashi_blocked{cause="quota",system="hubspot"}'] == 1
    assert numbers['kakehashi_api_calls_limit{system="salesforce"}'] > 0
    assert numbers['kakehashi_doorbell_accepted_total{system="hubspot"}'] == 2
    assert numbers["kakehashi_open_differences"] == 0


def test_the_page_and_the_doors_stand_in_one_house(site: Site) -> None:
    """The page names the mappings; what does not exist is answered in JSON."""
    page = site.client.get("/")
    assert page.status_code == 200
    assert "people" in page.get_data(as_text=True)
    assert site.client.get("/status").json is not None
    assert site.client.get("/webhooks/hubspot").status_code == 405
    missing = site.client.get("/nowhere")
    assert (missing.status_code, missing.is_json) == (404, True)
