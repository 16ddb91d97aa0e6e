"""Create, update, archive, erase: one record at a time, judged as HubSpot judges.

Reference sheet, sections 6.2 to 6.5, 7.3 to 7.5 and 10. A refused write leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot import effects, values
from sandbox.hubspot.answers import (
    Problem,
    Refusal,
    bad_json,
    invalid_request,
    invalid_values,
    missing_field,
    not_found,
)
from sandbox.hubspot.kinds import kind_of
from sandbox.hubspot.links import LinkType, Pair, plain, primary
from sandbox.hubspot.properties import Definition
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import Actor, Event, State

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
        raise bad_target("COMPANY", company)


def bad_target(kind: str, record_id: str) -> Refusal:
    return invalid_request(
        "One or more associations are invalid",
        context={"INVALID_OBJECT_IDS": [f"{kind}={record_id} is not valid"]},
    )


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
    """At least one of the kind's required properties must be given on create."""
    required = table.kind.required
    if required and not any(wanted.get(name) for name in required):
        text = f"Error creating {table.kind.upper}. Some required properties were not set."
        raise invalid_request(text, context={"properties": list(required)})


def inline_links(state: State, table: Table, associations: Any) -> list[tuple[Pair, int, LinkType]]:
    """The associations that a create asks for, checked."""
    wanted: list[tuple[Pair, int, LinkType]] = []
    for entry in associations or ():
        target = str((entry.get("to") or {}).get("id", ""))
        for spec in entry.get("types") or ():
            one = LinkType(str(spec.get("associationCategory")), int(spec["associationTypeId"]))
            pair = _pair_for(table, one)
            other = state.tables[pair[1]].find(target)
            if other is None:
                raise bad_target(kind_of(pair[1]).upper, target)
            wanted.append((pair, other.id, one))
    return wanted


def _pair_for(table: Table, wanted: LinkType) -> Pair:
    for name in ("contacts", "companies", "deals", "tasks", "notes"):
        pair = (table.kind.name, name)
        if wanted in {plain(pair), primary(pair)}:
            return pair
    raise invalid_request(
        f"invalid association type {wanted.type_id} from object type {table.kind.type_id}"
    )


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
    links = inline_links(state, table, body.get("associations"))
    record = effects.born(state, table, effects.garbled(wanted, actor.garble), actor)
    for pair, other, one in links:
        link(state, pair, record.id, other, [one], actor)
    return record


def link(
    state: State, pair: Pair, number: int, other: int, types: Sequence[LinkType], actor: Actor
) -> None:
    """Associate two records; the first company becomes the primary one.

    `associatedcompanyid` follows. That the first one becomes primary is what portals show in their
    pages; no document says so.
    """
    if primary(pair) in types:
        if pair[1] == "companies":
            state.links.make_primary(pair, number, other)
        else:
            state.links.make_primary((pair[1], pair[0]), other, number)
    usual = plain(pair)
    held = state.links.types(pair, number, other)
    wanted = held | set(types) | ({usual} if usual else set())
    state.links.set(pair, number, other, wanted)
    follow_links(state, pair, number, other, actor, removed=False)


def follow_links(
    state: State, pair: Pair, number: int, other: int, actor: Actor, *, removed: bool
) -> None:
    """Keep the primary company of a contact in step, and tell the webhooks."""
    if set(pair) == {"contacts", "companies"}:
        contact, company = (number, other) if pair[0] == "contacts" else (other, number)
        if not removed and state.links.primary_of(effects.COMPANY_OF, contact) is None:
            state.links.make_primary(effects.COMPANY_OF, contact, company)
        effects.sync_company(state, contact, actor)
    for one, near, far in ((pair, number, other), ((pair[1], pair[0]), other, number)):
        kind, far_kind = kind_of(one[0]), kind_of(one[1])
        mark = primary(one)
        details = {
            "associationType": f"{kind.upper}_TO_{far_kind.upper}",
            "fromObjectId": near,
            "toObjectId": far,
            "associationRemoved": removed,
            "isPrimaryAssociation": mark in state.links.types(one, near, far),
        }
        what = "associationChange"
        state.tell(Event(kind, what, near, state.now(), actor.source, details=details))


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


def archive(state: State, table: Table, record: Record, actor: Actor) -> None:
    """Into the recycling bin: off every list, unique values free again, associations gone."""
    now = state.now()
    table.remove(record)
    record.archived_at = now
    table.gone[record.id] = record
    table.index.forget(record.id)
    for kind, other in state.links.drop(table.kind.name, record.id):
        if table.kind.name == "companies" and kind == "contacts":
            effects.sync_company(state, other, actor)
    details = {"changeFlag": "DELETED"}
    state.tell(Event(table.kind, "deletion", record.id, now, actor.source, details=details))


def erase(state: State, body: Mapping[str, Any], actor: Actor) -> None:
    """Privacy deletion of a contact: nothing is left; an unknown address is block-listed."""
    wanted = body.get("objectId")
    if wanted is None:
        raise missing_field("objectId")
    table = state.tables["contacts"]
    if body.get("idProperty") == "email":
        state.erased.add(str(wanted).lower())
        number = table.owner_of("email", str(wanted))
        record = None if number is None else table.live[number]
    else:
        record = locate(table, str(wanted), None)
    if record is None:
        return
    archive(state, table, record, actor)
    del table.gone[record.id]
    now = state.now()
    state.tell(Event(table.kind, "privacyDeletion", record.id, now, actor.source))
