"""`erase`: forget a person on every record of theirs in both systems, and in our own ledger."""

from __future__ import annotations

import sys
from typing import Any

import click

from connector.port import System
from console.language import language, say
from console.session import Session, allowances, command
from mappings.compile import Compiled
from mappings.normal import email as normal_email
from sync.erasure import Eraser, Forgetting
from sync.ledger import Erasure
from sync.wiring import Bridge

SYSTEMS = click.Choice([system.value for system in System])


@command("erase")
@click.argument("system", type=SYSTEMS, required=False)
@click.argument("object_name", metavar="OBJECT", required=False)
@click.argument("record_id", metavar="ID", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow", metavar="deletes=N", help="Let more records be erased than the limit.")
@click.option("--release", metavar="EMAIL", help="Let somebody in again who was forgotten.")
def erase(
    session: Session,
    system: str | None,
    object_name: str | None,
    record_id: str | None,
    *,
    yes: bool,
    allow: str | None,
    release: str | None,
) -> int:
    """Forget a person for good, here and in both systems; alone: work off what is pending."""
    bridge = session.bridge()
    if release is not None:
        return _release(session, bridge, release)
    allowed = allowances(allow).get("deletes")
    if system is not None and (object_name is None or record_id is None):
        raise click.UsageError(_say(session, "erase.usage"))
    bridge.pin()
    compiled = bridge.compile()
    eraser = eraser_of(bridge, compiled)
    if system is not None and object_name is not None and record_id is not None:
        asked = Erasure(0, System(system), object_name, record_id, True, 0, allowed, bridge.clock())
        # A mistyped id is nobody's: at the command line only what is on file is taken at its word.
        if not eraser.look(asked._replace(own=False)).carriers:
            raise click.UsageError(_say(session, "erase.unknown", record=record_id))
        _confirm(session, eraser.look(asked), yes=yes)
        bridge.ledger.ask_to_erase(asked.system, object_name, record_id, bridge.clock(), own=True)
    if allowed is not None:
        bridge.ledger.allow_erasures(allowed)
    return _work_off(session, bridge, eraser)


def eraser_of(bridge: Bridge, compiled: Compiled) -> Eraser:
    """What forgets, over this installation."""
    bench = bridge.bench(compiled)
    return Eraser(
        bridge.ledger,
        bridge.connectors,
        compiled.mappings,
        bridge.clock,
        observe=bridge.settings.mode == "observe",
        besides=bench.erased,
        landing_window=bench.landing_window,
    )


def _work_off(session: Session, bridge: Bridge, eraser: Eraser) -> int:
    before = bridge.ledger.erasure_counts()
    left = eraser.work_off()
    after = bridge.ledger.erasure_counts()
    done = after["done"] - before["done"]
    if session.output.json:
        session.output.document({"done": done, "pending": len(left), "states": after})
        return 1 if left else 0
    session.output.say("erase.done", count=done)
    for reason, count in after.items():
        if reason not in {"done", "pending"}:
            session.output.say("erase.left", count=count, reason=reason)
    if "guard" in after:
        session.output.say("erase.guard")
    return 1 if left else 0


def _confirm(session: Session, found: Forgetting, *, yes: bool) -> None:
    """Show what goes, and ask; it cannot be undone."""
    if yes:
        return
    if session.output.json or not (sys.stdin.isatty() and session.output.terminal):
        raise click.UsageError(_say(session, "error.nobody_to_ask"))
    for group in (found.targets, found.deletes):
        for (system, object_name), ids in group.items():
            session.output.line(f"{system.value} {object_name}: {', '.join(ids)}")
    click.confirm(_say(session, "erase.confirm", count=found.count), abort=True)


def _release(session: Session, bridge: Bridge, email: str) -> int:
    """Let an address in again; records that carry it are looked at at once."""
    text = normal_email(email) or email
    known = bridge.ledger.release(text)
    if known:
        bridge.ledger.ring(bridge.ledger.ring_for_address(text), bridge.clock())
    if session.output.json:
        session.output.document({"released": known})
    else:
        session.output.say("erase.released" if known else "erase.not_forgotten")
    return 0 if known else 1


def _say(session: Session, key: str, **values: Any) -> str:
    return say(key, language(session.output.lang), **values)
