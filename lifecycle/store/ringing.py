"""Clocks of the hand-off that run, and which of them are to be told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from database.room import aware, utc
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among
from lifecycle.definition import Clock
from lifecycle.model import Subject
from lifecycle.port import Timer
from lifecycle.store.base import LifecycleRoom, family, hold_known, home
from lifecycle.store.tables import subject as subject_table
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

    def running_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[Timer]]:
        """The same of many at once; nobody without one is in it."""
        names = sorted({subject_text(one) for one in subjects})
        asked, moved = subject_table.alias("asked"), subject_table.alias("moved")
        now = func.coalesce(asked.c.moved_to, asked.c.subject)
        with self._look() as connection:
            rows = connection.execute(
                select(timer, asked.c.subject.label("asked"))
                .select_from(asked)
                .join(moved, or_(moved.c.subject == now, moved.c.moved_to == now))
                .join(timer, timer.c.subject == moved.c.subject)
                .where(among(connection, asked.c.subject, names), timer.c.stopped_at.is_(None))
                .order_by(timer.c.due_at, *ORDER)
            ).mappings()
            found: dict[Subject, list[Timer]] = {}
            for row in rows:
                own = {name: row[name] for name in Timer._fields}
                found.setdefault(subject_of(row["asked"]), []).append(timer_of(own))
        return found

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

    def lasted(self, clock: Clock, limit: int) -> Sequence[tuple[datetime, datetime]]:
        """When the timers of a clock started and stopped that stopped last, the newest first.

        Those that had nothing to watch any more say nothing of how long it takes.
        """
        with self._look() as connection:
            rows = connection.execute(
                select(timer.c.started_at, timer.c.stopped_at)
                .where(
                    timer.c.clock == clock,
                    timer.c.stopped_at.is_not(None),
                    timer.c.is_void.is_(False),
                )
                .order_by(timer.c.stopped_at.desc(), timer.c.subject, timer.c.entry)
                .limit(limit)
            ).all()
        times = ((aware(row.started_at), aware(row.stopped_at)) for row in rows)
        return [(start, end) for start, end in times if start is not None and end is not None]

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
        """Timers that start or stop without an entry: somebody was called, a system holds what it shall.

        Of whom nothing is on file, since they were erased meanwhile, none is kept.
        """
        with self._begin() as connection:
            known = hold_known(connection, *(subject_text(one.subject) for one in timers))
            put_timers(connection, [one for one in timers if subject_text(one.subject) in known])

    def begin_anew(self, timers: Sequence[Timer]) -> None:
        """Timers that had nothing to watch run again; what stopped for another reason stays so."""
        with self._begin() as connection:
            for row in map(timer_row, timers):
                connection.execute(
                    update(timer)
                    .where(*(timer.c[name] == row[name] for name in KEYS), timer.c.is_void)
                    .values({name: value for name, value in row.items() if name not in KEYS})
                )

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
    rows = [timer_row(one) for one in sorted(timers, key=lambda found: found[:3])]
    if rows:
        connection.execute(PUT_TIMERS[connection.dialect.name], rows)


def _put_timers(kind: Any) -> Any:
    statement = kind.insert(timer)
    changed = {one.name: statement.excluded[one.name] for one in timer.c if one.name not in KEYS}
    return statement.on_conflict_do_update(
        index_elements=KEYS, set_=changed, where=timer.c.stopped_at.is_(None)
    )


# Built once: to put the same statement together for each verdict takes longer than to carry it out.
PUT_TIMERS = {"postgresql": _put_timers(postgresql), "sqlite": _put_timers(sqlite)}
