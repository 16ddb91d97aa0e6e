"""Pairing's view of the ledger: claims of the plan in the making, key groups, tombstones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, bindparam, case, delete, or_, select, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.room import IDS_AT_ONCE, Room, aware, slices, within
from sync.ledger.tables import TOMBSTONES, address, awaited, match_key, record
from sync.model import Claim, KeyGroup, Member, Scope

# Match keys per page of `key_groups`.
KEYS_AT_ONCE = 500


class ClaimedRow(NamedTuple):
    """A claimed (or free) record; `row_id` is where the next page starts."""

    row_id: int
    system: System
    record_id: str
    object: str
    partner_id: str | None
    detail: str


class KeyMatch(NamedTuple):
    """An unbound record whose external key names a record of the other side."""

    system: System
    record_id: str
    target: Member


class Claims(Room):
    """Everything pairing asks and notes."""

    def clear_claims(self, mapping: str, scope: Scope = None) -> None:
        """Forget what an earlier plan intended."""
        claimed = and_(record.c.mapping == mapping, record.c.claim.is_not(None), within(scope))
        with self._begin_losable() as connection:
            held = select(record.c.id).where(claimed, record.c.claim == "waiting")
            connection.execute(delete(awaited).where(awaited.c.row_id.in_(held)))
            connection.execute(
                update(record)
                .where(claimed)
                .values(claim=None, claim_partner=None, claim_detail=None)
            )

    def claim(self, mapping: str, claims: Iterable[Claim]) -> None:
        """Note what the plan intends for these records."""
        rows = [
            {
                "of_system": claim.system.value,
                "of_record": claim.record_id,
                "claim": claim.kind,
                "claim_partner": claim.partner_id,
                "claim_detail": claim.detail,
            }
            for claim in claims
        ]
        if not rows:
            return
        with self._begin_losable() as connection:
            connection.execute(
                update(record).where(
                    record.c.mapping == mapping,
                    record.c.system == bindparam("of_system"),
                    record.c.record_id == bindparam("of_record"),
                ),
                rows,
            )

    def claimed(
        self, mapping: str, kind: str, after: int, limit: int, scope: Scope = None
    ) -> list[ClaimedRow]:
        """Records with this claim, in the order of their row ids."""
        return self._claims_where(
            mapping, after, limit, and_(record.c.claim == kind, within(scope))
        )

    def unclaimed_unbound(
        self, mapping: str, system: System, after: int, limit: int, scope: Scope = None
    ) -> list[ClaimedRow]:
        """Live records in scope that nobody is paired with and no rule has claimed."""
        return self._claims_where(
            mapping,
            after,
            limit,
            and_(
                record.c.system == system.value,
                record.c.claim.is_(None),
                record.c.pair_id.is_(None),
                record.c.in_scope,
                record.c.gone.is_(None),
                within(scope),
            ),
        )

    def _claims_where(
        self, mapping: str, after: int, limit: int, condition: ColumnElement[bool]
    ) -> list[ClaimedRow]:
        c = record.c
        with self._look() as connection:
            rows = connection.execute(
                select(c.id, c.system, c.record_id, c.object, c.claim_partner, c.claim_detail)
                .where(c.mapping == mapping, c.id > after, condition)
                .order_by(c.id)
                .limit(limit)
            ).all()
        return [
            ClaimedRow(
                r.id, System(r.system), r.record_id, r.object, r.claim_partner, r.claim_detail or ""
            )
            for r in rows
        ]

    def claimed_partners(
        self, mapping: str, system: System, ids: Iterable[str]
    ) -> dict[str, str | None]:
        """Partners this plan intends: an id for a link, None for a record yet to be created."""
        found: dict[str, str | None] = {}
        with self._look() as connection:
            for some in slices(list(ids)):
                rows = connection.execute(
                    select(record.c.record_id, record.c.claim, record.c.claim_partner).where(
                        record.c.mapping == mapping,
                        record.c.system == system.value,
                        record.c.record_id.in_(some),
                        record.c.claim.in_(["link", "create"]),
                    )
                )
                for row in rows:
                    found[row.record_id] = row.claim_partner if row.claim == "link" else None
        return found

    def key_groups(self, mapping: str, rule: int, scope: Scope = None) -> Iterator[list[KeyGroup]]:
        """Pages of groups that hold a free record and at least two members, in key order."""
        after = ""
        while True:
            keys = self._open_keys(mapping, rule, after, scope)
            if not keys:
                return
            after = keys[-1]
            groups = self._members(mapping, rule, keys)
            yield [group for group in groups if len(group.members) > 1]

    def _open_keys(self, mapping: str, rule: int, after: str, scope: Scope) -> list[str]:
        with self._look() as connection:
            return list(
                connection.scalars(
                    select(match_key.c.key)
                    .distinct()
                    .select_from(match_key.join(record, same_record(match_key)))
                    .where(
                        match_key.c.mapping == mapping,
                        match_key.c.rule == rule,
                        match_key.c.key > after,
                        record.c.pair_id.is_(None),
                        record.c.claim.is_(None),
                        record.c.in_scope,
                        record.c.gone.is_(None),
                        within(scope),
                    )
                    .order_by(match_key.c.key)
                    .limit(KEYS_AT_ONCE)
                )
            )

    def _members(self, mapping: str, rule: int, keys: Sequence[str]) -> list[KeyGroup]:
        with self._look() as connection:
            rows = connection.execute(
                select(match_key.c.key, *_member_columns(record))
                .select_from(match_key.join(record, same_record(match_key)))
                .where(
                    match_key.c.mapping == mapping,
                    match_key.c.rule == rule,
                    match_key.c.key.in_(list(keys)),
                    record.c.gone.is_(None),
                )
                .order_by(match_key.c.key, record.c.id)
            ).all()
        return [
            KeyGroup(key, tuple(_member(row) for row in members))
            for key, members in groupby(rows, key=lambda row: row.key)
        ]

    def external_key_matches(
        self, mapping: str, scope: Scope = None, *, mutual: bool = False
    ) -> Iterator[list[KeyMatch]]:
        """Pages of free live records whose external key names a live record of the other side.

        With `mutual` only those that are named in return. What is claimed between two pages is left out
        of the next one.
        """
        target = record.alias("target")
        in_return = target.c.external_key == record.c.record_id
        after = 0
        while True:
            with self._look() as connection:
                rows = connection.execute(
                    select(
                        record.c.id.label("row_id"),
                        record.c.system.label("of_system"),
                        record.c.record_id.label("of_record"),
                        *_member_columns(target),
                    )
                    .select_from(record.join(target, _named_by(target)))
                    .where(
                        record.c.mapping == mapping,
                        record.c.id > after,
                        record.c.pair_id.is_(None),
                        record.c.claim.is_(None),
                        record.c.gone.is_(None),
                        record.c.in_scope,
                        record.c.external_key.is_not(None),
                        target.c.gone.is_(None),
                        within(scope),
                        *([in_return] if mutual else []),
                    )
                    .order_by(record.c.id)
                    .limit(IDS_AT_ONCE)
                ).all()
            yield [KeyMatch(System(r.of_system), r.of_record, _member(r)) for r in rows]
            if len(rows) < IDS_AT_ONCE:
                return
            after = rows[-1].row_id

    def dead_keys(self, mapping: str, system: System, scope: Scope = None) -> dict[str, str]:
        """Unbound records whose external key names nobody alive: tombstones, never recreated."""
        target = record.alias("target")
        with self._look() as connection:
            rows = connection.execute(
                select(record.c.record_id, target.c.gone)
                .select_from(record.outerjoin(target, _named_by(target)))
                .where(
                    record.c.mapping == mapping,
                    record.c.system == system.value,
                    record.c.pair_id.is_(None),
                    record.c.gone.is_(None),
                    record.c.external_key.is_not(None),
                    or_(target.c.id.is_(None), target.c.gone.is_not(None)),
                    within(scope),
                )
            )
            return {
                row.record_id: "partner_deleted" if row.gone in TOMBSTONES else "not_visible"
                for row in rows
            }

    def went_from_dead(self, mapping: str, system: System, scope: Scope = None) -> dict[str, str]:
        """The same for what such a record became: unbound ones into which one with a dead key went.

        A Contact knows nothing of the key of the Lead that it was; neither does the winner of a merge.
        """
        target, before = record.alias("target"), record.alias("before")
        with self._look() as connection:
            rows = connection.execute(
                select(record.c.record_id, target.c.gone)
                .select_from(
                    record.join(
                        before,
                        and_(
                            before.c.went_to == record.c.record_id,
                            before.c.mapping == record.c.mapping,
                            before.c.system == record.c.system,
                        ),
                    ).outerjoin(target, _named_by(target, before))
                )
                .where(
                    record.c.mapping == mapping,
                    record.c.system == system.value,
                    record.c.pair_id.is_(None),
                    record.c.gone.is_(None),
                    before.c.external_key.is_not(None),
                    or_(target.c.id.is_(None), target.c.gone.is_not(None)),
                    within(scope),
                )
            )
            return {
                row.record_id: "partner_deleted" if row.gone in TOMBSTONES else "not_visible"
                for row in rows
            }

    def named_by_dead(self, mapping: str, system: System, scope: Scope = None) -> dict[str, str]:
        """The same for a side whose records carry no keys: unbound ones that a dead record's key names."""
        dead = record.alias("dead")
        with self._look() as connection:
            rows = connection.execute(
                select(record.c.record_id, dead.c.gone).where(
                    record.c.mapping == mapping,
                    record.c.system == system.value,
                    record.c.pair_id.is_(None),
                    record.c.gone.is_(None),
                    within(scope),
                    dead.c.mapping == record.c.mapping,
                    dead.c.system == system.other.value,
                    dead.c.external_key == record.c.record_id,
                    dead.c.gone.is_not(None),
                )
            )
            return {
                row.record_id: "partner_deleted" if row.gone in TOMBSTONES else "not_visible"
                for row in rows
            }

    def address_holders(
        self, mapping: str, system: System, addresses: Iterable[str]
    ) -> dict[str, str]:
        """Which of these addresses a live record of this side carries: address -> record id."""
        with self._look() as connection:
            rows = connection.execute(
                select(address.c.address, address.c.record_id)
                .select_from(address.join(record, same_record(address)))
                .where(
                    address.c.mapping == mapping,
                    address.c.system == system.value,
                    address.c.address.in_(list(addresses)),
                    record.c.gone.is_(None),
                )
            )
            return {row.address: row.record_id for row in rows}


def same_record(child: Any) -> ColumnElement[bool]:
    return and_(
        record.c.mapping == child.c.mapping,
        record.c.system == child.c.system,
        record.c.record_id == child.c.record_id,
    )


def _named_by(target: Any, named: Any = record) -> ColumnElement[bool]:
    """The target is the record of the other side that the external key names."""
    other = case(
        (named.c.system == System.HUBSPOT.value, System.SALESFORCE.value),
        else_=System.HUBSPOT.value,
    )
    return and_(
        target.c.mapping == named.c.mapping,
        target.c.system == other,
        target.c.record_id == named.c.external_key,
    )


def _member_columns(table: Any) -> tuple[Any, ...]:
    c = table.c
    return (c.system, c.record_id, c.object, c.in_scope, c.pair_id, c.claim, c.modified_at)


def _member(row: Row[Any]) -> Member:
    return Member(
        System(row.system),
        row.record_id,
        row.object,
        bool(row.in_scope),
        row.pair_id is not None,
        row.claim,
        aware(row.modified_at),
    )
