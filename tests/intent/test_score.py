"""Scores: caps on read, bands, topics, fit, accounts, and when a band falls."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import Values
from intent.definition import AccountRule, Bands, FitRule
from intent.fitting import conditions
from intent.load import SHIPPED, load_definition
from intent.model import DAY, UNKNOWN, Contribution, StateKey
from intent.score import (
    MINUTE,
    account,
    band,
    digit,
    engagement,
    falls,
    family_sums,
    fit,
    topic_scores,
)
from tests.intent.definitions import ANN, DEFINITION, NOW, contribution, histories, states_of

SOME = settings(max_examples=25, deadline=None)
sums = st.dictionaries(st.sampled_from(sorted(DEFINITION.families)), st.floats(0, 1000))


def score_at(evidence: list[Contribution], at: int) -> float:
    return engagement(DEFINITION, family_sums(DEFINITION, states_of(evidence), at))


@SOME
@given(points=sums, more=st.floats(0.001, 100))
def test_a_score_stays_within_its_bounds_and_grows_with_its_points(
    points: dict[str, float], more: float
) -> None:
    """0 to 100; a family helps up to its cap and no further, a negative one hurts."""
    found = engagement(DEFINITION, points)
    assert 0 <= found <= 100
    for name, family in DEFINITION.families.items():
        other = engagement(DEFINITION, {**points, name: points.get(name, 0) + more})
        assert other <= found if family.negative else other >= found
        assert abs(other - found) <= family.cap


@pytest.mark.parametrize(
    ("points", "score"),
    [
        ({}, 0.0),
        ({"browse": 20}, 20 * (1 - math.exp(-1))),
        ({"browse": 1e9}, 20.0),
        ({"browse": 1e9, "negative": 1e9}, 0.0),
        ({"buying": 40, "negative": 8}, 40 * (1 - math.exp(-1)) - 30 * (1 - math.exp(-8 / 30))),
        ({"hand_raise": 1e9, "buying": 1e9, "browse": 1e9}, 100.0),
        ({"no_such_family": 50}, 0.0),
    ],
)
def test_a_score_is_the_capped_families_less_the_negative_one(
    points: dict[str, float], score: float
) -> None:
    """The numbers of the formula, by hand."""
    assert engagement(DEFINITION, points) == pytest.approx(score, rel=1e-12)


@SOME
@given(evidence=histories(), data=st.data())
def test_a_score_does_not_depend_on_order_or_on_topics(
    evidence: list[Contribution], data: st.DataObject
) -> None:
    """Families are summed over all topics, and caps are applied to the sum alone."""
    shuffled = data.draw(st.permutations(evidence))
    flat = [one._replace(topic=UNKNOWN) for one in evidence]
    assert score_at(shuffled, NOW) == pytest.approx(score_at(evidence, NOW), rel=1e-9, abs=1e-12)
    assert score_at(flat, NOW) == pytest.approx(score_at(evidence, NOW), rel=1e-9, abs=1e-12)


def test_sums_of_another_definition_are_never_added() -> None:
    """What another version left behind is rebuilt, not read."""
    states = states_of([contribution("a", "pricing_view", 0)])
    foreign = {key._replace(definition="h0"): state for key, state in states.items()}
    assert family_sums(DEFINITION, {**states, **foreign}, NOW) == {"buying": 6.0}
    gone = {StateKey(ANN, UNKNOWN, "abolished", "h1"): state for state in states.values()}
    assert family_sums(DEFINITION, gone, NOW) == {}


def test_topics_come_strongest_first_and_the_unknown_is_none() -> None:
    """Only what the definition has a name for, and only what scores at all."""
    states = states_of(
        [
            contribution("a", "page_view", 0, topic="integration"),
            contribution("b", "pricing_view", 0, topic="pricing"),
            contribution("c", "form_submit_handraise", 0, topic=UNKNOWN),
            contribution("d", "page_view", 0, topic="abolished"),
            contribution("e", "careers_view", 0, topic="layoffs"),
        ]
    )
    found = topic_scores(DEFINITION, states, NOW)
    assert [topic for topic, _ in found] == ["pricing", "integration"]
    assert found[0][1] == pytest.approx(40 * (1 - math.exp(-6 / 40)))


@pytest.mark.parametrize(
    ("fitting", "engaged", "wanted"),
    [
        (70, 60, "A1"),
        (69.9, 59.9, "B2"),
        (40, 25, "B2"),
        (39.9, 24.9, "C3"),
        (0, 100, "C1"),
        (None, 100, "C1"),
        (100, 0, "A3"),
    ],
)
def test_a_band_is_a_letter_of_fit_and_a_digit_of_engagement(
    fitting: float | None, engaged: float, wanted: str
) -> None:
    """Limits belong to the better band; a fit that nobody knows is a C."""
    assert band(Bands(), fitting, engaged) == wanted


RULES = (
    FitRule(when="large", points=50, on="companies"),
    FitRule(when="boss", points=60, on="contacts"),
    FitRule(when="private", points=-20, on="contacts"),
)


def holds(rule: FitRule, values: Values) -> bool:
    """A condition is the name of a field here."""
    return bool(values.get(rule.when))


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        ({}, None),
        ({"deals": {"large": True}}, None),
        ({"contacts": {}}, 0.0),
        ({"contacts": {"private": True}}, 0.0),
        ({"contacts": {"boss": True, "private": True}}, 40.0),
        ({"contacts": {"boss": True}, "companies": {"large": True}}, 100.0),
        ({"companies": {"boss": True}}, 0.0),
    ],
)
def test_fit_is_the_points_of_the_rules_that_hold(
    records: dict[str, Values], wanted: float | None
) -> None:
    """Within 0 and 100; unknown where no rule speaks of what is known."""
    assert fit(RULES, records, holds) == wanted


@pytest.mark.parametrize(
    ("contact", "company", "wanted"),
    [
        ({}, {}, 0.0),
        ({"jobtitle": "営業部長"}, {"numberofemployees": "120", "industry": "MACHINERY"}, 100.0),
        ({"jobtitle": "Director of Sales"}, {"numberofemployees": "49"}, 40.0),
        ({"jobtitle": "部長", "email": "A@Gmail.com"}, {"numberofemployees": 50}, 50.0),
        ({"numberofemployees": "120"}, {"jobtitle": "部長"}, 0.0),
    ],
)
def test_the_shipped_rules_are_conditions_of_the_mapping_language(
    contact: Values, company: Values, wanted: float
) -> None:
    """HubSpot's numbers are text, and each rule sees its own record only."""
    rules = load_definition(SHIPPED).fit
    found = fit(
        rules, {"contacts": contact, "companies": company}, conditions(rules, date(2026, 6, 1))
    )
    assert found == wanted


people_scores = st.lists(st.floats(0, 100), max_size=12)


@SOME
@given(people=people_scores, anonymous=st.floats(0, 500))
def test_an_account_is_more_than_one_enthusiast(people: list[float], anonymous: float) -> None:
    """Each person saturates; the effective number lies between one and their number."""
    rule = AccountRule()
    found = account(rule, people, anonymous)
    assert 0 <= found.score <= 100
    assert found.score <= len(people) * rule.person_cap + rule.anonymous_share * anonymous + 1e-9
    assert found.active == sum(one >= 3 for one in people)
    if max(people, default=0) > 0:
        assert 1 - 1e-9 <= found.effective <= len(people) + 1e-9
    else:
        assert found.effective == 0


@SOME
@given(people=people_scores, data=st.data())
def test_an_account_does_not_depend_on_the_order_of_its_people(
    people: list[float], data: st.DataObject
) -> None:
    """A sum is a sum."""
    shuffled = data.draw(st.permutations(people))
    assert account(AccountRule(), shuffled, 0) == pytest.approx(account(AccountRule(), people, 0))


def test_equals_count_fully_and_a_shadow_hardly() -> None:
    """Four alike are four; one beside nobodies is one; who was not there lately is not active."""
    assert account(AccountRule(), [50, 50, 50, 50], 0).effective == pytest.approx(4)
    assert account(AccountRule(), [80, 0.1], 0).effective == pytest.approx(1, abs=0.01)
    assert account(AccountRule(), [5e-324, 0], 0).effective == 1.0
    assert account(AccountRule(), [50, 50], 0, lately=[True, False]).active == 1
    with pytest.raises(ValueError, match="zip"):
        account(AccountRule(), [50, 50], 0, lately=[True])


@SOME
@given(evidence=histories(), rounding=st.sampled_from([0.0, 0.5]))
def test_a_band_falls_when_it_is_told_to(evidence: list[Contribution], rounding: float) -> None:
    """Until a minute before that time the digit is never lower, at that time it is; in whole points, too."""
    states = states_of(evidence)

    def told(at: int) -> int:
        return digit(DEFINITION.bands, score_at(evidence, at) + rounding)

    now = told(NOW)
    at = falls(DEFINITION, states, NOW, rounding)
    if now == 3:
        assert at is None
        return
    assert at is not None
    before = [NOW + (at - MINUTE - NOW) * part // 50 for part in range(51)]
    assert all(told(one) <= now for one in before if one >= NOW)
    assert told(at) > now


def test_a_score_that_first_rises_still_falls_in_time() -> None:
    """Negative points that fade fast lift a score before it sinks; the timer waits for the sinking."""
    families = {
        **DEFINITION.families,
        "negative": replace(DEFINITION.families["negative"], half_life=DAY),
    }
    quick = replace(DEFINITION, families=families)
    states = states_of(
        [
            contribution("a", "form_submit_handraise", 0),
            contribution("b", "form_submit_handraise", 0),
            contribution("c", "careers_view", 0),
        ]
    )
    at = falls(quick, states, NOW)
    start = engagement(quick, family_sums(quick, states, NOW))
    assert engagement(quick, family_sums(quick, states, NOW + DAY)) > start
    assert digit(quick.bands, start) == 2
    assert at is not None
    assert engagement(quick, family_sums(quick, states, at)) < quick.bands.two
    assert engagement(quick, family_sums(quick, states, at - MINUTE)) >= quick.bands.two


def test_a_dip_before_a_rise_is_not_passed_over() -> None:
    """What fades in hours leaves a score below the line for days, before the negative points fade too."""
    half_lives = {"buying": DAY // 24, "hand_raise": 45 * DAY, "negative": DAY}
    families = {
        name: replace(DEFINITION.families[name], half_life=half_life)
        for name, half_life in half_lives.items()
    }
    dipping = replace(DEFINITION, families=families)
    event_types = ["form_submit_handraise"] * 2 + ["pricing_view"] * 4 + ["careers_view"] * 8
    states = states_of(contribution(f"e{n}", one, 0) for n, one in enumerate(event_types))

    def scored(at: int) -> float:
        return engagement(dipping, family_sums(dipping, states, at))

    at = falls(dipping, states, NOW)
    assert scored(NOW) >= 25
    assert scored(NOW + 5 * DAY) >= 25
    assert at is not None
    assert at < NOW + DAY
    assert scored(at) < 25 <= scored(at - MINUTE)


def test_a_band_that_begins_at_nothing_never_falls() -> None:
    """A threshold of zero is not passed by fading."""
    lowest = replace(DEFINITION, bands=Bands(two=0))
    assert falls(lowest, states_of([contribution("a", "page_view", 0)]), NOW) is None
