"""Mapping files written by tests, and live schemas made up for them."""

from __future__ import annotations

from pathlib import Path

from connector.port import FieldSchema, ObjectSchema, Option, System
from mappings.compile import Compiled, Schemas, compile_folder
from mappings.faults import MappingFault, MappingFaults
from mappings.transforms import Locale

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
HEAD = "version: 1\nname: people\nbetween: {hubspot: contacts, salesforce: [Contact, Lead]}\n"


def compile_text(folder: Path, text: str, schemas: Schemas | None = None) -> Compiled:
    """Compile one file."""
    (folder / "people.yaml").write_text(text, "utf-8")
    return compile_folder(folder, schemas, Locale())


def faults_of(
    folder: Path, text: str | bytes, schemas: Schemas | None = None
) -> tuple[MappingFault, ...]:
    """Everything that is wrong with a file."""
    path = folder / "people.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        compile_folder(folder, schemas, Locale())
    except MappingFaults as error:
        return error.faults
    return ()


def field(name: str, **facts: object) -> FieldSchema:
    """A text field unless told otherwise."""
    return FieldSchema(name=name, label=name, **{"kind": "text", **facts})  # type: ignore[arg-type]  # keywords


def options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, value) for value in values)


def live_schemas() -> dict[tuple[System, str], ObjectSchema]:
    """A small live world: a closed picklist, a short field, a read-only one, a required one."""
    hubspot = [
        field("email", kind="email"),
        field("firstname", length=65_536),
        field("lastname", length=65_536),
        field("company", length=65_536),
        field("hs_lead_status", kind="picklist", options=options("NEW", "OPEN"), closed=True),
        field("createdate", kind="datetime", createable=False, updateable=False),
        field("birthday", kind="date"),
        field("newsletter", kind="bool"),
        field("topics", kind="set", options=options("a", "b", "c"), closed=True),
        field("headcount", kind="number"),
        field("salesforce_id", unique=True),
    ]
    shared = [
        field("FirstName", length=40),
        field("LastName", length=80, required=True),
        field("Email", kind="email", length=80),
        field("Newsletter__c", kind="bool"),
        field("Birthday__c", kind="date"),
        field("Topics__c", kind="set"),
        field("Headcount__c", kind="number", scale=0),
        field("Status__c", kind="picklist", options=options("New", "Open"), closed=True),
        field("HubSpot_Id__c", unique=True),
    ]
    lead = [*shared, field("Company", length=255, required=True), field("IsConverted", kind="bool")]
    return {
        (system, name): ObjectSchema(system, name, {f.name: f for f in fields})
        for system, name, fields in (
            (HUBSPOT, "contacts", hubspot),
            (SALESFORCE, "Contact", shared),
            (SALESFORCE, "Lead", lead),
        )
    }
