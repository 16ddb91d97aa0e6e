"""Columns of text as numbers: how each is read is learnt once, from the fitted cases, and kept. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import copysign, isfinite, log1p, sqrt
from typing import NamedTuple

# A column is one of numbers where so many of its filled cells are; of words, a value counts from so many
# cases on, and so many values at most. Columns with a value of its own for every other case are names.
NUMBERS, LEAST_CASES, MOST_WORDS, NAMES = 0.95, 20, 30, 0.5
# Standard deviations beyond which a number says no more.
FARTHEST = 5.0


class Numbers(NamedTuple):
    """A column of numbers: standardised, in logarithms where it is lopsided; blank is told apart."""

    column: str
    mean: float
    scale: float
    logarithm: bool


class Words(NamedTuple):
    """A column of words: one number for each that is frequent; all others are none of them."""

    column: str
    words: tuple[str, ...]


Reading = Numbers | Words


def number_of(cell: str) -> float | None:
    """The number in a cell; None for anything else."""
    try:
        found = float(cell)
    except ValueError:
        return None
    return found if isfinite(found) else None


def learn_readings(
    rows: Sequence[Mapping[str, str]], columns: Sequence[str]
) -> tuple[Reading, ...]:
    """How each column is read. Columns that never differ, and names, are left out."""
    found = (_learn(column, [row.get(column, "").strip() for row in rows]) for column in columns)
    return tuple(one for one in found if one is not None)


def _learn(column: str, cells: Sequence[str]) -> Reading | None:
    filled = [cell for cell in cells if cell]
    if len(set(cells)) < 2 or not filled:
        return None
    numbers = [found for cell in filled if (found := number_of(cell)) is not None]
    if len(numbers) >= NUMBERS * len(filled) and len(set(numbers)) > 1:
        return _numbers(column, numbers)
    counts = Counter(filled)
    if len(counts) > NAMES * len(filled):
        return None
    words = tuple(w for w, n in counts.most_common(MOST_WORDS) if LEAST_CASES <= n < len(cells))
    return Words(column, words) if words else None


def _numbers(column: str, numbers: Sequence[float]) -> Numbers:
    mean, scale = _spread(numbers)
    skewed = sum(((x - mean) / scale) ** 3 for x in numbers) / len(numbers)
    if abs(skewed) <= 2:
        return Numbers(column, mean, scale, logarithm=False)
    return Numbers(column, *_spread([_log(x) for x in numbers]), logarithm=True)


def _spread(numbers: Sequence[float]) -> tuple[float, float]:
    mean = sum(numbers) / len(numbers)
    return mean, sqrt(sum((x - mean) ** 2 for x in numbers) / len(numbers)) or 1.0


def _log(x: float) -> float:
    return copysign(log1p(abs(x)), x)


def vector(row: Mapping[str, str], readings: Sequence[Reading]) -> list[float]:
    """One case as numbers: two for a column of numbers (value, blank), one for each word."""
    found: list[float] = []
    for reading in readings:
        cell = row.get(reading.column, "").strip()
        if isinstance(reading, Numbers):
            value = number_of(cell)
            found += [0.0, 1.0] if value is None else [_standard(value, reading), 0.0]
        else:
            found += [float(cell == word) for word in reading.words]
    return found


def names(readings: Sequence[Reading]) -> list[str]:
    """What each number of a vector stands for."""
    found: list[str] = []
    for reading in readings:
        if isinstance(reading, Numbers):
            found += [reading.column, f"{reading.column} is blank"]
        else:
            found += [f"{reading.column} = {word}" for word in reading.words]
    return found


def _standard(value: float, reading: Numbers) -> float:
    found = ((_log(value) if reading.logarithm else value) - reading.mean) / reading.scale
    return min(max(found, -FARTHEST), FARTHEST)
