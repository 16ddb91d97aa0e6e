"""Two who turn out to be one have one history from then on; nobody becomes a stranger by a new address."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage, Subject
from mappings.schema import OwnName
from tests.sync.bridge import sqlite_url
from tests.sync.handing import REASON, STAGE, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PRIVATE = "ann@home.example"


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann stands in both systems, in line, and was handed over to sales."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    return found


def seller_says(house: Handing, lead: str, **values: str) -> None:
    house.time.forward(minutes=5)
    house.salesforce.edit("Lead", lead, values)
    house.news(SALESFORCE, "Lead", lead)
    house.carry()


def handed_over_twice(house: Handing) -> tuple[str, str, Subject]:
    """Ann is in both systems once more, under a private address, and was handed over under that one, too;
    who she is there.
    """
    house.hubspot.seed("contacts", {"email": PRIVATE, "company": "Acme"})
    second = house.salesforce.seed("Lead", {"email": PRIVATE, "company": "Acme"})
    (first, _) = house.salesforce.records("Lead")
    house.resync()
    house.happens("form_submit_handraise", email=PRIVATE, topic="pricing")
    house.carry()
    assert house.standing(PRIVATE).stage is Stage.MQL
    assert house.who() != house.who(PRIVATE)
    return first, second, house.who(PRIVATE)


def names_both(house: Handing) -> None:
    """She fills in a form with her private address in the browser that HubSpot knows her by."""
    (first, _) = house.hubspot.records("contacts")
    house.happens("page_view", email=PRIVATE, hubspot_contact_id=first)
    house.carry()


def test_two_whom_the_website_knows_as_one_have_one_history(house: Handing) -> None:
    """Both histories stand; the send-back goes before a hand-over; no one waits for HubSpot to merge them."""
    first, _, other = handed_over_twice(house)
    seller_says(house, first, verdict="reject", recycle_reason="timing")
    names_both(house)
    assert house.who() == house.who(PRIVATE)
    whole = house.history()
    assert {entry.subject for entry in whole} >= {other}
    assert [entry.stage for entry in whole].count(Stage.MQL) == 2
    assert (house.standing().stage, house.standing().reason) == (Stage.RECYCLED, "timing")
    for twin, name in ((house.hubspot, "contacts"), (house.salesforce, "Lead")):
        held = [(one[STAGE], one[REASON]) for one in twin.records(name).values()]
        assert held == [("recycled", "timing")] * 2
    assert house.planned() == []


@pytest.mark.parametrize("swept", [True, False], ids=["swept", "due"])
def test_one_clock_of_each_kind_runs_for_who_they_are(house: Handing, *, swept: bool) -> None:
    """Nobody is reminded of one lead by two clocks: the one that is due first goes on, the other is void."""
    handed_over_twice(house)
    names_both(house)
    house.carry()
    store, who = house.handoff.store, house.who()
    first, second = (one for one in store.running(who) if one.clock == "verdict")
    assert first.subject != second.subject
    if swept:
        house.handoff.usher.sweep()
        assert [one for one in store.running(who) if one.clock == "verdict"] == [first]
    house.time.now = second.due_at
    house.handoff.usher.work()
    told = [one.timer.subject for one in house.calls if one.timer.clock == "verdict"]
    assert set(told) == {first.subject}
    assert second.subject in {one.subject for one in store.timers(who) if one.is_void}


def test_a_verdict_on_either_record_is_about_the_one_who_they_are(house: Handing) -> None:
    """A seller who opens the other record sees and says the same."""
    _, second, _ = handed_over_twice(house)
    names_both(house)
    seller_says(house, second, verdict="accept")
    assert house.standing().stage is Stage.SAL
    assert {one[STAGE] for one in house.salesforce.records("Lead").values()} == {"sal"}
    assert house.planned() == []


def test_a_verdict_that_waits_for_a_system_is_about_who_they_are_by_then(house: Handing) -> None:
    """It was asked about somebody who is somebody else when it can be decided."""
    _, _, other = handed_over_twice(house)
    gone = max(house.who(), other)
    names_both(house)
    assert house.handoff.store.standings([gone])[gone].subject == house.who()


def test_whoever_is_erased_takes_what_they_brought_along(house: Handing) -> None:
    """Although nobody has looked at the histories since the website knew that they are one's."""
    _, _, other = handed_over_twice(house)
    (first, _) = house.hubspot.records("contacts")
    house.happens("page_view", email=PRIVATE, hubspot_contact_id=first)
    house.time.forward(seconds=1)
    house.store.name_some(house.definition, house.time(), part=0, parts=1)
    assert house.store.moved(9) != {}
    house.handoff.forgetting(house.withdrawer.of_the_erased)([OwnName("email", ANN)])
    assert [*house.handoff.store.history(other)] == []
    assert house.store.moved(9) == {}


def test_a_new_address_makes_no_stranger(house: Handing) -> None:
    """Her history follows the contact: nothing is taken back from her records, and a verdict is hers."""
    (contact,), (lead,) = house.hubspot.records("contacts"), house.salesforce.records("Lead")
    house.time.forward(minutes=5)
    house.hubspot.edit("contacts", contact, {"email": PRIVATE})
    house.news(HUBSPOT, "contacts", contact)
    assert house.held(SALESFORCE, "email", STAGE) == (PRIVATE, "mql")
    seller_says(house, lead, verdict="accept")
    assert house.standing().stage is Stage.SAL
    assert house.held(HUBSPOT, STAGE) == ("sal",)
    assert house.planned() == []


def test_what_is_done_under_the_new_address_is_hers(house: Handing) -> None:
    """A form that names only the new address raises her hand, and nobody else's."""
    (contact,) = house.hubspot.records("contacts")
    house.time.forward(minutes=5)
    house.hubspot.edit("contacts", contact, {"email": PRIVATE})
    house.news(HUBSPOT, "contacts", contact)
    house.happens("form_submit_handraise", email=PRIVATE, topic="pricing")
    house.carry()
    assert house.who() == house.who(PRIVATE)
    assert [entry.transition for entry in house.history()] == ["T1", "T2"]
    assert house.planned() == []
