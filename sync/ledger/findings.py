"""Conflicts, open differences, and what else people have to look at; the quarantine is one room below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.sql import ColumnElement

from sync.ledger.quarantine import WHOLE_RECORD, ParkedKind, ParkedRow, Quarantine
from sync.ledger.room import aware, cell_of, from_json, to_json, utc
from sync.ledger.tables import bell, conflict, run
from sync.model import Conflict

__all__ = ["WHOLE_RECORD", "ConflictRow", "Findings", "ParkedKind", "ParkedRow", "undecided"]

# Compares that write; of these the newest says whether a guard has stopped a mapping.
WRITING_COMPARES = ("resync", "apply")
RUNS_LOOKED_AT = 50
# The reason of a bell whose record cannot be looked at by a bug of ours (`sync.station`).
OUR_BUG = "our_bug"


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """A stored conflict or open difference."""

    id: int
    conflict: Conflict
    at: datetime
    run_id: int


class Findings(Quarantine):
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
        # Of several undecided ones about one line of a pair the last one stands.
        kept = {_name_of(one) if one.winner is None else n: one for n, one in enumerate(found)}
        replaced = [
            {
                "of": one.mapping,
                "left": one.hubspot_id,
                "right": one.salesforce_id,
                "about": one.line,
            }
            for one in kept.values()
            if one.winner is None
        ]
        if replaced:
            connection.execute(REPLACED, replaced)
        rows = [
            {
                "run_id": run_id,
                "mapping": one.mapping,
                "line": one.line,
                "kind": one.kind,
                "hubspot_object": one.hubspot_object,
                "hubspot_id": one.hubspot_id,
                "hubspot_value": to_json(one.hubspot_value),
                "salesforce_object": one.salesforce_object,
                "salesforce_id": one.salesforce_id,
                "salesforce_value": to_json(one.salesforce_value),
                "policy": one.policy,
                "winner": one.winner,
                "at": utc(now),
            }
            for one in kept.values()
        ]
        if rows:
            connection.execute(insert(conflict), rows)

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

    def stopped_by_guard(self) -> list[str]:
        """Mappings of which the newest full compare that wrote was stopped by a guard."""
        newest: dict[str, str | None] = {}
        with self._look() as connection:
            rows = connection.execute(
                select(run.c.mappings, run.c.outcome)
                .where(run.c.kind.in_(WRITING_COMPARES), run.c.finished_at.is_not(None))
                .order_by(run.c.id.desc())
                .limit(RUNS_LOOKED_AT)
            ).all()
        for row in rows:
            for name in from_json(row.mappings):
                newest.setdefault(name, row.outcome)
        return sorted(name for name, outcome in newest.items() if outcome == "stopped")

    def bugs(self) -> int:
        """How many records wait because looking at them fails by a bug of ours."""
        with self._look() as connection:
            return int(connection.scalar(select(func.count()).where(bell.c.reason == OUR_BUG)) or 0)


def undecided() -> ColumnElement[bool]:
    """Open differences and parked double changes that nobody has settled."""
    return and_(conflict.c.winner.is_(None), conflict.c.closed_at.is_(None))


# Those that give way to a newer one about the same line of the same pair.
REPLACED = delete(conflict).where(
    conflict.c.mapping == bindparam("of"),
    conflict.c.hubspot_id == bindparam("left"),
    conflict.c.salesforce_id == bindparam("right"),
    conflict.c.line == bindparam("about"),
    undecided(),
)


def _name_of(one: Conflict) -> tuple[str, str, str, str]:
    return one.mapping, one.hubspot_id, one.salesforce_id, one.line


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
