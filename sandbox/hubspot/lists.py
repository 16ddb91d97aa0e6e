"""Lists: made, renamed, deleted, filled. Reference sheet, section 13.

Who is in a DYNAMIC list follows from its filters; this org does not compute that: whoever sets the scene
says who is in. Members that were merged are those that they were merged into, deleted ones are out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.hubspot.answers import Refusal, invalid_request, iso, missing_field
from sandbox.hubspot.state import RecordList, State

KINDS = ("MANUAL", "DYNAMIC", "SNAPSHOT")
BY_HAND = frozenset({"MANUAL", "SNAPSHOT"})


def find(state: State, list_id: str) -> RecordList:
    """A live list. 404 for any other."""
    found = state.lists.get(int(list_id)) if list_id.isdigit() else None
    if found is None or found.deleted is not None:
        raise _no_list(f"List does not exist with ID {list_id}.")
    return found


def named(state: State, type_id: str, name: str) -> RecordList:
    """The list of this name for one type of records, in whatever case. 404 if there is none."""
    for one in live(state):
        if one.type_id == type_id and one.name.lower() == name.lower():
            return one
    raise _no_list(f"List does not exist with name {name}.")


def _no_list(text: str) -> Refusal:
    return Refusal(404, text, "OBJECT_NOT_FOUND")


def live(state: State) -> list[RecordList]:
    """All lists, by id."""
    return [one for one in state.lists.values() if one.deleted is None]


def create(state: State, body: Mapping[str, Any]) -> RecordList:
    """A list from a request's body. 400 for a name that is taken."""
    for key in ("name", "objectTypeId", "processingType"):
        if not body.get(key):
            raise missing_field(key)
    kind = str(body["processingType"])
    if kind not in KINDS:
        raise invalid_request(f"Unknown processing type {kind}")
    if kind == "DYNAMIC" and not body.get("filterBranch"):
        raise invalid_request("A dynamic list must have a filter branch.")
    type_id = state.kinds.of(str(body["objectTypeId"])).type_id
    return add(state, str(body["name"]), kind, type_id)


def add(
    state: State, name: str, kind: str, type_id: str = "0-1", members: Iterable[str] = ()
) -> RecordList:
    """A list with these members, whatever its kind."""
    _check_name(state, name, None)
    now = state.now()
    number = max(state.lists, default=0) + 1
    made = RecordList(number, name, kind, type_id, now, now)
    made.members.update((int(one), now) for one in members)
    state.lists[number] = made
    return made


def rename(state: State, one: RecordList, name: str) -> None:
    _check_name(state, name, one)
    if name != one.name:
        one.name, one.updated = name, state.now()


def _check_name(state: State, name: str, but: RecordList | None) -> None:
    if any(one.name.lower() == name.lower() for one in live(state) if one is not but):
        raise invalid_request(f"A list with the name {name} already exists.")


def members(state: State, one: RecordList) -> dict[int, int]:
    """Live records in it, by id -> since when."""
    table = state.table(one.type_id)
    now = {table.resolve(number): since for number, since in one.members.items()}
    return {number: now[number] for number in sorted(now) if number in table.live}


def change(
    state: State, one: RecordList, added: Iterable[str], removed: Iterable[str]
) -> dict[str, list[str]]:
    """Put in and take out; answers who was, and who is no record. 400 where nobody may do so."""
    if one.processing not in BY_HAND:
        raise invalid_request(
            f"Memberships of list {one.id} cannot be changed by hand: it is {one.processing}.",
            subCategory="ILS.INVALID_LIST_PROCESSING_TYPE",
        )
    table, now = state.table(one.type_id), state.now()
    held = members(state, one)
    told: dict[str, list[str]] = {
        "recordsIdsAdded": [],
        "recordIdsRemoved": [],
        "recordIdsMissing": [],
    }
    for wanted, is_added in ((added, True), (removed, False)):
        for record_id in map(str, wanted):
            record = table.find(record_id)
            if record is None:
                told["recordIdsMissing"].append(record_id)
            elif is_added and record.id not in held:
                held[record.id] = now
                told["recordsIdsAdded"].append(record_id)
            elif not is_added and held.pop(record.id, None) is not None:
                told["recordIdsRemoved"].append(record_id)
    one.members = held
    return told


def as_json(state: State, one: RecordList, *, searched: bool = False) -> dict[str, Any]:
    """A list as a read tells it; a search tells its size among further properties only."""
    told: dict[str, Any] = {
        "listId": str(one.id),
        "listVersion": 1,
        "name": one.name,
        "objectTypeId": one.type_id,
        "processingType": one.processing,
        "processingStatus": "COMPLETE",
        "createdAt": iso(one.created),
        "updatedAt": iso(one.updated),
    }
    size = len(members(state, one))
    more = {"additionalProperties": {"hs_list_size": str(size)}} if searched else {"size": size}
    return told | more
