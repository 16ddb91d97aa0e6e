"""`projection: high_water`: a lifecycle stage in HubSpot never moves back, and the pair comes to rest."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import Value
from mappings.projection import DEFAULT_ORDER
from mappings.schema import Fault, Line, ObjectLines
from sync.reconcile import PairPlan, Question, reconcile
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    back,
    faults_of,
    line,
    lines,
    live,
    options,
    text,
    write,
)

ORDER = ("lead", "11", "customer", "22", "other")
STAGE = text("lifecyclestage", kind="picklist", options=options(*ORDER))
WORLD = live(hubspot=(STAGE,), salesforce=(text("Stage__c"),))
STAGES = st.sampled_from([None, *ORDER])


def stage_lines(*written: str) -> list[Line]:
    with TemporaryDirectory() as folder:
        return [line(Path(folder), one, WORLD) for one in written]


HIGH_WATER = stage_lines(
    "lifecyclestage <-> Stage__c: {projection: high_water}",
    "lifecyclestage <- Stage__c: {projection: high_water}",
    "lifecyclestage <-> Stage__c: {projection: high_water, both_changed: salesforce}",
    "lifecyclestage <-> Stage__c: {projection: high_water, first_pairing: salesforce}",
    "lifecyclestage <-> Stage__c: {projection: high_water, when_blank: keep}",
)


def rank(stage: Value) -> int:
    return -1 if stage is None else ORDER.index(str(stage))


class World:
    """One pair, its baseline, and what plans have written."""

    def __init__(self, made: Line, left: Value, right: Value) -> None:
        self.line = made
        self.held: dict[str, Value] = {"lifecyclestage": left, "Stage__c": right}
        self.plan = PairPlan()
        self.baseline = dict(self.plan.agreed)

    def decide(self) -> PairPlan:
        self.plan = reconcile(
            Question(
                lines=ObjectLines(salesforce_object="Contact", lines=(self.line,), consent=()),
                baseline=self.baseline,
                hubspot={"lifecyclestage": self.held["lifecyclestage"]},
                salesforce={"Stage__c": self.held["Stage__c"]},
                context=CONTEXT,
                times={},
            )
        )
        return self.plan

    def settle(self) -> None:
        """Decide, let everything land, and note what was agreed."""
        plan = self.decide()
        self.baseline |= plan.agreed
        for written in plan.writes:
            self.baseline[written.line.id] = written.meant
        for changes in plan.changes.values():
            for change in changes:
                self.held[change.api_name] = change.after


@given(st.sampled_from(HIGH_WATER), STAGES, STAGES, st.lists(st.tuples(st.booleans(), STAGES)))
@settings(max_examples=300, deadline=None)
def test_a_stage_never_moves_back_and_every_second_plan_is_empty(
    made: Line, left: Value, right: Value, edits: list[tuple[bool, Value]]
) -> None:
    """Whatever people do on either side, we only ever move HubSpot forward, and then rest."""
    pair = World(made, left, right)
    for in_hubspot, stage in [(True, left), *edits]:
        pair.held["lifecyclestage" if in_hubspot else "Stage__c"] = stage
        before = pair.held["lifecyclestage"]
        pair.settle()
        assert rank(pair.held["lifecyclestage"]) >= rank(before)
        assert pair.decide().empty
        assert pair.decide().waiting == ()


def test_what_would_move_a_stage_back_is_no_open_difference() -> None:
    """At the first meeting HubSpot is ahead: nothing is written and nothing is listed."""
    pair = World(HIGH_WATER[0], "customer", "lead")
    plan = pair.decide()
    assert (plan.empty, plan.conflicts) == (True, ())
    behind = World(HIGH_WATER[0], "lead", "customer").decide()
    assert [conflict.open for conflict in behind.conflicts] == [True]


def test_the_further_stage_wins_when_both_changed() -> None:
    """Salesforce's edit cannot move HubSpot back, so HubSpot's edit goes over instead of both resting."""
    pair = World(HIGH_WATER[2], "lead", "lead")
    pair.settle()
    pair.held |= {"lifecyclestage": "22", "Stage__c": "11"}
    pair.settle()
    assert pair.held == {"lifecyclestage": "22", "Stage__c": "22"}
    (conflict,) = pair.plan.conflicts
    assert (conflict.salesforce, conflict.winner) == ("11", "hubspot")


def test_the_order_is_the_portals_own(tmp_path: Path) -> None:
    """Custom stages count where people put them; without a portal the usual order holds."""
    made = line(tmp_path, "lifecyclestage <-> Stage__c: {projection: high_water}", WORLD)
    assert made.hubspot.admits is not None
    assert made.hubspot.admits("customer", "22")
    assert not made.hubspot.admits("22", "customer")
    assert not made.hubspot.admits("brand new", "other")
    offline = line(tmp_path, "lifecyclestage <-> Title: {projection: high_water}")
    assert offline.hubspot.admits is not None
    assert all(offline.hubspot.admits(one, two) for one, two in pairwise(DEFAULT_ORDER))


def test_a_stage_that_hubspot_does_not_have_is_parked(tmp_path: Path) -> None:
    """Nobody can say whether it would move the stage forward."""
    made = line(tmp_path, "lifecyclestage <-> Stage__c: {projection: high_water}", WORLD)
    parked = back(made, "Hot")
    assert isinstance(parked, Fault)
    assert parked.cause == "unknown_option"


def test_strict_lets_a_stage_move_back(tmp_path: Path) -> None:
    """The connector clears and sets it; the line carries it like any other value."""
    made = line(tmp_path, "lifecyclestage <-> Stage__c: {projection: strict}", WORLD)
    pair = World(made, "customer", "customer")
    pair.settle()
    pair.held["Stage__c"] = "lead"
    pair.settle()
    assert pair.held["lifecyclestage"] == "lead"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("jobtitle <-> Title: {projection: high_water}", "projection_elsewhere"),
        ("lifecyclestage <-> Title: {projection: highwater}", "not_allowed"),
    ],
)
def test_projection_is_about_lifecycle_stages_only(tmp_path: Path, written: str, code: str) -> None:
    """Other fields have no order that HubSpot keeps to."""
    write(tmp_path, lines(written))
    assert code in {fault.code for fault in faults_of(tmp_path)}


def test_another_order_is_another_line(tmp_path: Path) -> None:
    """When people move a stage, the line means something else and its baseline is void."""
    written = "lifecyclestage <-> Stage__c: {projection: high_water}"
    turned = text("lifecyclestage", kind="picklist", options=options(*reversed(ORDER)))
    other = live(hubspot=(turned,), salesforce=(text("Stage__c"),))
    assert line(tmp_path, written, WORLD).hash != line(tmp_path, written, other).hash


def test_both_sides_are_named_as_everywhere() -> None:
    """Only HubSpot's end holds back."""
    assert all(made.side(SALESFORCE).admits is None for made in HIGH_WATER)
    assert all(made.side(HUBSPOT).admits is not None for made in HIGH_WATER)
