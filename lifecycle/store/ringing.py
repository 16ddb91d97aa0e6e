"""Clocks of the hand-off that run, and which of them are to be told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from database.room import utc
from intent.store.naming import subject_text
from intent.store.rows import among
from lifecycle.model import Subject
from lifecycle.port import Timer
from lifecycle.store.base import LifecycleRoom, family, home
from lifecycle.store.tables import timer
from lifecycle.store.values import timer_of, timer_row

KEYS = ("subject", "clock", "entry")
# Where times are the same.
ORDER = (timer.c.clock, timer.c.subject, timer.c.entry)


class Ringing(LifecycleRoom):
    """Timers; those of a merged subject keep the name and the entry that they began with."""

    def running(self, subject: Subject) -> Sequence[Timer]:
        """Timers of a subject that nobody has stopped, the one that is due first before the others."""
        return [one for one in self._of(subject, timer.c.due_at) if one.stopped_at is None]

    def timers(self, subject: Subject) -> Sequence[Timer]:
        """All timers of a subject, those that stopped too, in the order in which they began."""
        return self._of(subject, timer.c.started_at)

    def timers_due(self, since: datetime, until: datetime) -> Sequence[Timer]:
        """All timers that were or are due in a time, those that stopped too: `until` is not included."""
        with self._look() as connection:
            rows = connection.execute(
                select(timer)
                .where(timer.c.due_at >= utc(since), timer.c.due_at < utc(until))
                .order_by(timer.c.due_at, *ORDER)
            ).mappings()
            return [timer_of(row) for row in rows]

    def overdue(self, now: datetime, limit: int) -> Sequence[Timer]:
        """Timers that run and should have been stopped by now, longest overdue first."""
        return self._late(timer.c.due_at, now, limit)

    def due(self, now: datetime, limit: int) -> Sequence[Timer]:
        """Timers of which a step is to be told, longest overdue first."""
        return self._late(timer.c.next_at, now, limit)

    def _of(self, subject: Subject, by: Column[datetime]) -> list[Timer]:
        with self._look() as connection:
            names = family(connection, home(connection, subject_text(subject)))
            rows = connection.execute(
                select(timer).where(among(connection, timer.c.subject, names)).order_by(by, *ORDER)
            ).mappings()
            return [timer_of(row) for row in rows]

    def _late(self, by: Column[datetime], now: datetime, limit: int) -> list[Timer]:
        with self._look() as connection:
            rows = connection.execute(
                select(timer)
                .where(timer.c.stopped_at.is_(None), by <= utc(now))
                .order_by(by, *ORDER)
                .limit(limit)
            ).mappings()
            return [timer_of(row) for row in rows]

    def keep(self, timers: Sequence[Timer]) -> None:
        """Timers that start or stop without an entry: somebody was called, a system holds what it shall."""
        with self._begin() as connection:
            put_timers(connection, timers)

    def told(self, timer: Timer, step: int, next_at: datetime | None) -> None:
        """That a step of a timer was told, and when the next one is; a step is never taken back."""
        with self._begin() as connection:
            _tell(connection, timer, step, next_at)


def _tell(connection: Connection, one: Timer, step: int, next_at: datetime | None) -> None:
    key = timer_row(one)
    connection.execute(
        update(timer)
        .where(*(timer.c[name] == key[name] for name in KEYS), timer.c.step < step)
        .values(step=step, next_at=utc(next_at))
    )


def put_timers(connection: Connection, timers: Sequence[Timer]) -> None:
    """Timers that start, and those that stop; whatever stopped once stays so."""
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    for one in sorted(timers, key=lambda found: found[:3]):
        row = timer_row(one)
        statement = kind.insert(timer).values(row)
        changed = {name: statement.excluded[name] for name in row if name not in KEYS}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=KEYS, set_=changed, where=timer.c.stopped_at.is_(None)
            )
        )
