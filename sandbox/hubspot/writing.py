"""Create and update: one record at a time, judged as HubSpot judges.

Reference sheet, sections 6.2 to 6.5 and 7.3 to 7.5. A refused write leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot import effects, linking, values
from sandbox.hubspot.answers import (
    Problem,
    Refusal,
    bad_json,
    invalid_request,
    invalid_values,
    missing_field,
    not_found,
)
from sandbox.hubspot.properties import Definition
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import Actor, State

Properties = Mapping[str, Any]


@dataclass(slots=True)
class Judged:
    """One input after judgement: what to store, what to echo, what is wrong."""

    values: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def properties_of(body: Any) -> Properties:
    """The `properties` of an input. 400 where they are missing or no object."""
    if not isinstance(body, Mapping):
        raise bad_json("Cannot deserialize value")
    held = body.get("properties")
    if held is None:
        raise missing_field("properties")
    if not isinstance(held, Mapping):
        raise bad_json("Cannot deserialize value of type `java.util.LinkedHashMap`", 17)
    return held


def judge(
    state: State, table: Table, record: Record | None, properties: Properties, actor: Actor
) -> Judged:
    """Look at every value; null is no value at all."""
    judged = Judged()
    for name, value in properties.items():
        if value is None:
            continue
        rule = table.schema.properties.get(name)
        if rule is None:
            text = f'Property "{name}" does not exist'
            judged.problems.append(Problem(name, "PROPERTY_DOESNT_EXIST", text))
            continue
        before = record.values.get(name) if record else None
        result = values.judge(rule, value, before)
        if isinstance(result, str) and name == "lifecyclestage" and not actor.person:
            result = _forward_only(state, rule, result, before)
        if name == "email" and result in state.blocked:
            # No document words this refusal: an address that was erased before it was ever known.
            result = Problem(name, "INVALID_EMAIL", f"Email address {result} is invalid")
        if isinstance(result, Problem):
            judged.problems.append(result)
        else:
            judged.values[name] = result
    return judged


def _forward_only(state: State, rule: Definition, wanted: str, before: str | None) -> str | Problem:
    """Lifecycle stages only move forward: silently ignored, or refused if the org is set so."""
    order = [choice.value for choice in rule.choices]
    if not wanted or before not in order or order.index(wanted) >= order.index(before):
        return wanted
    if state.lifecycle_backwards == "silent":
        return before
    text = f"Lifecycle stage cannot move backwards from {before} to {wanted}"
    return Problem(rule.name, "INVALID_LIFECYCLE_STAGE", text)


def check_company(state: State, wanted: Mapping[str, str]) -> None:
    """`associatedcompanyid` must name a live company."""
    company = wanted.get("associatedcompanyid")
    if company and state.tables["companies"].find(company) is None:
        raise linking.bad_target("COMPANY", company)


def conflict(
    state: State, table: Table, number: int | None, wanted: Mapping[str, str]
) -> Refusal | None:
    """Who else holds one of these unique values: 409 for a primary e-mail, 400 for all others."""
    for name, value in wanted.items():
        if not value or not table.schema.properties[name].unique:
            continue
        owner = table.owner_of(name, value)
        if owner is not None and owner != number:
            if name == "email":
                return already_exists(owner)
            return taken(state, table, name, value, number, owner)
        if name == "email":
            owner = table.owner_of("hs_additional_emails", value)
            if owner is not None and owner != number:
                return taken(state, table, name, value, number, owner)
    return None


def already_exists(owner: int) -> Refusal:
    return Refusal(409, f"Contact already exists. Existing ID: {owner}", "CONFLICT")


def taken(
    state: State, table: Table, name: str, value: str, number: int | None, owner: int
) -> Refusal:
    """The second form of a conflict: two ids in the text (section 6.4)."""
    where = (
        f"PropertyValueCoordinates{{portalId={state.portal_id}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType={table.kind.upper}}}, "
        f"propertyName={name}, value={value}}}"
    )
    mine = state.next_id(table.kind.name) if number is None else number
    return invalid_request(f"Cannot set {where} on {mine}. {owner} already has that value.")


def check_required(table: Table, wanted: Mapping[str, str]) -> None:
    """Each of the kind's required properties must be given on create, or one where one is enough."""
    required = table.kind.required
    missing = [name for name in required if not wanted.get(name)]
    if missing and (not table.kind.any_required or missing == list(required)):
        text = f"Error creating {table.kind.upper}. Some required properties were not set."
        raise invalid_request(text, context={"properties": missing})


def create(state: State, table: Table, body: Any, actor: Actor) -> Record:
    """Create one record, or refuse with everything that is wrong."""
    judged = judge(state, table, None, properties_of(body), actor)
    if judged.problems:
        raise invalid_values(judged.problems, state.portal_id)
    check_required(table, judged.values)
    check_company(state, judged.values)
    refusal = conflict(state, table, None, judged.values)
    if refusal is not None:
        raise refusal
    return bring_to_life(state, table, judged.values, body, actor)


def bring_to_life(
    state: State, table: Table, wanted: Mapping[str, str], body: Mapping[str, Any], actor: Actor
) -> Record:
    """Store a judged input as a new record and associate it."""
    links = linking.inline_links(state, table, body.get("associations"))
    record = effects.born(state, table, effects.garbled(wanted, actor.garble), actor)
    # The marks that keep a lead alive come first.
    known = state.links.known
    for pair, other, one in sorted(links, key=lambda link: link[2] != known.primary(link[0])):
        linking.link(state, pair, record.id, other, [one], actor)
    return record


def update(
    state: State, table: Table, record: Record, properties: Properties, actor: Actor
) -> dict[str, str]:
    """Change one record; answers the partial property set that HubSpot answers."""
    if not properties:
        raise invalid_request("No properties found to update, please provide at least one.")
    judged = judge(state, table, record, properties, actor)
    if judged.problems:
        raise invalid_values(judged.problems, state.portal_id)
    check_company(state, judged.values)
    refusal = conflict(state, table, record.id, judged.values)
    if refusal is not None:
        raise refusal
    return change(state, table, record, judged.values, actor)


def change(
    state: State, table: Table, record: Record, wanted: Mapping[str, str], actor: Actor
) -> dict[str, str]:
    """Store judged values; the answer holds what was sent, what followed, id and times.

    A write that a fault ignores is answered as if it had been stored.
    """
    changed = effects.put(state, table, record, wanted, actor)
    names = {*wanted, *changed, *table.kind.system}
    told = {name: record.values.get(name, "") for name in names}
    if actor.garble is not None and actor.garble.kind == "ignore_write":
        told.update(wanted)
    return dict(sorted(told.items()))


def locate(
    table: Table, record_id: str, id_property: str | None, *, archived: bool = False
) -> Record:
    """The record that a path or an input names. 404 in the vendor's wording."""
    if id_property and id_property != "hs_object_id":
        rule = table.schema.properties.get(id_property)
        if rule is None or not rule.unique:
            raise invalid_request(f"Property {id_property} is not a unique identifier property.")
        number = table.owner_of(id_property, record_id)
        found = None if number is None else table.live.get(number)
        if found is None:
            raise Refusal(404, "resource not found", headers={"X-HubSpot-NotFound": "true"})
        return found
    found = table.find(record_id, archived=archived)
    if found is None:
        raise not_found(record_id)
    return found
