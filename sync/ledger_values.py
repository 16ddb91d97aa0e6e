"""Lines whose source is our own ledger (``from: kakehashi...``): one value, written to both sides. Pure.

A record carries our values among its own from the moment it is read (`sync.own_values`). Both records of a
pair are asked, HubSpot's first; a name that neither carries is a value that we do not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from connector.port import System, Values
from mappings.own_values import ASKED_BY_BLANK, DENIED_BY_MAIL, PREFIX, is_followed, own_of
from mappings.schema import Cell, Context, Fault, Line, Pending, Side, Skip
from sync.aftermath import is_weakening
from sync.decide import Agree, Decision, Hear, Omit, Park, Travel, held_back
from sync.model import LineBaseline

# What is said of a hand-off, and since when somebody stands where they do.
LIFE: Final = f"{PREFIX}lifecycle."
SINCE: Final = "lifecycle.stage_since"


def knowing(context: Context, *records: Values) -> Context:
    """The context with the values of ours that these records carry.

    Of two, the first one's counts; but where one is blank, somebody may have forbidden it: that wins. What is
    said of a hand-off is one thing: somebody may have been decided about between both reads, and half of
    what was said before with half of what is said now would be a verdict without its reason.
    """
    found: dict[str, Cell] = {}
    for record in records:
        for name, value in own_of(record).items():
            held = found.setdefault(name[len(PREFIX) :], value)
            found[name[len(PREFIX) :]] = None if value is None else held
    told = [own_of(record) for record in records]
    found |= _of_one_moment(told)
    found |= {name: False for name in DENIED_BY_MAIL if any(_denies(one, name) for one in told)}
    return replace(context, ledger={**context.ledger, **found}) if found else context


def _denies(told: Values, name: str) -> bool:
    """Whether a record says no to a value of ours: it has a blank for it, and tells of a hand-off."""
    whole = f"{PREFIX}{name}"
    is_told = any(value is not None for key, value in told.items() if key.startswith(LIFE))
    return whole in told and told[whole] is None and is_told


def _of_one_moment(told: Sequence[Values]) -> dict[str, Cell]:
    """What is said of a hand-off: what the later entry says, all of it; where one record has none, nothing.

    What is known by following somebody stays out of it: there a blank wins, whatever else is said.
    """
    lives: list[dict[str, Cell]] = [
        {
            name[len(PREFIX) :]: value
            for name, value in one.items()
            if name.startswith(LIFE) and not is_followed(name[len(PREFIX) :])
        }
        for one in told
    ]
    lives = [one for one in lives if one]
    if not lives or not all(any(value is not None for value in one.values()) for one in lives):
        return {}
    return max(lives, key=lambda one: str(one.get(SINCE) or ""))


def decide_ledger_value(
    line: Line, base: LineBaseline | None, left: Cell, right: Cell, context: Context
) -> Decision:
    """Bring the ledger's value to each side that has a field for it and holds something else.

    A value that we wrote and no longer have is taken back: somebody was forgotten, or a link was wrong. Where
    nothing at all is held of them it is a matter of their consent, which neither a pause nor `only` holds up.
    Where the file says `edits: request`, what a person entered is heard before anything is put back. Where it
    says `edits: keep`, what was agreed on is what we said last, whatever stands there.
    """
    name = line.ledger_value or ""
    if line.edits == "request" and (edits := edits_in(line, base, left, right, context)):
        return Hear(edits)
    if name not in context.ledger and not _was_told(line, base):
        return Omit("the ledger holds no value yet")
    value = context.ledger.get(name)
    said: dict[System, Cell] = {}
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
        if isinstance(cell, Pending) or is_due(line, target, base, held, cell, context):
            writes[target] = cell
        said[target] = None if isinstance(cell, Pending) else cell
    noted = None
    if line.edits == "keep":
        noted = LineBaseline(line.hash, said.get(System.HUBSPOT), said.get(System.SALESFORCE))
    rule = "consent" if is_withdrawn(line, context) else "ledger"
    return Travel(writes, rule, noted=noted) if writes else Agree(noted)


def is_due(
    line: Line, target: System, base: LineBaseline | None, held: Cell, cell: Cell, context: Context
) -> bool:
    """Whether a value of ours is to be written over what a side holds; `cell` is that value as carried there.

    `when_blank` is not asked where all that was told of somebody is taken back.
    """
    side = line.side(target)
    now, ours = side.normal(held), side.normal(cell)
    if now == ours or held_back(line, target, held, cell):
        return False
    if not is_withdrawn(line, context):
        if ours is None and (side.when_blank == "keep" or not side.may_be_blank):
            return False
        if now is not None and side.when_blank == "fill_only":
            return False
    if line.edits != "keep":
        return True
    if ours is None:
        # What people entered since is not ours to take away.
        return base is not None and _is_as_said(side, base.of(target), held)
    # Nothing that stood there before we ever said anything gives way, but for a stage that only rises.
    first = now is None or side.admits is not None
    return first if base is None else ours != side.normal(base.of(target))


def _is_as_said(side: Side, said: Cell, held: Cell) -> bool:
    """Whether a side holds what we said, or what it made of that."""
    return side.normal(held) == side.normal(said) or is_weakening(said, held)


def edits_in(
    line: Line, base: LineBaseline | None, left: Cell, right: Cell, context: Context
) -> dict[System, Cell]:
    """What people entered since the line was last agreed on, by side: not what we say, and no blank but where
    that asks for something.
    """
    value = context.ledger.get(line.ledger_value or "")
    found: dict[System, Cell] = {}
    for target, held in ((System.HUBSPOT, left), (System.SALESFORCE, right)):
        side = line.side(target)
        if not side.fields:
            continue
        entered = side.normal(held)
        if entered is None and line.ledger_value not in ASKED_BY_BLANK:
            continue
        said = side.carry(value, context)
        ours = None if isinstance(said, Fault | Skip | Pending) else side.normal(said)
        before = None if base is None else side.normal(base.of(target))
        if entered not in (ours, before):
            found[target] = held
    return found


def is_withdrawn(line: Line, context: Context) -> bool:
    """Whether a line's value is taken back with all the others that are known by following somebody."""
    if not is_followed(line.ledger_value or ""):
        return False
    return all(value is None for name, value in context.ledger.items() if is_followed(name))


def _was_told(line: Line, base: LineBaseline | None) -> bool:
    """Whether some side held a value of ours when the line was last agreed on."""
    if base is None:
        return False
    return any(
        line.side(side).fields and line.side(side).normal(base.of(side)) is not None
        for side in System
    )
