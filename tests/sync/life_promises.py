"""What must be true after any history, asked of what both systems hold and of their own history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

from connector.memory_store import Shelf, Stored
from connector.port import System, Value
from sync.model import Pair
from tests.sync.bridge import KEYS
from tests.sync.life_world import LINES, OBJECTS, PEOPLE, STORES, World

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
Place = tuple[System, str]
FLAG = {HUBSPOT: "optout", SALESFORCE: "OptOut"}
MERGED = "hs_merged_object_ids"


def keep_all(world: World, outs: set[Place]) -> None:
    """Every promise, after the world has come to rest. `outs` are records that opted out and were seen."""
    nothing_is_left_to_do(world)
    everybody_stands_once(world)
    nobody_was_made_twice(world)
    pairs_agree(world)
    no_edit_is_lost(world)
    no_opt_out_is_lost(world, outs)
    states_add_up(world)


def shelf(world: World, system: System, object_name: str) -> Shelf:
    return world.twin(system)._shelves[object_name]


def stored(world: World, mapping: str, system: System) -> dict[str, Stored]:
    """Every record that ever was."""
    return {
        record_id: one
        for name in OBJECTS[mapping, system]
        for record_id, one in shelf(world, system, name).records.items()
    }


def live(world: World, mapping: str, system: System) -> dict[str, Stored]:
    """Every record that takes writes."""
    found = stored(world, mapping, system)
    return {record_id: one for record_id, one in found.items() if one.fate.kind == "live"}


def end_of(records: dict[str, Stored], record_id: str) -> str:
    """Where a record lives on: the last survivor of its merges, the Contact of its conversion."""
    while (fate := records[record_id].fate).kind in {"merged", "converted"} and fate.into:
        record_id = fate.into
    return record_id


def pairs_of(world: World, mapping: str) -> list[Pair]:
    return world.ledger.all_pairs(mapping, after_id=0, limit=10_000)


def nothing_is_left_to_do(world: World) -> None:
    """A second run plans nothing, no bell is left, and whoever waits does so for a partner."""
    planned = world.planned()
    assert planned == [], planned
    for mapping in LINES:
        for system in System:
            for row in world.ledger.records_in_state(mapping, system, "waiting"):
                assert row.reason == "partner", (mapping, system, row)


def everybody_stands_once(world: World) -> None:
    """A live record is in one pair at most, its key names its partner, and no two hold the same key.

    But whoever comes out of the bin brings the key along that it had then. Where its partner has
    somebody else by now, it is on the list as a further record of the same person, for a merge. The key
    is left to it: nothing else proves who it is, and without it somebody would be made for it. As long
    as it holds the key, its system takes it for nobody else: that is on the list, too, at the pair's key.
    A converted Lead keeps its key for ever, since nothing can be written to it: with it, it is the same.
    """
    twins = {
        (one.mapping, one.system, one.record_id, one.line)
        for one in (row.parked for row in world.ledger.parked_list())
        if one.cause == "duplicate_of"
    }
    for mapping in LINES:
        records = {system: live(world, mapping, system) for system in System}
        for system in System:
            bound = [pair.record_id(system) for pair in pairs_of(world, mapping)]
            assert len(bound) == len(set(bound))
            held = [
                key
                for record_id, one in records[system].items()
                if record_id in bound or (mapping, system, record_id, None) not in twins
                if (key := one.values.get(KEYS[system])) is not None
            ]
            assert len(held) == len(set(held)), (mapping, system, held)
        for pair in pairs_of(world, mapping):
            for system in System:
                record_id = pair.record_id(system)
                one = records[system].get(record_id)
                assert one is not None, ("a pair holds somebody who went", pair)
                key = pair.record_id(system.other)
                holders = {
                    i
                    for i, other in stored(world, mapping, system).items()
                    if other.fate.kind in {"live", "converted"}
                    and other.values.get(KEYS[system]) == key
                }
                is_listed = (mapping, system, record_id, "key") in twins and holders
                assert record_id in holders or is_listed, (mapping, pair)


def nobody_was_made_twice(world: World) -> None:
    """We give birth to a record only for somebody who never had a partner: neither one that people
    deleted, nor one that was merged or converted, nor one whose birth was never answered.
    """
    for mapping in LINES:
        for system in System:
            here = stored(world, mapping, system)
            tied = list(ties(here, KEYS[system], stored(world, mapping, system.other)))
            for record_id, one in here.items():
                source, at = born_of(system, one), birth(one)
                older = {i for i, partner, when in tied if partner == source and when < at}
                # One whose birth was never answered, and that went before anybody saw it, is unknown.
                older = {i for i in older if world.ledger.record(mapping, system, i)}
                # Nor is one known that a late call bore after the record of its repetition was deleted.
                is_told = source is not None and not world.landed_late(at)
                assert not (is_told and older), ("made twice", mapping, record_id, older)


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


def birth(one: Stored) -> datetime:
    return min(version.at for versions in one.history.values() for version in versions)


def born_of(system: System, one: Stored) -> Value:
    """The record for which we made this one; None where people did, or where it came of a merge."""
    first = one.history.get(KEYS[system], ())
    if not first or one.history.get(MERGED):
        return None
    began = first[0]
    return began.value if began.by_us and began.at == birth(one) else None


def pairs_agree(world: World) -> None:
    """Every line of every pair, but what is listed as open or parked."""
    for mapping, names in LINES.items():
        excused = set(excuses(world, mapping))
        records = {system: live(world, mapping, system) for system in System}
        for pair in pairs_of(world, mapping):
            left, right = (records[s][pair.record_id(s)] for s in System)
            for name in names:
                ends = (left.values.get(name), right.values.get(name))
                listed = {(pair.hubspot_id, name), (pair.salesforce_id, name)}
                assert alike(name, *ends) or listed & excused, (mapping, pair, name, ends)
            if mapping == PEOPLE:
                company_agrees(world, pair, left, right, excused)


def company_agrees(
    world: World, pair: Pair, left: Stored, right: Stored, excused: set[tuple[str, str | None]]
) -> None:
    """Both refer to the two records of one pair; whoever refers to somebody without partner waits."""
    held = {HUBSPOT: left.values.get("company"), SALESFORCE: right.values.get("company")}
    if (pair.hubspot_id, "company") in excused or (pair.salesforce_id, "company") in excused:
        return
    known = world.ledger.partner_ids("companies", HUBSPOT, [str(held[HUBSPOT])])
    back = world.ledger.partner_ids("companies", SALESFORCE, [str(held[SALESFORCE])])
    waits = (held[HUBSPOT] and not known) or (held[SALESFORCE] and not back)
    assert waits or known.get(str(held[HUBSPOT])) == held[SALESFORCE], (pair, held)


def excuses(world: World, mapping: str) -> Iterator[tuple[str, str | None]]:
    """Records and lines that wait for a person."""
    for row in world.ledger.conflicts():
        if row.conflict.winner is None and row.conflict.mapping == mapping:
            yield row.conflict.hubspot_id, row.conflict.line
    for parked in (row.parked for row in world.ledger.parked_list()):
        if parked.mapping == mapping:
            for line in (parked.line,) if parked.line else (*LINES[mapping], "company"):
                yield parked.record_id, line


def alike(name: str, left: Value, right: Value) -> bool:
    """Whether one is what the other system makes of the other."""
    return store(SALESFORCE, name)(left) == right or store(HUBSPOT, name)(right) == left


def store(system: System, name: str) -> Callable[[Value], Value]:
    """What this system makes of a value of this field."""
    return STORES[system].get(name, lambda value: value)


def no_edit_is_lost(world: World) -> None:
    """What somebody entered and we wrote over stands on file as the loser, or had reached the other side
    before; and nothing comes back as the shorter copy that the other side holds of it.
    """
    for mapping, names in LINES.items():
        losers = {
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
        for one in stored(world, mapping, system).values()
        for version in one.history.get(name, ())
    }


def no_opt_out_is_lost(world: World, outs: set[Place]) -> None:
    """Whoever opted out is out wherever they live on, and so is everybody with the same address."""
    every = {system: stored(world, PEOPLE, system) for system in System}
    for system, record_id in outs:
        end = every[system][end_of(every[system], record_id)]
        if end.fate.kind == "live":
            assert end.values.get(FLAG[system]) is True, ("an opt-out is lost", system, record_id)
    out_at = {
        str(one.values["email"]).lower()
        for system in System
        for one in every[system].values()
        if one.seen and one.values.get(FLAG[system]) is True and one.values.get("email")
    }
    for system in System:
        for record_id, one in live(world, PEOPLE, system).items():
            if str(one.values.get("email")).lower() in out_at:
                assert one.values.get(FLAG[system]) is True, ("not told", system, record_id)
    for pair in pairs_of(world, PEOPLE):
        flags = [every[s][pair.record_id(s)].values.get(FLAG[s]) is True for s in System]
        assert flags[0] is flags[1], ("a pair differs in consent", pair)


def states_add_up(world: World) -> None:
    """Every record that can be seen is counted once, in a state."""
    for mapping in LINES:
        counts = world.ledger.state_counts(mapping)
        for system in System:
            alive = {i for i, one in stored(world, mapping, system).items() if one.seen}
            total = sum(
                count
                for states in counts[system].values()
                for state, count in states.items()
                if state != "deleted"
            )
            assert total == len(alive), (mapping, system, counts[system])
            for record_id in alive:
                row = world.ledger.record(mapping, system, record_id)
                assert row is not None
                assert row.state, (mapping, system, record_id)
