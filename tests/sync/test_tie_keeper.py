"""Relations on two twins and a ledger: ties follow each other, and follow their partners."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import System
from mappings.schema import Direction
from sync.model import Parked
from sync.status import records_in_state
from tests.sync.bridge import sqlite_url
from tests.sync.tied import (
    LISTS,
    MEMBERS,
    TiedBridge,
    agreed,
    known,
    members,
    planned,
    sighted,
)

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def tied(tmp_path: Path) -> TiedBridge:
    return TiedBridge(sqlite_url(tmp_path))


# Making and ending -------------------------------------------------------------------------------


def test_a_tie_made_on_one_side_is_made_on_the_other(tied: TiedBridge) -> None:
    """Both ways, for Leads and for Contacts; and the second look writes nothing."""
    (ann, lead), (bob, contact) = tied.person("Lead"), tied.person()
    first, second = tied.campaign()
    tied.lists.tie(LISTS, ann, first)
    tied.members.tie(MEMBERS, contact, second)
    report = tied.relate()
    assert report.totals["create"] == 2
    assert tied.held() == (
        {(ann, first): None, (bob, first): None},
        {(contact, second): None, (lead, second): None},
    )
    writes = tied.hubspot.calls.writes, tied.salesforce.calls.writes
    assert not any(tied.relate().totals.values())
    assert (tied.hubspot.calls.writes, tied.salesforce.calls.writes) == writes
    assert tied.tie_states() == {"hubspot": {"in_sync": 2}, "salesforce": {"in_sync": 2}}


@pytest.mark.parametrize("ended_in", [*System])
def test_a_tie_ended_on_one_side_is_ended_on_the_other(tied: TiedBridge, ended_in: System) -> None:
    """And it does not come back."""
    left, right, first, second = agreed(tied)
    if ended_in is HUBSPOT:
        tied.lists.untie(LISTS, left, first)
    else:
        tied.members.untie(MEMBERS, right, second)
    assert tied.relate().totals["delete"] == 1
    tied.relate()
    assert tied.held() == ({}, {})
    assert tied.tie_states() == {"hubspot": {}, "salesforce": {}}


def test_a_tie_that_was_ended_may_be_made_anew(tied: TiedBridge) -> None:
    """By whoever, on either side."""
    left, right, first, second = agreed(tied)
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    tied.members.tie(MEMBERS, right, second)
    tied.relate()
    assert tied.held() == ({(left, first): None}, {(right, second): None})


def test_a_tie_may_stay_where_it_was_not_ended(tied: TiedBridge) -> None:
    """It is remembered as kept: not taken for a new one, and followed again once it is on both sides."""
    left, right, first, second = agreed(tied)
    tied.relation = members(ended={HUBSPOT: "keep", SALESFORCE: "end"})
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    tied.relate()
    assert tied.held() == ({}, {(right, second): None})
    assert tied.tie_states()["salesforce"] == {"unpaired": 1}
    tied.lists.tie(LISTS, left, first)
    tied.relate()
    tied.members.untie(MEMBERS, right, second)
    tied.relate()
    assert tied.held() == ({}, {})


def test_the_first_meeting_is_a_union(tied: TiedBridge) -> None:
    """With a ledger that was lost, nothing is ended."""
    left, right, first, second = agreed(tied)
    other, other_right = tied.person()
    tied.lists.tie(LISTS, other, first)
    tied.relate()
    tied.ledger.note_ties([], [one.id for one in known(tied)])
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    assert set(tied.held()[0]) == {(left, first), (other, first)}
    assert set(tied.held()[1]) == {(right, second), (other_right, second)}


def test_one_way_ties_follow_hubspot_alone(tied: TiedBridge) -> None:
    """Salesforce's own stay where they are; one that Salesforce lost is put back."""
    tied.relation = members(direction=Direction.TO_SALESFORCE)
    left, right, first, second = agreed(tied)
    _, other = tied.person()
    tied.members.tie(MEMBERS, other, second)
    tied.members.untie(MEMBERS, right, second)
    tied.relate()
    assert tied.held() == (
        {(left, first): None},
        {(right, second): None, (other, second): None},
    )
    assert tied.tie_states()["salesforce"] == {"in_sync": 1, "unpaired": 1}


# Partners ----------------------------------------------------------------------------------------


def test_a_tie_waits_for_its_partner_and_is_made_once_there_is_one(tied: TiedBridge) -> None:
    """Neither made nor ended before; its state says why."""
    stranger, (first, second) = tied.stranger(), tied.campaign()
    tied.lists.tie(LISTS, stranger, first)
    tied.relate()
    assert tied.held()[1] == {}
    rows = records_in_state(tied.ledger, [], "waiting", [tied.relation])
    assert [(row["id"], row["reason"]) for row in rows] == [(f"{stranger}>{first}", "partner")]
    partner = tied.salesforce.seed("Lead", {})
    tied.bind("people", "contacts", stranger, "Lead", partner)
    tied.relate()
    assert tied.held()[1] == {(partner, second): None}
    assert tied.tie_states() == {"hubspot": {"in_sync": 1}, "salesforce": {"in_sync": 1}}


def see(tied: TiedBridge, record_id: str, *, in_scope: bool) -> None:
    run = tied.ledger.begin_run("resync", ["people"], "test", tied.time())
    row = sighted(record_id, in_scope=in_scope)
    tied.ledger.note_sightings(run.id, "people", HUBSPOT, "contacts", [row])


def test_a_filtered_partner_holds_its_ties_and_three_way_goes_on_afterwards(
    tied: TiedBridge,
) -> None:
    """What was ended meanwhile is ended then, and not taken for new."""
    left, right, first, second = agreed(tied)
    see(tied, left, in_scope=False)
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    assert tied.held()[1] == {(right, second): None}
    assert tied.tie_states()["salesforce"] == {"waiting": 1}
    see(tied, left, in_scope=True)
    tied.relate()
    assert tied.held() == ({}, {})


def test_a_parked_partner_holds_its_ties(tied: TiedBridge) -> None:
    """The whole record is parked; with one of its lines parked, its ties go on."""
    left, right, first, second = agreed(tied)
    for line, waits in (("title", False), (None, True)):
        parked = Parked(
            mapping="people",
            system=HUBSPOT,
            object="contacts",
            record_id=left,
            line=line,
            cause="ambiguous",
            advice="look",
        )
        tied.ledger.park([parked], tied.time())
        tied.members.tie(MEMBERS, right, second)
        tied.lists.untie(LISTS, left, first)
        tied.relate()
        assert bool(tied.held()[1]) is waits
        if not waits:
            tied.members.tie(MEMBERS, right, second)
            tied.relate()


def test_a_deleted_partner_ends_nobody_elses_ties(tied: TiedBridge) -> None:
    """Its own vanish with it; the twin's stay, whether or not the ledger has heard of it."""
    left, right, first, second = agreed(tied)
    tied.hubspot.remove("contacts", left)
    tied.relate()
    assert tied.members.ties_now(MEMBERS) == {(right, second): {}}
    assert tied.tie_states()["salesforce"] == {"waiting": 1}
    tied.ledger.mark_gone("people", HUBSPOT, [left], "deleted")
    tied.relate()
    assert tied.members.ties_now(MEMBERS) == {(right, second): {}}
    # What was agreed is void: once it is back without its ties, they are made again.
    tied.hubspot.restore("contacts", left)
    tied.lists.untie(LISTS, left, first)
    see(tied, left, in_scope=True)
    tied.relate()
    assert tied.held() == ({(left, first): None}, {(right, second): None})


def test_a_converted_lead_takes_its_ties_along(tied: TiedBridge) -> None:
    """Before and after its pair has followed it."""
    left, lead, first, second = agreed(tied, "Lead")
    contact = tied.salesforce.convert(lead, {})
    tied.members.move(MEMBERS, lead, contact)
    tied.relate()
    assert tied.held()[0] == {(left, first): None}
    pair = tied.ledger.pair_of("people", HUBSPOT, left)
    assert pair is not None
    tied.ledger.move(pair.id, SALESFORCE, "Contact", contact)
    tied.relate()
    assert tied.held() == ({(left, first): None}, {(contact, second): None})
    assert tied.tie_states() == {"hubspot": {"in_sync": 1}, "salesforce": {"in_sync": 1}}
    tied.members.untie(MEMBERS, contact, second)
    tied.relate()
    assert tied.held() == ({}, {})


def test_losers_of_merges_collapse_into_their_survivor(tied: TiedBridge) -> None:
    """Their ties count as the survivor's: not twice, and ended all together."""
    left, right, first, second = agreed(tied)
    losers = [tied.salesforce.seed("Contact", {}) for _ in range(2)]
    run = tied.ledger.begin_run("resync", ["people"], "test", tied.time())
    rows = [sighted(loser) for loser in losers]
    tied.ledger.note_sightings(run.id, "people", SALESFORCE, "Contact", rows)
    for loser, survivor in ((losers[0], losers[1]), (losers[1], right)):
        tied.salesforce.join("Contact", loser, survivor)
        tied.ledger.went("people", SALESFORCE, loser, survivor, kind="merged")
    for loser in losers:
        tied.members.tie(MEMBERS, loser, second)
    assert planned(tied) == []
    tied.relate()
    assert tied.tie_states() == {"hubspot": {"in_sync": 1}, "salesforce": {"in_sync": 1}}
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    assert tied.held() == ({}, {})


def test_a_campaign_that_is_unlinked_leaves_its_ties_alone(tied: TiedBridge) -> None:
    """They are nobody's business any more, and not counted."""
    left, right, first, second = agreed(tied)
    pair = tied.ledger.pair_of("campaigns", HUBSPOT, first)
    assert pair is not None
    tied.ledger.unbind(pair.id, "unlinked", tied.time())
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    assert tied.held() == ({}, {(right, second): None})
    assert tied.tie_states() == {"hubspot": {}, "salesforce": {}}


def test_a_lead_is_not_tied_where_only_contacts_can_be(tied: TiedBridge) -> None:
    """It waits: one day it may be a Contact."""
    tied.relation = replace(
        members(), left_objects={HUBSPOT: ("contacts",), SALESFORCE: ("Contact",)}
    )
    (left, _), (first, _) = tied.person("Lead"), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.relate()
    assert tied.held()[1] == {}
    assert tied.tie_states()["hubspot"] == {"waiting": 1}
