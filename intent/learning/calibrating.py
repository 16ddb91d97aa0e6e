"""From raw scores to probabilities that can be taken at their word. Pure.

Platt's sigmoid below 1,000 cases, isotonic regression from there on: scikit-learn's guide on probability
calibration warns of isotonic with much fewer (https://scikit-learn.org/stable/modules/calibration.html).
Platt: "Probabilistic outputs for support vector machines" (1999), targets smoothed; fitted by Newton's
method as in Lin, Lin, Weng: "A note on Platt's probabilistic outputs" (2007).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

# Calibration cases from which isotonic regression is used.
ISOTONIC_FROM = 1_000
_STEPS, _RIDGE, _ENOUGH = 100, 1e-12, 1e-5


@dataclass(frozen=True, slots=True)
class Platt:
    """1 / (1 + exp(-(a * z + b)))."""

    a: float
    b: float

    def probability(self, raw: float) -> float:
        """Of one raw score."""
        return sigmoid(self.a * raw + self.b)


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between points that never fall."""

    raw: tuple[float, ...]
    rates: tuple[float, ...]

    def probability(self, raw: float) -> float:
        """Of one raw score; the rates of the ends hold beyond them."""
        right = bisect_right(self.raw, raw)
        if right == 0:
            return self.rates[0]
        if right == len(self.raw):
            return self.rates[-1]
        left = right - 1
        share = (raw - self.raw[left]) / (self.raw[right] - self.raw[left])
        return self.rates[left] + share * (self.rates[right] - self.rates[left])


Calibrator = Platt | Isotonic


def calibrate(raw: Sequence[float], labels: Sequence[bool]) -> Calibrator:
    """The right one for so many cases."""
    return isotonic(raw, labels) if len(raw) >= ISOTONIC_FROM else platt(raw, labels)


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)) without overflow."""
    if z >= 0:
        return 1 / (1 + exp(-z))
    return exp(z) / (1 + exp(z))


def platt(raw: Sequence[float], labels: Sequence[bool]) -> Platt:
    """Fitted on targets that leave room for what was not seen. Never steeper downwards than flat."""
    positives = sum(labels)
    negatives = len(labels) - positives
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    targets = [high if y else low for y in labels]
    a, b = 0.0, log((positives + 1) / (negatives + 1))
    loss = _loss(a, b, raw, targets)
    for _ in range(_STEPS):
        step_a, step_b, size = _step(a, b, raw, targets)
        if size < _ENOUGH:
            break
        stride = 1.0
        while stride > 1e-10:
            tried = _loss(a + stride * step_a, b + stride * step_b, raw, targets)
            if tried < loss:
                a, b, loss = a + stride * step_a, b + stride * step_b, tried
                break
            stride /= 2
        else:
            break
    return Platt(max(a, 0.0), b)


def _loss(a: float, b: float, raw: Sequence[float], targets: Sequence[float]) -> float:
    total = 0.0
    for z, t in zip(raw, targets, strict=True):
        f = a * z + b
        total += (log(1 + exp(-f)) if f >= 0 else log(1 + exp(f)) - f) + (1 - t) * f
    return total


def _step(
    a: float, b: float, raw: Sequence[float], targets: Sequence[float]
) -> tuple[float, float, float]:
    """Newton's step, and the size of the slope."""
    g_a = g_b = 0.0
    h_aa = h_bb = _RIDGE
    h_ab = 0.0
    for z, t in zip(raw, targets, strict=True):
        p = sigmoid(a * z + b)
        d, w = p - t, p * (1 - p)
        g_a, g_b = g_a + d * z, g_b + d
        h_aa, h_ab, h_bb = h_aa + w * z * z, h_ab + w * z, h_bb + w
    det = h_aa * h_bb - h_ab * h_ab
    if det <= 0:
        return 0.0, 0.0, 0.0
    return (
        -(h_bb * g_a - h_ab * g_b) / det,
        -(h_aa * g_b - h_ab * g_a) / det,
        max(abs(g_a), abs(g_b)),
    )


def isotonic(raw: Sequence[float], labels: Sequence[bool]) -> Isotonic:
    """Pool adjacent violators; equal scores are one point, and no rate is 0 or 1."""
    heaps: dict[float, tuple[int, int]] = {}
    for z, y in zip(raw, labels, strict=True):
        count, positives = heaps.get(z, (0, 0))
        heaps[z] = (count + 1, positives + y)
    pools: list[tuple[float, float, int, int]] = []  # first, last, cases, positives
    for z, (count, positives) in sorted(heaps.items()):
        pools.append((z, z, count, positives))
        while len(pools) > 1 and _rate(pools[-2]) >= _rate(pools[-1]):
            right, left = pools.pop(), pools.pop()
            pools.append((left[0], right[1], left[2] + right[2], left[3] + right[3]))
    least = 1 / (len(raw) + 2)
    points: list[tuple[float, float]] = []
    for pool in pools:
        rate = min(max(_rate(pool), least), 1 - least)
        points += [(pool[0], rate)] if pool[0] == pool[1] else [(pool[0], rate), (pool[1], rate)]
    return Isotonic(tuple(z for z, _ in points), tuple(rate for _, rate in points))


def _rate(pool: tuple[float, float, int, int]) -> float:
    return pool[3] / pool[2]
