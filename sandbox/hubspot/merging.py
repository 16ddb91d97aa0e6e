"""Merging two records into a third one with a new id (reference sheet, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import effects
from sandbox.hubspot.answers import Refusal, invalid_request, missing_field
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import Actor, Event, State
from sandbox.hubspot.writing import locate

MOST_IDENTITIES = 250


def merge(state: State, table: Table, body: Mapping[str, Any], actor: Actor) -> Record:
    """The survivor. The primary's values win, blanks are filled from the other record."""
    for key in ("primaryObjectId", "objectIdToMerge"):
        if body.get(key) is None:
            raise missing_field(key)
    winner = locate(table, str(body["primaryObjectId"]), None)
    loser = locate(table, str(body["objectIdToMerge"]), None)
    if winner is loser:
        raise invalid_request("Cannot merge an object with itself")
    old_ids = [*_identities(winner), *_identities(loser)]
    if len(old_ids) > MOST_IDENTITIES:
        text = f"Cannot have more than {MOST_IDENTITIES} identities on a profile"
        raise Refusal(414, text, "VALIDATION_ERROR")
    survivor = _survivor(state, table, winner, loser, old_ids)
    _replace(state, table, survivor, (winner, loser))
    details = {
        "primaryObjectId": winner.id,
        "mergedObjectIds": [winner.id, loser.id],
        "newObjectId": survivor.id,
        "numberOfPropertiesMoved": len(loser.values.keys() - winner.values.keys()),
    }
    event = Event(table.kind, "merge", winner.id, survivor.updated, actor.source, details=details)
    state.tell(event)
    if table.kind.name == "companies":
        for contact in list(state.links.of(("companies", "contacts"), survivor.id)):
            effects.sync_company(state, contact, actor)
    return survivor


def _identities(record: Record) -> list[str]:
    """A record's own id and all ids that were merged into it."""
    merged = record.values.get("hs_merged_object_ids", "")
    return [str(record.id), *(part for part in merged.split(";") if part)]


def _survivor(
    state: State, table: Table, winner: Record, loser: Record, old_ids: list[str]
) -> Record:
    now, number = state.now(), state.next_id(table.kind.name)
    values = loser.values | winner.values
    values["hs_merged_object_ids"] = ";".join(sorted(old_ids, key=int))
    created = min(winner.created, loser.created)
    if table.kind.name == "contacts":
        values.update(_contact_traces(winner, loser, number, old_ids, now))
    values.update(effects.system_values(table, number, created, now))
    survivor = Record(number, values, created, now, winner.origin)
    survivor.history = {
        name: record.versions(name)[::-1]
        for record in (loser, winner)
        for name in record.values
        if name in (record.history or {})
    }
    return survivor


def _contact_traces(
    winner: Record, loser: Record, number: int, old_ids: list[str], now: int
) -> dict[str, str]:
    """Where the other ids and addresses went."""
    emails: list[str] = []
    for record in (winner, loser):
        emails.append(record.values.get("email", ""))
        emails += record.values.get("hs_additional_emails", "").split(";")
    primary = winner.values.get("email") or loser.values.get("email", "")
    others = [email for email in dict.fromkeys(emails) if email and email != primary]
    traces = {
        "hs_all_contact_vids": ";".join([str(number), *old_ids]),
        "hs_calculated_merged_vids": ";".join(f"{old}:{now}" for old in old_ids),
    }
    return traces | ({"hs_additional_emails": ";".join(others)} if others else {})


def _replace(state: State, table: Table, survivor: Record, old: tuple[Record, Record]) -> None:
    for record in old:
        table.remove(record)
        table.index.forget(record.id)
    table.add(survivor)
    table.index.note(survivor.id, None, survivor.values, survivor.updated)
    for record in old:
        state.links.move(table.kind.name, record.id, survivor.id)
        table.aliases[record.id] = survivor.id
    if table.kind.name == "contacts":
        held = state.links.primary_of(effects.COMPANY_OF, survivor.id)
        if held is not None:
            survivor.values["associatedcompanyid"] = str(held)
