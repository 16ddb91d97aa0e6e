"""Ties whose fields differ, that are refused, or whose answers are lost: it stays with the one tie."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import Rejected, TryLater
from connector.port import System
from sync.ledger import LedgerBusy, LedgerLock
from sync.relations.compare import LOCK
from sync.why import why
from tests.sync.bridge import sqlite_url
from tests.sync.tied import (
    LISTS,
    MEMBERS,
    TiedBridge,
    agreed,
    members,
    planned,
    status_line,
)

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def tied(tmp_path: Path) -> TiedBridge:
    return TiedBridge(sqlite_url(tmp_path))


# Fields ------------------------------------------------------------------------------------------


def test_the_status_of_a_member_travels_both_ways(tied: TiedBridge) -> None:
    """With the tie when it is made, alone when it changes."""
    tied.relation = members(status_line())
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first, status="Sent")
    tied.relate()
    assert tied.held()[1] == {(right, second): "Sent"}
    tied.members.tie(MEMBERS, right, second, Status="Responded")
    assert tied.relate().totals["update"] == 1
    assert tied.held()[0] == {(left, first): "Responded"}
    assert planned(tied) == []


def test_of_two_edits_of_a_status_the_loser_is_kept(tied: TiedBridge) -> None:
    """As a conflict, once."""
    tied.relation = members(status_line())
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first, status="Sent")
    tied.relate()
    tied.lists.tie(LISTS, left, first, status="Invited")
    tied.members.tie(MEMBERS, right, second, Status="Responded")
    tied.relate()
    tied.relate()
    assert tied.held() == ({(left, first): "Responded"}, {(right, second): "Responded"})
    [row] = tied.ledger.conflicts(mapping="members")
    assert (row.conflict.hubspot_value, row.conflict.winner) == ("Invited", "salesforce")
    assert row.conflict.hubspot_id == f"{left}>{first}"


def test_an_open_difference_is_listed_once_and_closed_when_it_ends(tied: TiedBridge) -> None:
    """Two statuses that met for the first time."""
    tied.relation = members(status_line())
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first, status="Sent")
    tied.members.tie(MEMBERS, right, second, Status="Responded")
    tied.relate()
    tied.relate()
    assert tied.ledger.open_differences() == 1
    tied.lists.tie(LISTS, left, first, status="Responded")
    tied.relate()
    assert tied.ledger.open_differences() == 0


def test_a_status_that_the_campaign_does_not_have_parks_its_line(tied: TiedBridge) -> None:
    """The tie is made, with advice; once the campaign has the status, it travels."""
    tied.relation = members(status_line())
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.members.allow(MEMBERS, second, "Status", "Sent", "Responded")
    tied.lists.tie(LISTS, left, first, status="Maybe")
    tied.relate()
    tied.relate()
    assert tied.held()[1] == {(right, second): None}
    [row] = tied.ledger.parked_list(mapping="members")
    assert (row.parked.line, row.parked.cause) == ("status", "unknown_option")
    assert row.parked.record_id == f"{right}>{second}"
    assert "Responded" in row.parked.advice
    assert tied.tie_states() == {"hubspot": {"parked": 1}, "salesforce": {"parked": 1}}
    tied.members.allow(MEMBERS, second, "Status", "Sent", "Maybe")
    tied.relate()
    assert tied.held()[1] == {(right, second): "Maybe"}
    tied.relate()
    assert tied.ledger.parked_list() == []
    assert tied.tie_states() == {"hubspot": {"in_sync": 1}, "salesforce": {"in_sync": 1}}


def refuse(tied: TiedBridge, *fields: str) -> Rejected:
    refusal = Rejected("no", system="salesforce", cause="validation_rule", fields=fields)
    tied.salesforce.faults.reject["Status", "Sent"] = refusal
    return refusal


def test_a_refused_field_is_left_out_and_the_tie_is_made(tied: TiedBridge) -> None:
    """Its line is parked; tried again when somebody says so."""
    tied.relation = members(status_line())
    (left, right), (first, second) = tied.person(), tied.campaign()
    refuse(tied, "Status")
    tied.lists.tie(LISTS, left, first, status="Sent")
    tied.relate()
    writes = tied.salesforce.calls.writes
    tied.relate()
    assert tied.held()[1] == {(right, second): None}
    assert tied.salesforce.calls.writes == writes
    assert [row.parked.line for row in tied.ledger.parked_list()] == ["status"]
    tied.salesforce.faults.reject.clear()
    tied.relate(retry_parked=True)
    assert tied.held()[1] == {(right, second): "Sent"}
    assert tied.ledger.parked_list() == []


# Refusals and trouble ----------------------------------------------------------------------------


def test_a_refused_tie_is_parked_once_and_its_neighbours_are_made(tied: TiedBridge) -> None:
    """Not tried again until something is different, or somebody says so."""
    tied.relation = members(status_line())
    (left, right), (other, other_right), (first, second) = (
        tied.person(),
        tied.person(),
        tied.campaign(),
    )
    refuse(tied)
    tied.lists.tie(LISTS, left, first, status="Sent")
    tied.lists.tie(LISTS, other, first)
    report = tied.relate()
    assert report.totals["parked"] == 1
    writes = tied.salesforce.calls.writes
    tied.relate()
    assert tied.salesforce.calls.writes == writes
    assert tied.held()[1] == {(other_right, second): None}
    [row] = tied.ledger.parked_list()
    assert (row.parked.line, row.parked.record_id) == (None, f"{right}>{second}")
    told = why(tied.ledger, SALESFORCE, MEMBERS, f"{right}>{second}")
    assert (told["state"], told["partner"]) == ("parked", f"{left}>{first}")
    assert told["parked"][0]["cause"] == "validation_rule"
    tied.salesforce.faults.reject.clear()
    tied.relate(retry_parked=True)
    assert set(tied.held()[1]) == {(right, second), (other_right, second)}
    assert tied.ledger.parked_list() == []


def test_what_is_parked_of_a_tie_that_was_ended_is_forgotten(tied: TiedBridge) -> None:
    """Nobody has to look at it any more."""
    tied.relation = members(status_line())
    (left, _), (first, _) = tied.person(), tied.campaign()
    refuse(tied)
    tied.lists.tie(LISTS, left, first, status="Sent")
    tied.relate()
    tied.lists.untie(LISTS, left, first)
    tied.relate()
    assert tied.ledger.parked_list() == []


def test_a_lost_answer_of_a_make_is_seen_to_have_landed(tied: TiedBridge) -> None:
    """It is looked at again at once."""
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.salesforce.faults.lost_answers = 1
    assert tied.relate().totals["create"] == 1
    assert tied.held()[1] == {(right, second): None}
    assert tied.tie_states()["salesforce"] == {"in_sync": 1}


def test_a_tie_left_out_of_an_answer_is_seen_to_have_landed(tied: TiedBridge) -> None:
    """It is not parked."""
    (left, _), (first, _) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.salesforce.faults.drop = 1
    tied.relate()
    assert tied.ledger.parked_list() == []


def test_an_end_that_was_not_carried_out_is_not_taken_for_a_new_tie(tied: TiedBridge) -> None:
    """The system was busy in the middle; the tie is ended at the next look, and comes back nowhere."""
    left, _, first, _ = agreed(tied)
    tied.lists.untie(LISTS, left, first)
    reads = tied.salesforce.calls.reads

    def busy() -> None:
        raise TryLater("busy", system="salesforce")

    tied.members.before_write = busy
    with pytest.raises(TryLater):
        tied.relate()
    assert tied.salesforce.calls.reads > reads
    assert tied.tie_states()["salesforce"] == {"waiting": 1}
    tied.members.before_write = None
    tied.relate()
    assert tied.held() == ({}, {})


def test_an_end_that_landed_unheard_does_not_end_what_is_made_anew(tied: TiedBridge) -> None:
    """Killed between the write and the note; meanwhile somebody ties the two again."""
    left, right, first, second = agreed(tied)
    tied.lists.untie(LISTS, left, first)

    def killed() -> None:
        tied.members.untie(MEMBERS, right, second)
        raise KeyboardInterrupt

    tied.members.before_write = killed
    with pytest.raises(KeyboardInterrupt):
        tied.relate()
    tied.members.before_write = None
    tied.lists.tie(LISTS, left, first)
    tied.relate()
    assert tied.held() == ({(left, first): None}, {(right, second): None})


def test_a_paused_system_takes_no_ties(tied: TiedBridge) -> None:
    """They wait, and are made when it is resumed."""
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.ledger.pause([SALESFORCE], tied.time())
    tied.relate()
    assert tied.held()[1] == {}
    assert tied.tie_states()["hubspot"] == {"waiting": 1}
    tied.ledger.resume([SALESFORCE])
    tied.relate()
    assert tied.held()[1] == {(right, second): None}


def test_two_looks_never_run_at_once(tied: TiedBridge) -> None:
    """The second one is told who is at it; a whole compare leaves the ties to the first."""
    agreed(tied)
    with LedgerLock(tied.ledger, tied.time, name=LOCK), pytest.raises(LedgerBusy):
        tied.relate()
