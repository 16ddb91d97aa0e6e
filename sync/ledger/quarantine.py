"""The quarantine: records and lines that cannot go on, and what lets go of them.

A parked line belongs to a pair and is let go of when the pair is brought in line (`notes`). A parked
record is let go of when a new look does not park it any more; one that is about to be created or
paired keeps its row until that has worked, so that `since` and `tries` tell the truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.room import Room, aware, slices, utc
from sync.ledger.tables import pair, parked, record
from sync.model import Parked, shared_advice

WHOLE_RECORD = ""
# Its external key: parked without the values it was parked for, so it is due as long as it is absent.
KEY_LINE = "key"
# Claims of records that are about to be written: their rows go when that has worked.
ABOUT_TO_BE_PAIRED = ("create", "link")
# A person decides about these, by deleting the record too or by dropping the row.
FOR_A_PERSON = "partner_deleted"


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A stored parked record or line."""

    id: int
    parked: Parked
    since: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class ParkedKind:
    """How much is parked in a mapping for one cause, and since when the oldest of it is."""

    mapping: str
    cause: str
    count: int
    since: datetime


class Quarantine(Room):
    """Parks, lists, retries and lets go."""

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
        elif row.line is None and not row.fingerprint:
            # Whoever parks it again for the same does not say for which values (`mark_parked`).
            del values["fingerprint"]
        connection.execute(update(parked).where(place).values(tries=parked.c.tries + 1, **values))

    def mark_parked(self, mapping: str, system: System, marks: Mapping[str, str]) -> None:
        """Note of parked records, by id, for which of their values that holds; until the cause is another."""
        if not marks:
            return
        with self._begin() as connection:
            connection.execute(
                update(parked).where(
                    parked.c.mapping == mapping,
                    parked.c.system == system.value,
                    parked.c.record_id == bindparam("of_record"),
                    parked.c.line == WHOLE_RECORD,
                ),
                [{"of_record": i, "fingerprint": mark} for i, mark in marks.items()],
            )

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
        """Let go of what a new plan over the whole mapping does not park any more."""
        kept = {(system.value, record_id) for system, record_id in keep}
        with self._begin() as connection:
            self.let_go(connection, mapping, kept, parked.c.mapping == mapping)

    def let_go(
        self,
        connection: Connection,
        mapping: str,
        kept: Set[tuple[str, str]],
        among: ColumnElement[bool],
    ) -> None:
        """Forget the rows `among` a mapping's that hold no longer; `kept` records stay parked."""
        partner = record.alias("partner")
        rows = connection.execute(
            select(
                parked.c.id,
                parked.c.system,
                parked.c.record_id,
                parked.c.line,
                parked.c.cause,
                record.c.gone,
                record.c.claim,
                record.c.pair_id,
                pair.c.clean,
                partner.c.gone.label("partner_gone"),
            )
            .select_from(
                parked.outerjoin(
                    record,
                    and_(
                        record.c.mapping == parked.c.mapping,
                        record.c.system == parked.c.system,
                        record.c.record_id == parked.c.record_id,
                    ),
                )
                .outerjoin(pair, pair.c.id == record.c.pair_id)
                .outerjoin(
                    partner,
                    and_(partner.c.pair_id == record.c.pair_id, partner.c.id != record.c.id),
                )
            )
            .where(parked.c.mapping == mapping, among)
        ).all()
        over = {row.id for row in rows if not _holds(row, kept)}
        for some in slices(sorted(over)):
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

    def parked_list(
        self, *, mapping: str | None = None, cause: str | None = None
    ) -> list[ParkedRow]:
        """The whole quarantine, oldest first; of one mapping or cause if given."""
        chosen = select(parked)
        if mapping is not None:
            chosen = chosen.where(parked.c.mapping == mapping)
        if cause is not None:
            chosen = chosen.where(parked.c.cause == cause)
        with self._look() as connection:
            rows = connection.execute(chosen.order_by(parked.c.id)).all()
        return [_parked(row) for row in rows]

    def parked_by_cause(self) -> list[tuple[str, int, str]]:
        """(cause, count, advice), most frequent first; the advice is what all of a cause have in common."""
        first, last = func.min(parked.c.advice), func.max(parked.c.advice)
        with self._look() as connection:
            rows = connection.execute(
                select(parked.c.cause, func.count(), first, last)
                .group_by(parked.c.cause)
                .order_by(func.count().desc(), parked.c.cause)
            ).all()
        return [(row[0], row[1], shared_advice(row[2:])) for row in rows]

    def parked_kinds(self) -> list[ParkedKind]:
        """The quarantine by mapping and cause. Advice is left out: it may quote a record."""
        with self._look() as connection:
            rows = connection.execute(
                select(parked.c.mapping, parked.c.cause, func.count(), func.min(parked.c.since))
                .group_by(parked.c.mapping, parked.c.cause)
                .order_by(parked.c.mapping, parked.c.cause)
            ).all()
        return [ParkedKind(row[0], row[1], row[2], aware(row[3]) or row[3]) for row in rows]

    def drop_parked(self, ids: Sequence[int]) -> int:
        """Forget parked rows; what still holds is found again by the next compare."""
        dropped = 0
        with self._begin() as connection:
            for some in slices(ids):
                dropped += connection.execute(delete(parked).where(parked.c.id.in_(some))).rowcount
        return dropped

    def retry_parked(self, ids: Sequence[int] | None) -> int:
        """Make parked rows due: the next look tries them whatever their values. None: all.

        It is for the caller to ring for their records, where somebody should look now.
        """
        due = 0
        with self._begin() as connection:
            if ids is None:
                return self._make_due(connection, parked.c.id.is_not(None))
            for some in slices(ids):
                due += self._make_due(connection, parked.c.id.in_(some))
        return due

    def retry_keys(self, mapping: str, side: System, keys: Sequence[str]) -> list[tuple[str, str]]:
        """Nobody holds these external keys on this side any more: whose key one of them is, and could not be
        written, is due. Answers those records, with their objects; it is for the caller to ring.
        """
        here, there = pair.c.hubspot_id, pair.c.salesforce_id
        if side is System.SALESFORCE:
            here, there = there, here
        due: list[tuple[str, str]] = []
        with self._begin() as connection:
            for some in slices(keys):
                rows = connection.execute(
                    select(parked.c.id, parked.c.object, parked.c.record_id)
                    .join(
                        pair, and_(pair.c.mapping == parked.c.mapping, here == parked.c.record_id)
                    )
                    .where(
                        parked.c.mapping == mapping,
                        parked.c.system == side.value,
                        parked.c.line == KEY_LINE,
                        pair.c.unbound_at.is_(None),
                        there.in_(some),
                    )
                ).all()
                due += [(row.object, row.record_id) for row in rows]
                if rows:
                    connection.execute(delete(parked).where(parked.c.id.in_([r.id for r in rows])))
        return due

    def _make_due(self, connection: Connection, among: ColumnElement[bool]) -> int:
        keys = connection.execute(delete(parked).where(among, parked.c.line == KEY_LINE)).rowcount
        rest = connection.execute(update(parked).where(among).values(fingerprint="")).rowcount
        return keys + rest


def places_in(places: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """The row stands on one of these records (system, id)."""
    return or_(
        *(
            and_(
                parked.c.system == system,
                parked.c.record_id.in_([i for side, i in places if side == system]),
            )
            for system in sorted({side for side, _ in places})
        )
    )


def _holds(row: Any, kept: Set[tuple[str, str]]) -> bool:
    """Whether a row still has a reason to stand there."""
    if row.line == WHOLE_RECORD and (row.system, row.record_id) in kept:
        return True
    if row.gone == "deleted":
        return False
    if row.line != WHOLE_RECORD:
        return row.pair_id is not None and row.partner_gone != "deleted"
    if row.pair_id is not None:
        # The engine parks both records of a pair by itself, and lets go of them.
        return not row.clean
    return row.claim in ABOUT_TO_BE_PAIRED or row.cause == FOR_A_PERSON


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
