"""Lines whose source is our own ledger (``from: kakehashi...``): one value, written to both sides. Pure."""

from __future__ import annotations

from connector.port import System
from mappings.schema import Cell, Context, Fault, Line, Pending, Skip
from sync.decide import Agree, Decision, Omit, Park, Travel, held_back


def decide_ledger_value(line: Line, left: Cell, right: Cell, context: Context) -> Decision:
    """Bring the ledger's value to each side that has a field for it and holds something else."""
    name = line.ledger_value or ""
    if name not in context.ledger:
        return Omit("the ledger holds no value yet")
    writes: dict[System, Cell | Pending] = {}
    for target, held in ((System.HUBSPOT, left), (System.SALESFORCE, right)):
        side = line.side(target)
        if not side.fields:
            continue
        cell = side.carry(context.ledger[name], context)
        if isinstance(cell, Fault):
            return Park(cell.cause, cell.advice)
        if isinstance(cell, Skip):
            return Omit(cell.reason, cell.waiting)
        if held_back(line, target, held, cell):
            continue
        if isinstance(cell, Pending) or side.normal(cell) != side.normal(held):
            writes[target] = cell
    return Travel(writes, "ledger") if writes else Agree()
