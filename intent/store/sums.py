"""Puts what a batch changed on file: sums, counts of days, days on the website, and whose scores changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    FromClause,
    Table,
    and_,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.sql import ColumnElement

from intent.decay import NOTHING, State
from intent.model import Millis
from intent.store.counting import Counts, DayCount, DayPlace, Place, Tally, Visit, worth
from intent.store.rows import among, given, insert_rows, put_new_rows, put_rows
from intent.store.tables import counted, daily, site_day, state, touched, visit

# Workers whose shares of the people are disjoint count the days of the site in rows of their own.
SITE_SLOTS = 64
DayOfTrail: TypeAlias = tuple[int, int]


def put_tally(connection: Connection, tally: Tally) -> None:
    """Add what changed to the sums and days on file. The trails are locked."""
    standing = _standing(connection, list(tally.sums))
    put_rows(
        connection,
        state,
        (*Place._fields, *State._fields),
        [
            (*place, *tally.merged(place, standing.get(place, NOTHING)))
            for place in sorted(tally.sums)
        ],
    )
    put_rows(
        connection,
        daily,
        (*DayPlace._fields, *DayCount._fields),
        [(*place, *tally.days[place]) for place in sorted(tally.days)],
        adding=DayCount._fields,
    )


def _standing(connection: Connection, places: Sequence[Place]) -> dict[Place, State]:
    asked = given(connection, key_of(state), places)
    rows = connection.execute(
        select(*key_of(state), state.c.value, state.c.at).join(asked, same_key(state, asked))
    )
    return {Place(*row[:4]): State(row[4], row[5]) for row in rows}


def key_of(table: Table) -> list[Column[Any]]:
    """The columns of a table's primary key."""
    return list(table.primary_key)


def same_key(table: Table, asked: FromClause) -> ColumnElement[bool]:
    """A row of the table is one of those that are asked for."""
    return and_(*(column == asked.c[column.name] for column in table.primary_key))


def put_counted(
    connection: Connection, tally: Tally, taken: Iterable[Counts], dropped: Iterable[Counts]
) -> None:
    """Evidence comes and goes, and the tally knows of it."""
    out = list(dropped)
    if out:
        connection.execute(
            delete(counted).where(
                counted.c.trail_id == bindparam("of_trail"),
                counted.c.at == bindparam("then"),
                counted.c.id == bindparam("of_event"),
            ),
            [
                {"of_trail": one.seen.trail_id, "then": one.seen.at, "of_event": one.seen.id}
                for one in out
            ],
        )
    for one in out:
        tally.put(one, -1)
    rows = []
    for one in taken:
        tally.put(one)
        seen = one.seen
        rows.append((seen.trail_id, seen.at, seen.id, worth(tally.definition, seen), one.slot))
    insert_rows(connection, counted, ("trail_id", "at", "id", "points", "slot"), sorted(rows))


def put_visits(connection: Connection, visits: Iterable[Visit]) -> None:
    """Days on the website as they are now."""
    rows: list[Visit] = sorted(visits, key=lambda one: (one.trail_id, one.day))
    put_rows(connection, visit, Visit._fields, rows)


def count_site_days(connection: Connection, visitors: Mapping[DayOfTrail, int]) -> None:
    """More (or fewer) trails were on the website, by trail and day."""
    rows: dict[tuple[int, int], int] = {}
    for (trail_id, day), change in visitors.items():
        key = day, trail_id % SITE_SLOTS
        rows[key] = rows.get(key, 0) + change
    put_rows(
        connection,
        site_day,
        ("day", "slot", "visitors"),
        [(*key, change) for key, change in sorted(rows.items()) if change],
        adding=("visitors",),
    )


def touch(connection: Connection, subjects: Iterable[str], now: Millis) -> None:
    """The scores of these subjects changed. Who looks at them right now has to look again."""
    some = sorted(set(subjects), key=order)
    put_new_rows(connection, touched, ("subject", "at"), [(one, now) for one in some])
    connection.execute(
        update(touched)
        .where(among(connection, touched.c.subject, some), touched.c.taken_until.is_not(None))
        .values(at=now, taken_until=None)
    )


def order(subject: str) -> tuple[bool, str]:
    """The order in which touched subjects are locked: accounts last, since they follow from the others."""
    return subject.startswith("account:"), subject


def visits_on(connection: Connection, keys: Iterable[DayOfTrail]) -> dict[DayOfTrail, Visit]:
    """The days on the website that are on file, by trail and day."""
    asked = given(connection, key_of(visit), sorted(keys))
    rows = connection.execute(select(visit).join(asked, same_key(visit, asked)))
    return {(row.trail_id, row.day): Visit(*row) for row in rows}


def neighbours(
    connection: Connection, keys: Iterable[DayOfTrail]
) -> dict[DayOfTrail, tuple[Millis | None, int | None]]:
    """For these days of trails: when somebody was last there before, and the next day they came."""
    asked = given(connection, key_of(visit), sorted(keys))
    last_before = (
        select(visit.c.last_at)
        .where(visit.c.trail_id == asked.c.trail_id, visit.c.day < asked.c.day)
        .order_by(visit.c.day.desc())
        .limit(1)
        .scalar_subquery()
    )
    next_day = (
        select(visit.c.day)
        .where(visit.c.trail_id == asked.c.trail_id, visit.c.day > asked.c.day)
        .order_by(visit.c.day)
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(select(asked.c.trail_id, asked.c.day, last_before, next_day))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
