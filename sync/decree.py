"""A person decides: settle a difference for one side, or bring a conflict's loser back.

The value goes out on the one road: read fresh, journal, write, read back, agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from connector.port import Record, System
from mappings.schema import Cell, Context, Fault, Line, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.engine import Engine, Work
from sync.ledger import ConflictRow, Ledger
from sync.model import Conflict, FieldChange, LineBaseline, Pair
from sync.reconcile import LineWrite, PairPlan, changes_of


class CannotDecide(Exception):
    """The decision cannot be carried out; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Decree:
    """Carries out one person's decision about one line of one pair."""

    ledger: Ledger
    engine: Engine
    context: Context

    @contextmanager
    def _held(self, mapping: FieldMapping, conflict: Conflict) -> Iterator[None]:
        """Hold the pair, so that no worker writes to it at the same time."""
        pair = self.ledger.pair_of(mapping.name, System.HUBSPOT, conflict.hubspot_id)
        wanted = [] if pair is None else [pair.id]
        held = self.engine.holder.hold_pairs(wanted)
        if len(held) < len(wanted):
            raise CannotDecide("a worker is at this pair just now: try again in a moment")
        try:
            yield
        finally:
            self.engine.holder.let_go(held)

    def settle(self, row: ConflictRow, mapping: FieldMapping, side: System) -> str:
        """Let the value that `side` holds now win; answers what was done."""
        with self._held(mapping, row.conflict):
            return self._settle(row, mapping, side)

    def _settle(self, row: ConflictRow, mapping: FieldMapping, side: System) -> str:
        pair, line, records = self._at_hand(row.conflict, mapping)
        cell = line.side(side).read(records[side].values, self.context)
        if isinstance(cell, Fault | Skip | Pending):
            raise CannotDecide(f"the value of {line.id} in {side.value} cannot be read")
        if not line.direction.goes_to(side.other):
            raise CannotDecide(
                f"line {line.id} goes one way ({line.direction}): {side.value} cannot win it"
            )
        self._write(mapping, pair, line, records, side, cell)
        self.ledger.settle(row.id, f"settled:{side.value}", self.engine.clock())
        return f"{side.value} wins line {line.id} of {mapping.name}"

    def restore(self, row: ConflictRow, mapping: FieldMapping) -> str:
        """Put the loser's value back on its side, and carry it over where the line goes there."""
        conflict = row.conflict
        if conflict.winner not in {"hubspot", "salesforce"}:
            raise CannotDecide(
                f"conflict {row.id} has no loser to restore; use `conflicts settle {row.id} "
                "hubspot` or `salesforce`"
            )
        loser = System(conflict.winner).other
        cell = conflict.hubspot_value if loser is System.HUBSPOT else conflict.salesforce_value
        with self._held(mapping, conflict):
            pair, line, records = self._at_hand(conflict, mapping)
            self._write(mapping, pair, line, records, loser, cell)
        self.ledger.settle(row.id, "restored", self.engine.clock())
        return f"the value of {loser.value} is back in line {line.id} of {mapping.name}"

    def _at_hand(
        self, conflict: Conflict, mapping: FieldMapping
    ) -> tuple[Pair, Line, dict[System, Record]]:
        pair = self.ledger.pair_of(mapping.name, System.HUBSPOT, conflict.hubspot_id)
        if pair is None:
            raise CannotDecide("the two records are not paired any more")
        lines = mapping.objects[pair.salesforce_object].lines
        line = next((line for line in lines if line.id == conflict.line), None)
        if line is None:
            raise CannotDecide(f"mapping {mapping.name} has no line {conflict.line!r} any more")
        found = self.engine.read(mapping, [pair])
        if any(pair.record_id(side) not in found[side] for side in System):
            raise CannotDecide("one of the two records cannot be read any more")
        return pair, line, {side: found[side][pair.record_id(side)] for side in System}

    def _write(
        self,
        mapping: FieldMapping,
        pair: Pair,
        line: Line,
        records: Mapping[System, Record],
        side: System,
        cell: Cell,
    ) -> None:
        wanted: dict[System, Cell] = {side: cell}
        if line.direction.goes_to(side.other):
            carried = line.side(side.other).carry(cell, self.context)
            if isinstance(carried, Fault):
                raise CannotDecide(f"the value cannot be carried over: {carried.advice}")
            if not isinstance(carried, Skip | Pending):
                wanted[side.other] = carried
        held = {s: line.side(s).read(records[s].values, self.context) for s in System}
        now = {
            s: wanted.get(s, None if isinstance(h, Fault | Skip | Pending) else h)
            for s, h in held.items()
        }
        meant = LineBaseline(line.hash, now[System.HUBSPOT], now[System.SALESFORCE])
        writes = tuple(
            LineWrite(
                line=line, to=s, cell=wanted[s], before=_cell(held[s]), rule="person", meant=meant
            )
            for s in wanted
            if line.side(s).normal(wanted[s]) != line.side(s).normal(_cell(held[s]))
        )
        changes: dict[System, tuple[FieldChange, ...]] = {
            s: tuple(c for w in writes if w.to is s for c in changes_of(w)) for s in System
        }
        plan = PairPlan(agreed={line.id: meant}, writes=writes, changes=changes)
        work = Work(pair=pair, plan=plan, baseline=pair.baseline, records=dict(records))
        self.engine.write(mapping, [work])
        refused = [r.refusal or next(iter(r.refusals.values()), None) for r in work.results]
        self.engine.settle(mapping, [work])
        reason = next((r.reason for r in refused if r is not None), None)
        if reason is not None:
            raise CannotDecide(f"the write was refused: {reason}")


def _cell(found: object) -> Cell:
    return None if isinstance(found, Fault | Skip | Pending) else found  # type: ignore[return-value]  # a Cell
