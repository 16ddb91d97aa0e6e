"""Columns that seem to know the outcome: filled or dated afterwards, or too good to be true. Pure.

A model that may look at them is worth nothing where it is to be used, since there they are still blank. All
of it is suspicion: a person may insist on a column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from intent.learning.features import NUMBERS, number_of
from intent.learning.measures import auc
from intent.learning.outcomes import Case

Why = Literal["filled_for_winners", "dated_after", "too_good", "telling"]
# Filled for so many winners, and for so few of the others.
WINNERS_FILLED, OTHERS_FILLED = 0.20, 0.02
# An AUC that one honest column alone hardly ever has, one that wants a look by somebody who knows when the
# column is filled in, and the share of dates that lie after the decision.
TOO_GOOD, TELLING, DATED_AFTER = 0.90, 0.70, 0.05


class Suspicion(NamedTuple):
    """A column, what is odd about it, and how odd: a share or an AUC.

    A `telling` one may be honest; the others are not used unless a person insists.
    """

    column: str
    why: Why
    number: float
    insisted: bool = False

    @property
    def bans(self) -> bool:
        return self.why != "telling" and not self.insisted


def suspicions(cases: Sequence[Case], columns: Sequence[str]) -> list[Suspicion]:
    """What is odd about each column, at most one thing each; the cases come by time."""
    labels = [case.positive for case in cases]
    found = []
    for column in columns:
        cells = [case.lead.features.get(column, "").strip() for case in cases]
        odd = _filled(column, cells, labels) or _dated(column, cells, cases)
        odd = odd or _too_good(column, cells, labels)
        if odd is not None:
            found.append(odd)
    return found


def _filled(column: str, cells: Sequence[str], labels: Sequence[bool]) -> Suspicion | None:
    winners = _share([bool(c) for c, y in zip(cells, labels, strict=True) if y])
    others = _share([bool(c) for c, y in zip(cells, labels, strict=True) if not y])
    if winners >= WINNERS_FILLED and others <= OTHERS_FILLED:
        return Suspicion(column, "filled_for_winners", winners)
    return None


def _dated(column: str, cells: Sequence[str], cases: Sequence[Case]) -> Suspicion | None:
    dates = [
        (date, case.lead.decided_at)
        for cell, case in zip(cells, cases, strict=True)
        if cell and (date := date_of(cell)) is not None
    ]
    after = _share([date.date() > decided.date() for date, decided in dates])
    if len(dates) > len(cases) / 100 and after >= DATED_AFTER:
        return Suspicion(column, "dated_after", after)
    return None


def date_of(cell: str) -> datetime | None:
    """The ISO date or time in a cell, UTC where it names no zone; None for anything else."""
    if len(cell) < len("2026-01-01") or cell[4:5] != "-":
        return None
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _too_good(column: str, cells: Sequence[str], labels: Sequence[bool]) -> Suspicion | None:
    alone = column_auc(cells, labels)
    if alone < TELLING:
        return None
    return Suspicion(column, "too_good" if alone >= TOO_GOOD else "telling", alone)


def column_auc(cells: Sequence[str], labels: Sequence[bool]) -> float:
    """How well one column alone ranks, in whichever direction.

    Numbers rank as they are, blanks last or first. Words rank by their rates in the other half of the cases,
    so that a column of names gains nothing.
    """
    if not 0 < sum(labels) < len(labels):
        return 0.5
    filled = [cell for cell in cells if cell]
    numbers = [number_of(cell) for cell in cells]
    if filled and sum(n is not None for n in numbers) >= NUMBERS * len(filled):
        lowest = min(n for n in numbers if n is not None) - 1
        highest = max(n for n in numbers if n is not None) + 1
        ways = [
            auc(labels, [blank if n is None else n for n in numbers]) for blank in (lowest, highest)
        ]
    else:
        ways = [auc(labels, _rates(cells, labels))]
    return max(max(way, 1 - way) for way in ways)


def _rates(cells: Sequence[str], labels: Sequence[bool]) -> list[float]:
    """The rate of each case's word among the cases of the other half, drawn towards the rate of all."""
    usual = sum(labels) / len(labels)
    counts: list[dict[str, tuple[int, int]]] = [defaultdict(lambda: (0, 0)) for _ in range(2)]
    for n, (cell, y) in enumerate(zip(cells, labels, strict=True)):
        total, positives = counts[n % 2][cell]
        counts[n % 2][cell] = (total + 1, positives + y)
    found = []
    for n, cell in enumerate(cells):
        total, positives = counts[1 - n % 2][cell]
        found.append((positives + usual) / (total + 1))
    return found


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
