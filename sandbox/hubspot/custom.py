"""Custom objects: kinds of records that the people of an account define (reference sheet, section 7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.answers import Refusal, iso, missing_field
from sandbox.hubspot.kinds import CUSTOM, Kind
from sandbox.hubspot.link_types import back
from sandbox.hubspot.properties import custom_schema
from sandbox.hubspot.records import Table
from sandbox.hubspot.state import State

FIRST_NUMBER = 21_000_001


def define(state: State, body: Mapping[str, Any]) -> dict[str, Any]:
    """A custom object from a request's body; its schema as reads tell it."""
    name = str(body.get("name") or "")
    if not name:
        raise missing_field("name")
    if name in state.schemas:
        raise Refusal(409, f"Object definition {name} already exists.", "CONFLICT")
    required = tuple(map(str, body.get("requiredProperties") or ()))
    kind = Kind(
        name,
        name,
        f"{CUSTOM}{FIRST_NUMBER + len(state.schemas)}",
        "hs_createdate",
        "hs_lastmodifieddate",
        (),
        required=required,
        searched=tuple(map(str, body.get("searchableProperties") or required)),
    )
    schema = custom_schema(body, state.now())
    table = state.add_kind(kind, schema, f"p{state.portal_id}_{name}")
    for other in body.get("associatedObjects") or ():
        state.links.known.connect(name, state.kinds.of(str(other)).name)
    state.schemas[name] = dict(body)
    return as_json(state, table)


def as_json(state: State, table: Table) -> dict[str, Any]:
    """The schema with properties and associations, each association once for each direction."""
    kind, body = table.kind, state.schemas.get(table.kind.name)
    if body is None:
        raise Refusal(404, f"Object definition {kind.name} does not exist", "OBJECT_NOT_FOUND")
    return {
        "id": kind.type_id.removeprefix(CUSTOM),
        "objectTypeId": kind.type_id,
        "fullyQualifiedName": f"p{state.portal_id}_{kind.name}",
        "name": kind.name,
        "labels": body.get("labels") or {"singular": kind.name, "plural": kind.name},
        "primaryDisplayProperty": body.get("primaryDisplayProperty"),
        "requiredProperties": list(kind.required),
        "searchableProperties": list(kind.searched),
        "properties": [rule.as_json() for rule in table.schema.properties.values()],
        "associations": _associations(state, kind),
        "archived": False,
        "createdAt": iso(0),
        "updatedAt": iso(0),
    }


def _associations(state: State, kind: Kind) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for pair in list(state.links.known.pairs(kind.name)):
        for near, far in (pair, back(pair)):
            one = state.links.known.plain((near, far))
            told.append(
                {
                    "id": str(one.type_id if one else 0),
                    "fromObjectTypeId": state.kinds.of(near).type_id,
                    "toObjectTypeId": state.kinds.of(far).type_id,
                    "name": f"{near}_to_{far}",
                    "createdAt": iso(0),
                    "updatedAt": iso(0),
                }
            )
    return told
