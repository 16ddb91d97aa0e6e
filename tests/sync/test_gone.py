"""Somebody whom sales has, and whose record people deleted: no clock runs, and the list says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.errands import errands_after
from lifecycle.model import Stage
from sync.figures import orphans
from sync.gone import gone_from
from tests.sync.bridge import sqlite_url
from tests.sync.mail_server import mail_server
from tests.sync.posting import SELLER, Posting
from tests.sync.website import ANN

BOB = "bob@example.com"

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
EITHER = [(HUBSPOT,), (SALESFORCE,), (HUBSPOT, SALESFORCE)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Posting]:
    """Ann stands in both systems and is with a seller, who has the letter."""
    with mail_server() as box:
        found = Posting(sqlite_url(tmp_path), box=box)
        found.begin()
        found.hand()
        found.postman.deliver()
        box.mails.clear()
        yield found


def record_of(house: Posting, system: System) -> tuple[str, str]:
    """The object and the id of Ann's only record in a system, in the bin or not."""
    name = "contacts" if system is HUBSPOT else "Lead"
    twin = house.hubspot if system is HUBSPOT else house.salesforce
    (record_id,) = twin._shelves[name].records
    return name, record_id


def happens_to(house: Posting, what: str, *systems: System) -> None:
    """People delete or restore Ann's records, and a worker hears of it."""
    house.time.forward(minutes=5)
    for system in systems:
        name, record_id = record_of(house, system)
        twin = house.hubspot if system is HUBSPOT else house.salesforce
        getattr(twin, what)(name, record_id)
        house.news(system, name, record_id)
    house.carry()


def why(house: Posting) -> list[tuple[str, tuple[System, ...]]]:
    """Whom nobody looks after, and why."""
    about = house.about()
    return [
        (one.why, one.gone)
        for one in orphans(
            house.handoff.store, about.definition, house.time(), lambda who: gone_from(about, who)
        )
    ]


def running(house: Posting) -> set[str]:
    return {one.clock for one in house.handoff.store.running(house.who())}


def days_pass(house: Posting, days: int) -> None:
    """A worker sees to the clocks on each of them."""
    for _ in range(days):
        house.time.forward(days=1)
        house.handoff.usher.work()
        house.postman.deliver()


@pytest.mark.parametrize("systems", EITHER)
def test_whoever_was_deleted_is_told_of_in_no_letter_until_they_are_back(
    house: Posting, systems: tuple[System, ...]
) -> None:
    """No step of a clock, nobody asked back as not worked; the list says where they were deleted. Back again,
    their clocks have all of their time: nobody could work who was in the bin.
    """
    before = house.handoff.store.running(house.who())
    happens_to(house, "remove", *systems)
    assert why(house) == [("deleted", systems)]
    days_pass(house, 4)
    assert house.box.mails == []
    assert house.handoff.store.running(house.who()) == []
    assert house.standing().stage is Stage.MQL
    assert why(house) == [("deleted", systems)]
    (hand_over,) = errands_after(house.history())
    letter = house.composer.letter(house.about(), hand_over, house.time())
    assert (letter is None) is (len(systems) == 2), "in both nobody is left to be told of"
    happens_to(house, "restore", *systems)
    back_at = house.time()
    house.handoff.usher.sweep()
    after = house.handoff.store.running(house.who())
    assert [one[:4] for one in after] == [one[:4] for one in before]
    assert [(one.step, one.started_at >= back_at) for one in after] == [(0, True)]
    assert why(house) == []


def test_a_day_of_looking_round_stops_clocks_before_a_step_of_theirs_is_due(house: Posting) -> None:
    """Nothing of somebody deleted is late, and they are on no morning's list."""
    happens_to(house, "remove", SALESFORCE)
    house.handoff.usher.sweep()
    assert running(house) == set()
    assert house.composer.morning(house.about(), SELLER, house.time()) is None


def test_another_live_record_of_theirs_is_enough(house: Posting) -> None:
    """A double of theirs that was deleted is nobody's loss."""
    double = house.salesforce.seed("Contact", {"email": ANN, "company": "Acme"})
    house.news(SALESFORCE, "Contact", double)
    house.carry()
    house.salesforce.remove("Contact", double)
    house.news(SALESFORCE, "Contact", double)
    house.carry()
    assert why(house) == []
    assert running(house) == {"verdict"}


def test_whoever_was_merged_into_somebody_else_in_one_system_is_gone_there(house: Posting) -> None:
    """Salesforce says that two are one, HubSpot has both: the seller finds the other one, with another lead's
    fields. The list says so, and nobody is late.
    """
    house.hubspot.seed("contacts", {"email": BOB, "company": "Acme"})
    other = house.salesforce.seed("Lead", {"email": BOB, "company": "Acme"})
    house.resync()
    lead = next(i for i, one in house.salesforce.records("Lead").items() if one["email"] == ANN)
    house.salesforce.join("Lead", lead, other)
    for record in (lead, other):
        house.news(SALESFORCE, "Lead", record)
    house.carry()
    assert why(house) == [("deleted", (SALESFORCE,))]
    days_pass(house, 4)
    assert running(house) == set()
    assert house.box.mails == []


def test_a_contact_whose_lead_was_converted_is_gone_with_the_contact(house: Posting) -> None:
    """The frozen Lead stays in Salesforce for ever, and nobody can work it."""
    (lead,) = house.salesforce.records("Lead")
    contact = house.salesforce.convert(lead, {"email": ANN})
    house.news(SALESFORCE, "Lead", lead)
    house.carry()
    assert why(house) == []
    house.salesforce.remove("Contact", contact)
    house.news(SALESFORCE, "Contact", contact)
    house.carry()
    assert why(house) == [("deleted", (SALESFORCE,))]


def test_a_hand_that_is_raised_after_the_record_was_deleted_reaches_the_seller(
    tmp_path: Path,
) -> None:
    """They are in HubSpot still: the letter leads there, and the list says what is wrong."""
    with mail_server() as box:
        house = Posting(sqlite_url(tmp_path), box=box)
        house.begin()
        happens_to(house, "remove", SALESFORCE)
        house.raise_hand()
        house.postman.deliver()
        assert house.mailed() == [(SELLER, f"New lead for you: {ANN} (Acme)")]
        assert "https://app.hubspot.com/contacts/" in box.mails[0].get_content()
        assert why(house) == [("deleted", (SALESFORCE,))]


def test_who_merely_cannot_be_seen_is_not_called_deleted(house: Posting) -> None:
    """A permission that was lost is no deletion: clocks run on."""
    house.salesforce.hide(*record_of(house, SALESFORCE))
    house.resync()
    assert why(house) == []
    assert running(house) == {"verdict"}
