"""Surges: an account against its own past, with the calendar taken out, and told once."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intent.definition import SurgeRule
from intent.model import SurgeStanding
from intent.surge import (
    DAYS,
    LONG,
    SHORT,
    Surge,
    calendar,
    dispersion,
    every_test,
    log_tail,
    look,
    standing,
    surge,
)

SOME = settings(max_examples=25, deadline=None)
RULE = SurgeRule()
START = datetime(2026, 6, 1, tzinfo=UTC)
FLAT = [1.0] * DAYS
days = st.lists(st.integers(0, 6), min_size=DAYS, max_size=DAYS)


def slow_tail(count: int, mean: float, variance: float) -> float:
    """log P(X >= count), summed term by term with many digits."""
    with localcontext() as context:
        context.prec = 160
        middle, spread = Decimal(mean), Decimal(variance)
        fade = (spread - middle) / spread
        size = middle * middle / (spread - middle)
        term = ((1 - fade).ln() * size).exp()
        below = Decimal(0)
        for number in range(count):
            below += term
            term = term * (size + number) / (number + 1) * fade
        return float((1 - below).ln())


@SOME
@given(count=st.integers(0, 60), mean=st.floats(0.01, 90), spread=st.floats(1.05, 30))
def test_the_tail_is_that_of_a_slow_exact_sum(count: int, mean: float, spread: float) -> None:
    """Also far out, where the probability itself would be lost beside one."""
    found = log_tail(count, mean, mean * spread)
    assert found <= 0
    assert math.isclose(found, slow_tail(count, mean, mean * spread), rel_tol=1e-7, abs_tol=1e-9)


def test_the_tail_of_a_very_surprising_week_is_still_a_number() -> None:
    """Where a probability of its own would be zero."""
    assert -3000 < log_tail(1000, 0.05, 0.055) < -2000


@SOME
@given(counts=days, more=st.integers(1, 5))
def test_more_visits_are_never_less_surprising(counts: list[int], more: int) -> None:
    """One more on the last day raises the count, the ratio and the surprise."""
    louder = [*counts[:-1], counts[-1] + more]
    before, after = surge(RULE, counts), surge(RULE, louder)
    assert after.count == before.count + more
    assert after.ratio > before.ratio
    assert after.surprise >= before.surprise - 1e-9
    assert not before.is_surge or after.is_surge


@SOME
@given(counts=days)
def test_a_surge_is_many_often_and_unlikely(counts: list[int]) -> None:
    """The flag is the four conditions, and nothing else."""
    found = surge(RULE, counts)
    assert found.count == sum(counts[LONG:])
    assert found.days == sum(one > 0 for one in counts[LONG:])
    assert found.is_surge == (
        found.surprise > 3 and found.ratio >= 2 and found.count >= 3 and found.days >= 2
    )


def test_the_numbers_are_those_of_the_formula() -> None:
    """By hand: one visit on every fifth day, then a week of eight on four days."""
    counts = [1 if day % 5 == 0 else 0 for day in range(LONG)] + [2, 0, 2, 0, 2, 0, 2]
    found = surge(RULE, counts)
    assert found.expected == pytest.approx(7 * 18.5 / 92.5)
    assert found.ratio == pytest.approx((8 / 7 + 0.05) / (18 / 90 + 0.05))
    assert dispersion(counts, FLAT) == 1.0
    variance = found.expected * (1 + 7 / 90)
    assert found.surprise == pytest.approx(-log_tail(8, found.expected, variance) / math.log(10))
    assert found.is_surge


def test_a_restless_account_has_to_do_more() -> None:
    """The same week after the same sum of visits, once spread evenly and once in two bursts."""
    week = [4, 4, 4, 0, 0, 0, 0]
    even = surge(RULE, [1 if day % 3 == 0 else 0 for day in range(LONG)] + week)
    bursts = [15 if day in {20, 60} else 0 for day in range(LONG)]
    restless = surge(RULE, bursts + week)
    assert even.expected == pytest.approx(restless.expected)
    assert even.surprise > restless.surprise
    assert (even.is_surge, restless.is_surge) == (True, False)


def test_the_dispersion_is_that_of_the_formula() -> None:
    """By hand: two weeks of fifteen among ten of nothing."""
    bursts = [15 if day in {20, 60} else 0 for day in range(DAYS)]
    strayed = (2 * 12.5**2 + 10 * 2.5**2) / 2.5
    assert dispersion(bursts, FLAT) == pytest.approx((strayed + 4 * 1.5) / (11 + 4))


def test_half_as_much_again_is_no_surge() -> None:
    """However sure it is."""
    found = surge(RULE, [10] * LONG + [16] * SHORT)
    assert found.surprise > 3
    assert not found.is_surge


def test_two_visits_are_no_surge() -> None:
    """Where the test is made milder, too."""
    counts = [0] * LONG + [1, 0, 1, 0, 0, 0, 0]
    assert not surge(replace(RULE, tail=0.01), counts).is_surge
    assert surge(replace(RULE, tail=0.01, least=2), counts).is_surge


def test_a_handful_of_visits_makes_half_a_calendar() -> None:
    """Others came twenty times a week, and forty times in the last one."""
    site = [20 if day % 7 == 6 else 0 for day in range(DAYS)]
    site[LONG:] = [40, 0, 0, 0, 0, 0, 0]
    usual = sum(site[:LONG]) / LONG
    weights = calendar([0] * DAYS, site)
    assert weights[-1] == pytest.approx((40 + 20) / (7 * usual + 20))


def test_one_busy_day_is_no_surge() -> None:
    """Nine visits of one day may be one meeting."""
    counts = [0] * LONG + [9, 0, 0, 0, 0, 0, 0]
    found = surge(RULE, counts)
    assert found.surprise > 3
    assert not found.is_surge


@SOME
@given(counts=days, busy=st.integers(0, 500))
def test_a_site_that_is_always_the_same_has_no_calendar(counts: list[int], busy: int) -> None:
    """Then every day is one day."""
    site = [own + busy for own in counts]
    assert calendar(counts, site) == pytest.approx(FLAT)
    assert surge(RULE, counts, site).surprise == pytest.approx(surge(RULE, counts).surprise)


@SOME
@given(counts=days)
def test_a_site_with_a_single_account_has_no_calendar(counts: list[int]) -> None:
    """An account does not hide behind its own surge."""
    assert surge(RULE, counts, counts) == surge(RULE, counts)


@SOME
@given(own=days, site=st.lists(st.integers(0, 300), min_size=DAYS, max_size=DAYS))
def test_the_days_of_a_calendar_are_usual_on_average(own: list[int], site: list[int]) -> None:
    """The past keeps its length, whatever its weeks weigh, and no day weighs nothing."""
    weights = calendar(own, site)
    assert sum(weights[:LONG]) == pytest.approx(LONG)
    assert min(weights) > 0


def test_what_everybody_does_is_no_surge() -> None:
    """A fair triples the visits of the whole site; an account that triples with it is as usual."""
    counts = [1 if day % 2 == 0 else 0 for day in range(LONG)] + [2, 2, 1, 2, 2, 1, 2]
    site = [200] * LONG + [650] * SHORT
    assert surge(RULE, counts).is_surge
    assert not surge(RULE, counts, site).is_surge


def test_a_usual_week_in_a_holiday_is_a_surge() -> None:
    """Golden Week lowers everybody but one."""
    counts = [1 if day % 2 == 0 else 0 for day in range(LONG)] + [1] * SHORT
    site = [200] * LONG + [30] * SHORT
    assert not surge(RULE, counts).is_surge
    assert surge(RULE, counts, site).is_surge


@pytest.mark.parametrize(("counts", "site"), [([0] * 96, None), ([0] * DAYS, [0] * 98)])
def test_another_number_of_days_is_refused(counts: list[int], site: list[int] | None) -> None:
    """A window that slipped would be told as news."""
    with pytest.raises(ValueError, match="97 days"):
        surge(RULE, counts, site)


def seen(*, surges: bool, ratio: float = 3.0, surprise: float = 4.0) -> Surge:
    return Surge(surges, 5, 1.0, ratio, surprise, 3)


LOUD, LOUDER, CALM, OVER = (
    seen(surges=True),
    seen(surges=True, surprise=6.5),
    seen(surges=False, ratio=1.5, surprise=1.0),
    seen(surges=False, ratio=1.0, surprise=0.1),
)
# What was found on which day, and what became of it.
STORIES = [
    ([(0, CALM)], [None]),
    ([(0, LOUD), (1, LOUD), (2, CALM), (3, OVER), (4, OVER)], ["begin", "stay", "stay", "end", None]),
    ([(0, LOUD), (1, LOUDER), (2, LOUDER)], ["begin", "louder", "stay"]),
    ([(0, LOUD), (3, OVER), (8, LOUD), (9, LOUD)], ["begin", "end", None, None]),
    ([(0, LOUD), (3, OVER), (8, LOUDER)], ["begin", "end", "louder"]),
    ([(0, LOUD), (3, OVER), (14, LOUD)], ["begin", "end", "begin"]),
    ([(0, LOUD), (13, CALM), (14, CALM), (15, CALM)], ["begin", "stay", "end", None]),
    ([(0, LOUD), (14, LOUD)], ["begin", "begin"]),
    ([(0, LOUD), (3, OVER), (14, OVER)], ["begin", "end", None]),
]  # fmt: skip


@pytest.mark.parametrize(("looks", "changes"), STORIES)
def test_the_same_surge_is_told_once(
    looks: list[tuple[int, Surge]], changes: list[str | None]
) -> None:
    """It begins, stays, grows louder and ends; what returns within two weeks is not told again."""
    kept: SurgeStanding | None = None
    found_so_far = []
    for day, found in looks:
        kept, change = standing(RULE, kept, found, START + timedelta(days=day))
        found_so_far.append(change)
    assert found_so_far == changes


@SOME
@given(
    looks=st.lists(
        st.builds(
            Surge,
            st.booleans(),
            st.integers(0, 9),
            st.floats(0, 9),
            st.floats(0.1, 5),
            st.floats(0, 20),
            st.integers(0, 7),
        ),
        max_size=40,
    )
)
def test_news_of_a_surge_are_rare_and_always_grounded(looks: list[Surge]) -> None:
    """Every `begin` and `louder` has a surge behind it; two beginnings are two weeks apart."""
    kept: SurgeStanding | None = None
    begun: list[int] = []
    for day, found in enumerate(looks):
        before = kept
        kept, change = standing(RULE, before, found, START + timedelta(days=day))
        if change == "louder":
            assert before is not None
            assert found.surprise >= before.surprise + RULE.louder
        if change == "begin":
            begun.append(day)
        if change in {"begin", "louder"}:
            assert found.is_surge
    assert all(later - sooner >= RULE.quiet_days for sooner, later in pairwise(begun))


# Topics ------------------------------------------------------------------------------------------

QUIET = [0] * DAYS
TWICE_A_WEEK = [1 if day % 3 == 0 else 0 for day in range(DAYS)]
# Who came as often as ever looked at one thing only.
NEW_INTEREST = [0] * LONG + [0, 1, 0, 1, 0, 1, 0]


def test_an_account_that_comes_as_ever_surges_on_what_is_new_to_it() -> None:
    """Three visits in a week are usual; three about the prices are not."""
    found = every_test(RULE, TWICE_A_WEEK, {"pricing": NEW_INTEREST, "security": QUIET}, topics=8)
    assert {topic for topic, one in found.items() if one.is_surge} == {"pricing"}
    assert [one.topic for one in found.values()] == ["", "pricing", "security"]


@SOME
@given(counts=days, topics=st.integers(1, 50))
def test_all_topics_together_have_one_tail_to_share(counts: list[int], topics: int) -> None:
    """Whichever are looked at; the account altogether keeps its own."""
    found = every_test(RULE, counts, {"pricing": counts}, topics)
    assert found[""] == surge(RULE, counts)
    alone = surge(replace(RULE, tail=RULE.tail / topics), counts)
    assert found["pricing"] == replace(alone, topic="pricing")


def test_the_calendar_of_a_topic_leaves_all_of_the_account_out() -> None:
    """Else what the account looks at besides would pass for a fair."""
    whole = [2] * LONG + [30] * SHORT
    alone = every_test(RULE, whole, {"pricing": NEW_INTEREST}, 1, whole)
    assert alone["pricing"] == every_test(RULE, whole, {"pricing": NEW_INTEREST}, 1)["pricing"]


def test_each_topic_surges_for_itself_and_a_topic_is_spoken_of_first() -> None:
    """A second one is news although the first one stands; it lasts as long as any does."""
    whole, pricing = seen(surges=True, surprise=9.0), replace(LOUD, topic="pricing")
    first = look(RULE, {}, {"": whole}, START)
    assert (first.told, first.since, first.is_news) == (whole, START, True)
    known = {topic: one for topic, one in first.kept.items() if one is not None}
    day = START + timedelta(days=1)
    second = look(RULE, known, {"": whole, "pricing": pricing}, day)
    assert (second.told, second.since, second.is_news) == (pricing, START, True)
    known = {topic: one for topic, one in second.kept.items() if one is not None}
    third = look(RULE, known, {"": OVER, "pricing": pricing}, day)
    assert (third.told, third.since, third.is_news) == (pricing, day, False)
    known = {topic: one for topic, one in third.kept.items() if one is not None}
    last = look(RULE, known, {"": OVER, "pricing": OVER}, day)
    assert (last.told, last.since, last.is_news) == (None, None, False)
