"""How good a ranking and its probabilities are, with intervals. Pure.

AUC: the chance that a positive stands before a negative, ties half. Average precision: the mean precision
at the positives. Lift at a share: the rate in that top share over the rate of all. Capture: the part of all
positives that stands there. Ties within a share count by their part of it, so that no order of equal scores
flatters anybody. Brier, its skill and ECE (ten bins of equal mass) as in the domain sheet, 3.11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

Labels: TypeAlias = Sequence[bool]
Scores: TypeAlias = Sequence[float]
# Draws so many places out of so many, each as often as it comes: dice are the caller's.
Draw: TypeAlias = Callable[[int], Sequence[int]]

TOP_LIFT, TOP_CAPTURE, BINS = 0.10, 0.20, 10
# Resamples of an interval, and the share of them that lies within.
ROUNDS, WITHIN = 200, 0.95


class Ranking(NamedTuple):
    """How well scores put positives first."""

    auc: float
    average_precision: float
    lift: float
    capture: float


class Interval(NamedTuple):
    """Where 95 % of the resamples lie."""

    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


class Calibration(NamedTuple):
    """How far probabilities can be taken at their word. `skill` is 0 for the constant rate."""

    brier: float
    skill: float
    ece: float


class Bin(NamedTuple):
    """One bin of a reliability diagram: cases, the probability said on average, the rate that was."""

    cases: int
    said: float
    was: float


class Order:
    """Cases in the order of their scores, best first, equal ones together: made once, weighed often."""

    def __init__(self, labels: Labels, scores: Scores) -> None:
        if len(labels) != len(scores):
            raise ValueError("as many scores as labels")
        self._labels = labels
        self._heaps: list[list[int]] = []
        last: float | None = None
        for n in sorted(range(len(scores)), key=lambda n: -scores[n]):
            if last is None or scores[n] != last:
                self._heaps.append([])
                last = scores[n]
            self._heaps[-1].append(n)

    def ranking(self, weights: Sequence[int] | None = None) -> Ranking:
        """How good the order is; `weights` says how often each case counts.

        Raises `ValueError` where there are not both positives and negatives.
        """
        heaps = [self._counted(heap, weights) for heap in self._heaps]
        positives, negatives = sum(p for p, _ in heaps), sum(n for _, n in heaps)
        if not positives or not negatives:
            raise ValueError("an order is judged by positives and negatives")
        before, seen, pairs, precision = 0, 0, 0.0, 0.0
        for p, n in heaps:
            pairs += n * (before + p / 2)
            before, seen = before + p, seen + p + n
            precision += p * before / seen if p else 0.0
        total = positives + negatives
        return Ranking(
            pairs / (positives * negatives),
            precision / positives,
            _top(heaps, TOP_LIFT * total) / (TOP_LIFT * positives),
            _top(heaps, TOP_CAPTURE * total) / positives,
        )

    def _counted(self, heap: list[int], weights: Sequence[int] | None) -> tuple[int, int]:
        positives = negatives = 0
        for n in heap:
            weight = 1 if weights is None else weights[n]
            if self._labels[n]:
                positives += weight
            else:
                negatives += weight
        return positives, negatives


def _top(heaps: Sequence[tuple[int, int]], room: float) -> float:
    """How many positives stand in the first places."""
    found = 0.0
    for p, n in heaps:
        if p + n >= room:
            return found + (p * room / (p + n) if p + n else 0.0)
        found, room = found + p, room - p - n
    return found


def auc(labels: Labels, scores: Scores) -> float:
    """The AUC alone."""
    return Order(labels, scores).ranking().auc


def calibration(labels: Labels, probabilities: Scores, usual: float) -> Calibration:
    """Brier, its skill against the constant `usual` (the rate of the training cases), and ECE."""
    count = len(labels)
    brier = sum((p - y) ** 2 for p, y in zip(probabilities, labels, strict=True)) / count
    constant = sum((usual - y) ** 2 for y in labels) / count
    return Calibration(brier, 1 - brier / constant if constant else 0.0, ece(labels, probabilities))


def ece(labels: Labels, probabilities: Scores) -> float:
    """The expected calibration error over ten bins of equal mass."""
    bins = calibration_bins(labels, probabilities)
    return sum(one.cases * abs(one.said - one.was) for one in bins) / max(len(labels), 1)


def calibration_bins(labels: Labels, probabilities: Scores) -> list[Bin]:
    """The bins, the least probable first.

    Cases of one probability all count with the rate among them: no order of theirs fills a bin with winners.
    """
    heaps: dict[float, list[bool]] = {}
    for p, y in zip(probabilities, labels, strict=True):
        heaps.setdefault(p, []).append(y)
    pairs = [(p, sum(heap) / len(heap)) for p, heap in sorted(heaps.items()) for _ in heap]
    edges = [round(n * len(pairs) / BINS) for n in range(BINS + 1)]
    found = []
    for start, end in pairwise(edges):
        if some := pairs[start:end]:
            size = len(some)
            found.append(Bin(size, sum(p for p, _ in some) / size, sum(y for _, y in some) / size))
    return found


class Resampled(NamedTuple):
    """Intervals per scorer and measure, and of the AUC of each against the AUC of the first."""

    of: Mapping[str, Mapping[str, Interval]]
    ahead: Mapping[str, Interval]


def resample(
    labels: Labels, scorers: Mapping[str, Scores], draw: Draw, rounds: int = ROUNDS
) -> Resampled:
    """Bootstrap intervals: all scorers are judged on the same resamples, so differences are paired."""
    orders = {name: Order(labels, scores) for name, scores in scorers.items()}
    drawn: dict[str, list[Ranking]] = {name: [] for name in orders}
    while all(len(found) < rounds for found in drawn.values()):
        weights = _weights(len(labels), draw)
        if not 0 < sum(w for w, y in zip(weights, labels, strict=True) if y) < len(labels):
            continue  # a resample of one kind only judges nothing
        for name, order in orders.items():
            drawn[name].append(order.ranking(weights))
    first = next(iter(drawn), "")
    return Resampled(
        {
            name: {
                measure: interval([getattr(one, measure) for one in found])
                for measure in Ranking._fields
            }
            for name, found in drawn.items()
        },
        {
            name: interval([a.auc - b.auc for a, b in zip(drawn[first], found, strict=True)])
            for name, found in drawn.items()
            if name != first
        },
    )


def interval(drawn: Sequence[float]) -> Interval:
    """The middle 95 % of what was drawn."""
    ordered = sorted(drawn)
    cut = round((1 - WITHIN) / 2 * (len(ordered) - 1))
    return Interval(ordered[cut], ordered[-1 - cut])


def _weights(count: int, draw: Draw) -> list[int]:
    weights = [0] * count
    for n in draw(count):
        weights[n] += 1
    return weights
