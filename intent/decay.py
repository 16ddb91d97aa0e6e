"""Sums of points that lose half of their worth in each half-life: two numbers, whatever happened. Pure.

    s(t) = sum of w * 2^(-(t - t_i) / h)    over the events until t

A state is this sum at a reference time. `merge` makes states of one half-life a commutative monoid, so
any order, any partition and any merge of people give the same score. It is not idempotent: events are
told apart by their id before they are added. Nothing is clipped in here: a cap on what is stored would
make the sum depend on the order (see Cormode, Korn, Tirthapura: "Time-decaying aggregates in
out-of-order streams", PODS 2008).
"""

from __future__ import annotations

from math import exp2, log2
from typing import NamedTuple

from intent.model import Millis

# After so many half-lives nothing is left that a score could show.
FORGOTTEN = 60


class State(NamedTuple):
    """A decayed sum: its value at an instant."""

    value: float
    at: Millis


NOTHING = State(0.0, 0)


def read(state: State, at: Millis, half_life: Millis) -> float:
    """The sum at an instant that is not before the state's own; never below zero."""
    if state.value <= 0:
        return 0.0  # what was retracted may leave a rounding error behind
    return state.value * _fade(at - state.at, half_life)


def add(state: State, points: float, at: Millis, half_life: Millis) -> State:
    """The state with one more event, late or not. Take an event back by adding its negative points."""
    return merge(state, State(points, at), half_life)


def merge(left: State, right: State, half_life: Millis) -> State:
    """Both sums in one: two devices of a person, the parts of many workers."""
    if left.value == 0:
        return right
    if right.value == 0:
        return left
    at = max(left.at, right.at)
    return State(
        left.value * _fade(at - left.at, half_life) + right.value * _fade(at - right.at, half_life),
        at,
    )


def falls_below(state: State, threshold: float, half_life: Millis) -> Millis | None:
    """When an untouched sum falls below a threshold; None where it is there already."""
    if threshold <= 0 or state.value <= threshold:
        return None
    return state.at + round(half_life * log2(state.value / threshold))


def rank(state: State, half_life: Millis) -> float:
    """Orders sums of one half-life at any instant, without a clock: it changes with events alone."""
    if state.value <= 0:
        return float("-inf")
    return log2(state.value) + state.at / half_life


def since(state: State, then: State, at: Millis, half_life: Millis) -> float:
    """The part of a sum that came after `then` was taken of it."""
    return max(0.0, read(state, at, half_life) - read(then, at, half_life))


def _fade(passed: Millis, half_life: Millis) -> float:
    halves = passed / half_life
    return 0.0 if halves > FORGOTTEN else exp2(-halves)
