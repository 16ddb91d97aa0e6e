"""What people enter in a further record of somebody who is paired with another one already.

Such a record is parked until a person merges the two, and nothing is written to it; but a seller who opens it
sees a lead, and answers. What they ask for is handed on once, with the record that is kept in line instead of
this one: whoever hears it knows whether both are the same person. What was seen stands with the parked
row, line by line, so nothing that has stood there for long is taken for an answer. When the row is let go of,
the record is paired, born or merged, and whatever it holds is looked at like that of any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import orjson

from connector.port import Record, System, Values
from mappings.schema import Cell, Context, Fault, Line, OwnName, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.hearing import Heard, Instead, held_in
from sync.ledger import ClaimedRow, Ledger
from sync.ledger_values import edits_in, knowing
from sync.model import Baseline, Pair, Scope
from sync.petitions import ACCEPT, REJECT, STAGE, VERDICT
from sync.reads import Reads

FURTHER = "duplicate_of"
AT_ONCE = 200


class _Seen(NamedTuple):
    """One further record: what is said in it, and the marks of what stands there."""

    heard: Heard | None
    mark: str


@dataclass(frozen=True, slots=True)
class Further:
    """Hears of these records; `listen` is told before anything counts as seen."""

    ledger: Ledger
    reads: Reads
    context: Context
    listen: Callable[[Sequence[Heard]], object]

    def hear(self, mapping: FieldMapping, scope: Scope = None) -> None:
        """Hand on what was asked for in the parked records of a mapping, or in these rows of the ledger.

        Raises what the systems raise, and `LedgerError`; then it is heard again.
        """
        if not any(
            line.edits == "request" for one in mapping.objects.values() for line in one.lines
        ):
            return
        for rows in self._parked(mapping, scope):
            for (side, object_name), members in rows.items():
                self._hear(mapping, side, object_name, members)

    def _parked(
        self, mapping: FieldMapping, scope: Scope
    ) -> Iterator[dict[tuple[System, str], list[ClaimedRow]]]:
        after = 0
        while rows := self.ledger.claimed(mapping.name, "parked", after, AT_ONCE, scope):
            after = rows[-1].row_id
            found: dict[tuple[System, str], list[ClaimedRow]] = defaultdict(list)
            for row in rows:
                if row.detail == FURTHER and row.partner_id is not None:
                    found[row.system, row.object].append(row)
            yield found

    def _hear(
        self, mapping: FieldMapping, side: System, object_name: str, rows: Sequence[ClaimedRow]
    ) -> None:
        ids = [row.record_id for row in rows]
        filed = self.ledger.parked_for(mapping.name, side, ids)
        marks = {
            i: one.fingerprint for i, some in filed.items() for one in some if one.line is None
        }
        records = self.reads.get_many(
            side, object_name, list(marks), mapping.fields[side, object_name]
        )
        seen: dict[str, _Seen] = {}
        for row in rows:
            record, pair = records.get(row.record_id), self._instead(mapping, row)
            if record is not None and pair is not None:
                seen[row.record_id] = self._see(mapping, side, record, pair, marks[row.record_id])
        if heard := [one.heard for one in seen.values() if one.heard is not None]:
            self.listen(heard)
        news = {i: one.mark for i, one in seen.items() if one.mark != marks[i]}
        self.ledger.mark_parked(mapping.name, side, news)

    def _instead(self, mapping: FieldMapping, row: ClaimedRow) -> Pair | None:
        """The pair that is kept in line; nobody's while the other record has no partner either."""
        found = (self.ledger.pair_of(mapping.name, s, row.partner_id or "") for s in System)
        return next((pair for pair in found if pair is not None), None)

    def _see(
        self, mapping: FieldMapping, side: System, record: Record, pair: Pair, mark: str
    ) -> _Seen:
        object_name = record.object if side is System.SALESFORCE else pair.salesforce_object
        lines = [
            line
            for line in mapping.objects[object_name].lines
            if line.edits == "request" and line.mode == "live" and line.side(side).fields
        ]
        cells = list(_cells(lines, side, record.values, self.context))
        now = {line.id: _mark(side, line, cell) for line, cell in cells}
        before: Mapping[str, str] = orjson.loads(mark) if mark else {}
        agreed = self.ledger.agreed_last(mapping.name, side, record.id)
        told = knowing(self.context, record.values)
        fresh = [(line, cell) for line, cell in cells if before.get(line.id) != now[line.id]]
        entered = dict(_entered(fresh, side, agreed, told))
        marks = orjson.dumps(now).decode()
        if not _asks(entered, is_copy=not before and not agreed):
            return _Seen(None, marks)
        heard = Heard(
            mapping=mapping.name,
            pair_id=0,
            system=side,
            object=record.object,
            record_id=record.id,
            names=mapping.own_names[side, record.object](record.id, record.values),
            entered=entered,
            fields=tuple(
                name
                for line in lines
                if line.ledger_value in entered
                for name in line.side(side).fields
            ),
            held=held_in(lines, side, record.values, self.context),
            told=told.ledger,
            instead=Instead(pair.record_id(side), self._names(mapping, pair)),
        )
        return _Seen(heard, marks)

    def _names(self, mapping: FieldMapping, pair: Pair) -> tuple[OwnName, ...]:
        return tuple(
            name
            for side in System
            for name in self.ledger.names_borne(mapping.name, side, [pair.record_id(side)])
        )


def _cells(
    lines: Iterable[Line], side: System, values: Values, context: Context
) -> Iterator[tuple[Line, Cell]]:
    for line in lines:
        cell = line.side(side).read(values, context)
        if not isinstance(cell, Fault | Skip | Pending):
            yield line, cell


def _mark(side: System, line: Line, cell: Cell) -> str:
    normal = repr(line.side(side).normal(cell))
    return blake2b(normal.encode(), digest_size=6).hexdigest()


def _entered(
    cells: Iterable[tuple[Line, Cell]], side: System, agreed: Baseline, context: Context
) -> Iterator[tuple[str, Cell]]:
    """What people entered on this side, by our own names: not what we say, nor what we said there last."""
    for line, cell in cells:
        base = agreed.get(line.id)
        base = base if base is not None and base.line_hash == line.hash else None
        left, right = (cell, None) if side is System.HUBSPOT else (None, cell)
        if side in edits_in(line, base, left, right, context):
            yield line.ledger_value or "", cell


def _asks(entered: Mapping[str, Cell], *, is_copy: bool) -> bool:
    """Whether an answer is among it. `is_copy`: nothing was ever said or seen there, and whoever made the
    record may have copied the stage of another one.
    """
    verdict = str(entered.get(VERDICT) or "").strip().lower()
    return verdict in {ACCEPT, REJECT} or (STAGE in entered and not is_copy)
