"""What an admin switches on or adds to an org: objects, record types, currencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from sandbox.salesforce import persons
from sandbox.salesforce.answers import Row
from sandbox.salesforce.schema import Field, ObjectSchema, RecordType, object_schema
from sandbox.salesforce.state import State

# The objects whose records carry a currency of their own.
MONEYED = ("Lead", "Contact", "Account", "Opportunity", "Campaign")
PERSON_TYPE = "PersonAccount"


def add_object(state: State, name: str, label: str | None = None) -> None:
    """A custom object with Name and Owner, to which activities may be related."""
    shown = label or name.removesuffix("__c").replace("_", " ")
    used = {table.schema.prefix for table in state.tables.values()}
    prefix = next(f"a{number:02d}" for number in count(1) if f"a{number:02d}" not in used)
    schema = ObjectSchema(name, shown, f"{shown}s", prefix, undeletable=True, custom=True)
    for one in object_schema("CustomObject").fields.values():
        schema.add(one)
    state.add_table(schema)
    for activity in ("Task", "Event"):
        what = state.tables[activity].schema.fields["WhatId"]
        what.reference_to = (*what.reference_to, name)


def add_record_type(
    state: State,
    object_name: str,
    name: str,
    label: str | None = None,
    *,
    available: bool = True,
    person: bool = False,
    picklists: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """A record type under its DeveloperName; the first of an object is its default. Answers its id."""
    schema, types = state.tables[object_name].schema, state.tables["RecordType"]
    if "RecordTypeId" not in schema.fields:
        schema.add(
            Field("RecordTypeId", "Record Type ID", "reference", length=18, defaulted=True,
                  reference_to=("RecordType",), relationship="RecordType", permissionable=False)
        )  # fmt: skip
    row: Row = {
        "Id": types.new_id(),
        "Name": label or name,
        "DeveloperName": name,
        "SobjectType": object_name,
        "IsActive": True,
    }
    if person:
        row["IsPersonType"] = True
    types.add(row | state.stamps())
    allowed = {field: tuple(values) for field, values in (picklists or {}).items()}
    schema.record_types.append(RecordType(row["Id"], name, row["Name"], available, person, allowed))
    state.schema_changed = state.now()
    return str(row["Id"])


def enable_person_accounts(state: State) -> str:
    """Accounts may be people from now on. Answers the id of their record type."""
    persons.switch_on(state)
    if not state.tables["Account"].schema.record_types:
        add_record_type(state, "Account", "Business_Account", "Business Account")
    return add_record_type(state, "Account", PERSON_TYPE, "Person Account", person=True)


def enable_currencies(state: State, corporate: str, others: Mapping[str, float]) -> None:
    """Records have a currency of their own, `corporate` unless told otherwise; `others` with rates."""
    rates = {corporate: 1.0, **others}
    table = state.add_table(object_schema("CurrencyType"))
    for code, rate in rates.items():
        state.decimals[code] = 0 if code == "JPY" else 2
        row: Row = {
            "Id": table.new_id(),
            "IsoCode": code,
            "ConversionRate": rate,
            "DecimalPlaces": state.decimals[code],
            "IsActive": True,
            "IsCorporate": code == corporate,
        }
        table.add(row | state.stamps())
    for name in MONEYED:
        state.tables[name].schema.add(
            Field("CurrencyIsoCode", "Currency ISO Code", "picklist", length=3, defaulted=True,
                  default=corporate, choices=tuple(rates), restricted=True, permissionable=False)
        )  # fmt: skip
    state.schema_changed = state.now()
