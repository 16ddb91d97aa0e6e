"""Ties of relations, and the bound pairs that they tie.

A tie is one row while some side holds it. What was agreed stands under its two pairs, so it follows a
partner whose pair is moved (converted, merged), and is void once that pair has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from connector.port import System
from sync.ledger.quarantine import WHOLE_RECORD
from sync.ledger.room import Room, baseline_json, baseline_of, slices
from sync.ledger.states import PAGE, StateRow
from sync.ledger.tables import pair, parked, record, tie
from sync.model import STATES, KnownTie, Partner

# A record may have been merged into one that was merged itself; a ring of them has no end.
HOPS = 10
IN_SIDE = {System.HUBSPOT: tie.c.in_hubspot, System.SALESFORCE: tie.c.in_salesforce}


class Ties(Room):
    """Looks partners up, notes what is true of ties, and counts them."""

    # Partners -----------------------------------------------------------------------------------

    def bound_partners(self, mapping: str, *, after_id: int, limit: int) -> list[Partner]:
        """Bound pairs of a mapping by rising id, fit or not."""
        with self._look() as connection:
            rows = connection.execute(
                select(pair)
                .where(pair.c.mapping == mapping, pair.c.unbound_at.is_(None), pair.c.id > after_id)
                .order_by(pair.c.id)
                .limit(limit)
            ).all()
            return _judged(connection, mapping, rows)

    def partners_by_pair(self, mapping: str, pair_ids: Iterable[int]) -> dict[int, Partner]:
        """Bound pairs of a mapping by their ids; ended ones are left out."""
        found: dict[int, Partner] = {}
        with self._look() as connection:
            for some in slices(sorted(set(pair_ids))):
                rows = connection.execute(
                    select(pair).where(pair.c.id.in_(some), pair.c.unbound_at.is_(None))
                ).all()
                found |= {one.pair_id: one for one in _judged(connection, mapping, rows)}
        return found

    def partners_of(self, mapping: str, system: System, ids: Iterable[str]) -> dict[str, Partner]:
        """The pairs that these records of one side stand for, under the ids that were asked for.

        A record that was merged or converted stands for the pair of the record that it went to, however
        many losers a survivor has.
        """
        asked = dict.fromkeys(ids)
        found: dict[str, Partner] = {}
        with self._look() as connection:
            ways = {record_id: record_id for record_id in asked}
            for _ in range(HOPS):
                bound = _bound(connection, mapping, system, set(ways.values()))
                found |= {i: bound[now] for i, now in ways.items() if now in bound}
                rest = {i: now for i, now in ways.items() if now not in bound}
                went = _went_to(connection, mapping, system, set(rest.values()))
                ways = {i: went[now] for i, now in rest.items() if now in went}
                if not ways:
                    break
        return found

    # Ties ---------------------------------------------------------------------------------------

    def ties_of(self, relation: str, right_pairs: Collection[int]) -> list[KnownTie]:
        """All that is known of the ties at these right-hand pairs."""
        found: list[KnownTie] = []
        with self._look() as connection:
            for some in slices(sorted(right_pairs)):
                rows = connection.execute(
                    select(tie)
                    .where(tie.c.relation == relation, tie.c.right_pair.in_(some))
                    .order_by(tie.c.id)
                )
                found += [_known(row) for row in rows]
        return found

    def tie_named(self, system: System, left: str, right: str) -> list[KnownTie]:
        """Ties between two records of one side, of any relation."""
        hubspot = system is System.HUBSPOT
        lefts = tie.c.hubspot_left if hubspot else tie.c.salesforce_left
        rights = tie.c.hubspot_right if hubspot else tie.c.salesforce_right
        with self._look() as connection:
            rows = connection.execute(select(tie).where(lefts == left, rights == right))
            return [_known(row) for row in rows]

    def note_ties(self, noted: Sequence[KnownTie], over: Collection[int] = ()) -> None:
        """Put on file what is true of ties now; those that are `over` (row ids) are forgotten.

        Ties with an id replace their row; the others are new.
        """
        if not noted and not over:
            return
        with self._begin() as connection:
            for some in slices(sorted(over)):
                connection.execute(delete(tie).where(tie.c.id.in_(some)))
            for one in noted:
                if one.id:
                    connection.execute(update(tie).where(tie.c.id == one.id).values(**_row(one)))
            if new := [_row(one) for one in noted if not one.id]:
                connection.execute(insert(tie), new)

    def forget_ties_without_right(self, relation: str, mapping: str) -> int:
        """Forget ties whose right-hand pair has ended: nobody looks at them, nothing is agreed."""
        bound = select(pair.c.id).where(pair.c.mapping == mapping, pair.c.unbound_at.is_(None))
        with self._begin() as connection:
            return connection.execute(
                delete(tie).where(tie.c.relation == relation, tie.c.right_pair.not_in(bound))
            ).rowcount

    def knows_ties(self, relation: str) -> bool:
        """Whether anything was ever agreed about a tie of this relation."""
        agreed = select(tie.c.id).where(tie.c.relation == relation, tie.c.standing.is_not(None))
        with self._look() as connection:
            return connection.scalar(agreed.limit(1)) is not None

    def tie_counts(self, relation: str) -> dict[System, dict[str, int]]:
        """Ties by side and state, as they were last seen; all six states are always present."""
        counts: dict[System, dict[str, int]] = {
            system: dict.fromkeys(STATES, 0) for system in System
        }
        with self._look() as connection:
            for system, held in IN_SIDE.items():
                rows = connection.execute(
                    select(tie.c.state, func.count())
                    .where(tie.c.relation == relation, held)
                    .group_by(tie.c.state)
                )
                for state, count in rows:
                    counts[system][state] = count
        return counts

    def ties_in_state(
        self, relation: str, system: System, state: str, limit: int = PAGE
    ) -> list[StateRow]:
        """Ties that this side holds and that are in this state."""
        with self._look() as connection:
            rows = connection.execute(
                select(tie)
                .where(tie.c.relation == relation, IN_SIDE[system], tie.c.state == state)
                .order_by(tie.c.id)
                .limit(limit)
            ).all()
        return [StateRow(_known(row).record_id(system), relation, row.reason) for row in rows]


def _bound(
    connection: Connection, mapping: str, system: System, ids: Collection[str]
) -> dict[str, Partner]:
    column = pair.c.hubspot_id if system is System.HUBSPOT else pair.c.salesforce_id
    found: dict[str, Partner] = {}
    for some in slices(sorted(ids)):
        rows = connection.execute(
            select(pair).where(
                pair.c.mapping == mapping, column.in_(some), pair.c.unbound_at.is_(None)
            )
        ).all()
        found |= {one.record_id(system): one for one in _judged(connection, mapping, rows)}
    return found


def _went_to(
    connection: Connection, mapping: str, system: System, ids: Collection[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in slices(sorted(ids)):
        rows = connection.execute(
            select(record.c.record_id, record.c.went_to).where(
                record.c.mapping == mapping,
                record.c.system == system.value,
                record.c.record_id.in_(some),
                record.c.went_to.is_not(None),
            )
        )
        found |= {row.record_id: row.went_to for row in rows}
    return found


def _judged(connection: Connection, mapping: str, rows: Sequence[Row[Any]]) -> list[Partner]:
    """The partners of these pair rows, with what their records are fit for."""
    ids = [row.id for row in rows]
    gone: set[int] = set()
    away: set[int] = set()
    for some in slices(ids):
        seen = connection.execute(
            select(record.c.pair_id, record.c.gone, parked.c.id.label("parked_id"))
            .select_from(
                record.outerjoin(
                    parked,
                    and_(
                        parked.c.mapping == record.c.mapping,
                        parked.c.system == record.c.system,
                        parked.c.record_id == record.c.record_id,
                        parked.c.line == WHOLE_RECORD,
                    ),
                )
            )
            .where(
                record.c.mapping == mapping,
                record.c.pair_id.in_(some),
                or_(
                    record.c.gone.is_not(None),
                    record.c.in_scope.is_(False),
                    record.c.frozen,
                    parked.c.id.is_not(None),
                ),
            )
        )
        for row in seen:
            (away if row.gone is None else gone).add(row.pair_id)
    return [
        Partner(
            row.id,
            row.hubspot_id,
            row.salesforce_object,
            row.salesforce_id,
            "gone" if row.id in gone else "away" if row.id in away else "fit",
        )
        for row in rows
    ]


def _row(one: KnownTie) -> dict[str, Any]:
    return {
        "relation": one.relation,
        "right_pair": one.right_pair,
        "left_pair": one.left_pair,
        "hubspot_left": one.hubspot_left,
        "hubspot_right": one.hubspot_right,
        "salesforce_left": one.salesforce_left,
        "salesforce_right": one.salesforce_right,
        "standing": one.standing,
        "side": None if one.side is None else one.side.value,
        "in_hubspot": System.HUBSPOT in one.held,
        "in_salesforce": System.SALESFORCE in one.held,
        "state": one.state,
        "reason": one.reason,
        "baseline": baseline_json(one.baseline),
    }


def _known(row: Row[Any]) -> KnownTie:
    held = {System.HUBSPOT: row.in_hubspot, System.SALESFORCE: row.in_salesforce}
    return KnownTie(
        id=row.id,
        relation=row.relation,
        right_pair=row.right_pair,
        left_pair=row.left_pair,
        hubspot_left=row.hubspot_left,
        hubspot_right=row.hubspot_right,
        salesforce_left=row.salesforce_left,
        salesforce_right=row.salesforce_right,
        standing=row.standing,
        side=None if row.side is None else System(row.side),
        baseline=baseline_of(row.baseline),
        held=frozenset(side for side in System if held[side]),
        state=row.state,
        reason=row.reason,
    )
