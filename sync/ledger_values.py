"""Lines whose source is our own ledger (``from: kakehashi...``): one value, written to both sides. Pure.

A record carries our values among its own from the moment it is read (`sync.own_values`). Both records of a
pair are asked, HubSpot's first; a name that neither carries is a value that we do not have.
"""

from __future__ import annotations

from dataclasses import replace

from connector.port import System, Values
from mappings.own_values import PREFIX, own_of
from mappings.schema import Cell, Context, Fault, Line, Pending, Skip
from sync.decide import Agree, Decision, Omit, Park, Travel, held_back
from sync.model import LineBaseline


def knowing(context: Context, *records: Values) -> Context:
    """The context with the values of ours that these records carry.

    Of two, the first one's counts; but where one is blank, somebody may have forbidden it: that wins.
    """
    found: dict[str, Cell] = {}
    for record in records:
        for name, value in own_of(record).items():
            held = found.setdefault(name[len(PREFIX) :], value)
            found[name[len(PREFIX) :]] = None if value is None else held
    return replace(context, ledger={**context.ledger, **found}) if found else context


def decide_ledger_value(
    line: Line, base: LineBaseline | None, left: Cell, right: Cell, context: Context
) -> Decision:
    """Bring the ledger's value to each side that has a field for it and holds something else.

    A value that we wrote and no longer have is taken back: somebody was forgotten, or a link was wrong. Where
    nothing at all is held of them it is a matter of their consent, which neither a pause nor `only` holds up.
    """
    name = line.ledger_value or ""
    if name not in context.ledger and not _was_told(line, base):
        return Omit("the ledger holds no value yet")
    value = context.ledger.get(name)
    writes: dict[System, Cell | Pending] = {}
    for target, held in ((System.HUBSPOT, left), (System.SALESFORCE, right)):
        side = line.side(target)
        if not side.fields:
            continue
        cell = side.carry(value, context)
        if isinstance(cell, Fault):
            return Park(cell.cause, cell.advice)
        if isinstance(cell, Skip):
            return Omit(cell.reason, cell.waiting)
        if held_back(line, target, held, cell):
            continue
        if isinstance(cell, Pending) or side.normal(cell) != side.normal(held):
            writes[target] = cell
    rule = "consent" if is_withdrawn(context) else "ledger"
    return Travel(writes, rule) if writes else Agree()


def is_withdrawn(context: Context) -> bool:
    """Whether nothing of ours is held of the people or the account behind these records."""
    return all(value is None for value in context.ledger.values())


def _was_told(line: Line, base: LineBaseline | None) -> bool:
    """Whether some side held a value of ours when the line was last agreed on."""
    if base is None:
        return False
    return any(
        line.side(side).fields and line.side(side).normal(base.of(side)) is not None
        for side in System
    )
