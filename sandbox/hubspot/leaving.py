"""Archive, restore, erase: how a record leaves, and how it comes back.

Reference sheet, sections 7.5 and 10. The recycling bin keeps associations, as far as the other end is
there still when a person restores the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import effects
from sandbox.hubspot.answers import invalid_request, missing_field, not_found
from sandbox.hubspot.link_types import ANCHORS
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import Actor, Event, State


def archive(state: State, table: Table, record: Record, actor: Actor) -> None:
    """Into the recycling bin: off every list, unique values free again, associations gone."""
    now, name = state.now(), table.kind.name
    table.remove(record)
    record.archived_at = now
    table.gone[record.id] = record
    table.index.forget(record.id)
    freed = state.freed[name, record.id] = state.links.drop(name, record.id)
    for one in freed:
        if one.pair == ("companies", "contacts"):
            effects.sync_company(state, one.other, actor)
    details = {"changeFlag": "DELETED"}
    state.tell(Event(table.kind, "deletion", record.id, now, actor.source, details=details))
    for one in freed:
        if one.pair[1] in ANCHORS:
            let_go(state, one.pair[1], one.other, actor)


def let_go(state: State, kind: str, number: int, actor: Actor) -> None:
    """Archive a lead that has lost its last primary association; others stay."""
    table = state.tables[kind]
    record = table.live.get(number)
    if record is None:
        return
    if all(state.links.primary_of(pair, number) is None for pair in ANCHORS[kind]):
        archive(state, table, record, actor)


def restore(state: State, table: Table, record_id: str, actor: Actor) -> Record:
    """Out of the bin again, under the same id. 404 for what is not in it, 400 where a unique value of
    it belongs to another record by now.
    """
    record = table.gone.get(int(record_id)) if record_id.isdigit() else None
    if record is None:
        raise not_found(record_id)
    for name, value in table.unique_values(record):
        if table.owner_of(name, value) is not None:
            raise invalid_request(f"Cannot restore: {name} is held by another record")
    now = state.now()
    del table.gone[record.id]
    record.archived_at = None
    table.add(record)
    effects.touch(table, record, now)
    table.index.note(record.id, None, record.values, now)
    for one in state.freed.pop((table.kind.name, record.id), ()):
        if one.other in state.tables[one.pair[1]].live:
            state.links.set(one.pair, record.id, one.other, one.types)
            if one.pair == ("companies", "contacts"):
                effects.sync_company(state, one.other, actor)
    if table.kind.name == "contacts":
        effects.sync_company(state, record.id, actor)
    state.tell(Event(table.kind, "restore", record.id, now, actor.source))
    return record


def erase(state: State, table: Table, body: Mapping[str, Any], actor: Actor) -> None:
    """Privacy deletion of a contact: nothing is left. An unknown address is block-listed instead."""
    wanted = body.get("objectId")
    if wanted is None:
        raise missing_field("objectId")
    if body.get("idProperty") == "email":
        number = table.owner_of("email", str(wanted))
        if number is None:
            state.blocked.add(str(wanted).lower())
            return
        record = table.live[number]
    else:
        found = table.find(str(wanted))
        if found is None:
            raise not_found(str(wanted))
        record = found
    archive(state, table, record, actor)
    del table.gone[record.id]
    state.freed.pop((table.kind.name, record.id), None)
    now = state.now()
    state.tell(Event(table.kind, "privacyDeletion", record.id, now, actor.source))
