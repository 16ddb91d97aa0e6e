"""`kakehashi intent`: what a website tells of people and companies, and what of it both systems were told."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress

import click

from console.detail import looks
from console.explaining import explain_, found, nobody
from console.language import say
from console.session import Session, command
from intent.hygiene import clean_email
from intent.load import definition_of
from intent.model import Discard
from intent.notice import Operator, notice
from intent.port import OtherDefinition
from mappings.schema import OwnName
from sync.interest import intent_store, withdrawer_of
from sync.ledger import LedgerBusy
from sync.telling import replay
from sync.wiring import Bridge
from sync.withdrawing import Withdrawer

WHY: tuple[Discard, ...] = ("crawler", "data_centre", "employee", "scanner", "test", "burst")
# Further commands of this group, by the rooms that have them; a room that is not there is passed over.
ROOMS = {"console.topics": "topics", "console.learning": "LEARNING_COMMANDS"}


@click.group()
def intent() -> None:
    """Website intent: scores, their reasons, and what both systems were told."""


@command("status")
def status_(session: Session) -> int:
    """Events that nobody has scored yet, and how long what is kept."""
    bridge = session.standing()
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


@command("replay")
def replay_(session: Session) -> int:
    """Make all scores anew out of what is on file, by intent.yaml as it is now.

    Workers do so by themselves when it changes. Cut off, the next one goes on where this one was.
    """
    bridge = session.standing()
    definition = definition_of(session.folder)

    def advance(trails: int) -> None:
        bridge.holder.still_alive(at_work=False)
        bridge.progress("intent:replay", trails)

    try:
        with session.output.working():
            count = replay(
                intent_store(bridge.ledger),
                definition,
                bridge.clock(),
                bridge.holder.lease,
                advance,
            )
    except LedgerBusy:
        session.output.error(say("intent.rebuilding", session.output.lang))
        return 1
    if session.output.json:
        session.output.document({"definition": definition.version, "sums": count})
    else:
        session.output.say("intent.replayed", version=definition.version, count=f"{count:,}")
    return 0


@command("retract")
@click.argument("event_ids", nargs=-1, required=True)
@click.option("--why", type=click.Choice(WHY), default="test", show_default=True)
def retract(session: Session, event_ids: tuple[str, ...], why: Discard) -> int:
    """Take events out of the scores: they were no interest of anybody's."""
    bridge = session.standing()
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
    bridge = session.standing()
    email = clean_email(who)
    if email is None or found(intent_store(bridge.ledger), who) is None:
        return nobody(session, who)
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


def _withdrawer(bridge: Bridge) -> Withdrawer:
    return withdrawer_of(
        bridge.ledger, lambda: bridge.compile(offline=True).mappings, clock=bridge.clock
    )


def _mount() -> None:
    for one in (explain_, status_, replay_, retract, forget, notice_, looks):
        intent.add_command(one)
    intent.add_command(explain_, "show")
    for name, commands in ROOMS.items():
        with suppress(ModuleNotFoundError):
            room = importlib.import_module(name)
            found = getattr(room, commands)
            for one in found if isinstance(found, tuple) else (found,):
                intent.add_command(one)


_mount()
