"""`parked list`, `parked retry`, `parked drop`: what cannot go on, why, and what a person decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from console.language import say
from console.output import Output
from console.session import Session, command
from sync.lanes import Lane
from sync.ledger import Ledger, ParkedRow, Ring
from sync.model import shared_advice

# Records listed one by one below the causes; `--json` holds all of them.
SHOWN = 50


@click.group()
def parked() -> None:
    """The quarantine: what cannot go on, why, and what to do."""


CAUSE = click.option("--cause", help="Only what is parked for this cause.")
MAPPING = click.option("--mapping", help="Only what is parked in this mapping.")


@command("list")
@CAUSE
@MAPPING
def parked_list(session: Session, cause: str | None, mapping: str | None) -> int:
    """What is parked, by cause, with advice."""
    bridge = session.bridge()
    rows = bridge.ledger.parked_list(mapping=mapping, cause=cause)
    if session.output.json:
        session.output.document([parked_json(row) for row in rows])
    elif rows:
        _show(session.output, rows, bridge.settings.zone)
    else:
        session.output.say("parked.nothing")
    return 1 if rows else 0


def parked_json(row: ParkedRow) -> dict[str, Any]:
    """The contract's row of the quarantine."""
    return {
        "id": row.id,
        "mapping": row.parked.mapping,
        "system": row.parked.system.value,
        "object": row.parked.object,
        "record_id": row.parked.record_id,
        "line": row.parked.line,
        "cause": row.parked.cause,
        "advice": row.parked.advice,
        "since": row.since.isoformat(),
        "tries": row.tries,
    }


def _show(output: Output, rows: Sequence[ParkedRow], zone: ZoneInfo) -> None:
    output.table(
        say("parked.title", output.lang),
        ("cause", "mapping", "count", "since", "advice"),
        by_cause(rows, zone),
    )
    output.table(
        say("status.title", output.lang),
        ("id", "mapping", "record", "line", "cause", "advice", "since", "tries"),
        [
            (
                row.id,
                row.parked.mapping,
                f"{row.parked.system.value} {row.parked.object} {row.parked.record_id}",
                row.parked.line or "(record)",
                row.parked.cause,
                row.parked.advice,
                _moment(row.since, zone),
                row.tries,
            )
            for row in rows[:SHOWN]
        ],
    )
    if len(rows) > SHOWN:
        output.say("parked.more", count=len(rows) - SHOWN)
    output.say("parked.again")


def by_cause(rows: Iterable[ParkedRow], zone: ZoneInfo) -> list[tuple[str, str, str, str, str]]:
    """(cause, mapping, count, since when the oldest, what all are advised), most rows first."""
    heaps: dict[tuple[str, str], list[ParkedRow]] = defaultdict(list)
    for row in rows:
        heaps[row.parked.cause, row.parked.mapping].append(row)
    return [
        (
            cause,
            mapping,
            str(len(heap)),
            _moment(min(row.since for row in heap), zone),
            shared_advice([row.parked.advice for row in heap]),
        )
        for (cause, mapping), heap in sorted(heaps.items(), key=lambda one: (-len(one[1]), one[0]))
    ]


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


@command("retry")
@click.argument("ids", nargs=-1, type=int)
@CAUSE
@MAPPING
def parked_retry(
    session: Session, ids: tuple[int, ...], cause: str | None, mapping: str | None
) -> int:
    """Try parked rows again now: all of them, these ids, or those of a cause or mapping."""
    bridge = session.bridge()
    count = try_again(bridge.ledger, bridge.clock(), ids=ids, cause=cause, mapping=mapping)
    line = f"{count} are tried again now; without a worker: kakehashi sync --once"
    _told(session, {"due": count}, line)
    asked = bool(ids or cause or mapping)
    return 1 if asked and not count else 0


def try_again(
    ledger: Ledger,
    now: datetime,
    *,
    ids: Sequence[int] = (),
    cause: str | None = None,
    mapping: str | None = None,
) -> int:
    """Make parked rows due and ring for their records; answers how many rows that were.

    Without ids, cause and mapping it is the whole quarantine. Marked first: a worker that hears the
    bell finds them due.
    """
    wanted = set(ids)
    chosen = [
        row
        for row in ledger.parked_list(mapping=mapping, cause=cause)
        if not wanted or row.id in wanted
    ]
    due = ledger.retry_parked([row.id for row in chosen])
    places = {(r.parked.system, r.parked.object, r.parked.record_id) for r in chosen}
    ledger.ring((Ring(*place, Lane.LIVE) for place in places), now)
    return due


@command("drop")
@click.argument("ids", nargs=-1, type=int, required=True)
def parked_drop(session: Session, ids: tuple[int, ...]) -> int:
    """Forget parked rows; what still holds is found again by the next compare."""
    count = session.bridge().ledger.drop_parked(list(ids))
    _told(session, {"dropped": count}, f"{count} dropped")
    return 0 if count else 1


def _told(session: Session, document: dict[str, Any], line: str) -> None:
    if session.output.json:
        session.output.document(document)
    else:
        session.output.line(line)


parked.add_command(parked_list)
parked.add_command(parked_retry)
parked.add_command(parked_drop)
