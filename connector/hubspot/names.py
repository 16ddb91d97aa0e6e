"""The names of HubSpot that the port sees otherwise, and the values of its records. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from connector.port import Value

SYSTEM: Final = "hubspot"
CONTACTS: Final = "contacts"
OWNERS: Final = "owners"
EMAIL: Final = "email"
MORE_EMAILS: Final = "hs_additional_emails"
OPT_OUT: Final = "hs_email_optout"
MERGED_IDS: Final = "hs_merged_object_ids"
COMPANY_LINK: Final = "associations.company"
STRING_LENGTH: Final = 65_536
"""Characters in a string property. Reference sheet, section 7.3."""

# The primary company of a contact is an association, and writable as a property: one batch write then
# carries both. Reference sheet, section 7.4.
_STORED_AS = {(CONTACTS, COMPANY_LINK): "associatedcompanyid"}


def stored_name(object_name: str, field: str) -> str:
    """The property behind a field of the port."""
    return _STORED_AS.get((object_name, field), field)


def field_name(object_name: str, stored: str, asked: frozenset[str]) -> str:
    """The field of the port that was `asked` for and stands for this property."""
    for (of, field), name in _STORED_AS.items():
        if of == object_name and name == stored and field in asked:
            return field
    return stored


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
