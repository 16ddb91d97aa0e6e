"""Two definitions over the same people: how many MQLs each makes, and what became of them so far. Pure.

    handed over   an MQL entry of the ledger within the period that nobody skipped, the first one of a person
    mature        it is as old as the horizon when the period ends
    SQL rate      SQL entries of the same cycle within the horizon / mature ones

Whoever only the new definition makes an MQL was mostly never handed over, and then nobody knows what would
have become of them: the rate is that of those who were, and there is none below 30 cases (`lifecycle.rates`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from lifecycle.load import Whole
from lifecycle.model import Entry, Stage, Subject
from lifecycle.rates import Rate
from lifecycle.replay import Life, Period, Would, replay

# Most of those who ever become an SQL do within so long (domain sheet, 4.1: 71 % of later wins in 30 days).
HORIZON = timedelta(days=30)


class Outcome(NamedTuple):
    """What became of somebody who was handed over; `became_sql` is None while that is too fresh to say."""

    handed_at: datetime
    became_sql: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some people: who, how many of them were handed over, and how many of the mature ones became an SQL."""

    people: frozenset[Subject]
    handed: int
    sql: Rate

    @property
    def count(self) -> int:
        return len(self.people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two definitions make of the same people. Names are those of the definitions."""

    old_name: str
    new_name: str
    people: int
    old: Group
    new: Group
    both: Group
    only_old: Group
    only_new: Group
    by_rule_old: Mapping[str, int]
    by_rule_new: Mapping[str, int]

    @property
    def more(self) -> int:
        """How many more MQLs the new definition makes; below zero: fewer."""
        return self.new.count - self.old.count


def dry_run(
    old: Whole,
    new: Whole,
    lives: Sequence[Life],
    period: Period,
    horizon: timedelta = HORIZON,
) -> Comparison:
    """Compare two definitions over what is on file about some people."""
    before = replay(old, lives, period)
    after = before if new == old else replay(new, lives, period)
    told = {
        life.subject: found
        for life in lives
        if (found := outcome(life.entries, period, horizon)) is not None
    }
    first, second = frozenset(before), frozenset(after)
    return Comparison(
        old_name=old.definition.name,
        new_name=new.definition.name,
        people=len(lives),
        old=group(first, told),
        new=group(second, told),
        both=group(first & second, told),
        only_old=group(first - second, told),
        only_new=group(second - first, told),
        by_rule_old=by_rule(before.values()),
        by_rule_new=by_rule(after.values()),
    )


def outcome(entries: Iterable[Entry], period: Period, horizon: timedelta) -> Outcome | None:
    """What became of the first hand-over of a person within a period; None where there was none."""
    rows = list(entries)
    handed = next(
        (
            one
            for one in rows
            if one.stage is Stage.MQL
            and not one.skipped
            and period.since <= one.entered_at < period.until
        ),
        None,
    )
    if handed is None:
        return None
    by = handed.entered_at + horizon
    became = any(
        one.stage is Stage.SQL
        and one.cycle == handed.cycle
        and handed.entered_at <= one.entered_at <= by
        for one in rows
    )
    return Outcome(handed.entered_at, became if by <= period.until else None)


def group(people: Collection[Subject], outcomes: Mapping[Subject, Outcome]) -> Group:
    """Some people, and what became of those who were handed over."""
    told = [outcomes[one] for one in people if one in outcomes]
    mature = [one.became_sql for one in told if one.became_sql is not None]
    return Group(people=frozenset(people), handed=len(told), sql=Rate(sum(mature), len(mature)))


def by_rule(found: Iterable[Would]) -> dict[str, int]:
    """How many people each rule made an MQL; several may hold for one."""
    counts: dict[str, int] = {}
    for would in found:
        for rule in would.rules:
            counts[rule] = counts.get(rule, 0) + 1
    return dict(sorted(counts.items(), key=lambda row: (-row[1], row[0])))
