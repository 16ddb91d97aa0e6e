"""Mapping files, live schemas and contexts for tests, all invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from textwrap import dedent, indent

from connector.port import FieldSchema, ObjectSchema, Option, System
from mappings.compile import Compiled, Locale, compile_folder
from mappings.faults import MappingFault, MappingFaults
from mappings.fieldbook import Schemas
from mappings.schema import Cell, Context, Line, Mapping, Pending
from tests.mappings.folder import HEAD

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
TOKYO = Locale("Asia/Tokyo", "JP")


@dataclass
class Partners:
    """References of a world in which `linked` says who belongs to whom."""

    linked: dict[tuple[str, str], str | Pending] = field(default_factory=dict)

    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        return self.linked.get((mapping, record_id))


CONTEXT = Context(today=date(2026, 11, 24), refs=Partners())


def file(body: str) -> str:
    """A mapping file of people with these further blocks."""
    return HEAD + dedent(body)


def lines(*written: str) -> str:
    """A mapping file of people with these field lines."""
    return HEAD + "fields:\n" + "".join(indent(f"- {line}\n", "  ") for line in written)


def write(folder: Path, text: str | bytes, name: str = "people") -> Path:
    """Put a file into a mappings folder."""
    path = folder / f"{name}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def compiled(
    folder: Path, text: str, schemas: Schemas | None = None, locale: Locale = TOKYO
) -> Compiled:
    """A folder with this one file, compiled."""
    write(folder, text)
    return compile_folder(folder, schemas, locale)


def mapping(folder: Path, text: str, schemas: Schemas | None = None) -> Mapping:
    """The one mapping of a folder with this one file."""
    return compiled(folder, text, schemas).mappings[0]


def line(
    folder: Path, written: str, schemas: Schemas | None = None, object_name: str = "Contact"
) -> Line:
    """One field line, compiled."""
    return mapping(folder, lines(written), schemas).objects[object_name].lines[0]


def faults_of(folder: Path, schemas: Schemas | None = None) -> tuple[MappingFault, ...]:
    """The faults of a folder; none where it compiles."""
    try:
        compile_folder(folder, schemas, TOKYO)
    except MappingFaults as found:
        return found.faults
    return ()


def there(line: Line, cell: Cell, context: Context = CONTEXT) -> object:
    """What a HubSpot cell becomes in Salesforce."""
    return line.salesforce.carry(cell, context)


def back(line: Line, cell: Cell, context: Context = CONTEXT) -> object:
    """What a Salesforce cell becomes in HubSpot."""
    return line.hubspot.carry(cell, context)


def options(*values: str) -> tuple[Option, ...]:
    """The choices of a picklist."""
    return tuple(Option(value, value) for value in values)


def schema(system: System, object_name: str, *fields: FieldSchema) -> ObjectSchema:
    """A live object with these fields, keys included."""
    key = "salesforce_id" if system is HUBSPOT else "HubSpot_Id__c"
    every = (*fields, FieldSchema(name=key, label=key, kind="text", unique=True))
    return ObjectSchema(system, object_name, {one.name: one for one in every})


def text(name: str, **more: object) -> FieldSchema:
    """A text field; `more` are further attributes of the schema."""
    return FieldSchema(**{"name": name, "label": name, "kind": "text", **more})  # type: ignore[arg-type]  # free words of tests


def live(
    *, hubspot: tuple[FieldSchema, ...] = (), salesforce: tuple[FieldSchema, ...] = ()
) -> Schemas:
    """Live schemas of contacts, Contact and Lead with a few standard fields and these more."""
    people = (
        text("LastName", length=80),
        text("Title", length=128),
        text("Email", kind="email", length=80),
    )
    own = (text("lastname"), text("jobtitle"), text("email", kind="email"))
    return {
        (HUBSPOT, "contacts"): schema(HUBSPOT, "contacts", *own, *hubspot),
        (SALESFORCE, "Contact"): schema(SALESFORCE, "Contact", *people, *salesforce),
        (SALESFORCE, "Lead"): schema(SALESFORCE, "Lead", *people, *salesforce),
    }


def typed_world() -> dict[tuple[System, str], ObjectSchema]:
    """A small live world: a closed picklist, a short field, a read-only one, a required one."""
    hubspot = [
        text("email", kind="email"),
        text("firstname", length=65_536),
        text("lastname", length=65_536),
        text("company", length=65_536),
        text("hs_lead_status", kind="picklist", options=options("NEW", "OPEN"), closed=True),
        text("createdate", kind="datetime", createable=False, updateable=False),
        text("birthday", kind="date"),
        text("newsletter", kind="bool"),
        text("topics", kind="set", options=options("a", "b", "c"), closed=True),
        text("headcount", kind="number"),
        text("salesforce_id", unique=True),
    ]
    shared = [
        text("FirstName", length=40),
        text("LastName", length=80, required=True),
        text("Email", kind="email", length=80),
        text("Newsletter__c", kind="bool"),
        text("Birthday__c", kind="date"),
        text("Topics__c", kind="set"),
        text("Headcount__c", kind="number", scale=0),
        text("Status__c", kind="picklist", options=options("New", "Open"), closed=True),
        text("HubSpot_Id__c", unique=True),
    ]
    lead = [*shared, text("Company", length=255, required=True), text("IsConverted", kind="bool")]
    return {
        (system, name): ObjectSchema(system, name, {f.name: f for f in fields})
        for system, name, fields in (
            (HUBSPOT, "contacts", hubspot),
            (SALESFORCE, "Contact", shared),
            (SALESFORCE, "Lead", lead),
        )
    }
