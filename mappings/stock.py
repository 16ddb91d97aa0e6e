"""What is known of standard fields without asking the live systems, for `--offline` and for tests."""

from __future__ import annotations

from connector.port import FieldKind, System

KINDS: dict[str, FieldKind] = {
    # HubSpot
    "email": "email",
    "hs_additional_emails": "set",
    "phone": "phone",
    "mobilephone": "phone",
    "hs_email_optout": "bool",
    "do_not_call": "bool",
    "website": "url",
    "annualrevenue": "number",
    "numberofemployees": "number",
    "hubspot_owner_id": "reference",
    "associations.company": "reference",
    "closedate": "datetime",
    # Salesforce
    "Email": "email",
    "Phone": "phone",
    "MobilePhone": "phone",
    "HasOptedOutOfEmail": "bool",
    "DoNotCall": "bool",
    "IsConverted": "bool",
    "Website": "url",
    "AnnualRevenue": "number",
    "NumberOfEmployees": "number",
    "OwnerId": "reference",
    "AccountId": "reference",
    "CloseDate": "date",
}

# Fields that Salesforce refuses to leave blank, by object.
REQUIRED: dict[str, frozenset[str]] = {
    "Lead": frozenset({"LastName", "Company"}),
    "Contact": frozenset({"LastName"}),
    "Account": frozenset({"Name"}),
}


def kind_of(field: str) -> FieldKind:
    """The kind of a standard field; everything else counts as text."""
    return KINDS.get(field, "text")


def is_required(system: System, object_name: str, field: str) -> bool:
    """Whether the standard object needs this field."""
    return system is System.SALESFORCE and field in REQUIRED.get(object_name, frozenset())
