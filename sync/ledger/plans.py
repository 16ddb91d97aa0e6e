"""Stored plans: rows of tasks, conflicts and parked records, and their totals."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from connector.port import System
from sync.ledger.findings import Findings
from sync.ledger.room import LedgerError, aware, from_json, to_json, utc
from sync.ledger.tables import plan, plan_row
from sync.model import Parked

# Plans kept; older ones are dropped when a new one is made.
KEPT = 20
PAGE = 500


class NoSuchPlan(LedgerError):
    """The plan id is unknown, or the plan was never finished."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A finished plan without its rows."""

    plan_id: str
    made_at: datetime
    hash: str
    totals: Mapping[str, int]
    cost: Mapping[str, Any]
    meta: Mapping[str, Any]


class Plans(Findings):
    """Plans grow row by row and are read the same way."""

    def new_plan(self, now: datetime) -> str:
        """Begin a plan; answers its id, short enough to type."""
        plan_id = f"{now:%m%d}-{secrets.token_hex(3)}"
        with self._begin() as connection:
            connection.execute(insert(plan).values(plan_id=plan_id, made_at=utc(now)))
            self._drop_old(connection)
        return plan_id

    def _drop_old(self, connection: Connection) -> None:
        newest = select(plan.c.plan_id).order_by(plan.c.made_at.desc()).limit(KEPT)
        keep = connection.scalars(newest).all()
        connection.execute(delete(plan_row).where(plan_row.c.plan_id.not_in(keep)))
        connection.execute(delete(plan).where(plan.c.plan_id.not_in(keep)))

    def add_changes(self, plan_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append tasks."""
        self._add(plan_id, "task", rows)

    def add_ties(self, plan_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append ties that are to be made, ended or changed."""
        self._add(plan_id, "tie", rows)

    def add_observed(self, plan_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append what lines in mode `observe` would write."""
        self._add(plan_id, "observed", rows)

    def add_findings(
        self,
        plan_id: str,
        conflicts: Sequence[Mapping[str, Any]],
        parked: Sequence[Mapping[str, Any]],
    ) -> None:
        """Append conflicts and parked records, as the contract words them."""
        self._add(plan_id, "conflict", conflicts)
        self._add(plan_id, "parked", parked)

    def _add(self, plan_id: str, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        with self._begin() as connection:
            connection.execute(
                insert(plan_row),
                [{"plan_id": plan_id, "kind": kind, "body": to_json(row)} for row in rows],
            )

    def finish_plan(
        self,
        plan_id: str,
        digest: str,
        totals: Mapping[str, int],
        cost: Mapping[str, Any],
        meta: Mapping[str, Any],
    ) -> None:
        """A plan can be applied only once it is finished."""
        with self._begin() as connection:
            connection.execute(
                update(plan)
                .where(plan.c.plan_id == plan_id)
                .values(hash=digest, totals=to_json(totals), cost=to_json(cost), meta=to_json(meta))
            )

    def plan(self, plan_id: str) -> StoredPlan:
        """A finished plan; raises `NoSuchPlan`."""
        with self._look() as connection:
            row = connection.execute(select(plan).where(plan.c.plan_id == plan_id)).one_or_none()
        if row is None or row.hash is None:
            raise NoSuchPlan(
                f"there is no finished plan {plan_id!r}: make one with `kakehashi plan` "
                f"(the last {KEPT} are kept)"
            )
        return StoredPlan(
            row.plan_id,
            aware(row.made_at) or row.made_at,
            row.hash,
            from_json(row.totals),
            from_json(row.cost),
            from_json(row.meta),
        )

    def plan_rows(self, plan_id: str, kind: str) -> Iterator[dict[str, Any]]:
        """Rows of a plan in their order, page by page: ``task``, ``tie``, ``conflict`` ..."""
        after = 0
        while True:
            with self._look() as connection:
                rows = connection.execute(
                    select(plan_row.c.id, plan_row.c.body)
                    .where(
                        plan_row.c.plan_id == plan_id,
                        plan_row.c.kind == kind,
                        plan_row.c.id > after,
                    )
                    .order_by(plan_row.c.id)
                    .limit(PAGE)
                ).all()
            if not rows:
                return
            after = rows[-1].id
            yield from (from_json(row.body) for row in rows)

    def park_from_plan(self, plan_id: str, mappings: Sequence[str], now: datetime) -> None:
        """Put the records that a plan parks as a whole into quarantine, and let go of others."""
        rows = [
            Parked(
                mapping=row["mapping"],
                system=System(row["system"]),
                object=row["object"],
                record_id=row["id"],
                line=row["line"],
                cause=row["cause"],
                advice=row["advice"],
            )
            for row in self.plan_rows(plan_id, "parked")
            if row["line"] is None
        ]
        for mapping in mappings:
            mine = [(row.system, row.record_id) for row in rows if row.mapping == mapping]
            self.unpark_records(mapping, mine)
        self.park(rows, now)
