"""Who must not be followed or scored: a no at the door lasts, a flag in a system counts before any score."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.port import System
from intent.model import Identity
from intent.withdrawals import granted_in, withdrawn_in
from mappings.schema import ConsentLine
from sync.lanes import Lane
from tests.sync.bridge import sqlite_url
from tests.sync.website import ANN, Website, interested

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
DENIED = {"email": ANN, "consent": {"tracking": "denied"}}
BOB = "bob@acme.example"


def with_lines(*ids: str) -> Any:
    """People with a consent line of each of these names, over the same flags."""
    made = interested()
    lines = tuple(ConsentLine(id=one, hubspot="optout", salesforce="OptOut") for one in ids)
    return replace(
        made, objects={name: replace(of, consent=lines) for name, of in made.objects.items()}
    )


def site_of(folder: Path, *lines: str) -> Website:
    """Ann stands in both systems, with these consent lines."""
    site = Website(sqlite_url(folder), mapping=with_lines(*lines))
    site.hubspot.seed("contacts", {"email": ANN})
    site.salesforce.seed("Lead", {"email": ANN})
    site.resync()
    return site


@pytest.fixture
def site(tmp_path: Path) -> Website:
    """No mapping has a field for what Ann forbids."""
    return site_of(tmp_path)


def withdraws(site: Website, *rows: dict[str, Any], in_systems: bool = True) -> None:
    site.withdrawer.withdraw(withdrawn_in(rows), in_systems=in_systems)


def allows(site: Website, in_systems: bool = True, **who: str) -> None:
    """Somebody says yes now, and it can be proved."""
    said = {"tracking": "granted", "source": "form", "basis": "consent"}
    row = {**who, "consent": said | {"given_at": site.time().isoformat()}}
    site.withdrawer.let_in(granted_in([row], site.time()), in_systems=in_systems)


def asks(site: Website, **who: Any) -> None:
    site.happens("form_submit_handraise", topic="pricing", **who)
    site.teller.work()


def points(site: Website, email: str = ANN) -> float:
    subjects = site.store.subjects_by("email", [email])
    return sum(s.value for s in site.store.states(subjects.values(), site.definition).values())


def flags(site: Website) -> tuple[object, object]:
    (left,) = site.hubspot.records("contacts").values()
    (right,) = site.salesforce.records("Lead").values()
    return left.get("optout"), right.get("OptOut")


# A no lasts -----------------------------------------------------------------------------------------


def test_after_a_no_nothing_of_that_person_is_scored_again(site: Website) -> None:
    """Although no record has a field for it, and her sender goes on saying that it is granted."""
    asks(site)
    withdraws(site, DENIED)
    site.time.forward(days=30)
    asks(site)
    assert points(site) == 0
    assert site.store.subjects_by("email", [ANN]) == {}
    assert site.store.unscored() == 0


def test_a_no_blocks_everything_that_the_person_is_known_by(site: Website) -> None:
    """Her cookies and her contact's id; nobody else."""
    site.happens("page_view", visitor="v1", hubspotutk="u1")
    site.happens("page_view", hubspot_contact_id="7")
    site.teller.work()
    withdraws(site, DENIED)
    people = [
        Identity(email=ANN),
        Identity(visitor="v1"),
        Identity(hubspotutk="u1"),
        Identity(hubspot_contact_id="7"),
    ]
    others = [Identity(email=BOB), Identity(visitor="v2"), Identity(company_domain="acme.example")]
    assert set(site.withdrawer.unwilling([*people, *others])) == set(people)


def test_a_no_leaves_no_name_on_file(site: Website) -> None:
    """A hash with a key that belongs to this ledger, and nothing that it could be read from."""
    withdraws(site, DENIED)
    with site.ledger.engine.connect() as connection:
        rows = connection.execute(text("SELECT digest FROM objection")).scalars().all()
    assert [len(one) for one in rows] == [64]
    assert not any("ann" in one for one in rows)


def test_whoever_has_the_cookie_now_is_left_alone(site: Website) -> None:
    """Ann used it once; her no names it beside her address."""
    site.happens("pricing_view", visitor="v1")
    site.teller.work()
    site.time.forward(hours=1)
    site.happens("pricing_view", visitor="v1", email=BOB)
    site.teller.work()
    withdraws(site, DENIED | {"visitor": "v1"})
    assert points(site, BOB) > 0
    assert points(site) == 0


def test_a_browsers_no_is_that_of_whoever_it_is_known_to_be(tmp_path: Path) -> None:
    """All that is on file goes; but anybody can send what a browser can send: no field is set by it."""
    site = site_of(tmp_path, "tracking")
    site.happens("form_submit_handraise", visitor="v1")
    site.teller.work()
    withdraws(site, {"visitor": "v1", "consent": {"tracking": "denied"}}, in_systems=False)
    asks(site)
    assert points(site) == 0
    assert flags(site) == (None, None)


def test_whoever_was_erased_for_privacy_is_not_followed_either(site: Website) -> None:
    """Until a person releases the address."""
    (left,) = site.hubspot.records("contacts")
    site.ledger.ask_to_erase(HUBSPOT, "contacts", left, site.time(), own=True)
    site.ring(HUBSPOT, "contacts", left)
    site.settle(3)
    asks(site)
    assert points(site) == 0
    allows(site, email=ANN)
    assert site.withdrawer.unwilling([Identity(email=ANN)])
    site.ledger.release(ANN)
    asks(site)
    assert points(site) > 0


# And is lifted by evidence --------------------------------------------------------------------------


def test_fresh_evidence_lets_the_person_in_again(site: Website) -> None:
    """What is named beside it; what came before it stays away."""
    withdraws(site, DENIED | {"visitor": "v1"})
    site.time.forward(days=1)
    allows(site, email=ANN)
    asks(site)
    assert points(site) > 0
    assert site.withdrawer.unwilling([Identity(visitor="v1")])


def test_older_evidence_lifts_nothing(site: Website) -> None:
    """A form of last week that comes in late."""
    row = {
        "email": ANN,
        "consent": {
            "tracking": "granted",
            "given_at": (site.time() - timedelta(days=7)).isoformat(),
            "source": "form",
            "basis": "consent",
        },
    }
    withdraws(site, DENIED)
    site.withdrawer.let_in(granted_in([row], site.time()))
    asks(site)
    assert points(site) == 0


def test_a_no_to_scores_is_not_lifted_by_a_yes_to_cookies(site: Website) -> None:
    """Each is lifted by itself."""
    withdraws(site, {"email": ANN, "consent": {"profiling": "objected"}})
    site.time.forward(days=1)
    allows(site, email=ANN)
    asks(site)
    assert points(site) == 0


def test_a_browser_lets_in_itself_and_nobody_elses_address(site: Website) -> None:
    """A page's word for an address is worth less than its no."""
    withdraws(site, DENIED | {"visitor": "v1"})
    site.time.forward(days=1)
    allows(site, in_systems=False, email=ANN, visitor="v1")
    assert set(site.withdrawer.unwilling([Identity(email=ANN), Identity(visitor="v1")])) == {
        Identity(email=ANN)
    }


# In both systems ------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["tracking", "profiling"])
def test_a_no_at_the_door_is_set_in_both_systems(tmp_path: Path, line: str) -> None:
    """By the line of its name, in the lane that nothing holds up; a second plan is empty."""
    site = site_of(tmp_path, line)
    asks(site)
    withdraws(site, {"email": ANN, "consent": {line: "opted_out"}})
    assert set(site.ledger.bells_by_lane()) == {Lane.CONSENT}
    site.settle(3)
    assert flags(site) == (True, True)
    assert site.planned() == []
    (left,) = site.hubspot.records("contacts")
    site.hubspot.edit("contacts", left, {"optout": False})
    site.resync()
    assert flags(site) == (True, True), "an untick proves nothing"


def test_a_no_to_something_else_sets_no_field(tmp_path: Path) -> None:
    """Cookies are not mails."""
    site = site_of(tmp_path, "email", "profiling")
    withdraws(site, DENIED)
    site.settle(3)
    assert flags(site) == (None, None)


def test_a_contact_is_known_by_its_id_too(tmp_path: Path) -> None:
    """Without an address in the event."""
    site = site_of(tmp_path, "tracking")
    (left,) = site.hubspot.records("contacts")
    withdraws(site, {"hubspot_contact_id": left, "consent": {"tracking": "denied"}})
    site.settle(3)
    assert flags(site) == (True, True)


def test_evidence_at_the_door_lifts_the_field_in_both_systems(tmp_path: Path) -> None:
    """Whoever set it, and whenever that was before; she is followed again."""
    site = site_of(tmp_path, "tracking")
    withdraws(site, DENIED)
    site.settle(3)
    site.time.forward(days=1)
    allows(site, email=ANN)
    site.settle(3)
    assert flags(site) == (False, False)
    assert site.planned() == []
    asks(site)
    assert points(site) > 0


# Before any score -----------------------------------------------------------------------------------


def test_what_came_in_before_the_no_was_known_is_never_scored(tmp_path: Path) -> None:
    """Her record holds the opt-out already when the worker comes to it."""
    site = site_of(tmp_path, "tracking")
    (left,) = site.hubspot.records("contacts")
    site.hubspot.edit("contacts", left, {"optout": True})
    site.ring(HUBSPOT, "contacts", left)
    site.settle(3)
    site.happens("form_submit_handraise", visitor="v1")
    site.happens("form_submit_handraise", email=BOB)
    site.teller.work()
    with site.ledger.engine.connect() as connection:
        counted = connection.execute(text("SELECT count(*) FROM intent_counted")).scalar()
        events = connection.execute(text("SELECT identity FROM intent_event")).scalars().all()
    assert counted == 1, "Bob's"
    assert [BOB in one for one in events] == [True]
    assert site.store.subjects_by("email", [ANN]) == {}
    assert site.card() is None


def test_a_batch_of_nothing_but_those_who_forbid_it_holds_up_nobody(site: Website) -> None:
    """What comes behind it is scored in the same work."""
    withdraws(site, DENIED)
    for _ in range(20):
        site.happens("page_view")
    site.happens("page_view", email=BOB)
    site.teller.work()
    assert site.store.unscored() == 0
    assert points(site, BOB) > 0
