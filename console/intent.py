"""`kakehashi intent`: what a website tells of people and companies, and what of it both systems were told."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from console.detail import looks, need_detail, note_look
from console.language import say
from console.session import Session, command
from intent import cards, explain
from intent.cards import Known
from intent.definition import Definition
from intent.explain import Share
from intent.hygiene import clean_email
from intent.identity import company_domain
from intent.load import definition_of
from intent.model import DAY, Card, Contribution, Discard, Subject, millis, moment
from intent.notice import Operator, notice
from intent.port import OtherDefinition
from intent.store import SqlIntentStore
from mappings.schema import OwnName
from sync.interest import intent_store, withdrawer_over
from sync.wiring import Bridge
from sync.withdrawing import Withdrawer

# How far back evidence is shown, and how much of it.
SINCE, SHOWN = 90 * DAY, 20
WHY: tuple[Discard, ...] = ("crawler", "data_centre", "employee", "scanner", "test", "burst")
# Further commands of this group, by the rooms that have them; a room that is not there is passed over.
ROOMS = {"console.topics": "topics", "console.learning": "LEARNING_COMMANDS"}


@click.group()
def intent() -> None:
    """Website intent: scores, their reasons, and what both systems were told."""


@command("show")
@click.argument("who", metavar="EMAIL|DOMAIN")
@click.option("--detail", is_flag=True, help="Single events too; needs the role, and is on record.")
def show(session: Session, who: str, *, detail: bool) -> int:
    """Score, band, topics, sentences and what they rest on, of a person or a company."""
    bridge = session.bridge()
    if detail:
        need_detail(session, bridge.settings.intent.detail)
    store, definition = intent_store(bridge.ledger), definition_of(session.folder)
    subject = _found(store, who)
    if subject is None:
        return _nobody(session, who)
    now = bridge.clock()
    try:
        states = store.states([subject], definition)
        evidence = store.evidence(subject, definition, millis(now) - SINCE, SHOWN * 10)
    except OtherDefinition:
        session.output.error(say("intent.rebuilding", session.output.lang))
        return 1
    told = store.told([subject]).get(subject)
    fit = None if told is None else told.fit
    known = Known(subject, states, evidence, fit=fit)
    card = cards.card_of(definition, known, now, bridge.settings.zone)
    if detail:
        note_look(bridge.ledger, subject, now)
    rows = explain.shares(definition, evidence, millis(now), bridge.settings.zone)
    shown = evidence[:SHOWN] if detail else None
    if session.output.json:
        session.output.document(_document(card, told, rows, shown))
    else:
        _show(session, definition, card, told)
        _show_grounds(session, definition, rows, shown)
    return 0


@command("status")
def status_(session: Session) -> int:
    """Events that nobody has scored yet, and how long what is kept."""
    bridge = session.bridge()
    store, definition = intent_store(bridge.ledger), definition_of(session.folder)
    writing = [one.name for one in bridge.compile(offline=True).mappings if one.own_names]
    told = {
        "unscored": store.unscored(),
        "definition": definition.version,
        "keeping_days": {
            "events": definition.keeping.events,
            "daily": definition.keeping.daily,
            "unlinked_visitors": definition.keeping.unlinked_visitors,
            "pages": definition.keeping.pages,
        },
        "written_by": writing,
    }
    if session.output.json:
        session.output.document(told)
        return 0
    session.output.say("intent.unscored", count=told["unscored"])
    session.output.say("intent.definition", version=definition.version)
    session.output.say(
        "intent.keeping",
        events=definition.keeping.events,
        daily=definition.keeping.daily,
        visitors=definition.keeping.unlinked_visitors,
        pages=definition.keeping.pages,
    )
    names = ", ".join(writing)
    session.output.say("intent.written_by" if names else "intent.written_by_none", names=names)
    return 0


@command("retract")
@click.argument("event_ids", nargs=-1, required=True)
@click.option("--why", type=click.Choice(WHY), default="test", show_default=True)
def retract(session: Session, event_ids: tuple[str, ...], why: Discard) -> int:
    """Take events out of the scores: they were no interest of anybody's."""
    bridge = session.bridge()
    definition = definition_of(session.folder)
    try:
        count = intent_store(bridge.ledger).retract(event_ids, why, definition)
    except OtherDefinition:
        session.output.error(say("intent.rebuilding", session.output.lang))
        return 1
    if session.output.json:
        session.output.document({"retracted": count})
    else:
        session.output.say("intent.retracted", count=count)
    return 0 if count else 1


@command("forget")
@click.argument("who", metavar="EMAIL")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(session: Session, who: str, *, yes: bool) -> int:
    """Forget what a website told of a person; both systems become blank."""
    bridge = session.bridge()
    email = clean_email(who)
    if email is None or _found(intent_store(bridge.ledger), who) is None:
        return _nobody(session, who)
    if not yes:
        if session.output.json or not (sys.stdin.isatty() and session.output.terminal):
            raise click.UsageError(say("error.nobody_to_ask", session.output.lang))
        click.confirm(say("intent.confirm", session.output.lang), abort=True)
    count = _withdrawer(bridge).of_names([OwnName("email", email)])
    if session.output.json:
        session.output.document({"forgotten": count})
    else:
        session.output.say("intent.forgotten")
    return 0


@command("notice", json=False)
@click.option("--name", required=True, help="Who answers for the site.")
@click.option("--contact", required=True, help="Where to reach them.")
@click.option("--collector", required=True, help="Where the tag sends to, e.g. a host name.")
def notice_(session: Session, name: str, contact: str, collector: str) -> None:
    """The notice of what the tag sends (外部送信), ready to be put on the site."""
    definition = definition_of(session.folder)
    if session.language is None:
        session.bridge()
    operator = Operator(name=name, contact=contact, collector=collector)
    session.output.line(notice(operator, definition, session.output.lang))


def _found(store: SqlIntentStore, who: str) -> Subject | None:
    """Whom an address or a domain stands for."""
    kind, value = ("email", clean_email(who)) if "@" in who else ("company_domain", None)
    if kind == "company_domain":
        value = company_domain(who)
    return None if value is None else store.subjects_by(kind, [value]).get(value)


def _withdrawer(bridge: Bridge) -> Withdrawer:
    compiled = bridge.compile(offline=True)
    return withdrawer_over(bridge.ledger, compiled.mappings, bridge.folder, bridge.clock)


def _nobody(session: Session, who: str) -> int:
    if session.output.json:
        session.output.document(None)
    else:
        session.output.say("intent.nobody", who=who)
    return 1


def _document(
    card: Card,
    told: Card | None,
    shares: Sequence[Share],
    evidence: Sequence[Contribution] | None,
) -> dict[str, Any]:
    """`evidence` stands in it only where single events may be shown."""
    found = {
        "subject": {"kind": card.subject.kind, "key": card.subject.key},
        "now": card_json(card),
        "told": None if told is None else card_json(told),
        "shares": [
            {
                "topic": one.topic,
                "type": one.type,
                "points": one.points,
                "times": len(one.event_ids),
                "days": one.days,
                "first": _day(one.first),
                "last": _day(one.last),
            }
            for one in shares
        ],
    }
    if evidence is not None:
        found["evidence"] = [{**one._asdict(), "at": _time(one.at)} for one in evidence]
    return found


def card_json(card: Card) -> dict[str, Any]:
    """A card as JSON values."""
    names = ("engagement", "fit", "band", "surge", "active_persons", "definition")
    reasons = tuple(
        f"reason_{kind}_{lang}" for kind in ("internal", "outward") for lang in ("ja", "en")
    )
    return {
        **{name: getattr(card, name) for name in (*names, *reasons)},
        "topics": dict(card.topics),
        "at": card.at.isoformat(),
        "last_at": None if card.last_at is None else card.last_at.isoformat(),
        "surge_at": None if card.surge_at is None else card.surge_at.isoformat(),
    }


def _show(session: Session, definition: Definition, card: Card, told: Card | None) -> None:
    output, lang = session.output, session.output.lang
    output.say("intent.score", score=card.engagement, band=card.band)
    if told is None:
        output.say("intent.not_told")
    else:
        at = told.at.isoformat(timespec="minutes")
        output.say("intent.told", score=told.engagement, band=told.band, at=at)
    topics = [(_label(definition, name, lang), points) for name, points in card.topics]
    output.table("Topics", ("topic", "points"), topics)
    for text in (
        getattr(card, f"reason_internal_{lang}"),
        getattr(card, f"reason_outward_{lang}"),
    ):
        if text is not None:
            output.line(text)


def _show_grounds(
    session: Session,
    definition: Definition,
    shares: Sequence[Share],
    evidence: Sequence[Contribution] | None,
) -> None:
    """What a score rests on: how often what was done, and where it may be shown, each event."""
    output = session.output
    output.table(
        "Grounds",
        ("topic", "type", "times", "days", "last", "points"),
        [
            (
                _label(definition, one.topic, output.lang),
                one.type,
                len(one.event_ids),
                one.days,
                _day(one.last),
                f"{one.points:.1f}",
            )
            for one in shares
        ],
    )
    if evidence is not None:
        output.table(
            "Events",
            ("at", "type", "topic", "points", "page", "event"),
            [(_time(o.at), o.type, o.topic, o.points, o.page, o.event_id) for o in evidence],
        )


def _label(definition: Definition, topic: str, lang: str) -> str:
    found = definition.topics.get(topic)
    if found is None:
        return topic
    return found.label_ja if lang == "ja" else found.label_en


def _time(at: int) -> str:
    return moment(at).isoformat(timespec="seconds")


def _day(at: int) -> str:
    return moment(at).date().isoformat()


def _mount() -> None:
    for one in (show, status_, retract, forget, notice_, looks):
        intent.add_command(one)
    for name, commands in ROOMS.items():
        with suppress(ModuleNotFoundError):
            room = importlib.import_module(name)
            found = getattr(room, commands)
            for one in found if isinstance(found, tuple) else (found,):
                intent.add_command(one)


_mount()
