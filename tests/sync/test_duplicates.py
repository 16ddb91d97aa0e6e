"""Salesforce's duplicate rules refuse a create and name the record that is in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import Rejected
from connector.port import System
from tests.sync.bridge import sqlite_url
from tests.sync.relatives import Family, kind, unless

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def family(tmp_path: Path) -> Family:
    family = Family(sqlite_url(tmp_path))
    family.mappings = [replace(kind("people"), use_duplicates=True)]
    return family


def entered_twice(family: Family, **there: str) -> tuple[str, str]:
    """The same person under another code: only Salesforce's own rule sees that they are one."""
    here = family.hubspot.seed("contacts", {"code": "a", "title": "CEO"})
    match = family.salesforce.seed("Contact", {"code": "A-1", **there})
    family.mappings = [replace(one, create_in_hubspot=()) for one in family.mappings]
    family.salesforce.faults.reject["code", "a"] = Rejected(
        "DUPLICATES_DETECTED", system="salesforce", cause="duplicate", existing_id=match
    )
    return here, match


def parked(family: Family) -> list[tuple[str, bool]]:
    return [
        (row.parked.cause, "the other record is" in row.parked.advice)
        for row in family.ledger.parked_list()
    ]


def test_the_match_that_the_system_names_becomes_the_partner(family: Family) -> None:
    """As in any first pairing: blanks are filled, what differs is left and listed."""
    here, match = entered_twice(family)
    family.resync()
    assert family.salesforce.records("Contact")[match]["title"] == "CEO"
    assert len(family.salesforce.records("Contact")) == 1
    assert family.hubspot.records("contacts")[here]["salesforce_id"] == match
    assert family.ledger.parked_list() == []
    assert family.ledger.open_differences() == 1
    assert family.planned() == []


def test_the_match_is_used_when_the_record_rings_too(family: Family) -> None:
    """The road of every single change is the same."""
    family.resync()
    here, match = entered_twice(family)
    family.ring(HUBSPOT, "contacts", here)
    family.settle()
    assert family.hubspot.records("contacts")[here]["salesforce_id"] == match
    assert family.ledger.parked_list() == []


def test_without_being_told_so_nobody_is_adopted(family: Family) -> None:
    """The record is parked, and the advice names the other one."""
    family.mappings = [kind("people")]
    here, match = entered_twice(family)
    family.resync()
    assert parked(family) == [("duplicate_of", True)]
    assert match in family.ledger.parked_list()[0].parked.advice
    assert "salesforce_id" not in family.hubspot.records("contacts")[here]


def test_a_match_that_is_paired_already_is_not_taken_away(family: Family) -> None:
    """The record is parked beside it."""
    other = family.hubspot.seed("contacts", {"code": "A-1"})
    _, match = entered_twice(family)
    family.resync()
    assert family.hubspot.records("contacts")[other]["salesforce_id"] == match
    assert parked(family) == [("duplicate_of", True)]


def test_a_match_outside_the_mapping_is_left_alone(family: Family) -> None:
    """Deleted, filtered, or of an object that the mapping does not list."""
    family.mappings = [
        replace(one, only={SALESFORCE: unless("title", "out")}) for one in family.mappings
    ]
    entered_twice(family, title="out")
    family.resync()
    assert parked(family) == [("duplicate_of", True)]


def test_a_match_that_was_deleted_is_not_used(family: Family) -> None:
    """It may stand in an index still."""
    _, match = entered_twice(family)
    family.salesforce.remove("Contact", match)
    family.resync()
    assert parked(family) == [("duplicate_of", True)]
