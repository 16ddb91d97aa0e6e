"""Whom an opt-out has yet to reach: every record of a person who holds it somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select, true, union
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.claims import same_record
from sync.ledger.room import IDS_AT_ONCE, Room, within
from sync.ledger.tables import address, record
from sync.model import Scope


class ConsentDue(NamedTuple):
    """A record that belongs to somebody who opted out, and does not hold that opt-out."""

    position: int
    system: System
    object: str
    record_id: str


class Spreading(Room):
    """Finds those whom opt-outs have to reach."""

    def consent_spread(self, mapping: str, lines: int, scope: Scope = None) -> Iterator[ConsentDue]:
        """Every live record of somebody who opted out that does not hold the opt-out.

        A person's records are those that share an address, those that are paired, and those that others
        went into (merged or converted). With a scope only its records and their addresses are looked
        at. Frozen records (converted Leads) cannot be written, but their opt-outs count.
        """
        for position in range(lines):
            after = 0
            while rows := self._not_holding(mapping, 1 << position, after, scope):
                after = rows[-1].id
                for row in rows:
                    yield ConsentDue(position, System(row.system), row.object, row.record_id)

    def _not_holding(self, mapping: str, bit: int, after: int, scope: Scope) -> Sequence[Any]:
        """A page of the records that one opt-out has yet to reach, by rising row id."""
        reached = union(
            _by_address(mapping, bit, scope),
            _by_pair(mapping, bit, scope),
            _by_way(mapping, bit, scope),
        ).subquery()
        with self._look() as connection:
            return connection.execute(
                select(record.c.id, record.c.system, record.c.object, record.c.record_id)
                .where(
                    record.c.mapping == mapping,
                    record.c.id.in_(select(reached.c.id)),
                    record.c.consent.op("&")(bit) == 0,
                    record.c.gone.is_(None),
                    record.c.frozen.is_(False),
                    record.c.id > after,
                )
                .order_by(record.c.id)
                .limit(IDS_AT_ONCE)
            ).all()


def _holds(table: Any, bit: int) -> ColumnElement[bool]:
    held: ColumnElement[bool] = table.c.consent.op("&")(bit) != 0
    return held


def _by_address(mapping: str, bit: int, scope: Scope) -> Any:
    """Rows that share an address with a live holder."""
    opted = (
        select(address.c.address)
        .select_from(address.join(record, same_record(address)))
        .where(address.c.mapping == mapping, _holds(record, bit), record.c.gone.is_(None))
    )
    if scope is not None:
        opted = opted.where(address.c.address.in_(_addresses_of(scope)))
    return (
        select(record.c.id)
        .select_from(address.join(record, same_record(address)))
        .where(address.c.mapping == mapping, address.c.address.in_(opted))
    )


def _addresses_of(scope: Scope) -> Any:
    return (
        select(address.c.address)
        .select_from(address.join(record, same_record(address)))
        .where(within(scope))
        .correlate(None)
    )


def _by_pair(mapping: str, bit: int, scope: Scope) -> Any:
    """Rows whose partner is a live holder."""
    holder, partner = record.alias("holder"), record.alias("partner")
    return (
        select(partner.c.id)
        .select_from(
            holder.join(
                partner, and_(partner.c.pair_id == holder.c.pair_id, partner.c.id != holder.c.id)
            )
        )
        .where(
            holder.c.mapping == mapping,
            holder.c.pair_id.is_not(None),
            holder.c.gone.is_(None),
            _holds(holder, bit),
            _either(holder, partner, scope),
        )
    )


def _by_way(mapping: str, bit: int, scope: Scope) -> Any:
    """Rows that a holder was merged into or converted to, over any number of steps."""
    way = (
        select(record.c.system, record.c.went_to.label("went_to"), record.c.id.label("began"))
        .where(record.c.mapping == mapping, record.c.went_to.is_not(None), _holds(record, bit))
        .cte("way", recursive=True)
    )
    step, end = record.alias("step"), record.alias("arrived")
    way = way.union(
        select(step.c.system, step.c.went_to, way.c.began)
        .select_from(
            way.join(step, and_(step.c.system == way.c.system, step.c.record_id == way.c.went_to))
        )
        .where(step.c.mapping == mapping, step.c.went_to.is_not(None))
    )
    arrived = (
        select(end.c.id)
        .select_from(
            way.join(end, and_(end.c.system == way.c.system, end.c.record_id == way.c.went_to))
        )
        .where(end.c.mapping == mapping)
    )
    if scope is None:
        return arrived
    return arrived.where(or_(end.c.id.in_(scope), way.c.began.in_(scope)))


def _either(one: Any, other: Any, scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else or_(one.c.id.in_(scope), other.c.id.in_(scope))
