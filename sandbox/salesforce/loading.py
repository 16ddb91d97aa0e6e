"""Many records at once, taken as they are: for seeding and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.salesforce import effects
from sandbox.salesforce.answers import Row, stamp
from sandbox.salesforce.records import NAMED_BY_PARTS, Table, composed_name
from sandbox.salesforce.schema import NUMBER_TYPES
from sandbox.salesforce.state import Actor, State


def load(state: State, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Put them in without validation; blanks that every record has are filled. Answers the ids.

    What follows from other fields is filled in, too: the probability of a stage, the status of a member.
    """
    schema, user = table.schema, state.integration_user_id
    defaults: Row = {
        one.name: one.default
        for one in schema.fields.values()
        if one.default is not None and one.type != "boolean"
    }
    if "OwnerId" in schema.fields:
        defaults["OwnerId"] = user
    decimals = [one.name for one in schema.fields.values() if one.type in NUMBER_TYPES]
    derived, actor = effects.concern(table), Actor(user, person=True)
    named, now = schema.name in NAMED_BY_PARTS, state.now()
    ids = []
    for given in rows:
        row = _stored(given, defaults, decimals)
        created = _moment(given.get("@created"), now)
        modified = _moment(given.get("@modified"), created if "@created" in given else now)
        if derived:
            effects.derive(state, table, {}, row, actor)
            row = {name: value for name, value in row.items() if value is not None}
        if named:
            row["Name"] = composed_name(row)
        row["Id"] = record_id = table.new_id()
        row["CreatedDate"], row["CreatedById"] = created, user
        row["LastModifiedDate"] = row["SystemModstamp"] = modified
        row["LastModifiedById"] = user
        table.add(row)
        if derived:
            effects.follow(state, table, row, actor, born=True)
        ids.append(record_id)
    if schema.name in {"FieldPermissions", "PermissionSetAssignment"}:
        state.refresh_rights()
    return ids


def _stored(given: Mapping[str, Any], defaults: Row, decimals: Sequence[str]) -> Row:
    row = defaults | {
        name: value
        for name, value in given.items()
        if value not in (None, "") and not name.startswith("@")
    }
    for name in decimals:
        if name in row:
            row[name] = float(row[name])
    return row


def _moment(given: datetime | None, default: str) -> str:
    return default if given is None else stamp(given)


def whole(table: Table, row: Row) -> Row:
    """A copy of a record with its blank fields spelled out."""
    return {one.name: row.get(one.name, one.blank) for one in table.schema.fields.values()}
