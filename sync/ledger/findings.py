"""Conflicts, open differences and the quarantine: what people have to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.room import Room, aware, cell_of, from_json, slices, to_json, utc
from sync.ledger.tables import conflict, parked
from sync.model import Conflict, Parked

WHOLE_RECORD = ""


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A stored conflict or open difference."""

    id: int
    conflict: Conflict
    at: datetime
    run_id: int


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A stored parked record or line."""

    id: int
    parked: Parked
    since: datetime
    tries: int


class Findings(Room):
    """Notes findings once each, and closes them when they are settled."""

    def note_conflicts(self, run_id: int, found: Iterable[Conflict], now: datetime) -> None:
        """Put conflicts on file.

        An open difference or a parked double change stands there once per pair and line; a decided
        conflict is a row of its own each time, since its loser stays restorable.
        """
        with self._begin() as connection:
            self.add_conflicts(connection, run_id, found, now)

    def add_conflicts(
        self, connection: Connection, run_id: int, found: Iterable[Conflict], now: datetime
    ) -> None:
        """`note_conflicts` within a transaction that is under way."""
        for one in found:
            if one.winner is None:
                connection.execute(
                    delete(conflict).where(
                        conflict.c.mapping == one.mapping,
                        conflict.c.hubspot_id == one.hubspot_id,
                        conflict.c.salesforce_id == one.salesforce_id,
                        conflict.c.line == one.line,
                        undecided(),
                    )
                )
            connection.execute(
                insert(conflict).values(
                    run_id=run_id,
                    mapping=one.mapping,
                    line=one.line,
                    kind=one.kind,
                    hubspot_object=one.hubspot_object,
                    hubspot_id=one.hubspot_id,
                    hubspot_value=to_json(one.hubspot_value),
                    salesforce_object=one.salesforce_object,
                    salesforce_id=one.salesforce_id,
                    salesforce_value=to_json(one.salesforce_value),
                    policy=one.policy,
                    winner=one.winner,
                    at=utc(now),
                )
            )

    def close_differences(
        self,
        mapping: str,
        hubspot_id: str,
        lines: Sequence[str],
        now: datetime | None = None,
    ) -> None:
        """These lines of the pair agree now, or a value travelled: nothing is left to settle.

        Without `now` the database's own clock says when.
        """
        if not lines:
            return
        with self._begin() as connection:
            connection.execute(
                update(conflict)
                .where(
                    conflict.c.mapping == mapping,
                    conflict.c.hubspot_id == hubspot_id,
                    conflict.c.line.in_(list(lines)),
                    undecided(),
                )
                .values(closed_how="agreed", closed_at=utc(now) or func.current_timestamp())
            )

    def is_open(self, one: Conflict) -> bool:
        """Whether this difference is listed already."""
        with self._look() as connection:
            return bool(
                connection.scalar(
                    select(func.count()).where(
                        conflict.c.mapping == one.mapping,
                        conflict.c.hubspot_id == one.hubspot_id,
                        conflict.c.salesforce_id == one.salesforce_id,
                        conflict.c.line == one.line,
                        undecided(),
                    )
                )
            )

    def open_differences(self) -> int:
        """How many differences of first pairings wait to be settled."""
        with self._look() as connection:
            return int(
                connection.scalar(
                    select(func.count()).where(
                        conflict.c.kind == "open_difference", conflict.c.closed_at.is_(None)
                    )
                )
                or 0
            )

    def conflicts(
        self,
        after: int = 0,
        limit: int = 1_000,
        *,
        mapping: str | None = None,
        kind: str | None = None,
    ) -> list[ConflictRow]:
        """What is not closed, oldest first; of one mapping or kind if given."""
        chosen = select(conflict).where(conflict.c.closed_at.is_(None), conflict.c.id > after)
        if mapping is not None:
            chosen = chosen.where(conflict.c.mapping == mapping)
        if kind is not None:
            chosen = chosen.where(conflict.c.kind == kind)
        with self._look() as connection:
            rows = connection.execute(chosen.order_by(conflict.c.id).limit(limit)).all()
        return [_conflict(row) for row in rows]

    def conflict(self, conflict_id: int) -> ConflictRow | None:
        """One conflict, closed or not."""
        with self._look() as connection:
            row = connection.execute(
                select(conflict).where(conflict.c.id == conflict_id)
            ).one_or_none()
        return None if row is None else _conflict(row)

    def settle(self, conflict_id: int, how: str, now: datetime) -> None:
        """Close a conflict by a person's word."""
        with self._begin() as connection:
            connection.execute(
                update(conflict)
                .where(conflict.c.id == conflict_id)
                .values(closed_at=utc(now), closed_how=how)
            )

    def park(self, rows: Iterable[Parked], now: datetime) -> None:
        """Put records or lines into quarantine; the same cause again counts as one more try."""
        with self._begin() as connection:
            for row in rows:
                self.add_parked(connection, row, now)

    def add_parked(self, connection: Connection, row: Parked, now: datetime) -> None:
        """`park` one row within a transaction that is under way."""
        line = row.line if row.line is not None else WHOLE_RECORD
        place = and_(
            parked.c.mapping == row.mapping,
            parked.c.system == row.system.value,
            parked.c.record_id == row.record_id,
            parked.c.line == line,
        )
        values: dict[str, Any] = {
            "object": row.object,
            "cause": row.cause,
            "advice": row.advice,
            "fingerprint": row.fingerprint,
        }
        known = connection.execute(select(parked).where(place)).one_or_none()
        if known is None:
            connection.execute(
                insert(parked).values(
                    mapping=row.mapping,
                    system=row.system.value,
                    record_id=row.record_id,
                    line=line,
                    since=utc(now),
                    tries=1,
                    **values,
                )
            )
            return
        if known.cause != row.cause:
            values["since"] = utc(now)
        connection.execute(update(parked).where(place).values(tries=parked.c.tries + 1, **values))

    def unpark(
        self, mapping: str, system: System, record_id: str, *, keep: Set[str | None]
    ) -> None:
        """Let go of everything of this record but these lines (None: the whole record)."""
        kept = [WHOLE_RECORD if line is None else line for line in keep]
        with self._begin() as connection:
            connection.execute(
                delete(parked).where(
                    parked.c.mapping == mapping,
                    parked.c.system == system.value,
                    parked.c.record_id == record_id,
                    parked.c.line.not_in(kept),
                )
            )

    def unpark_records(self, mapping: str, keep: Iterable[tuple[System, str]]) -> None:
        """Let go of whole records that a new plan does not park any more."""
        kept = set(keep)
        with self._begin() as connection:
            rows = connection.execute(
                select(parked.c.id, parked.c.system, parked.c.record_id).where(
                    parked.c.mapping == mapping, parked.c.line == WHOLE_RECORD
                )
            ).all()
            gone = [row.id for row in rows if (System(row.system), row.record_id) not in kept]
            for some in slices(gone):
                connection.execute(delete(parked).where(parked.c.id.in_(some)))

    def parked_for(
        self, mapping: str, system: System, record_ids: Sequence[str]
    ) -> dict[str, list[Parked]]:
        """What is parked of these records."""
        found: dict[str, list[Parked]] = defaultdict(list)
        with self._look() as connection:
            for some in slices(record_ids):
                rows = connection.execute(
                    select(parked)
                    .where(
                        parked.c.mapping == mapping,
                        parked.c.system == system.value,
                        parked.c.record_id.in_(some),
                    )
                    .order_by(parked.c.id)
                )
                for row in rows:
                    found[row.record_id].append(_parked(row).parked)
        return found

    def parked_list(self) -> list[ParkedRow]:
        """The whole quarantine, oldest first."""
        with self._look() as connection:
            rows = connection.execute(select(parked).order_by(parked.c.id)).all()
        return [_parked(row) for row in rows]

    def parked_by_cause(self) -> list[tuple[str, int, str]]:
        """(cause, count, advice), most frequent first."""
        with self._look() as connection:
            rows = connection.execute(
                select(parked.c.cause, func.count(), func.min(parked.c.advice))
                .group_by(parked.c.cause)
                .order_by(func.count().desc(), parked.c.cause)
            ).all()
        return [(row[0], row[1], row[2]) for row in rows]

    def drop_parked(self, ids: Sequence[int]) -> int:
        """Forget parked rows; what still holds is found again by the next compare."""
        with self._begin() as connection:
            return connection.execute(delete(parked).where(parked.c.id.in_(list(ids)))).rowcount

    def retry_parked(self, ids: Sequence[int] | None) -> int:
        """Make parked rows due: the next run tries them whatever their values. None: all."""
        chosen = update(parked).values(fingerprint="")
        if ids is not None:
            chosen = chosen.where(parked.c.id.in_(list(ids)))
        with self._begin() as connection:
            return connection.execute(chosen).rowcount


def undecided() -> ColumnElement[bool]:
    """Open differences and parked double changes that nobody has settled."""
    return and_(conflict.c.winner.is_(None), conflict.c.closed_at.is_(None))


def _conflict(row: Row[Any]) -> ConflictRow:
    found = Conflict(
        mapping=row.mapping,
        line=row.line,
        kind=row.kind,
        hubspot_object=row.hubspot_object,
        hubspot_id=row.hubspot_id,
        hubspot_value=cell_of(from_json(row.hubspot_value)),
        salesforce_object=row.salesforce_object,
        salesforce_id=row.salesforce_id,
        salesforce_value=cell_of(from_json(row.salesforce_value)),
        policy=row.policy,
        winner=row.winner,
    )
    return ConflictRow(row.id, found, aware(row.at) or row.at, row.run_id)


def _parked(row: Row[Any]) -> ParkedRow:
    found = Parked(
        mapping=row.mapping,
        system=System(row.system),
        object=row.object,
        record_id=row.record_id,
        line=row.line or None,
        cause=row.cause,
        advice=row.advice,
        fingerprint=row.fingerprint,
    )
    return ParkedRow(row.id, found, aware(row.since) or row.since, row.tries)
