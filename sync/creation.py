"""Plan a new record from its source record: which fields it is born with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from connector.port import System, Value, Values
from mappings.schema import Carried, Cell, Context, Fault, Line, ObjectLines, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.decide import LineRequest
from sync.ledger_values import is_due, knowing
from sync.marks import fingerprint
from sync.model import FieldChange, LineBaseline
from sync.reconcile import (
    LineParked,
    LineWrite,
    Question,
    changes_of,
    is_true,
    reconcile,
)
from sync.waiting import Waiting, waiting_of


class BirthKey(NamedTuple):
    """By which field a create is safe to repeat, and with what in it.

    `value` is the source record's id in an external key; None where the field is one of the record's
    own, that a line fills (a side whose records carry no external key).
    """

    field: str
    value: str | None


def key_of(mapping: FieldMapping, target: System, record_id: str) -> BirthKey:
    """The key of a record that is made on the target side from this one."""
    if target in mapping.keys:
        return BirthKey(mapping.keys[target], record_id)
    return BirthKey(mapping.natural_keys[target], None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a new record starts with. `refused` names why it cannot be created at all.

    `changes` holds every field to set, key and consent included; `writes` the lines behind them. `back` are
    our own values for the record that it is made from.
    `agreed` are lines that are blank on both sides from the start. `parked` lines are left out, and so
    are `waiting` ones until their partners are there; `held` is the one without which the record cannot
    be born, so that all of it waits. `requests` are what people entered in the record that it is made from,
    for somebody else to decide: it is noted as seen, and to be handed on when the pair is bound, with what
    we say of our own values (`told`).
    """

    changes: tuple[FieldChange, ...] = ()
    writes: tuple[LineWrite, ...] = ()
    back: tuple[LineWrite, ...] = ()
    agreed: Mapping[str, LineBaseline] = field(default_factory=dict)
    parked: tuple[LineParked, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    requests: tuple[LineRequest, ...] = ()
    told: Mapping[str, Cell] = field(default_factory=dict)
    refused: LineParked | None = None
    held: Waiting | None = None

    @property
    def back_changes(self) -> tuple[FieldChange, ...]:
        """The fields of `back`."""
        return tuple(change for write in self.back for change in changes_of(write))

    def value_of(self, name: str) -> Value:
        """What a field is born with; None where nothing sets it."""
        return next((one.after for one in self.changes if one.api_name == name), None)


def plan_birth(
    lines: ObjectLines, source: System, values: Values, context: Context, key: BirthKey
) -> Birth:
    """Carry every line that goes to the other side over into a record that does not exist yet.

    A required field that would stay blank, or a key of the record's own, refuses the record
    (`required_blank`), unless it waits for a partner; a value that cannot be carried over only leaves
    its line out. Values of our own go to the source record as well.
    """
    context = knowing(context, values)
    draft = _Unborn(source, values, context, key)
    for line in lines.lines:
        if (asked := draft.request(line)) is not None:
            draft.requests[line.id] = asked
        if _applies(line, source, source.other, values, context):
            draft.take(line)
        is_ours = line.ledger_value is not None and line.id not in draft.requests
        if is_ours and _applies(line, source, source, values, context):
            draft.take_back(line)
    draft.note_seen(lines.lines)
    changes = [change for write in draft.writes for change in changes_of(write)]
    changes += _consent(lines, source, values)
    if key.value is not None:
        name, partner = key
        born_with = FieldChange(line="key", api_name=name, before=None, after=partner, rule="key")
        changes.append(born_with)
    return Birth(
        changes=tuple(changes),
        writes=tuple(draft.writes),
        back=tuple(draft.back),
        agreed=draft.agreed,
        parked=tuple(draft.parked),
        waiting=tuple(draft.waiting),
        requests=tuple(draft.requests.values()),
        told=context.ledger if draft.requests else {},
        refused=draft.refused,
        held=draft.held,
    )


def agreed_besides(
    lines: ObjectLines, birth: Birth, held: Mapping[System, Values], context: Context
) -> Mapping[str, LineBaseline]:
    """What both records agree on from the start beside what was written: lines that travel the other way.

    Without a baseline of theirs the first edit would look like a difference that was always there.
    """
    settled = {*(write.line.id for write in birth.writes), *birth.agreed}
    settled |= {*(parked.line for parked in birth.parked), *(one.line for one in birth.waiting)}
    rest = tuple(line for line in lines.lines if line.id not in settled)
    question = Question(
        lines=replace(lines, lines=rest, consent=()),
        baseline={},
        hubspot=held[System.HUBSPOT],
        salesforce=held[System.SALESFORCE],
        context=context,
    )
    return reconcile(question).agreed if rest else {}


class _Unborn:
    """A record to be while it grows, line by line."""

    def __init__(self, source: System, values: Values, context: Context, key: BirthKey) -> None:
        self.source, self.target = source, source.other
        self.own_key = key.field if key.value is None else None
        self.values, self.context = values, context
        self.writes: list[LineWrite] = []
        self.back: list[LineWrite] = []
        self.agreed: dict[str, LineBaseline] = {}
        self.parked: list[LineParked] = []
        self.waiting: list[Waiting] = []
        self.requests: dict[str, LineRequest] = {}
        self.refused: LineParked | None = None
        self.held: Waiting | None = None

    def take(self, line: Line) -> None:
        """Decide one line and note what follows from it."""
        side = line.side(self.target)
        cell = _cell_at_birth(line, self.target, self.values, self.context)
        asked = self.requests.get(line.id)
        here = _source_cell(line, self.source, self.values, self.context)
        here = here if asked is None else asked.cell
        if isinstance(cell, Fault):
            fault = _parked(line, self.target, self.values, self.context, cell)
            self.parked.append(fault)
            if not self._may_be_blank(line):
                self.refused = fault
        elif isinstance(cell, Skip):
            self._leave_out(line, cell, here)
        elif isinstance(cell, Pending) or side.normal(cell) is not None:
            self._write(line, here, cell, "first_pairing")
        elif side.placeholder is not None:
            self._write(line, here, side.placeholder, "default")
        elif self._may_be_blank(line):
            self.agreed[line.id] = LineBaseline(line.hash, None, None)
        else:
            self.refused = _required(line, self.target, self.values, self.context)

    def take_back(self, line: Line) -> None:
        """The source record gets a value of our own where it does not hold it yet."""
        side = line.side(self.source)
        held, cell = side.read(self.values, self.context), self._own(line, self.source)
        if isinstance(held, Fault | Skip | Pending) or isinstance(cell, Fault | Skip | Pending):
            return
        if not is_due(line, self.source, None, held, cell, self.context):
            return
        there = self._own(line, self.target)
        meant = self._meant(line, cell, None if isinstance(there, Fault | Skip) else there)
        write = LineWrite(
            line=line, to=self.source, cell=cell, before=held, rule="ledger", meant=meant
        )
        self.back.append(write)

    def note_seen(self, lines: Iterable[Line]) -> None:
        """What was entered and is handed on counts as seen, or it would be heard again and again."""
        written = {write.line.id for write in self.writes}
        for line in lines:
            if (asked := self.requests.get(line.id)) is not None and line.id not in written:
                self.agreed[line.id] = self._meant(line, asked.cell, None)

    def request(self, line: Line) -> LineRequest | None:
        """What a person entered at the source in a field of ours where that asks for something."""
        side, name = line.side(self.source), line.ledger_value
        if line.edits != "request" or line.mode != "live" or name is None or not side.fields:
            return None
        held = side.read(self.values, self.context)
        ours = self._own(line, self.source) if name in self.context.ledger else None
        if isinstance(held, Fault | Skip | Pending) or (entered := side.normal(held)) is None:
            return None
        is_ours = not isinstance(ours, Fault | Skip | Pending) and side.normal(ours) == entered
        return None if is_ours else LineRequest(name, self.source, held)

    def _own(self, line: Line, side: System) -> Carried:
        """What a value of our own is at that end of the line."""
        if not line.side(side).fields:
            return None
        return line.side(side).carry(self.context.ledger[line.ledger_value or ""], self.context)

    def _leave_out(self, line: Line, why: Skip, here: Cell) -> None:
        """What the source holds was never agreed on: it gets no baseline, so it is told later."""
        side = line.side(self.target)
        later = waiting_of(line, why.reason, {self.source: here}, self.context)
        if why.waiting:
            self.waiting.append(later)
        if side.placeholder is not None:
            self._write(line, None, side.placeholder, "default")
        elif not self._may_be_blank(line) and why.waiting:
            self.held = later
        elif not self._may_be_blank(line):
            self.refused = _required(line, self.target, self.values, self.context)

    def _may_be_blank(self, line: Line) -> bool:
        side = line.side(self.target)
        return side.may_be_blank and self.own_key not in side.fields

    def _write(self, line: Line, here: Cell, cell: Cell | Pending, rule: str) -> None:
        meant = self._meant(line, here, cell)
        self.writes.append(
            LineWrite(line=line, to=self.target, cell=cell, before=None, rule=rule, meant=meant)
        )

    def _meant(self, line: Line, here: Cell, there: Cell | Pending) -> LineBaseline:
        stored = None if isinstance(there, Pending) else there
        left, right = (here, stored) if self.target is System.SALESFORCE else (stored, here)
        return LineBaseline(line.hash, left, right)


def _applies(line: Line, source: System, target: System, values: Values, context: Context) -> bool:
    end = line.side(target)
    may = end.updateable if target is source else end.createable
    if line.mode != "live" or not end.fields or not may:
        return False
    if not line.direction.goes_to(target):
        return False
    if line.ledger_value is not None:
        return line.ledger_value in context.ledger
    return line.only_if is None or line.only_if(values, context)


def _cell_at_birth(line: Line, target: System, values: Values, context: Context) -> Carried:
    if line.ledger_value is not None:
        cell: object = context.ledger[line.ledger_value]
    else:
        cell = line.side(target.other).read(values, context)
    if isinstance(cell, Fault | Pending | Skip):
        return cell
    if line.ledger_value is None and line.side(target.other).normal(cell) is None:  # type: ignore[arg-type]  # a Cell by now
        return None
    return line.side(target).carry(cell, context)  # type: ignore[arg-type]  # likewise


def _source_cell(line: Line, source: System, values: Values, context: Context) -> Cell:
    """The source's cell for the baseline; what cannot be read has none."""
    side = line.side(source)
    if line.ledger_value is not None:
        if not side.fields:
            return None
        cell = side.carry(context.ledger[line.ledger_value], context)
    else:
        cell = side.read(values, context)
    return None if isinstance(cell, Fault | Skip | Pending) else cell


def _parked(
    line: Line, target: System, values: Values, context: Context, fault: Fault
) -> LineParked:
    held = _source_cell(line, target.other, values, context)
    left, right = (held, None) if target is System.SALESFORCE else (None, held)
    return LineParked(
        line=line.id,
        cause=fault.cause,
        advice=fault.advice,
        fingerprint=fingerprint(line, left, right),
        to=target,
    )


def _required(line: Line, target: System, values: Values, context: Context) -> LineParked:
    name = " + ".join(line.side(target).fields)
    advice = (
        f"{name} may not be blank in {target.value}: fill line {line.id!r} on the record, "
        f"or give the line an `if_empty_on_create`"
    )
    return _parked(line, target, values, context, Fault("required_blank", advice))


def _consent(lines: ObjectLines, source: System, values: Values) -> list[FieldChange]:
    changes = []
    for consent in lines.consent:
        held: Value = values.get(consent.field(source))
        if is_true(held):
            name = consent.field(source.other)
            changes.append(
                FieldChange(line=consent.id, api_name=name, before=None, after=True, rule="consent")
            )
    return changes
