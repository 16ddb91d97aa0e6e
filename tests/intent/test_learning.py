"""The numbers by which learning is judged, and the rules about what may be learnt from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isclose
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.learning.calibrating import Isotonic, Platt, calibrate, isotonic, platt, sigmoid
from intent.learning.features import Numbers, Words, learn_readings, names, vector
from intent.learning.leaks import column_auc, suspicions
from intent.learning.measures import Order, auc, calibration, calibration_bins, ece, resample
from intent.learning.outcomes import Case, Lead, NotEnough, need_enough, ripe, split
from intent.learning.trial import drawing

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def lead(number: int, *, won: bool = False, after: int | None = None, **features: str) -> Lead:
    """A lead of day `number`, won so many days later."""
    decided = START + number * DAY
    won_at = None if after is None else decided + after * DAY
    return Lead(f"l{number}", decided, won, won_at, features)


def cases(count: int) -> list[Case]:
    """One a day, every second one positive."""
    return [Case(lead(n), n % 2 == 0) for n in range(count)]


# Measures -----------------------------------------------------------------------------------------


def test_measures_are_those_counted_by_hand() -> None:
    """Ten cases, three positives: first, second and fifth."""
    labels = [True, True, False, False, True, False, False, False, False, False]
    found = Order(labels, [10.0 - n for n in range(10)]).ranking()
    assert isclose(found.auc, 19 / 21)
    assert isclose(found.average_precision, (1 + 1 + 3 / 5) / 3)
    assert isclose(found.lift, 1 / 0.3)
    assert isclose(found.capture, 2 / 3)


def test_equal_scores_flatter_nobody() -> None:
    """One score for all ranks as chance does, in whatever order the cases come."""
    labels = [True, False, False, False, False] * 4
    found = Order(labels, [1.0] * 20).ranking()
    assert found == Order(labels[::-1], [1.0] * 20).ranking()
    assert (found.auc, round(found.lift, 9), round(found.capture, 9)) == (0.5, 1, 0.2)


RANKED = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(y for y, _ in rows) < len(rows)
)


@given(RANKED)
def test_the_auc_is_the_share_of_pairs_in_order(rows: list[tuple[bool, int]]) -> None:
    """Ties count half; turning all scores round turns the AUC round."""
    labels, scores = [y for y, _ in rows], [float(s) for _, s in rows]
    pairs = [(p > n) + (p == n) / 2 for y, p in rows if y for z, n in rows if not z]
    assert isclose(auc(labels, scores), sum(pairs) / len(pairs))
    assert isclose(auc(labels, [-s for s in scores]), 1 - auc(labels, scores), abs_tol=1e-12)


@given(RANKED, st.integers(1, 3))
def test_weighing_all_cases_alike_changes_nothing(rows: list[tuple[bool, int]], each: int) -> None:
    """A case that counts twice is two cases."""
    order = Order([y for y, _ in rows], [float(s) for _, s in rows])
    weighed, plain = order.ranking([each] * len(rows)), order.ranking()
    assert all(isclose(a, b, abs_tol=1e-9) for a, b in zip(weighed, plain, strict=True))


def test_an_order_of_one_kind_judges_nothing() -> None:
    """It has no AUC, and says so."""
    with pytest.raises(ValueError, match="positives and negatives"):
        auc([True, True], [1, 2])


def test_probabilities_are_measured_against_the_usual_rate() -> None:
    """The constant has no skill; certainty that is right has all of it."""
    labels = [True, False, False, False]
    assert calibration(labels, [0.25] * 4, 0.25) == (0.1875, 0, 0)
    assert calibration(labels, [1, 0, 0, 0], 0.25) == (0, 1, 0)
    assert isclose(ece([True, False], [0.9, 0.3]), (0.1 + 0.3) / 2)
    assert isclose(ece([True] * 10 + [False] * 10, [0.5] * 20), 0)
    sizes = [size for size, _, _ in calibration_bins([True] * 25, [0.5] * 25)]
    assert sorted(sizes) == [2] * 5 + [3] * 5


def test_intervals_hold_what_was_measured_and_differences_are_paired() -> None:
    """Of two scorers of which one is the other with noise, the better one is surely ahead."""
    dice = Random(1)
    labels = [dice.random() < 0.3 for _ in range(400)]
    good = [y + dice.gauss(0, 1) for y in labels]
    worse = [score + dice.gauss(0, 2) for score in good]
    found = resample(labels, {"good": good, "worse": worse}, drawing(2), rounds=60)
    low, high = found.of["good"]["auc"]
    assert low < auc(labels, good) < high
    assert found.ahead["worse"].low > 0
    assert found == resample(labels, {"good": good, "worse": worse}, drawing(2), rounds=60)


# Calibration --------------------------------------------------------------------------------------


def test_platt_finds_the_sigmoid_that_made_the_cases() -> None:
    """From scores whose log-odds are twice as large and shifted."""
    dice = Random(3)
    raw = [dice.gauss(0, 1.5) for _ in range(900)]
    labels = [dice.random() < sigmoid(2 * z - 1) for z in raw]
    found = calibrate(raw, labels)
    assert isinstance(found, Platt)
    assert abs(found.a - 2) < 0.4
    assert abs(found.b + 1) < 0.3


def test_platt_of_perfect_cases_stays_finite() -> None:
    """The smoothed targets leave room for what was not seen."""
    found = platt([-1.0] * 5 + [1.0] * 5, [False] * 5 + [True] * 5)
    assert 0.8 < found.probability(1) < 0.9
    assert sigmoid(-1e6) == 0
    assert sigmoid(1e6) == 1


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=40))
def test_isotonic_rates_rise_and_are_never_certain(rows: list[tuple[int, bool]]) -> None:
    """Whatever the cases were."""
    found = isotonic([float(z) for z, _ in rows], [y for _, y in rows])
    said = [found.probability(z / 2) for z in range(-12, 13)]
    assert said == sorted(said)
    assert all(0 < p < 1 for p in said)


def test_isotonic_is_used_from_a_thousand_cases_on() -> None:
    """Below, it would follow noise."""
    labels = [n % 3 == 0 for n in range(1000)]
    assert isinstance(calibrate([float(n) for n in range(1000)], labels), Isotonic)
    assert isinstance(calibrate([float(n) for n in range(999)], labels[1:]), Platt)


# Features -----------------------------------------------------------------------------------------


def test_columns_are_read_as_what_they_hold() -> None:
    """Numbers with blanks, frequent words, lopsided sums; names and constants are no features."""
    rows = [
        {
            "n": str(i % 7) if i % 5 else "",
            "w": "ab"[i % 2],
            "sum": str(2 ** (i % 30)),
            "c": "x",
            "name": f"n{i}",
        }
        for i in range(100)
    ]
    found = learn_readings(rows, ["n", "w", "sum", "c", "name"])
    assert [(type(one), one.column) for one in found] == [
        (Numbers, "n"), (Words, "w"), (Numbers, "sum"),
    ]  # fmt: skip
    assert isinstance(found[2], Numbers)
    assert found[2].logarithm
    assert names(found) == ["n", "n is blank", "w = a", "w = b", "sum", "sum is blank"]
    assert vector({"n": "", "w": "c", "sum": "1e300"}, found) == [0, 1, 0, 0, 5, 0]


def test_a_word_that_was_never_seen_is_none_of_the_known() -> None:
    """Whatever stands in a cell, there is a vector."""
    [reading] = learn_readings([{"w": w} for w in ["a", "b"] * 30], ["w"])
    assert vector({"w": "new"}, [reading]) == [0, 0]
    assert vector({}, [reading]) == [0, 0]


# What may be learnt from --------------------------------------------------------------------------


def test_only_ripe_leads_are_cases() -> None:
    """Those with the whole horizon behind them; what came later than it came too late."""
    rows = [
        lead(0, won=True, after=10),
        lead(1, won=True, after=40),
        lead(2),
        lead(90),
        lead(3, won=True, after=-1),
    ]
    found = ripe(rows, 30 * DAY, START + 100 * DAY)
    assert [(case.lead.id, case.positive) for case in found.cases] == [
        ("l0", True),
        ("l1", False),
        ("l2", False),
    ]
    assert (found.unripe, found.won_before) == (1, 1)


def test_too_few_outcomes_are_refused_with_what_is_missing() -> None:
    """A hundred positives, in three months."""
    need_enough(cases(200))
    with pytest.raises(NotEnough, match="99 positive outcomes"):
        need_enough(cases(198))
    with pytest.raises(NotEnough, match="in 2 mature months"):
        need_enough([Case(lead(n % 50), True) for n in range(300)])


@given(st.lists(st.integers(0, 20), min_size=60, max_size=120))
def test_time_parts_the_cases_and_no_moment_is_torn(days: list[int]) -> None:
    """What a model is judged by lies after all that it saw."""
    ordered = [Case(lead(day), n % 2 == 0) for n, day in enumerate(sorted(days))]
    try:
        parts = split(ordered)
    except NotEnough:
        return
    assert [*parts.fitted, *parts.calibrated, *parts.judged] == ordered
    moments = [{case.lead.decided_at for case in part} for part in parts]
    assert max(moments[0]) < min(moments[1])
    assert max(moments[1]) < min(moments[2])


# Leaks --------------------------------------------------------------------------------------------


def test_columns_that_know_the_outcome_are_named() -> None:
    """Each with what is odd about it; an honest column is left alone."""
    dice = Random(4)
    rows = []
    for n in range(400):
        won = dice.random() < 0.4
        later = (START + (n + 9) * DAY).date().isoformat()
        rows.append(
            Case(
                lead(
                    n,
                    contract="C-1" if won and n % 2 else "",
                    closed=later,
                    stage="done" if won ^ (dice.random() < 0.03) else "open",
                    size=str(dice.gauss(won, 1.1)),
                    colour=dice.choice("rgb"),
                    born=(START - n * DAY).date().isoformat(),
                ),
                won,
            )
        )
    found = suspicions(rows, ["contract", "closed", "stage", "size", "colour", "born"])
    assert [(one.column, one.why, one.bans) for one in found] == [
        ("contract", "filled_for_winners", True),
        ("closed", "dated_after", True),
        ("stage", "too_good", True),
        ("size", "telling", False),
    ]


def test_a_column_of_names_gains_nothing_by_having_one_for_each() -> None:
    """Rates are those of the other half."""
    labels = [n % 3 == 0 for n in range(300)]
    assert column_auc([f"n{n}" for n in range(300)], labels) < 0.6
    assert column_auc([""] * 300, labels) < 0.6
