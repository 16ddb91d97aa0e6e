"""Bring one pair in line, on paper: records and baseline in, a `PairPlan` of plain values out. Pure.

Nothing is written here and nothing is looked up: what the decision needs (edit times for `newest`,
partners of references, today's date) comes in with the `Question`. Plain lines are decided first;
computed lines and conditions then see the record as it will be after this plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from connector.port import System, Value, Values
from mappings.schema import Carried, Cell, Context, Fault, Line, ObjectLines, Pending, Skip
from sync.decide import (
    HUBSPOT,
    SALESFORCE,
    Agree,
    AskTimes,
    Decision,
    EditTimes,
    Hear,
    Leave,
    LineRequest,
    Omit,
    Park,
    Travel,
    decide,
    ends_of,
)
from sync.ledger_values import decide_ledger_value, is_withdrawn, knowing
from sync.marks import fingerprint, key_mark
from sync.model import Baseline, FieldChange, LineBaseline
from sync.waiting import Waiting, waiting_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything one decision may know about a pair.

    `parked` maps a line to the fingerprint under which it was parked: with the same values it stays so.
    `times` answers `newest` where a first pass asked for it. `keys` maps a system to the name of its
    external-key field and the partner's id that belongs there. With `consent_only` (a filtered pair, a
    paused system) nothing but consent travels, and nothing at all to a `frozen` side. `opted_in` names the
    consent lines of which the person has opted in again, with evidence: no opt-out is handed on there.
    """

    lines: ObjectLines
    baseline: Baseline
    hubspot: Values
    salesforce: Values
    context: Context
    parked: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, EditTimes] | None = None
    keys: Mapping[System, tuple[str, str]] = field(default_factory=dict)
    consent_only: bool = False
    opted_in: frozenset[str] = frozenset()
    frozen: frozenset[System] = frozenset()

    def values(self, side: System) -> Values:
        return self.hubspot if side is HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True, kw_only=True)
class LineWrite:
    """What one line writes on one side; `cell` is the intended cell, `before` the cell it replaces.

    `meant` becomes the line's baseline once the write (and its twin on the other side) has landed.
    """

    line: Line
    to: System
    cell: Cell | Pending
    before: Cell
    rule: str
    meant: LineBaseline


@dataclass(frozen=True, slots=True, kw_only=True)
class LineConflict:
    """Two values of one line of which one gives way (`winner`), or nobody does yet (None)."""

    line: str
    hubspot: Cell
    salesforce: Cell
    policy: str
    winner: str | None
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineParked:
    """A line that cannot go on; `fingerprint` names the values it was parked for."""

    line: str
    cause: str
    advice: str
    fingerprint: str
    to: System


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """What to do about one pair.

    `agreed` are baselines that can be noted at once, since nothing has to be written for them;
    `writes` become baselines once they landed; `observed` are writes of lines in mode `observe`,
    never made. `changes` are all fields to set, by side, keys and consent included. `waiting` are lines
    that wait for a partner. `ask_times` names lines to be decided again with edit times. `requests` are
    edits that somebody else decides about; `told` is what we say of our own values in them.
    """

    agreed: Mapping[str, LineBaseline] = field(default_factory=dict)
    writes: tuple[LineWrite, ...] = ()
    observed: tuple[LineWrite, ...] = ()
    changes: Mapping[System, tuple[FieldChange, ...]] = field(default_factory=dict)
    conflicts: tuple[LineConflict, ...] = ()
    parked: tuple[LineParked, ...] = ()
    still_parked: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    ask_times: tuple[str, ...] = ()
    requests: tuple[LineRequest, ...] = ()
    told: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Nothing to write on either side."""
        return not any(self.changes.values())

    def carried(self, to: System, parts: Set[str]) -> tuple[LineWrite, ...]:
        """The lines that a write to this side carries, of which these are the parts."""
        return tuple(w for w in self.writes if w.to is to and w.line.id in parts)


def is_true(value: Value) -> bool:
    """Whether an opt-out flag is set; missing, null and false are all the same."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def reconcile(question: Question) -> PairPlan:
    """Decide every line of a pair. See the module docstring."""
    draft = _Draft(question)
    if question.consent_only:
        for line in question.lines.lines:
            if line.mode == "live" and is_withdrawn(line, draft.question.context):
                draft.take(line)
    else:
        late: list[Line] = []
        for line in question.lines.lines:
            if line.mode == "off":
                continue
            if line.computed or line.only_if is not None or line.ledger_value:
                late.append(line)
            else:
                draft.take(line)
        for line in late:
            if line.only_if is None or line.only_if(draft.planned_view(line), question.context):
                draft.take(line)
    return draft.plan()


class _Draft:
    """The plan of one pair while it grows, line by line."""

    def __init__(self, question: Question) -> None:
        context = knowing(question.context, question.hubspot, question.salesforce)
        self.question = replace(question, context=context)
        self.planned: dict[System, dict[str, Value]] = {
            HUBSPOT: dict(question.hubspot),
            SALESFORCE: dict(question.salesforce),
        }
        self.agreed: dict[str, LineBaseline] = {}
        self.writes: list[LineWrite] = []
        self.observed: list[LineWrite] = []
        self.conflicts: list[LineConflict] = []
        self.parked: list[LineParked] = []
        self.still_parked: list[str] = []
        self.waiting: list[Waiting] = []
        self.ask_times: list[str] = []
        self.requests: list[LineRequest] = []

    def planned_view(self, line: Line) -> Values:
        """The record as it will be. Both sides' names are known; the source's win a clash."""
        source = SALESFORCE if line.direction.value == "<-" else HUBSPOT
        return {**self.planned[source.other], **self.planned[source]}

    def take(self, line: Line) -> None:
        """Decide one line and note what follows from it."""
        left, right = (self._read(line, side) for side in (HUBSPOT, SALESFORCE))
        for cell in (left, right):
            if isinstance(cell, Fault):
                self._park(line, Park(cell.cause, cell.advice), None, None, SALESFORCE)
                return
            if isinstance(cell, Skip | Pending):
                self._omit(line, cell, {})
                return
        assert not isinstance(left, Fault | Skip | Pending)  # noqa: S101 - narrowed in the loop above
        assert not isinstance(right, Fault | Skip | Pending)  # noqa: S101 - likewise
        self._settle(line, left, right, self._decide(line, left, right))

    def _read(self, line: Line, side: System) -> Carried:
        # Computed ends see the planned record; stored ends what really stands there now.
        source = self.planned[side] if line.computed else self.question.values(side)
        return line.side(side).read(source, self.question.context)

    def _decide(self, line: Line, left: Cell, right: Cell) -> Decision:
        question = self.question
        base = question.baseline.get(line.id)
        if base is not None and base.line_hash != line.hash:
            base = None
        if line.ledger_value is not None:
            return decide_ledger_value(line, base, left, right, question.context)
        times = question.times.get(line.id) if question.times is not None else None
        return decide(line, base, ends_of(line, left, right, question.context), times)

    def _settle(self, line: Line, left: Cell, right: Cell, decision: Decision) -> None:
        if isinstance(decision, Agree):
            self.agreed[line.id] = decision.noted or LineBaseline(line.hash, left, right)
        elif isinstance(decision, Leave):
            if decision.seen:
                self.agreed[line.id] = LineBaseline(line.hash, left, right, open=decision.open)
            if decision.open:
                policy = line.first_pairing
                self._conflict(line, left, right, policy, None, still_open=True)
        elif isinstance(decision, Omit):
            held = {HUBSPOT: left, SALESFORCE: right}
            self._omit(line, Skip(decision.reason, decision.waiting), held)
        elif isinstance(decision, AskTimes):
            self.ask_times.append(line.id)
        elif isinstance(decision, Park):
            self._park(line, decision, left, right, _target_of(line))
        elif isinstance(decision, Hear):
            self._hear(line, left, right, decision)
        else:
            self._travel(line, left, right, decision)

    def _hear(self, line: Line, left: Cell, right: Cell, heard: Hear) -> None:
        """Handed on, and noted as seen: once it is decided, what we say is written as ever."""
        if line.mode == "observe":
            return
        self.agreed[line.id] = LineBaseline(line.hash, left, right)
        name = line.ledger_value or ""
        self.requests += [LineRequest(name, side, cell) for side, cell in heard.edits.items()]

    def _travel(self, line: Line, left: Cell, right: Cell, travel: Travel) -> None:
        held = {HUBSPOT: left, SALESFORCE: right}
        then = held | {s: c for s, c in travel.writes.items() if not isinstance(c, Pending)}
        meant = travel.noted or LineBaseline(line.hash, then[HUBSPOT], then[SALESFORCE])
        if self.question.parked.get(line.id) == fingerprint(line, left, right, meant=meant):
            self.still_parked.append(line.id)
            return
        for side, cell in travel.writes.items():
            write = LineWrite(
                line=line, to=side, cell=cell, before=held[side], rule=travel.rule, meant=meant
            )
            if line.mode == "observe":
                self.observed.append(write)
                continue
            self.writes.append(write)
            self.planned[side].update(_by_field(line, side, cell))
        if travel.policy is not None and line.mode != "observe":
            self._conflict(line, left, right, travel.policy, travel.winner)

    def _conflict(
        self,
        line: Line,
        left: Cell,
        right: Cell,
        policy: str,
        winner: str | None,
        *,
        still_open: bool = False,
    ) -> None:
        self.conflicts.append(
            LineConflict(
                line=line.id,
                hubspot=left,
                salesforce=right,
                policy=policy,
                winner=winner,
                open=still_open,
            )
        )

    def _park(self, line: Line, park: Park, left: Cell, right: Cell, to: System) -> None:
        mark = fingerprint(line, left, right)
        self.parked.append(
            LineParked(line=line.id, cause=park.cause, advice=park.advice, fingerprint=mark, to=to)
        )
        if park.conflict is not None:
            self._conflict(line, left, right, park.conflict, None)

    def _omit(self, line: Line, why: Skip | Pending, held: Mapping[System, Cell]) -> None:
        if isinstance(why, Skip) and why.waiting and line.mode != "observe":
            self.waiting.append(waiting_of(line, why.reason, held, self.question.context))

    def plan(self) -> PairPlan:
        changes = {
            side: () if side in self.question.frozen else tuple(self._changes(side))
            for side in (HUBSPOT, SALESFORCE)
        }
        return PairPlan(
            agreed=self.agreed,
            writes=tuple(self.writes),
            observed=tuple(self.observed),
            changes=changes,
            conflicts=tuple(self.conflicts),
            parked=tuple(self.parked),
            still_parked=tuple(self.still_parked),
            waiting=tuple(self.waiting),
            ask_times=tuple(self.ask_times),
            requests=tuple(self.requests),
            told=self.question.context.ledger if self.requests else {},
        )

    def _changes(self, side: System) -> Iterable[FieldChange]:
        for write in self.writes:
            if write.to is side:
                yield from changes_of(write)
        yield from consent_changes(self.question, side)
        yield from self._key_changes(side)

    def _key_changes(self, side: System) -> Iterable[FieldChange]:
        if self.question.consent_only or side not in self.question.keys:
            return
        name, partner = self.question.keys[side]
        held = self.question.values(side).get(name)
        if held is not None and str(held) == partner:
            return
        if self.question.parked.get("key") == key_mark(held, partner):
            # It was refused; it is tried again when the record is, or when somebody says so.
            self.still_parked.append("key")
        else:
            yield FieldChange(line="key", api_name=name, before=held, after=partner, rule="key")


def changes_of(write: LineWrite) -> Iterable[FieldChange]:
    """The fields that one line's write sets, one by one."""
    names = write.line.side(write.to).fields
    pending = isinstance(write.cell, Pending)
    after = (None,) * len(names) if pending else cells(write.cell, len(names))  # type: ignore[arg-type]  # not Pending
    for name, before, value in zip(names, cells(write.before, len(names)), after, strict=True):
        yield FieldChange(
            line=write.line.id,
            api_name=name,
            before=before,
            after=value,
            rule=write.rule,
            pending=pending,
        )


def cells(cell: Cell, width: int) -> tuple[Value, ...]:
    """A cell as one value per field; a blank cell blanks every field of a joined line."""
    if isinstance(cell, tuple):
        return cell
    return (cell,) if width == 1 else (cell,) + (None,) * (width - 1)


def _by_field(line: Line, side: System, cell: Cell | Pending) -> dict[str, Value]:
    names = line.side(side).fields
    if isinstance(cell, Pending):
        return dict.fromkeys(names)
    return dict(zip(names, cells(cell, len(names)), strict=True))


def _target_of(line: Line) -> System:
    return HUBSPOT if line.direction.value == "<-" else SALESFORCE


def consent_changes(question: Question, side: System) -> Iterable[FieldChange]:
    """True wins: a side whose partner holds an opt-out gets it.

    Nothing is ever loosened from here; where evidence of a fresh opt-in stands against an opt-out, that
    is lifted on every record of the person (`sync.consent`).
    """
    for consent in question.lines.consent:
        if consent.id in question.opted_in:
            continue
        name = consent.field(side)
        held = question.values(side).get(name)
        other = question.values(side.other).get(consent.field(side.other))
        if is_true(other) and not is_true(held):
            yield FieldChange(
                line=consent.id, api_name=name, before=held, after=True, rule="consent"
            )
