"""What visitors did, all of it together, for whoever judges whether they were people: late, and in turn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Row, select

from database.room import from_json
from intent.model import DAY, Event, Millis, millis, moment
from intent.port import Visits
from intent.store.base import IntentRoom, put_fact, read_fact
from intent.store.inbox import identity_of
from intent.store.tables import event

JUDGED = "judged"
# What belongs to one visit or one mail lies within so long.
AROUND: Millis = DAY
# Events of one visitor that are looked at: enough to tell a machine.
MOST = 5_000


class Judging(IntentRoom):
    """Hands out visits that nobody has judged yet, in the order in which their events came in."""

    def unjudged(self, received_by: datetime, limit: int = 2_000) -> Visits:
        """Everything that visitors did around events that had come in by then."""
        with self._look() as connection:
            after = int(read_fact(connection, JUDGED) or 0)
            wanted = select(event.c.id, event.c.trail_id, event.c.at, event.c.received_at)
            rows = connection.execute(
                wanted.where(event.c.id > after).order_by(event.c.id).limit(limit)
            ).all()
            ripe = list(takewhile(lambda row: row.received_at <= millis(received_by), rows))
            begin: dict[int, Millis] = {}
            for row in ripe:
                begin[row.trail_id] = min(row.at, begin.get(row.trail_id, row.at))
            visitors = tuple(_visit(connection, begin))
        return Visits(visitors, ripe[-1].id if ripe else after)

    def judged(self, up_to: int) -> None:
        """Events up to this one are judged; 0 has all of them judged again, by other rules."""
        with self._begin() as connection:
            put_fact(connection, JUDGED, str(up_to))


def _visit(connection: Connection, begin: Mapping[int, Millis]) -> list[tuple[Event, ...]]:
    return [
        tuple(
            _event_of(row)
            for row in connection.execute(
                select(event)
                .where(event.c.trail_id == trail_id, event.c.at >= at - AROUND)
                .order_by(event.c.at)
                .limit(MOST)
            )
        )
        for trail_id, at in begin.items()
    ]


def _event_of(row: Row[Any]) -> Event:
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
        discard=row.discard,
        properties=from_json(row.properties) or {},
    )
