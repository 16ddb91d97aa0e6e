"""Bound pairs, what both sides held when they last agreed, and which of them need a look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, not_, or_, select, true, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.binding import pair_of_row
from sync.ledger.moves import Moves
from sync.ledger.room import IDS_AT_ONCE, baseline_json, slices, utc
from sync.ledger.tables import pair, record
from sync.ledger.waiters import note_waiters
from sync.model import Awaited, LineBaseline, Pair, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What is true of a pair now. `clean` pairs are not looked at again until a digest moves.

    `waits` says why one that is not clean waits, where that is more than being due; `awaited` are the
    records that it waits for.
    """

    pair_id: int
    baseline: Mapping[str, LineBaseline]
    hubspot_digest: bytes
    salesforce_digest: bytes
    clean: bool
    waits: str | None = None
    awaited: Sequence[Awaited] = ()


class Pairs(Moves):
    """Looks up pairs, notes what they agree on, and finds those in which something moved."""

    def pair(self, pair_id: int) -> Pair | None:
        """A bound pair."""
        with self._look() as connection:
            row = connection.execute(
                select(pair).where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
            ).one_or_none()
        return None if row is None else pair_of_row(row)

    def pairs_by_ids(self, ids: Sequence[int]) -> dict[int, Pair]:
        """Bound pairs by id; ended ones are left out."""
        found: dict[int, Pair] = {}
        with self._look() as connection:
            for some in slices(ids):
                rows = connection.execute(
                    select(pair).where(pair.c.id.in_(some), pair.c.unbound_at.is_(None))
                )
                found |= {row.id: pair_of_row(row) for row in rows}
        return found

    def pair_of(self, mapping: str, system: System, record_id: str) -> Pair | None:
        """The pair that a record is bound in."""
        column = pair.c.hubspot_id if system is System.HUBSPOT else pair.c.salesforce_id
        with self._look() as connection:
            row = connection.execute(
                select(pair).where(
                    pair.c.mapping == mapping, column == record_id, pair.c.unbound_at.is_(None)
                )
            ).first()
        return None if row is None else pair_of_row(row)

    def partner_ids(self, mapping: str, system: System, ids: Iterable[str]) -> dict[str, str]:
        """Bound partners on the other side, of those that have one."""
        here, there = pair.c.hubspot_id, pair.c.salesforce_id
        if system is System.SALESFORCE:
            here, there = there, here
        found: dict[str, str] = {}
        with self._look() as connection:
            for some in slices(list(ids)):
                rows = connection.execute(
                    select(here, there).where(
                        pair.c.mapping == mapping, here.in_(some), pair.c.unbound_at.is_(None)
                    )
                )
                found |= {row[0]: row[1] for row in rows}
        return found

    def pair_count(self, mapping: str) -> int:
        """How many pairs are bound."""
        with self._look() as connection:
            return int(
                connection.scalar(
                    select(func.count()).where(
                        pair.c.mapping == mapping, pair.c.unbound_at.is_(None)
                    )
                )
                or 0
            )

    def agree(self, agreements: Sequence[Agreement], now: datetime) -> None:
        """Note what is true now. Digests are those that the next listing will find undisturbed."""
        if not agreements:
            return
        with self._begin_losable() as connection:
            connection.execute(
                update(pair).where(pair.c.id == bindparam("of_pair")),
                [
                    {
                        "of_pair": a.pair_id,
                        "baseline": baseline_json(a.baseline),
                        "hubspot_digest": a.hubspot_digest,
                        "salesforce_digest": a.salesforce_digest,
                        "clean": a.clean,
                        "waits": a.waits,
                        "agreed_at": utc(now),
                    }
                    for a in agreements
                ],
            )
            # What the listing saw may be older than what was written since: it is read again.
            _forget_payloads(connection, agreements)
            note_waiters(connection, "pair_id", {a.pair_id: a.awaited for a in agreements}, now)

    def dirty_pairs(self, mapping: str, *, after_id: int, limit: int) -> list[Pair]:
        """Live pairs in which something moved, or which are not clean, by rising id."""
        return self._pairs_where(and_(pair.c.mapping == mapping, not_(UNCHANGED)), after_id, limit)

    def all_pairs(self, mapping: str, *, after_id: int, limit: int) -> list[Pair]:
        """Live pairs by rising id, changed or not: for mappings that depend on the date."""
        return self._pairs_where(pair.c.mapping == mapping, after_id, limit)

    def _pairs_where(self, condition: ColumnElement[bool], after_id: int, limit: int) -> list[Pair]:
        with self._look() as connection:
            rows = connection.execute(
                select(pair)
                .where(pair.c.unbound_at.is_(None), pair.c.id > after_id, condition, *BOTH_LIVE)
                .order_by(pair.c.id)
                .limit(limit)
            ).all()
        return [pair_of_row(row) for row in rows]

    def unchanged_count(self, mapping: str) -> int:
        """Live pairs that need no look."""
        with self._look() as connection:
            found = connection.scalar(
                select(func.count())
                .select_from(pair)
                .where(pair.c.mapping == mapping, pair.c.unbound_at.is_(None), UNCHANGED)
            )
        return int(found or 0)

    def is_as_agreed(self, pair_id: int, system: System, digest: bytes) -> bool:
        """Whether a record of a pair holds what the pair last agreed on, and nothing of it was due."""
        agreed = pair.c.hubspot_digest if system is System.HUBSPOT else pair.c.salesforce_digest
        with self._look() as connection:
            row = connection.execute(
                select(agreed.label("digest"), pair.c.clean).where(pair.c.id == pair_id)
            ).one_or_none()
        return row is not None and bool(row.clean) and row.digest == digest

    def pairs_with_gone_side(
        self, mapping: str, scope: Scope = None
    ) -> Iterator[tuple[Pair, System]]:
        """Bound pairs of which one record was deleted, and which side that was."""
        gone = record.c.gone == "deleted"
        if scope is not None:
            gone = and_(gone, record.c.id.in_(scope))
        left, right = (_has(side, gone) for side in System)
        after = 0
        while True:
            with self._look() as connection:
                rows = connection.execute(
                    select(pair, left.label("left_gone"))
                    .where(
                        pair.c.mapping == mapping,
                        pair.c.unbound_at.is_(None),
                        pair.c.id > after,
                        true() if scope is None else pair.c.id.in_(_pairs_of(scope)),
                        or_(left, right),
                    )
                    .order_by(pair.c.id)
                    .limit(IDS_AT_ONCE)
                ).all()
            for row in rows:
                yield pair_of_row(row), System.HUBSPOT if row.left_gone else System.SALESFORCE
            if len(rows) < IDS_AT_ONCE:
                return
            after = rows[-1].id


def _forget_payloads(connection: Connection, agreements: Sequence[Agreement]) -> None:
    """What a listing saw of these records is older than what is known of them now.

    A killed run that goes on plans with what is on file, so nothing stale may stay there.
    """
    if not agreements:
        return
    connection.execute(
        update(record)
        .where(record.c.pair_id == bindparam("of_pair"), record.c.payload.is_not(None))
        .values(payload=None),
        [{"of_pair": one.pair_id} for one in agreements],
    )


def _pairs_of(scope: Scope) -> Any:
    return select(record.c.pair_id).where(
        record.c.id.in_(scope or ()), record.c.pair_id.is_not(None)
    )


def _has(side: System, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The pair's record of this side fulfils the condition.

    Said as EXISTS and not as a join: so the database walks the pairs by rising id and stops at the
    limit. A join leaves it free to walk the records, and to sort all of them for every page.
    """
    ours = pair.c.hubspot_id if side is System.HUBSPOT else pair.c.salesforce_id
    return exists().where(
        record.c.mapping == pair.c.mapping,
        record.c.system == side.value,
        record.c.record_id == ours,
        condition,
    )


BOTH_LIVE = tuple(_has(side, record.c.gone.is_(None)) for side in System)
# Digests are null until the pair first agreed; it is not clean until then either.
UNCHANGED = and_(
    pair.c.clean,
    _has(System.HUBSPOT, and_(record.c.gone.is_(None), record.c.digest == pair.c.hubspot_digest)),
    _has(
        System.SALESFORCE,
        and_(record.c.gone.is_(None), record.c.digest == pair.c.salesforce_digest),
    ),
)
