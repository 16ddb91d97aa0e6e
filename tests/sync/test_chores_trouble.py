"""Chores on bad days: systems that are busy or refuse us, guards, bugs, and a bridge that only watches."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector.errors import Rejected, SystemBlocked, TryLater
from connector.port import System
from mappings.schema import Limits
from sync.chores import how_it_went, schedule
from sync.ledger import LedgerLock
from tests.sync.bridge import people, sqlite_url
from tests.sync.clocked import (
    CHANGES,
    COMPARE,
    DELETIONS,
    HOUSE,
    SCHEMAS,
    TABLE,
    TOKYO,
    UNTIL_NIGHT,
    Clocked,
)
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
REVOKED = SystemBlocked(
    "the token was revoked", system="hubspot", cause="credentials", advice="make a new one"
)


@pytest.fixture
def clocked(tmp_path: Path) -> Clocked:
    return Clocked(sqlite_url(tmp_path))


def edited_on_both(clocked: Clocked) -> tuple[str, str]:
    """Two people in line; each was edited on another side, and a minute passed."""
    ann, _ = paired(clocked, first="Ann")
    clocked.do_all()
    bob = clocked.salesforce.seed("Lead", {"email": "bob@example.com", "first": "Bob"})
    clocked.resync()
    clocked.hubspot.edit("contacts", ann, {"first": "Anna"})
    clocked.salesforce.edit("Lead", bob, {"first": "Bobby"})
    clocked.wait(timedelta(minutes=1))
    return ann, bob


def rung(clocked: Clocked) -> set[str]:
    """The systems whose records somebody rang for."""
    bells = clocked.ledger.take_bells("test", clocked.time(), limit=100)
    clocked.ledger.free_bells(["test"])
    return {bell.system.value for bell in bells}


# Busy --------------------------------------------------------------------------------------------


def test_a_busy_system_is_asked_again_when_it_said(clocked: Clocked) -> None:
    """The other one was polled all the same; nothing of the busy one is skipped."""
    edited_on_both(clocked)
    clocked.hubspot.faults.busy = 1
    clocked.do(CHANGES)
    assert clocked.outcome(CHANGES) == "later"
    assert rung(clocked) == {"salesforce"}
    assert CHANGES not in clocked.due()
    clocked.wait(timedelta(seconds=1))
    clocked.do(CHANGES)
    assert rung(clocked) == {"hubspot", "salesforce"}


def test_the_servers_own_wish_is_heard(clocked: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said when to come again, and that is longer than our own pace."""
    edited_on_both(clocked)

    def busy(*_: object) -> object:
        raise TryLater("busy", system="hubspot", after=300.0)

    monkeypatch.setattr(clocked.hubspot, "changed_since", busy)
    clocked.do(CHANGES)
    clocked.wait(timedelta(seconds=290))
    assert CHANGES not in clocked.due()
    clocked.wait(timedelta(seconds=11))
    assert CHANGES in clocked.due()


# Blocked -----------------------------------------------------------------------------------------


def test_a_blocked_system_does_not_stop_the_poll_of_the_other(clocked: Clocked) -> None:
    """What changed there is rung for, and waits until both are back."""
    edited_on_both(clocked)
    clocked.hubspot.faults.blocked = REVOKED
    clocked.do(CHANGES)
    assert clocked.outcome(CHANGES) == "done"
    assert rung(clocked) == {"salesforce"}
    assert [(one.system, one.cause) for one in clocked.ledger.troubles()] == [
        (HUBSPOT, "credentials")
    ]


def test_a_blocked_system_is_left_alone_until_its_time_has_come(clocked: Clocked) -> None:
    """No call in between, however often somebody looks."""
    edited_on_both(clocked)
    clocked.hubspot.faults.blocked = REVOKED
    clocked.do(CHANGES)
    reads = clocked.hubspot.calls.reads
    clocked.wait(timedelta(seconds=20))
    clocked.do(DELETIONS, CHANGES)
    assert clocked.hubspot.calls.reads == reads


def test_a_system_that_is_back_is_noticed_although_nothing_rang(clocked: Clocked) -> None:
    """At a quiet time the poll itself asks: what was edited meanwhile arrives."""
    _, bob = edited_on_both(clocked)
    clocked.round()
    clocked.ledger.block(HUBSPOT, "credentials", "make a new one", clocked.time(), 30.0)
    clocked.hubspot.edit("contacts", _, {"title": "CFO"})
    clocked.wait(timedelta(minutes=1))
    clocked.do(CHANGES)
    assert clocked.ledger.troubles() == []
    clocked.round()
    titles = {record.get("title") for record in clocked.salesforce.records("Lead").values()}
    assert "CFO" in titles
    assert bob in clocked.salesforce.records("Lead")


def test_a_compare_that_meets_a_blocked_system_comes_again(clocked: Clocked) -> None:
    """Minutes later, and it goes on where its listing stood."""
    edited_on_both(clocked)
    clocked.edit_mapping()
    clocked.salesforce.faults.blocked = SystemBlocked(
        "no calls left", system="salesforce", cause="quota", advice="wait", until=3600.0
    )
    clocked.do(COMPARE)
    assert clocked.outcome(COMPARE) == "salesforce_quota"
    compared = clocked.compared()
    assert [one.system for one in clocked.ledger.troubles()] == [SALESFORCE]
    clocked.salesforce.faults.blocked = None
    clocked.wait(timedelta(minutes=5))
    clocked.do(COMPARE)
    assert clocked.outcome(COMPARE) == "done"
    assert clocked.compared() == compared
    assert clocked.planned() == []


# Guards ------------------------------------------------------------------------------------------


def test_a_guard_stops_the_night_and_people_have_to_look(clocked: Clocked) -> None:
    """Somebody emptied Salesforce: nothing is written, and it is not tried again by itself."""
    edited_on_both(clocked)
    for record_id in clocked.salesforce.records("Lead"):
        clocked.salesforce.remove("Lead", record_id)
    before = clocked.hubspot.records("contacts")
    clocked.wait(UNTIL_NIGHT)
    clocked.do(COMPARE)
    assert clocked.outcome(COMPARE) == "guard"
    assert clocked.hubspot.records("contacts") == before
    assert COMPARE not in clocked.due()
    clocked.wait(timedelta(days=1))
    assert COMPARE in clocked.due()


def test_an_edited_mapping_that_a_guard_stopped_is_not_compared_again(clocked: Clocked) -> None:
    """Once, for this wording: the next edit is another matter."""
    clocked.mappings = [people(limits=Limits(blanked=0))]
    edited_on_both(clocked)
    for record_id in clocked.salesforce.records("Lead"):
        clocked.salesforce.remove("Lead", record_id)
    clocked.edit_mapping()
    clocked.do(COMPARE)
    assert clocked.outcome(COMPARE) == "guard"
    assert COMPARE not in clocked.due()
    clocked.edit_mapping()
    assert COMPARE in clocked.due()


# Refused, and our bugs ---------------------------------------------------------------------------


def test_one_object_that_is_gone_does_not_stop_the_others(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody deleted a field: its own poll is refused, everything else is followed at its pace."""
    edited_on_both(clocked)

    def refused(*_: object) -> object:
        raise Rejected("no such field", system="hubspot", cause="no_such_field")

    monkeypatch.setattr(clocked.hubspot, "changed_since", refused)
    clocked.do(CHANGES)
    assert clocked.outcome(CHANGES) == "done"
    assert rung(clocked) == {"salesforce"}
    monkeypatch.undo()
    clocked.wait(timedelta(minutes=1))
    clocked.do(CHANGES)
    assert rung(clocked) == {"hubspot", "salesforce"}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ZeroDivisionError("Ann's secret"), "our_bug"),
        (Rejected("no such object", system="hubspot"), "refused"),
    ],
)
def test_what_cannot_succeed_is_not_tried_without_a_pause(
    clocked: Clocked, error: Exception, outcome: str
) -> None:
    """Minutes later again, however often somebody is reminded; its message stays out of the ledger."""

    def broken() -> str:
        raise error

    clocked.schemas = broken
    with capture_logs():
        assert clocked.do(SCHEMAS, SCHEMAS) == [True, False]
    assert clocked.outcome(SCHEMAS) == outcome
    assert "Ann" not in str(clocked.ledger.facts("chore:"))
    clocked.wait(timedelta(minutes=5))
    assert SCHEMAS in clocked.due()


# Only watching -----------------------------------------------------------------------------------


def test_a_bridge_that_only_watches_writes_nothing(clocked: Clocked) -> None:
    """Everything is done by the clock, and both systems hold what people left there."""
    clocked.observe = True
    clocked.station = clocked.new_station()
    clocked.chores = clocked.worker()
    left = clocked.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    clocked.salesforce.seed("Lead", {"email": "ann@example.com"})
    clocked.do_all()
    clocked.hubspot.edit("contacts", left, {"first": "Anna"})
    clocked.wait(UNTIL_NIGHT)
    clocked.do_all()
    assert clocked.station.step()
    assert clocked.hubspot.calls.writes == clocked.salesforce.calls.writes == 0
    assert [list(one) for one in clocked.salesforce.records("Lead").values()] == [["email"]]


# What `status` shows -----------------------------------------------------------------------------


def test_the_schedule_tells_when_what_was_done_and_is_due(clocked: Clocked) -> None:
    """In business time, a person's compare counted, and whether somebody is at it."""
    edited_on_both(clocked)
    clocked.hubspot.faults.busy = 1
    clocked.do(CHANGES)
    now = clocked.time()
    with LedgerLock(clocked.ledger, clocked.time, name=f"chore:{HOUSE}"):
        rows = {row["chore"]: row for row in schedule(clocked.ledger, TABLE, TOKYO, now)}
    assert list(rows) == [CHANGES, DELETIONS, COMPARE, SCHEMAS, HOUSE]
    assert rows[CHANGES]["outcome"] == "later"
    assert rows[COMPARE]["next"] == "2026-11-25T02:00:00+09:00"
    assert rows[COMPARE]["outcome"] == "done"
    assert [name for name, row in rows.items() if row["at_it"]] == [HOUSE]


def test_what_was_never_done_is_shown_as_due_now(clocked: Clocked) -> None:
    """A ledger that was made just now."""
    now = clocked.time()
    [row, *_] = schedule(clocked.ledger, TABLE, TOKYO, now)
    assert row["last"] is None
    assert row["next"] == now.astimezone(TOKYO).isoformat(timespec="seconds")
    assert how_it_went(clocked.ledger, CHANGES) is None
