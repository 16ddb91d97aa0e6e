"""What must hold for any mapping and any history: the engine's promises, tried by a machine.

A little world of two dicts stands for the systems. Each may weaken what it stores (case, length) or
ignore writes; people edit at any moment, also between our write and our read-back. The world settles
each pair plan the way the engine does: intended value unless the read-back says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import Edit, System
from mappings.schema import BothChanged, Cell, Direction, FirstPairing, Line, WhenBlank
from sync.aftermath import Landing, is_weakening, landing, last_writer
from sync.decide import EditTimes
from sync.marks import fingerprint
from sync.model import LineBaseline
from sync.reconcile import LineConflict, PairPlan, Question, is_true, reconcile
from tests.sync.builders import CONTEXT, fold_normal, line, object_lines, text_normal

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
START = datetime(2026, 1, 1, tzinfo=UTC)

Store = Callable[[Any], Any]
STORES: dict[str, Store] = {
    "faithful": lambda value: value,
    "lower": lambda value: value.lower() if isinstance(value, str) else value,
    "cut": lambda value: value[:4] if isinstance(value, str) else value,
    "trimmed": lambda value: (value.strip() or None) if isinstance(value, str) else value,
}
values = st.sampled_from([None, "A", "b", "Anna", "anna", "Annabelle", "Z z", " x "])


@dataclass
class Person:
    """A system's record of one field set, with who wrote what when."""

    store: Store
    held: dict[str, Cell] = field(default_factory=dict)
    edits: dict[str, Edit] = field(default_factory=dict)

    def edit(self, name: str, value: Cell, at: datetime) -> None:
        self.held[name] = self.store(value)
        self.edits[name] = Edit(at, by_us=False)

    def write(self, name: str, value: Cell, at: datetime) -> None:
        self.held[name] = self.store(value)
        self.edits[name] = Edit(at, by_us=True)


@dataclass
class World:
    """Two records of one pair, the baselines between them, and everything that was ever lost."""

    lines: tuple[Line, ...]
    sides: dict[System, Person]
    baseline: dict[str, LineBaseline] = field(default_factory=dict)
    kept: list[LineConflict] = field(default_factory=list)
    parked: dict[str, str] = field(default_factory=dict)
    ticks: int = 0

    def now(self) -> datetime:
        self.ticks += 10
        return START + timedelta(seconds=self.ticks)

    def edit(self, side: System, name: str, value: Cell) -> None:
        self.sides[side].edit(name, value, self.now())

    def plan(self) -> PairPlan:
        question = Question(
            lines=object_lines(*self.lines, consent=True),
            baseline=self.baseline,
            hubspot=self.sides[HUBSPOT].held,  # type: ignore[arg-type]  # no joined cells here
            salesforce=self.sides[SALESFORCE].held,  # type: ignore[arg-type]  # likewise
            context=CONTEXT,
            parked=self.parked,
        )
        plan = reconcile(question)
        if not plan.ask_times:
            return plan
        times = {
            name: EditTimes(*(self.sides[s].edits.get(name) for s in (HUBSPOT, SALESFORCE)))
            for name in plan.ask_times
        }
        return reconcile(
            Question(
                lines=question.lines,
                baseline=self.baseline,
                hubspot=question.hubspot,
                salesforce=question.salesforce,
                context=CONTEXT,
                parked=self.parked,
                times=times,
            )
        )

    def run(self, meddle: Callable[[], None] = lambda: None) -> PairPlan:
        """One walk: plan, write, let people meddle, read back, agree."""
        plan = self.plan()
        read_at = {s: self._modified(s) for s in System}
        before = {s: dict(self.sides[s].held) for s in System}
        for side, changes in plan.changes.items():
            for change in changes:
                self.sides[side].write(change.api_name, change.after, self.now())
        meddle()
        self.baseline |= plan.agreed
        meant: dict[str, LineBaseline] = {}
        for write in plan.writes:
            name, end = write.line.id, write.line.side(write.to)
            stored = self.sides[write.to].held.get(name)
            writer = last_writer(self.sides[write.to].edits.get(name), read_at[write.to])
            verdict = landing(end, write.cell, write.before, stored, writer)  # type: ignore[arg-type]  # no Pending here
            known = meant.get(name, write.meant)
            if verdict is Landing.IGNORED:
                left, right = before[HUBSPOT].get(name), before[SALESFORCE].get(name)
                self.parked[name] = fingerprint(write.line, left, right)
                continue
            if verdict is Landing.STORED:
                left, right = known.hubspot, known.salesforce
                known = (
                    LineBaseline(known.line_hash, stored, right)
                    if write.to is HUBSPOT
                    else LineBaseline(known.line_hash, left, stored)
                )
            meant[name] = known
        self.baseline |= meant
        self.kept += plan.conflicts
        return plan

    def _modified(self, side: System) -> datetime:
        times = [e.at for e in self.sides[side].edits.values() if e.at is not None]
        return max(times, default=START)


def settled(world: World) -> None:
    """A few undisturbed walks: two are enough where people meddled during the last one."""
    for _ in range(3):
        if world.run().empty:
            return


NAMES = ("title", "city")
edits = st.lists(
    st.tuples(st.sampled_from([HUBSPOT, SALESFORCE]), st.sampled_from(NAMES), values), max_size=5
)
rules = st.builds(
    lambda name, direction, normal, both, first, blank: line(
        name,
        direction=direction,
        normal=normal,
        both_changed=both,
        first_pairing=first,
        when_blank=blank,
    ),
    st.just("title"),
    st.sampled_from(list(Direction)),
    st.sampled_from([text_normal, fold_normal]),
    st.sampled_from(list[BothChanged](["newest", "hubspot", "salesforce", "park", "larger"])),
    st.sampled_from(list[FirstPairing](["fill_blanks", "hubspot", "newest", "park"])),
    st.sampled_from(list[WhenBlank](["clear", "keep", "fill_only"])),
)
stores = st.sampled_from(sorted(STORES))


def world_of(rule: Line, left: str, right: str) -> World:
    return World(
        (rule, line("city")), {HUBSPOT: Person(STORES[left]), SALESFORCE: Person(STORES[right])}
    )


@settings(max_examples=400, deadline=None)
@given(rules, stores, stores, st.lists(edits, min_size=1, max_size=4))
def test_a_second_run_plans_nothing(
    rule: Line, left: str, right: str, rounds: list[list[tuple[System, str, Cell]]]
) -> None:
    """Whatever people did, whatever the systems do to values: nothing goes back and forth."""
    world = world_of(rule, left, right)
    for batch in rounds:
        for side, name, value in batch:
            world.edit(side, name, value)
        world.run()
        assert world.plan().empty


@settings(max_examples=300, deadline=None)
@given(rules, stores, stores, edits, edits, st.integers(0, 1))
def test_a_lost_ledger_overwrites_nobody_and_converges(
    rule: Line,
    left: str,
    right: str,
    first: list[tuple[System, str, Cell]],
    then: list[tuple[System, str, Cell]],
    lost: int,
) -> None:
    """Without baselines blanks are filled; with `fill_blanks` no filled value is touched."""
    world = world_of(rule, left, right)
    for side, name, value in first:
        world.edit(side, name, value)
    world.run()
    for side, name, value in then:
        world.edit(side, name, value)
    world.baseline = {} if lost else world.baseline
    before = {s: dict(world.sides[s].held) for s in System}
    world.run()
    if lost and rule.first_pairing == "fill_blanks":
        for s in System:
            for name, held in before[s].items():
                if text_normal(held) is not None and rule.id == name:
                    assert world.sides[s].held[name] == held
    assert world.plan().empty


@settings(max_examples=300, deadline=None)
@given(values, values, st.sampled_from([HUBSPOT, SALESFORCE]), stores, stores)
def test_a_lone_edit_on_a_two_way_line_is_never_lost(
    agreed: Cell, new: Cell, editor: System, left: str, right: str
) -> None:
    """It stands on both sides afterwards, as each side stores it."""
    world = world_of(line("title"), left, right)
    world.edit(HUBSPOT, "title", agreed)
    settled(world)
    held = world.sides[editor].held.get("title")
    world.edit(editor, "title", new)
    mine = world.sides[editor].held["title"]
    settled(world)
    assert world.sides[editor].held["title"] == mine
    other = world.sides[editor.other]
    if text_normal(mine) != text_normal(held):
        assert text_normal(other.held.get("title")) == text_normal(other.store(mine))


@settings(max_examples=300, deadline=None)
@given(values, values, values, stores, stores)
def test_every_overwritten_value_of_a_person_is_on_file(
    agreed: Cell, left_edit: Cell, right_edit: Cell, left: str, right: str
) -> None:
    """A double change ends by policy, and both values stand in the conflict."""
    world = world_of(line("title", both_changed="hubspot"), left, right)
    world.edit(HUBSPOT, "title", agreed)
    settled(world)
    world.edit(HUBSPOT, "title", left_edit)
    world.edit(SALESFORCE, "title", right_edit)
    theirs = world.sides[SALESFORCE].held["title"]
    base = world.baseline.get("title")
    world.run()
    overwritten = world.sides[SALESFORCE].held["title"] != theirs
    changed_there = base is None or text_normal(theirs) != text_normal(base.salesforce)
    if overwritten and changed_there:
        assert any(conflict.salesforce == theirs for conflict in world.kept)


@settings(max_examples=400, deadline=None)
@given(values, values, values, st.sampled_from([HUBSPOT, SALESFORCE]), stores, stores)
def test_an_edit_between_write_and_read_back_is_not_swallowed(
    agreed: Cell, ours: Cell, theirs: Cell, target: System, left: str, right: str
) -> None:
    """A person who edits the target at that moment finds the edit on both sides soon after."""
    world = world_of(line("title"), left, right)
    world.edit(HUBSPOT, "title", agreed)
    settled(world)
    world.edit(target.other, "title", ours)
    plan = world.plan()
    if not plan.changes[target]:
        return
    world.run(lambda: world.edit(target, "title", theirs))
    stored = world.sides[target].held["title"]
    settled(world)
    assert text_normal(world.sides[target].held["title"]) == text_normal(stored)
    other = world.sides[target.other]
    there = text_normal(other.held.get("title"))
    assert there in {text_normal(other.store(stored)), text_normal(other.store(ours))}
    if text_normal(stored) != text_normal(world.sides[target].store(ours)):
        assert there == text_normal(other.store(stored))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([HUBSPOT, SALESFORCE]), st.sampled_from([True, False, None])),
        max_size=6,
    )
)
def test_consent_never_loosens(flags: list[tuple[System, bool | None]]) -> None:
    """Once somebody opted out anywhere, the next run has it on both sides, lone edits included."""
    world = world_of(line("title"), "faithful", "faithful")
    names = {HUBSPOT: "optout", SALESFORCE: "OptOut"}
    for side, flag in flags:
        world.edit(side, names[side], flag)
        opted = any(is_true(world.sides[s].held.get(names[s])) for s in System)  # type: ignore[arg-type]  # flags only
        world.run()
        for s in System:
            assert is_true(world.sides[s].held.get(names[s])) is opted  # type: ignore[arg-type]  # flags only


@settings(max_examples=100, deadline=None)
@given(values, values)
def test_a_system_that_ignores_a_write_is_parked_once(agreed: Cell, new: Cell) -> None:
    """It answers success and keeps the old value: no second attempt until a value changes."""
    world = world_of(line("title"), "faithful", "faithful")
    world.edit(HUBSPOT, "title", agreed)
    settled(world)
    stubborn = world.sides[SALESFORCE]
    held = stubborn.held.get("title")
    stubborn.store = lambda _value: held
    world.edit(HUBSPOT, "title", new)
    world.run()
    assert world.plan().empty
    if text_normal(new) != text_normal(held) and not is_weakening(new, held):
        assert "title" in world.parked
