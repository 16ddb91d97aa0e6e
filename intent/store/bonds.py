"""What events and people say about identifiers that belong together, and how it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, FromClause, and_, delete, func, select
from sqlalchemy.sql import ColumnElement

from intent.model import Identity, Millis
from intent.store.naming import COMPANIES, COOKIES, SURE, AccountOf, Named, names_in
from intent.store.rows import among, given, put_rows
from intent.store.tables import bond

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
    keys = {*bonds, *((*one.pair, ENDED) for one in bonds.values())}
    asked = given(connection, list(bond.primary_key), sorted(keys))
    rows = connection.execute(select(*bond.primary_key, bond.c.at).join(asked, _same_key(asked)))
    known: dict[tuple[int, int, int], Millis] = {(row[0], row[1], row[2]): row[3] for row in rows}
    return [
        one
        for key, one in sorted(bonds.items())
        if (key not in known or one.at < known[key])
        and one.at > known.get((*one.pair, ENDED), ENDED)
    ]


def put_bonds(connection: Connection, bonds: Sequence[Bond]) -> None:
    """Bonds as they are now."""
    put_rows(connection, bond, Bond._fields, bonds)


def end_bonds(connection: Connection, pairs: Iterable[Pair], now: Millis) -> None:
    """Take bonds back: what was said until now says nothing any more."""
    gone = sorted(set(pairs))
    for pair in gone:
        connection.execute(delete(bond).where(_of_pair(pair)))
    put_bonds(connection, [Bond(*pair, ENDED, now, 0.0, "unlinked") for pair in gone])


def allow_bonds(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Forget that these were taken back: somebody says again that they hold."""
    for pair in sorted(set(pairs)):
        connection.execute(delete(bond).where(_of_pair(pair), bond.c.slot == ENDED))


def pairs_with(connection: Connection, ids: Iterable[int]) -> set[Pair]:
    """The bonds of these trails with any other one."""
    some = list(ids)
    found: set[Pair] = set()
    for column in (bond.c.trail_id, bond.c.other_id):
        rows = connection.execute(
            select(bond.c.trail_id, bond.c.other_id)
            .where(among(connection, column, some), bond.c.slot != ENDED)
            .distinct()
        )
        found |= {(row[0], row[1]) for row in rows}
    return found


def said_about(connection: Connection, ids: Iterable[int]) -> list[tuple[Pair, Millis]]:
    """When these trails were named together with others, each hour's first time."""
    rows = connection.execute(
        select(bond.c.trail_id, bond.c.other_id, bond.c.at).where(
            among(connection, bond.c.trail_id, ids), bond.c.slot != ENDED
        )
    )
    return [((row[0], row[1]), row[2]) for row in rows]


def first_bonds(connection: Connection, ids: Iterable[int]) -> list[Bond]:
    """Each bond of these trails once, as it was said first."""
    first, sure, why = (
        func.min(bond.c.at),
        func.max(bond.c.confidence),
        func.min(bond.c.why),
    )
    rows = connection.execute(
        select(bond.c.trail_id, bond.c.other_id, first, sure, why)
        .where(among(connection, bond.c.trail_id, ids), bond.c.slot != ENDED)
        .group_by(bond.c.trail_id, bond.c.other_id)
    )
    return [Bond(row[0], row[1], 0, row[2], row[3], row[4]) for row in rows]


def _of_pair(pair: Pair) -> ColumnElement[bool]:
    return and_(bond.c.trail_id == pair[0], bond.c.other_id == pair[1])


def _same_key(asked: FromClause) -> ColumnElement[bool]:
    return and_(*(column == asked.c[column.name] for column in bond.primary_key))
