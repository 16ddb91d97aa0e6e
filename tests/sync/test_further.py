"""A verdict in a further record of somebody, parked until both are merged: heard, or refused aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import STAGE, VERDICT, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
BOB = "bob@acme.example"
PLACES = {HUBSPOT: "contacts", SALESFORCE: "Lead"}
BACK = {"verdict": "reject", "recycle_reason": "timing"}


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann and Bob stand in both systems and were handed over, each by themselves."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    for mail in (ANN, BOB):
        found.hubspot.seed("contacts", {"email": mail, "company": "Acme"})
        found.salesforce.seed("Lead", {"email": mail, "company": "Acme"})
    found.resync()
    for mail in (ANN, BOB):
        found.happens("form_submit_handraise", email=mail, topic="pricing")
    found.carry()
    return found


def record(house: Handing, system: System, mail: str) -> str:
    twin = {HUBSPOT: house.hubspot, SALESFORCE: house.salesforce}[system]
    found = twin.records(PLACES[system]).items()
    return next(i for i, one in found if one["email"] == mail)


def merged(house: Handing, system: System) -> str:
    """Bob's record goes into Ann's there; which one of the other system is left over."""
    twin = {HUBSPOT: house.hubspot, SALESFORCE: house.salesforce}[system]
    ann, bob = (record(house, system, mail) for mail in (ANN, BOB))
    survivor = twin.join(PLACES[system], bob, ann)
    house.time.forward(minutes=5)
    house.news(system, PLACES[system], ann, bob, survivor)
    house.carry()
    [parked] = house.ledger.parked_list(cause="duplicate_of")
    return parked.parked.record_id


def says(house: Handing, system: System, place: str, **words: str) -> None:
    """Somebody edits that record, some time later."""
    house.time.forward(minutes=5)
    twin = {HUBSPOT: house.hubspot, SALESFORCE: house.salesforce}[system]
    twin.edit(PLACES[system], place, words)
    house.news(system, PLACES[system], place)
    house.carry()


def transitions(house: Handing, mail: str = ANN) -> list[str]:
    return [one.transition for one in house.history(mail)]


@pytest.mark.parametrize("by_bell", [True, False], ids=["bell", "compare"])
def test_it_is_the_persons_verdict_where_both_are_one_person(
    house: Handing, *, by_bell: bool
) -> None:
    """HubSpot has merged the contacts: who opens the other Lead says the same, once."""
    further = merged(house, HUBSPOT)
    house.by_bell = by_bell
    says(house, SALESFORCE, further, **BACK)
    assert house.standing().stage is Stage.RECYCLED
    assert transitions(house).count("T4") == 1
    assert house.handoff.store.refusals(9, house.who()) == []
    assert house.held(HUBSPOT, STAGE, VERDICT) == ("recycled", "reject")
    assert house.planned() == []


def test_what_stands_there_for_long_is_no_answer_to_the_next_hand_over(house: Handing) -> None:
    """She is back with sales after a raised hand; a comment in the other Lead sends nobody back again."""
    further = merged(house, HUBSPOT)
    says(house, SALESFORCE, further, **BACK)
    house.time.forward(days=3)
    house.happens("form_submit_handraise", topic="pricing")
    house.carry()
    assert (house.standing().stage, house.standing().cycle) == (Stage.MQL, 2)
    before = transitions(house)
    says(house, SALESFORCE, further, recycle_comment="see the other one")
    house.resync()
    house.carry()
    assert transitions(house) == before


def test_a_record_that_was_never_paired_is_heard_as_well(house: Handing) -> None:
    """A colleague has entered her once more, and the seller opens that Lead; a stage in it may be a copy."""
    further = house.salesforce.seed("Lead", {"email": ANN, "company": "Acme", "stage": "mql"})
    house.news(SALESFORCE, "Lead", further)
    house.carry()
    assert house.handoff.store.refusals(9, house.who()) == []
    says(house, SALESFORCE, further, verdict="accept")
    assert transitions(house) == ["T1", "T2", "T3"]
    says(house, SALESFORCE, further, stage="customer")
    [refusal] = house.handoff.store.refusals(9, house.who())
    assert (refusal.code, refusal.request.is_further) == ("illegal", True)
    assert house.salesforce.records("Lead")[further]["stage"] == "customer"


def test_of_somebody_who_may_be_another_person_it_is_refused_until_the_park_is_lifted(
    house: Handing,
) -> None:
    """Salesforce has merged the Leads and HubSpot has both contacts still: a letter, once, with the record to
    use. When both contacts are merged at last, what stands on the survivor is heard.
    """
    further = merged(house, SALESFORCE)
    before = transitions(house), transitions(house, BOB)
    words = {"stage": "disqualified", "recycle_reason": "not_target"}
    says(house, HUBSPOT, further, **words)
    house.resync()
    house.carry()
    assert (transitions(house), transitions(house, BOB)) == before
    [refusal] = house.handoff.store.refusals(9, house.who(BOB))
    ann = record(house, HUBSPOT, ANN)
    assert (refusal.code, refusal.words) == ("further_record", {"record": ann})
    assert [one.kind for one in house.handoff.store.owed(20)].count("refused") == 1
    survivor = house.hubspot.join("contacts", further, ann)
    house.hubspot.edit("contacts", survivor, words)
    house.time.forward(minutes=5)
    house.news(HUBSPOT, "contacts", ann, further, survivor)
    house.carry()
    assert house.ledger.parked_list() == []
    assert house.standing().stage is Stage.DISQUALIFIED
    assert house.planned() == []
