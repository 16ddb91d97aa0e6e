"""Whom an opt-out has yet to reach: every record of a person who said it somewhere.

An opt-out counts for as long as a record holds it, and after that until somebody proves that it was to be
lifted: what is on file about it outlives the flag, and the record on which it was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BindParameter, Select, and_, bindparam, or_, select, true, union
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.claims import same_record
from sync.ledger.person_tables import IN, OUT, consent
from sync.ledger.room import IDS_AT_ONCE, Room, utc
from sync.ledger.tables import address, record
from sync.model import Scope


class ConsentDue(NamedTuple):
    """A record that belongs to somebody who opted out, and does not hold that opt-out; or that holds one
    after which an opt-in is proved."""

    position: int
    system: System
    object: str
    record_id: str


class _Line(NamedTuple):
    """One consent line of a mapping: its bit in `record.consent`, its name in `consent.kind`.

    Evidence dated later than `until` is not believed yet.
    """

    mapping: BindParameter[Any]
    bit: BindParameter[Any]
    kind: BindParameter[Any]
    until: BindParameter[Any]


# What is asked about stands in for itself: the statement is put together once, and not for each line and
# batch, which took longer than to carry it out.
LINE = _Line(*(bindparam(f"line_{name}") for name in _Line._fields))
AFTER: BindParameter[Any] = bindparam("after")
# The row ids of a scope; None where everybody is meant.
_Few: TypeAlias = BindParameter[Any] | None


class Spreading(Room):
    """Finds those whom opt-outs have to reach."""

    def consent_spread(
        self, mapping: str, lines: Sequence[str], until: datetime, scope: Scope = None
    ) -> Iterator[ConsentDue]:
        """Every live record of somebody who opted out that does not hold the opt-out.

        `lines` are the ids of the mapping's consent lines in their order; evidence of an opt-in that is
        dated later than `until` does not count yet. A person's records are those that share an address,
        those that are paired, and those that others went into (merged or converted). With a scope only
        its records and their addresses are looked at. Frozen records (converted Leads) cannot be
        written, but their opt-outs count. Records that hold an opt-out after which an opt-in is on file
        are among them: whoever proved it did so elsewhere than on the record.
        """
        for position, kind in enumerate(lines):
            asked = {
                "line_mapping": mapping,
                "line_bit": 1 << position,
                "line_kind": kind,
                "line_until": utc(until),
                "after": 0,
            } | ({} if scope is None else {"scope": list(scope)})
            while rows := self._amiss(asked, is_scoped=scope is not None):
                asked["after"] = rows[-1].id
                for row in rows:
                    yield ConsentDue(position, System(row.system), row.object, row.record_id)

    def _amiss(self, asked: Mapping[str, Any], *, is_scoped: bool) -> Sequence[Any]:
        """A page of the records that one opt-out, or its end, has yet to reach, by rising row id."""
        with self._look() as connection:
            return connection.execute(_reached(is_scoped=is_scoped), asked).all()


@lru_cache
def _reached(*, is_scoped: bool) -> Select[Any]:
    line = LINE
    scope: _Few = bindparam("scope", expanding=True) if is_scoped else None
    reached = union(
        _by_address(line, scope),
        _by_pair(line, scope),
        _by_way(line, scope),
        _by_word(line, scope),
        _by_proof(line, scope),
    ).subquery()
    return (
        select(record.c.id, record.c.system, record.c.object, record.c.record_id)
        .where(
            record.c.mapping == line.mapping,
            record.c.id.in_(select(reached.c.id)),
            or_(~_is_set(record, line), record.c.id.in_(_by_proof(line, scope))),
            record.c.gone.is_(None),
            record.c.frozen.is_(False),
            record.c.id > AFTER,
        )
        .order_by(record.c.id)
        .limit(IDS_AT_ONCE)
    )


def _holds(table: Any, line: _Line, scope: _Few) -> ColumnElement[bool]:
    """The flag is set, or it was until somebody took it away without a proof.

    What takes no writes keeps its flag whatever is proved: there the word counts.
    """
    is_over = and_(or_(table.c.frozen, table.c.gone.is_not(None)), _proved(table, line))
    return or_(and_(_is_set(table, line), ~is_over), _said_so(table, line, scope))


def _is_set(table: Any, line: _Line) -> ColumnElement[bool]:
    held: ColumnElement[bool] = table.c.consent.op("&")(line.bit) != 0
    return held


def _proved(table: Any, line: _Line) -> ColumnElement[bool]:
    """An opt-in of this record is on file, and no opt-out that is not older."""
    proof, word = consent.alias("proof"), consent.alias("word")
    since = (
        select(word.c.id)
        .where(
            _of(table, word),
            word.c.kind == line.kind,
            word.c.said == OUT,
            or_(word.c.at.is_(None), word.c.at >= proof.c.at),
        )
        # Two levels up is further than records are found by themselves: everybody's word would count.
        .correlate(table, proof)
        .exists()
    )
    return (
        select(proof.c.id)
        .where(
            _of(table, proof),
            proof.c.kind == line.kind,
            proof.c.said == IN,
            proof.c.at <= line.until,
            ~since,
        )
        .exists()
    )


def _said_so(table: Any, line: _Line, scope: _Few) -> ColumnElement[bool]:
    """An opt-out of this record is on file, and no later opt-in is.

    A few records are asked one by one. All of them are not: there the statements are gone through, of
    which there are fewer than records.
    """
    if scope is not None:
        return select(consent.c.id).where(_unlifted(line), _of(table, consent)).exists()
    speaker = record.alias("speaker")
    speakers = select(speaker.c.id).select_from(consent.join(speaker, _of(speaker, consent)))
    said: ColumnElement[bool] = table.c.id.in_(
        speakers.where(_unlifted(line), ~_is_set(speaker, line))
    )
    return said


def _unlifted(line: _Line) -> ColumnElement[bool]:
    """This row of `consent` is an opt-out after which nobody proved an opt-in on the same record."""
    return and_(_is_out(line), ~_lifted(line))


def _is_out(line: _Line) -> ColumnElement[bool]:
    """This row of `consent` is an opt-out."""
    return and_(
        consent.c.mapping == line.mapping, consent.c.kind == line.kind, consent.c.said == OUT
    )


def _lifted(line: _Line) -> ColumnElement[bool]:
    """After this row of `consent` somebody proved an opt-in on the same record."""
    later = consent.alias("later")
    lifted = select(later.c.id).where(
        later.c.mapping == consent.c.mapping,
        later.c.system == consent.c.system,
        later.c.record_id == consent.c.record_id,
        later.c.kind == consent.c.kind,
        later.c.said == IN,
        later.c.at > consent.c.at,
        later.c.at <= line.until,
    )
    return lifted.exists()


def _of(table: Any, told: Any) -> ColumnElement[bool]:
    """This row of `consent` tells of this record."""
    return and_(
        told.c.mapping == table.c.mapping,
        told.c.system == table.c.system,
        told.c.record_id == table.c.record_id,
    )


def _within(scope: _Few) -> ColumnElement[bool]:
    return true() if scope is None else record.c.id.in_(scope)


def _by_word(line: _Line, scope: _Few) -> Any:
    """Rows that said so themselves."""
    return select(record.c.id).where(
        record.c.mapping == line.mapping, _said_so(record, line, scope), _within(scope)
    )


def _by_proof(line: _Line, scope: _Few) -> Any:
    """Rows that hold an opt-out after which an opt-in of theirs is on file."""
    return (
        select(record.c.id)
        .select_from(consent.join(record, _of(record, consent)))
        .where(_is_out(line), _lifted(line), _is_set(record, line), _within(scope))
    )


def _by_address(line: _Line, scope: _Few) -> Any:
    """Rows that share an address with a live holder."""
    opted = (
        select(address.c.address)
        .select_from(address.join(record, same_record(address)))
        .where(
            address.c.mapping == line.mapping, _holds(record, line, scope), record.c.gone.is_(None)
        )
    )
    if scope is not None:
        opted = opted.where(address.c.address.in_(_addresses_of(scope)))
    return (
        select(record.c.id)
        .select_from(address.join(record, same_record(address)))
        .where(address.c.mapping == line.mapping, address.c.address.in_(opted))
    )


def _addresses_of(scope: _Few) -> Any:
    return (
        select(address.c.address)
        .select_from(address.join(record, same_record(address)))
        .where(_within(scope))
        .correlate(None)
    )


def _by_pair(line: _Line, scope: _Few) -> Any:
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
            holder.c.mapping == line.mapping,
            holder.c.pair_id.is_not(None),
            holder.c.gone.is_(None),
            _holds(holder, line, scope),
            _either(holder, partner, scope),
        )
    )


def _by_way(line: _Line, scope: _Few) -> Any:
    """Rows that a holder was merged into or converted to, over any number of steps."""
    way = (
        select(record.c.system, record.c.went_to.label("went_to"), record.c.id.label("began"))
        .where(
            record.c.mapping == line.mapping,
            record.c.went_to.is_not(None),
            _holds(record, line, scope),
        )
        .cte("way", recursive=True)
    )
    step, end = record.alias("step"), record.alias("arrived")
    way = way.union(
        select(step.c.system, step.c.went_to, way.c.began)
        .select_from(
            way.join(step, and_(step.c.system == way.c.system, step.c.record_id == way.c.went_to))
        )
        .where(step.c.mapping == line.mapping, step.c.went_to.is_not(None))
    )
    arrived = (
        select(end.c.id)
        .select_from(
            way.join(end, and_(end.c.system == way.c.system, end.c.record_id == way.c.went_to))
        )
        .where(end.c.mapping == line.mapping)
    )
    if scope is None:
        return arrived
    return arrived.where(or_(end.c.id.in_(scope), way.c.began.in_(scope)))


def _either(one: Any, other: Any, scope: _Few) -> ColumnElement[bool]:
    return true() if scope is None else or_(one.c.id.in_(scope), other.c.id.in_(scope))
