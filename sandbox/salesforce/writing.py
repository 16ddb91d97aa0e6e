"""Create, update, upsert, delete: one record at a time, judged as Salesforce judges.

Reference sheet, sections 2.1, 2.7 and 2.11. A refused record leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sandbox.salesforce import effects, garble, memberships, rules
from sandbox.salesforce.answers import (
    Problem,
    Refused,
    Row,
    bad_external_id,
    entity_is_deleted,
    in_approval,
    missing,
    no_column,
    no_such_record,
    not_writable,
    stamp,
)
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.records import NAMED_BY_PARTS, Table, composed_name
from sandbox.salesforce.schema import Field
from sandbox.salesforce.state import Actor, State, known_reference
from sandbox.salesforce.values import judge, wrong_id

Body = Mapping[str, Any]
_ACTIVITIES = ("Task", "Event")
# childRelationships with cascadeDelete in the describes of these objects.
CASCADES = {
    "Account": (
        ("Contact", "AccountId"),
        ("Opportunity", "AccountId"),
        *((name, "WhatId") for name in _ACTIVITIES),
    ),
    "Contact": (
        ("CampaignMember", "ContactId"),
        ("OpportunityContactRole", "ContactId"),
        *((name, "WhoId") for name in _ACTIVITIES),
    ),
    "Lead": (("CampaignMember", "LeadId"), *((name, "WhoId") for name in _ACTIVITIES)),
    "Opportunity": (
        ("OpportunityContactRole", "OpportunityId"),
        *((name, "WhatId") for name in _ACTIVITIES),
    ),
    "Campaign": (
        ("CampaignMember", "CampaignId"),
        ("CampaignMemberStatus", "CampaignId"),
        *((name, "WhatId") for name in _ACTIVITIES),
    ),
}
RIGHTS = frozenset({"FieldPermissions", "PermissionSetAssignment"})


class SeveralMatch(Exception):
    """An upsert key fits more than one record. `ids` are theirs; nothing was written."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} records match")
        self.ids = ids


def create(state: State, table: Table, body: Body, actor: Actor) -> str:
    """The id of the new record. Raises `Refused`."""
    values = _judge(state, table, None, body, actor)
    for one in table.schema.fields.values():
        if one.default is not None and one.type != "boolean" and one.createable:
            values.setdefault(one.name, one.default)
    if "OwnerId" in table.schema.fields and values.get("OwnerId") is None:
        values["OwnerId"] = actor.user_id
    effects.derive(state, table, {}, values, actor)
    lacking = [
        one.name for one in table.schema.fields.values() if one.required and _blank(values, one)
    ]
    if lacking:
        raise Refused(missing(lacking))
    record_id = table.new_id()
    _check_rules(state, table, record_id, values, values, actor)
    needed = {one.name: values[one.name] for one in table.schema.fields.values() if one.required}
    values = garble.weaken(actor.garble, values, needed)
    row: Row = {name: value for name, value in values.items() if value is not None}
    row |= {"Id": record_id} | state.stamps(by=actor.user_id, at=_stamp(state, actor))
    _name(table, row)
    table.add(row)
    _after(state, table, record_id, actor, born=True)
    return record_id


def update(state: State, table: Table, record_id: str, body: Body, actor: Actor) -> None:
    """Change one record. Raises `Refused`."""
    row = locate(table, record_id)
    values = _judge(state, table, row, body, actor)
    changed = frozenset(values)
    if row.get("IsConverted"):
        raise Refused(converted_lead())
    check_approval(state, row, actor)
    effects.derive(state, table, row, values, actor)
    lacking = [
        name
        for name, value in values.items()
        if value is None and not table.schema.fields[name].nillable and name in changed
    ]
    if lacking:
        raise Refused(missing(lacking))
    _check_rules(state, table, row["Id"], row | values, values, actor)
    values = garble.weaken(actor.garble, values, row)
    stored = _stamp(state, actor)
    values |= {
        "LastModifiedDate": stored,
        "LastModifiedById": actor.user_id,
        "SystemModstamp": stored,
    }
    if table.schema.name in NAMED_BY_PARTS:
        values["Name"] = composed_name(row | values)

    def commit() -> None:
        table.change(row, values)
        _after(state, table, row["Id"], actor)

    if actor.after:
        state.defer(actor.after, commit)
    else:
        commit()


def delete(state: State, table: Table, record_id: str, actor: Actor) -> None:
    """Into the recycle bin, Contacts with their Account. Raises `Refused`."""
    row = locate(table, record_id)
    garble.check_row(actor.row_fault, row["Id"])
    check_approval(state, row, actor)
    stored = _stamp(state, actor)

    def commit() -> None:
        _bury_all(state, table, row, actor, stored)

    if actor.after:
        state.defer(actor.after, commit)
    else:
        commit()


def _bury_all(state: State, table: Table, row: Row, actor: Actor, stored: str) -> None:
    """A record, and what is deleted along with it."""
    bury(state, table, row, actor, at=stored)
    for children, reference in cascades(state, table):
        for child in [one for one in children.all_live() if one.get(reference) == row["Id"]]:
            _bury_all(state, children, child, actor, stored)


def check_approval(state: State, row: Row, actor: Actor) -> None:
    """While an approval is under way only people (approvers) may touch the record. Raises `Refused`."""
    if row["Id"] in state.in_approval and not actor.person:
        raise Refused(in_approval())


def converted_lead() -> Problem:
    return Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def cascades(state: State, table: Table) -> Iterator[tuple[Table, str]]:
    """The objects whose records are deleted with those of this one, and by which reference."""
    for child, reference in CASCADES.get(table.schema.name, ()):
        yield state.tables[child], reference


def bury(
    state: State,
    table: Table,
    row: Row,
    actor: Actor,
    *,
    into: str | None = None,
    at: str | None = None,
) -> None:
    """Mark a record deleted; `into` is the survivor of a merge, `at` the stamp if it is not now."""
    now = at or _stamp(state, actor)
    marks = {"IsDeleted": True, "SystemModstamp": now, "LastModifiedDate": now}
    if into is not None:
        marks["MasterRecordId"] = into
    table.change(row, marks | {"LastModifiedById": actor.user_id})
    if table.schema.name == "CampaignMember":
        memberships.recount(state, row["CampaignId"])
    if table.schema.name in RIGHTS:
        state.refresh_rights()


def locate(table: Table, record_id: str) -> Row:
    """A live record. Raises `Refused`: unlike an unknown one, a deleted one is told so."""
    wanted = normal_id(record_id)
    if wanted is None:
        raise Refused(Problem("MALFORMED_ID", f"malformed id {record_id}", None))
    if wanted[:3] != table.schema.prefix:
        text = f"{table.schema.label} ID: id value of incorrect type: {record_id}"
        raise Refused(Problem("MALFORMED_ID", text, ("Id",)))
    row = table.rows.get(wanted)
    if row is None:
        raise Refused(no_such_record())
    if row.get("IsDeleted"):
        raise Refused(entity_is_deleted())
    return row


def key_field(table: Table, name: str, *, everything: bool) -> Field:
    """The field that serves as external id. 404 for one that does not or is hidden."""
    found = table.schema.find(name)
    if found is None or not (found.external_id or found.id_lookup or found.name == "Id"):
        raise bad_external_id(name)
    if not (found.readable or everything):
        raise bad_external_id(name)
    return found


def holders(table: Table, key: Field, value: str) -> list[str]:
    """The ids of the live records that have this external id."""
    if key.name == "Id":
        found = normal_id(value)
        return [found] if found is not None and table.live(found) is not None else []
    return list(table.holders(key, value))


def upsert(
    state: State,
    table: Table,
    key: tuple[Field, str],
    body: Body,
    actor: Actor,
    *,
    update_only: bool = False,
) -> tuple[str, bool]:
    """The id, and whether it was created. Raises `SeveralMatch` or `Refused`."""
    one, value = key
    found = holders(table, one, value)
    if one.name == "Id" and value and not found:
        found = [str(locate(table, value)["Id"])]  # says why it cannot be found
    if len(found) > 1:
        raise SeveralMatch(found)
    if found:
        update(state, table, found[0], body, actor)
        return found[0], False
    if update_only:
        raise Refused(no_such_record())
    full = dict(body) if one.name == "Id" else {**body, one.name: value}
    return create(state, table, full, actor), True


def _judge(state: State, table: Table, row: Row | None, body: Body, actor: Actor) -> Row:
    """The values of a body as they would be stored. Raises `Refused` with all that is wrong."""
    values: Row = {}
    refused: list[str] = []
    problems: list[Problem] = []
    for name, value in body.items():
        if name == "attributes":
            continue
        one = table.schema.find(name)
        if one is None:
            parent, parent_id = _by_key(state, table, name, value, actor)
            values[parent.name] = parent_id
        elif not _writable(one, row is None, actor):
            refused.append(one.name)
        else:
            try:
                values[one.name] = _checked(state, one, value, row)
            except Refused as refusal:
                problems += refusal.problems
    if refused:
        raise Refused(not_writable(refused))
    if problems:
        raise Refused(*problems)
    return values


def _writable(one: Field, creating: bool, actor: Actor) -> bool:
    allowed = one.createable if creating else one.updateable
    return allowed and (actor.person or (one.readable and one.editable))


def _checked(state: State, one: Field, value: Any, row: Row | None) -> Any:
    result = judge(one, value)
    if one.type != "reference" or result is None or (row and row.get(one.name) == result):
        return result
    if not state.takes(one, result):
        raise wrong_id(one, value)
    if not known_reference(state, result):
        raise Refused(Problem("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))
    if (state.find(result) or {}).get("IsConverted"):
        raise Refused(converted_lead())
    if one.name == "OwnerId":
        owner = state.tables["User"].live(result)
        if owner is not None and not owner.get("IsActive"):
            text = f"operation performed with inactive user [{result[:15]}] as owner"
            raise Refused(Problem("INACTIVE_OWNER_OR_USER", text, ("OwnerId",)))
    return result


def _by_key(
    state: State, table: Table, name: str, value: Any, actor: Actor
) -> tuple[Field, str | None]:
    """A parent named by its external id: ``"Account": {"HubSpot_Id__c": "77"}``."""
    reference = table.schema.relation(name)
    if reference is None or not (value is None or isinstance(value, Mapping)):
        raise Refused(no_column(name, table.schema.name))
    if not value:
        return reference, None
    key_name, key_value = next((k, v) for k, v in value.items() if k != "attributes")
    for target in reference.reference_to:
        parents = state.known(target)
        one = parents.schema.find(key_name) if parents is not None else None
        if parents is None or one is None:
            continue
        found = holders(
            parents, key_field(parents, one.name, everything=actor.person), str(key_value)
        )
        if found:
            return reference, found[0]
        text = f"Foreign key external ID: {key_value} not found for field {key_name} in entity {target}"
        raise Refused(Problem("INVALID_FIELD", text))
    raise Refused(no_column(key_name, name))


def _check_rules(
    state: State, table: Table, record_id: str, after: Row, changed: Row, actor: Actor
) -> None:
    """What stands between a well-formed record and its storage; may move the owner."""
    garble.check_row(actor.row_fault, record_id)
    rules.check_unique(table, record_id, changed)
    rules.check_validation(state, table, after)
    rules.check_duplicates(state, table, record_id, after, actor)
    assigned = rules.assignee(state, table, actor)
    if assigned is not None:
        changed["OwnerId"] = assigned


def _blank(values: Row, one: Field) -> bool:
    return values.get(one.name) is None


def _stamp(state: State, actor: Actor) -> str:
    """Now, or earlier for a transaction that took long to commit."""
    return stamp(state.clock() - timedelta(seconds=actor.late))


def _name(table: Table, row: Row) -> None:
    if table.schema.custom:
        row.setdefault("Name", row["Id"])
    if table.schema.name in NAMED_BY_PARTS:
        name = composed_name(row)
        if name is not None:
            row["Name"] = name


def _after(state: State, table: Table, record_id: str, actor: Actor, *, born: bool = False) -> None:
    effects.follow(state, table, table.rows[record_id], actor, born=born)
    if table.schema.name in RIGHTS:
        state.refresh_rights()
    state.tell(table.schema.name, record_id, actor.user_id)
