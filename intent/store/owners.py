"""Lets whose trail is whose follow from the bonds on file, and the sums from that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from secrets import token_hex

from sqlalchemy import Connection, bindparam, delete, update

from intent.definition import Definition
from intent.model import Millis
from intent.store.bonds import Pair, pairs_with, said_about
from intent.store.holding import Naming, Turn, groups, people_of, plan_of
from intent.store.naming import COMPANIES, COOKIES, SOMEBODY
from intent.store.recounting import recount
from intent.store.rows import among, insert_rows, put_rows
from intent.store.sums import touch
from intent.store.tables import card, fact, surge, touched, trail, turn
from intent.store.trails import Held, held_by_id, held_by_owner, lock_trails

# Where it stands who somebody is by now, until whoever knew them by their key has heard of it.
MOVED = "moved:"


def settle_owners(
    connection: Connection,
    ids: Iterable[int],
    definition: Definition,
    now: Millis,
    newborn: Collection[int] = (),
) -> None:
    """Whose these trails are now, and those that belong with them. Who is who is locked.

    `newborn` trails are put on file by whoever asks: nobody knows their owners yet.
    """
    if split := change_owners(connection, ids, now, newborn):
        recount(connection, definition, split)


def change_owners(
    connection: Connection,
    ids: Iterable[int],
    now: Millis,
    newborn: Collection[int] = (),
    *,
    is_quiet: bool = False,
) -> dict[int, Held]:
    """The same without a definition; answers the trails whose sums are to be counted anew by one.

    `is_quiet`: where no other trail changes hands than newborn ones, nobody has to be looked at for it.
    """
    held = _concerned(connection, ids)
    plans = _plans(connection, held)
    changed = {number: plan for number, plan in plans.items() if plan != held[number].turns}
    if not changed:
        return {}
    # Before anything is written, in one go: the same order as everybody's.
    lock_trails(connection, changed)
    _put_turns(connection, changed)
    new = {number: held[number]._replace(turns=plan) for number, plan in changed.items()}
    if is_quiet and changed.keys() <= {*newborn}:
        return {}
    before = [held[number] for number in changed]
    left = _tell(connection, before, new, now)
    _note_moves(connection, [one for one in before if one.id not in newborn], new, left)
    return {n: one for n, one in new.items() if _times(one) != _times(held[n])}


def _concerned(connection: Connection, ids: Iterable[int]) -> dict[int, Held]:
    """The trails themselves, the cookies bonded with them, and everything of the same people."""
    held = held_by_id(connection, ids)
    around = {number for pair in pairs_with(connection, held) for number in pair}
    beside = held_by_id(connection, around - set(held))
    held |= {n: one for n, one in beside.items() if one.name.kind in COOKIES}
    owners = {owner for one in held.values() for owner in one.owners}
    return held | held_by_owner(connection, owners)


def _plans(connection: Connection, held: Mapping[int, Held]) -> dict[int, tuple[Turn, ...]]:
    sure = {n: one for n, one in held.items() if one.name.kind not in COOKIES}
    pairs = pairs_with(connection, sure)
    owners = _people(sure, pairs) | _companies(sure, pairs)
    plans: dict[int, tuple[Turn, ...]] = {n: ((0, owner),) for n, owner in owners.items()}
    return plans | _cookies(connection, held, owners)


def _people(held: Mapping[int, Held], pairs: Iterable[Pair]) -> dict[int, str]:
    people = {n: one.owner for n, one in held.items() if one.name.kind in SOMEBODY}
    return people_of(groups(people, pairs), people, lambda: f"person:{token_hex(8)}")


def _companies(held: Mapping[int, Held], pairs: Iterable[Pair]) -> dict[int, str]:
    """Domains of one corporate number are one account, known by the first of them in the alphabet."""
    companies = {n: one.name for n, one in held.items() if one.name.kind in COMPANIES}
    found: dict[int, str] = {}
    for group in groups(companies, pairs):
        known = min(
            (companies[n] for n in group), key=lambda name: (COMPANIES.index(name.kind), name)
        )
        found |= dict.fromkeys(group, f"account:{known.value}")
    return found


def _cookies(
    connection: Connection, held: Mapping[int, Held], owners: Mapping[int, str]
) -> dict[int, tuple[Turn, ...]]:
    """The turns of the cookies among these trails, given whose the others are."""
    cookies = {n: one for n, one in held.items() if one.name.kind in COOKIES}
    beside: dict[int, set[int]] = {number: {number} for number in cookies}
    pairs = pairs_with(connection, cookies)
    others = held_by_id(connection, {n for pair in pairs for n in pair} - set(owners))
    for left, right in pairs:
        for one, other in ((left, right), (right, left)):
            if one in cookies and other in others and others[other].name.kind in COOKIES:
                beside[one].add(other)
    namings = _namings(connection, {n for some in beside.values() for n in some}, owners)
    return {
        number: plan_of(
            (naming for one in some for naming in namings.get(one, ())),
            f"visitor:{cookies[number].name.value}",
        )
        for number, some in beside.items()
    }


def _namings(
    connection: Connection, cookies: Iterable[int], owners: Mapping[int, str]
) -> dict[int, list[Naming]]:
    said = said_about(connection, cookies)
    sure = {
        number: (one.name.text, owners.get(number, one.owner))
        for number, one in held_by_id(connection, {pair[1] for pair, _ in said}).items()
        if one.name.kind in SOMEBODY
    }
    found: dict[int, list[Naming]] = {}
    for (cookie, other), at in said:
        if other in sure:
            found.setdefault(cookie, []).append(Naming(at, *sure[other]))
    return found


def _times(one: Held) -> list[Millis]:
    return [since for since, _ in one.turns]


def _put_turns(connection: Connection, plans: Mapping[int, tuple[Turn, ...]]) -> None:
    connection.execute(
        update(trail).where(trail.c.id == bindparam("of_trail")).values(owner=bindparam("to")),
        [{"of_trail": number, "to": plan[0][1]} for number, plan in sorted(plans.items())],
    )
    connection.execute(delete(turn).where(among(connection, turn.c.trail_id, plans)))
    rows = [(number, *one) for number, plan in sorted(plans.items()) for one in plan[1:]]
    insert_rows(connection, turn, ("trail_id", "since", "owner"), rows)


def _note_moves(
    connection: Connection, before: Iterable[Held], after: Mapping[int, Held], gone: set[str]
) -> None:
    """Who each person is by now who is nobody any more: other ledgers know people by these keys, too."""
    moves = {
        f"{MOVED}{old}": after[one.id].owner
        for one in before
        if one.name.kind in SOMEBODY
        for old in one.owners & gone
    }
    put_rows(connection, fact, ("name", "value"), sorted(moves.items()))


def _tell(
    connection: Connection, before: Iterable[Held], after: Mapping[int, Held], now: Millis
) -> set[str]:
    """Everybody concerned is looked at again; whoever is nobody any more leaves no card behind, and is
    answered.
    """
    old = {owner for one in before for owner in one.owners}
    new = {owner for one in after.values() for owner in one.owners}
    accounts = {f"account:{one.claim.account}" for one in after.values() if one.claim}
    left = old - new
    still = {o for one in held_by_owner(connection, left).values() for o in one.owners}
    for table in (card, surge, touched):
        connection.execute(delete(table).where(among(connection, table.c.subject, left - still)))
    touch(connection, new | (left & still) | accounts, now)
    return left - still
