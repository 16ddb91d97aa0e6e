"""Runs and their checkpoints, cursors, pauses, and to whom this ledger belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.port import System
from sync.ledger.room import Room, WrongLedger, aware, from_json, to_json, utc
from sync.ledger.tables import checkpoint, cursor, fact, run
from sync.model import Run


def put(connection: Connection, table: Any, keys: Sequence[str], values: dict[str, Any]) -> None:
    """Insert a row, or replace the one with the same keys."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**values)
    rest = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=rest))


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is on file. `outcome` and `totals` stand there once it is finished."""

    id: int
    kind: str
    mappings: tuple[str, ...]
    trigger: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    totals: Mapping[str, Any]


def _run_row(row: Row[Any]) -> RunRow:
    return RunRow(
        row.id,
        row.kind,
        tuple(from_json(row.mappings)),
        row.trigger,
        aware(row.started_at) or row.started_at,
        aware(row.finished_at),
        row.outcome,
        from_json(row.totals) or {},
    )


class Runs(Room):
    """Walks of the engine: begun, resumed, finished."""

    def pin(self, portal_id: str, org_id: str, *, replace: bool = False) -> None:
        """Tie the ledger to one portal and one org. Raises `WrongLedger` for another pair."""
        now = f"{portal_id}/{org_id}"
        with self._begin() as connection:
            known = connection.scalar(select(fact.c.value).where(fact.c.name == "accounts"))
            if known is not None and known != now and not replace:
                portal, _, org = known.partition("/")
                raise WrongLedger(
                    f"this ledger belongs to HubSpot portal {portal} and Salesforce org {org}, and "
                    f"the settings lead to portal {portal_id} and org {org_id}: correct the "
                    "settings, or give the other pair its own KAKEHASHI_DATABASE_URL"
                )
            put(connection, fact, ["name"], {"name": "accounts", "value": now})

    def accounts(self) -> tuple[str, str] | None:
        """The portal and the org that this ledger belongs to; None before it was pinned."""
        known = self.fact("accounts")
        portal, _, org = (known or "").partition("/")
        return None if known is None else (portal, org)

    def begin_run(self, kind: str, mappings: Sequence[str], trigger: str, now: datetime) -> Run:
        """Open a run."""
        with self._begin() as connection:
            row = connection.execute(
                run.insert()
                .values(
                    kind=kind,
                    mappings=to_json(list(mappings)),
                    trigger=trigger,
                    started_at=utc(now),
                )
                .returning(run.c.id)
            ).one()
        return Run(id=row.id, kind=kind, mappings=tuple(mappings), started_at=now, checkpoints={})

    def unfinished_run(self, kind: str, mappings: Sequence[str]) -> Run | None:
        """The newest run of this kind over these mappings that was killed before its end."""
        with self._look() as connection:
            row = connection.execute(
                select(run)
                .where(run.c.kind == kind, run.c.mappings == to_json(list(mappings)))
                .order_by(run.c.id.desc())
                .limit(1)
            ).one_or_none()
            if row is None or row.finished_at is not None:
                return None
            marks = connection.execute(select(checkpoint).where(checkpoint.c.run_id == row.id))
            return Run(
                id=row.id,
                kind=row.kind,
                mappings=tuple(from_json(row.mappings)),
                started_at=aware(row.started_at) or row.started_at,
                checkpoints={mark.stage: mark.cursor for mark in marks},
            )

    def finish_run(self, run_id: int, outcome: str, totals: dict[str, Any], now: datetime) -> None:
        """Close a run; its checkpoints are not needed any more."""
        with self._begin() as connection:
            connection.execute(
                update(run)
                .where(run.c.id == run_id)
                .values(finished_at=utc(now), outcome=outcome, totals=to_json(totals))
            )
            connection.execute(delete(checkpoint).where(checkpoint.c.run_id == run_id))

    def checkpoint(self, run_id: int, stage: str, at: str) -> None:
        """Note where a stage of a run stands, for one that goes on after a kill."""
        with self._begin() as connection:
            put(
                connection,
                checkpoint,
                ["run_id", "stage"],
                {"run_id": run_id, "stage": stage, "cursor": at},
            )

    def run(self, run_id: int) -> RunRow | None:
        """One run, finished or not."""
        with self._look() as connection:
            row = connection.execute(select(run).where(run.c.id == run_id)).one_or_none()
        return None if row is None else _run_row(row)

    def last_run(self, kind: str | None = None) -> RunRow | None:
        """The newest run, of a kind if given."""
        chosen = select(run) if kind is None else select(run).where(run.c.kind == kind)
        with self._look() as connection:
            row = connection.execute(chosen.order_by(run.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _run_row(row)

    def fact(self, name: str) -> str | None:
        """A fact that some part noted about itself."""
        with self._look() as connection:
            found: str | None = connection.scalar(select(fact.c.value).where(fact.c.name == name))
        return found

    def facts(self, prefix: str) -> dict[str, str]:
        """The facts whose names begin so, by the rest of their names."""
        begins = fact.c.name.startswith(prefix, autoescape=True)
        with self._look() as connection:
            rows = connection.execute(select(fact.c.name, fact.c.value).where(begins)).all()
        return {row.name.removeprefix(prefix): row.value for row in rows}

    def forget_fact(self, name: str) -> None:
        """It is no fact any more."""
        with self._begin() as connection:
            connection.execute(delete(fact).where(fact.c.name == name))

    def set_fact(self, name: str, value: str) -> None:
        """Note a fact; the former value is gone."""
        with self._begin() as connection:
            put(connection, fact, ["name"], {"name": name, "value": value})

    def last_listing(self, mapping: str) -> datetime | None:
        """When a run over this mapping last finished, as `as_of` of its states."""
        with self._look() as connection:
            rows = connection.execute(
                select(run.c.mappings, run.c.started_at)
                .where(run.c.finished_at.is_not(None))
                .order_by(run.c.id.desc())
                .limit(50)
            )
            for names, started in rows:
                if mapping in from_json(names):
                    return aware(started)
        return None

    def cursor(self, mapping: str, system: System, object_name: str) -> str | None:
        """Where polling of this object stands."""
        with self._look() as connection:
            found: str | None = connection.scalar(
                select(cursor.c.cursor).where(
                    cursor.c.mapping == mapping,
                    cursor.c.system == system.value,
                    cursor.c.object == object_name,
                )
            )
        return found

    def set_cursor(self, mapping: str, system: System, object_name: str, value: str) -> None:
        """Move the cursor, once everything before it is dealt with."""
        with self._begin() as connection:
            put(
                connection,
                cursor,
                ["mapping", "system", "object"],
                {
                    "mapping": mapping,
                    "system": system.value,
                    "object": object_name,
                    "cursor": value,
                },
            )

    def pause(self, systems: Sequence[System], now: datetime) -> None:
        """Stop writes to these systems until `resume`."""
        with self._begin() as connection:
            for system in systems:
                put(
                    connection,
                    fact,
                    ["name"],
                    {"name": f"paused:{system.value}", "value": now.isoformat()},
                )

    def resume(self, systems: Sequence[System]) -> None:
        """Let writes to these systems go on."""
        names = [f"paused:{system.value}" for system in systems]
        with self._begin() as connection:
            connection.execute(delete(fact).where(fact.c.name.in_(names)))

    def paused(self) -> set[System]:
        """The systems that take no writes now."""
        with self._look() as connection:
            names = connection.scalars(select(fact.c.name).where(fact.c.name.like("paused:%")))
            return {System(name.partition(":")[2]) for name in names}
