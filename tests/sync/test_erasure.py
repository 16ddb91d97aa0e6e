"""Forgetting a person: on both sides, in every table, and for good, unless they let themselves in again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from connector.port import Notice, System
from mappings.schema import Limits, OwnName
from sync.alerts import Alerts
from sync.erasure import Eraser
from sync.poll import ring_for_waiting
from sync.reception import Reception
from sync.workbench import Workbench
from tests.sync.bridge import people, sqlite_url
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def somebody(live: Live, email: str = ANN, name: str = "Ann-Katrin") -> tuple[str, str]:
    """A person who is in line on both sides, with a journal, a conflict and a plan to their name."""
    left = live.hubspot.seed("contacts", {"email": email, "first": name, "title": "CTO"})
    live.resync()
    right = live.hubspot.records("contacts")[left]["salesforce_id"]
    assert isinstance(right, str)
    live.hubspot.edit("contacts", left, {"title": f"CEO of {name}"})
    live.salesforce.edit("Lead", right, {"title": f"CFO of {name}"})
    live.planned()
    live.resync()
    return left, right


def privacy_deletion(live: Live, record_id: str) -> None:
    """HubSpot erases a contact and says so at the door, twice over."""
    live.hubspot.erase_many("contacts", [record_id])
    reception = Reception(live.ledger, None, lambda: [live.mapping])
    notices = [Notice(HUBSPOT, "contacts", record_id, kind) for kind in ("deleted", "erased")]
    reception.remember(HUBSPOT, notices, None, live.time())


def texts(live: Live) -> str:
    """Everything that stands in the ledger's file, as text."""
    live.ledger.close_all()
    path = live.url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
    connection.close()
    return Path(path).read_bytes().decode("utf-8", "replace").casefold()


def test_a_privacy_deletion_reaches_the_other_system(live: Live) -> None:
    """And the bell is gone; the others stay."""
    left, right = somebody(live)
    _, other = somebody(live, BOB, "Bob")
    privacy_deletion(live, left)
    live.round()
    assert right not in live.salesforce.records("Lead")
    assert other in live.salesforce.records("Lead")
    assert right not in live.salesforce.in_the_bin("Lead")
    assert live.ledger.pending_erasures() == []
    assert live.bells() == 0


def test_nothing_of_the_person_is_left_in_the_ledger(live: Live) -> None:
    """No table, no column, no page of the file: address, name, values and ids."""
    left, right = somebody(live)
    somebody(live, BOB, "Bob")
    before = texts(live)
    privacy_deletion(live, left)
    live.round()
    after = texts(live)
    for trace in (ANN, "ann-katrin", f"ceo of {'ann-katrin'}", left, right.casefold()):
        assert trace in before
        assert trace not in after
    assert BOB in after


def test_counts_stay(live: Live) -> None:
    """The journal's rows, the runs and the tombstones are there, under pseudonyms."""
    left, _ = somebody(live)
    with live.ledger._look() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM journal").scalar()
    privacy_deletion(live, left)
    live.round()
    with live.ledger._look() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM journal").scalar() == rows
    live.resync()
    assert live.states() == {"hubspot": {"deleted": 1}, "salesforce": {"deleted": 1}}


def test_whoever_carries_the_address_there_is_erased_too(live: Live) -> None:
    """Twins, and the converted Lead beside its Contact."""
    left, right = somebody(live)
    twin = live.salesforce.seed("Lead", {"email": ANN.upper()})
    live.resync()
    privacy_deletion(live, left)
    live.round()
    assert not {right, twin} & live.salesforce.records("Lead").keys()


def test_a_converted_lead_goes_with_its_contact(live: Live) -> None:
    """It is frozen for writes, and has another address by now; so have the losers of merges."""
    left, right = somebody(live)
    contact = live.salesforce.convert(right, {"email": ANN, "HubSpot_Id__c": left})
    live.news(SALESFORCE, "Lead", right)
    live.salesforce.edit("Contact", contact, {"email": "ann@elsewhere.example"})
    live.news(SALESFORCE, "Contact", contact)
    privacy_deletion(live, left)
    live.settle()
    assert live.salesforce.records("Lead") == {}
    assert live.salesforce.records("Contact") == {}
    assert right.casefold() not in texts(live)


def test_a_shared_mailbox_is_nobodys_address(live: Live) -> None:
    """What the mapping ignores for matching ties no two people together."""
    left, right = somebody(live, "info@example.com")
    other = live.salesforce.seed("Lead", {"email": "info@example.com", "first": "Carla"})
    live.resync()
    privacy_deletion(live, left)
    live.round()
    assert right not in live.salesforce.records("Lead")
    assert other in live.salesforce.records("Lead")


def test_a_pair_that_the_deletion_ended_first_is_known_still(live: Live) -> None:
    """The two events come in no fixed order."""
    left, right = somebody(live)
    live.hubspot.remove("contacts", left)
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.ledger.pair_of("people", HUBSPOT, left) is None
    live.salesforce.edit("Lead", right, {"email": "ann@elsewhere.example"})
    privacy_deletion(live, left)
    live.round()
    assert right not in live.salesforce.records("Lead")


def test_a_plain_deletion_is_no_erasure(live: Live) -> None:
    """The partner stays, and may come back."""
    left, right = somebody(live)
    live.hubspot.remove("contacts", left)
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert right in live.salesforce.records("Lead")
    assert live.ledger.erasure_counts() == {"pending": 0, "done": 0}


def test_somebody_whom_we_never_knew_is_not_put_on_any_list(live: Live) -> None:
    """Nothing is written anywhere, and a record of that id is as good as any other later."""
    somebody(live)
    before = live.salesforce.calls.writes
    reception = Reception(live.ledger, None, lambda: [live.mapping])
    reception.remember(HUBSPOT, [Notice(HUBSPOT, "contacts", "999", "erased")], None, live.time())
    live.round()
    assert live.salesforce.calls.writes == before
    assert live.ledger.pending_erasures() == []
    with live.ledger._look() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM forgotten").scalar() == 0


# Afterwards -------------------------------------------------------------------------------------


def test_who_signs_up_again_stays_there_and_is_not_handed_on(live: Live) -> None:
    """Live and in a compare: `unpaired (erased)`, on whichever side it is."""
    left, _ = somebody(live)
    privacy_deletion(live, left)
    live.round()
    again = live.hubspot.seed("contacts", {"email": ANN})
    other = live.salesforce.seed("Lead", {"email": BOB})
    live.ring(HUBSPOT, "contacts", again)
    live.round()
    live.resync()
    assert live.salesforce.records("Lead").keys() == {other}
    live.ledger.refresh_states("people")
    seen = live.ledger.record("people", HUBSPOT, again)
    assert seen is not None
    assert (seen.state, seen.reason) == ("unpaired", "erased")


def test_a_copy_of_the_old_record_brings_nobody_back(live: Live) -> None:
    """A backup restored in Salesforce names the erased contact by its key; its address was changed."""
    left, _ = somebody(live)
    privacy_deletion(live, left)
    live.round()
    copy = live.salesforce.seed("Lead", {"email": "x@example.com", "HubSpot_Id__c": left})
    live.resync()
    assert live.hubspot.records("contacts") == {}
    seen = live.ledger.record("people", SALESFORCE, copy)
    assert seen is not None
    assert (seen.state, seen.reason) == ("unpaired", "erased")


def test_who_is_released_is_let_in_again(live: Live) -> None:
    """By address, once."""
    left, _ = somebody(live)
    privacy_deletion(live, left)
    live.round()
    live.hubspot.seed("contacts", {"email": ANN})
    live.resync()
    assert live.ledger.release(ANN)
    assert not live.ledger.release(ANN)
    live.resync()
    assert [one["email"] for one in live.salesforce.records("Lead").values()] == [ANN]


# When it does not work --------------------------------------------------------------------------


def test_a_system_that_is_away_is_asked_again_for_ever(live: Live) -> None:
    """Nothing is purged until every record is gone; the alarm speaks at the first failure."""
    left, right = somebody(live)
    privacy_deletion(live, left)
    live.salesforce.faults.busy = 1
    live.round()
    assert right in live.salesforce.records("Lead")
    assert live.ledger.failed_erasures() == 1
    assert live.ledger.record("people", HUBSPOT, left) is not None
    alerts = Alerts(ledger=live.ledger, senders=(), clock=live.time)
    assert alerts.ledger.erasure_counts()["later"] == 1
    live.time.forward(minutes=20)
    ring_for_waiting(live.bench)
    live.round()
    assert right not in live.salesforce.records("Lead")
    assert live.ledger.failed_erasures() == 0


def test_a_write_whose_end_nobody_knows_is_waited_for(live: Live) -> None:
    """It might bring them back. That passes by itself, so nobody is alarmed."""
    left = live.hubspot.seed("contacts", {"email": ANN})
    live.ring(HUBSPOT, "contacts", left)
    live.salesforce.faults.late = 1
    live.round()
    privacy_deletion(live, left)
    live.round()
    assert live.ledger.erasure_counts()["in_flight"] == 1
    assert live.ledger.failed_erasures() == 0
    live.salesforce.land()
    live.time.forward(minutes=3)
    ring_for_waiting(live.bench)
    live.round()
    assert live.salesforce.records("Lead") == {}
    assert live.ledger.pending_erasures() == []


class Beside(Live):
    """Somebody else has to forget them too, and cannot for these names."""

    trouble: ClassVar[set[str]] = set()

    @property
    def bench(self) -> Workbench:
        return replace(super().bench, erased=self._forget)

    def _forget(self, names: Sequence[OwnName]) -> None:
        if any(name.value in self.trouble for name in names):
            raise RuntimeError("something of ours is broken")


def test_an_erasure_that_cannot_end_stays_due_and_holds_nobody_up(tmp_path: Path) -> None:
    """Whatever goes wrong besides: the others are erased, edits travel, and it is tried again."""
    live = Beside(sqlite_url(tmp_path))
    (left, _), (other, right) = somebody(live), somebody(live, BOB, "Bob")
    third = live.hubspot.seed("contacts", {"email": "carla@example.com"})
    live.resync()
    live.trouble.add(left)
    privacy_deletion(live, left)
    privacy_deletion(live, other)
    live.hubspot.edit("contacts", third, {"first": "Carla"})
    live.ring(HUBSPOT, "contacts", third)
    live.round()
    assert right not in live.salesforce.records("Lead")
    assert [one.get("first") for one in live.salesforce.records("Lead").values()] == ["Carla"]
    assert live.ledger.erasure_counts() == {"pending": 0, "done": 1, "our_bug": 1}
    assert live.bells() == 1
    live.trouble.clear()
    live.settle()
    assert live.ledger.pending_erasures() == []
    assert left not in texts(live)
    assert live.bells() == 0


def test_too_many_at_once_stop_and_wait_for_a_person(tmp_path: Path) -> None:
    """The limit of deletes holds; a person allows more, and they go."""
    live = Live(sqlite_url(tmp_path), mapping=people(limits=Limits(deletes=1)))
    pairs = [somebody(live, f"p{n}@example.com", f"P{n}") for n in range(3)]
    for left, _ in pairs:
        privacy_deletion(live, left)
    live.round()
    assert live.ledger.erasure_counts()["guard"] == 2
    assert len(live.salesforce.records("Lead")) == 2
    live.ledger.allow_erasures(5)
    assert eraser(live).work_off() == []
    assert live.salesforce.records("Lead") == {}


def test_a_paused_system_and_a_mode_that_writes_nothing_hold_it(live: Live) -> None:
    """It waits, with the reason."""
    left, right = somebody(live)
    privacy_deletion(live, left)
    live.ledger.pause([SALESFORCE], live.time())
    live.round()
    assert live.ledger.erasure_counts()["paused"] == 1
    live.ledger.resume([SALESFORCE])
    assert eraser(live, observe=True).work_off() != []
    assert live.ledger.erasure_counts()["observe"] == 1
    assert right in live.salesforce.records("Lead")
    assert eraser(live).work_off() == []
    assert right not in live.salesforce.records("Lead")


def test_a_mapping_may_leave_the_other_side_to_a_person(tmp_path: Path) -> None:
    """Then the partner stays, parked; our own ledger forgets the one who was erased all the same."""
    mapping = replace(people(), when_erased_in={HUBSPOT: "park", SALESFORCE: "erase"})
    live = Live(sqlite_url(tmp_path), mapping=mapping)
    left, right = somebody(live)
    privacy_deletion(live, left)
    live.round()
    assert right in live.salesforce.records("Lead")
    assert live.ledger.pair_of("people", SALESFORCE, right) is None
    live.resync()
    assert live.hubspot.records("contacts") == {}
    [row] = live.ledger.parked_list()
    assert (row.parked.record_id, row.parked.cause) == (right, "partner_deleted")
    assert left not in texts(live)


def test_a_person_may_ask_for_it_here(live: Live) -> None:
    """The record itself goes too, and so does its partner."""
    left, right = somebody(live)
    live.ledger.ask_to_erase(SALESFORCE, "Lead", right, live.time(), own=True)
    assert eraser(live).work_off() == []
    assert live.salesforce.records("Lead") == {}
    assert live.hubspot.records("contacts") == {}
    assert left not in texts(live)


def eraser(live: Live, *, observe: bool = False) -> Eraser:
    connectors = {HUBSPOT: live.hubspot, SALESFORCE: live.salesforce}
    return Eraser(live.ledger, connectors, [live.mapping], live.time, observe=observe)
