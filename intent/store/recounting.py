"""Counts trails anew, out of their events and of what is still known of forgotten days.

This is what the sums mean; scoring event by event only gets there faster. It is asked where a set has
changed otherwise than by growing: events taken back, a cookie that changed hands, another definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, select

from intent.definition import Definition
from intent.model import DAY
from intent.store.base import forgotten_until
from intent.store.counting import (
    DayCount,
    DayPlace,
    Seen,
    Tally,
    Visit,
    candidates,
    returned,
    settle,
    visits_in,
)
from intent.store.rows import among
from intent.store.sums import count_site_days, put_counted, put_tally, put_visits
from intent.store.tables import counted, daily, event, state, visit, waiting
from intent.store.trails import Held, turns_of


def recount(connection: Connection, definition: Definition, held: Mapping[int, Held]) -> None:
    """Make the sums of these trails anew. They are locked; what waits is not counted yet."""
    tally = Tally(definition, turns_of(held.values()))
    horizon = forgotten_until(connection)
    ids = sorted(held)
    _count_forgotten_days(connection, tally, ids, horizon // DAY)
    for table in (counted, state, daily):
        connection.execute(delete(table).where(among(connection, table.c.trail_id, ids)))
    seen = _seen(connection, ids, horizon)
    taken, _ = settle(definition, [], candidates(definition, seen))
    put_counted(connection, tally, taken, [])
    _recount_visits(connection, tally, ids, seen, horizon // DAY)
    put_tally(connection, tally)


def _count_forgotten_days(
    connection: Connection, tally: Tally, ids: Iterable[int], until: int
) -> None:
    """Days that no event tells of any more stand as they are; whose they are is looked up anew."""
    rows = connection.execute(
        select(daily).where(among(connection, daily.c.trail_id, ids), daily.c.day < until)
    )
    for row in rows:
        place = DayPlace(row.trail_id, row.day, row.since, row.type, row.topic)
        tally.put_day(place, DayCount(row.times, row.glances, row.weighed, row.own))


def _seen(connection: Connection, ids: Iterable[int], since: int) -> list[Seen]:
    rows = connection.execute(
        select(*(event.c[name] for name in Seen._fields))
        .select_from(event.outerjoin(waiting, waiting.c.id == event.c.id))
        .where(
            among(connection, event.c.trail_id, ids),
            event.c.at >= since,
            event.c.discard.is_(None),
            waiting.c.id.is_(None),
        )
    )
    return [Seen(*row) for row in rows]


def _recount_visits(
    connection: Connection, tally: Tally, ids: Iterable[int], seen: Iterable[Seen], since: int
) -> None:
    last: dict[int, Visit] = {}
    before: set[tuple[int, int]] = set()
    theirs = among(connection, visit.c.trail_id, ids)
    for one in (Visit(*row) for row in connection.execute(select(visit).where(theirs))):
        if one.day >= since:
            before.add((one.trail_id, one.day))
        elif one.trail_id not in last or one.day > last[one.trail_id].day:
            last[one.trail_id] = one
    connection.execute(delete(visit).where(theirs, visit.c.day >= since))
    fresh = visits_in(seen)
    judged = []
    for key in sorted(fresh):
        earlier = last.get(key[0])
        one = returned(fresh[key], earlier.last_at if earlier else None)
        if one.returned_at is not None:
            tally.put_return(one.trail_id, one.returned_at)
        last[key[0]] = one
        judged.append(one)
    put_visits(connection, judged)
    count_site_days(
        connection,
        {key: (key in fresh) - (key in before) for key in before | set(fresh)},
    )
