"""Plan a new record from its source record: which fields it is born with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.port import System, Value, Values
from mappings.schema import Cell, Context, Fault, Line, ObjectLines, Pending, Skip
from sync.model import FieldChange, LineBaseline
from sync.reconcile import LineParked, LineWrite, changes_of, fingerprint, is_true


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What a new record starts with. `refused` names why it cannot be created at all.

    `changes` holds every field to set, key and consent included; `writes` the lines behind them.
    `agreed` are lines that are blank on both sides from the start. `parked` lines are left out.
    """

    changes: tuple[FieldChange, ...] = ()
    writes: tuple[LineWrite, ...] = ()
    agreed: Mapping[str, LineBaseline] = field(default_factory=dict)
    parked: tuple[LineParked, ...] = ()
    refused: LineParked | None = None


def plan_birth(
    lines: ObjectLines, source: System, values: Values, context: Context, key: tuple[str, str]
) -> Birth:
    """Carry every line that goes to the other side over into a record that does not exist yet.

    `key` is the external-key field of the new record and the source record's id. A required field
    that would stay blank refuses the record (`required_blank`); a value that cannot be carried over
    only leaves its line out.
    """
    target = source.other
    writes: list[LineWrite] = []
    agreed: dict[str, LineBaseline] = {}
    parked: list[LineParked] = []
    refused: LineParked | None = None
    for line in lines.lines:
        if not _applies(line, source, target, values, context):
            continue
        cell = _cell_at_birth(line, target, values, context)
        here = _source_cell(line, source, values, context)
        if isinstance(cell, Fault):
            fault = _parked(line, target, values, context, cell)
            parked.append(fault)
            if not line.side(target).may_be_blank:
                refused = fault
        elif isinstance(cell, Pending) or line.side(target).normal(cell) is not None:
            writes.append(_write(line, target, here, cell, "first_pairing"))
        elif line.side(target).placeholder is not None:
            placeholder = line.side(target).placeholder
            writes.append(_write(line, target, here, placeholder, "default"))
        elif line.side(target).may_be_blank:
            agreed[line.id] = LineBaseline(line.hash, None, None)
        else:
            refused = _required(line, target, values, context)
    changes = [change for write in writes for change in changes_of(write)]
    changes += _consent(lines, source, values)
    name, partner = key
    changes.append(FieldChange(line="key", api_name=name, before=None, after=partner, rule="key"))
    return Birth(
        changes=tuple(changes),
        writes=tuple(writes),
        agreed=agreed,
        parked=tuple(parked),
        refused=refused,
    )


def _applies(line: Line, source: System, target: System, values: Values, context: Context) -> bool:
    if line.mode != "live" or not line.side(target).fields or not line.side(target).createable:
        return False
    if not line.direction.goes_to(target):
        return False
    if line.ledger_value is not None:
        return line.ledger_value in context.ledger
    return line.only_if is None or line.only_if(values, context)


def _cell_at_birth(
    line: Line, target: System, values: Values, context: Context
) -> Cell | Fault | Pending:
    if line.ledger_value is not None:
        cell: object = context.ledger[line.ledger_value]
    else:
        cell = line.side(target.other).read(values, context)
    if isinstance(cell, Fault | Pending):
        return cell
    if isinstance(cell, Skip):
        return None
    if line.ledger_value is None and line.side(target.other).normal(cell) is None:  # type: ignore[arg-type]  # a Cell by now
        return None
    carried = line.side(target).carry(cell, context)  # type: ignore[arg-type]  # likewise
    return None if isinstance(carried, Skip) else carried


def _write(
    line: Line, target: System, source_cell: Cell, cell: Cell | Pending, rule: str
) -> LineWrite:
    stored = None if isinstance(cell, Pending) else cell
    left, right = (source_cell, stored) if target is System.SALESFORCE else (stored, source_cell)
    meant = LineBaseline(line.hash, left, right)
    return LineWrite(line=line, to=target, cell=cell, before=None, rule=rule, meant=meant)


def _source_cell(line: Line, source: System, values: Values, context: Context) -> Cell:
    """The source's cell for the baseline; what cannot be read has none."""
    if line.ledger_value is not None:
        return None
    cell = line.side(source).read(values, context)
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
