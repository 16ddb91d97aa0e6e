"""What two definitions say differently, in words: nothing is missed, nothing said that did not change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intent import load as interest_file
from lifecycle.definition import Definition, Gate, Question, Rule
from lifecycle.difference import difference, texts, told
from lifecycle.load import Whole
from tests.lifecycle.builders import shipped

INTEREST = interest_file.load_definition(interest_file.SHIPPED)


def words(old: Definition, new: Definition, language: str = "en") -> list[str]:
    found = difference(Whole(old, INTEREST), Whole(new, INTEREST))
    return [one.words("ja" if language == "ja" else "en") for one in found]


def test_rules_that_came_went_and_changed_are_told() -> None:
    """With what they said and say, in both languages."""
    first, second, *rest = shipped().mql_any
    new = replace(
        shipped(), mql_any=(Rule("score", "fit >= 20"), *rest, Rule("deep", "intent > 90"))
    )
    assert words(replace(shipped(), mql_any=(first, second, *rest)), new) == [
        "gone: rule hand_raise (makes an MQL) (was: hard_event is filled)",
        f"changed: rule score (makes an MQL): {second.when} -> fit >= 20",
        "new: rule deep (makes an MQL): intent > 90",
    ]
    assert words(shipped(), new, "ja")[-1] == "追加: ルール deep(MQL の条件): intent > 90"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preset": "jp_is_fs"}, "changed: order of stages: waterfall -> jp_is_fs"),
        (
            {"effective_from": date(2026, 5, 1)},
            "changed: in force from: 2026-04-01 -> 2026-05-01",
        ),
        ({"consent": {}}, "gone: consent needed for profiling (was: not_objected)"),
        ({"capacity": None}, "changed: sellers, open at once: 30 -> nothing"),
        (
            {"calendar": replace(shipped().calendar, opens=time(10), days=frozenset({0}))},
            "changed: working hours, days: mon, tue, wed, thu, fri -> mon",
        ),
        (
            {"gate": replace(shipped().gate, core=3)},
            "changed: completeness gate, core questions known: 2 -> 3",
        ),
        (
            {"targets": {}},
            "gone: time limit verdict (was: minutes 540, steps 100% manager, 200% manager)",
        ),
    ],
)
def test_everything_that_can_change_is_told(change: dict[str, object], said: str) -> None:
    """One line for each thing."""
    assert said in words(shipped(), replace(shipped(), **change))  # type: ignore[arg-type]


def test_a_reason_is_told_by_what_changed_of_it() -> None:
    """Not as a whole; a new one is told with everything."""
    reasons = dict(shipped().reasons)
    reasons["timing"] = replace(reasons["timing"], cool_off=timedelta(days=30), blames=False)
    assert words(shipped(), replace(shipped(), reasons=reasons)) == [
        "changed: reason timing, counts against quality: true -> false",
        "changed: reason timing, cool-off: 90d -> 30d",
    ]


def test_points_and_fit_rules_belong_to_the_difference() -> None:
    """What marketing changes in intent.yaml, sales reads before it agrees."""
    text = interest_file.SHIPPED.read_text("utf-8")
    other = text.replace("points: 40, family: hand_raise", "points: 50, family: hand_raise")
    other = other.replace("half_life: 14d, cap: 40", "half_life: 7d, cap: 40").replace(
        ">= 50", ">= 80"
    )
    changed = interest_file.load_definition(other)
    found = difference(Whole(shipped(), INTEREST), Whole(shipped(), changed))
    assert [one.words("en") for one in found] == [
        "changed: event form_submit_handraise, points: 40 -> 50",
        "changed: family buying, half-life: 14d -> 7d",
        "gone: fit, companies: numberofemployees >= 50 (was: 30)",
        "new: fit, companies: numberofemployees >= 80: 30",
    ]


RULES = st.lists(
    st.builds(Rule, st.sampled_from("abcd"), st.sampled_from(["fit > 1", "intent > 2"])),
    unique_by=lambda rule: rule.id,
).map(tuple)
QUESTIONS = st.lists(
    st.builds(
        Question, st.sampled_from("xyz"), st.just("問"), st.just("q"), st.sampled_from([0.0, 1.5])
    ),
    unique_by=lambda question: question.key,
).map(tuple)
DEFINITIONS = st.builds(
    lambda any_of, none_of, questions: replace(
        shipped(), mql_any=any_of, mql_none=none_of, gate=Gate(questions=questions)
    ),
    RULES,
    RULES,
    QUESTIONS,
)


@settings(max_examples=40, deadline=None)
@given(old=DEFINITIONS, new=DEFINITIONS)
def test_a_difference_read_backwards_is_the_other_way_round(
    old: Definition, new: Definition
) -> None:
    """What was added one way is gone the other way; of itself nothing differs."""
    there = difference(Whole(old, INTEREST), Whole(new, INTEREST))
    back = difference(Whole(new, INTEREST), Whole(old, INTEREST))
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {
        (turned[one.kind], one.block, one.name, one.aspect, one.new, one.old) for one in there
    } == {tuple(one) for one in back}
    assert difference(Whole(old, INTEREST), Whole(old, INTEREST)) == ()


def test_every_block_and_aspect_is_named_in_both_languages() -> None:
    """No sentence is half in another language."""
    for part in ("blocks", "aspects"):
        assert all(set(one) == {"en", "ja"} for one in texts()[part].values())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        (2.0, "2"),
        (timedelta(days=3), "3d"),
        (time(9, 30), "09:30"),
        (frozenset({"b", "a"}), "a, b"),
        ((4, None, 10), "4, 10"),
    ],
)
def test_values_are_told_as_they_are_written(value: object, shown: str) -> None:
    """As an admin would type them."""
    assert told(value) == shown
