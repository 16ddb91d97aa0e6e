"""What must be true after any history, asked of what both systems hold and of their own history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from connector.memory_store import Stored
from connector.port import System
from sync.model import Pair
from tests.sync.bridge import KEYS
from tests.sync.life_consent import Proofs, a_proof_lifts_everywhere, no_opt_out_is_lost
from tests.sync.life_edits import no_edit_is_lost
from tests.sync.life_forgotten import the_forgotten_stay_away
from tests.sync.life_mappings import LINES, PEOPLE
from tests.sync.life_records import (
    Place,
    alike,
    birth,
    born_of,
    end_of,
    erased,
    ever_stored,
    live,
    not_visible,
    pairs_of,
    stored,
    ties,
)
from tests.sync.life_twin import EVERYWHERE, LEAVING
from tests.sync.life_world import World

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def keep_all(world: World, outs: Mapping[Place, datetime], proofs: Proofs) -> None:
    """Every promise, after the world has come to rest. `outs` are records that opted out and were seen, and
    when; `proofs` are the opt-ins that can be proved. At the end somebody opts in again.
    """
    nothing_is_left_to_do(world)
    everybody_stands_once(world)
    nobody_was_made_twice(world)
    pairs_agree(world)
    no_edit_is_lost(world)
    no_opt_out_is_lost(world, outs, proofs)
    the_forgotten_stay_away(world)
    states_add_up(world)
    a_proof_lifts_everywhere(world, proofs)


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
                owner_agrees(world, pair, left, right, excused)


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


def owner_agrees(
    world: World, pair: Pair, left: Stored, right: Stored, excused: set[tuple[str, str | None]]
) -> None:
    """Both have the same owner. Whoever is nobody on the other side changes nothing there, and neither does
    a blank; what comes of it when somebody left in between is another matter.
    """
    known = EVERYWHERE if world.has_left else (*EVERYWHERE, LEAVING)
    names = [
        name
        for name in known
        for system, one in ((HUBSPOT, left), (SALESFORCE, right))
        if one.values.get("owner") == world.twin(system).colleague(name)
    ]
    listed = {(pair.hubspot_id, "owner"), (pair.salesforce_id, "owner")} & excused
    assert listed or len(names) < len(System) or len(set(names)) == 1, (pair, names)


def excuses(world: World, mapping: str) -> Iterator[tuple[str, str | None]]:
    """Records and lines that wait for a person."""
    for row in world.ledger.conflicts():
        if row.conflict.winner is None and row.conflict.mapping == mapping:
            yield row.conflict.hubspot_id, row.conflict.line
    for parked in (row.parked for row in world.ledger.parked_list()):
        if parked.mapping == mapping:
            for line in (parked.line,) if parked.line else (*LINES[mapping], "company", "owner"):
                yield parked.record_id, line


def states_add_up(world: World) -> None:
    """Every record that can be seen is counted once, in a state; who vanished without a word is not."""
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
            for gone in not_visible(world, mapping, system):
                end = end_of(ever_stored(world, mapping, system), gone)
                assert end in erased(world, mapping, system), (mapping, system, gone)
            assert total == len(alive), (mapping, system, counts[system])
            for record_id in alive:
                row = world.ledger.record(mapping, system, record_id)
                assert row is not None
                assert row.state, (mapping, system, record_id)
