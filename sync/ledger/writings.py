"""The journal: every write is on file before it is sent, and stays on file as the chain of a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from connector.port import System
from sync.ledger.room import (
    IN_FLIGHT_STATES,
    Room,
    aware,
    baseline_json,
    baseline_of,
    changes_json,
    changes_of,
    slices,
    utc,
)
from sync.ledger.tables import journal
from sync.model import JournalDraft, JournalEntry


class Writings(Room):
    """Intended, sent, landed or not."""

    def intend(
        self, run_id: int, drafts: Sequence[JournalDraft], now: datetime
    ) -> list[JournalEntry]:
        """Put writes on file; answers them with their ids, in input order."""
        if not drafts:
            return []
        with self._begin() as connection:
            ids = connection.scalars(
                insert(journal).returning(journal.c.id, sort_by_parameter_order=True),
                [
                    {
                        "run_id": run_id,
                        "mapping": draft.mapping,
                        "system": draft.system.value,
                        "object": draft.object,
                        "record_id": draft.record_id,
                        "partner_id": draft.partner_id,
                        "action": draft.action,
                        "changes": changes_json(draft.changes),
                        "meant": baseline_json(draft.meant),
                        "key": draft.key,
                        "trigger": draft.trigger,
                        "state": "intended",
                        "sent_at": utc(now),
                    }
                    for draft in drafts
                ],
            ).all()
        return [
            JournalEntry(
                id=entry_id,
                run_id=run_id,
                mapping=draft.mapping,
                system=draft.system,
                object=draft.object,
                record_id=draft.record_id,
                partner_id=draft.partner_id,
                action=draft.action,
                changes=draft.changes,
                state="intended",
                sent_at=now,
                key=draft.key,
                trigger=draft.trigger,
                meant=draft.meant,
            )
            for entry_id, draft in zip(ids, drafts, strict=True)
        ]

    def close(
        self, updates: Iterable[tuple[int, str, str | None, str | None]], now: datetime
    ) -> None:
        """Note how writes ended: (id, state, record id of a create, vendor's request id)."""
        rows = [
            {
                "of_entry": entry_id,
                "now_state": state,
                "made": record_id,
                "asked": request_id,
                "closed": None if state == "unknown" else utc(now),
            }
            for entry_id, state, record_id, request_id in updates
        ]
        if not rows:
            return
        with self._begin() as connection:
            connection.execute(
                update(journal)
                .where(journal.c.id == bindparam("of_entry"))
                .values(
                    state=bindparam("now_state"),
                    closed_at=bindparam("closed"),
                    record_id=func.coalesce(bindparam("made"), journal.c.record_id),
                    request_id=func.coalesce(bindparam("asked"), journal.c.request_id),
                ),
                rows,
            )

    def open_for(
        self, mapping: str, system: System, record_ids: Sequence[str]
    ) -> list[JournalEntry]:
        """Writes to these records of which nobody knows yet whether they landed."""
        found: list[JournalEntry] = []
        with self._look() as connection:
            for some in slices(record_ids):
                rows = connection.execute(
                    select(journal)
                    .where(
                        journal.c.state.in_(IN_FLIGHT_STATES),
                        journal.c.mapping == mapping,
                        journal.c.system == system.value,
                        journal.c.record_id.in_(some),
                    )
                    .order_by(journal.c.id)
                )
                found += [_entry(row) for row in rows]
        return found

    def open_entries(self, mapping: str, older_than: datetime | None = None) -> list[JournalEntry]:
        """Every write in flight, creates included, oldest first; `older_than`: sent before it."""
        chosen = select(journal).where(
            journal.c.mapping == mapping, journal.c.state.in_(IN_FLIGHT_STATES)
        )
        if older_than is not None:
            chosen = chosen.where(journal.c.sent_at < utc(older_than))
        with self._look() as connection:
            rows = connection.execute(chosen.order_by(journal.c.id)).all()
        return [_entry(row) for row in rows]

    def written_lately(
        self, mapping: str, system: System, record_ids: Sequence[str], since: datetime
    ) -> dict[str, datetime]:
        """When we last wrote to these records, of those written at or after `since`."""
        found: dict[str, datetime] = {}
        with self._look() as connection:
            for some in slices(record_ids):
                rows = connection.execute(
                    select(journal.c.record_id, func.max(journal.c.sent_at))
                    .where(
                        journal.c.mapping == mapping,
                        journal.c.system == system.value,
                        journal.c.record_id.in_(some),
                        journal.c.sent_at >= utc(since),
                        journal.c.state != "refused",
                    )
                    .group_by(journal.c.record_id)
                )
                found |= {record_id: aware(at) or at for record_id, at in rows}
        return found

    def deleted_lately(self, mapping: str, system: System, since: datetime) -> int:
        """How many records of this side were deleted by us since then, what is under way included."""
        with self._look() as connection:
            found = connection.scalar(
                select(func.count()).where(
                    journal.c.mapping == mapping,
                    journal.c.system == system.value,
                    journal.c.action == "delete",
                    journal.c.state != "refused",
                    journal.c.sent_at >= utc(since),
                )
            )
        return int(found or 0)

    def close_forgotten(self, before: datetime, now: datetime) -> None:
        """Writes that did not show for a day did not land."""
        with self._begin() as connection:
            connection.execute(
                update(journal)
                .where(journal.c.state.in_(IN_FLIGHT_STATES), journal.c.sent_at < utc(before))
                .values(state="refused", closed_at=utc(now))
            )

    def history(
        self, system: System, object_name: str, record_id: str, field: str | None = None
    ) -> list[JournalEntry]:
        """Every write to a record, oldest first; of one field (its vendor's name) if given."""
        with self._look() as connection:
            rows = connection.execute(
                select(journal)
                .where(
                    journal.c.system == system.value,
                    journal.c.object == object_name,
                    journal.c.record_id == record_id,
                )
                .order_by(journal.c.id)
            ).all()
        entries = [_entry(row) for row in rows]
        if field is None:
            return entries
        return [e for e in entries if any(change.api_name == field for change in e.changes)]


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        run_id=row.run_id,
        mapping=row.mapping,
        system=System(row.system),
        object=row.object,
        record_id=row.record_id,
        partner_id=row.partner_id,
        action=row.action,
        changes=changes_of(row.changes),
        state=row.state,
        sent_at=aware(row.sent_at) or row.sent_at,
        key=row.key,
        trigger=row.trigger,
        request_id=row.request_id,
        meant=baseline_of(row.meant),
    )
