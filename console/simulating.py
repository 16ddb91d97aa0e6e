"""`lifecycle simulate`: invented people on their way through a definition, without any system."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click

from console.desk import Desk
from console.language import language, say
from console.session import Session, command
from lifecycle.course import Course, Share, course
from lifecycle.load import Whole
from lifecycle.refusals import texts
from lifecycle.replay import Period

SHARES = ("sent_back", "returned", "won", "won_again")


@command("simulate")
@click.argument("file", required=False)
@click.option("--people", default=1000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--days", default=180, show_default=True, type=click.IntRange(1, 730))
@click.option("--seed", default=1, show_default=True, help="Same seed, same people.")
def simulate(session: Session, file: str | None, people: int, days: int, seed: int) -> int:
    """Push invented people through the definition in force, or through a file's.

    What they do and what sellers say of them is invented; what becomes of it the definition decides.
    Exit code 1: a step was illegal.
    """
    desk = Desk.of(session)
    chosen = desk.file(file)
    mine = Whole(chosen.definition, desk.interest)
    valid = mine if file is not None else desk.kept(None, chosen.definition)
    if valid is None:
        session.output.error(say("definition.none_in_force", session.output.lang))
    whole = valid or mine
    until = desk.bridge.clock()
    period = Period(until - timedelta(days=days), until, desk.bridge.settings.zone)
    with session.output.working():
        found = course(seed, people, whole, period, session.output.advance)
    if session.output.json:
        session.output.document(course_json(found, whole, period))
    else:
        tell(session, found, whole, days)
    return 1 if found.illegal else 0


def tell(session: Session, found: Course, whole: Whole, days: int) -> None:
    """What became of everybody, as the two departments read it."""
    output, lang = session.output, language(session.output.lang)
    output.say("simulate.people", name=whole.definition.name, people=f"{found.people:,}", days=days)
    stages = texts()["stages"]
    reasons = whole.definition.reasons
    said = {code: one.ja if lang == "ja" else one.en for code, one in reasons.items()}
    _table(session, "stage", {stages[name][lang]: count for name, count in found.stages.items()})
    _table(session, "transition", found.transitions)
    _table(session, "reason", {said.get(code, code): n for code, n in found.reasons.items()})
    _table(session, "trigger", found.triggers)
    _table(session, "cycle", {str(times): count for times, count in found.cycles.items()})
    for name in SHARES:
        output.say(f"simulate.{name}", share=_share(getattr(found, name)))
    if found.refused:
        _table(session, "refused", found.refused)
    output.say("simulate.illegal", count=found.illegal)


def _table(session: Session, what: str, counts: Mapping[str, int]) -> None:
    lang = session.output.lang
    columns = [say(f"simulate.column.{what}", lang), say("simulate.column.count", lang)]
    rows = [(name, f"{count:,}") for name, count in counts.items()]
    session.output.table(say(f"simulate.title.{what}", lang), columns, rows)


def _share(one: Share) -> str:
    share = "-" if one.value is None else f"{one.value:.0%}"
    return f"{share} ({one.hits:,} / {one.of:,})"


def course_json(found: Course, whole: Whole, period: Period) -> dict[str, Any]:
    """The same for a program; shares are counts, so that nobody has to trust a rounding."""
    return {
        "definition": whole.definition.name,
        "hash": whole.definition.hash,
        "people": found.people,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "stages": found.stages,
        "transitions": found.transitions,
        "reasons": found.reasons,
        "triggers": found.triggers,
        "cycles": found.cycles,
        "shares": {name: getattr(found, name)._asdict() for name in SHARES},
        "refused": dict(found.refused),
        "illegal": found.illegal,
    }
