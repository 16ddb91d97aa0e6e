"""What becomes of one tie: the table of relations, branch by branch, and what must hold for any history."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import System, Values
from mappings.schema import Direction, Relation, WhenEnded
from sync.model import LineBaseline, Standing
from sync.relations.decide import WHOLE_TIE, Meeting, TiePlan, mark_of, meet
from tests.sync.builders import CONTEXT
from tests.sync.tied import members, status_line

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
KEEP_THERE: dict[System, WhenEnded] = {HUBSPOT: "end", SALESFORCE: "keep"}


def meeting(
    hubspot: Values | None = None,
    salesforce: Values | None = None,
    *,
    relation: Relation | None = None,
    standing: Standing | None = None,
    side: System | None = None,
    linked: bool = True,
    baseline: dict[str, LineBaseline] | None = None,
    parked: dict[str, str] | None = None,
    allowed: dict[System, dict[str, Values]] | None = None,
) -> Meeting:
    return Meeting(
        relation=relation or members(),
        context=CONTEXT,
        hubspot=hubspot,
        salesforce=salesforce,
        linked=linked,
        standing=standing,
        side=side,
        baseline=baseline or {},
        parked=parked or {},
        allowed=allowed or {},
    )


def decided(plan: TiePlan) -> tuple[System | None, System | None, Standing | None, str | None]:
    return plan.make, plan.end, plan.standing, plan.why


HERE: Values = {}
ONE_WAY = members(direction=Direction.TO_SALESFORCE)
KEEPING = members(ended=KEEP_THERE)
TABLE = [
    # Nothing was ever agreed: the first meeting is a union.
    ("made at HubSpot", meeting(HERE), (SALESFORCE, None, "agreed", None)),
    ("made at Salesforce", meeting(None, HERE), (HUBSPOT, None, "agreed", None)),
    ("made on both", meeting(HERE, HERE), (None, None, "agreed", None)),
    # It was agreed.
    ("untouched", meeting(HERE, HERE, standing="agreed"), (None, None, "agreed", None)),
    ("ended at HubSpot", meeting(None, HERE, standing="agreed"), (None, SALESFORCE, None, None)),
    ("ended at Salesforce", meeting(HERE, standing="agreed"), (None, HUBSPOT, None, None)),
    # An end that does not travel.
    (
        "kept when ended there",
        meeting(HERE, standing="agreed", relation=KEEPING),
        (None, None, "kept", "kept"),
    ),
    (
        "kept since long ago",
        meeting(HERE, standing="kept", side=HUBSPOT, relation=KEEPING),
        (None, None, "kept", "kept"),
    ),
    (
        "kept, and made there again",
        meeting(HERE, HERE, standing="kept", side=HUBSPOT, relation=KEEPING),
        (None, None, "agreed", None),
    ),
    (
        "what was kept is gone, and there is one on the other side",
        meeting(None, HERE, standing="kept", side=HUBSPOT, relation=KEEPING),
        (HUBSPOT, None, "agreed", None),
    ),
    # An end of which nobody knows whether it landed.
    (
        "still to be ended",
        meeting(HERE, standing="ending", side=HUBSPOT),
        (None, HUBSPOT, None, None),
    ),
    (
        "ended, and made anew on the other side",
        meeting(None, HERE, standing="ending", side=HUBSPOT),
        (HUBSPOT, None, "agreed", None),
    ),
    # One way: Salesforce follows.
    ("one way, made", meeting(HERE, relation=ONE_WAY), (SALESFORCE, None, "agreed", None)),
    (
        "one way, only the follower has it",
        meeting(None, HERE, relation=ONE_WAY),
        (None, None, None, "one_way"),
    ),
    (
        "one way, the follower lost it",
        meeting(HERE, standing="agreed", relation=ONE_WAY),
        (SALESFORCE, None, "agreed", None),
    ),
    (
        "one way, ended",
        meeting(None, HERE, standing="agreed", relation=ONE_WAY),
        (None, SALESFORCE, None, None),
    ),
    # A partner is missing: nothing is made, nothing is ended.
    ("made, no partner", meeting(HERE, linked=False), (None, None, None, "partner")),
    (
        "ended, no partner",
        meeting(HERE, standing="agreed", linked=False),
        (None, None, "agreed", "partner"),
    ),
]


@pytest.mark.parametrize(("met", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_the_table(met: Meeting, expected: object) -> None:
    """Each branch is a history."""
    assert decided(meet(met)) == expected


def test_what_no_side_holds_is_over() -> None:
    """Ended on both sides, whatever was known."""
    for standing in ("agreed", "kept", "ending", None):
        for linked in (True, False):
            plan = meet(meeting(standing=standing, side=HUBSPOT, linked=linked))
            assert plan.over
            assert not plan.acts


def test_a_tie_that_was_refused_is_left_alone_until_something_is_different() -> None:
    """Other circumstances: it is tried again."""
    met = meeting(HERE)
    plan = meet(meeting(HERE, parked={WHOLE_TIE: mark_of(met)}))
    assert not plan.acts
    assert plan.still_parked == (WHOLE_TIE,)
    edited = meeting({"status": "Sent"}, parked={WHOLE_TIE: mark_of(met)})
    assert meet(edited).make is SALESFORCE


# Fields ------------------------------------------------------------------------------------------

STATUS = members(status_line())


def base(left: str | None, right: str | None, line: str = "status") -> dict[str, LineBaseline]:
    return {line: LineBaseline("status:v1", left, right)}


def written(plan: TiePlan) -> dict[System, dict[str, object]]:
    return {
        side: {change.api_name: change.after for change in changes}
        for side, changes in plan.changes.items()
        if changes
    }


def test_a_new_tie_takes_its_fields_along() -> None:
    """And they are agreed once it is there."""
    plan = meet(meeting({"status": "Sent"}, relation=STATUS))
    assert plan.make is SALESFORCE
    assert written(plan) == {SALESFORCE: {"Status": "Sent"}}
    after = plan.baseline_after({}, frozenset({SALESFORCE}))
    assert (after["status"].hubspot, after["status"].salesforce) == ("Sent", "Sent")


def test_a_changed_field_travels() -> None:
    """From the side that changed it."""
    plan = meet(
        meeting(
            {"status": "Sent"},
            {"Status": "Responded"},
            relation=STATUS,
            standing="agreed",
            baseline=base("Sent", "Sent"),
        )
    )
    assert written(plan) == {HUBSPOT: {"status": "Responded"}}
    assert plan.conflicts == ()


def test_of_two_edits_that_of_salesforce_wins_and_the_other_is_kept() -> None:
    """Nobody knows when a tie was edited."""
    plan = meet(
        meeting(
            {"status": "Invited"},
            {"Status": "Responded"},
            relation=STATUS,
            standing="agreed",
            baseline=base("Sent", "Sent"),
        )
    )
    assert written(plan) == {HUBSPOT: {"status": "Responded"}}
    [conflict] = plan.conflicts
    assert (conflict.hubspot, conflict.winner) == ("Invited", "salesforce")


def test_fields_that_differ_at_the_first_meeting_overwrite_nobody() -> None:
    """As with records: an open difference."""
    plan = meet(meeting({"status": "Sent"}, {"Status": "Responded"}, relation=STATUS))
    assert not plan.acts
    assert [one.open for one in plan.conflicts] == [True]


def test_a_value_that_the_other_side_does_not_know_parks_its_line() -> None:
    """The tie is made without it; the advice names what is known there."""
    allowed: dict[System, dict[str, Values]] = {
        SALESFORCE: {"Status": {"Sent": "Sent", "Responded": "Responded"}}
    }
    plan = meet(meeting({"status": "Maybe"}, relation=STATUS, allowed=allowed))
    assert plan.make is SALESFORCE
    assert written(plan) == {}
    [parked] = plan.parked
    assert (parked.line, parked.cause, parked.to) == ("status", "unknown_option", SALESFORCE)
    assert "Responded" in parked.advice
    again = meet(
        meeting(
            {"status": "Maybe"},
            {"Status": "Sent"},
            relation=STATUS,
            standing="agreed",
            allowed=allowed,
        )
    )
    assert not again.acts
    assert again.conflicts == ()
    assert [one.line for one in again.parked] == ["status"]


def test_a_line_stays_parked_for_the_same_values_only() -> None:
    """Once Salesforce knows the value, or HubSpot has another one, it travels."""
    known: dict[System, dict[str, Values]] = {SALESFORCE: {"Status": {"Sent": "Sent"}}}
    first = meeting(
        {"status": "Maybe"}, {"Status": None}, relation=STATUS, standing="agreed", allowed=known
    )
    [parked] = meet(first).parked
    marks = {"status": parked.fingerprint}
    still = meet(
        meeting(
            {"status": "Maybe"},
            {"Status": None},
            relation=STATUS,
            standing="agreed",
            allowed=known,
            parked=marks,
        )
    )
    assert (still.parked, still.still_parked) == ((), ("status",))
    edited = meeting(
        {"status": "Sent"},
        {"Status": None},
        relation=STATUS,
        standing="agreed",
        allowed=known,
        parked=marks,
    )
    assert written(meet(edited)) == {SALESFORCE: {"Status": "Sent"}}


# Any history -------------------------------------------------------------------------------------


@dataclass
class World:
    """One tie on two sides, and what was agreed about it."""

    relation: Relation
    sides: dict[System, dict[str, str | None] | None] = field(
        default_factory=lambda: dict.fromkeys(System)
    )
    standing: Standing | None = None
    side: System | None = None
    baseline: dict[str, LineBaseline] = field(default_factory=dict)

    def plan(self) -> TiePlan:
        return meet(
            meeting(
                self.sides[HUBSPOT],
                self.sides[SALESFORCE],
                relation=self.relation,
                standing=self.standing,
                side=self.side,
                baseline=self.baseline,
            )
        )

    def run(self, *, lost: bool = False) -> TiePlan:
        """One look. With `lost` what is written lands, and nobody hears of it."""
        plan = self.plan()
        if plan.end is not None:
            self.standing, self.side = "ending", plan.end
            self.sides[plan.end] = None
        for side, changes in plan.changes.items():
            there = self.sides[side] if self.sides[side] is not None else {}
            assert there is not None
            there |= {c.api_name: None if c.after is None else str(c.after) for c in changes}
            self.sides[side] = there
        if plan.make is not None and self.sides[plan.make] is None:
            self.sides[plan.make] = {}
        if lost and plan.acts:
            return plan
        landed = frozenset(side for side in System if plan.action(side))
        self.baseline = plan.baseline_after({} if plan.make is not None else self.baseline, landed)
        self.standing, self.side = plan.standing, plan.side
        if plan.over or plan.end is not None:
            self.standing, self.side, self.baseline = None, None, {}
        return plan

    @property
    def held(self) -> tuple[bool, bool]:
        return self.sides[HUBSPOT] is not None, self.sides[SALESFORCE] is not None

    def person(self, side: System, deed: str) -> None:
        """A person makes, ends or edits the tie on one side."""
        name = "status" if side is HUBSPOT else "Status"
        if deed == "make" and self.sides[side] is None:
            self.sides[side] = {}
        elif deed == "end":
            self.sides[side] = None
        elif self.sides[side] is not None and deed not in {"make", "end"}:
            there = self.sides[side]
            assert there is not None
            there[name] = deed


deeds = st.tuples(st.sampled_from([*System]), st.sampled_from(["make", "end", "Sent", "Responded"]))
rounds = st.lists(st.tuples(st.lists(deeds, max_size=4), st.booleans()), max_size=8)
worded = st.sampled_from(
    [
        members(status_line()),
        members(status_line(both_changed="hubspot")),
        KEEPING,
        ONE_WAY,
        members(status_line(), direction=Direction.TO_HUBSPOT),
        members(ended=dict.fromkeys(System, "keep")),
    ]
)


@settings(max_examples=300, deadline=None)
@given(worded, rounds)
def test_any_history_converges_and_the_second_plan_is_empty(
    relation: Relation, history: list[tuple[list[tuple[System, str]], bool]]
) -> None:
    """Whatever people do on both sides, and whichever answers are lost."""
    world = World(relation)
    for people, lost in history:
        for side, deed in people:
            world.person(side, deed)
        world.run(lost=lost)
    world.run()
    world.run()
    assert not world.plan().acts


@settings(max_examples=300, deadline=None)
@given(rounds)
def test_nothing_that_was_ended_comes_back_and_nothing_that_was_made_is_lost(
    history: list[tuple[list[tuple[System, str]], bool]],
) -> None:
    """Both ways: what was agreed stands as long as both sides hold it, anything else once one does."""
    world = World(members(status_line()))
    for people, _ in history:
        agreed = world.held == (True, True)
        for side, deed in people:
            world.person(side, deed)
        expected = all(world.held) if agreed else any(world.held)
        world.run()
        assert world.held == (expected, expected)


@settings(max_examples=200, deadline=None)
@given(rounds)
def test_what_is_kept_where_it_was_not_ended_is_never_made_there_again(
    history: list[tuple[list[tuple[System, str]], bool]],
) -> None:
    """It stays on its side until somebody ends it there, and the other side stays without it."""
    world = World(KEEPING)
    for people, _ in history:
        before = world.held
        kept = world.standing == "kept"
        for side, deed in people:
            world.person(side, deed)
        after = world.held
        world.run()
        if kept and before == after == (True, False):
            assert world.held == (True, False)
        if kept and after == (False, False):
            assert world.held == (False, False)
