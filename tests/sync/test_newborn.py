"""What a newborn pair agrees on from the start: also the lines that travel the other way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import Draft, Outcome, System
from mappings.schema import Direction
from sync.resync import Terms
from tests.sync.bridge import sqlite_url
from tests.sync.builders import line
from tests.sync.relatives import Family, kind

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def test_the_first_edit_of_a_line_that_comes_back_travels(tmp_path: Path) -> None:
    """A contact becomes a Contact; its boss is told by Salesforce only, and is edited there."""
    family = Family(sqlite_url(tmp_path))
    back = replace(line("boss"), direction=Direction.TO_HUBSPOT)
    family.mappings = [kind("people", back)]
    person = family.hubspot.seed("contacts", {"code": "1", "boss": "Ann"})
    family.resync()
    there = family.id_of(SALESFORCE, "Contact", "1")
    family.salesforce.edit("Contact", there, {"boss": "Bo"})
    family.resync()
    assert family.hubspot.records("contacts")[person]["boss"] == "Bo"
    assert family.ledger.open_differences() == 0
    assert family.planned() == []


def filling(family: Family, name: str, value: str) -> None:
    """Salesforce puts this into every record that is born without it."""
    create = family.salesforce.create_many

    def create_many(object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        filled = [replace(d, values={name: value, **d.values}) for d in drafts]
        return create(object_name, filled)

    family.salesforce.create_many = create_many  # type: ignore[method-assign]  # as the vendor does


@pytest.mark.parametrize("by_bell", [False, True], ids=["compare", "bell"])
@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_HUBSPOT], ids=["both", "back"])
def test_what_a_system_fills_in_at_birth_arrives_in_the_same_run(
    tmp_path: Path, direction: Direction, by_bell: bool
) -> None:
    """A default, a formula: nobody has to look a second time."""
    family = Family(sqlite_url(tmp_path))
    family.mappings = [kind("people", replace(line("boss"), direction=direction))]
    filling(family, "boss", "Normal")
    person = family.hubspot.seed("contacts", {"code": "1"})
    if by_bell:
        family.ring(HUBSPOT, "contacts", person)
        family.round()
    else:
        family.resync()
    assert family.hubspot.records("contacts")[person]["boss"] == "Normal"
    assert family.planned() == []


def test_what_is_filled_in_and_goes_nowhere_costs_nothing(tmp_path: Path) -> None:
    """Both records are read once after they were written, and that is all."""
    reads = []
    for value in (None, "Normal"):
        family = Family(sqlite_url(tmp_path))
        family.mappings = [kind("people", replace(line("boss"), direction=Direction.TO_SALESFORCE))]
        if value:
            filling(family, "boss", value)
        family.hubspot.seed("contacts", {"code": "1", "boss": "Ann"})
        family.resync()
        reads.append((family.hubspot.calls.reads, family.salesforce.calls.reads))
        assert family.planned() == []
        family.ledger.close_all()
        (tmp_path / "ledger.db").unlink()
    assert reads[0] == reads[1]


def test_a_plan_that_is_applied_makes_its_own_changes_only(tmp_path: Path) -> None:
    """What was filled in is told by the next plan."""
    family = Family(sqlite_url(tmp_path))
    family.mappings = [kind("people", line("boss"))]
    filling(family, "boss", "Normal")
    person = family.hubspot.seed("contacts", {"code": "1"})
    report = family.compare.apply(family.compare.plan(), Terms())
    assert (report.skipped, report.totals.get("create")) == ([], 1)
    assert family.hubspot.records("contacts")[person].get("boss") is None
    assert [one["action"] for one in family.planned()] == ["update"]
