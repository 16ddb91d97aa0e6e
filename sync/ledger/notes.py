"""Findings of whole batches of pairs, put on file in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_, update

from connector.port import System
from sync.ledger.findings import WHOLE_RECORD, Findings, undecided
from sync.ledger.room import utc
from sync.ledger.tables import conflict, parked
from sync.model import PairNote


class Notes(Findings):
    """What a run found out about its pairs, and what is over."""

    def note_pairs(
        self, run_id: int, mapping: str, notes: Sequence[PairNote], now: datetime
    ) -> None:
        """Conflicts and parked lines come, settled differences and what is parked no more go.

        Pairs without anything on file and without news cost two look-ups for the whole batch.
        """
        if not notes:
            return
        with self._begin_losable() as connection:
            open_ids = self._open_among(connection, mapping, notes)
            parked_ids = self._parked_among(connection, mapping, notes)
            for note in notes:
                if note.hubspot_id in open_ids and note.closed:
                    self._close(connection, mapping, note, now)
                for side, record_id in _records(note):
                    if (side, record_id) in parked_ids:
                        self._let_go(connection, mapping, side, record_id, note)
                for row in note.parked:
                    self.add_parked(connection, row, now)
            self.add_conflicts(connection, run_id, [c for n in notes for c in n.conflicts], now)

    def _open_among(
        self, connection: Connection, mapping: str, notes: Sequence[PairNote]
    ) -> set[str]:
        ids = [note.hubspot_id for note in notes]
        return set(
            connection.scalars(
                select(conflict.c.hubspot_id).where(
                    conflict.c.mapping == mapping, conflict.c.hubspot_id.in_(ids), undecided()
                )
            )
        )

    def _parked_among(
        self, connection: Connection, mapping: str, notes: Sequence[PairNote]
    ) -> set[tuple[str, str]]:
        places = [place for note in notes for place in _records(note)]
        rows = connection.execute(
            select(parked.c.system, parked.c.record_id).where(
                parked.c.mapping == mapping,
                tuple_(parked.c.system, parked.c.record_id).in_(places),
            )
        )
        return {(row.system, row.record_id) for row in rows}

    def _close(self, connection: Connection, mapping: str, note: PairNote, now: datetime) -> None:
        connection.execute(
            update(conflict)
            .where(
                conflict.c.mapping == mapping,
                conflict.c.hubspot_id == note.hubspot_id,
                conflict.c.line.in_(sorted(note.closed)),
                undecided(),
            )
            .values(closed_how="agreed", closed_at=utc(now))
        )

    def _let_go(
        self, connection: Connection, mapping: str, side: str, record_id: str, note: PairNote
    ) -> None:
        kept = {*note.keep, *(row.line for row in note.parked)}
        connection.execute(
            delete(parked).where(
                parked.c.mapping == mapping,
                parked.c.system == side,
                parked.c.record_id == record_id,
                parked.c.line.not_in([WHOLE_RECORD if one is None else one for one in kept]),
            )
        )


def _records(note: PairNote) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (System.HUBSPOT.value, note.hubspot_id),
        (System.SALESFORCE.value, note.salesforce_id),
    )
