"""Bound pairs and their baselines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, not_, or_, select, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.room import Room, baseline_json, baseline_of, utc
from sync.ledger.tables import pair, record
from sync.model import LineBaseline, Pair

LEFT, RIGHT = record.alias("left_record"), record.alias("right_record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What is true of a pair now. `clean` pairs are not looked at again until a digest moves."""

    pair_id: int
    baseline: Mapping[str, LineBaseline]
    hubspot_digest: bytes
    salesforce_digest: bytes
    clean: bool


class Pairs(Room):
    """Binds, looks up, agrees, unbinds."""

    def bind_many(self, mapping: str, pairs: Sequence[Pair], now: datetime) -> list[int]:
        """Bind pairs; a pair that is bound already answers its id. Not clean until they agree."""
        ids: list[int] = []
        if not pairs:
            return ids
        with self._begin() as connection:
            for new in pairs:
                known = connection.scalar(
                    select(pair.c.id).where(
                        pair.c.mapping == mapping,
                        pair.c.hubspot_id == new.hubspot_id,
                        pair.c.salesforce_id == new.salesforce_id,
                        pair.c.unbound_at.is_(None),
                    )
                )
                if known is None:
                    known = connection.execute(
                        pair.insert()
                        .values(
                            mapping=mapping,
                            hubspot_id=new.hubspot_id,
                            salesforce_object=new.salesforce_object,
                            salesforce_id=new.salesforce_id,
                            baseline="{}",
                            clean=False,
                            bound_at=utc(now),
                        )
                        .returning(pair.c.id)
                    ).scalar_one()
                ids.append(known)
            rows = [
                {"of_system": side.value, "of_record": new.record_id(side), "in_pair": pair_id}
                for new, pair_id in zip(pairs, ids, strict=True)
                for side in System
            ]
            connection.execute(
                update(record)
                .where(
                    record.c.mapping == mapping,
                    record.c.system == bindparam("of_system"),
                    record.c.record_id == bindparam("of_record"),
                )
                .values(
                    pair_id=bindparam("in_pair"),
                    claim=None,
                    claim_partner=None,
                    claim_detail=None,
                ),
                rows,
            )
        return ids

    def unbind(self, pair_id: int, why: str, now: datetime) -> None:
        """End a pair; the row stays as history, both records are `unpaired` for this reason."""
        with self._begin() as connection:
            connection.execute(
                update(pair)
                .where(pair.c.id == pair_id)
                .values(unbound_at=utc(now), unbound_why=why)
            )
            connection.execute(
                update(record)
                .where(record.c.pair_id == pair_id)
                .values(pair_id=None, claim="unpaired", claim_detail=why)
            )

    def pair(self, pair_id: int) -> Pair | None:
        """A bound pair."""
        with self._begin() as connection:
            row = connection.execute(
                select(pair).where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
            ).one_or_none()
        return None if row is None else _pair(row)

    def pair_of(self, mapping: str, system: System, record_id: str) -> Pair | None:
        """The pair that a record is bound in."""
        column = pair.c.hubspot_id if system is System.HUBSPOT else pair.c.salesforce_id
        with self._begin() as connection:
            row = connection.execute(
                select(pair).where(
                    pair.c.mapping == mapping, column == record_id, pair.c.unbound_at.is_(None)
                )
            ).first()
        return None if row is None else _pair(row)

    def partner_ids(self, mapping: str, system: System, ids: Iterable[str]) -> dict[str, str]:
        """Bound partners on the other side, of those that have one."""
        here, there = pair.c.hubspot_id, pair.c.salesforce_id
        if system is System.SALESFORCE:
            here, there = there, here
        with self._begin() as connection:
            rows = connection.execute(
                select(here, there).where(
                    pair.c.mapping == mapping, here.in_(list(ids)), pair.c.unbound_at.is_(None)
                )
            )
            return {row[0]: row[1] for row in rows}

    def pair_count(self, mapping: str) -> int:
        """How many pairs are bound."""
        with self._begin() as connection:
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
        with self._begin() as connection:
            connection.execute(
                update(pair).where(pair.c.id == bindparam("of_pair")),
                [
                    {
                        "of_pair": a.pair_id,
                        "baseline": baseline_json(a.baseline),
                        "hubspot_digest": a.hubspot_digest,
                        "salesforce_digest": a.salesforce_digest,
                        "clean": a.clean,
                        "agreed_at": utc(now),
                    }
                    for a in agreements
                ],
            )
            for system, digest in (
                (System.HUBSPOT, "hubspot_digest"),
                (System.SALESFORCE, "salesforce_digest"),
            ):
                # A record that we wrote to is seen anew by the next listing, keys and all; only what
                # is in line as it was listed needs its values no more.
                connection.execute(
                    update(record)
                    .where(
                        record.c.pair_id == bindparam("of_pair"),
                        record.c.system == system.value,
                        record.c.digest == bindparam("now_digest"),
                    )
                    .values(payload=None),
                    [
                        {"of_pair": a.pair_id, "now_digest": getattr(a, digest)}
                        for a in agreements
                        if a.clean
                    ]
                    or [{"of_pair": -1, "now_digest": b""}],
                )

    def dirty_pairs(self, mapping: str, *, after_id: int, limit: int) -> list[Pair]:
        """Live pairs in which something moved, or which are not clean, by rising id."""
        with self._begin() as connection:
            rows = connection.execute(
                select(pair)
                .select_from(_both_records())
                .where(
                    pair.c.mapping == mapping,
                    pair.c.unbound_at.is_(None),
                    pair.c.id > after_id,
                    LEFT.c.gone.is_(None),
                    RIGHT.c.gone.is_(None),
                    not_(_unchanged()),
                )
                .order_by(pair.c.id)
                .limit(limit)
            ).all()
        return [_pair(row) for row in rows]

    def all_pairs(self, mapping: str, *, after_id: int, limit: int) -> list[Pair]:
        """Live pairs by rising id, changed or not: for mappings that depend on the date."""
        with self._begin() as connection:
            rows = connection.execute(
                select(pair)
                .select_from(_both_records())
                .where(
                    pair.c.mapping == mapping,
                    pair.c.unbound_at.is_(None),
                    pair.c.id > after_id,
                    LEFT.c.gone.is_(None),
                    RIGHT.c.gone.is_(None),
                )
                .order_by(pair.c.id)
                .limit(limit)
            ).all()
        return [_pair(row) for row in rows]

    def unchanged_count(self, mapping: str) -> int:
        """Live pairs that need no look."""
        with self._begin() as connection:
            return int(
                connection.scalar(
                    select(func.count())
                    .select_from(_both_records())
                    .where(pair.c.mapping == mapping, pair.c.unbound_at.is_(None), _unchanged())
                )
                or 0
            )

    def pairs_with_gone_side(self, mapping: str) -> list[tuple[Pair, System]]:
        """Bound pairs of which one record was deleted, and which side that was."""
        with self._begin() as connection:
            rows = connection.execute(
                select(pair, LEFT.c.gone.label("left_gone"))
                .select_from(_both_records())
                .where(
                    pair.c.mapping == mapping,
                    pair.c.unbound_at.is_(None),
                    or_(LEFT.c.gone == "deleted", RIGHT.c.gone == "deleted"),
                )
                .order_by(pair.c.id)
            ).all()
        return [
            (_pair(row), System.HUBSPOT if row.left_gone == "deleted" else System.SALESFORCE)
            for row in rows
        ]


def _both_records() -> Any:
    return pair.join(LEFT, _record_of(LEFT, System.HUBSPOT, pair.c.hubspot_id)).join(
        RIGHT, _record_of(RIGHT, System.SALESFORCE, pair.c.salesforce_id)
    )


def _record_of(table: Any, system: System, record_id: Any) -> ColumnElement[bool]:
    return and_(
        table.c.mapping == pair.c.mapping,
        table.c.system == system.value,
        table.c.record_id == record_id,
    )


def _unchanged() -> ColumnElement[bool]:
    # Digests are null until the pair first agreed; it is not clean until then either.
    return and_(
        pair.c.clean,
        LEFT.c.digest == pair.c.hubspot_digest,
        RIGHT.c.digest == pair.c.salesforce_digest,
    )


def _pair(row: Row[Any]) -> Pair:
    return Pair(
        id=row.id,
        mapping=row.mapping,
        hubspot_id=row.hubspot_id,
        salesforce_object=row.salesforce_object,
        salesforce_id=row.salesforce_id,
        baseline=baseline_of(row.baseline),
    )
