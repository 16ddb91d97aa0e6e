"""The names of HubSpot that the port sees otherwise, and the values of its records. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from connector.port import Value

SYSTEM: Final = "hubspot"
CONTACTS: Final = "contacts"
COMPANIES: Final = "companies"
LEADS: Final = "leads"
OWNERS: Final = "owners"
LISTS: Final = "lists"
OCCURRENCES: Final = "occurrences"
EMAIL: Final = "email"
MORE_EMAILS: Final = "hs_additional_emails"
OPT_OUT: Final = "hs_email_optout"
MERGED_IDS: Final = "hs_merged_object_ids"
LINKS: Final = "associations."
COMPANY_LINK: Final = "associations.company"
STRING_LENGTH: Final = 65_536
"""Characters in a string property. Reference sheet, section 7.3."""

# The primary company of a contact is an association, and writable as a property: one batch write then
# carries both. Reference sheet, section 7.4.
_STORED_AS = {(CONTACTS, COMPANY_LINK): "associatedcompanyid"}

SINGULARS: Final = {
    CONTACTS: "contact",
    COMPANIES: "company",
    "deals": "deal",
    "tickets": "ticket",
    LEADS: "lead",
    "tasks": "task",
    "notes": "note",
    "meetings": "meeting",
    "calls": "call",
    "emails": "email",
}
"""Plural names of HubSpot's own objects, as paths take them -> the word of an association."""
_PLURALS = {singular: plural for plural, singular in SINGULARS.items()}


def stored_name(object_name: str, field: str) -> str:
    """The property behind a field of the port."""
    return _STORED_AS.get((object_name, field), field)


def field_name(object_name: str, stored: str, asked: frozenset[str]) -> str:
    """The field of the port that was `asked` for and stands for this property."""
    for (of, field), name in _STORED_AS.items():
        if of == object_name and name == stored and field in asked:
            return field
    return stored


def link_field(object_name: str) -> str:
    """The field under which records of this object are associated: ``deals`` is ``associations.deal``."""
    return LINKS + SINGULARS.get(object_name, object_name)


def link_target(object_name: str, field: str) -> str | None:
    """The object that a field associates with: ``deals`` for ``associations.deal``.

    None for a field that is a property to HubSpot, as the company of a contact is. Objects that are
    not HubSpot's own (``2-123``, or a schema's name) go by their own name.
    """
    if not field.startswith(LINKS) or (object_name, field) in _STORED_AS:
        return None
    word = field.removeprefix(LINKS)
    return _PLURALS.get(word, word)


def link_fields(object_name: str, fields: Iterable[str]) -> dict[str, str]:
    """Those of the fields that are associations -> the object at their other end."""
    targets = {field: link_target(object_name, field) for field in fields}
    return {field: other for field, other in targets.items() if other is not None}


def modified_property(object_name: str) -> str:
    """Contacts are sorted and filtered by a property of their own. Reference sheet, section 7.6."""
    return "lastmodifieddate" if object_name == CONTACTS else "hs_lastmodifieddate"


def to_wire(value: Value) -> str:
    """A value as HubSpot takes it: blank is ``""``, since null means "leave it" (section 7.3)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # never 1e+16
    return str(value)


def from_wire(value: Value) -> Value:
    """Cleared values read back as ``""`` or null: both are blank (section 7.3)."""
    return None if value == "" else value
