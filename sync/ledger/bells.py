"""Who has to be looked at: one bell per record, however often it was rung.

Every event raises the record's number; a worker takes bells, looks at the records and wipes a bell
only if its number stood still meanwhile. So a storm about one record costs one look, and a change
that arrives during the look is never dropped. Queues may forget: what is due stands here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    case,
    collate,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.lanes import Lane
from sync.ledger.erasures import note_erasures
from sync.ledger.ringing import Ring, raise_numbers, rows_of
from sync.ledger.room import Room, aware, slices, utc
from sync.ledger.tables import bell, receipt

# A worker that says nothing for so long has died, or lost its machine.
TAKEN_FOR = timedelta(seconds=120)
LANES = tuple(Lane)


class Bell(NamedTuple):
    """A bell as a worker took it. `number` is what it must still show to be wiped."""

    id: int
    system: System
    object: str
    record_id: str
    number: int
    lane: Lane
    since: datetime
    tries: int


class Later(NamedTuple):
    """A bell that is looked at again, not before `at`; `reason` is shown as that of its state."""

    bell: Bell
    at: datetime
    reason: str


class Handover(NamedTuple):
    """What one delivery of a door brought: its rings, and how many events it held.

    `erased` are (object, id) of records that were erased for privacy.
    """

    system: System
    rings: Sequence[Ring]
    events: int
    erased: Sequence[tuple[str, str]] = ()


class Bells(Room):
    """Rings, takes, wipes and postpones bells."""

    def ring(
        self,
        rings: Iterable[Ring],
        now: datetime,
        *,
        door: System | None = None,
        patience: bool = False,
    ) -> int:
        """Raise the numbers of these records; answers how many records that were.

        With `patience` nobody looks before a moment has passed: what they are to see is about to be put on
        file. With `door` it is a delivery of that system's webhooks, of an event for each ring, and a
        receipt of it goes on file in the same transaction.
        """
        if door is not None:
            told = list(rings)
            return self.take_in([Handover(door, told, len(told))], now)
        rows = rows_of(rings)
        with self._begin() as connection:
            raise_numbers(connection, rows, now, patience=patience)
        return len(rows)

    def take_in(self, deliveries: Sequence[Handover], now: datetime) -> int:
        """Put deliveries of the doors on file, all or none: rings, erasures, and a receipt of each.

        Answers how many records they rang for.
        """
        rows = rows_of(ring for one in deliveries for ring in one.rings)
        receipts = [
            {"at": utc(now), "system": one.system.value, "events": one.events} for one in deliveries
        ]
        with self._begin() as connection:
            raise_numbers(connection, rows, now, patience=True)
            note_erasures(
                connection,
                [(one.system, *place) for one in deliveries for place in one.erased],
                now,
            )
            if receipts:
                connection.execute(PUT_RECEIPTS, receipts)
        return len(rows)

    def take_bells(
        self, owner: str, now: datetime, *, limit: int, slowest: Lane = Lane.BACKFILL
    ) -> list[Bell]:
        """Take due bells that nobody has, the most urgent and oldest first; none slower than a lane."""
        with self._begin_losable() as connection:
            rows = connection.execute(
                select(bell)
                .where(bell.c.lane <= slowest.urgency, _free(now))
                .order_by(bell.c.lane, bell.c.due_at, bell.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            if rows:
                connection.execute(
                    update(bell)
                    .where(bell.c.id.in_([row.id for row in rows]))
                    .values(taken_by=owner, taken_until=utc(now + TAKEN_FOR))
                )
        return [_bell(row) for row in rows]

    def wipe(self, done: Sequence[Bell], later: Sequence[Later], now: datetime) -> int:
        """Wipe what was looked at, postpone the rest; answers how many moved and are due again."""
        with self._begin_losable() as connection:
            ids = [one.id for one in (*done, *(one.bell for one in later))]
            for some in slices(ids):
                lock_bells(connection, bell.c.id.in_(some))
            if done:
                connection.execute(
                    delete(bell).where(
                        bell.c.id == bindparam("of_bell"), bell.c.number == bindparam("shown")
                    ),
                    [{"of_bell": one.id, "shown": one.number} for one in done],
                )
            moved = self._set_free(connection, done, now)
            if later:
                connection.execute(
                    update(bell)
                    .where(bell.c.id == bindparam("of_bell"))
                    .values(
                        taken_by=None,
                        taken_until=None,
                        tries=bell.c.tries + 1,
                        reason=bindparam("why"),
                        due_at=case(
                            (bell.c.number == bindparam("shown"), bindparam("again")),
                            else_=bindparam("at_once"),
                        ),
                    ),
                    [
                        {
                            "of_bell": one.bell.id,
                            "shown": one.bell.number,
                            "why": one.reason,
                            "again": utc(one.at),
                            "at_once": utc(now),
                        }
                        for one in later
                    ],
                )
        return moved

    def _set_free(self, connection: Connection, done: Sequence[Bell], now: datetime) -> int:
        """Bells rung again while their record was looked at: free, due, with a fresh start."""
        moved = 0
        for some in slices([one.id for one in done]):
            moved += connection.execute(
                update(bell)
                .where(bell.c.id.in_(some))
                .values(taken_by=None, taken_until=None, tries=0, since=utc(now), due_at=utc(now))
            ).rowcount
        return moved

    def keep_bells(self, owner: str, now: datetime) -> None:
        """Say that this worker is alive and still looks at the bells that it took."""
        with self._begin_losable() as connection:
            lock_bells(connection, bell.c.taken_by == owner)
            connection.execute(
                update(bell)
                .where(bell.c.taken_by == owner)
                .values(taken_until=utc(now + TAKEN_FOR))
            )

    def free_bells(self, owners: Sequence[str]) -> int:
        """Give back what workers had taken that have died since."""
        with self._begin() as connection:
            lock_bells(connection, bell.c.taken_by.in_(list(owners)))
            return connection.execute(
                update(bell)
                .where(bell.c.taken_by.in_(list(owners)))
                .values(taken_by=None, taken_until=None)
            ).rowcount

    def put_back(self, bells: Sequence[Bell]) -> None:
        """Give back bells that nobody has looked at."""
        with self._begin() as connection:
            for some in slices([one.id for one in bells]):
                lock_bells(connection, bell.c.id.in_(some))
                connection.execute(
                    update(bell).where(bell.c.id.in_(some)).values(taken_by=None, taken_until=None)
                )

    def bell_owners(self) -> list[str]:
        """The workers that have bells in their hands."""
        with self._look() as connection:
            return list(
                connection.scalars(
                    select(bell.c.taken_by).distinct().where(bell.c.taken_by.is_not(None))
                )
            )

    def due_bells(self, now: datetime) -> dict[Lane, int]:
        """How many bells are due and in nobody's hands, by lane."""
        return self._by_lane(_free(now))

    def bells_by_lane(self, *, besides: Collection[str] = ()) -> dict[Lane, int]:
        """How many records somebody rang for and nobody has dealt with, by lane.

        Those that wait for one of the reasons in `besides` are left out.
        """
        return self._by_lane(bell.c.reason.not_in(list(besides)))

    def _by_lane(self, condition: ColumnElement[bool]) -> dict[Lane, int]:
        with self._look() as connection:
            rows = connection.execute(
                select(bell.c.lane, func.count()).where(condition).group_by(bell.c.lane)
            ).all()
        return {LANES[lane]: count for lane, count in rows}

    def oldest_bell(self) -> datetime | None:
        """Since when the longest waiting record waits."""
        with self._look() as connection:
            return aware(connection.scalar(select(func.min(bell.c.since))))

    def next_bell(self, slowest: Lane = Lane.BACKFILL) -> datetime | None:
        """When the next bell can be taken, of this lane and the more urgent ones.

        One in somebody's hands comes free when their time is up.
        """
        free_at = case(
            (bell.c.taken_until > bell.c.due_at, bell.c.taken_until), else_=bell.c.due_at
        )
        free = select(func.min(free_at)).where(bell.c.lane <= slowest.urgency)
        with self._look() as connection:
            return aware(connection.scalar(free))

    def hasten_bells(self, now: datetime) -> int:
        """Everything that waits is due now: a system is back, or a person said so."""
        with self._begin() as connection:
            lock_bells(connection, bell.c.due_at > utc(now))
            return connection.execute(
                update(bell).where(bell.c.due_at > utc(now)).values(due_at=utc(now))
            ).rowcount

    def received(self) -> dict[System, int]:
        """Events that the doors have accepted, by system."""
        with self._look() as connection:
            rows = connection.execute(
                select(receipt.c.system, func.sum(receipt.c.events)).group_by(receipt.c.system)
            ).all()
        return {System(system): int(count) for system, count in rows}

    def forget_receipts(self, before: datetime) -> None:
        """Old receipts are of no use to anybody."""
        with self._begin() as connection:
            connection.execute(delete(receipt).where(receipt.c.at < utc(before)))


def lock_bells(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Lock bells in the order in which doors ring them, or both wait for each other crosswise.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        key = (bell.c.record_id, bell.c.object, bell.c.system)
        order = (collate(column, "C") for column in key)
        connection.execute(select(bell.c.id).where(condition).order_by(*order).with_for_update())


def _free(now: datetime) -> ColumnElement[bool]:
    return and_(
        bell.c.due_at <= utc(now),
        or_(bell.c.taken_until.is_(None), bell.c.taken_until < utc(now)),
    )


def _bell(row: Row[Any]) -> Bell:
    return Bell(
        row.id,
        System(row.system),
        row.object,
        row.record_id,
        row.number,
        LANES[row.lane],
        aware(row.since) or row.since,
        row.tries,
    )


# Built once: a door has no time to put the same statement together for each request.
PUT_RECEIPTS = insert(receipt)
