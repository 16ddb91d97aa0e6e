"""What a seller enters in a record that has no partner yet is heard when it gets one, and is never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import REASON, STAGE, VERDICT, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann was handed over; then her contact is deleted in HubSpot, and a seller enters her as a Contact."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    contact = found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    lead = found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    found.hubspot.remove("contacts", contact)
    found.salesforce.remove("Lead", lead)
    found.news(HUBSPOT, "contacts", contact)
    found.news(SALESFORCE, "Lead", lead)
    found.time.forward(minutes=5)
    return found


def enters(house: Handing, *, by_bell: bool, **values: str) -> None:
    person = house.salesforce.seed("Contact", {"email": ANN, "company": "Acme", **values})
    house.by_bell = by_bell
    house.news(SALESFORCE, "Contact", person)
    house.carry()


@pytest.mark.parametrize("by_bell", [True, False], ids=["bell", "compare"])
def test_a_verdict_is_decided_and_stands_in_both_systems(house: Handing, *, by_bell: bool) -> None:
    """One entry by sales, and the contact that is born holds it."""
    enters(house, by_bell=by_bell, verdict="reject", recycle_reason="timing")
    last = house.history()[-1]
    assert (last.stage, last.transition, last.source) == (Stage.RECYCLED, "T4", "salesforce")
    for system in System:
        assert house.held(system, STAGE, VERDICT, REASON) == ("recycled", "reject", "timing")
    assert house.handoff.store.refusals(9, house.who()) == []
    assert house.planned() == []


@pytest.mark.parametrize("by_bell", [True, False], ids=["bell", "compare"])
def test_what_cannot_be_is_refused_once_and_put_back(house: Handing, *, by_bell: bool) -> None:
    """She is with sales still; why it was not followed stands on file."""
    enters(house, by_bell=by_bell, stage="on fire")
    assert [one.code for one in house.handoff.store.refusals(9, house.who())] == ["unknown_stage"]
    assert {house.held(system, STAGE, VERDICT) for system in System} == {("mql", "pending")}
    assert house.planned() == []


def test_of_somebody_whom_nobody_knows_it_is_refused_too(house: Handing) -> None:
    """A stage that was typed in at once, of a person who was never anywhere."""
    new = "new@acme.example"
    person = house.salesforce.seed("Contact", {"email": new, "company": "Acme", "stage": "sql"})
    house.news(SALESFORCE, "Contact", person)
    house.carry()
    assert [one.code for one in house.handoff.store.refusals(9, house.who(new))] == ["illegal"]
    assert house.salesforce.records("Contact")[person].get(STAGE) is None
    assert house.planned() == []
