"""Rates that may be said aloud: with an interval, and not at all where there are too few cases. Pure.

    Wilson   (p + z^2/2n +- z * sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)      z = 1.96, 95 %

(Domain sheet, section 4.1.)
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

Z = 1.959963984540054
# Below so many cases a rate says more about chance than about anybody.
LEAST = 30


class Interval(NamedTuple):
    """Where the true rate lies in 95 of 100 such samples."""

    low: float
    high: float


class Rate(NamedTuple):
    """So many of so many. `value` and `interval` are None below `LEAST` cases."""

    hits: int
    cases: int

    @property
    def value(self) -> float | None:
        return self.hits / self.cases if self.cases >= LEAST else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.hits, self.cases) if self.cases >= LEAST else None


def wilson(hits: int, cases: int) -> Interval:
    """The interval of a rate. Raises `ValueError` where there are no cases, or more hits than cases."""
    if cases < 1 or not 0 <= hits <= cases:
        raise ValueError(f"{hits} of {cases} is no rate")
    share, square = hits / cases, Z * Z
    middle = share + square / (2 * cases)
    margin = Z * sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    whole = 1 + square / cases
    # At both ends the interval reaches them, whatever rounding leaves.
    low = (middle - margin) / whole if hits else 0.0
    high = (middle + margin) / whole if hits < cases else 1.0
    return Interval(max(0.0, low), min(1.0, high))
