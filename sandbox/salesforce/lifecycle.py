"""What becomes of records: merged, restored, purged (reference sheet, section 2.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.salesforce import memberships, writing
from sandbox.salesforce.answers import Problem, Refused
from sandbox.salesforce.records import Table
from sandbox.salesforce.state import Actor, State

MOST_MERGED = 3
NOT_IN_BIN = "Entity is not in the recycle bin"


def merge(
    state: State,
    table: Table,
    winner_id: str,
    loser_ids: Sequence[str],
    actor: Actor,
    values: Mapping[str, Any] | None = None,
) -> None:
    """The losers go to the recycle bin and name the winner; their children move. Raises `Refused`."""
    if not table.schema.mergeable or not 1 <= len(loser_ids) < MOST_MERGED:
        raise Refused(Problem("INVALID_OPERATION", "merge takes two or three mergeable records"))
    with state.transaction():
        winner = writing.locate(table, winner_id)
        losers = [writing.locate(table, one) for one in loser_ids]
        if winner in losers:
            raise Refused(Problem("INVALID_OPERATION", "cannot merge a record with itself"))
        for loser in losers:
            writing.check_approval(state, loser, actor)
            writing.bury(state, table, loser, actor, into=winner["Id"])
            _drop_doubles(state, loser["Id"], winner["Id"], actor)
            _move_children(state, table.schema.name, loser["Id"], winner["Id"])
        writing.update(state, table, winner["Id"], dict(values or {}), actor)


def _drop_doubles(state: State, old: str, new: str, actor: Actor) -> None:
    """Whoever is in a campaign twice after the merge keeps the survivor's membership."""
    table = state.tables["CampaignMember"]
    for row in [
        one for one in table.all_live() if old in (one.get("LeadId"), one.get("ContactId"))
    ]:
        others = memberships.members_of(state, row["CampaignId"])
        if any(new in (one.get("LeadId"), one.get("ContactId")) for one in others):
            writing.bury(state, table, row, actor)


def _move_children(state: State, kind: str, old: str, new: str) -> None:
    for table in state.tables.values():
        references = [
            one.name
            for one in table.schema.fields.values()
            if kind in one.reference_to and one.name != "MasterRecordId"
        ]
        for row in list(table.rows.values()) if references else ():
            moved = {name: new for name in references if row.get(name) == old}
            if moved:
                table.change(row, moved | {"SystemModstamp": state.now()})


def undelete(state: State, table: Table, record_id: str, actor: Actor) -> None:
    """Out of the recycle bin with the same id, and what was deleted along with it.

    Raises `Refused` for what is not in it.
    """
    row = table.rows.get(record_id)
    if row is None or not row.get("IsDeleted"):
        raise Refused(Problem("UNDELETE_FAILED", NOT_IN_BIN))
    for children, reference in writing.cascades(state, table):
        for child in children.rows.values():
            along = child.get("SystemModstamp") == row["SystemModstamp"]
            if child.get(reference) == record_id and child.get("IsDeleted") and along:
                undelete(state, children, child["Id"], actor)
    now = state.now()
    values = {"IsDeleted": None, "MasterRecordId": None, "SystemModstamp": now}
    table.change(row, values | {"LastModifiedDate": now, "LastModifiedById": actor.user_id})
    state.tell(table.schema.name, record_id, actor.user_id)


def purge(state: State, table: Table, record_id: str) -> None:
    """Out of the recycle bin for good, with what was deleted along. Raises `Refused`."""
    row = table.rows.get(record_id)
    if row is None or not row.get("IsDeleted"):
        raise Refused(
            Problem("ENTITY_IS_DELETED" if row is None else "INVALID_ID_FIELD", NOT_IN_BIN)
        )
    for children, reference in writing.cascades(state, table):
        for child in list(children.rows.values()):
            if child.get(reference) == record_id and child.get("IsDeleted"):
                purge(state, children, child["Id"])
    table.purge(row)
