"""`intent topics` and `intent topics label`: what pages are about, and what a person says of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import click

from console.language import language, say
from console.session import Session, command
from intent.load import definition_of
from intent.meaning import meaning_if_installed
from intent.model import millis
from intent.pages import PageTopics, Seen, Unknown, rule_of
from intent.store.pages import PageRoom

# Visits are counted over so many days.
LOOKED_BACK = timedelta(days=30)
NONE = "none"


@click.group("topics", invoke_without_command=True)
@click.option("--unknown", is_flag=True, help="Only pages that nothing tells, most visited first.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def topics(context: click.Context, *, unknown: bool, limit: int, as_json: bool) -> None:
    """What each page of the website is about, and how that was told."""
    if context.invoked_subcommand is None:
        context.invoke(unknown_list if unknown else full_list, limit=limit, as_json=as_json)


@command("list")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000))
def full_list(session: Session, limit: int) -> int:
    """Every page on file."""
    room = PageRoom(session.bridge().ledger.engine)
    seen = [*room.pages(room.all_pages()[:limit]).values()]
    if session.output.json:
        session.output.document([seen_json(one) for one in seen])
    elif seen:
        _table(session, ("page", "title", "topic", "how"), [_row(one) for one in seen])
    else:
        session.output.say("topics.nothing")
    return 0


@command("unknown")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000))
def unknown_list(session: Session, limit: int) -> int:
    """Pages that no rule, no word and no meaning tells, most visited first."""
    bridge = session.bridge()
    since = millis(bridge.clock() - LOOKED_BACK)
    found = PageRoom(bridge.ledger.engine).unknown_pages(since, limit)
    if session.output.json:
        session.output.document([one._asdict() for one in found])
    elif found:
        _table(session, ("page", "title", "visits"), [_review(one) for one in found])
        session.output.say("topics.cure")
    else:
        session.output.say("topics.all_told")
    return 1 if found else 0


@command("label")
@click.argument("page")
@click.argument("topic", required=False)
@click.option("--forget", is_flag=True, help="Take back what was said of this page.")
def label(session: Session, page: str, topic: str | None, *, forget: bool) -> int:
    """Say what a PAGE is about: example.com/blog/x, or example.com/blog/* for all of them.

    TOPIC is one of intent.yaml, or `none`. Pages on file are told anew at once.
    """
    bridge, lang = session.bridge(), language(session.output.lang)
    if (topic is None) is not forget:
        raise click.UsageError(say("topics.usage", lang))
    definition = definition_of(session.folder)
    if topic is not None and topic != NONE and topic not in definition.topics:
        known = ", ".join((*definition.topics, NONE))
        raise click.UsageError(say("topics.no_such", lang, topic=topic, known=known))
    told = "" if topic == NONE else topic
    pages = PageTopics(PageRoom(bridge.ledger.engine), definition, meaning_if_installed())
    count = pages.label(page, told, millis(bridge.clock()))
    if session.output.json:
        session.output.document({"page": page, "topic": told or None, "pages": count})
        return 0
    session.output.say("topics.labelled", count=count)
    if told:
        session.output.say("topics.rule", rule=rule_of(page, told))
    return 0


def seen_json(seen: Seen) -> dict[str, object]:
    """One page for a program."""
    return {
        "page": seen.page.page,
        "titles": list(seen.page.titles),
        "topic": seen.finding.topic or None,
        "how": seen.finding.how,
        "margin": round(seen.finding.margin, 3),
    }


def _table(session: Session, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    lang = language(session.output.lang)
    heads = [say(f"topics.column.{name}", lang) for name in columns]
    session.output.table(say("topics.title", lang), heads, rows)


def _row(seen: Seen) -> tuple[str, str, str, str]:
    titles = " / ".join(seen.page.titles)
    return seen.page.page, titles, seen.finding.topic or "-", seen.finding.how


def _review(one: Unknown) -> tuple[str, str, str]:
    return one.page, one.title, f"{one.visits:,}"


topics.add_command(label)
