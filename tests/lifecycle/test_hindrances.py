"""What holds somebody where they stand: all of it, in the words of the definition, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest

from connector.port import Value
from intent import load as interest
from lifecycle.hindrances import Condition, Found, Holding, holding
from lifecycle.machine import decide
from lifecycle.model import Evidence, Refusal, Role, Stage, Standing
from lifecycle.qualify import kinds_of
from lifecycle.refusals import refusal_said
from lifecycle.situation import Situation
from tests.lifecycle.builders import (
    ANN,
    ANN_SELLS,
    DAY,
    NOW,
    PRESETS,
    around,
    definition,
    gate,
    request,
    shipped,
    standing,
)

KINDS = kinds_of(shipped(), interest.load_definition(interest.SHIPPED))
TODAY = date(2026, 11, 24)
NOTHING: dict[str, Value] = {
    "fit": 52,
    "intent": 10,
    "gate.core_known": 0,
    "consent.email": "opted_out",
}


def held(
    stood: Standing, situation: Situation, facts: dict[str, Value] | None = None
) -> Holding | None:
    return holding(shipped(), stood, situation, facts or NOTHING, KINDS, TODAY)


def codes(found: Holding | None) -> list[str]:
    assert found is not None
    return [one.code for one in found.by]


def test_each_rule_says_which_of_its_conditions_lack_and_what_is_known() -> None:
    """What holds of a rule is not told; what nobody knows is blank."""
    found = held(standing(Stage.LEAD), around(rules=()))
    assert found is not None
    assert (found.to, codes(found)) == (Stage.MQL, ["not_qualified"])
    rules = {one.rule: one.conditions for one in found.rules}
    assert rules["hand_raise"] == (Condition("hard_event is filled", (("hard_event", None),)),)
    assert rules["score"] == (
        Condition("intent >= 25", (("intent", 10),)),
        Condition("gate.core_known >= 2", (("gate.core_known", 0),)),
    )
    assert list(rules) == [one.id for one in shipped().mql_any]


def test_every_guard_that_does_not_hold_is_told_not_only_the_first() -> None:
    """Consent, an exclusion and the gate at once."""
    lacking = around(
        consent=False, exclusions=("opted_out",), evidence=Evidence(), gate=gate("timeframe")
    )
    found = held(standing(Stage.LEAD), lacking, {**NOTHING, "consent.profiling": "objected"})
    assert codes(found) == ["no_consent", "excluded", "gate"]
    assert found is not None
    assert found.consent == ("profiling",)
    assert [one.rule for one in found.excluded] == ["opted_out"]
    assert ("consent.email", "opted_out") in found.excluded[0].conditions[0].known
    assert found.rules == ()


def test_who_rests_is_told_until_when() -> None:
    """As the machine would say it."""
    back = standing(Stage.RECYCLED)
    found = held(back, around(NOW + DAY, rules=()))
    assert codes(found) == ["cooling_off"]
    assert found is not None
    assert back.cool_until is not None
    assert found.by[0].words["until"] == back.cool_until.isoformat()


def test_whoever_is_known_is_told_of_both_steps_at_once() -> None:
    """No company, and no rule: the first alone would not make a lead of sales of them."""
    found = held(Standing(subject=ANN), around(contactable=False, rules=()))
    assert codes(found) == ["no_evidence", "not_qualified"]
    assert found is not None
    assert found.to is Stage.MQL


def test_nothing_but_a_person_may_be_what_is_waited_for() -> None:
    """A seller accepts or does not; where a rule has the step, it follows."""
    assert held(standing(Stage.MQL), around()) == Holding(Stage.SAL, is_theirs=True)
    assert held(standing(Stage.LEAD), around()) == Holding(Stage.MQL)
    assert codes(held(standing(Stage.SAL), around(talked_at=None))) == ["no_evidence"]


def test_from_where_nobody_goes_nothing_holds() -> None:
    """Whoever was erased."""
    assert held(standing(Stage.ERASED), around()) is None


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_told_is_what_the_machine_decides(preset: object) -> None:
    """From every stage, with much or little known: something holds them if and only if it refuses."""
    shared = definition(preset)  # type: ignore[arg-type]  # one of the two
    much, little = around(), around(
        consent=False, exclusions=("employee",), rules=(), customer_rules=(), evidence=Evidence(),
        gate=gate(), talked_at=None, opportunity=None, has_contact_role=False, corrected=False,
    )  # fmt: skip
    later = around(NOW + timedelta(days=400))
    stages = [one for one in Stage if one not in (Stage.KNOWN, Stage.ERASED)]
    for stage, situation in product(stages, (much, little, later)):
        stood = standing(stage)
        found = holding(shared, stood, situation, NOTHING, KINDS, TODAY)
        assert found is not None
        role = Role.SALES if found.is_theirs else Role.RULE
        if stage is Stage.MQL and preset == "jp_is_fs":
            role = Role.INSIDE_SALES
        asked = request(found.to, role, at=situation.now, handed_to=ANN_SELLS)
        decision = decide(stood, asked, situation, shared)
        first = decision.code if isinstance(decision, Refusal) else None
        assert (found.by[0].code if found.by else None) == first, (stage, found)
        for one in found.by:
            assert "{" not in refusal_said(one, shared, "ja")


def test_found_says_nothing_of_a_rule_that_lacks_nothing() -> None:
    """Where a rule holds, no rule is told of."""
    found = held(standing(Stage.CUSTOMER), around(customer_rules=()), NOTHING)
    assert found is not None
    assert [one.rule for one in found.rules] == ["more"]
    assert isinstance(found.rules[0], Found)
