"""The ledger seen from a few records: who is concerned when exactly these have moved.

The nightly compare plans over everything; a worker's round plans over a *scope*: the row ids of the
records that moved, and of the unpaired ones that their keys touch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, select
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.lanes import Lane
from sync.ledger.claims import same_record
from sync.ledger.findings import Findings
from sync.ledger.quarantine import places_in
from sync.ledger.ringing import Ring
from sync.ledger.room import slices
from sync.ledger.states import RUNG
from sync.ledger.tables import match_key, pair, record
from sync.model import Parked


class Known(NamedTuple):
    """What the ledger knows of a record that rang. `agreed` is the digest its pair agreed on."""

    row_id: int
    record_id: str
    object: str
    digest: bytes
    pair_id: int | None
    gone: str | None
    state: str | None
    reason: str | None
    agreed: bytes | None
    clean: bool | None

    @property
    def in_line(self) -> bool:
        """Bound, and nothing of the pair is parked, waiting or in flight."""
        return self.pair_id is not None and bool(self.clean)


class Scopes(Findings):
    """Looks up records and their neighbours."""

    def known(self, mapping: str, system: System, ids: Sequence[str]) -> dict[str, Known]:
        """What is known of these records, by id; of others nothing."""
        agreed = pair.c.hubspot_digest if system is System.HUBSPOT else pair.c.salesforce_digest
        c = record.c
        columns = (c.id, c.record_id, c.object, c.digest, c.pair_id, c.gone, c.state, c.reason)
        found: dict[str, Known] = {}
        with self._look() as connection:
            for some in slices(ids):
                rows = connection.execute(
                    select(*columns, agreed, pair.c.clean)
                    .select_from(record.outerjoin(pair, pair.c.id == c.pair_id))
                    .where(c.mapping == mapping, c.system == system.value, c.record_id.in_(some))
                )
                found |= {row.record_id: Known(*tuple(row)) for row in rows}
        return found

    def neighbours(self, mapping: str, rows: Collection[int]) -> frozenset[int]:
        """Unpaired live records that a key of these records touches, those among them included."""
        if not rows:
            return frozenset()
        found: set[int] = set()
        with self._look() as connection:
            for some in slices(sorted(rows)):
                found |= self._free_among(connection, mapping, record.c.id.in_(some))
                found |= self._by_match_key(connection, mapping, some)
                found |= self._by_external_key(connection, mapping, some)
        return frozenset(found)

    def _free_among(
        self, connection: Connection, mapping: str, condition: ColumnElement[bool]
    ) -> set[int]:
        free = and_(record.c.mapping == mapping, record.c.pair_id.is_(None))
        return set(
            connection.scalars(select(record.c.id).where(free, record.c.gone.is_(None), condition))
        )

    def _by_match_key(self, connection: Connection, mapping: str, rows: Sequence[int]) -> set[int]:
        keys = connection.execute(
            select(match_key.c.rule, match_key.c.key)
            .distinct()
            .select_from(match_key.join(record, same_record(match_key)))
            .where(record.c.id.in_(rows), match_key.c.rule >= 0)
        ).all()
        found: set[int] = set()
        by_rule: dict[int, list[str]] = defaultdict(list)
        for rule, key in keys:
            by_rule[rule].append(key)
        for rule, held in by_rule.items():
            for some in slices(held):
                found |= set(
                    connection.scalars(
                        select(record.c.id)
                        .select_from(match_key.join(record, same_record(match_key)))
                        .where(
                            match_key.c.mapping == mapping,
                            match_key.c.rule == rule,
                            match_key.c.key.in_(some),
                            record.c.pair_id.is_(None),
                            record.c.gone.is_(None),
                        )
                    )
                )
        return found

    def _by_external_key(
        self, connection: Connection, mapping: str, rows: Sequence[int]
    ) -> set[int]:
        """Those that name one of these records by its id, and those that these name."""
        moved = connection.execute(
            select(record.c.system, record.c.record_id, record.c.external_key).where(
                record.c.id.in_(rows)
            )
        ).all()
        found: set[int] = set()
        for side in System:
            ids = [row.record_id for row in moved if row.system == side.value]
            keys = [row.external_key for row in moved if row.system == side.value]
            there = record.c.system == side.other.value
            found |= self._free_among(
                connection, mapping, and_(there, record.c.external_key.in_(ids))
            )
            found |= self._free_among(
                connection,
                mapping,
                and_(there, record.c.record_id.in_([key for key in keys if key is not None])),
            )
        return found

    def places(self, scope: Collection[int]) -> list[tuple[System, str]]:
        """The records behind these rows."""
        found: list[tuple[System, str]] = []
        with self._look() as connection:
            for some in slices(sorted(scope)):
                rows = connection.execute(
                    select(record.c.system, record.c.record_id).where(record.c.id.in_(some))
                )
                found += [(System(row.system), row.record_id) for row in rows]
        return found

    def around(self, mapping: str, places: Collection[tuple[System, str]]) -> list[Ring]:
        """Unpaired live records that a key of these touches, but not these: bells to ring for them."""
        ours = {
            known.row_id
            for system in System
            for known in self.known(mapping, system, [i for s, i in places if s is system]).values()
        }
        found: list[Ring] = []
        c = record.c
        with self._look() as connection:
            for some in slices(sorted(self.neighbours(mapping, ours) - ours)):
                rows = connection.execute(
                    select(c.system, c.object, c.record_id).where(c.id.in_(some))
                )
                found += [Ring(System(row.system), row.object, row.record_id) for row in rows]
        return found

    def park_anew(
        self,
        mapping: str,
        looked_at: Iterable[tuple[System, str]],
        found: Iterable[Parked],
        now: datetime,
    ) -> None:
        """Whole records that were looked at: what is parked of them now, and nothing else.

        Lines of a birth are parked with the pair, once it is born.
        """
        whole = [row for row in found if row.line is None]
        kept = {(row.system.value, row.record_id) for row in whole}
        places = [(system.value, record_id) for system, record_id in looked_at]
        with self._begin_losable() as connection:
            for some in slices(places):
                self.let_go(connection, mapping, kept, places_in(some))
            for row in whole:
                self.add_parked(connection, row, now)

    def unrung(self, mapping: str, *, limit: int) -> list[Ring]:
        """Records that wait and for which nobody has rung."""
        c = record.c
        with self._look() as connection:
            rows = connection.execute(
                select(c.system, c.object, c.record_id)
                .where(c.mapping == mapping, c.state == "waiting", c.gone.is_(None), ~RUNG)
                .order_by(c.id)
                .limit(limit)
            ).all()
        return [Ring(System(r.system), r.object, r.record_id, Lane.RESYNC) for r in rows]
