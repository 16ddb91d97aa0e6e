"""Every record in exactly one named state, with a reason; the states add up to what was counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import and_, case, exists, func, literal, null, or_, select, tuple_, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.room import IN_FLIGHT_STATES, Room, within
from sync.ledger.tables import TOMBSTONES, bell, journal, pair, parked, record
from sync.model import STATES, Scope

PAGE = 1_000


class StateRow(NamedTuple):
    """One record in a state."""

    record_id: str
    object: str
    reason: str | None


class States(Room):
    """Derives and counts states."""

    def refresh_states(self, mapping: str, scope: Scope = None) -> None:
        """Derive the state of the records of a mapping, in the contract's order."""
        state, reason = _state(mapping)
        with self._begin_losable() as connection:
            connection.execute(
                update(record)
                .where(record.c.mapping == mapping, _concerned(scope))
                .where(
                    or_(
                        record.c.state.is_distinct_from(state),
                        record.c.reason.is_distinct_from(reason),
                    )
                )
                .values(state=state, reason=reason)
            )

    def learn_sizes(self) -> None:
        """Let the database look at what is in it by now, so that its plans fit: by itself it is late."""
        with self._begin() as connection:
            is_postgres = connection.dialect.name == "postgresql"
            connection.exec_driver_sql("ANALYZE" if is_postgres else "PRAGMA optimize")

    def state_counts(self, mapping: str) -> dict[System, dict[str, dict[str, int]]]:
        """Counts by system, object and state; all six states always present."""
        counts: dict[System, dict[str, dict[str, int]]] = {
            system: defaultdict(lambda: dict.fromkeys(STATES, 0)) for system in System
        }
        with self._look() as connection:
            rows = connection.execute(
                select(record.c.system, record.c.object, SHOWN, func.count())
                .where(record.c.mapping == mapping)
                .where(COUNTED)
                .group_by(record.c.system, record.c.object, SHOWN)
            )
            for system, object_name, state, count in rows:
                counts[System(system)][object_name][state or "waiting"] += count
        return counts

    def records_in_state(
        self, mapping: str, system: System, state: str, limit: int = PAGE
    ) -> Iterator[StateRow]:
        """Records of one side that are in this state: those that are counted."""
        with self._look() as connection:
            rows = connection.execute(
                select(record.c.record_id, record.c.object, SHOWN_REASON)
                .where(
                    record.c.mapping == mapping,
                    record.c.system == system.value,
                    SHOWN.in_([state]),
                    COUNTED,
                )
                .order_by(record.c.id)
                .limit(limit)
            ).all()
        yield from (StateRow(*row) for row in rows)


RUNG = exists().where(
    bell.c.record_id == record.c.record_id,
    bell.c.object == record.c.object,
    bell.c.system == record.c.system,
)
RUNG_WHY = (
    select(bell.c.reason)
    .where(
        bell.c.record_id == record.c.record_id,
        bell.c.object == record.c.object,
        bell.c.system == record.c.system,
    )
    .scalar_subquery()
)
# Who vanished without a word is in no listing any more, and so in no sum.
COUNTED = or_(record.c.gone.is_(None), record.c.gone.in_(TOMBSTONES))
# A record that somebody rang for is not in line until it was looked at, whatever was true before.
OVERRULED = and_(
    or_(record.c.state.is_(None), record.c.state.in_(["in_sync", "unpaired", "waiting"])), RUNG
)
SHOWN: ColumnElement[Any] = case((OVERRULED, literal("waiting")), else_=record.c.state)
# What the worker said who looked last tells more than that it is due.
SHOWN_REASON: ColumnElement[Any] = case(
    (and_(OVERRULED, or_(record.c.state != "waiting", record.c.reason == "due")), RUNG_WHY),
    else_=record.c.reason,
)


def _concerned(scope: Scope) -> ColumnElement[bool]:
    """The records of a scope and their partners: what is parked or waits concerns a pair whole."""
    if scope is None:
        return within(scope)
    pairs = select(record.c.pair_id).where(within(scope), record.c.pair_id.is_not(None))
    return or_(within(scope), record.c.pair_id.in_(pairs))


def _state(mapping: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The state and the reason of a record as one CASE each, branch for branch the same."""
    alone, bound = record.c.pair_id.is_(None), record.c.pair_id.is_not(None)
    branches: list[tuple[ColumnElement[bool], str, ColumnElement[Any]]] = [
        (record.c.gone.in_(TOMBSTONES), "deleted", record.c.gone),
        (_parked(mapping), "parked", literal("parked")),
        (and_(alone, record.c.claim == "parked"), "parked", record.c.claim_detail),
        (record.c.in_scope.is_(False), "filtered", literal("outside_only")),
        (and_(alone, record.c.claim == "filtered"), "filtered", record.c.claim_detail),
        (_partner(mapping, record.c.in_scope.is_(False)), "filtered", literal("partner_filtered")),
        (
            _partner(mapping, record.c.gone == "not_visible"),
            "unpaired",
            literal("not_visible"),
        ),
        (and_(alone, record.c.gone == "not_visible"), "unpaired", literal("not_visible")),
        (_partner(mapping, record.c.gone == "deleted"), "waiting", literal("partner_deleted")),
        (_in_flight(mapping), "waiting", literal("in_flight")),
        (and_(bound, record.c.pair_id.in_(_unclean(mapping))), "waiting", _waits()),
        (and_(alone, record.c.claim == "waiting"), "waiting", record.c.claim_detail),
        (and_(alone, record.c.claim.in_(["create", "link"])), "waiting", literal("due")),
        (and_(alone, record.c.claim == "unpaired"), "unpaired", record.c.claim_detail),
        (alone, "waiting", literal("due")),
    ]
    state = case(*((test, literal(name)) for test, name, _ in branches), else_=literal("in_sync"))
    reason = case(*((test, why) for test, _, why in branches), else_=null())
    return state, reason


def _parked(mapping: str) -> ColumnElement[bool]:
    """The record or one of its lines is parked; a parked line concerns both records of a pair."""
    places = select(parked.c.system, parked.c.record_id).where(parked.c.mapping == mapping)
    partner = record.alias("parked_record")
    theirs = (
        select(partner.c.pair_id)
        .join(
            parked,
            and_(
                parked.c.mapping == partner.c.mapping,
                parked.c.system == partner.c.system,
                parked.c.record_id == partner.c.record_id,
                parked.c.line != "",
            ),
        )
        .where(partner.c.mapping == mapping, partner.c.pair_id.is_not(None))
    )
    return or_(
        tuple_(record.c.system, record.c.record_id).in_(places), record.c.pair_id.in_(theirs)
    )


def _partner(mapping: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Bound in a pair of which some record fulfils the condition."""
    pairs = select(record.c.pair_id).where(
        record.c.mapping == mapping, record.c.pair_id.is_not(None), condition
    )
    return record.c.pair_id.in_(pairs)


def _in_flight(mapping: str) -> ColumnElement[bool]:
    """A write to it was sent and nobody knows yet whether it landed."""
    places = select(journal.c.system, journal.c.record_id).where(
        journal.c.mapping == mapping,
        journal.c.state.in_(IN_FLIGHT_STATES),
        journal.c.record_id.is_not(None),
    )
    return tuple_(record.c.system, record.c.record_id).in_(places)


def _waits() -> ColumnElement[Any]:
    """What the pair of a record waits for, where it is not simply due."""
    waits = select(pair.c.waits).where(pair.c.id == record.c.pair_id).scalar_subquery()
    return func.coalesce(waits, "due")


def _unclean(mapping: str) -> Any:
    return select(pair.c.id).where(
        pair.c.mapping == mapping, pair.c.unbound_at.is_(None), pair.c.clean.is_(False)
    )
