"""A record in an approval process takes no writes: it waits, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from connector.errors import RecordLocked
from connector.port import Change, Outcome, System
from sync.status import records_in_state
from tests.sync.bridge import sqlite_url
from tests.sync.relatives import Family, kind

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
UpdateMany = Callable[[str, Sequence[Change]], list[Outcome]]


@pytest.fixture
def family(tmp_path: Path) -> Family:
    family = Family(sqlite_url(tmp_path))
    family.mappings = [kind("people")]
    return family


def lock(family: Family, monkeypatch: pytest.MonkeyPatch, record_id: str) -> None:
    """An approval of this record is under way."""
    usual: UpdateMany = type(family.salesforce).update_many.__get__(family.salesforce)
    locked = RecordLocked("ENTITY_IS_LOCKED", system="salesforce", after=600.0)

    def update_many(object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        return [
            locked if change.id == record_id else usual(object_name, [change])[0]
            for change in changes
        ]

    monkeypatch.setattr(family.salesforce, "update_many", update_many)


def two_people(family: Family) -> tuple[str, str]:
    ids = [family.hubspot.seed("contacts", {"code": code, "title": "CEO"}) for code in "ab"]
    family.resync()
    for record_id in ids:
        family.hubspot.edit("contacts", record_id, {"title": "CFO"})
    return ids[0], ids[1]


def test_a_locked_record_waits_and_the_others_go_on(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not parked, and it says why it waits."""
    first, second = two_people(family)
    lock(family, monkeypatch, family.id_of(SALESFORCE, "Contact", "a"))
    family.ring(HUBSPOT, "contacts", first, second)
    family.round()
    assert family.right("Contact", "b")["title"] == "CFO"
    assert family.right("Contact", "a")["title"] == "CEO"
    assert family.state("people", HUBSPOT, first) == ("waiting", "locked")
    assert family.state("people", HUBSPOT, second) == ("in_sync", None)
    assert family.ledger.parked_by_cause() == []
    shown = records_in_state(family.ledger, family.mappings, "waiting")
    assert {row["reason"] for row in shown} == {"locked"}


def test_a_locked_record_is_tried_again_by_itself(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Less and less often, until the approval is over."""
    first, _ = two_people(family)
    lock(family, monkeypatch, family.id_of(SALESFORCE, "Contact", "a"))
    family.ring(HUBSPOT, "contacts", first)
    family.settle()
    assert family.bells() == 1
    monkeypatch.undo()
    family.time.forward(minutes=10)
    family.settle(rounds=1)
    assert family.right("Contact", "a")["title"] == "CFO"
    assert family.bells() == 0
    assert family.counted("people") == {"in_sync"} or family.planned() == []


def test_a_change_of_a_locked_record_tries_it_at_once(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of an approval is such a change."""
    first, _ = two_people(family)
    there = family.id_of(SALESFORCE, "Contact", "a")
    lock(family, monkeypatch, there)
    family.ring(HUBSPOT, "contacts", first)
    family.settle()
    monkeypatch.undo()
    family.ring(SALESFORCE, "Contact", there)
    family.settle(rounds=1)
    assert family.right("Contact", "a")["title"] == "CFO"


def test_a_compare_tries_a_locked_record_and_leaves_it_waiting(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is burnt by it: the next one writes what this one could not."""
    first, _ = two_people(family)
    lock(family, monkeypatch, family.id_of(SALESFORCE, "Contact", "a"))
    report = family.resync()
    assert report.totals["waiting"] == 1
    assert family.state("people", HUBSPOT, first) == ("waiting", "locked")
    monkeypatch.undo()
    family.resync()
    assert family.right("Contact", "a")["title"] == "CFO"
    assert family.state("people", HUBSPOT, first) == ("in_sync", None)
