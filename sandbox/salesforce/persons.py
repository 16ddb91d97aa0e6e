"""Person accounts: an Account that is a person, with a Contact in its shadow. Off until switched on.

Source: Object Reference, "Account" (IsPersonAccount, PersonContactId); the added fields are those of the
describe of an org that has them.
"""

from __future__ import annotations

from sandbox.salesforce.answers import Refused, Row, missing, not_writable
from sandbox.salesforce.records import composed_name
from sandbox.salesforce.schema import Field, object_schema
from sandbox.salesforce.state import Actor, State

_NAMES = ("FirstName", "LastName", "Salutation")
_SHARED = ("Phone", "Fax", "Description")


def switch_on(state: State) -> None:
    """Give Account the fields of people, and Contact the mark of a shadow."""
    accounts, contacts = state.tables["Account"], state.tables["Contact"]
    for one in object_schema("PersonAccount").fields.values():
        accounts.schema.add(one)
    mark = accounts.schema.fields["IsPersonAccount"]
    contacts.schema.add(
        Field(mark.name, mark.label, mark.type, nillable=False, createable=False, updateable=False)
    )
    accounts.reindex()
    types = state.tables["RecordType"].schema
    types.add(Field("IsPersonType", "Is Person Type", "boolean", nillable=False, createable=False,
                    updateable=False))  # fmt: skip
    state.schema_changed = state.now()


def derive(state: State, before: Row, values: Row) -> None:
    """An Account with a person's type, or with a last name, is a person. Raises `Refused`."""
    schema = state.tables["Account"].schema
    if "IsPersonAccount" not in schema.fields:
        return
    after = before | values
    kinds = {one.id: one for one in schema.record_types}
    kind = kinds.get(str(after.get("RecordTypeId")))
    person = kind is not None and kind.person
    if not before and values.get("LastName") and not person:
        kind = next((one for one in schema.record_types if one.person), None)
        person = kind is not None
        values["RecordTypeId"] = None if kind is None else kind.id
    if not person:
        foreign = [name for name in values if _is_of_people(name) and values[name] is not None]
        if foreign:
            raise Refused(not_writable(foreign))
        values["IsPersonAccount"] = None
        return
    if not after.get("LastName"):
        raise Refused(missing(["LastName"]))
    values |= {"IsPersonAccount": True, "Name": composed_name(after)}


def _is_of_people(name: str) -> bool:
    return name in _NAMES or name.startswith("Person") or name.endswith("__pc")


def follow(state: State, row: Row, actor: Actor, born: bool) -> None:
    """The Contact in the shadow of a person account says what the Account says."""
    if not row.get("IsPersonAccount"):
        return
    contacts = state.tables["Contact"]
    told = {
        name.removeprefix("Person"): value
        for name, value in row.items()
        if name in (*_NAMES, *_SHARED) or (name.startswith("Person") and name != "PersonContactId")
    }
    told = {name: value for name, value in told.items() if name in contacts.schema.fields}
    told |= {"Name": row["Name"], "AccountId": row["Id"], "OwnerId": row["OwnerId"]}
    told["IsPersonAccount"] = True
    shadow = contacts.live(str(row.get("PersonContactId")))
    if shadow is None:
        contact_id = contacts.new_id()
        contacts.add(told | {"Id": contact_id} | state.stamps(by=actor.user_id))
        state.tables["Account"].change(row, {"PersonContactId": contact_id})
    else:
        now = state.now()
        stamps = {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
        contacts.change(shadow, told | stamps)
