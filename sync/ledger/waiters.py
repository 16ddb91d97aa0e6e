"""Who waits for whom: pairs, and records that cannot be born yet, which refer to one without a partner.

When that record is bound, whoever waited for it is due at once: a worker's bell for it rings again, and
the next compare looks at it. Nothing is rung for whom nobody rang before: a compare settles it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, and_, case, delete, exists, insert, or_, select, tuple_, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.bells import lock_bells
from sync.ledger.room import Room, slices, utc
from sync.ledger.tables import awaited, bell, pair, record
from sync.model import Awaited, Pair


class Missed(NamedTuple):
    """A record that somebody waits for, as the ledger knows it; `state` None: it was never seen."""

    awaited: Awaited
    object: str | None
    state: str | None
    reason: str | None


class Waiters(Room):
    """Welcomes whom others waited for, and tells who waits."""

    def welcome(self, mapping: str, bound: Sequence[Pair], now: datetime) -> None:
        """These pairs were bound: whoever waited for one of their records is due now."""
        for some in slices(bound):
            about = and_(
                awaited.c.mapping == mapping,
                or_(
                    *(
                        and_(
                            awaited.c.system == side.value,
                            awaited.c.record_id.in_([one.record_id(side) for one in some]),
                        )
                        for side in System
                    )
                ),
            )
            with self._look() as connection:
                nobody = connection.execute(select(awaited.c.id).where(about).limit(1)).first()
            if nobody is not None:
                with self._begin_losable() as connection:
                    _rouse(connection, about, now)

    def hold_back(
        self, mapping: str, waiters: Mapping[tuple[System, str], Sequence[Awaited]], now: datetime
    ) -> None:
        """These records cannot be born before those that they refer to have partners."""
        with self._begin_losable() as connection:
            for some in slices(list(waiters)):
                rows = connection.execute(
                    select(record.c.id, record.c.system, record.c.record_id).where(
                        record.c.mapping == mapping,
                        tuple_(record.c.system, record.c.record_id).in_(
                            [(side.value, record_id) for side, record_id in some]
                        ),
                    )
                )
                told = {r.id: waiters[System(r.system), r.record_id] for r in rows}
                note_waiters(connection, "row_id", told, now)

    def missed_by(self, mapping: str, system: System, record_id: str) -> list[Missed]:
        """Whom this record, or its pair, waits for."""
        waiter, target = record.alias("waiter"), record.alias("target")
        with self._look() as connection:
            rows = connection.execute(
                select(
                    awaited.c.mapping,
                    awaited.c.system,
                    awaited.c.record_id,
                    target.c.object,
                    target.c.state,
                    target.c.reason,
                )
                .select_from(
                    waiter.join(
                        awaited,
                        or_(
                            awaited.c.row_id == waiter.c.id,
                            awaited.c.pair_id == waiter.c.pair_id,
                        ),
                    ).outerjoin(
                        target,
                        and_(
                            target.c.mapping == awaited.c.mapping,
                            target.c.system == awaited.c.system,
                            target.c.record_id == awaited.c.record_id,
                        ),
                    )
                )
                .where(
                    waiter.c.mapping == mapping,
                    waiter.c.system == system.value,
                    waiter.c.record_id == record_id,
                )
                .order_by(awaited.c.id)
            ).all()
        return [
            Missed(
                Awaited(row.mapping, System(row.system), row.record_id),
                row.object,
                row.state,
                row.reason,
            )
            for row in rows
        ]


def note_waiters(
    connection: Connection,
    column: Literal["pair_id", "row_id"],
    waiters: Mapping[int, Sequence[Awaited]],
    now: datetime,
) -> None:
    """Whom these wait for now, in place of whom they waited for before.

    One that was bound since the decision was made rouses them at once: its welcome came too early.
    """
    place = awaited.c[column]
    for some in slices(list(waiters)):
        connection.execute(delete(awaited).where(place.in_(some)))
    rows = [
        {
            column: waiter,
            "mapping": one.mapping,
            "system": one.system.value,
            "record_id": one.record_id,
        }
        for waiter, wanted in waiters.items()
        for one in wanted
    ]
    if rows:
        connection.execute(insert(awaited), rows)
        for some in slices([waiter for waiter, wanted in waiters.items() if wanted]):
            _rouse(connection, and_(place.in_(some), _is_bound()), now)


def _is_bound() -> ColumnElement[bool]:
    ours = case(
        (awaited.c.system == System.HUBSPOT.value, pair.c.hubspot_id), else_=pair.c.salesforce_id
    )
    return exists().where(
        pair.c.mapping == awaited.c.mapping,
        pair.c.unbound_at.is_(None),
        or_(pair.c.hubspot_id == awaited.c.record_id, pair.c.salesforce_id == awaited.c.record_id),
        ours == awaited.c.record_id,
    )


def _rouse(connection: Connection, about: ColumnElement[bool], now: datetime) -> None:
    """Whoever waits for these is due: its pair is looked at again, and its bell rings."""
    waiting = connection.execute(
        select(awaited.c.id, awaited.c.pair_id, awaited.c.row_id).where(about)
    ).all()
    if not waiting:
        return
    pairs = sorted({row.pair_id for row in waiting if row.pair_id is not None})
    rows = sorted({row.row_id for row in waiting if row.row_id is not None})
    for some in slices(pairs):
        connection.execute(update(pair).where(pair.c.id.in_(some)).values(clean=False, waits=None))
        _ring_again(connection, record.c.pair_id.in_(some), now)
    for some in slices(rows):
        _ring_again(connection, record.c.id.in_(some), now)
    for some in slices([row.id for row in waiting]):
        connection.execute(delete(awaited).where(awaited.c.id.in_(some)))


def _ring_again(connection: Connection, among: ColumnElement[bool], now: datetime) -> None:
    """Raise the numbers: a worker that has the bell in its hands must not postpone it."""
    rung = connection.scalars(
        select(bell.c.id)
        .select_from(
            bell.join(
                record,
                and_(
                    record.c.record_id == bell.c.record_id,
                    record.c.object == bell.c.object,
                    record.c.system == bell.c.system,
                ),
            )
        )
        .where(among)
    ).all()
    for some in slices(sorted(set(rung))):
        lock_bells(connection, bell.c.id.in_(some))
        connection.execute(
            update(bell)
            .where(bell.c.id.in_(some))
            .values(number=bell.c.number + 1, due_at=utc(now))
        )
