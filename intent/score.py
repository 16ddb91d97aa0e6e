"""Scores, read off decayed sums: engagement, topics, fit, bands, and people who add up to an account. Pure.

    E(t) = sum of C * (1 - exp(-x(t) / C)) over the families, negative ones subtracted, within 0 and 100

C is a family's cap, x its decayed sum (domain sheet, sections 3.1, 3.3 and 3.5). Caps live here and not in
the sums, where they would make a score depend on the order in which events came in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from math import expm1
from typing import NamedTuple

from connector.port import Values
from intent.decay import NOTHING, State, merge, read
from intent.definition import AccountRule, Bands, Definition, Family, FitRule
from intent.model import Millis, StateKey

MOST = 100.0
MINUTE: Millis = 60 * 1000


class AccountScore(NamedTuple):
    """An account: its score (0-100), how many of its people are active, and how many people the score
    amounts to (1.0: a single enthusiast, whatever the number of names).
    """

    score: float
    active: int
    effective: float


def family_sums(
    definition: Definition, states: Mapping[StateKey, State], at: Millis
) -> dict[str, float]:
    """The points of each family at an instant, over all topics. States of another definition are left out."""
    found: dict[str, float] = defaultdict(float)
    for key, state in states.items():
        family = definition.families.get(key.family)
        if family is not None and key.definition == definition.hash:
            found[key.family] += read(state, at, family.half_life)
    return dict(found)


def engagement(definition: Definition, sums: Mapping[str, float]) -> float:
    """The score of a subject out of the points of each family; 0-100."""
    return _within(sum(part.adds for part in parts(definition, sums)))


class Part(NamedTuple):
    """A family's share of a score: its points before the cap, the cap, and what it adds (below zero: takes
    off)."""

    family: str
    points: float
    cap: float
    adds: float


def parts(definition: Definition, sums: Mapping[str, float]) -> tuple[Part, ...]:
    """What each family adds to a score; together they are the score, within 0 and 100."""
    held = ((family, sums.get(family.name, 0.0)) for family in definition.families.values())
    return tuple(Part(one.name, points, one.cap, _worth(one, points)) for one, points in held)


def topic_scores(
    definition: Definition, states: Mapping[StateKey, State], at: Millis
) -> tuple[tuple[str, float], ...]:
    """What the events of each topic alone would score, the strongest first.

    Events without a topic and topics that the definition has no name for are left out.
    """
    by_topic: dict[str, dict[StateKey, State]] = defaultdict(dict)
    for key, state in states.items():
        if key.topic in definition.topics:
            by_topic[key.topic][key] = state
    scored = (
        (topic, engagement(definition, family_sums(definition, found, at)))
        for topic, found in by_topic.items()
    )
    return tuple(sorted((row for row in scored if row[1] > 0), key=lambda row: (-row[1], row[0])))


def fit(
    rules: Sequence[FitRule],
    records: Mapping[str, Values],
    holds: Callable[[FitRule, Values], bool],
) -> float | None:
    """How well a person and a company fit, 0-100: the points of all rules that hold.

    `records` are the values by the rules' `on` (contacts, companies), `holds` tells whether the condition of
    a rule does (see `intent.fitting`). None where no rule speaks of these records: nothing is known.
    """
    spoken = [rule for rule in rules if rule.on in records]
    if not spoken:
        return None
    return _within(sum(rule.points for rule in spoken if holds(rule, records[rule.on])))


def band(bands: Bands, fit_score: float | None, engaged: float) -> str:
    """A letter of fit and a digit of engagement, A1 to C3.

    An unknown fit (None) is a C: nothing is known that would put it higher. The card says apart from the
    band whether a fit is known.
    """
    return f"{letter(bands, fit_score)}{digit(bands, engaged)}"


def letter(bands: Bands, fit_score: float | None) -> str:
    """The letter of a band: A fits best."""
    if fit_score is None or fit_score < bands.fit_b:
        return "C"
    return "A" if fit_score >= bands.fit_a else "B"


def digit(bands: Bands, engaged: float) -> int:
    """The digit of a band: 1 is the most engaged, 3 the least."""
    if engaged >= bands.one:
        return 1
    return 2 if engaged >= bands.two else 3


def share_of(rule: AccountRule, engaged: float) -> float:
    """What somebody of this engagement adds to the score of their account."""
    return _capped(rule.person_cap, engaged)


def account(
    rule: AccountRule,
    people: Sequence[float],
    anonymous: float,
    *,
    lately: Sequence[bool] | None = None,
) -> AccountScore:
    """People and anonymous visits in one score.

    `people` are the engagements of the people of an account, `anonymous` the sum of those of visitors whom
    nobody knows. Each person saturates, so that one enthusiast or one crawler cannot heat an account.
    `lately`: who of the people was active within `rule.active_within`; None: all of them.
    """
    known = sum(share_of(rule, one) for one in people)
    recent = repeat(True) if lately is None else lately
    active = sum(
        was_there and one >= rule.active_points
        for one, was_there in zip(people, recent, strict=lately is not None)
    )
    return AccountScore(
        _within(known + rule.anonymous_share * anonymous), active, _effective_number(people)
    )


def falls(
    definition: Definition, states: Mapping[StateKey, State], at: Millis, rounding: float = 0.0
) -> Millis | None:
    """When the digit of the band falls next if nothing happens, late by a minute at most.

    `rounding`: how far below a threshold a score still passes for it, because it is told in whole points.
    None where it is the lowest already. Negative points fade too, so a score may rise on its way down.
    """
    bands = definition.bands
    now = digit(bands, engagement(definition, family_sums(definition, states, at)) + rounding)
    threshold = {1: bands.one, 2: bands.two}.get(now, 0.0) - rounding
    if threshold <= 0:
        return None
    course = _Course.of(definition, states)
    wait = MINUTE
    while course.gains(at + wait) >= threshold:
        wait *= 2
    return _first_below(course, threshold, at, at + wait)


class _Course(NamedTuple):
    """Where a score goes when nothing happens: two falling curves, the points and what is taken off."""

    positive: tuple[tuple[Family, State], ...]
    negative: tuple[tuple[Family, State], ...]

    @classmethod
    def of(cls, definition: Definition, states: Mapping[StateKey, State]) -> _Course:
        merged: dict[str, State] = {}
        for key, state in states.items():
            family = definition.families.get(key.family)
            if family is not None and key.definition == definition.hash:
                before = merged.get(key.family, NOTHING)
                merged[key.family] = merge(before, state, family.half_life)
        rows = [(definition.families[name], state) for name, state in merged.items()]
        return cls(
            tuple(row for row in rows if not row[0].negative),
            tuple(row for row in rows if row[0].negative),
        )

    def gains(self, at: Millis) -> float:
        return _total(self.positive, at)

    def losses(self, at: Millis) -> float:
        return _total(self.negative, at)


def _first_below(course: _Course, threshold: float, begin: Millis, end: Millis) -> Millis | None:
    """The first minute between two instants in which the score is below a threshold.

    Both curves only fall, so between two instants the score is never below the gains at the end less the
    losses at the beginning: halves that cannot hold the crossing are passed over, and none is missed.
    """
    if course.gains(end) - course.losses(begin) >= threshold:
        return None
    if end - begin <= MINUTE:
        return end if course.gains(end) - course.losses(end) < threshold else None
    middle = (begin + end) // 2
    found = _first_below(course, threshold, begin, middle)
    return _first_below(course, threshold, middle, end) if found is None else found


def _total(rows: Sequence[tuple[Family, State]], at: Millis) -> float:
    return sum(_capped(family.cap, read(state, at, family.half_life)) for family, state in rows)


def _worth(family: Family, points: float) -> float:
    worth = _capped(family.cap, points)
    return -worth if family.negative else worth


def _capped(cap: float, points: float) -> float:
    """Grows as the points do while they are few, and never above the cap."""
    return -cap * expm1(-points / cap)


def _within(score: float) -> float:
    return min(MOST, max(0.0, score))


def _effective_number(people: Sequence[float]) -> float:
    """(sum of x)^2 / sum of x^2: the number of equally engaged people that would weigh the same."""
    most = max(people, default=0.0)
    if most <= 0:
        return 0.0
    shares = [one / most for one in people]
    return sum(shares) ** 2 / sum(share * share for share in shares)
