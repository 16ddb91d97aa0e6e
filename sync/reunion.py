"""Two pairs that became one, in both systems at once: what either of them had agreed on is no edit. Pure.

A pair goes on by one baseline, whichever of the two it was that moved. The records live on with the values
of the one or of the other, field by field: beside the wrong baseline both sides seem to have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connector.port import System
from mappings.schema import Fault, Line, ObjectLines, Pending, Skip
from sync.model import Baseline, LineBaseline
from sync.reconcile import PairPlan, Question


def in_doubt(plan: PairPlan) -> frozenset[str]:
    """Lines of which both sides differ from what was agreed, each in its own way."""
    return frozenset((*plan.ask_times, *(one.line for one in plan.conflicts if not one.open)))


def agreed_before(
    question: Question, lines: Iterable[str], ended: Sequence[tuple[ObjectLines, Baseline]]
) -> dict[str, LineBaseline]:
    """Of these lines, the baseline of an ended pair that explains more of what stands there now.

    Each comes with the lines by which it was agreed on then: one that was worded otherwise is no use.
    """
    found: dict[str, LineBaseline] = {}
    by_id = {line.id: line for line in question.lines.lines}
    for name in lines:
        line, held = by_id[name], question.baseline.get(name)
        best = len(System) if held is None else _edits(question, line, held)
        for worded, baseline in ended:
            known = _worded_now(line, worded, baseline)
            if known is not None and (edits := _edits(question, line, known)) < best:
                found[name], best = known, edits
    return found


def _worded_now(line: Line, then: ObjectLines, baseline: Baseline) -> LineBaseline | None:
    known = baseline.get(line.id)
    hashes = {one.id: one.hash for one in then.lines}
    if known is None or known.line_hash != hashes.get(line.id):
        return None
    return replace(known, line_hash=line.hash)


def _edits(question: Question, line: Line, baseline: LineBaseline) -> int:
    """On how many sides the line differs from this baseline."""
    differing = 0
    for side in System:
        end = line.side(side)
        cell = end.read(question.values(side), question.context)
        if isinstance(cell, Fault | Skip | Pending):
            differing += 1
        else:
            differing += end.normal(cell) != end.normal(baseline.of(side))
    return differing
