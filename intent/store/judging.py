"""What visitors did, all of it together, for whoever judges whether they were people: late, and in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, or_, select, update

from database.room import from_json
from intent.model import DAY, Event, Millis, millis, moment
from intent.port import Visits
from intent.store.base import IntentRoom, put_fact, read_fact
from intent.store.inbox import identity_of
from intent.store.judgements import judged
from intent.store.naming import names_in
from intent.store.rows import among, put_new_rows
from intent.store.tables import event, waiting

JUDGED = "judged"
# What belongs to one visit or one mail lies within so long.
AROUND: Millis = DAY
# Events of one visitor that are looked at together, and how many of them came before those to be judged.
MOST, BEFORE = 5_000, 1_500


class Place(NamedTuple):
    """Where an event stands among those of its trail."""

    at: Millis
    id: int


class Judging(IntentRoom):
    """Hands out visits that nobody has judged yet, in the order in which their events came in."""

    def unjudged(self, received_by: datetime, limit: int = 2_000) -> Visits:
        """What visitors did around events that had come in by then."""
        with self._look() as connection:
            after = int(read_fact(connection, JUDGED) or 0)
            wanted = select(
                event.c.id, event.c.event_id, event.c.trail_id, event.c.at, event.c.received_at
            )
            rows = connection.execute(
                wanted.where(event.c.id > after).order_by(event.c.id).limit(limit)
            ).all()
            ripe = list(takewhile(lambda row: row.received_at <= millis(received_by), rows))
            fresh: dict[int, list[Place]] = defaultdict(list)
            for row in ripe:
                fresh[row.trail_id].append(Place(row.at, row.id))
            visitors = tuple(
                part
                for trail_id, places in fresh.items()
                for part in _parts(connection, trail_id, sorted(places))
            )
        return Visits(
            visitors, ripe[-1].id if ripe else after, frozenset(row.event_id for row in ripe)
        )

    def judged(self, up_to: int) -> None:
        """Events up to this one are judged; 0 has all of them judged again, by other rules."""
        with self._begin() as connection:
            put_fact(connection, JUDGED, str(up_to))

    def lift(self, event_ids: Collection[str]) -> int:
        """Events that did not count are scored like new ones from now on. Answers how many these were."""
        with self._begin() as connection:
            theirs = among(connection, event.c.event_id, event_ids) & event.c.discard.is_not(None)
            rows = connection.execute(
                select(event.c.id, event.c.trail_id, event.c.identity)
                .where(theirs)
                .order_by(event.c.id)
                .with_for_update()
            ).all()
            ids = [row.id for row in rows]
            connection.execute(
                update(event).where(among(connection, event.c.id, ids)).values(discard=None)
            )
            waits = [
                (
                    row.id,
                    row.trail_id,
                    len(names_in(identity_of(row.identity), self._account_of)) > 1,
                )
                for row in rows
            ]
            put_new_rows(connection, waiting, ("id", "trail_id", "named"), waits)
        return len(rows)


def _parts(
    connection: Connection, trail_id: int, places: Sequence[Place]
) -> Iterator[tuple[Event, ...]]:
    """All that somebody did around these events, in parts of bounded size: each event is in one of them,
    with what came before it."""
    theirs = select(event).where(event.c.trail_id == trail_id)
    left = list(places)
    while left:
        first, last = left[0], left[-1]
        earlier = connection.execute(
            theirs.where(
                event.c.at.between(first.at - AROUND, first.at),
                or_(event.c.at < first.at, event.c.id < first.id),
            )
            .order_by(event.c.at.desc(), event.c.id.desc())
            .limit(BEFORE)
        ).all()
        later = connection.execute(
            theirs.where(
                event.c.at.between(first.at, last.at + AROUND),
                or_(event.c.at > first.at, event.c.id >= first.id),
            )
            .order_by(event.c.at, event.c.id)
            .limit(MOST)
        ).all()
        yield tuple(_event_of(row) for row in (*reversed(earlier), *later))
        # Whoever is forgotten right now has no event any more.
        read = {row.id for row in later} | {first.id}
        left = [one for one in left if one.id not in read]


def _event_of(row: Row[Any]) -> Event:
    discard, by = judged(row.discard)
    return Event(
        event_id=row.event_id,
        type=row.type,
        occurred_at=moment(row.at),
        received_at=moment(row.received_at),
        told_at=moment(row.told_at),
        identity=identity_of(row.identity),
        source=row.source,
        basis=row.basis,
        url=row.url,
        page=row.page,
        title=row.title,
        topic=row.topic,
        points=row.points,
        session=row.session,
        glance=row.glance,
        discard=discard,
        judged_by=by,
        properties=from_json(row.properties) or {},
    )
