"""Leads and what became of them: what may be learnt from, and how it is parted by time. Pure.

A case is a lead as it stood when it was decided about; it is positive where its outcome came within the
horizon. Only cases that had the whole horizon behind them (mature ones) say anything. They are parted by
time, never by chance: a random split hides that the world changes (domain sheet 3.11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

# Below these nothing is learnt.
LEAST_POSITIVES, LEAST_MONTHS = 100, 3
# The shares of the cases that a model is fitted on, and that come before those that judge it; what lies
# between makes its probabilities honest.
FITTED, BEFORE_JUDGING = 0.60, 0.75


class NotEnough(Exception):
    """There are too few outcomes to learn anything; wait, or bring more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column says what. `features`: those that a model may use; empty: all others.

    `rules` is the score by rules at that time, `recency` is higher for what is fresher (days since the last
    event with a minus): what a model has to beat. `keep` are columns that stay although they look suspicious.
    """

    id: str
    decided_at: str
    outcome: str
    outcome_at: str | None = None
    rules: str | None = None
    recency: str | None = None
    features: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    @property
    def reserved(self) -> frozenset[str]:
        """Columns that are never features by themselves."""
        named = {self.id, self.decided_at, self.outcome, self.outcome_at, self.rules, self.recency}
        return frozenset(one for one in named if one) | frozenset(self.leave_out)


class Lead(NamedTuple):
    """One row: what was known when it was decided about, as text, and what became of it."""

    id: str
    decided_at: datetime
    won: bool
    won_at: datetime | None
    features: Mapping[str, str]
    rules: float | None = None
    recency: float | None = None


class Case(NamedTuple):
    """A mature lead, and whether its outcome came within the horizon."""

    lead: Lead
    positive: bool


class Cohort(NamedTuple):
    """Mature cases by time, and how many rows were left aside, by reason."""

    cases: tuple[Case, ...]
    unripe: int
    won_before: int


class Split(NamedTuple):
    """Three runs of time: to fit on, to calibrate on, to be judged by."""

    fitted: tuple[Case, ...]
    calibrated: tuple[Case, ...]
    judged: tuple[Case, ...]


def ripe(leads: Sequence[Lead], horizon: timedelta, as_of: datetime) -> Cohort:
    """The cases that can be learnt from, as seen at `as_of`, earliest first.

    A lead that had won before it was decided about is left aside: its features are not of that time.
    """
    before = [one for one in leads if one.won_at is not None and one.won_at < one.decided_at]
    aside = {id(one) for one in before}
    rest = [one for one in leads if id(one) not in aside]
    mature = [one for one in rest if one.decided_at + horizon <= as_of]
    cases = sorted(
        (Case(one, _won_within(one, horizon)) for one in mature),
        key=lambda case: (case.lead.decided_at, case.lead.id),
    )
    return Cohort(tuple(cases), len(rest) - len(mature), len(before))


def _won_within(lead: Lead, horizon: timedelta) -> bool:
    return lead.won and (lead.won_at is None or lead.won_at - lead.decided_at <= horizon)


def last_known(leads: Sequence[Lead]) -> datetime:
    """The latest moment that the rows tell of: what they can be seen as of."""
    return max(moment for one in leads for moment in (one.decided_at, one.won_at) if moment)


def need_enough(cases: Sequence[Case]) -> None:
    """Raises `NotEnough` below 100 positives or three months."""
    positives = sum(case.positive for case in cases)
    months = len({month_of(case) for case in cases})
    if positives < LEAST_POSITIVES or months < LEAST_MONTHS:
        raise NotEnough(
            f"{positives} positive outcomes in {months} mature months: at least {LEAST_POSITIVES} in "
            f"{LEAST_MONTHS} are needed. Until then scores by rules are the better guide"
        )


def month_of(case: Case) -> str:
    """The month in which a case was decided, like ``2026-11``."""
    return f"{case.lead.decided_at:%Y-%m}"


def split(cases: Sequence[Case]) -> Split:
    """The cases by time; those of one moment stay together.

    Raises `NotEnough` where a part has not both kinds.
    """
    first, second = (
        _boundary(cases, round(share * len(cases))) for share in (FITTED, BEFORE_JUDGING)
    )
    parts = Split(tuple(cases[:first]), tuple(cases[first:second]), tuple(cases[second:]))
    for name, part in zip(parts._fields, parts, strict=True):
        if len({case.positive for case in part}) < 2:
            raise NotEnough(
                f"the {len(part)} cases to be {name} have not both outcomes: bring a longer time"
            )
    return parts


def halves(cases: Sequence[Case]) -> tuple[Sequence[Case], Sequence[Case]]:
    """The earlier and the later half of the cases; those of one moment stay together."""
    middle = _boundary(cases, len(cases) // 2)
    return cases[:middle], cases[middle:]


def _boundary(cases: Sequence[Case], at: int) -> int:
    while 0 < at < len(cases) and cases[at].lead.decided_at == cases[at - 1].lead.decided_at:
        at -= 1
    return at
