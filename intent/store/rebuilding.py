"""Sums of another definition, and events that are taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from intent.definition import Definition
from intent.model import BY_HAND, Discard, millis
from intent.store.base import IN_FORCE, REBUILDING, IntentRoom, hold_definition, put_fact, read_fact
from intent.store.judgements import judgement, may_be_taken_out
from intent.store.recounting import recount
from intent.store.rows import among
from intent.store.sums import touch
from intent.store.tables import counted, event, state, trail, waiting
from intent.store.trails import lock_trails

# Trails per transaction of a rebuild.
TRAILS_AT_ONCE = 200


class Rebuilding(IntentRoom):
    """Counts anew."""

    def retract(
        self, event_ids: Sequence[str], why: Discard, definition: Definition, by: str = BY_HAND
    ) -> int:
        """Take events out of the scores: a crawler was told late. Answers how many counted before."""
        with self._begin() as connection:
            hold_definition(connection, definition)
            rows = connection.execute(
                select(event.c.id, event.c.trail_id).where(
                    among(connection, event.c.event_id, event_ids), may_be_taken_out(by)
                )
            )
            ids: dict[int, int] = {row.id: row.trail_id for row in rows}
            # Whoever scores one of these right now is waited for, before any trail is locked.
            connection.execute(delete(waiting).where(among(connection, waiting.c.id, ids)))
            held = lock_trails(connection, ids.values())
            before = _counting(connection, ids)
            theirs = among(connection, event.c.id, ids)
            connection.execute(update(event).where(theirs).values(discard=judgement(why, by)))
            recount(connection, definition, held)
            # Before everybody else who was touched: what was told of them is wrong.
            touch(connection, {owner for one in held.values() for owner in one.owners}, 0)
        return before

    def rebuild(
        self,
        definition: Definition,
        now: datetime,
        progress: Callable[[int], object] = lambda _trails: None,
    ) -> int:
        """Make the states of a new definition out of events and daily sums; answers how many states."""
        with self._begin() as connection:
            found = read_fact(connection, REBUILDING) or ""
            hash_, _, place = found.rpartition(":")
            done = int(place) if hash_ == definition.hash else 0
            put_fact(connection, REBUILDING, f"{definition.hash}:{done}")
        with self._begin() as connection:
            put_fact(connection, IN_FORCE, "")  # waits for those who score right now
        while more := self._rebuild_some(definition, done):
            done = more[-1]
            progress(len(more))
        with self._begin() as connection:
            put_fact(connection, IN_FORCE, definition.hash)
            put_fact(connection, REBUILDING, "")
            owners = list(connection.scalars(select(trail.c.owner).distinct()))
            touch(connection, owners, millis(now))
            return connection.scalar(select(func.count()).select_from(state)) or 0

    def _rebuild_some(self, definition: Definition, done: int) -> list[int]:
        """The next trails, in the order of their ids; none after all of them."""
        with self._begin() as connection:
            wanted = select(trail.c.id).where(trail.c.id > done).order_by(trail.c.id)
            ids = list(connection.scalars(wanted.limit(TRAILS_AT_ONCE)))
            if ids:
                recount(connection, definition, lock_trails(connection, ids))
                put_fact(connection, REBUILDING, f"{definition.hash}:{ids[-1]}")
            return ids


def _counting(connection: Connection, ids: Iterable[int]) -> int:
    """How many of these events count."""
    same = (
        (counted.c.id == event.c.id)
        & (counted.c.trail_id == event.c.trail_id)
        & (counted.c.at == event.c.at)
    )
    counts = select(func.count()).select_from(event.join(counted, same))
    return connection.scalar(counts.where(among(connection, event.c.id, ids))) or 0
