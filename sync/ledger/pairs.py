"""Bound pairs and their baselines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.room import (
    IDS_AT_ONCE,
    IN_FLIGHT_STATES,
    AlreadyBound,
    Room,
    baseline_json,
    baseline_of,
    slices,
    utc,
)
from sync.ledger.tables import journal, pair, record
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
        """Bind pairs; answers their ids in input order. Not clean until they agree.

        A pair that is bound already keeps its id. Raises `AlreadyBound`, and binds none of them,
        where one of the records has another partner.
        """
        ids: list[int] = []
        with self._begin() as connection:
            for some in slices(pairs):
                _insert_unbound(connection, mapping, some, now)
                found = _ids_of(connection, mapping, some)
                _tie_records(connection, mapping, some, found)
                ids += found
        return ids

    def bind(self, new: Pair, now: datetime) -> int:
        """Bind one pair; see `bind_many`."""
        return self.bind_many(new.mapping, [new], now)[0]

    def unbind(self, pair_id: int, why: str, now: datetime) -> None:
        """End a pair; the row stays as history, both records are `unpaired` for this reason."""
        with self._begin() as connection:
            connection.execute(
                update(pair)
                .where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
                .values(unbound_at=utc(now), unbound_why=why)
            )
            connection.execute(
                update(record)
                .where(record.c.pair_id == pair_id)
                .values(pair_id=None, claim="unpaired", claim_partner=None, claim_detail=why)
            )

    def move(self, pair_id: int, object_name: str, salesforce_id: str) -> None:
        """Let the pair follow its Salesforce record, which was converted or merged into another.

        The baseline stays, so that edits made meanwhile travel; writes in flight go with it. Raises
        `AlreadyBound` where the new record has another partner.
        """
        with self._begin() as connection:
            old = connection.execute(
                select(pair).where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
            ).one()
            moved = replace(_pair(old), salesforce_object=object_name, salesforce_id=salesforce_id)
            _refuse_bound(connection, moved)
            connection.execute(
                update(pair)
                .where(pair.c.id == pair_id)
                .values(salesforce_object=object_name, salesforce_id=salesforce_id, clean=False)
            )
            connection.execute(
                update(record).where(record.c.pair_id == pair_id).values(pair_id=None)
            )
            _tie_records(connection, moved.mapping, [moved], [pair_id])
            connection.execute(
                update(journal)
                .where(
                    journal.c.mapping == old.mapping,
                    journal.c.system == System.SALESFORCE.value,
                    journal.c.record_id == old.salesforce_id,
                    journal.c.state.in_(IN_FLIGHT_STATES),
                )
                .values(object=object_name, record_id=salesforce_id)
            )

    def pair(self, pair_id: int) -> Pair | None:
        """A bound pair."""
        with self._look() as connection:
            row = connection.execute(
                select(pair).where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
            ).one_or_none()
        return None if row is None else _pair(row)

    def pairs_by_ids(self, ids: Sequence[int]) -> dict[int, Pair]:
        """Bound pairs by id; ended ones are left out."""
        found: dict[int, Pair] = {}
        with self._look() as connection:
            for some in slices(ids):
                rows = connection.execute(
                    select(pair).where(pair.c.id.in_(some), pair.c.unbound_at.is_(None))
                )
                found |= {row.id: _pair(row) for row in rows}
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
        return None if row is None else _pair(row)

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
            _forget_payloads(connection, [a for a in agreements if a.clean])

    def dirty_pairs(self, mapping: str, *, after_id: int, limit: int) -> list[Pair]:
        """Live pairs in which something moved, or which are not clean, by rising id."""
        with self._look() as connection:
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
        with self._look() as connection:
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
        with self._look() as connection:
            return int(
                connection.scalar(
                    select(func.count())
                    .select_from(_both_records())
                    .where(pair.c.mapping == mapping, pair.c.unbound_at.is_(None), _unchanged())
                )
                or 0
            )

    def pairs_with_gone_side(self, mapping: str) -> Iterator[tuple[Pair, System]]:
        """Bound pairs of which one record was deleted, and which side that was."""
        after = 0
        while True:
            with self._look() as connection:
                rows = connection.execute(
                    select(pair, LEFT.c.gone.label("left_gone"))
                    .select_from(_both_records())
                    .where(
                        pair.c.mapping == mapping,
                        pair.c.unbound_at.is_(None),
                        pair.c.id > after,
                        or_(LEFT.c.gone == "deleted", RIGHT.c.gone == "deleted"),
                    )
                    .order_by(pair.c.id)
                    .limit(IDS_AT_ONCE)
                ).all()
            for row in rows:
                side = System.HUBSPOT if row.left_gone == "deleted" else System.SALESFORCE
                yield _pair(row), side
            if len(rows) < IDS_AT_ONCE:
                return
            after = rows[-1].id


def _insert_unbound(
    connection: Connection, mapping: str, pairs: Sequence[Pair], now: datetime
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        # Bound already, to whomever: `_ids_of` tells which.
        dialect.insert(pair).on_conflict_do_nothing(),
        [
            {
                "mapping": mapping,
                "hubspot_id": new.hubspot_id,
                "salesforce_object": new.salesforce_object,
                "salesforce_id": new.salesforce_id,
                "clean": False,
                "bound_at": utc(now),
                "baseline": "{}",
            }
            for new in pairs
        ],
    )


def _ids_of(connection: Connection, mapping: str, pairs: Sequence[Pair]) -> list[int]:
    rows = connection.execute(
        select(pair.c.hubspot_id, pair.c.salesforce_id, pair.c.id).where(
            pair.c.mapping == mapping,
            pair.c.unbound_at.is_(None),
            pair.c.hubspot_id.in_([new.hubspot_id for new in pairs]),
        )
    )
    bound = {(row.hubspot_id, row.salesforce_id): row.id for row in rows}
    for new in pairs:
        if (new.hubspot_id, new.salesforce_id) not in bound:
            _refuse_bound(connection, new)
    return [bound[new.hubspot_id, new.salesforce_id] for new in pairs]


def _refuse_bound(connection: Connection, new: Pair) -> None:
    """Raise `AlreadyBound` if one of the two records is in another pair."""
    other = connection.execute(
        select(pair.c.hubspot_id, pair.c.salesforce_object, pair.c.salesforce_id).where(
            pair.c.mapping == new.mapping,
            pair.c.unbound_at.is_(None),
            or_(pair.c.hubspot_id == new.hubspot_id, pair.c.salesforce_id == new.salesforce_id),
            not_(
                and_(pair.c.hubspot_id == new.hubspot_id, pair.c.salesforce_id == new.salesforce_id)
            ),
            pair.c.id != new.id,
        )
    ).first()
    if other is not None:
        raise AlreadyBound(
            f"HubSpot {new.hubspot_id} and Salesforce {new.salesforce_id} cannot be paired in "
            f"{new.mapping}: HubSpot {other.hubspot_id} and {other.salesforce_object} "
            f"{other.salesforce_id} are paired already; unlink those first"
        )


def _tie_records(
    connection: Connection, mapping: str, pairs: Sequence[Pair], ids: Sequence[int]
) -> None:
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
        .values(pair_id=bindparam("in_pair"), claim=None, claim_partner=None, claim_detail=None),
        rows,
    )


def _forget_payloads(connection: Connection, agreements: Sequence[Agreement]) -> None:
    """What is in line as it was listed needs its values no more.

    A record that we wrote to has another digest: the next listing sees it anew, keys and all.
    """
    if not agreements:
        return
    connection.execute(
        update(record)
        .where(
            record.c.pair_id == bindparam("of_pair"),
            record.c.system == bindparam("of_system"),
            record.c.digest == bindparam("now_digest"),
            record.c.payload.is_not(None),
        )
        .values(payload=None),
        [
            {"of_pair": one.pair_id, "of_system": system.value, "now_digest": digest}
            for one in agreements
            for system, digest in (
                (System.HUBSPOT, one.hubspot_digest),
                (System.SALESFORCE, one.salesforce_digest),
            )
        ],
    )


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
