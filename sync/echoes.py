"""Has a write landed of which no answer came? Told by what stands in the record now. Pure.

A line that holds what was meant is our echo. A write as a whole has landed where every line of it does; or
where one does that nobody but us ever fills (a value of ours that people may not ask for), and each of the
others holds something that is neither what was meant nor what stood there before: one call writes all lines
of a record or none, so that is an edit that somebody made since. A line that still holds what it did, or is
blank by now, leaves it in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from connector.port import System, Values
from mappings.schema import Cell, Context, Fault, Line, Pending, Skip
from sync.aftermath import is_weakening
from sync.model import JournalEntry, LineBaseline


class Echo(NamedTuple):
    """What is found of a write: baselines that count from now on, and whether all of it has landed."""

    agreed: Mapping[str, LineBaseline]
    has_landed: bool


class _Found(NamedTuple):
    """One line of a write as it stands there now. `is_late`: what was meant is not there (yet)."""

    line: Line
    baseline: LineBaseline
    is_late: bool
    is_edited: bool


def echo_of(
    entry: JournalEntry, lines: Sequence[Line], held: Mapping[System, Values], context: Context
) -> Echo:
    """What became of a journalled write, by what its record holds now. `lines`: those of its mapping.

    A line that is worded otherwise by now, or cannot be read, tells nothing.
    """
    by_id = {line.id: line for line in lines}
    told = {
        name: _found(by_id.get(name), meant, entry, held[entry.system], context)
        for name, meant in entry.meant.items()
    }
    found = {name: one for name, one in told.items() if one is not None}
    late = [one for one in told.values() if one is None or one.is_late]
    has_landed = not late or (
        any(_proves(one, entry) for one in found.values() if not one.is_late)
        and all(one is not None and one.is_edited for one in late)
    )
    agreed = {name: one.baseline for name, one in found.items() if has_landed or not one.is_late}
    return Echo(agreed, has_landed)


def _found(
    line: Line | None,
    meant: LineBaseline,
    entry: JournalEntry,
    values: Values,
    context: Context,
) -> _Found | None:
    if line is None or line.hash != meant.line_hash:
        return None
    side = line.side(entry.system)
    held = side.read(values, context)
    if isinstance(held, Fault | Skip | Pending):
        return None
    intended, now = meant.of(entry.system), side.normal(held)
    if now == side.normal(intended):
        return _Found(line, meant, is_late=False, is_edited=False)
    is_as_before = now == side.normal(_before(line, entry))
    # As the system stores it; but what stood there before may be a beginning of it, too.
    if not is_as_before and is_weakening(intended, held):
        stored = {"hubspot": held} if entry.system is System.HUBSPOT else {"salesforce": held}
        baseline = replace(meant, **stored)  # type: ignore[arg-type]  # one of its two cells
        # Of a line that keeps edits the baseline is what we said, however it is stored.
        baseline = meant if line.edits == "keep" else baseline
        return _Found(line, baseline, is_late=False, is_edited=False)
    return _Found(line, meant, is_late=True, is_edited=not is_as_before and now is not None)


def _proves(found: _Found, entry: JournalEntry) -> bool:
    """Whether a line that holds what was meant holds it by our hand alone, and did not before."""
    line, side = found.line, found.line.side(entry.system)
    is_ours = line.ledger_value is not None and line.edits == "restore"
    return is_ours and side.normal(_before(line, entry)) != side.normal(
        found.baseline.of(entry.system)
    )


def _before(line: Line, entry: JournalEntry) -> Cell:
    """What a journalled write found in the field or fields of a line."""
    held = {change.api_name: change.before for change in entry.changes if change.line == line.id}
    cells = tuple(held.get(name) for name in line.side(entry.system).fields)
    return cells[0] if len(cells) == 1 else cells
