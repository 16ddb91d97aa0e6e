"""Trails on file: found by name, made where they are new, locked in one order, with whose they are when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.sql import ColumnElement

from intent.model import Millis
from intent.store.counting import Turns
from intent.store.naming import (
    AccountOf,
    Claim,
    Named,
    claim_of_address,
    first_owner,
    named,
    subject_text,
)
from intent.store.rows import among, put_new_rows
from intent.store.tables import trail, turn

# An arbitrary number under which changes of who is who wait for each other.
WHO_IS_WHO = 0x6B616B66
NEW_TRAIL = ("name", "owner", "account", "rank", "account_at", "seen_at")


class Held(NamedTuple):
    """A trail as it was loaded. `turns` are (since, owner), the first one since 0."""

    id: int
    name: Named
    claim: Claim | None
    seen_at: Millis
    turns: tuple[tuple[Millis, str], ...]

    @property
    def owners(self) -> set[str]:
        """Whose trail it is or was, as texts of subjects."""
        return {owner for _, owner in self.turns}

    def owner_at(self, at: Millis) -> str:
        """Whose trail it was at an instant."""
        return next(owner for since, owner in reversed(self.turns) if since <= max(at, 0))

    @property
    def owner(self) -> str:
        """Whose trail it is now."""
        return self.turns[-1][1]


def turns_of(held: Iterable[Held]) -> Turns:
    """Where the sums of these trails are kept apart."""
    return Turns(
        {one.id: [since for since, _ in one.turns[1:]] for one in held if len(one.turns) > 1}
    )


def put_trails(
    connection: Connection, seen: Mapping[Named, Millis], account_of: AccountOf
) -> dict[Named, int]:
    """The ids of these trails, made where they are new. `seen` says when each was seen first.

    They cannot be erased until the transaction ends.
    """
    found = _ids_by_name(connection, seen, kept=True)
    fresh = sorted(name for name in seen if name not in found)
    if fresh:
        rows = [_new_row(name, seen[name], account_of) for name in fresh]
        put_new_rows(connection, trail, NEW_TRAIL, rows)
        found |= _ids_by_name(connection, fresh, kept=True)
    return found


def find_trails(connection: Connection, names: Iterable[Named]) -> dict[Named, int]:
    """The ids of those of these trails that are on file."""
    return _ids_by_name(connection, names, kept=False)


def _new_row(name: Named, seen_at: Millis, account_of: AccountOf) -> tuple[Any, ...]:
    claim = claim_of_address(name, account_of)
    owner = subject_text(first_owner(name, token_hex(8)))
    account, rank = (claim.account, claim.rank) if claim else (None, 0)
    return name.text, owner, account, rank, 0, seen_at


def _ids_by_name(connection: Connection, names: Iterable[Named], *, kept: bool) -> dict[Named, int]:
    texts = {name.text: name for name in names}
    wanted = select(trail.c.id, trail.c.name).where(among(connection, trail.c.name, texts))
    if kept:
        wanted = wanted.order_by(trail.c.id).with_for_update(read=True, key_share=True)
    return {texts[row.name]: row.id for row in connection.execute(wanted)}


def held_by_name(connection: Connection, names: Iterable[Named]) -> dict[Named, Held]:
    """The trails of these names that are on file."""
    found = _held(connection, among(connection, trail.c.name, [name.text for name in names]))
    return {one.name: one for one in found.values()}


def held_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Held]:
    """These trails, by id; those that are gone are left out."""
    return _held(connection, among(connection, trail.c.id, ids))


def held_by_owner(connection: Connection, owners: Iterable[str]) -> dict[int, Held]:
    """The trails that belong to these subjects, or did so for a turn."""
    texts = list(owners)
    ids = connection.scalars(
        select(turn.c.trail_id).where(among(connection, turn.c.owner, texts))
    ).all()
    found = _held(connection, among(connection, trail.c.owner, texts))
    return found | held_by_id(connection, ids) if ids else found


def lock_trails(
    connection: Connection, ids: Iterable[int], *, leaving: bool = False
) -> dict[int, Held]:
    """These trails, nobody else changing them until the transaction ends.

    In the order of their ids, so that two workers never wait for each other crosswise. `leaving`: they are
    to be deleted, and doors that bring new events of them wait too.
    """
    wanted = sorted(set(ids))
    if connection.dialect.name == "postgresql":
        connection.execute(
            select(trail.c.id)
            .where(among(connection, trail.c.id, wanted))
            .order_by(trail.c.id)
            .with_for_update(key_share=not leaving)
        )
    return held_by_id(connection, wanted)


def lock_who_is_who(connection: Connection) -> None:
    """Nobody else finds out who is who until the transaction ends. Ask before any trail is locked."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(WHO_IS_WHO)))


def _held(connection: Connection, condition: ColumnElement[bool]) -> dict[int, Held]:
    rows = connection.execute(select(trail).where(condition)).all()
    turns = _turns(connection, [row.id for row in rows if _may_turn(row.name)])
    return {
        row.id: Held(
            row.id,
            named(row.name),
            Claim(row.account, row.rank, row.account_at) if row.account else None,
            row.seen_at,
            ((0, row.owner), *turns.get(row.id, ())),
        )
        for row in rows
    }


def _may_turn(name: str) -> bool:
    return name.startswith(("visitor:", "hubspotutk:"))


def _turns(connection: Connection, ids: Sequence[int]) -> dict[int, list[tuple[Millis, str]]]:
    found: dict[int, list[tuple[Millis, str]]] = {}
    rows = connection.execute(
        select(turn)
        .where(among(connection, turn.c.trail_id, ids))
        .order_by(turn.c.trail_id, turn.c.since)
    )
    for row in rows:
        found.setdefault(row.trail_id, []).append((row.since, row.owner))
    return found


def put_claims(connection: Connection, claims: Mapping[int, Claim]) -> None:
    """Trails count for other accounts from now on."""
    if claims:
        connection.execute(
            update(trail)
            .where(trail.c.id == bindparam("of_trail"))
            .values(account=bindparam("to"), rank=bindparam("sure"), account_at=bindparam("said")),
            [
                {"of_trail": number, "to": one.account, "sure": one.rank, "said": one.at}
                for number, one in sorted(claims.items())
            ],
        )


def is_better(new: Claim, old: Claim | None) -> bool:
    """Whether a claim takes the place of another: the surer one does, then the later one."""
    return old is None or (new.rank, new.at, new.account) > (old.rank, old.at, old.account)
