"""Decayed sums: whatever the order, the parts, the merges and the regrets, the score is the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intent.decay import NOTHING, State, add, falls_below, merge, rank, read, since
from intent.model import DAY, Millis

START: Millis = 1_764_547_200_000
END = START + 120 * DAY
MANY = settings(max_examples=40, deadline=None)

half_lives = st.sampled_from([3 * DAY, 14 * DAY, 30 * DAY, 60 * DAY])
points = st.sampled_from([0.2, 1.0, 3.0, 6.0, 8.0, 40.0])
Happening = tuple[float, Millis]
happenings = st.lists(st.tuples(points, st.integers(START, END)), max_size=30)


def exact(events: Iterable[Happening], half_life: Millis) -> float:
    """The definition: every event by itself."""
    return math.fsum(weight * 2 ** (-(END - at) / half_life) for weight, at in events)


def summed(events: Iterable[Happening], half_life: Millis) -> State:
    return reduce(lambda state, one: add(state, one[0], one[1], half_life), events, NOTHING)


def close(found: float, wanted: float) -> bool:
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)


@MANY
@given(events=happenings, half_life=half_lives, data=st.data())
def test_any_order_gives_the_same_sum(
    events: list[Happening], half_life: Millis, data: st.DataObject
) -> None:
    """Late events count as if they had come in time."""
    shuffled = data.draw(st.permutations(events))
    assert close(read(summed(shuffled, half_life), END, half_life), exact(events, half_life))


@MANY
@given(events=happenings, half_life=half_lives, parts=st.lists(st.integers(0, 3), min_size=30))
def test_any_partition_gives_the_same_sum(
    events: list[Happening], half_life: Millis, parts: list[int]
) -> None:
    """Four workers, or four devices of one person, add up to one."""
    shares: list[list[Happening]] = [[], [], [], []]
    for part, event in zip(parts, events, strict=False):
        shares[part].append(event)
    states = [summed(share, half_life) for share in shares]
    whole = reduce(lambda left, right: merge(left, right, half_life), states, NOTHING)
    assert close(read(whole, END, half_life), exact(events, half_life))


@MANY
@given(events=happenings, half_life=half_lives, data=st.data())
def test_duplicates_by_id_change_nothing(
    events: list[Happening], half_life: Millis, data: st.DataObject
) -> None:
    """The sum itself is not idempotent: an id is added once, however often it comes."""
    named = dict(enumerate(events))
    twice = data.draw(st.permutations([*named.items(), *named.items()]))
    known: dict[int, Happening] = {}
    state = NOTHING
    for event_id, event in twice:
        if event_id not in known:
            known[event_id] = event
            state = add(state, event[0], event[1], half_life)
    assert close(read(state, END, half_life), exact(events, half_life))


@MANY
@given(kept=happenings, regretted=happenings, half_life=half_lives, data=st.data())
def test_what_is_taken_back_was_never_there(
    kept: list[Happening], regretted: list[Happening], half_life: Millis, data: st.DataObject
) -> None:
    """A crawler told late, an unlinked cookie: negative points, at the time of the event, in any order."""
    back = [(-weight, at) for weight, at in regretted]
    mixed: Sequence[Happening] = data.draw(st.permutations([*kept, *regretted, *back]))
    found = read(summed(mixed, half_life), END, half_life)
    # A rounding error is one of the largest number that ever stood in the sum.
    assert math.isclose(
        found, exact(kept, half_life), rel_tol=1e-9, abs_tol=1e-12 * (1 + 40 * len(regretted))
    )


three_states = st.tuples(*[st.builds(State, points, st.integers(START, END))] * 3)


@MANY
@given(three=three_states, half_life=half_lives)
def test_states_of_one_half_life_are_a_commutative_monoid(
    three: tuple[State, State, State], half_life: Millis
) -> None:
    """Neutral element, order and brackets."""
    a, b, c = three
    assert merge(a, NOTHING, half_life) == a == merge(NOTHING, a, half_life)
    assert merge(a, b, half_life) == merge(b, a, half_life)
    left = merge(merge(a, b, half_life), c, half_life)
    right = merge(a, merge(b, c, half_life), half_life)
    assert left.at == right.at
    assert close(left.value, right.value)


@MANY
@given(events=happenings.filter(bool), half_life=half_lives, threshold=st.floats(0.01, 100))
def test_the_time_of_falling_below_is_exact(
    events: list[Happening], half_life: Millis, threshold: float
) -> None:
    """Just before it the sum is not below the threshold, just after it is."""
    state = summed(events, half_life)
    at = falls_below(state, threshold, half_life)
    if at is None:
        assert state.value <= threshold
        return
    assert read(state, max(state.at, at - 2), half_life) >= threshold * (1 - 1e-9)
    assert read(state, at + 2, half_life) <= threshold * (1 + 1e-9)


@MANY
@given(one=happenings.filter(bool), other=happenings.filter(bool), half_life=half_lives)
def test_ranks_order_sums_as_reading_them_does(
    one: list[Happening], other: list[Happening], half_life: Millis
) -> None:
    """A column that changes with events alone can be sorted by, at any instant."""
    a, b = summed(one, half_life), summed(other, half_life)
    first, second = read(a, END, half_life), read(b, END, half_life)
    if not math.isclose(first, second, rel_tol=1e-6):
        assert (rank(a, half_life) > rank(b, half_life)) == (first > second)


@MANY
@given(before=happenings, after=happenings, half_life=half_lives)
def test_what_came_after_a_snapshot_is_told_apart(
    before: list[Happening], after: list[Happening], half_life: Millis
) -> None:
    """Evidence after a recycle, without replaying anything."""
    then = summed(before, half_life)
    state = merge(then, summed(after, half_life), half_life)
    found = since(state, then, END, half_life)
    assert math.isclose(found, exact(after, half_life), rel_tol=1e-9, abs_tol=1e-10)


@pytest.mark.parametrize(
    ("value", "passed", "left"), [(8.0, 0, 8.0), (8.0, 14, 4.0), (8.0, 28, 2.0), (-1e-17, 0, 0.0)]
)
def test_half_is_left_after_a_half_life(value: float, passed: int, left: float) -> None:
    """And a rounding error below zero is nothing."""
    assert read(State(value, START), START + passed * DAY, 14 * DAY) == left


def test_after_sixty_half_lives_nothing_is_left() -> None:
    """Old sums do not linger as numbers that no one can see."""
    assert read(State(1e6, START), START + 61 * DAY, DAY) == 0.0


def test_an_empty_sum_ranks_below_all() -> None:
    """It has no logarithm, and it falls below nothing."""
    assert rank(NOTHING, DAY) == float("-inf")
    assert falls_below(NOTHING, 1.0, DAY) is None
    assert falls_below(State(5.0, START), 0.0, DAY) is None
