"""A reason and a comment that are saved a minute before the verdict are not lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import REASON, STAGE, VERDICT, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PLACES = {HUBSPOT: "contacts", SALESFORCE: "Lead"}


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann waits for a verdict."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    return found


def says(house: Handing, system: System, **values: str) -> None:
    """Somebody edits the record there, some time later."""
    house.time.forward(minutes=5)
    twin = {HUBSPOT: house.hubspot, SALESFORCE: house.salesforce}[system]
    (record,) = twin.records(PLACES[system])
    twin.edit(PLACES[system], record, values)
    house.news(system, PLACES[system], record)
    house.carry()


@pytest.mark.parametrize("system", list(System))
def test_words_stand_in_both_systems_until_the_verdict_and_go_with_it(
    house: Handing, system: System
) -> None:
    """Nothing is put back and nobody is told off; whichever system the words came from."""
    says(house, system, recycle_reason="timing")
    says(house, system, recycle_comment="来期に再度")
    for one in System:
        assert house.held(one, STAGE, VERDICT, REASON) == ("mql", "pending", "timing")
        assert house.held(one, "recycle_comment") == ("来期に再度",)
    assert {one.kind for one in house.handoff.store.owed(9)} == {"hand_over"}
    assert house.planned() == []
    says(house, SALESFORCE, verdict="reject")
    last = house.history()[-1]
    assert (last.transition, last.reason, last.comment) == ("T4", "timing", "来期に再度")
    assert house.held(HUBSPOT, STAGE, REASON) == ("recycled", "timing")
    assert house.planned() == []


def test_the_later_word_counts_and_an_acceptance_needs_no_reason(house: Handing) -> None:
    """Of whoever is accepted only the comment is kept."""
    says(house, SALESFORCE, recycle_reason="timing", recycle_comment="busy")
    says(house, SALESFORCE, recycle_comment="called")
    says(house, SALESFORCE, verdict="accept")
    last = house.history()[-1]
    assert (last.stage, last.reason, last.comment) == (Stage.SAL, None, "called")
    for one in System:
        assert house.held(one, REASON) == (None,)
    assert house.planned() == []


def test_a_verdict_with_words_of_its_own_goes_by_these(house: Handing) -> None:
    """What was written before is no more than a draft."""
    says(house, SALESFORCE, recycle_reason="timing", recycle_comment="busy")
    says(house, SALESFORCE, verdict="reject", recycle_reason="no_budget")
    last = house.history()[-1]
    assert (last.reason, last.comment) == ("no_budget", "busy")


def test_a_reason_that_nobody_knows_is_no_draft(house: Handing) -> None:
    """It could stand in no list of choices of the other system: it is put back, and says why."""
    says(house, SALESFORCE, recycle_reason="bad mood")
    assert [one.code for one in house.handoff.store.refusals(9, house.who())] == ["unknown_reason"]
    assert house.held(SALESFORCE, REASON) == (None,)
