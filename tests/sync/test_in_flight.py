"""A write that may still land holds up its own record, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from tests.sync.bridge import people, sqlite_url
from tests.sync.builders import line
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def hear(live: Live, contact: str) -> None:
    live.ring(HUBSPOT, "contacts", contact)
    live.round()


def back_while_a_write_is_late(live: Live) -> tuple[str, str]:
    """Ann's new title is on its way to her Lead, late, when she is deleted and restored in HubSpot."""
    live.hubspot.seed("contacts", {"email": "by@example.com"})
    ann = live.hubspot.seed("contacts", {"email": "ann@example.com", "title": "CTO"})
    live.resync()
    pair = live.ledger.pair_of("people", HUBSPOT, ann)
    assert pair is not None
    live.salesforce.faults.late = 1
    live.hubspot.edit("contacts", ann, {"title": "CEO"})
    hear(live, ann)
    live.hubspot.remove("contacts", ann)
    hear(live, ann)
    assert live.ledger.pair_of("people", HUBSPOT, ann) is None
    live.hubspot.restore("contacts", ann)
    return ann, pair.salesforce_id


def test_a_pair_that_is_bound_again_waits_for_what_is_on_its_way(live: Live) -> None:
    """It is bound when that has landed, and goes on from there."""
    ann, lead = back_while_a_write_is_late(live)
    live.resync()
    assert live.ledger.pair_of("people", HUBSPOT, ann) is None
    assert live.states()["hubspot"] == {"waiting": 1, "in_sync": 1}
    live.salesforce.land()
    live.time.forward(seconds=200)
    live.resync()
    live.settle()
    pair = live.ledger.pair_of("people", HUBSPOT, ann)
    assert pair is not None
    assert pair.baseline["title"].salesforce == "CEO"
    assert live.salesforce.records("Lead")[lead]["title"] == "CEO"
    assert live.states()["hubspot"] == {"in_sync": 2}


def test_whoever_is_bound_in_the_same_batch_is_brought_in_line(live: Live) -> None:
    """With key, fields and baseline."""
    back_while_a_write_is_late(live)
    bob = live.hubspot.seed("contacts", {"email": "bob@example.com", "title": "Boss"})
    lead = live.salesforce.seed("Lead", {"email": "bob@example.com"})
    live.resync()
    held = live.salesforce.records("Lead")[lead]
    assert (held["title"], held["HubSpot_Id__c"]) == ("Boss", bob)
    pair = live.ledger.pair_of("people", HUBSPOT, bob)
    assert pair is not None
    assert pair.baseline["title"].hubspot == "Boss"


def test_an_opt_out_on_its_way_tells_nothing_of_what_went_the_other_way(tmp_path: Path) -> None:
    """HubSpot folds the address that comes from Salesforce, which is told of an opt-out, and answers late:
    the folded address is what HubSpot made of it, and no edit.
    """
    live = Live(sqlite_url(tmp_path), normalise={HUBSPOT: {"email": str.lower}})  # type: ignore[dict-item]  # of a text
    live.mapping = people(line("email", both_changed="hubspot"), line("first"))
    ann = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    live.resync()
    pair = live.ledger.pair_of("people", HUBSPOT, ann)
    assert pair is not None
    live.salesforce.faults.late = 1
    live.salesforce.edit("Lead", pair.salesforce_id, {"email": "Ann@new.example"})
    live.hubspot.edit("contacts", ann, {"optout": True})
    hear(live, ann)
    live.salesforce.land()
    live.time.forward(seconds=200)
    live.resync()
    lead = live.salesforce.records("Lead")[pair.salesforce_id]
    assert (lead["email"], lead["OptOut"]) == ("Ann@new.example", True)
    assert live.hubspot.records("contacts")[ann]["email"] == "ann@new.example"
    assert live.planned() == []
