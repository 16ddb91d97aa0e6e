"""What rang is brought in line by itself: one fetch per side, pairs, births, deletions, opt-outs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from sync.ledger import Ring
from sync.rounds import Rounds
from tests.sync.bridge import sqlite_url
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def paired(live: Live, **values: str) -> tuple[str, str]:
    """Somebody who is in line on both sides."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com", **values})
    right = live.salesforce.seed("Lead", {"email": "ann@example.com", **values})
    live.resync()
    return left, right


def test_an_edit_that_rang_reaches_the_other_side(live: Live) -> None:
    """And the bell is gone; the second plan is empty."""
    left, right = paired(live, first="Ann")
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.salesforce.records("Lead")[right]["first"] == "Anna"
    assert live.bells() == 0
    assert live.planned() == []


def test_a_storm_about_one_record_costs_one_fetch_per_side(live: Live) -> None:
    """500 events, one look; and the echo of the write asks nobody but the side that it came from."""
    left, right = paired(live, first="Ann")
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    before = live.hubspot.calls.reads, live.salesforce.calls.reads
    for _ in range(5):
        live.ring(HUBSPOT, "contacts", left, times=100)
    live.round()
    # One fetch per side to decide; two to see what Salesforce stored, and over whose edit.
    assert live.hubspot.calls.reads - before[0] == 1
    assert live.salesforce.calls.reads - before[1] == 1 + 2
    before = live.hubspot.calls.reads, live.salesforce.calls.reads
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert live.hubspot.calls.reads - before[0] == 0
    assert live.salesforce.calls.reads - before[1] == 1
    assert live.ledger.received() == {HUBSPOT: 500, SALESFORCE: 1}


def test_a_change_during_the_look_rings_again(live: Live) -> None:
    """The number moved, so the bell stays."""
    left, right = paired(live, first="Ann")
    live.ring(HUBSPOT, "contacts", left)
    live.time.forward(seconds=1)
    bells = live.ledger.take_bells("worker", live.time(), limit=10)
    outcome = Rounds(live.bench, 1, "live").look(bells)
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    assert live.ledger.wipe(outcome.done, outcome.later, live.time()) == 1
    live.round()
    assert live.salesforce.records("Lead")[right]["first"] == "Anna"
    assert live.bells() == 0


def test_somebody_new_is_born_on_the_other_side_once(live: Live) -> None:
    """Doubled and late bells make no twin."""
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com", "first": "Bob"})
    live.ring(HUBSPOT, "contacts", new)
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    leads = {i: r for i, r in live.salesforce.records("Lead").items() if r.get("first") == "Bob"}
    assert len(leads) == 1
    born = next(iter(leads))
    assert live.hubspot.records("contacts")[new]["salesforce_id"] == born
    live.ring(SALESFORCE, "Lead", born)
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert len(live.salesforce.records("Lead")) == 2
    assert live.planned() == []
    assert live.states() == {"hubspot": {"in_sync": 2}, "salesforce": {"in_sync": 2}}


def test_the_same_person_entered_on_both_sides_at_once_is_paired(live: Live) -> None:
    """Both bells in one round."""
    paired(live)
    left = live.hubspot.seed("contacts", {"email": "bob@example.com", "first": "Bob"})
    right = live.salesforce.seed("Lead", {"email": "Bob@example.com", "title": "CFO"})
    live.ring(HUBSPOT, "contacts", left)
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert live.hubspot.records("contacts")[left]["salesforce_id"] == right
    assert live.hubspot.records("contacts")[left]["title"] == "CFO"
    assert live.planned() == []


def test_the_other_half_that_has_not_rung_yet_is_found_by_its_address(live: Live) -> None:
    """A Lead was entered a second ago, and its bell is still on its way: no twin is made."""
    paired(live)
    left = live.hubspot.seed("contacts", {"email": "bob@example.com", "first": "Bob"})
    right = live.salesforce.seed("Lead", {"email": "bob@example.com", "title": "CFO"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert len(live.salesforce.records("Lead")) == 2
    assert live.hubspot.records("contacts")[left]["salesforce_id"] == right


def test_a_deleted_record_ends_its_pair(live: Live) -> None:
    """Its partner stays, and is never a reason to create it anew."""
    left, right = paired(live)
    live.hubspot.remove("contacts", left)
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    live.round()
    assert live.states() == {"hubspot": {"deleted": 1}, "salesforce": {"unpaired": 1}}
    live.salesforce.edit("Lead", right, {"first": "Ann"})
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert live.hubspot.records("contacts") == {}


def test_a_bell_that_comes_before_its_record_is_looked_at_again(live: Live) -> None:
    """The webhook was faster than the API."""
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com"})
    live.hubspot.hide("contacts", new)
    live.ring(HUBSPOT, "contacts", new)
    assert [later.reason for later in live.round().later] == ["not_visible"]
    live.hubspot.restore("contacts", new)
    live.round()
    assert len(live.salesforce.records("Lead")) == 2


def test_a_bell_for_nobody_is_given_up_after_some_looks(live: Live) -> None:
    """An id that never becomes readable does not ring for ever."""
    paired(live)
    live.ring(HUBSPOT, "contacts", "999999")
    for _ in range(8):
        live.round()
        live.time.forward(minutes=11)
    assert live.bells() == 0


def test_an_object_that_no_mapping_lists_is_let_go(live: Live) -> None:
    """Tickets ring, and nobody maps them."""
    live.ring(HUBSPOT, "tickets", "1")
    live.round()
    assert live.bells() == 0


def test_an_opt_out_reaches_every_record_with_that_address(live: Live) -> None:
    """Twins of the address included, in the same round."""
    left, right = paired(live)
    twin = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.resync()
    live.hubspot.edit("contacts", left, {"optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.salesforce.records("Lead")[right]["OptOut"] is True
    assert live.salesforce.records("Lead")[twin]["OptOut"] is True


def test_a_pair_that_somebody_else_holds_is_left_for_later(live: Live) -> None:
    """Another worker is at it: the bell is rung again, and nothing is written meanwhile."""
    left, right = paired(live, first="Ann")
    pair = live.ledger.pair_of("people", HUBSPOT, left)
    assert pair is not None
    other = live.bench.holder
    assert other.hold_pairs([pair.id]) == {pair.id}
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    assert [later.reason for later in live.round().later] == ["busy"]
    assert live.salesforce.records("Lead")[right]["first"] == "Ann"
    other.let_go([pair.id])
    live.time.forward(seconds=5)
    live.round()
    assert live.salesforce.records("Lead")[right]["first"] == "Anna"


def test_a_write_whose_answer_was_lost_is_settled_soon_after_its_window(live: Live) -> None:
    """However often it was looked at while it might still land: never minutes after it."""
    left, right = paired(live, first="Ann")
    pair = live.ledger.pair_of("people", HUBSPOT, left)
    assert pair is not None
    live.salesforce.faults.late = 1
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    other = live.bench.holder
    other.hold_pairs([pair.id])
    for _ in range(5):
        live.round()
        live.time.forward(seconds=20)
    other.let_go([pair.id])
    waited = timedelta()
    while live.bells() and waited < timedelta(minutes=10):
        live.time.forward(seconds=4)
        waited += timedelta(seconds=5)
        live.round()
    assert live.salesforce.records("Lead")[right]["first"] == "Anna"
    assert waited <= live.bench.landing_window + timedelta(seconds=30)


def test_a_partner_that_vanished_without_a_word_is_found_out(live: Live) -> None:
    """The edit rings, the other record is deleted: the pair ends, and nobody is created anew."""
    left, right = paired(live, first="Ann")
    live.salesforce.remove("Lead", right)
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    for _ in range(3):
        live.round()
        live.time.forward(seconds=20)
    assert live.salesforce.records("Lead") == {}
    assert live.states()["salesforce"] == {"deleted": 1}
    assert live.bells() == 0


def test_a_parked_twin_is_paired_once_the_other_one_leaves(live: Live) -> None:
    """Two contacts shared an address; one of them changes it."""
    one = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    two = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    live.resync()
    assert live.states()["salesforce"] == {"parked": 2}
    live.salesforce.edit("Lead", two, {"email": "bob@example.com"})
    live.ring(SALESFORCE, "Lead", two)
    live.round()
    assert live.hubspot.records("contacts")[left]["salesforce_id"] == one
    assert live.states()["salesforce"] == {"in_sync": 2}


def test_events_that_keep_coming_are_waited_for_but_not_for_long(live: Live) -> None:
    """Quiet for 200 ms, or 800 ms after the first one."""
    left, _ = paired(live)
    start = live.time.now
    live.ledger.ring([Ring(HUBSPOT, "contacts", left)], start, door=HUBSPOT)
    for wait in (150, 300, 450, 600, 750):
        at = start + timedelta(milliseconds=wait)
        assert live.ledger.take_bells("worker", at, limit=10) == []
        live.ledger.ring([Ring(HUBSPOT, "contacts", left)], at, door=HUBSPOT)
    at = start + timedelta(milliseconds=800)
    assert [bell.number for bell in live.ledger.take_bells("worker", at, limit=10)] == [6]
