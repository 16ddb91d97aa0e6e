"""What a compiled line does with values: types, picklists, limits, references, blanks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.port import System
from mappings.compile import compile_folder
from mappings.schema import Context, Fault, Line, Pending, Skip
from mappings.transforms import Locale
from tests.mappings.builders import HUBSPOT, SALESFORCE, compiled, typed_world
from tests.mappings.folder import HEAD

SHIPPED = Path(__file__).parents[2] / "mappings"


class Partners:
    """Company 1 is linked to 001A."""

    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        return "001A" if (mapping, record_id) == ("companies", "1") else None


CONTEXT = Context(today=date(2026, 11, 24), refs=Partners())


def line(folder: Path, text: str, *, live: bool = True) -> Line:
    """The one line of a mapping, as it applies to Leads."""
    schemas = typed_world() if live else None
    return compiled(folder, HEAD + text, schemas).mappings[-1].objects["Lead"].lines[0]


@pytest.mark.parametrize(
    ("text", "to", "given", "stored"),
    [
        ("newsletter <-> Newsletter__c", SALESFORCE, "true", True),
        ("newsletter <-> Newsletter__c", SALESFORCE, None, False),
        ("newsletter <-> Newsletter__c", HUBSPOT, True, "true"),
        ("headcount <-> Headcount__c", SALESFORCE, "120", 120),
        ("headcount <-> Headcount__c", HUBSPOT, 120.0, "120"),
        ("birthday <-> Birthday__c", SALESFORCE, "2026-01-02", "2026-01-02"),
        ("birthday <-> Birthday__c", SALESFORCE, "1767312000000", "2026-01-02"),
        ("topics <-> Topics__c", HUBSPOT, "a;b", "a;b"),
        (
            "firstname <-> FirstName: {to_salesforce: [trim, {truncate: 3}]}",
            SALESFORCE,
            " Annabelle",
            "Ann",
        ),
        ("hs_lead_status <-> Status__c: {values: {NEW: New, OPEN: Open}}", HUBSPOT, "Open", "OPEN"),
        ("company -> Lead.Company: {if_empty_on_create: x}", SALESFORCE, None, None),
    ],
)
def test_a_value_is_carried_into_what_the_target_holds(
    tmp_path: Path, text: str, to: System, given: Any, stored: Any
) -> None:
    """HubSpot keeps text, Salesforce typed JSON."""
    made = line(tmp_path, f"fields:\n  - {text}\n")
    assert made.side(to).carry(given, CONTEXT) == stored


@pytest.mark.parametrize(
    ("text", "to", "given", "cause"),
    [
        ("firstname <-> FirstName", SALESFORCE, "x" * 41, "too_long"),
        ("headcount <-> Headcount__c", SALESFORCE, "many", "invalid_value"),
        ("topics <-> Topics__c", HUBSPOT, "a;z", "unknown_option"),
        (
            "hs_lead_status <-> Status__c: {values: {NEW: New, OPEN: Open}}",
            SALESFORCE,
            "OLD",
            "unknown_option",
        ),
    ],
)
def test_a_value_that_does_not_fit_parks_its_line(
    tmp_path: Path, text: str, to: System, given: Any, cause: str
) -> None:
    """With a cause and with advice."""
    found = line(tmp_path, f"fields:\n  - {text}\n").side(to).carry(given, CONTEXT)
    assert isinstance(found, Fault)
    assert found.cause == cause
    assert found.advice


def test_scalars_stay_text(tmp_path: Path) -> None:
    """`No`, `01` and `1e3` are what the admin wrote."""
    text = "fields:\n  - a <-> B: {values: {No: 01, yes: 1e3}}\n"
    made = line(tmp_path, text, live=False)
    assert made.salesforce.carry("No", CONTEXT) == "01"
    assert made.salesforce.carry("yes", CONTEXT) == "1e3"


def test_a_field_that_was_not_returned_is_not_blank(tmp_path: Path) -> None:
    """The line stands aside; nothing is blanked."""
    made = line(tmp_path, "fields:\n  - firstname <-> FirstName\n")
    assert isinstance(made.hubspot.read({}, CONTEXT), Skip)
    assert made.hubspot.read({"firstname": ""}, CONTEXT) is None


def test_a_placeholder_counts_as_blank(tmp_path: Path) -> None:
    """On the side that needs it, and only there."""
    made = line(tmp_path, "fields:\n  - lastname <-> LastName: {if_empty_on_create: (unknown)}\n")
    assert made.salesforce.normal("(unknown)") is None
    assert made.salesforce.placeholder == "(unknown)"
    assert made.hubspot.placeholder is None


def test_a_company_is_carried_to_its_partner(tmp_path: Path) -> None:
    """One that is not linked waits; an owner who is not is left as it is."""
    (tmp_path / "companies.yaml").write_text(
        "version: 1\nname: companies\nbetween: {hubspot: companies, salesforce: Account}\n", "utf-8"
    )
    text = "links:\n  - associations.company -> Lead.AccountId: {to: companies}\n"
    made = line(tmp_path, text, live=False)
    assert made.salesforce.carry("1", CONTEXT) == "001A"
    waiting = made.salesforce.carry("2", CONTEXT)
    assert isinstance(waiting, Skip)
    assert waiting.waiting
    owners = line(
        tmp_path,
        "links:\n  - hubspot_owner_id <-> OwnerId: {to: owners, otherwise: keep}\n",
        live=False,
    )
    kept = owners.salesforce.carry("2", CONTEXT)
    assert isinstance(kept, Skip)
    assert not kept.waiting


def test_several_fields_are_mapped_as_one(tmp_path: Path) -> None:
    """Joined by the picklist map, both ways."""
    text = "fields:\n  - a + b <-> Stage: {values: {x + y: Won}}\n"
    made = line(tmp_path, text, live=False)
    assert made.hubspot.read({"a": "x", "b": "y"}, CONTEXT) == ("x", "y")
    assert made.salesforce.carry(("x", "y"), CONTEXT) == "Won"
    assert made.hubspot.carry("Won", CONTEXT) == ("x", "y")


def test_the_hash_follows_the_meaning_and_not_the_remarks(tmp_path: Path) -> None:
    """A note changes nothing; a rule starts the line over."""
    plain = line(tmp_path, "fields:\n  - firstname <-> FirstName\n")
    noted = line(tmp_path, "fields:\n  - firstname <-> FirstName: {note: hello}\n")
    ruled = line(tmp_path, "fields:\n  - firstname <-> FirstName: {when_blank: keep}\n")
    assert plain.hash == noted.hash
    assert plain.hash != ruled.hash


def test_addresses_include_the_additional_ones() -> None:
    """HubSpot keeps several addresses on one contact."""
    made = compile_folder(SHIPPED, None, Locale()).mappings
    people = next(one for one in made if one.name == "people")
    found = people.address[HUBSPOT, "contacts"](
        {"email": "Ann@Example.com", "hs_additional_emails": "a2@example.com;"}
    )
    assert found == ("ann@example.com", "a2@example.com")
    assert people.match_ignore("info@example.com")
