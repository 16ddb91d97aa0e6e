"""What becomes of one tie: the table of relations, as a pure function.

Three-way, as with fields: a side *made* a tie that it holds and that was never agreed, and *ended* one
that was agreed and that it does not hold any more. Each branch is commented with the history that leads
there. A tie's own fields are decided as the lines of a pair are (`sync.reconcile`); no system tells when
they were edited, so `newest` goes to Salesforce, and the loser is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Literal

from connector.port import System, Value, Values
from mappings.schema import Cell, Context, Fault, Line, ObjectLines, Pending, Relation, Skip
from sync.decide import EditTimes
from sync.marks import fingerprint
from sync.model import Baseline, FieldChange, KnownTie, LineBaseline, Standing
from sync.reconcile import (
    LineConflict,
    LineParked,
    LineWrite,
    PairPlan,
    Question,
    reconcile,
)

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
UNKNOWN_TIMES = EditTimes(None, None)
# Under this name a whole tie is parked, beside its lines.
WHOLE_TIE = ""

Why = Literal["partner", "kept", "one_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Everything that one decision may know about a tie.

    `hubspot` and `salesforce` are the values of the tie's own fields as each side holds them, None where
    the side does not hold the tie. `linked`: both partners are fit, and of a kind that can be tied
    there. `parked` maps a line (or `WHOLE_TIE`) to the mark under which it was parked. `allowed` holds,
    by side and field, what may stand in the tie's own fields there; a field that takes anything is absent.
    """

    relation: Relation
    context: Context
    hubspot: Values | None
    salesforce: Values | None
    linked: bool
    standing: Standing | None = None
    side: System | None = None
    baseline: Baseline = field(default_factory=dict)
    parked: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[System, Mapping[str, Values]] = field(default_factory=dict)

    def values(self, side: System) -> Values | None:
        return self.hubspot if side is HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True, kw_only=True)
class TiePlan:
    """What to do about one tie: values, and nothing that acts.

    `make` and `end` name the side on which the tie is made or ended; `changes` are the fields to set, by
    side, those of a new tie included. `standing`, `side` and `why` are true once that is done, or at once
    where there is nothing to do; a tie that neither side holds is `over`. `agreed` are baselines that can
    be noted at once, `writes` become baselines once they landed. `still_parked`: it would be done, and
    was refused under the same circumstances before. `mark` names those circumstances.
    """

    make: System | None = None
    end: System | None = None
    changes: Mapping[System, tuple[FieldChange, ...]] = field(default_factory=dict)
    standing: Standing | None = None
    side: System | None = None
    why: Why | None = None
    over: bool = False
    agreed: Baseline = field(default_factory=dict)
    writes: tuple[LineWrite, ...] = ()
    conflicts: tuple[LineConflict, ...] = ()
    parked: tuple[LineParked, ...] = ()
    still_parked: tuple[str, ...] = ()
    mark: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be written."""
        return self.make is not None or self.end is not None or any(self.changes.values())

    def action(self, side: System) -> Literal["create", "update", "delete"] | None:
        """What is done on a side, in the contract's word."""
        if self.make is side:
            return "create"
        if self.end is side:
            return "delete"
        return "update" if self.changes.get(side) else None

    def baseline_after(self, known: Baseline, landed: frozenset[System]) -> dict[str, LineBaseline]:
        """The baseline once the writes to these sides have landed."""
        missed = {write.line.id for write in self.writes if write.to not in landed}
        meant = {write.line.id: write.meant for write in self.writes}
        done = {line: base for line, base in meant.items() if line not in missed}
        return {**known, **self.agreed, **done}


def meet(meeting: Meeting) -> TiePlan:
    """Decide one tie. See the module docstring."""
    plan = _decide(meeting)
    mark = mark_of(meeting)
    if plan.acts and meeting.parked.get(WHOLE_TIE) == mark:
        # Refused before, and nothing is different now.
        return TiePlan(
            standing=meeting.standing, side=meeting.side, still_parked=(WHOLE_TIE,), mark=mark
        )
    return replace(plan, mark=mark)


def mark_of(meeting: Meeting) -> str:
    """Names the circumstances of a tie: with others it is tried again where it was refused."""
    held = [
        None if values is None else sorted(values.items())
        for values in (meeting.hubspot, meeting.salesforce)
    ]
    told = repr((meeting.relation.hash, meeting.standing, held))
    return blake2b(told.encode(), digest_size=12).hexdigest()


def _decide(meeting: Meeting) -> TiePlan:
    left, right = meeting.hubspot is not None, meeting.salesforce is not None
    if not left and not right:
        # Ended on both sides, or here and what we ended there landed.
        return TiePlan(over=True)
    if not meeting.linked:
        # A partner is not paired, filtered or parked: nothing is made, nothing is ended.
        return TiePlan(standing=meeting.standing, side=meeting.side, why="partner")
    if left and right:
        # Made on both sides, or untouched.
        return _with_fields(meeting)
    return _on_one_side(meeting, HUBSPOT if left else SALESFORCE)


def _on_one_side(meeting: Meeting, here: System) -> TiePlan:
    if meeting.standing == "agreed":
        return _ended(meeting, here)
    if meeting.standing == "ending" and meeting.side is here:
        # We were about to end it here and do not know that we did.
        return TiePlan(end=here)
    if meeting.standing == "kept" and meeting.side is here:
        # It was ended there long ago, and stays here.
        return TiePlan(standing="kept", side=here, why="kept")
    # Never agreed; or what we ended or kept there is gone, and somebody made it anew here.
    if meeting.relation.direction.goes_to(here.other):
        return _made(meeting, here)
    # The side that only follows has a tie of its own: nobody asked us to end it.
    return TiePlan(standing=meeting.standing, side=meeting.side, why="one_way")


def _ended(meeting: Meeting, here: System) -> TiePlan:
    """It was agreed and is gone on the other side: somebody ended it there."""
    relation, there = meeting.relation, here.other
    if not relation.direction.goes_to(here):
        # The side that only follows lost it: it is put back.
        return _made(meeting, here)
    if relation.when_ended_in[there] == "keep":
        # Remembered, or it would be taken for a new one the next time.
        return TiePlan(standing="kept", side=here, why="kept")
    return TiePlan(end=here)


def _made(meeting: Meeting, here: System) -> TiePlan:
    """The other side gets it, with the fields that travel there."""
    there = here.other
    blank: dict[str, Value] = dict.fromkeys(meeting.relation.fields[there])
    sides = {here: meeting.values(here) or {}, there: blank}
    met = replace(meeting, hubspot=sides[HUBSPOT], salesforce=sides[SALESFORCE], baseline={})
    plan = _with_fields(met)
    # Of a tie that is not there yet, only what is set on it counts; a source is not written to.
    return replace(plan, make=there, changes={there: plan.changes.get(there, ())}, conflicts=())


# Fields -------------------------------------------------------------------------------------------


def _with_fields(meeting: Meeting) -> TiePlan:
    """Both sides hold it: its own fields are brought in line."""
    lines, parked, still = _known_values(meeting)
    decided = reconcile(
        Question(
            lines=ObjectLines(salesforce_object="", lines=lines, consent=()),
            baseline=meeting.baseline,
            hubspot=meeting.hubspot or {},
            salesforce=meeting.salesforce or {},
            context=meeting.context,
            parked=meeting.parked,
            times=dict.fromkeys((line.id for line in lines), UNKNOWN_TIMES),
        )
    )
    return _as_tie_plan(decided, parked, still)


def _as_tie_plan(decided: PairPlan, parked: list[LineParked], still: list[str]) -> TiePlan:
    return TiePlan(
        changes={side: changes for side, changes in decided.changes.items() if changes},
        standing="agreed",
        agreed=decided.agreed,
        writes=decided.writes,
        conflicts=decided.conflicts,
        parked=(*decided.parked, *parked),
        still_parked=(*decided.still_parked, *still),
    )


def _known_values(meeting: Meeting) -> tuple[tuple[Line, ...], list[LineParked], list[str]]:
    """The lines whose values the other side knows; the others are parked, newly or still."""
    fit: list[Line] = []
    parked: list[LineParked] = []
    still: list[str] = []
    for line in meeting.relation.lines:
        sides = [side for side in meeting.allowed if _is_unknown(meeting, line, side)]
        if not sides:
            fit.append(line)
            continue
        cells = (_cell(meeting, line, side) for side in (HUBSPOT, SALESFORCE))
        # Marked apart from a refusal: the value travels as soon as the other side knows it.
        mark = f"unknown:{fingerprint(line, *cells)}"
        if meeting.parked.get(line.id) == mark:
            still.append(line.id)
        else:
            parked.append(_parked(meeting, line, sides[0], mark))
    return tuple(fit), parked, still


def _is_unknown(meeting: Meeting, line: Line, side: System) -> bool:
    """Whether the other side's value wants to travel to `side`, and may not stand there."""
    if not line.direction.goes_to(side) or line.mode == "off":
        return False
    source, held = _cell(meeting, line, side.other), _cell(meeting, line, side)
    base = meeting.baseline.get(line.id)
    end, other = line.side(side), line.side(side.other)
    before = None if base is None or base.line_hash != line.hash else base
    if before is not None and other.normal(source) == other.normal(before.of(side.other)):
        # It did not move since the last agreement.
        return False
    carried = end.carry(source, meeting.context)
    if isinstance(carried, Fault | Skip | Pending) or end.normal(carried) == end.normal(held):
        return False
    allowed = _allowed(meeting, line, side)
    return isinstance(carried, str) and allowed is not None and carried not in allowed


def _allowed(meeting: Meeting, line: Line, side: System) -> Values | None:
    """What the line's field there takes; None where it takes anything."""
    (name,) = line.side(side).fields or ("",)
    return meeting.allowed[side].get(name)


def _cell(meeting: Meeting, line: Line, side: System) -> Cell:
    read = line.side(side).read(meeting.values(side) or {}, meeting.context)
    return None if isinstance(read, Fault | Skip | Pending) else read


def _parked(meeting: Meeting, line: Line, side: System, mark: str) -> LineParked:
    allowed = _allowed(meeting, line, side) or {}
    listed = ", ".join(str(label) for label in allowed.values()) or "none at all"
    return LineParked(
        line=line.id,
        cause="unknown_option",
        advice=f"{side.value} does not know this value here; it takes: {listed}. Add it there, or map it "
        f"with `values` in line {line.id}",
        fingerprint=mark,
        to=side,
    )


def meeting_of(known: KnownTie | None, meeting: Meeting, *, void: bool) -> Meeting:
    """The meeting with what the ledger knows of the tie; `void`: a partner is gone, and with it
    whatever was agreed."""
    if known is None or void:
        return meeting
    return replace(meeting, standing=known.standing, side=known.side, baseline=known.baseline)
