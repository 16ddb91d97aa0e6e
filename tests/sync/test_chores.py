"""Chores: due by the ledger, done by one worker at a time, never forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from sync.chores import Stopped
from sync.ledger import LedgerError, LedgerLock
from sync.resync import Terms
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import (
    CHANGES,
    COMPARE,
    DELETIONS,
    HOUSE,
    SCHEMAS,
    UNTIL_NIGHT,
    Clocked,
    schemas,
)
from tests.sync.test_quarantine import refuse
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
# A process id that no process of this machine has.
NOBODY = 2**22 + 1


@pytest.fixture
def clocked(tmp_path: Path) -> Clocked:
    return Clocked(sqlite_url(tmp_path))


def settled(clocked: Clocked) -> tuple[str, str]:
    """Somebody in line, and every chore done just now."""
    left, right = paired(clocked, first="Ann")
    clocked.do_all()
    assert clocked.due() == []
    return left, right


# By the clock ------------------------------------------------------------------------------------


def test_a_first_start_compares_everything(clocked: Clocked) -> None:
    """Who was there before us is paired, and the next compare comes by the clock."""
    left = clocked.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    right = clocked.salesforce.seed("Lead", {"email": "ann@example.com"})
    assert clocked.due() == [CHANGES, DELETIONS, COMPARE, SCHEMAS, HOUSE]
    assert clocked.do(COMPARE) == [True]
    assert clocked.hubspot.records("contacts")[left]["salesforce_id"] == right
    assert clocked.salesforce.records("Lead")[right]["first"] == "Ann"
    assert clocked.do(COMPARE) == [False]
    clocked.wait(UNTIL_NIGHT)
    assert clocked.do(COMPARE) == [True]
    assert clocked.compared() == [("people",), ("people",)]


def test_what_was_missed_for_days_is_done_once(clocked: Clocked) -> None:
    """Nobody was at work over the weekend: one look at each, and the regular pace from then on."""
    settled(clocked)
    clocked.wait(timedelta(days=3))
    assert clocked.due() == [CHANGES, DELETIONS, COMPARE, SCHEMAS, HOUSE]
    clocked.do_all()
    assert clocked.due() == []
    clocked.wait(timedelta(seconds=61))
    assert clocked.due() == [CHANGES]


def test_a_poll_rings_for_an_edit_that_nobody_rang_for(clocked: Clocked) -> None:
    """Every doorbell was lost: the edit arrives all the same."""
    left, right = settled(clocked)
    clocked.hubspot.edit("contacts", left, {"first": "Anna"})
    clocked.wait(timedelta(minutes=1))
    clocked.do(CHANGES)
    clocked.round()
    assert clocked.salesforce.records("Lead")[right]["first"] == "Anna"


def test_a_poll_rings_for_a_deletion(clocked: Clocked) -> None:
    """The pair ends; nobody is created anew."""
    left, _ = settled(clocked)
    clocked.hubspot.remove("contacts", left)
    clocked.wait(timedelta(minutes=10))
    clocked.do(DELETIONS)
    clocked.round()
    assert clocked.states()["hubspot"] == {"deleted": 1}


def test_the_nightly_compare_tries_again_what_is_parked(clocked: Clocked) -> None:
    """Somebody mended Salesforce meanwhile and told nobody."""
    left, right = settled(clocked)
    refuse(clocked.salesforce, "title", "CFO")
    clocked.hubspot.edit("contacts", left, {"title": "CFO"})
    clocked.ring(HUBSPOT, "contacts", left)
    clocked.round()
    assert len(clocked.ledger.parked_list()) == 1
    clocked.salesforce.faults.reject.clear()
    clocked.wait(UNTIL_NIGHT)
    clocked.do(COMPARE)
    assert clocked.salesforce.records("Lead")[right]["title"] == "CFO"
    assert clocked.ledger.parked_list() == []


def test_old_receipts_are_thrown_away(clocked: Clocked) -> None:
    """After a month nobody asks where an event went; younger ones stay."""
    left, _ = settled(clocked)
    clocked.ring(HUBSPOT, "contacts", left)
    clocked.wait(timedelta(days=29))
    clocked.ring(HUBSPOT, "contacts", left, times=2)
    clocked.wait(timedelta(days=2))
    clocked.do(HOUSE)
    assert clocked.ledger.received() == {HUBSPOT: 2}


def test_a_name_that_is_no_chore_is_nobodys_business(clocked: Clocked) -> None:
    """A job of another version's queue is let go."""
    assert clocked.do("breakfast") == [False]


# Among many workers ------------------------------------------------------------------------------


def test_a_chore_is_done_by_one_worker_at_a_time(clocked: Clocked) -> None:
    """While one is at it, others neither see it as due nor begin it; afterwards it is not due."""
    other, seen = clocked.worker(), list[object]()

    def in_the_middle() -> str:
        seen.extend([other.do(SCHEMAS), SCHEMAS in {chore.name for chore in other.due()}])
        return schemas("as they are")

    clocked.schemas = in_the_middle
    assert clocked.do(SCHEMAS) == [True]
    assert seen == [False, False]
    assert other.do(SCHEMAS) is False


def test_a_worker_that_died_in_the_middle_leaves_its_chore_due(clocked: Clocked) -> None:
    """Nothing was noted; the next one takes it over at once."""
    settled(clocked)
    clocked.wait(timedelta(minutes=1))
    LedgerLock(clocked.ledger, clocked.time, name=f"chore:{CHANGES}", pid=NOBODY).__enter__()
    began = clocked.time.now
    assert clocked.do(CHANGES) == [True]
    done = clocked.chores.done(CHANGES)
    assert done is not None
    assert done.began > began


@pytest.mark.parametrize("end", [SystemExit(), Stopped("asked"), LedgerError("away")])
def test_a_chore_that_is_broken_off_stays_due(clocked: Clocked, end: BaseException) -> None:
    """A kill, a wish to end, a ledger that is gone: whoever comes next does it."""

    def broken_off() -> str:
        raise end

    clocked.schemas = broken_off
    with pytest.raises(type(end)):
        clocked.do(SCHEMAS)
    assert clocked.outcome(SCHEMAS) is None
    assert SCHEMAS in clocked.due()


def test_a_compare_that_was_asked_to_end_goes_on_where_it_stood(clocked: Clocked) -> None:
    """The same run is taken up, and what it had listed is not listed again."""
    for number in range(250):
        clocked.hubspot.seed("contacts", {"email": f"p{number}@example.com"})

    def asked_to_end() -> None:
        raise Stopped("asked")

    clocked.while_comparing = asked_to_end
    with pytest.raises(Stopped):
        clocked.do(COMPARE)
    clocked.while_comparing = lambda: None
    reads = clocked.hubspot.calls.reads
    assert clocked.do(COMPARE) == [True]
    assert len(clocked.compared()) == 1
    assert len(clocked.salesforce.records("Lead")) == 250
    # Of three pages the first one was on file.
    assert clocked.hubspot.calls.reads - reads < clocked.hubspot.calls.writes + 2 * 3 + 2


# What was edited ---------------------------------------------------------------------------------


def test_an_edited_mapping_is_compared_at_once_and_alone(clocked: Clocked) -> None:
    """Once: for exactly the one that changed, between two nights."""
    clocked.two_mappings()
    settled(clocked)
    clocked.edit_mapping("members")
    assert clocked.due() == [COMPARE]
    clocked.do(COMPARE)
    assert clocked.compared()[-1] == ("members",)
    assert clocked.due() == []


def test_an_edit_does_not_put_off_the_night(clocked: Clocked) -> None:
    """The compare of one mapping is not the one over everything."""
    clocked.two_mappings()
    settled(clocked)
    clocked.edit_mapping()
    clocked.do(COMPARE)
    clocked.wait(UNTIL_NIGHT)
    clocked.do(COMPARE)
    assert clocked.compared()[-2:] == [("people",), ("people", "members")]


def test_other_schemas_make_every_mapping_due(clocked: Clocked) -> None:
    """A picklist got a value, a field another length: what was parked for it may go now."""
    clocked.two_mappings()
    settled(clocked)
    clocked.schemas = lambda: schemas("changed")
    clocked.wait(timedelta(hours=1))
    clocked.do(CHANGES, DELETIONS, SCHEMAS, HOUSE)
    assert clocked.due() == [COMPARE]
    clocked.do(COMPARE)
    assert clocked.compared()[-1] == ("people", "members")
    assert clocked.due() == []


def test_other_schemas_of_other_objects_concern_nobody(clocked: Clocked) -> None:
    """A mapping that was added brings objects of its own, and the others stay as they are."""
    settled(clocked)
    known, more = schemas("as they were"), schemas("new", "hubspot:deals")
    clocked.schemas = lambda: known[:-1] + ", " + more[1:]
    clocked.wait(timedelta(hours=1))
    clocked.do(CHANGES, DELETIONS, SCHEMAS, HOUSE)
    assert clocked.due() == []


def test_a_mapping_that_is_switched_off_is_not_waited_for(clocked: Clocked) -> None:
    """It is compared when it is switched on."""
    settled(clocked)
    clocked.mappings = [replace(clocked.mapping, mode="off", hash="off")]
    assert clocked.due() == []


def test_a_mapping_that_went_is_forgotten(clocked: Clocked) -> None:
    """And a person's compare of all that is left counts as one of everything."""
    clocked.two_mappings()
    settled(clocked)
    clocked.mappings = [clocked.mapping]
    clocked.wait(UNTIL_NIGHT)
    clocked.do(HOUSE)
    clocked.resync()
    assert COMPARE not in clocked.due()


def test_deletions_that_cannot_be_told_for_sure_lead_to_a_compare(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes between, a person's run or a system that is away: the compare is not forgotten."""
    left, right = settled(clocked)
    clocked.hubspot.seed("contacts", {"email": "bob@example.com"})
    clocked.resync()
    clocked.salesforce.remove("Lead", right)
    real = clocked.salesforce.deleted_since
    monkeypatch.setattr(
        clocked.salesforce,
        "deleted_since",
        lambda name, cursor: real(name, cursor)._replace(ids=[], complete=False),
    )
    clocked.wait(timedelta(minutes=10))
    clocked.do(CHANGES, DELETIONS)
    monkeypatch.undo()
    assert clocked.due() == [COMPARE]
    with LedgerLock(clocked.ledger, clocked.time):
        clocked.do(COMPARE)
    clocked.wait(timedelta(minutes=10))
    clocked.do(DELETIONS, COMPARE)
    assert clocked.states()["salesforce"] == {"in_sync": 1, "deleted": 1}
    assert clocked.ledger.pair_of("people", HUBSPOT, left) is None


# People ------------------------------------------------------------------------------------------


def test_a_resync_of_everything_by_a_person_counts(clocked: Clocked) -> None:
    """The night was missed, somebody typed `resync`: nothing is left to catch up."""
    settled(clocked)
    clocked.wait(UNTIL_NIGHT)
    assert COMPARE in clocked.due()
    clocked.resync()
    assert COMPARE not in clocked.due()


def test_a_resync_of_one_mapping_by_a_person_is_not_everything(clocked: Clocked) -> None:
    """The others would wait for another day."""
    clocked.two_mappings()
    settled(clocked)
    clocked.wait(UNTIL_NIGHT)
    clocked.compare.resync(["people"], Terms())
    assert COMPARE in clocked.due()


def test_a_person_at_work_is_waited_for(clocked: Clocked) -> None:
    """A minute later the compare is due again, and not before."""
    settled(clocked)
    clocked.wait(UNTIL_NIGHT)
    with LedgerLock(clocked.ledger, clocked.time):
        clocked.do(COMPARE)
    assert clocked.outcome(COMPARE) == "busy"
    assert COMPARE not in clocked.due()
    clocked.wait(timedelta(minutes=1))
    assert COMPARE in clocked.due()


def test_what_a_person_did_meanwhile_is_not_done_again(clocked: Clocked) -> None:
    """The compare was put off; before its time everything was compared by hand."""
    settled(clocked)
    clocked.edit_mapping()
    with LedgerLock(clocked.ledger, clocked.time):
        clocked.do(COMPARE)
    clocked.resync()
    clocked.wait(timedelta(minutes=1))
    before = clocked.compared()
    clocked.do(COMPARE)
    assert clocked.compared() == before
