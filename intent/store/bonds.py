"""What events and people say about identifiers that belong together, and how it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, delete, func, or_, select, tuple_

from database.room import slices
from intent.model import Identity, Millis
from intent.store.naming import COMPANIES, COOKIES, SURE, AccountOf, Named, names_in
from intent.store.sums import KEYS_AT_ONCE
from intent.store.tables import bond
from intent.store.upserts import put_rows

HOUR: Millis = 3600 * 1000
# Where it stands that a bond was taken back.
ENDED = -1
Pair: TypeAlias = tuple[int, int]


class Said(NamedTuple):
    """That two identifiers were named together; `other` is the surer one."""

    name: Named
    other: Named
    at: Millis
    confidence: float
    why: str
    by_hand: bool = False


class Bond(NamedTuple):
    """The same between trails."""

    trail_id: int
    other_id: int
    slot: int
    at: Millis
    confidence: float
    why: str

    @property
    def pair(self) -> Pair:
        return self.trail_id, self.other_id


def said_in(identity: Identity, at: Millis, why: str, account_of: AccountOf) -> list[Said]:
    """What an event says: everybody belongs to the surest one, and two cookies to one browser."""
    names = names_in(identity, account_of)
    people = [name for name in names if name.kind not in COMPANIES]
    companies = [name for name in names if name.kind in COMPANIES]
    found = [Said(name, people[0], at, SURE[name.kind], why) for name in people[1:]]
    cookies = [name for name in people[1:] if name.kind in COOKIES]
    if len(cookies) > 1:
        found.append(Said(cookies[1], cookies[0], at, SURE[cookies[1].kind], why))
    found += [Said(name, companies[0], at, 1.0, why) for name in companies[1:]]
    return found


def bonds_of(said: Iterable[Said], ids: Mapping[Named, int]) -> dict[tuple[int, int, int], Bond]:
    """The earliest of each hour, by key."""
    found: dict[tuple[int, int, int], Bond] = {}
    for one in said:
        key = ids[one.name], ids[one.other], max(one.at, 0) // HOUR
        if key not in found or one.at < found[key].at:
            found[key] = Bond(*key, one.at, one.confidence, one.why)
    return found


def news_among(connection: Connection, bonds: Mapping[tuple[int, int, int], Bond]) -> list[Bond]:
    """Those that are not on file, and were not taken back after they were said."""
    known: dict[tuple[int, int, int], Millis] = {}
    for some in slices(list(bonds), KEYS_AT_ONCE):
        rows = connection.execute(
            select(bond.c.trail_id, bond.c.other_id, bond.c.slot, bond.c.at).where(
                bond.c.trail_id.in_({key[0] for key in some}),
                bond.c.slot.in_({ENDED, *(key[2] for key in some)}),
            )
        )
        known |= {(row[0], row[1], row[2]): row[3] for row in rows}
    return [
        one
        for key, one in sorted(bonds.items())
        if (key not in known or one.at < known[key])
        and one.at > known.get((*one.pair, ENDED), ENDED)
    ]


def put_bonds(connection: Connection, bonds: Sequence[Bond]) -> None:
    """Bonds as they are now."""
    put_rows(connection, bond, [one._asdict() for one in bonds])


def end_bonds(connection: Connection, pairs: Iterable[Pair], now: Millis) -> None:
    """Take bonds back: what was said until now says nothing any more."""
    gone = sorted(set(pairs))
    for some in slices(gone, KEYS_AT_ONCE):
        connection.execute(delete(bond).where(tuple_(bond.c.trail_id, bond.c.other_id).in_(some)))
    put_bonds(connection, [Bond(*pair, ENDED, now, 0.0, "unlinked") for pair in gone])


def allow_bonds(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Forget that these were taken back: somebody says again that they hold."""
    for some in slices(sorted(set(pairs)), KEYS_AT_ONCE):
        connection.execute(
            delete(bond).where(
                tuple_(bond.c.trail_id, bond.c.other_id).in_(some), bond.c.slot == ENDED
            )
        )


def pairs_with(connection: Connection, ids: Iterable[int]) -> set[Pair]:
    """The bonds of these trails with any other one."""
    found: set[Pair] = set()
    for some in slices(sorted(set(ids)), KEYS_AT_ONCE):
        rows = connection.execute(
            select(bond.c.trail_id, bond.c.other_id)
            .where(or_(bond.c.trail_id.in_(some), bond.c.other_id.in_(some)), bond.c.slot != ENDED)
            .distinct()
        )
        found |= {(row[0], row[1]) for row in rows}
    return found


def said_about(connection: Connection, ids: Iterable[int]) -> list[tuple[Pair, Millis]]:
    """When these trails were named together with others, each hour's first time."""
    found: list[tuple[Pair, Millis]] = []
    for some in slices(sorted(set(ids))):
        rows = connection.execute(
            select(bond.c.trail_id, bond.c.other_id, bond.c.at).where(
                bond.c.trail_id.in_(some), bond.c.slot != ENDED
            )
        )
        found += [((row[0], row[1]), row[2]) for row in rows]
    return found


def first_bonds(connection: Connection, ids: Iterable[int]) -> list[Bond]:
    """Each bond of these trails once, as it was said first."""
    first = func.min(bond.c.at)
    found: list[Bond] = []
    for some in slices(sorted(set(ids))):
        rows = connection.execute(
            select(
                bond.c.trail_id,
                bond.c.other_id,
                first,
                func.max(bond.c.confidence),
                func.min(bond.c.why),
            )
            .where(bond.c.trail_id.in_(some), bond.c.slot != ENDED)
            .group_by(bond.c.trail_id, bond.c.other_id)
        )
        found += [Bond(row[0], row[1], 0, row[2], row[3], row[4]) for row in rows]
    return found
