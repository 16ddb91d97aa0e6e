"""Reads what both systems of a random history hold, and what they ever held, for its promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import select

from connector.memory_store import Shelf, Stored
from connector.port import System, Value
from sync.ledger.tables import record
from sync.model import Pair
from tests.sync.bridge import KEYS
from tests.sync.life_mappings import OBJECTS, STORES
from tests.sync.life_world import World

Place = tuple[System, str]
MERGED = "hs_merged_object_ids"
FLAG = {System.HUBSPOT: "optout", System.SALESFORCE: "OptOut"}


def shelf(world: World, system: System, object_name: str) -> Shelf:
    return world.twin(system)._shelves[object_name]


def stored(world: World, mapping: str, system: System) -> dict[str, Stored]:
    """Every record that ever was and was not erased."""
    return {
        record_id: one
        for name in OBJECTS[mapping, system]
        for record_id, one in shelf(world, system, name).records.items()
    }


def ever_stored(world: World, mapping: str, system: System) -> dict[str, Stored]:
    """Every record that ever was, and those that were erased as they were then."""
    return {**stored(world, mapping, system), **erased(world, mapping, system)}


def erased(world: World, mapping: str, system: System) -> dict[str, Stored]:
    """Every record that was erased, as it was then."""
    names = OBJECTS[mapping, system]
    return {i: one for (name, i), one in world.twin(system).graves.items() if name in names}


def live(world: World, mapping: str, system: System) -> dict[str, Stored]:
    """Every record that takes writes."""
    found = stored(world, mapping, system)
    return {record_id: one for record_id, one in found.items() if one.fate.kind == "live"}


def end_of(records: dict[str, Stored], record_id: str) -> str:
    """Where a record lives on: the last survivor of its merges, the Contact of its conversion."""
    while (fate := records[record_id].fate).into in records:
        record_id = str(fate.into)
    return record_id


def pairs_of(world: World, mapping: str) -> list[Pair]:
    """Every pair, but where somebody was erased under an id that we had not heard of yet (that of a merge
    which nobody told us): who vanishes without a word is not visible, and no more is known.
    """
    pairs = world.ledger.all_pairs(mapping, after_id=0, limit=10_000)
    return [pair for pair in pairs if not vanished(world, mapping, pair)]


def vanished(world: World, mapping: str, pair: Pair) -> bool:
    """Whether one of the two was erased without our hearing of it, or what it became was. A converted Lead
    stays, frozen: it is not told from one whose Contact we may not see.
    """
    for side in System:
        record_id = pair.record_id(side)
        row, one = world.ledger.record(mapping, side, record_id), stored(world, mapping, side)
        is_frozen = record_id in one and one[record_id].fate.kind == "converted"
        if row is not None and (is_frozen or row.gone == "not_visible"):
            return end_of(ever_stored(world, mapping, side), record_id) in erased(
                world, mapping, side
            )
    return False


def not_visible(world: World, mapping: str, system: System) -> list[str]:
    """Every record that the ledger believes to have vanished without a word."""
    with world.ledger._look() as connection:
        found = connection.scalars(
            select(record.c.record_id).where(
                record.c.mapping == mapping,
                record.c.system == system.value,
                record.c.gone == "not_visible",
            )
        )
        return list(found)


def ties(
    here: dict[str, Stored], key: str, there: dict[str, Stored]
) -> Iterator[tuple[str, Value, datetime]]:
    """Who ever named whom as the partner, from either side, and since when."""
    back = next(name for name in KEYS.values() if name != key)
    for record_id, one in here.items():
        for version in one.history.get(key, ()):
            yield record_id, version.value, version.at
    for partner, one in there.items():
        for version in one.history.get(back, ()):
            yield str(version.value), partner, version.at


def alike(name: str, left: Value, right: Value) -> bool:
    """Whether one is what the other system makes of the other."""
    return (
        store(System.SALESFORCE, name)(left) == right or store(System.HUBSPOT, name)(right) == left
    )


def store(system: System, name: str) -> Callable[[Value], Value]:
    """What this system makes of a value of this field."""
    return STORES[system].get(name, lambda value: value)


def birth(one: Stored) -> datetime:
    return min(version.at for versions in one.history.values() for version in versions)


def born_of(system: System, one: Stored) -> Value:
    """The record for which we made this one; None where people did, or where it came of a merge."""
    first = one.history.get(KEYS[system], ())
    if not first or one.history.get(MERGED):
        return None
    began = first[0]
    return began.value if began.by_us and began.at == birth(one) else None
