"""What comes in at the website's doors goes on file, or is refused with a reason, whatever text it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from intent.identity import CONFIDENCE, OF_PEOPLE
from intent.sources import Source, read_sources
from intent.store import SqlIntentStore
from mappings.faults import FaultList
from tests.contract.intent_builders import (
    ANN,
    BOB,
    FIRST,
    emptied,
    event,
    person,
    points,
    visitor,
)
from tests.intent.visits import DEFINITION, NETWORKS, NOW, told
from tests.webhooks.website import KEY, ORIGIN, SERVER_DOOR, answer_of, beacon, post
from webhooks.intent import IntentDoors, Nobody, People, intent_doors
from webhooks.intent_tally import IntentTally

# Half of a character, as cut-off text has it; what ends a text in C; what is no character at all.
STRANGE = ("\x00", "\ud83d", "\udfff", "\ufffe", "\x1b[2J")
TEXTS = (
    *("event_id", "type", "url", "title", "occurred_at", "email", "hubspot_contact_id", "visitor"),
    *("hubspotutk", "company_domain", "corporate_number", "ip", "user_agent", "session"),
)
SOURCE = """
version: 1
provider: Acme Data K.K.
event:
  occurred_at: seen_at
  points: strength
  company_domain: company
  title: headline
  topic: theme
  asset: paper
  consent_basis: basis
  confirmed_at: confirmed
"""


# What senders get wrong, and what becomes of it: a code of the contract, or the event as it is kept.
LONG = "https://www.example.com/" + "seite/" * 1_700
TELLING = (
    "https://ann:pw@www.example.com/pricing/ann@acme.co.jp?email=ann%40acme.co.jp"
    "&token=eyJhbGciOiJIUzI1NiJ9&utm_source=news#ann"
)
ARABIC = "https://www.example.com/ar/%D8%A7%D9%84%D8%A3%D8%B3%D8%B9%D8%A7%D8%B1"
BAD: list[tuple[str, dict[str, Any], str | None, str | None]] = [
    ("from the future", {"occurred_at": "2027-11-24T09:00:00Z"}, "bad_time", None),
    ("from 1970", {"occurred_at": 0}, "bad_time", None),
    ("seconds for milliseconds", {"occurred_at": 1_795_510_740}, "bad_time", None),
    ("without identity", {"email": None}, "no_identity", None),
    ("without consent", {"consent": None}, "no_consent", None),
    ("an address of 10 kB", {"url": LONG}, "too_long", None),
    ("an unknown type", {"type": "page_veiw"}, "unknown_type", None),
    (
        "mails and tokens in the address",
        {"url": TELLING},
        None,
        "https://www.example.com/pricing/~mail?utm_source=news",
    ),
    ("a page in Arabic", {"url": ARABIC}, None, "https://www.example.com/ar/الأسعار"),
    ("an IPv6 address", {"ip": "2001:db8:2::7"}, None, "2001:db8:2::/48"),
]


def doors(
    store: SqlIntentStore,
    sources: dict[str, Source] | None = None,
    people: Callable[[], People] = Nobody,
) -> FlaskClient:
    """The doors over a real store."""
    services = IntentDoors(
        write_key=KEY,
        sites=frozenset({ORIGIN}),
        definition=lambda: DEFINITION,
        take_in=store.take_in,
        clock=lambda: NOW,
        look_up=NETWORKS.get,
        sources=lambda: sources or {},
        people=people,
    )
    app = Flask("website", static_folder=None)
    app.register_blueprint(intent_doors(services, IntentTally(CollectorRegistry())))
    return app.test_client()


def spoilt(name: str, strange: str) -> dict[str, Any]:
    """An event with strange text at one place."""
    place, _, inner = name.partition(".")
    if not inner:
        return told(**{name: f"{told().get(name, 'x')}{strange}y", "event_id": f"spoilt{strange}"})
    held = {"tracking": "granted"} if place == "consent" else {}
    return told(event_id="spoilt", **{place: held | {inner: f"a{strange}b"}})


class IntakeContract:
    """Everything that the doors promise of a real store; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        return emptied(engine)

    @pytest.mark.parametrize(
        "name",
        [
            *TEXTS,
            *("consent.tracking", "consent.basis", "consent.profiling", "consent.source"),
            *("properties.webinar", "properties.link", "properties.human"),
        ],
    )
    def test_no_text_makes_the_door_fall(self, store: SqlIntentStore, name: str) -> None:
        """It is cleaned, or refused with a reason; the event beside it is on file."""
        client = doors(store)
        for number, strange in enumerate(STRANGE):
            body = json.dumps([told(event_id=f"good {number}"), spoilt(name, strange)]).encode()
            for answer in (post(client, body), beacon(client, body)):
                assert answer.status_code == 202, (strange, answer.text)
                found = answer_of(answer)
                known = found["accepted"] + found["duplicates"]
                assert known + len(found["rejected"]) == 2
                assert all(one["index"] == 1 for one in found["rejected"])
        assert store.score_some(DEFINITION, NOW, part=0, parts=1) >= len(STRANGE)

    @pytest.mark.parametrize("name", ["headline", "theme", "paper", "basis", "seen_at", "company"])
    def test_no_text_of_a_third_party_does_either(
        self, store: SqlIntentStore, name: str, tmp_path: Path
    ) -> None:
        """Rows without an id of their own are known by what they say."""
        (tmp_path / "acme.yaml").write_text(SOURCE, "utf-8")
        faults = FaultList()
        client = doors(store, read_sources(tmp_path, None, faults))
        assert faults.faults == []
        row = {
            "seen_at": "2026-11-20T00:00:00Z",
            "strength": 5,
            "company": "acme.co.jp",
            "basis": "contract",
            "confirmed": "2026-04-01",
        }
        for number, strange in enumerate(STRANGE):
            rows = [row | {"paper": f"paper {number}"}, row | {name: f"{row.get(name)}{strange}"}]
            answer = post(client, json.dumps(rows).encode(), f"{SERVER_DOOR}/acme")
            assert answer.status_code == 202, (strange, answer.text)
            assert answer_of(answer)["accepted"] >= 1

    @pytest.mark.parametrize(("how", "code", "kept"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
    def test_what_senders_get_wrong_is_refused_or_cleaned(
        self, store: SqlIntentStore, how: dict[str, Any], code: str | None, kept: str | None
    ) -> None:
        """One bad event beside a good one; what is kept names nobody."""
        answer = answer_of(post(doors(store), [told(event_id="good"), told(**how)]))
        assert [(one["index"], one["code"]) for one in answer["rejected"]] == (
            [] if code is None else [(1, code)]
        )
        with store._look() as connection:
            rows = connection.execute(text("SELECT event_id, url, properties FROM intent_event"))
            found = {row[0]: f"{row[1]} {row[2]}" for row in rows}
        assert found.keys() == ({"good"} if code else {"good", "e1"})
        if kept is not None:
            assert kept in found["e1"]
        assert not any(word in str(found) for word in ("ann", "eyJ", "pw@", "2::7"))

    def test_one_id_with_two_bodies_is_one_event_and_is_told(self, store: SqlIntentStore) -> None:
        """In one request and in a later one; the first body stands."""
        other = told(url="https://www.example.com/other")
        client = doors(store)
        for number, rows in enumerate(([told(), other], [other])):
            answer = answer_of(post(client, rows))
            assert (answer["accepted"], answer["differing"]) == (1 - number, ["e1"])

    def test_a_wish_with_strange_text_is_no_fault_of_ours(self, store: SqlIntentStore) -> None:
        """Whoever cannot be made out cannot be forgotten; the others of the request are heard."""
        for email in ("ann\x00@example.com", "ann\ud800@example.com", "a" * 300):
            row = {"event_id": "w", "email": email, "consent": {"tracking": "denied"}}
            answer = post(doors(store), json.dumps([row, told()]).encode())
            assert (answer.status_code, len(answer_of(answer)["rejected"])) == (202, 1)

    def test_what_is_dropped_before_it_is_scored_never_came(self, store: SqlIntentStore) -> None:
        """Who is who is not learned from it either; what comes in meanwhile waits for its own look."""
        store.take_in([event("form", email=ANN, visitor="v1"), event("form", email=BOB)])
        at_hand = store.at_hand(part=0, parts=1)
        [number] = [n for n, who in at_hand.people.items() if who.email == ANN]
        store.take_in([event("form", visitor="v2")])
        store.drop([number])
        assert store.score_some(FIRST, NOW, part=0, parts=1, up_to=at_hand.up_to) == 1
        assert (points(store, person(store, BOB)), points(store, visitor("v2"))) == (40, 0)
        assert (points(store, person(store)), store.unscored()) == (0, 1)
        assert store.subjects_by("visitor", ["v1"]) == {}
        store.drop([number])
        assert [who.visitor for who in store.at_hand(part=0, parts=1).people.values()] == ["v2"]

    def test_a_link_is_as_sure_as_one_table_says(self, store: SqlIntentStore) -> None:
        """Whatever names a person, and whatever tells the company."""
        everything = event(
            email=ANN, contact="7", visitor="v1", hubspotutk="u1", domain="b.example"
        )
        store.take_in([everything, event(visitor="v2", network="c.example")])
        store.score_some(FIRST, NOW, part=0, parts=1)
        links = store.links_of(person(store))
        sure = {one.kind: one.confidence for one in links if one.kind != "company_domain"}
        assert sure == {kind: CONFIDENCE[kind] for kind in OF_PEOPLE}
        by_network = [one for one in store.links_of(visitor("v2")) if one.kind == "company_domain"]
        assert [one.confidence for one in by_network] == [CONFIDENCE["network_domain"]]
