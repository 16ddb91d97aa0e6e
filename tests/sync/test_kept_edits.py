"""`edits: keep`: a value of ours is written when it changes, and what people enter stands until then."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.memory_store import Normalise
from connector.port import System, Value
from mappings.schema import Line, ObjectLines, Pending, Side
from mappings.sides import never, nothing
from sync.aftermath import Landing, landing
from sync.findings import write_mark
from sync.model import Baseline, LineBaseline
from sync.reconcile import PairPlan, Question, reconcile
from tests.mappings.builders import (
    CONTEXT,
    back,
    compiled,
    faults_of,
    lines,
    live,
    options,
    text,
    there,
)
from tests.mappings.builders import line as compiled_line
from tests.mappings.builders import write as write_file
from tests.sync.bridge import sqlite_url
from tests.sync.builders import line, object_lines
from tests.sync.cards import Knowing, scored

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ANN = "ann@example.com"
STATUS = "kakehashi.lifecycle.lead_status"
STATUSES = st.sampled_from([None, "NEW", "OPEN", "IN_PROGRESS"])


def status_line(written: str) -> Line:
    with TemporaryDirectory() as folder:
        return compiled_line(Path(folder), written, LIVE, "Lead")


CLOSED = text("Status", kind="picklist", options=options("Open", "Working"), closed=True)
NEEDED = text("Needed", required=True)
LIVE = live(hubspot=(text("hs_lead_status"), text("lifecyclestage")), salesforce=(CLOSED, NEEDED))
PLAIN = status_line("{from: kakehashi.lifecycle.lead_status, hubspot: hs_lead_status, edits: keep}")


@dataclass
class World:
    """One field, what we say of it once we say anything, and what plans have written there.

    `cuts`: the system stores less of it.
    """

    held: Value = None
    ours: Value = None
    is_told: bool = False
    cuts: int | None = None
    baseline: Baseline = field(default_factory=dict)

    def decide(self) -> PairPlan:
        told = {STATUS: self.ours} if self.is_told else {}
        return reconcile(
            Question(
                lines=ObjectLines(salesforce_object="Lead", lines=(PLAIN,), consent=()),
                baseline=self.baseline,
                hubspot={"hs_lead_status": self.held, **told},
                salesforce={},
                context=CONTEXT,
            )
        )

    def settle(self) -> int:
        """Decide and let everything land; answers how many writes that took."""
        plan = self.decide()
        self.baseline = {**self.baseline, **plan.agreed}
        for written in plan.writes:
            assert not isinstance(written.cell, tuple | Pending)
            self.held = _stored(written.cell, self.cuts)
            side = PLAIN.side(written.to)
            assert landing(side, written.cell, written.before, self.held, "us") is Landing.STORED
            self.baseline = {**self.baseline, PLAIN.id: written.meant}
        return len(plan.writes)


@given(
    STATUSES,
    st.lists(st.tuples(st.booleans(), STATUSES), max_size=12),
    st.sampled_from([None, 3]),
)
@settings(max_examples=150, deadline=None)
def test_what_stands_is_the_later_of_our_change_and_theirs(
    stood: Value, changes: list[tuple[bool, Value]], cuts: int | None
) -> None:
    """Each of our changes is written once at most, a blank of ours takes back only what is ours still, and
    nothing is ever left to do: also where the system stores less than it was told.
    """
    standing = _stored(stood, cuts)
    world = World(held=standing, cuts=cuts)
    world.settle()
    for is_ours, value in changes:
        said, has_spoken = world.ours, world.is_told
        if not is_ours:
            world.held = standing = _stored(value, cuts)
        elif value is None and has_spoken:
            standing = None if standing == _stored(said, cuts) else standing
        elif value is not None and (standing is None or (has_spoken and value != said)):
            standing = _stored(value, cuts) if value != said else standing
        if is_ours:
            world.ours, world.is_told = value, True
        assert world.settle() <= 1
        assert world.held == standing
        assert world.decide().empty
        assert world.settle() == 0


def _stored(value: Value, cuts: int | None) -> Value:
    return value if value is None or cuts is None else str(value)[:cuts]


def test_two_changes_of_ours_that_nobody_looked_between_are_one() -> None:
    """What we said last is compared, not how often we changed our mind."""
    world = World(ours="NEW", is_told=True)
    world.settle()
    world.held = "OPEN_DEAL"
    world.ours = "OPEN"
    world.ours = "NEW"
    assert world.settle() == 0
    assert world.held == "OPEN_DEAL"


def one_sided(system: System, **more: object) -> Line:
    """A line that writes the score to one side, and keeps what people enter there."""
    made = replace(line("score"), ledger_value="intent.score", edits="keep", **more)  # type: ignore[arg-type]  # its own fields
    other = system.other.value
    bare = Side(fields=(), read=nothing, normal=made.side(system).normal, carry=never)
    return replace(made, **{other: bare})  # type: ignore[arg-type]  # one of its two ends


def keeping(folder: Path, system: System) -> tuple[Knowing, str, str]:
    """A bridge whose systems cut what they are told, over Ann, in line on both sides."""
    made = scored()
    kept = {
        name: object_lines(line("email"), line("first"), one_sided(system)) for name in made.objects
    }
    cut: dict[System, dict[str, Normalise]] = {
        one: {"score": lambda value: _stored(value, 3)} for one in System
    }
    knowing = Knowing(sqlite_url(folder), mapping=replace(made, objects=kept), normalise=cut)
    left = knowing.hubspot.seed("contacts", {"email": ANN})
    right = knowing.salesforce.seed("Lead", {"email": ANN})
    knowing.resync()
    return knowing, left, right


@pytest.mark.parametrize("system", list(System))
def test_an_edit_stands_until_our_value_changes_and_no_echo_writes_again(
    tmp_path: Path, system: System
) -> None:
    """On either side, although each stores less than it was told."""
    knowing, left, right = keeping(tmp_path, system)

    def held() -> object:
        if system is HUBSPOT:
            return knowing.hubspot.records("contacts")[left].get("score")
        return knowing.salesforce.records("Lead")[right].get("score")

    def people_enter(value: str) -> None:
        if system is HUBSPOT:
            knowing.hubspot.edit("contacts", left, {"score": value})
        else:
            knowing.salesforce.edit("Lead", right, {"score": value})
        knowing.resync()

    knowing.cards.tell(ANN, 71111)
    knowing.resync()
    assert (held(), knowing.planned()) == ("711", [])
    people_enter("9")
    assert (held(), knowing.planned()) == ("9", [])
    knowing.cards.tell(ANN, 72222)
    knowing.resync()
    assert (held(), knowing.planned()) == ("722", [])
    assert knowing.ledger.parked_list() == []


def test_what_stood_there_before_we_said_anything_stays_at_birth_too(tmp_path: Path) -> None:
    """Somebody who is known in one system alone gets a record in the other, and keeps their own status."""
    knowing, _, _ = keeping(tmp_path, HUBSPOT)
    bob = knowing.hubspot.seed("contacts", {"email": "bob@example.com", "score": "9"})
    knowing.cards.tell("bob@example.com", 80)
    knowing.resync()
    knowing.resync()
    assert knowing.hubspot.records("contacts")[bob]["score"] == "9"
    assert knowing.planned() == []
    knowing.cards.tell("bob@example.com", 90)
    knowing.resync()
    assert str(knowing.hubspot.records("contacts")[bob]["score"])[:2] == "90"


@pytest.mark.parametrize("option", ["edits: keep", "values: {NEW: New}"])
def test_what_is_about_one_side_stands_in_a_line_of_its_own(tmp_path: Path, option: str) -> None:
    """People keep one side's edit and not the other's, and each system has its own choices."""
    write_file(
        tmp_path,
        lines(f"{{from: {STATUS}, hubspot: hs_lead_status, salesforce: Status, {option}}}"),
    )
    (fault,) = faults_of(tmp_path, LIVE)
    assert (fault.code, fault.found) == ("needs_one_end", option.partition(":")[0])
    assert "別の行" in fault.message("ja")


def test_our_value_stands_left_in_values_and_several_may_mean_one_choice() -> None:
    """On the side of HubSpot just as on that of Salesforce; what is in no pair is parked."""
    pairs = "values: {NEW: Open, OPEN: Open, CONNECTED: Working}"
    to_hubspot = status_line(f"{{from: {STATUS}, hubspot: hs_lead_status, {pairs}}}")
    to_salesforce = status_line(f"{{from: {STATUS}, salesforce: Lead.Status, {pairs}}}")
    assert [back(to_hubspot, one) for one in ("NEW", "OPEN", "CONNECTED")] == [
        *("Open", "Open", "Working")
    ]
    assert there(to_salesforce, "OPEN") == "Open"
    assert "unknown_option" in repr(there(to_salesforce, "BAD_TIMING"))


def test_a_choice_that_the_side_does_not_have_is_a_fault_of_the_file(tmp_path: Path) -> None:
    """On the right, with what there is."""
    write_file(
        tmp_path, lines(f"{{from: {STATUS}, salesforce: Lead.Status, values: {{NEW: Opem}}}}")
    )
    (fault,) = faults_of(tmp_path, LIVE)
    assert (fault.code, fault.found, fault.nearest) == ("unknown_option", "Opem", "Open")


@pytest.mark.parametrize(
    ("written", "held", "writes"),
    [
        ("{from: %s, salesforce: Lead.Needed}", "OPEN", 0),
        ("{from: %s, salesforce: Lead.Title, when_blank: keep}", "OPEN", 0),
        ("{from: %s, salesforce: Lead.Title}", "OPEN", 1),
    ],
)
def test_a_value_that_is_gone_blanks_no_field_that_is_to_stay(
    written: str, held: str, writes: int
) -> None:
    """Where the field may not be blank, or the line says so."""
    made = status_line(written % STATUS)
    name = made.salesforce.fields[0]
    plan = reconcile(
        Question(
            lines=ObjectLines(salesforce_object="Lead", lines=(made,), consent=()),
            baseline={},
            hubspot={STATUS: None},
            salesforce={name: held},
            context=CONTEXT,
        )
    )
    assert len(plan.writes) == writes


def test_choices_that_a_portal_has_taken_out_are_told_before_the_first_record(
    tmp_path: Path,
) -> None:
    """Their values would be parked; the line says no other ones."""
    left = text("hs_lead_status", kind="picklist", options=options("NEW", "OPEN"), closed=True)
    written = lines(f"{{from: {STATUS}, hubspot: hs_lead_status, edits: keep}}")
    (warning, *_) = compiled(tmp_path, written, live(hubspot=(left,))).warnings
    assert warning.code == "choices_will_park"
    assert "IN_PROGRESS" in warning.found


@pytest.mark.parametrize("edits", ["restore", "keep"])
def test_a_line_parked_for_one_value_of_ours_is_free_for_the_next(edits: str) -> None:
    """Neither what a choice that is not there parked nor what was refused holds up what we say later."""
    pairs = "values: {OPEN: Open, CONNECTED: Working}"
    made = status_line(f"{{from: {STATUS}, salesforce: Lead.Status, edits: {edits}, {pairs}}}")

    def planned(ours: Value, parked: dict[str, str]) -> PairPlan:
        return reconcile(
            Question(
                lines=ObjectLines(salesforce_object="Lead", lines=(made,), consent=()),
                baseline={},
                hubspot={STATUS: ours},
                salesforce={"Status": None},
                context=CONTEXT,
                parked=parked,
            )
        )

    (unknown,) = planned("BAD_TIMING", {}).parked
    assert [one.cell for one in planned("OPEN", {made.id: unknown.fingerprint}).writes] == ["Open"]
    (refused,) = planned("OPEN", {}).writes
    parked = {made.id: write_mark(refused)}
    assert planned("OPEN", parked).still_parked == (made.id,)
    assert [one.cell for one in planned("CONNECTED", parked).writes] == ["Working"]


RISING = status_line(
    "{from: kakehashi.lifecycle.native_stage, hubspot: lifecyclestage, edits: keep,"
    " projection: high_water}"
)


@pytest.mark.parametrize(
    ("said", "held", "comes"),
    [
        (None, "lead", "customer"),  # the first that we say of somebody whom HubSpot knows
        (None, "evangelist", None),
        (None, "4711", None),  # a stage of the portal's own that nobody told us of
        ("customer", "lead", None),  # people took it back: theirs, until somebody comes further
        ("customer", None, None),
        ("lead", "subscriber", "customer"),
    ],
)
def test_a_stage_rises_at_once_and_stays_where_people_put_it(
    said: Value, held: Value, comes: Value
) -> None:
    """Customer is what we say. What would move HubSpot back is neither written nor parked."""
    agreed = {} if said is None else {RISING.id: LineBaseline(RISING.hash, said, None)}
    plan = reconcile(
        Question(
            lines=ObjectLines(salesforce_object="Lead", lines=(RISING,), consent=()),
            baseline=agreed,
            hubspot={"lifecyclestage": held, "kakehashi.lifecycle.native_stage": "customer"},
            salesforce={},
            context=CONTEXT,
        )
    )
    assert [one.cell for one in plan.writes] == ([] if comes is None else [comes])
    assert plan.parked == ()
    assert comes or plan.agreed[RISING.id].hubspot == "customer"
