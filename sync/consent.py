"""Opt-outs and opt-ins for records on their own: twins, parked, filtered and unpaired ones too.

The proof of an opt-in goes on file before anything is lifted. What a system refuses stays due for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.consents import Statement
from connector.port import System
from mappings.schema import Mapping as FieldMapping
from sync.engine import Tally
from sync.lanes import Lane, in_lane
from sync.ledger import Ledger
from sync.model import FieldChange, Said
from sync.plandraft import Task
from sync.registry import Place, Registry, lifts, note_opt_outs, position_of
from sync.writes import Result, Write, Writer


@dataclass(frozen=True, slots=True)
class ConsentWriter:
    """Carries out consent tasks of one mapping, in the lane that nothing else may hold up."""

    writer: Writer
    registry: Registry

    @property
    def ledger(self) -> Ledger:
        return self.registry.ledger

    def carry_out(self, mapping: FieldMapping, tasks: Sequence[Task], tally: Tally) -> None:
        """Write opt-outs, one write per record, and lift what was proved; what is refused stays due."""
        with in_lane(Lane.CONSENT):
            self._opt_out(mapping, [task for task in tasks if not lifts(task)], tally)
            self._let_in(mapping, [task for task in tasks if lifts(task)], tally)

    def _opt_out(self, mapping: FieldMapping, tasks: Sequence[Task], tally: Tally) -> None:
        merged: dict[Place, Write] = {}
        owner: dict[Place, Task] = {}
        for task, side, changes in _parts(tasks):
            place = (side, task.record_id(side) or "")
            known = merged.get(place)
            every = (known.changes if known else ()) + changes
            merged[place] = _write(mapping, task, side, every)
            owner[place] = task
        results = self.writer.send(list(merged.values()))
        note_opt_outs(self.ledger, mapping, results, self.registry.clock())
        self._count(results, owner, tally)

    def _let_in(self, mapping: FieldMapping, tasks: Sequence[Task], tally: Tally) -> None:
        for task, side, changes in _parts(tasks):
            place = (side, task.record_id(side) or "")
            position = position_of(mapping, changes[0].line)
            proof = self.registry.opted_in(mapping, position, place)
            if proof is None:
                tally.skip(task, "nobody can prove the opt-in any more")
                continue
            if not self._is_writable(mapping, place):
                # Its flag stays as it is for ever: a look at it must find no new opt-out.
                self.ledger.note_proof(mapping.name, position, changes[0].line, proof, [place])
                continue
            self.ledger.let_in(mapping.name, *place, Said(position, changes[0].line, proof))
            results = self.writer.send([_write(mapping, task, side, changes, proof)])
            if results[0].state != "landed":
                self.ledger.still_out(mapping.name, *place, position)
            self._count(results, {place: task}, tally)

    def _is_writable(self, mapping: FieldMapping, place: Place) -> bool:
        """Converted Leads and the losers of merges take no writes; the ledger knows, and that is all."""
        person = self.ledger.person(mapping.name, *place)
        return any(one.writable for one in person if (one.system, one.record_id) == place)

    def _count(self, results: Sequence[Result], owner: Mapping[Place, Task], tally: Tally) -> None:
        self.writer.confirm(results)
        for result in results:
            if result.state == "landed" and not result.refusals:
                tally.totals["update"] += 1
                continue
            tally.unspread = True
            place = (result.write.system, result.write.record_id or "")
            refusal = result.refusal or next(iter(result.refusals.values()), None)
            reason = refusal.reason if refusal else "no answer yet"
            tally.skip(owner[place], f"the consent could not be written: {reason}")


def _parts(tasks: Sequence[Task]) -> Iterator[tuple[Task, System, tuple[FieldChange, ...]]]:
    for task in tasks:
        for side, changes in task.changes.items():
            yield task, side, changes


def _write(
    mapping: FieldMapping,
    task: Task,
    side: System,
    changes: tuple[FieldChange, ...],
    evidence: Statement | None = None,
) -> Write:
    return Write(
        mapping=mapping.name,
        system=side,
        object=task.object_of(side),
        record_id=task.record_id(side),
        partner_id=None,
        changes=changes,
        evidence=evidence,
    )
