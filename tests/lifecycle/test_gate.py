"""What has to be known before a hand-over: known, asked in vain, never asked; and never what was guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.definition import Gate
from lifecycle.gate import WORTH, Step, answer, core_known, lacking, questions, weigh
from lifecycle.model import Answer, Evidence, GateState
from tests.lifecycle.builders import CORE, gate, shipped

SOME = settings(max_examples=60, deadline=None)
GATE = shipped().gate
KEYS = tuple(one.key for one in GATE.questions)
STATES: tuple[GateState, ...] = ("known", "asked_unknown", "not_asked")
NOTHING = Evidence()
answers = st.dictionaries(
    st.sampled_from(KEYS),
    st.builds(Answer, st.sampled_from(STATES), st.none(), st.sampled_from(["form", "inference"])),
)


@pytest.mark.parametrize(
    ("key", "value", "topic", "state"),
    [
        ("need_problem", "quotes take us two weeks", None, "known"),
        ("need_problem", "見積に二週間もかかる", None, "known"),
        ("need_problem", "見積が遅い", None, "not_asked"),
        ("need_problem", "見積が遅い", "pricing", "known"),
        ("need_problem", None, "pricing", "known"),
        ("timeframe", "undecided", None, "known"),
        ("timeframe", " ", None, "not_asked"),
        ("decision_maker", "CFO", None, "known"),
        ("authority", "none", None, "known"),
        ("budget", "none", None, "known"),
        ("budget", "unknown_asked", None, "asked_unknown"),
        ("budget", None, None, "not_asked"),
    ],
)
def test_what_counts_as_known(
    key: str, value: str | None, topic: str | None, state: GateState
) -> None:
    """That nobody has decided yet is knowledge; a word or two tell no problem."""
    assert answer(key, value, "form", topic=topic).state == state
    if state == "not_asked":
        assert answer(key, value, "call", was_asked=True).state == "asked_unknown"


@pytest.mark.parametrize("key", KEYS)
def test_what_was_only_inferred_is_not_known(key: str) -> None:
    """It stays with the answer for showing, and counts for nothing, whoever writes it down as known."""
    guessed = answer(key, "somebody important", "inference", topic="pricing")
    assert (guessed.state, guessed.value) == ("not_asked", "somebody important")
    found = weigh(GATE, {key: Answer("known", "a director, probably", "inference")})
    assert (found.known, found.completeness) == ((), 0.0)


def test_completeness_is_the_weighted_share() -> None:
    """Need 3, time 2, decision maker 2, authority 1, budget 1; asked in vain is half."""
    given_answers = {
        "need_problem": Answer("known"),
        "timeframe": Answer("asked_unknown"),
        "budget": Answer("known"),
        "next_step": Answer("known"),
    }
    found = weigh(GATE, given_answers)
    assert found.completeness == pytest.approx((3 + 1 + 1) / 9)
    assert (found.known, found.asked) == (("need_problem", "budget", "next_step"), ("timeframe",))
    assert found.missing == ("decision_maker", "authority", "current_solution")
    assert weigh(Gate(), {}).completeness == 1.0


@SOME
@given(known=answers, key=st.sampled_from(KEYS))
def test_more_knowledge_never_lowers_anything(known: dict[str, Answer], key: str) -> None:
    """Neither the share nor what is passed; and the share stays between nothing and all."""
    before, after = weigh(GATE, known), weigh(GATE, {**known, key: Answer("known")})
    assert 0 <= before.completeness <= after.completeness <= 1 + 1e-9
    for step in ("mql", "sql", "opportunity"):
        missing, left = _lacking(step, known), _lacking(step, {**known, key: Answer("known")})
        assert left == () or set(left) <= set(missing) - {key}
    assert sorted((*before.known, *before.asked, *before.missing)) == sorted(KEYS)


def _lacking(step: Step, known: dict[str, Answer]) -> tuple[str, ...]:
    return lacking(GATE, weigh(GATE, known), step, NOTHING)


def test_a_lead_by_score_needs_two_of_three_or_evidence() -> None:
    """Two items on two days make a sentence; what is missing is named."""
    none, one = gate(), gate("timeframe", "budget", "authority")
    assert lacking(GATE, none, "mql", NOTHING) == CORE
    assert lacking(GATE, one, "mql", NOTHING) == ("need_problem", "decision_maker")
    assert lacking(GATE, gate(*CORE[1:]), "mql", NOTHING) == ()
    assert lacking(GATE, none, "mql", Evidence(items=2, days=2)) == ()
    for thin in (Evidence(items=9, days=1), Evidence(items=1, days=2)):
        assert lacking(GATE, none, "mql", thin) == CORE


def test_a_raised_hand_passes_and_still_informs() -> None:
    """Nobody who asks for a demo waits for a question; the questions stay open."""
    assert lacking(GATE, gate(), "mql", NOTHING, hand_raise=True) == ()
    assert [one.key for one in questions(GATE, gate())][:3] == list(CORE)


def test_an_sql_needs_the_problem_the_next_step_and_two_more() -> None:
    """An opportunity the three that decide."""
    assert (
        lacking(GATE, gate("need_problem", "next_step", "budget", "timeframe"), "sql", NOTHING)
        == ()
    )
    few = lacking(GATE, gate("next_step", "budget"), "sql", NOTHING)
    assert few == ("need_problem", "timeframe", "decision_maker", "authority")
    assert lacking(GATE, gate("need_problem", "budget", "timeframe"), "sql", NOTHING) == (
        "next_step",
    )
    assert lacking(GATE, gate(*CORE), "opportunity", NOTHING) == ()
    assert lacking(GATE, gate("budget", "timeframe"), "opportunity", NOTHING) == (
        "need_problem",
        "decision_maker",
    )


def test_a_gate_with_few_questions_asks_for_no_more_than_it_has() -> None:
    """A company that only asks for the problem is not held for ever."""
    small = replace(GATE, questions=GATE.questions[:1])
    assert lacking(small, weigh(small, {"need_problem": Answer("known")}), "mql", NOTHING) == ()
    assert lacking(small, weigh(small, {}), "mql", NOTHING) == ("need_problem",)
    assert lacking(Gate(questions=()), weigh(small, {}), "mql", NOTHING) == ()


def test_marketing_is_told_what_is_still_to_be_asked() -> None:
    """The weightiest first; what was asked in vain is asked again."""
    known = {"need_problem": Answer("known"), "timeframe": Answer("asked_unknown")}
    found = weigh(GATE, known)
    assert [one.key for one in questions(GATE, found)] == [
        "timeframe",
        "decision_maker",
        "authority",
        "budget",
        "current_solution",
        "next_step",
    ]
    assert core_known(GATE, found) == 1
    assert set(WORTH) == set(STATES)
