"""Whether an account comes more often than it is used to: a short window against its own baseline. Pure.

What is counted are visitor-days, not page views: views come in bursts. The numbers are those of the domain
sheet, section 3.6; its test is a negative binomial one whose variance follows the account's own restlessness:

    rate       lambda   = (visits of 90 days + 0.5) / (90 + 2.5)            per day
    expected   mu       = 7 * lambda
    dispersion phi      = max(1, (sum of (b - mean)^2 / mean over 12 weeks + 4 * 1.5) / (11 + 4))
    variance   V        = phi * mu * (1 + 7/90)
    surprise            = -log10 P(NegBin(mu, V) >= count)
    ratio               = (count/7 + 0.05) / (visits of 90 days/90 + 0.05)

Topics are tested like accounts, with the visitor-days on which something about them counted. Of many tests
some go off by chance, so all topics together have one `tail` to share, each topic of the definition alike
(Bonferroni): dividing it by those that are looked at would not hold it, since those are looked at *because*
they were visited.

Holidays lower everybody. With the counts of the whole site a day weighs as much as its week was busy, so 7
and 90 above become sums of such weights. Rates are divided this way instead of counts, which stay whole
numbers with the variance of whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, inf, lgamma, log, log1p, log10
from typing import Literal, NamedTuple

from intent.definition import SurgeRule
from intent.model import UNKNOWN, SurgeStanding

SHORT = 7
LONG = 90
DAYS = LONG + SHORT
WEEKS = LONG // SHORT
# What is believed of an account before anything is known: Gamma(0.5, 2.5 days), 0.2 visits a day.
PRIOR_VISITS = 0.5
PRIOR_DAYS = 2.5
# Before anything is known about its restlessness: a dispersion of 1.5, worth four weeks.
PRIOR_DISPERSION = 1.5
PRIOR_WEEKS = 4
LEAST_WEEK = 0.2
RATIO_FLOOR = 0.05
# So many visits a week of others make a calendar half believed: a small site knows no holidays.
CALENDAR_VISITS = 20.0
# What is left of a sum may be so small a part of it.
NEGLIGIBLE = 1e-15

Change = Literal["begin", "stay", "louder", "end"]


@dataclass(frozen=True, slots=True)
class Surge:
    """What one test of an account found: of all its visits, or of those about a topic.

    `count`: visitor-days of the last week, `expected`: how many were to be expected, `ratio`: how many times
    the usual, `surprise`: -log10 of how probable so many are, `days`: on how many days they fell. `is_new`:
    nothing at all was seen of the account in the 90 days before, so there is no usual to compare with.
    """

    is_surge: bool
    count: int
    expected: float
    ratio: float
    surprise: float
    days: int
    topic: str = UNKNOWN
    is_new: bool = False


class Standing(NamedTuple):
    """What is to be remembered of a surge, and what changed. Only `begin` and `louder` are news.

    `change` is None where there is no surge that anybody is told of, and was none at the look before.
    """

    kept: SurgeStanding | None
    change: Change | None

    @property
    def surges(self) -> bool:
        """Whether the subject surges now."""
        return self.kept is not None and not self.kept.is_over


class Look(NamedTuple):
    """What all tests of an account come to.

    `kept`: what is to be remembered, by topic (the empty text: altogether), None: nothing. `since`: when the
    first of the surges that stand began. `told`: the one to speak of, None where none is found today.
    `is_news`: one began, or grew clearly.
    """

    kept: Mapping[str, SurgeStanding | None]
    since: datetime | None
    told: Surge | None
    is_news: bool


def surge(
    rule: SurgeRule,
    counts: Sequence[int],
    site: Sequence[int] | None = None,
    own: Sequence[int] | None = None,
) -> Surge:
    """Test the last seven of 97 daily visitor-day counts, oldest first.

    `site`: the same days of everybody, the account included; None: every day is like the other. `own`: the
    part of the account in them, where that is more than `counts`. A hard event is a trigger of its own and
    needs no surge. Raises `ValueError` for any other number of days.
    """
    if len(counts) != DAYS or (site is not None and len(site) != DAYS):
        raise ValueError(f"a surge is told by {DAYS} days")
    weights = [1.0] * DAYS if site is None else calendar(counts if own is None else own, site)
    before, count = sum(counts[:LONG]), sum(counts[LONG:])
    long, short = sum(weights[:LONG]), sum(weights[LONG:])
    expected = short * (before + PRIOR_VISITS) / (long + PRIOR_DAYS)
    variance = dispersion(counts, weights) * expected * (1 + short / long)
    surprise = -log_tail(count, expected, variance) / log(10)
    ratio = (count / short + RATIO_FLOOR) / (before / long + RATIO_FLOOR)
    days = sum(one > 0 for one in counts[LONG:])
    found = (
        surprise > -log10(rule.tail)
        and ratio >= rule.ratio
        and count >= rule.least
        and days >= rule.least_days
    )
    is_new = not any((counts if own is None else own)[:LONG])
    return Surge(found, count, expected, ratio, surprise, days, is_new=is_new)


def every_test(
    rule: SurgeRule,
    whole: Sequence[int],
    by_topic: Mapping[str, Sequence[int]],
    topics: int,
    site: Sequence[int] | None = None,
) -> dict[str, Surge]:
    """The tests of an account altogether (the empty text), and of those topics that are worth a look.

    `topics`: of how many those are, which is what their common `tail` is divided by.
    """
    each = replace(rule, tail=rule.tail / max(1, topics))
    found = {UNKNOWN: surge(rule, whole, site)}
    for topic, counts in by_topic.items():
        found[topic] = replace(surge(each, counts, site, own=whole), topic=topic)
    return found


def look(
    rule: SurgeRule,
    before: Mapping[str, SurgeStanding],
    found: Mapping[str, Surge],
    at: datetime,
) -> Look:
    """What becomes of an account's surges, each by `standing`. Spoken of is a topic before all of them."""
    after = {topic: standing(rule, before.get(topic), one, at) for topic, one in found.items()}
    standing_now = {topic: one.kept for topic, one in after.items() if one.kept and one.surges}
    loud = [one for topic, one in found.items() if one.is_surge and topic in standing_now]
    return Look(
        {topic: one.kept for topic, one in after.items()},
        since_of(standing_now.values()),
        max(loud, key=lambda one: (one.topic != UNKNOWN, one.surprise), default=None),
        any(one.change in ("begin", "louder") for one in after.values()),
    )


def since_of(standings: Iterable[SurgeStanding]) -> datetime | None:
    """When the first of the surges that are not over began; None: there is none."""
    return min((one.since for one in standings if not one.is_over), default=None)


def calendar(counts: Sequence[int], site: Sequence[int]) -> list[float]:
    """How much of a usual day each day was, by the visits of all others in its week; 1.0 on average.

    The account itself is left out, or its own surge would hide behind the calendar that it makes.
    """
    others = [max(0, all_of_them - own) for own, all_of_them in zip(counts, site, strict=True)]
    usual = sum(others[:LONG]) / LONG
    weights: list[float] = []
    for begin, end in _weeks():
        of_a_day = sum(others[begin:end]) / (end - begin)
        believed = CALENDAR_VISITS / SHORT
        weights += [(of_a_day + believed) / (usual + believed)] * (end - begin)
    return weights


def dispersion(counts: Sequence[int], weights: Sequence[float]) -> float:
    """How much more the weeks before differ than chance would have it; 1.0: not at all."""
    first = LONG - WEEKS * SHORT
    spans = [(begin, begin + SHORT) for begin in range(first, LONG, SHORT)]
    seen = [sum(counts[begin:end]) for begin, end in spans]
    weight = [sum(weights[begin:end]) for begin, end in spans]
    usual = sum(seen) / sum(weight)
    strayed = sum(
        (one - usual * share) ** 2 / max(usual * share, LEAST_WEEK)
        for one, share in zip(seen, weight, strict=True)
    )
    believed = PRIOR_WEEKS * PRIOR_DISPERSION
    return max(1.0, (strayed + believed) / (WEEKS - 1 + PRIOR_WEEKS))


def log_tail(count: int, mean: float, variance: float) -> float:
    """The natural logarithm of P(X >= count) for a negative binomial X; the variance exceeds the mean.

    Sums the side of `count` that has less to it, each term out of the one before.
    """
    if count <= 0:
        return 0.0
    fade = (variance - mean) / variance
    size = mean * mean / (variance - mean)
    if count > mean:
        return min(0.0, _log_at(count, size, fade) + log(_upward(count, size, fade)))
    below = exp(_log_at(count - 1, size, fade)) * _downward(count - 1, size, fade)
    return log1p(-below) if below < 1 else -inf


def standing(rule: SurgeRule, before: SurgeStanding | None, found: Surge, at: datetime) -> Standing:
    """What becomes of a surge with a new look at it, so that nobody is told of the same one twice.

    A surge ends when the ratio falls below `exit_ratio`, or after `quiet_days`. Within these days since it
    began only what is more surprising by `louder` is another one; the rest of it stays over.
    """
    new = SurgeStanding(at, found.surprise)
    if before is None or at >= before.since + timedelta(days=rule.quiet_days):
        if found.is_surge:
            return Standing(new, "begin")
        return Standing(None, "end" if before is not None and not before.is_over else None)
    if found.is_surge and found.surprise >= before.surprise + rule.louder:
        return Standing(before._replace(surprise=found.surprise, is_over=False), "louder")
    if before.is_over:
        return Standing(before, None)
    if found.ratio < rule.exit_ratio:
        return Standing(before._replace(is_over=True), "end")
    return Standing(before, "stay")


def _weeks() -> list[tuple[int, int]]:
    """The weeks of the days, the oldest first; it is the one that may be short."""
    ends = list(range(DAYS, 0, -SHORT))[::-1]
    return [(max(0, end - SHORT), end) for end in ends]


def _log_at(count: int, size: float, fade: float) -> float:
    """The logarithm of P(X = count)."""
    ways = lgamma(count + size) - lgamma(size) - lgamma(count + 1)
    return ways + size * log1p(-fade) + count * log(fade)


def _upward(count: int, size: float, fade: float) -> float:
    """The sum of P(X = k) / P(X = count) over k >= count, for a count above the mean."""
    total = term = 1.0
    while True:
        step = (count + size) / (count + 1) * fade
        term *= step
        total += term
        count += 1
        # The steps move towards `fade` from one side, so the larger of both bounds all that is left.
        bound = max(step, fade)
        if term * bound < NEGLIGIBLE * total * (1 - bound):
            return total


def _downward(count: int, size: float, fade: float) -> float:
    """The sum of P(X = k) / P(X = count) over k <= count, for a count below the mean."""
    total = term = 1.0
    while count > 0 and term > NEGLIGIBLE * total:
        term *= count / ((count - 1 + size) * fade)
        total += term
        count -= 1
    return total
