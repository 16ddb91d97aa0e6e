"""What must be true of opt-outs and opt-ins after any history of `life_machine`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connector.memory_store import Stored
from connector.port import System
from tests.sync.bridge import KEYS
from tests.sync.life_mappings import PEOPLE
from tests.sync.life_records import FLAG, Place, end_of, ever_stored, live, pairs_of, stored, ties
from tests.sync.life_world import World

Proofs = Sequence[tuple[Place, datetime]]


def no_opt_out_is_lost(world: World, outs: Mapping[Place, datetime], proofs: Proofs) -> None:
    """Whoever opted out is out wherever they live on, and so is everybody with the same address, unless
    the person signed up again afterwards, with a proof.
    """
    every = {system: stored(world, PEOPLE, system) for system in System}
    for (system, record_id), since in outs.items():
        if record_id not in every[system]:
            continue
        end = every[system][end_of(every[system], record_id)]
        if end.fate.kind == "live" and not is_lifted(world, (system, record_id), since, proofs):
            assert end.values.get(FLAG[system]) is True, ("an opt-out is lost", system, record_id)
    out_at = {
        str(one.values["email"]).lower()
        for system in System
        for record_id, one in every[system].items()
        if one.seen and one.values.get(FLAG[system]) is True and one.values.get("email")
        if not is_over(world, (system, record_id), one, proofs)
    }
    for system in System:
        for record_id, one in live(world, PEOPLE, system).items():
            if str(one.values.get("email")).lower() in out_at:
                assert one.values.get(FLAG[system]) is True, ("not told", system, record_id)
    for pair in pairs_of(world, PEOPLE):
        flags = [every[s][pair.record_id(s)].values.get(FLAG[s]) is True for s in System]
        assert flags[0] is flags[1], ("a pair differs in consent", pair)


def is_over(world: World, place: Place, one: Stored, proofs: Proofs) -> bool:
    """Whether a converted Lead holds an opt-out that was lifted since: nothing can be written to it."""
    since = one.history[FLAG[place[0]]][-1].at
    return one.fate.kind == "converted" and is_lifted(world, place, since, proofs)


def is_lifted(world: World, place: Place, since: datetime, proofs: Proofs) -> bool:
    """Whether somebody who is or was the same person proved an opt-in that is later than this."""
    later = [who for who, at in proofs if at > since]
    return bool(later) and not persons(world)[place].isdisjoint(later)


def persons(world: World) -> dict[Place, set[Place]]:
    """Who was ever taken for the same person: by an address, as a pair, or since one went into the other."""
    found: dict[Place, set[Place]] = {}
    for group in sames(world):
        whole = set(group).union(*(found.get(place, ()) for place in group))
        found |= dict.fromkeys(whole, whole)
    return found


def sames(world: World) -> Iterator[set[Place]]:
    """Groups of records that something tied together once."""
    every = {system: ever_stored(world, PEOPLE, system) for system in System}
    by_address: dict[str, set[Place]] = defaultdict(set)
    for system, records in every.items():
        for record_id, one in records.items():
            yield {(system, record_id), (system, one.fate.into or record_id)}
            for address in addresses_of(one):
                by_address[address].add((system, record_id))
        for record_id, partner, _ in ties(records, KEYS[system], every[system.other]):
            yield {(system, record_id), (system.other, str(partner))}
    yield from by_address.values()


def addresses_of(one: Stored) -> set[str]:
    """Every address that a record ever had."""
    return {str(version.value).lower() for version in one.history.get("email", ()) if version.value}


def a_proof_lifts_everywhere(world: World, proofs: Proofs) -> None:
    """Somebody who is out signs up again, on whichever side: nobody with their address is out any more, nor
    is their partner.
    """
    out = next(
        (
            (system, record_id, one)
            for system in System
            for record_id, one in live(world, PEOPLE, system).items()
            if one.values.get(FLAG[system]) is True and one.values.get("email")
        ),
        None,
    )
    if out is None:
        return
    system, record_id, one = out
    world.time.forward(hours=1)
    at = world.time()
    proof = {"in_at": at.isoformat(), "in_by": "web form", "in_basis": "consent"}
    name = world.object_of(PEOPLE, system, record_id)
    world.twin(system).edit(name, record_id, {FLAG[system]: False, **proof})
    world.compare_all()
    for side in System:
        for known, other in live(world, PEOPLE, side).items():
            if str(other.values.get("email")).lower() == str(one.values["email"]).lower():
                assert other.values.get(FLAG[side]) is not True, ("still out", side, known)
    no_opt_out_is_lost(world, {}, [*proofs, ((system, record_id), at)])
