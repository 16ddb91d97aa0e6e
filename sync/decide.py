"""What happens to one line of one pair: the table of the mapping language, as a pure function.

Each branch is commented with the history that leads there. Values are compared in normal form, after
carrying them over in the direction of travel; each side is compared with *its own* baseline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NamedTuple, TypeAlias

from connector.port import Edit, System
from mappings.schema import Cell, Context, Direction, Fault, Line, Normal, Pending, Skip
from sync.model import LineBaseline
from sync.sets import union_of_sets

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

# Two edits closer than this count as simultaneous (Salesforce stamps whole seconds).
SIMULTANEOUS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class EditTimes:
    """The newest edit of a line on each side that we did not make ourselves."""

    hubspot: Edit | None
    salesforce: Edit | None


@dataclass(frozen=True, slots=True)
class Agree:
    """Both sides hold the same: the agreement is noted, nothing is written. `noted`: this instead."""

    noted: LineBaseline | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """They differ and nothing travels. `open` lists it as an open difference; `seen` notes both
    values as the baseline, so that a later edit is known to be one."""

    open: bool = False
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Omit:
    """The line has nothing to say for this pair now; its baseline stays as it is."""

    reason: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Park:
    """The line needs a person. `conflict` names the policy where two values wait for a decision."""

    cause: str
    advice: str
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class AskTimes:
    """The policy is `newest`: decide again once the edit times of this line are known."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Values to write, by side. `policy` is set where another value gives way and is kept. `noted` is the
    baseline once they landed, where that is not what both sides hold then.
    """

    writes: dict[System, Cell | Pending]
    rule: str
    policy: str | None = None
    winner: Literal["hubspot", "salesforce", "both"] | None = None
    noted: LineBaseline | None = None


class LineRequest(NamedTuple):
    """What a person entered in a field of ours where an edit is a request: the value's name, and the cell."""

    name: str
    side: System
    cell: Cell


@dataclass(frozen=True, slots=True)
class Hear:
    """A person edited a value of ours where that is a request (`edits: request`): the cells by side.

    Nothing is written; the edit is handed on, and whoever decides about it rings for the record.
    """

    edits: dict[System, Cell]


Decision: TypeAlias = Agree | Leave | Omit | Park | AskTimes | Travel | Hear


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a line as they stand now, with their normal forms."""

    line: Line
    context: Context
    left: Cell
    right: Cell
    left_normal: Normal = field(default=None)
    right_normal: Normal = field(default=None)

    def cell(self, side: System) -> Cell:
        return self.left if side is HUBSPOT else self.right

    def blank(self, side: System) -> bool:
        return (self.left_normal if side is HUBSPOT else self.right_normal) is None

    def changed(self, side: System, base: LineBaseline) -> bool:
        """Whether that side differs from its own baseline in normal form."""
        normal = self.left_normal if side is HUBSPOT else self.right_normal
        return normal != self.line.side(side).normal(base.of(side))

    def carried(self, target: System) -> Cell | Fault | Skip | Pending:
        """What the other side's value looks like at `target`; a required target gets its default."""
        side = self.line.side(target)
        # What counts as blank (a placeholder, outer blanks, false) travels as a blank.
        source = None if self.blank(target.other) else self.cell(target.other)
        cell = side.carry(source, self.context)
        if isinstance(cell, Fault | Skip | Pending) or side.normal(cell) is not None:
            return cell
        return cell if side.may_be_blank or side.placeholder is None else side.placeholder


def held_back(
    line: Line, target: System, held: Cell, coming: Cell | Fault | Skip | Pending
) -> bool:
    """Whether `target` does not take this value in place of the one held (`projection: high_water`)."""
    admits = line.side(target).admits
    if admits is None or isinstance(coming, Fault | Skip | Pending):
        return False
    return not admits(held, coming)


def _would_be_held_back(ends: Ends, target: System) -> bool:
    return held_back(ends.line, target, ends.cell(target), ends.carried(target))


def decide(line: Line, base: LineBaseline | None, ends: Ends, times: EditTimes | None) -> Decision:
    """The table. `base` is None where there is none, or none that still fits the line's hash."""
    if agree(ends):
        return Agree()
    if base is None:
        return _first_meeting(ends, times)
    if line.direction is Direction.BOTH:
        return _two_way(ends, base, times)
    return _one_way(ends, base)


def ends_of(line: Line, left: Cell, right: Cell, context: Context) -> Ends:
    """Both ends with their normal forms."""
    return Ends(
        line, context, left, right, line.hubspot.normal(left), line.salesforce.normal(right)
    )


def agree(ends: Ends) -> bool:
    """Equal after carrying over, in a direction of travel. Two blanks always agree."""
    if ends.left_normal is None and ends.right_normal is None:
        return True
    line = ends.line
    for target, held in ((SALESFORCE, ends.right_normal), (HUBSPOT, ends.left_normal)):
        if not line.direction.goes_to(target):
            continue
        if held is None or ends.blank(target.other):
            continue
        carried = line.side(target).carry(ends.cell(target.other), ends.context)
        if isinstance(carried, Fault | Skip | Pending):
            continue
        if line.side(target).normal(carried) == held:
            return True
    return False


def _first_meeting(ends: Ends, times: EditTimes | None) -> Decision:
    """No baseline: first pairing, lost ledger, a new or a changed line."""
    line = ends.line
    for target in (SALESFORCE, HUBSPOT):
        if ends.blank(target):
            # One side is blank: the filled side (one way: the source) fills it.
            if line.direction.goes_to(target):
                return _send(ends, target, "first_pairing")
            return Leave(seen=True)
    policy = line.first_pairing
    if policy == "fill_blanks":
        # A stage that HubSpot has passed already is nothing that anybody has to look into.
        return Leave(open=not _would_be_held_back(ends, HUBSPOT), seen=True)
    if policy == "park":
        return Park(
            "conflict",
            "both sides are filled and differ; settle it with `conflicts settle`",
            "park",
        )
    if policy == "newest":
        if times is None:
            return AskTimes()
        winner = newest(times)
    else:
        winner = System(policy)
    if not line.direction.goes_to(winner.other):
        # The target of a one-way line wins: there is no road back, so both stay as they are.
        return Leave(seen=True)
    return _send(ends, winner.other, "first_pairing", policy=policy)


def _one_way(ends: Ends, base: LineBaseline) -> Decision:
    """The source decides; the target's own edits are put back, and kept."""
    line = ends.line
    target = SALESFORCE if line.direction is Direction.TO_SALESFORCE else HUBSPOT
    source = target.other
    if not _may_travel(ends, target):
        return Leave(open=base.open)
    source_changed, target_changed = ends.changed(source, base), ends.changed(target, base)
    if source_changed and target_changed:
        return _send(ends, target, f"conflict:{source.value}", policy=source.value)
    if source_changed:
        return _send(ends, target, _plain_rule(ends, source), policy=_open_policy(base))
    if target_changed:
        return _send(ends, target, "restored", policy="restored")
    # Nobody moved since they were seen to differ.
    return Leave(open=base.open)


def _two_way(ends: Ends, base: LineBaseline, times: EditTimes | None) -> Decision:
    """One side changed: it travels. Both changed, differently: the policy decides."""
    left = ends.changed(HUBSPOT, base) and _may_travel(ends, SALESFORCE)
    right = ends.changed(SALESFORCE, base) and _may_travel(ends, HUBSPOT)
    if left and right:
        return _double_change(ends, base, times)
    if left:
        return _send(ends, SALESFORCE, _plain_rule(ends, HUBSPOT), policy=_open_policy(base))
    if right:
        return _send(ends, HUBSPOT, _plain_rule(ends, SALESFORCE), policy=_open_policy(base))
    # Neither moved, or what moved is a blank that `when_blank` holds back.
    return Leave(open=base.open)


def _may_travel(ends: Ends, target: System) -> bool:
    """What `when_blank` says about this value on its way to `target`."""
    side = ends.line.side(target)
    source_blank = ends.blank(target.other)
    rule = side.when_blank
    if rule == "clear" and source_blank and not side.may_be_blank and side.placeholder is None:
        rule = "keep"
    if rule == "keep":
        return not source_blank
    if rule == "fill_only":
        return not source_blank and ends.blank(target)
    return True


def _double_change(ends: Ends, base: LineBaseline, times: EditTimes | None) -> Decision:
    policy = ends.line.both_changed
    if policy == "park":
        return Park("conflict", "changed on both sides; settle it with `conflicts settle`", policy)
    if policy == "union":
        return _union(ends, base)
    if policy == "newest":
        if times is None:
            return AskTimes()
        winner = newest(times)
    elif policy in {"larger", "smaller"}:
        winner = _by_size(ends, larger=policy == "larger")
    else:
        winner = System(policy)
    if _would_be_held_back(ends, winner.other):
        # The winner's value has no road, so the other one takes it rather than that both stand still.
        winner = winner.other
    return _send(ends, winner.other, f"conflict:{policy}", policy=policy)


def newest(times: EditTimes) -> System:
    """The side edited last. Within a second of each other, or unknown: Salesforce."""
    left, right = times.hubspot, times.salesforce
    if left is None or left.at is None or right is None or right.at is None:
        return SALESFORCE
    return HUBSPOT if left.at - right.at > SIMULTANEOUS else SALESFORCE


def _by_size(ends: Ends, *, larger: bool) -> System:
    """A blank is smaller than every value. What cannot be ordered goes to Salesforce."""
    left, right = ends.left_normal, ends.right_normal
    if left is None or right is None:
        left_is_larger = right is None
    else:
        try:
            left_is_larger = bool(left > right)  # type: ignore[operator]  # mixed kinds raise
        except TypeError:
            return SALESFORCE
    return HUBSPOT if left_is_larger is larger else SALESFORCE


def _union(ends: Ends, base: LineBaseline) -> Decision:
    """Per element: what either side added stays, what either side removed goes."""
    there = ends.carried(HUBSPOT)
    if isinstance(there, Fault):
        return Park(there.cause, there.advice)
    if isinstance(there, Skip | Pending):
        return Omit("a value cannot be carried over yet", waiting=True)
    merged = union_of_sets(base.hubspot, ends.left, there)
    back = ends.line.salesforce.carry(merged, ends.context)
    if isinstance(back, Fault):
        return Park(back.cause, back.advice)
    if isinstance(back, Skip):
        return Omit(back.reason, back.waiting)
    writes: dict[System, Cell | Pending] = {}
    if ends.line.hubspot.normal(merged) != ends.left_normal:
        writes[HUBSPOT] = merged
    if isinstance(back, Pending) or ends.line.salesforce.normal(back) != ends.right_normal:
        writes[SALESFORCE] = back
    return Travel(writes, "conflict:union", policy="union", winner="both")


def _send(ends: Ends, target: System, rule: str, policy: str | None = None) -> Decision:
    """Let the other side's value travel to `target`; it may not be fit to travel."""
    cell = ends.carried(target)
    if isinstance(cell, Fault):
        return Park(cell.cause, cell.advice)
    if isinstance(cell, Skip):
        return Omit(cell.reason, cell.waiting)
    if held_back(ends.line, target, ends.cell(target), cell):
        return Leave(seen=True)
    if not isinstance(cell, Pending):
        if not ends.line.side(target).updateable:
            return Leave(seen=True)
        placeholder = ends.line.side(target).placeholder
        if placeholder is not None and cell == placeholder and ends.blank(target.other):
            rule = "default"
    winner: Literal["hubspot", "salesforce"] = "hubspot" if target is SALESFORCE else "salesforce"
    return Travel({target: cell}, rule, policy, winner if policy else None)


def _plain_rule(ends: Ends, source: System) -> str:
    return "blank" if ends.blank(source) else "changed"


def _open_policy(base: LineBaseline) -> str | None:
    """An edit that ends an open difference overwrites a value that was never agreed: it is kept."""
    return "first_pairing" if base.open else None
