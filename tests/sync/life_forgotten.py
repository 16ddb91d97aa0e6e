"""What must be true of people who asked to be forgotten, after any history of `life_machine`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.memory_store import Stored
from connector.port import System
from database.tables import metadata
from tests.sync.life_erasing import Asked, Forgotten
from tests.sync.life_mappings import CUT, LINES, PEOPLE
from tests.sync.life_records import (
    Place,
    birth,
    born_of,
    erased,
    ever_stored,
    live,
    not_visible,
    stored,
)
from tests.sync.life_world import World

WORD = re.compile(r"[\w@.+-]+")
# Fields whose values are somebody's own: nobody else in a history ever entered the same.
OWN = ("email", "first", "title")


def the_forgotten_stay_away(world: World) -> None:
    """Nobody is still waiting to be forgotten; they and their partners are gone from both systems and from
    the recycle bin (as far as the mapping says); nobody is made for them anew; and our own ledger says
    nothing of them.
    """
    assert world.ledger.pending_erasures() == []
    for asked in world.asked:
        is_gone(world, asked)
    for one in world.forgotten:
        assert one.left_behind == (), ("left behind", one)
        nobody_is_made_anew(world, one)
    nothing_is_on_file(world)


def is_gone(world: World, asked: Asked) -> None:
    """The record, its partner, and the Contact that the latter was converted to. Where the mapping says so
    the partner is only in the bin, from which a person may have taken it, or it stays for a person.
    """
    system, record_id = asked.place
    assert record_id not in stored(world, PEOPLE, system), ("not erased", asked)
    policy = world.mapping.when_erased_in[system]
    if asked.partner is None or policy == "park":
        return
    there = ever_stored(world, PEOPLE, system.other)
    assert is_away(world, (system.other, asked.partner)), ("the partner is left", asked)
    fate = there[asked.partner].fate
    # A Contact with a partner of its own was somebody's before.
    if fate.kind == "converted" and not world.ledger.pair_of(PEOPLE, system.other, fate.into or ""):
        assert fate.into is None or is_away(world, (system.other, fate.into)), (
            "the Contact",
            asked,
        )


def is_away(world: World, place: Place) -> bool:
    """Whether this record is gone for good, or in the bin where the mapping says no more than that."""
    system, record_id = place
    if world.mapping.when_erased_in[system.other] == "erase":
        return record_id not in stored(world, PEOPLE, system)
    is_live = record_id in live(world, PEOPLE, system)
    return not is_live or place in world.taken_out


def nobody_is_made_anew(world: World, one: Forgotten) -> None:
    """Whoever signs up again stays where they did: nobody is born with such a name or for such a record."""
    for system in System:
        for record_id, record in stored(world, PEOPLE, system).items():
            source = born_of(system, record)
            if source is None or birth(record) < one.at:
                continue
            name = str(record.history["email"][0].value).lower()
            assert name not in one.addresses, ("came back", system, record_id, one)
            assert (system.other, source) not in one.places, ("came back", system, record_id, one)


def nothing_is_on_file(world: World) -> None:
    """No table holds an id, an address or a value that was theirs alone."""
    gone = [
        traces(world, system, record_id)
        for one in world.forgotten
        for system, record_id in one.places
        if record_id in erased(world, PEOPLE, system)
    ]
    if not gone:
        return
    on_file = words_on_file(world)
    told = (set().union(*gone) - set(others(world))) & on_file.keys()
    assert not told, ("on file", {word: on_file[word] for word in told})


def traces(world: World, system: System, record_id: str) -> set[str]:
    """The words by which a record that was erased can be told."""
    return {record_id.casefold(), *own_words(erased(world, PEOPLE, system)[record_id])}


def own_words(one: Stored) -> Iterator[str]:
    for name in OWN:
        for version in one.history.get(name, ()):
            yield from WORD.findall(str(version.value or "").casefold())


def others(world: World) -> Iterator[str]:
    """Every word of everybody who was not erased, and how the other system keeps it; and of whoever vanished
    without a word, who may be there again as far as the ledger knows (the address is that of the partner).
    """
    for mapping in LINES:
        for system in System:
            gone = erased(world, mapping, system)
            lost = {i: gone[i] for i in not_visible(world, mapping, system) if i in gone}
            for record_id, one in {**stored(world, mapping, system), **lost}.items():
                yield record_id.casefold()
                for versions in one.history.values():
                    for version in versions:
                        for word in WORD.findall(str(version.value or "").casefold()):
                            yield from {word, word[:CUT]}


def words_on_file(world: World) -> dict[str, str]:
    """Every word in the ledger, and a table that holds it."""
    found: dict[str, str] = {}
    with world.ledger._look() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()):
                for cell in row:
                    text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
                    found |= dict.fromkeys(WORD.findall(text.casefold()), table.name)
    return found
