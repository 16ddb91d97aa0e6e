"""How often a surge is a false alarm, and how often a real one is found. Simulated; the dice are fixed.

::

    python -m bench surge [ACCOUNTS]     6,000 accounts for each row, in some minutes

Accounts of three temperaments come as they always do, or five times as often in the last week. The calendar
is tried on sites whose every account has a holiday or a fair, hysteresis by looking every day for four weeks.
Of accounts whose visits fall on eight topics every busy one is tested as well; the real one is that somebody
begins to come for the topic that they came for least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, sqrt
from random import Random
from typing import Any

from intent.definition import SurgeRule
from intent.model import SurgeStanding
from intent.surge import DAYS, LONG, SHORT, Surge, every_test, standing, surge

ACCOUNTS = 6_000
SEED = 20_261_128
LOUD = 5.0
LOOKS = 28
START = datetime(2026, 6, 1, tzinfo=UTC)
RULE = SurgeRule()
TOPICS = 8
# How often each topic is what somebody comes for, beside the first one.
SHARES = [1 / (rank + 1) for rank in range(TOPICS)]
# On which days of the last week somebody comes for the topic that nobody came for much.
TURNED = (LONG + 1, LONG + 2, LONG + 4, LONG + 5)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Temper:
    """How an account comes: visitor-days a day, and how bursty (the k of a negative binomial; None: not)."""

    name: str
    rate: float
    burst: float | None = None

    def days(self, dice: Random, factors: Sequence[float]) -> list[int]:
        """Counts of days whose usual number of visits is multiplied by these factors."""
        return [poisson(dice, self._rate(dice) * factor) for factor in factors]

    def _rate(self, dice: Random) -> float:
        if self.burst is None:
            return self.rate
        return dice.gammavariate(self.burst, self.rate / self.burst)


QUIET = Temper("quiet, 0.2 a day", 0.2)
USUAL = Temper("0.5 a day", 0.5)
BURSTY = Temper("very bursty, 2 a day (k = 0.3)", 2.0, 0.3)


@dataclass(frozen=True, slots=True)
class Season:
    """What the days of the whole site are like, and how many visitor-days it has on a usual one."""

    name: str
    site: float
    factors: tuple[float, ...]


def weeks(window: float = 1.0, *, low_weeks: int = 0, low: float = 0.3) -> tuple[float, ...]:
    """97 days: some low weeks in the middle of the past, and the factor of the last week."""
    past = [1.0] * LONG
    begin = LONG - (3 + low_weeks) * SHORT
    past[begin : begin + low_weeks * SHORT] = [low] * low_weeks * SHORT
    return (*past, *[window] * SHORT)


SEASONS = (
    Season("an ordinary quarter", 200, weeks()),
    Season("an ordinary quarter of a small site", 3, weeks()),
    Season("the last week is a holiday (0.3 x)", 200, weeks(0.3)),
    Season("the last week is a fair (2.5 x)", 200, weeks(2.5)),
    Season("three holiday weeks before (0.3 x)", 200, weeks(low_weeks=3)),
)


def measure(say: Say, accounts: int = ACCOUNTS) -> dict[str, Any]:
    """All four tables, printed as they stand in the documentation."""
    return {
        "accounts": accounts,
        "tempers": _tempers(say, accounts),
        "calendar": _calendar(say, accounts),
        "hysteresis": _hysteresis(say, accounts // 4),
        "topics": _by_topic(say, accounts),
    }


def _tempers(say: Say, accounts: int) -> list[dict[str, Any]]:
    say("| account | false alarms per look | found | 3 x the usual, 3 visits: false | found |")
    say("| --- | --- | --- | --- | --- |")
    rows = []
    for temper in (QUIET, USUAL, BURSTY):
        dice = Random(SEED)
        calm = [surge(RULE, temper.days(dice, weeks())) for _ in range(accounts)]
        loud = [surge(RULE, temper.days(dice, weeks(LOUD))) for _ in range(accounts)]
        row = {
            "account": temper.name,
            "false": _share(found.is_surge for found in calm),
            "found": _share(found.is_surge for found in loud),
            "naive_false": _share(map(_naive, calm)),
            "naive_found": _share(map(_naive, loud)),
        }
        rows.append(row)
        told = (row["false"], row["found"], row["naive_false"], row["naive_found"])
        say(f"| {temper.name} | " + " | ".join(f"{one:.2%}" for one in told) + " |")
    return rows


def _calendar(say: Say, accounts: int) -> list[dict[str, Any]]:
    say(
        "| site (accounts of 0.5 a day) | false alarms per look | with the calendar | found | with it |"
    )
    say("| --- | --- | --- | --- | --- |")
    rows = []
    for season in SEASONS:
        dice = Random(SEED)
        calm = [_both(dice, season, 1.0) for _ in range(accounts)]
        loud = [_both(dice, season, LOUD) for _ in range(accounts)]
        told = [
            _share(pair[with_it].is_surge for pair in looks)
            for looks in (calm, loud)
            for with_it in (0, 1)
        ]
        names = ("false", "false_with", "found", "found_with")
        rows.append({"site": season.name, **dict(zip(names, told, strict=True))})
        say(f"| {season.name} | " + " | ".join(f"{one:.2%}" for one in told) + " |")
    return rows


def _both(dice: Random, season: Season, factor: float) -> tuple[Surge, Surge]:
    """One account without and with the calendar; its last week is that of the season times a factor."""
    factors = [*season.factors[:LONG], *(one * factor for one in season.factors[LONG:])]
    own = USUAL.days(dice, factors)
    others = Temper("site", season.site).days(dice, season.factors)
    site = [mine + all_others for mine, all_others in zip(own, others, strict=True)]
    return surge(RULE, own), surge(RULE, own, site)


def _hysteresis(say: Say, accounts: int) -> list[dict[str, Any]]:
    say(
        "| account, looked at daily for 28 days | days with a surge per account | told per account |"
    )
    say("| --- | --- | --- |")
    rows = []
    for temper in (QUIET, USUAL, BURSTY):
        for name, factor in (("as always", 1.0), ("one week of 5 x", LOUD)):
            dice = Random(SEED)
            looked = [_looks(dice, temper, factor) for _ in range(accounts)]
            seen = sum(days for days, _ in looked) / accounts
            told = sum(news for _, news in looked) / accounts
            row = {"account": f"{temper.name}, {name}", "days": seen, "told": told}
            rows.append(row)
            say(f"| {row['account']} | {seen:.3f} | {told:.3f} |")
    return rows


def _looks(dice: Random, temper: Temper, factor: float) -> tuple[int, int]:
    """On how many days a surge was found, and how often it was news. The loud week is the second one."""
    loud = range(DAYS + SHORT, DAYS + 2 * SHORT)
    factors = [factor if day in loud else 1.0 for day in range(DAYS + LOOKS)]
    counts = temper.days(dice, factors)
    kept: SurgeStanding | None = None
    seen = news = 0
    for day in range(1, LOOKS + 1):
        found = surge(RULE, counts[day : day + DAYS])
        kept, change = standing(RULE, kept, found, START + timedelta(days=day))
        seen += found.is_surge
        news += change in {"begin", "louder"}
    return seen, news


def _by_topic(say: Say, accounts: int) -> list[dict[str, Any]]:
    ways = ("altogether alone", "tail by all topics", "tail by those looked at", "a tail for each")
    told = [f"{what}: {way}" for what in ("false", "found") for way in ways]
    say(f"| account, {TOPICS} topics | " + " | ".join(told) + " |")
    say("| --- |" + " --- |" * len(told))
    rows = []
    for temper in (QUIET, USUAL, BURSTY):
        dice = Random(SEED)
        looks = [[_ways(dice, temper, turned) for _ in range(accounts)] for turned in ((), TURNED)]
        shares = [_share(one[way] for one in some) for some in looks for way in range(len(ways))]
        rows.append({"account": temper.name, **dict(zip(told, shares, strict=True))})
        say(f"| {temper.name} | " + " | ".join(f"{one:.2%}" for one in shares) + " |")
    return rows


def _ways(dice: Random, temper: Temper, turned: Sequence[int]) -> tuple[bool, ...]:
    """Whether one account surges: altogether, and with its topics under three ways to share the tail."""
    whole = temper.days(dice, weeks())
    by_topic = [[0] * DAYS for _ in SHARES]
    for day, count in enumerate(whole):
        for topic in dice.choices(range(TOPICS), SHARES, k=count):
            by_topic[topic][day] += 1
    for day in turned:
        by_topic[-1][day] += 1
        whole[day] += 1
    busy = {str(topic): counts for topic, counts in enumerate(by_topic) if _is_busy(counts)}
    found = [every_test(RULE, whole, busy, among) for among in (TOPICS, len(busy), 1)]
    return (found[0][""].is_surge, *(any(x.is_surge for x in one.values()) for one in found))


def _is_busy(counts: Sequence[int]) -> bool:
    week = counts[LONG:]
    return sum(week) >= RULE.least and sum(one > 0 for one in week) >= RULE.least_days


def _naive(found: Surge) -> bool:
    return found.ratio >= 3 and found.count >= 3


def _share(found: Iterable[bool]) -> float:
    rows = list(found)
    return sum(rows) / len(rows)


def poisson(dice: Random, mean: float) -> int:
    """A Poisson number by the method of Knuth; a large one as a normal number, which it nearly is."""
    if mean > 100:
        return max(0, round(dice.gauss(mean, sqrt(mean))))
    limit, product, number = exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        number += 1
    return number
