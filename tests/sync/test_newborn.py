"""What a newborn pair agrees on from the start: also the lines that travel the other way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from connector.port import System
from mappings.schema import Direction
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
