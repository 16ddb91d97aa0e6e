"""No edit is lost: what must be true of what people entered, after any history of `life_machine`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from connector.memory_store import Stored
from connector.port import System, Value
from tests.sync.life_mappings import LINES, STORES
from tests.sync.life_records import ever_stored, store, stored
from tests.sync.life_world import World


def no_edit_is_lost(world: World) -> None:
    """What somebody entered and we wrote over stands on file as the loser, or had reached the other side
    before; and nothing comes back as the shorter copy that the other side holds of it.
    """
    for mapping, names in LINES.items():
        # Somebody who was forgotten takes along what was on file of them.
        losers = world.once_on_file | {
            value
            for row in world.ledger.conflicts()
            for value in (row.conflict.hubspot_value, row.conflict.salesforce_value)
        }
        for system in System:
            arrived = copies(world, mapping, system, names)
            for record_id, one in stored(world, mapping, system).items():
                for name in names:
                    for theirs, ours in overwritten(world, one, name):
                        place = (mapping, system, record_id, name, theirs, ours)
                        echo = STORES[system.other].get(name)
                        assert echo is None or echo(theirs) != ours, ("our own echo", place)
                        assert theirs in losers or theirs in arrived[name], ("lost", place)


def overwritten(world: World, one: Stored, name: str) -> Iterator[tuple[Value, Value]]:
    """What people entered and what we put in its place. Known: what they entered while a call of ours was
    on its way, which landed without an answer, is gone in a system that keeps no history.
    """
    versions = one.history.get(name, ())
    for before, after in pairwise(versions):
        ours = after.by_us and not world.landed_late(after.at)
        if ours and not before.by_us and before.value is not None:
            yield before.value, after.value


def copies(
    world: World, mapping: str, system: System, names: tuple[str, ...]
) -> dict[str, set[Value]]:
    """What of these fields the other system ever knew: what stood there, as each of the two stores it."""
    found: dict[str, set[Value]] = {}
    for name in names:
        here, there = (store(s, name) for s in (system, system.other))
        ours, theirs = (ever(world, mapping, s, name) for s in (system, system.other))
        found[name] = (
            theirs | {here(value) for value in theirs} | {v for v in ours if there(v) in theirs}
        )
    return found


def ever(world: World, mapping: str, system: System, name: str) -> set[Value]:
    """Every value that any record of this system has held there."""
    return {
        version.value
        for one in ever_stored(world, mapping, system).values()
        for version in one.history.get(name, ())
    }
