"""Puts what a batch changed on file: sums, counts of days, days on the website, and whose scores changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, select, tuple_

from database.room import slices
from intent.decay import NOTHING, State
from intent.model import Millis
from intent.store.counting import Counts, Place, Tally, Visit, worth
from intent.store.tables import counted, daily, site_day, state, touched, visit
from intent.store.upserts import inserting, put_rows

# Workers whose shares of the people are disjoint count the days of the site in rows of their own.
SITE_SLOTS = 64
# Keys of several columns per statement: below every database's limit of bound values.
KEYS_AT_ONCE = 250


def put_tally(connection: Connection, tally: Tally) -> None:
    """Add what changed to the sums and days on file. The trails are locked."""
    standing = _standing(connection, list(tally.sums))
    put_rows(
        connection,
        state,
        [
            {**place._asdict(), **tally.merged(place, standing.get(place, NOTHING))._asdict()}
            for place in sorted(tally.sums)
        ],
    )
    put_rows(
        connection,
        daily,
        [{**place._asdict(), **tally.days[place]._asdict()} for place in sorted(tally.days)],
        adding=("times", "glances", "weighed", "own"),
    )


def _standing(connection: Connection, places: Sequence[Place]) -> dict[Place, State]:
    found: dict[Place, State] = {}
    for some in slices(places, KEYS_AT_ONCE):
        rows = connection.execute(
            select(state).where(
                state.c.trail_id.in_({place.trail_id for place in some}),
                state.c.topic.in_({place.topic for place in some}),
                state.c.family.in_({place.family for place in some}),
            )
        )
        for row in rows:
            place = Place(row.trail_id, row.since, row.topic, row.family)
            found[place] = State(row.value, row.at)
    return found


def put_counted(
    connection: Connection, tally: Tally, taken: Iterable[Counts], dropped: Iterable[Counts]
) -> None:
    """Evidence comes and goes, and the tally knows of it."""
    out = list(dropped)
    for some in slices(out, KEYS_AT_ONCE):
        keys = [(one.seen.trail_id, one.seen.at, one.seen.id) for one in some]
        connection.execute(
            delete(counted).where(tuple_(counted.c.trail_id, counted.c.at, counted.c.id).in_(keys))
        )
    for one in out:
        tally.put(one, -1)
    rows = []
    for one in taken:
        tally.put(one)
        rows.append(
            {
                "trail_id": one.seen.trail_id,
                "at": one.seen.at,
                "id": one.seen.id,
                "points": worth(tally.definition, one.seen),
                "slot": one.slot,
            }
        )
    if rows:
        connection.execute(counted.insert(), rows)


def put_visits(connection: Connection, visits: Iterable[Visit]) -> None:
    """Days on the website as they are now."""
    put_rows(connection, visit, [one._asdict() for one in sorted(visits, key=lambda v: v[:2])])


def count_site_days(connection: Connection, visitors: Mapping[tuple[int, int], int]) -> None:
    """More (or fewer) trails were on the website, by trail and day."""
    rows: dict[tuple[int, int], int] = {}
    for (trail_id, day), change in visitors.items():
        key = day, trail_id % SITE_SLOTS
        rows[key] = rows.get(key, 0) + change
    put_rows(
        connection,
        site_day,
        [{"day": d, "slot": s, "visitors": n} for (d, s), n in sorted(rows.items()) if n],
        adding=("visitors",),
    )


def touch(connection: Connection, subjects: Iterable[str], now: Millis) -> None:
    """The scores of these subjects changed. Who looks at them right now has to look again."""
    rows = [
        {"subject": one, "at": now, "taken_until": None} for one in sorted(set(subjects), key=order)
    ]
    if not rows:
        return
    statement = inserting(connection, touched)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject"],
            set_={"at": statement.excluded.at, "taken_until": None},
            where=touched.c.taken_until.is_not(None),
        ),
        rows,
    )


def order(subject: str) -> tuple[bool, str]:
    """The order in which touched subjects are locked: accounts last, since they follow from the others."""
    return subject.startswith("account:"), subject


def visits_on(
    connection: Connection, keys: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Visit]:
    """The days on the website that are on file, by trail and day."""
    found: dict[tuple[int, int], Visit] = {}
    for some in slices(list(keys)):
        rows = connection.execute(
            select(visit).where(
                visit.c.trail_id.in_({trail_id for trail_id, _ in some}),
                visit.c.day.in_({day for _, day in some}),
            )
        )
        found |= {(row.trail_id, row.day): Visit(*row) for row in rows}
    return found


def neighbours(
    connection: Connection, keys: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[Millis | None, int | None]]:
    """For these days of trails: when somebody was last there before, and the next day they came."""
    before, after = visit.alias(), visit.alias()
    last_before = (
        select(before.c.last_at)
        .where(before.c.trail_id == visit.c.trail_id, before.c.day < visit.c.day)
        .order_by(before.c.day.desc())
        .limit(1)
        .scalar_subquery()
    )
    next_day = (
        select(after.c.day)
        .where(after.c.trail_id == visit.c.trail_id, after.c.day > visit.c.day)
        .order_by(after.c.day)
        .limit(1)
        .scalar_subquery()
    )
    found: dict[tuple[int, int], tuple[Millis | None, int | None]] = {}
    for some in slices(list(keys)):
        rows = connection.execute(
            select(visit.c.trail_id, visit.c.day, last_before, next_day).where(
                visit.c.trail_id.in_({trail_id for trail_id, _ in some}),
                visit.c.day.in_({day for _, day in some}),
            )
        )
        found |= {(row[0], row[1]): (row[2], row[3]) for row in rows}
    return found
