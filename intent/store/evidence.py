"""What counted for people and accounts, newest first: of many in few statements, never more than is asked.

Few trails are read each from its end, since the newest of one stand there; those of a large account together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select
from sqlalchemy.sql import ColumnElement

from intent.definition import Definition
from intent.model import UNKNOWN, Contribution, Millis
from intent.store.counting import RETURN_VISIT
from intent.store.rows import among
from intent.store.tables import counted, event, trail, visit
from intent.store.trails import Held

FEW = 20


def newest_of(
    connection: Connection,
    definition: Definition,
    held: Mapping[int, Held],
    owners_of: Mapping[str, Collection[str]],
    since: Millis,
    limit: int,
) -> dict[str, list[Contribution]]:
    """What counted for each of these, given who it stands for: itself, and the members of an account.

    `held` are the trails of all of them.
    """
    found: dict[str, list[Contribution]] = {one: [] for one in owners_of}
    alone: dict[int, list[str]] = {}
    by_owner: dict[str, list[int]] = {}
    for number, one in held.items():
        for owner in one.owners:
            by_owner.setdefault(owner, []).append(number)
    for name, owners in owners_of.items():
        theirs = {n: held[n] for owner in owners for n in by_owner.get(owner, ())}
        if len(theirs) > FEW:
            found[name] += _among(connection, definition, theirs, owners, since, limit)
            continue
        for number, one in theirs.items():
            if len(one.turns) == 1:
                alone.setdefault(number, []).append(name)
            else:
                found[name] += _among(connection, definition, {number: one}, owners, since, limit)
    for number, new in _of_each(connection, definition, alone, since, limit):
        for name in alone[number]:
            found[name].append(new)
    return {
        name: sorted(some, key=lambda one: (-one.at, one.event_id))[:limit]
        for name, some in found.items()
    }


def _of_each(
    connection: Connection,
    definition: Definition,
    ids: Collection[int],
    since: Millis,
    limit: int,
) -> Iterator[tuple[int, Contribution]]:
    """The newest of each of these trails, which had one owner always."""
    if not ids:
        return
    other = counted.alias("other")
    # The time of the last one that is wanted; older ones are not read.
    last = (
        select(other.c.at)
        .where(other.c.trail_id == trail.c.id)
        .order_by(other.c.at.desc())
        .offset(limit - 1)
        .limit(1)
        .scalar_subquery()
    )
    events = _counted().join(trail, trail.c.id == counted.c.trail_id)
    rows = connection.execute(
        events.where(
            among(connection, trail.c.id, ids),
            counted.c.at >= since,
            counted.c.at >= func.coalesce(last, since),
        )
    )
    for row in rows:
        if (one := _event(definition, row)) is not None:
            yield row.of_trail, one
    theirs = among(connection, visit.c.trail_id, ids)
    rows = connection.execute(select(visit).where(theirs, visit.c.returned_at >= since))
    for row in rows:
        if (one := _return(definition, row)) is not None:
            yield row.trail_id, one


def _among(
    connection: Connection,
    definition: Definition,
    held: Mapping[int, Held],
    owners: Collection[str],
    since: Millis,
    limit: int,
) -> list[Contribution]:
    """The newest of all of these trails together, while they were in the hands of these owners."""
    theirs = _in_hand(connection, held, owners, counted.c.trail_id, counted.c.at)
    wanted = _counted().where(theirs, counted.c.at >= since)
    rows = connection.execute(wanted.order_by(counted.c.at.desc()).limit(limit))
    found = [_event(definition, row) for row in rows]
    theirs = _in_hand(connection, held, owners, visit.c.trail_id, visit.c.returned_at)
    back = select(visit).where(theirs, visit.c.returned_at >= since)
    rows = connection.execute(back.order_by(visit.c.day.desc()).limit(limit))
    found += [_return(definition, row) for row in rows]
    return [one for one in found if one is not None]


def _counted() -> Select[Any]:
    return select(
        event, counted.c.points.label("worth"), counted.c.trail_id.label("of_trail")
    ).select_from(counted.join(event, event.c.id == counted.c.id))


def _in_hand(
    connection: Connection,
    held: Mapping[int, Held],
    owners: Collection[str],
    trail_id: Any,
    at: Any,
) -> ColumnElement[bool]:
    """What happened while these trails were in the hands of these owners."""
    whole = [number for number, one in held.items() if one.owners <= {*owners}]
    condition = trail_id == whole[0] if len(whole) == 1 else among(connection, trail_id, whole)
    for number, one in held.items():
        if number in whole:
            continue
        ends = [since for since, _ in one.turns[1:]] + [None]
        for (since, owner), end in zip(one.turns, ends, strict=True):
            if owner in owners:
                turn = (trail_id == number) & (at >= since)
                condition = condition | (turn if end is None else turn & (at < end))
    return condition


def _event(definition: Definition, row: Row[Any]) -> Contribution | None:
    family = definition.family_of(row.type)
    if family is None:
        return None
    return Contribution(
        row.event_id, row.type, family.name, row.topic, row.worth, row.at, row.page, row.title
    )


def _return(definition: Definition, row: Row[Any]) -> Contribution | None:
    kind, family = definition.kinds.get(RETURN_VISIT), definition.family_of(RETURN_VISIT)
    if kind is None or family is None:
        return None
    name = f"{RETURN_VISIT}:{row.trail_id}:{row.day}"
    return Contribution(name, RETURN_VISIT, family.name, UNKNOWN, kind.points, row.returned_at)
