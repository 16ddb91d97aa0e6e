"""Merged and converted records are followed: pairs go along, edits still travel, nobody is made twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from sync.model import Parked
from tests.sync.bridge import sqlite_url
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture(params=["a whole compare", "a worker's round"])
def live(tmp_path: Path, request: pytest.FixtureRequest) -> Live:
    """The bridge, and the road on which news come in."""
    bridge = Live(sqlite_url(tmp_path))
    bridge.by_bell = request.param == "a worker's round"
    return bridge


def person(live: Live, name: str = "ann", **values: str) -> tuple[str, str]:
    """Somebody who is in line on both sides, as contact and Lead."""
    held = {"email": f"{name}@example.com", "first": name.title(), **values}
    left = live.hubspot.seed("contacts", held)
    right = live.salesforce.seed("Lead", held)
    live.resync()
    return left, right


def contact_of(live: Live, lead: str, **values: str) -> str:
    """A person converts this Lead; the standard fields go along."""
    held = {k: v for k, v in live.salesforce.records("Lead")[lead].items() if k != "HubSpot_Id__c"}
    return live.salesforce.convert(lead, {**held, **values})


def partner(live: Live, system: System, record_id: str) -> str | None:
    pair = live.ledger.pair_of("people", system, record_id)
    return None if pair is None else pair.record_id(system.other)


def parked_ones(live: Live) -> list[Parked]:
    return [row.parked for row in live.ledger.parked_list()]


def quiet(live: Live) -> bool:
    """Nothing is left to do, for a compare and for a worker."""
    live.settle()
    return live.planned() == [] and live.bells() == 0


# Conversion ---------------------------------------------------------------------------------------


def test_the_pair_of_a_converted_lead_moves_to_its_contact(live: Live) -> None:
    """The Lead is frozen and filtered, the Contact has the key, nobody is created."""
    left, lead = person(live)
    contact = contact_of(live, lead)
    live.news(SALESFORCE, "Lead", lead)
    assert partner(live, HUBSPOT, left) == contact
    assert live.hubspot.records("contacts")[left]["salesforce_id"] == contact
    assert live.salesforce.records("Contact")[contact]["HubSpot_Id__c"] == left
    assert len(live.hubspot.records("contacts")) == 1
    assert live.states()["salesforce"] == {"filtered": 1, "in_sync": 1}
    assert quiet(live)


def test_an_edit_of_the_moment_of_conversion_still_reaches_the_other_side(live: Live) -> None:
    """Both sides' edits travel over the old baseline."""
    left, lead = person(live, title="CTO")
    live.hubspot.edit("contacts", left, {"title": "CEO"})
    contact = contact_of(live, lead, first="Anna")
    live.news(SALESFORCE, "Lead", lead)
    assert live.salesforce.records("Contact")[contact]["title"] == "CEO"
    assert live.hubspot.records("contacts")[left]["first"] == "Anna"
    assert quiet(live)


def test_what_a_conversion_left_blank_is_filled_again_and_not_cleared(live: Live) -> None:
    """A custom field without a conversion mapping is empty on the Contact, and nobody emptied it."""
    left, lead = person(live, title="CTO")
    contact = live.salesforce.convert(lead, {"email": "ann@example.com", "first": "Ann"})
    live.news(SALESFORCE, "Lead", lead)
    assert live.hubspot.records("contacts")[left]["title"] == "CTO"
    assert live.salesforce.records("Contact")[contact]["title"] == "CTO"


def test_a_write_in_flight_goes_to_the_contact(live: Live) -> None:
    """Its answer was lost, the Lead was converted meanwhile: the edit arrives where the Lead went."""
    left, lead = person(live)
    live.salesforce.faults.late = 1
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.news(HUBSPOT, "contacts", left)
    contact = contact_of(live, lead)
    live.salesforce.land()
    live.news(SALESFORCE, "Lead", lead)
    live.time.forward(seconds=live.landing_window.total_seconds())
    live.news(HUBSPOT, "contacts", left)
    assert live.salesforce.records("Contact")[contact]["first"] == "Anna"
    assert live.salesforce.records("Lead")[lead]["first"] == "Ann"
    assert quiet(live)


def test_a_lead_converted_into_a_contact_with_a_partner_makes_its_own_partner_a_duplicate(
    live: Live,
) -> None:
    """Two contacts, one Contact: the further one waits for a merge, and nothing is created."""
    old, lead = person(live, "bob")
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    contact = live.salesforce.seed("Contact", {"email": "ann@example.com"})
    live.resync()
    live.salesforce.convert(lead, {"email": "bob@example.com"}, into=contact)
    live.news(SALESFORCE, "Lead", lead)
    assert partner(live, HUBSPOT, left) == contact
    assert partner(live, HUBSPOT, old) is None
    [parked] = parked_ones(live)
    assert (parked.record_id, parked.cause) == (old, "duplicate_of")
    assert contact in parked.advice
    assert len(live.salesforce.records("Contact")) == 1
    assert len(live.salesforce.records("Lead")) == 1


def test_a_lead_that_is_converted_while_it_is_written_is_followed(live: Live) -> None:
    """The write is refused as converted: nothing is parked, the edit goes to the Contact."""
    left, lead = person(live)
    contacts: list[str] = []

    def convert() -> None:
        live.salesforce.before_write = None
        contacts.append(contact_of(live, lead))

    live.salesforce.before_write = convert
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.news(HUBSPOT, "contacts", left)
    live.news(HUBSPOT, "contacts", left)
    assert live.salesforce.records("Contact")[contacts[0]]["first"] == "Anna"
    assert live.ledger.parked_list() == []
    assert quiet(live)


def test_a_lead_whose_contact_was_deleted_before_anybody_looked_has_no_partner_any_more(
    live: Live,
) -> None:
    """It takes no writes, so nothing is left waiting for it, an opt-out included; nobody comes back."""
    left, lead = person(live)
    _, bystander = person(live, "bob")
    live.salesforce.remove("Contact", contact_of(live, lead))
    live.news(SALESFORCE, "Lead", lead)
    live.hubspot.edit("contacts", left, {"optout": True})
    live.news(HUBSPOT, "contacts", left)
    assert partner(live, HUBSPOT, left) is None
    assert set(live.salesforce.records("Lead")) == {lead, bystander}
    assert live.salesforce.records("Contact") == {}
    assert live.ledger.parked_list() == []
    assert quiet(live)


def test_a_lead_whose_contact_was_deleted_brings_nobody_back_when_it_is_converted(
    live: Live,
) -> None:
    """Its Contact knows nothing of the old key, and stays alone for the same reason."""
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.remove("contacts", left)
    live.news(HUBSPOT, "contacts", left)
    held = {"email": "ann@example.com", "first": "Ann"}
    contact = live.salesforce.convert(lead, held)
    live.news(SALESFORCE, "Lead", lead)
    live.salesforce.edit("Contact", contact, {"title": "CEO"})
    live.news(SALESFORCE, "Contact", contact)
    assert len(live.hubspot.records("contacts")) == 1
    live.ledger.refresh_states("people")
    seen = live.ledger.record("people", SALESFORCE, contact)
    assert seen is not None
    assert (seen.state, seen.reason) == ("unpaired", "partner_deleted")
    assert quiet(live)


def test_a_record_into_which_one_went_whose_partner_was_deleted_brings_nobody_back(
    live: Live,
) -> None:
    """The loser of the merge was alone because of it, and nobody was ever the survivor's partner."""
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.remove("contacts", left)
    live.news(HUBSPOT, "contacts", left)
    winner = live.salesforce.seed("Lead", {"email": "ann@example.com", "first": "Ann"})
    live.salesforce.join("Lead", lead, winner)
    live.news(SALESFORCE, "Lead", lead, winner)
    assert len(live.hubspot.records("contacts")) == 1
    assert quiet(live)


# Merges -------------------------------------------------------------------------------------------


def test_a_merge_at_hubspot_moves_the_pair_to_the_new_id(live: Live) -> None:
    """The further contact had no partner; Salesforce learns the new id."""
    left, lead = person(live)
    other = live.hubspot.seed("contacts", {"email": "ann2@example.com", "title": "CTO"})
    live.hubspot.edit("contacts", other, {"email": ""})
    survivor = live.hubspot.join("contacts", other, left)
    live.news(HUBSPOT, "contacts", survivor, left, other)
    assert partner(live, HUBSPOT, survivor) == lead
    held = live.salesforce.records("Lead")[lead]
    assert (held["HubSpot_Id__c"], held["title"]) == (survivor, "CTO")
    assert len(live.hubspot.records("contacts")) == 1
    assert quiet(live)


def test_two_paired_contacts_become_one_and_the_further_lead_waits_for_its_merge(
    live: Live,
) -> None:
    """Nothing is created, nothing deleted; what should be merged is listed."""
    ann, lead = person(live, "ann")
    bob, further = person(live, "bob")
    survivor = live.hubspot.join("contacts", bob, ann)
    live.news(HUBSPOT, "contacts", survivor, ann, bob)
    assert partner(live, HUBSPOT, survivor) == lead
    assert set(live.salesforce.records("Lead")) == {lead, further}
    [parked] = parked_ones(live)
    assert (parked.record_id, parked.cause) == (further, "duplicate_of")
    live.salesforce.join("Lead", further, lead)
    live.news(SALESFORCE, "Lead", further, lead)
    assert live.ledger.parked_list() == []
    assert len(live.hubspot.records("contacts")) == 1
    assert quiet(live)


def test_a_survivor_known_by_its_own_bell_alone_is_followed_back(live: Live) -> None:
    """A poll shows only the new record, and it names those that were merged into it."""
    left, lead = person(live)
    other = live.hubspot.seed("contacts", {"title": "CTO"})
    survivor = live.hubspot.join("contacts", other, left)
    live.news(HUBSPOT, "contacts", survivor)
    assert partner(live, HUBSPOT, survivor) == lead
    assert quiet(live)


def test_a_merge_at_salesforce_moves_the_pair_to_the_winner(live: Live) -> None:
    """The winner's values are what people chose; the contact gets them, and the new id."""
    left, lead = person(live, title="CTO")
    winner = live.salesforce.seed("Lead", {"email": "ann@corp.example.com", "title": "CEO"})
    live.salesforce.edit("Lead", winner, {"first": "Ann"})
    live.salesforce.join("Lead", lead, winner)
    live.news(SALESFORCE, "Lead", lead, winner)
    assert partner(live, HUBSPOT, left) == winner
    held = live.hubspot.records("contacts")[left]
    assert (held["salesforce_id"], held["title"]) == (winner, "CEO")
    assert len(live.hubspot.records("contacts")) == 1
    assert quiet(live)


def test_edits_of_both_losers_and_of_the_winner_during_a_merge_arrive(live: Live) -> None:
    """Each travels over its own baseline."""
    ann, lead = person(live, "ann")
    live.hubspot.edit("contacts", ann, {"title": "CEO"})
    winner = live.salesforce.seed("Lead", {"email": "ann@example.com", "first": "Anna"})
    live.salesforce.join("Lead", lead, winner)
    live.salesforce.edit("Lead", winner, {"first": "Annabel"})
    live.news(SALESFORCE, "Lead", lead, winner)
    assert live.salesforce.records("Lead")[winner]["title"] == "CEO"
    assert live.hubspot.records("contacts")[ann]["first"] == "Annabel"
    assert quiet(live)


def test_a_merge_into_a_merged_record_is_followed_to_its_end(live: Live) -> None:
    """A into B, B into C, and only then does anybody look."""
    left, lead = person(live)
    second = live.salesforce.seed("Lead", {"email": "b@example.com"})
    third = live.salesforce.seed("Lead", {"email": "ann@example.com", "first": "Ann"})
    live.salesforce.join("Lead", lead, second)
    live.salesforce.join("Lead", second, third)
    live.news(SALESFORCE, "Lead", lead, second, third)
    assert partner(live, HUBSPOT, left) == third
    assert len(live.hubspot.records("contacts")) == 1
    assert quiet(live)


def test_merges_one_after_the_other_leave_one_pair(live: Live) -> None:
    """Every old id leads to the last survivor, whoever holds it as a key."""
    left, lead = person(live)
    one = live.hubspot.seed("contacts", {"title": "CTO"})
    first = live.hubspot.join("contacts", one, left)
    live.news(HUBSPOT, "contacts", first, left, one)
    two = live.hubspot.seed("contacts", {})
    last = live.hubspot.join("contacts", two, first)
    live.news(HUBSPOT, "contacts", last, first, two)
    assert partner(live, HUBSPOT, last) == lead
    assert live.salesforce.records("Lead")[lead]["HubSpot_Id__c"] == last
    assert live.states()["salesforce"] == {"in_sync": 1}
    assert quiet(live)


def test_a_record_merged_into_one_that_was_deleted_is_deleted(live: Live) -> None:
    """Its pair ends by the mapping's policy, and nobody comes back."""
    left, lead = person(live)
    _, bystander = person(live, "bob")
    winner = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.salesforce.join("Lead", lead, winner)
    live.salesforce.remove("Lead", winner)
    live.news(SALESFORCE, "Lead", lead)
    assert partner(live, HUBSPOT, left) is None
    assert set(live.salesforce.records("Lead")) == {bystander}
    assert live.states()["hubspot"] == {"in_sync": 1, "unpaired": 1}
    assert quiet(live)


def test_a_loser_that_is_taken_out_of_the_bin_is_somebody_of_its_own_again(live: Live) -> None:
    """Salesforce undeletes what was merged away: it gets its old partner back."""
    ann, lead = person(live, "ann")
    bob, further = person(live, "bob")
    live.salesforce.join("Lead", further, lead)
    live.news(SALESFORCE, "Lead", further, lead)
    live.settle()
    assert partner(live, HUBSPOT, bob) is None
    live.salesforce.restore("Lead", further)
    live.news(SALESFORCE, "Lead", further)
    live.news(HUBSPOT, "contacts", bob)
    assert partner(live, HUBSPOT, ann) == lead
    assert partner(live, HUBSPOT, bob) == further
    assert live.ledger.parked_list() == []
    assert quiet(live)
