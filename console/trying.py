"""`definition dry-run`: what a definition would have done, beside the one that is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from console.desk import Desk
from console.language import say
from console.session import Session, command
from lifecycle.dry_run import HORIZON, Comparison, Group, dry_run
from lifecycle.load import Whole
from lifecycle.people import simulate
from lifecycle.rates import LEAST, Rate
from lifecycle.replay import Life, Period

GROUPS = ("old", "new", "both", "only_old", "only_new")


@command("dry-run")
@click.argument("file", required=False)
@click.option("--against", metavar="VERSION", help="A version on file; else the one in force.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 120))
@click.option(
    "--practice",
    default=None,
    type=click.IntRange(1, 1_000_000),
    metavar="PEOPLE",
    help="Over so many invented people, instead of your own.",
)
@click.option("--seed", default=1, show_default=True, help="Same seed, same people.")
def dry_run_(
    session: Session,
    file: str | None,
    against: str | None,
    days: int,
    practice: int | None,
    seed: int,
) -> int:
    """Who would have been an MQL by a file instead of by a version on file, and what became of them.

    Over your own people of the last days: events and stages on file, and HubSpot's records of today.
    """
    desk = Desk.of(session)
    new = Whole(desk.file(file).definition, desk.interest)
    valid = desk.kept(against, new.definition)
    # With nothing to compare with, it is told by itself.
    old = valid or new
    until = desk.bridge.clock()
    period = Period(until - timedelta(days=days), until, desk.bridge.settings.zone)
    lives: Sequence[Life]
    if practice is None:
        lives = desk.histories().lives([old, new], period)
    else:
        lives = simulate(seed, practice, old, period).lives
    if not lives:
        raise click.UsageError(say("definition.dry_nobody", session.output.lang))
    found = dry_run(old, new, lives, period)
    if session.output.json:
        told = comparison_json(found, period, practice)
        session.output.document(told if valid is not None else told | _alone_json(told))
    else:
        tell(session, found, days, is_alone=valid is None)
    return 0


def tell(session: Session, found: Comparison, days: int, *, is_alone: bool) -> None:
    """The comparison as the two departments read it; `is_alone`: there is nothing to compare with."""
    output, lang = session.output, session.output.lang
    output.say("dry.people", people=f"{found.people:,}", days=days)
    if is_alone:
        rate = rate_words(found.new.sql, session)
        output.say("dry.alone", new=found.new_name, count=found.new.count, rate=rate)
    else:
        output.say(
            "dry.more" if found.more >= 0 else "dry.fewer",
            new=found.new_name,
            old=found.old_name,
            count=abs(found.more),
            new_rate=rate_words(found.new.sql, session),
            old_rate=rate_words(found.old.sql, session),
        )
    columns = [say(f"dry.column.{name}", lang) for name in ("who", "mqls", "handed", "sql", "rate")]
    rows = [_row(session, found, name) for name in (("new",) if is_alone else GROUPS)]
    output.table(say("dry.title", lang), columns, rows)
    sides = [(found.old_name, found.by_rule_old), (found.new_name, found.by_rule_new)]
    sides = sides[is_alone:]
    rules = dict.fromkeys(rule for _, by_rule in sides for rule in by_rule)
    output.table(
        say("dry.by_rule", lang),
        [say("dry.column.rule", lang), *(name for name, _ in sides)],
        [(rule, *(by_rule.get(rule, 0) for _, by_rule in sides)) for rule in rules],
    )
    output.say("dry.honest", least=LEAST, days=HORIZON.days)


def _row(session: Session, found: Comparison, name: str) -> tuple[str, str, str, str, str]:
    one: Group = getattr(found, name)
    what = say(f"dry.group.{name}", session.output.lang, old=found.old_name, new=found.new_name)
    sql = f"{one.sql.hits} / {one.sql.cases}"
    return what, f"{one.count:,}", f"{one.handed:,}", sql, rate_words(one.sql, session)


def rate_words(rate: Rate, session: Session) -> str:
    """A rate with its interval, or that there are too few cases to say one."""
    if rate.value is None or rate.interval is None:
        return say("dry.no_rate", session.output.lang, cases=rate.cases)
    low, high = rate.interval
    return f"{rate.value:.0%} [{low:.0%}, {high:.0%}]"


def comparison_json(found: Comparison, period: Period, practice: int | None) -> dict[str, Any]:
    """The comparison for a program: counts, rates and their intervals; `null` where none may be said."""
    return {
        "old": found.old_name,
        "new": found.new_name,
        "people": found.people,
        "practice": practice is not None,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "horizon_days": HORIZON.days,
        "more": found.more,
        "groups": {name: _group_json(getattr(found, name)) for name in GROUPS},
        "by_rule": {"old": dict(found.by_rule_old), "new": dict(found.by_rule_new)},
    }


def _alone_json(told: dict[str, Any]) -> dict[str, Any]:
    """What a document says otherwise where there is nothing to compare with."""
    groups = {name: one if name == "new" else None for name, one in told["groups"].items()}
    by_rule = {"old": None, "new": told["by_rule"]["new"]}
    return {"old": None, "more": None, "groups": groups, "by_rule": by_rule}


def _group_json(one: Group) -> dict[str, Any]:
    interval = one.sql.interval
    return {
        "mqls": one.count,
        "handed_over": one.handed,
        "mature": one.sql.cases,
        "sql": one.sql.hits,
        "sql_rate": one.sql.value,
        "interval": None if interval is None else list(interval),
    }
