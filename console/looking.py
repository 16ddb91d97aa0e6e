"""`status`, `conflicts`, `why`, `pause`, `resume`: the commands that look and decide."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, tzinfo
from typing import Any

import click

from connector.port import System
from console.checking import intent_faults, show_faults
from console.language import say
from console.output import Output, shortened
from console.session import Session, command
from sync.decree import CannotDecide
from sync.ledger import ConflictRow, Ledger
from sync.status import records_in_state
from sync.why import NotSeen
from sync.why import why as why_of

SYSTEMS = click.Choice([system.value for system in System])
TROUBLE = ("parked", "blocked", "mapping_faults", "intent_faults")
STATE_NAMES = ("in_sync", "waiting", "filtered", "unpaired", "parked", "deleted")


@command()
@click.argument("names", nargs=-1)
@click.option("--records", "state", type=click.Choice(STATE_NAMES), help="List records in a state.")
def status(session: Session, names: tuple[str, ...], state: str | None) -> int:
    """States per mapping and system, parked by cause, open differences."""
    bridge = session.bridge()
    compiled = bridge.compile(offline=True)
    chosen = [m for m in compiled.mappings if not names or m.name in names]
    related = [r for r in compiled.relations if not names or r.name in names]
    output = session.output
    if state is not None:
        rows = records_in_state(bridge.ledger, chosen, state, related)
        if output.json:
            output.document(rows)
        else:
            columns = ("mapping", "system", "object", "id", "reason")
            output.table(state, columns, [tuple(str(r[c] or "") for c in columns) for r in rows])
        return 0
    told = bridge.status(chosen, related)
    faults = intent_faults(session.folder, bridge.settings.intent.sources)
    told["intent_faults"] = [fault.as_json(output.lang) for fault in faults]
    if output.json:
        output.document(told)
    else:
        output.table(
            say("status.title", output.lang),
            ("mapping", "system", "total", *STATE_NAMES),
            _state_rows(told),
        )
        for row in told["parked"]:
            output.say("status.parked", **row)
        if told["open_differences"]:
            output.say("status.open_differences", count=told["open_differences"])
        _show_live(output, told)
        if faults:
            output.line(say("status.intent_faults", output.lang))
            show_faults(output, faults, ())
    return 1 if any(told[name] for name in TROUBLE) else 0


def _show_live(output: Output, told: dict[str, Any]) -> None:
    """Whatever moves by itself, and whatever stands in its way."""
    for row in told["blocked"]:
        output.say("status.blocked", **row)
    for name in told["paused"]:
        output.say("status.paused", system=name)
    if told["mapping_faults"]:
        output.say("status.mapping_faults")
        output.line(told["mapping_faults"])
    output.table(
        "Lanes",
        ("lane", "waiting", "due"),
        [(name, row["waiting"], row["due"]) for name, row in told["lanes"].items()],
    )
    output.table(
        "Chores",
        ("chore", "last", "outcome", "next"),
        [
            (
                r["chore"],
                _minute(r["last"]),
                r["outcome"],
                "now" if r["at_it"] else _minute(r["next"]),
            )
            for r in told["schedule"]
        ],
    )
    output.table(
        "API calls today",
        ("system", "used", "limit", "forecast", "state"),
        [
            (name, row["used"], row["limit"], row["forecast"], row["state"])
            for name, row in told["budget"].items()
        ],
    )
    muster = told["muster"]
    if muster is not None and not muster["is_over"]:
        output.line(say("status.muster", output.lang, **muster))
    alive = Counter(part["kind"] for part in told["parts"] if part["alive"])
    running = ", ".join(f"{count} {kind}" for kind, count in sorted(alive.items()))
    if running:
        output.say("status.running", parts=running)
    else:
        output.say("status.nothing_runs")
    if alive and not alive["worker"]:
        output.say("status.no_worker")


def _minute(moment: str | None) -> str:
    """A time as people read it."""
    return "never" if moment is None else moment[:16].replace("T", " ")


def _second(moment: str, zone: tzinfo) -> str:
    """A time to the second, on the clocks of the business."""
    return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _state_rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            system.value,
            str(sides[system.value]["total"]),
            *(str(sides[system.value]["states"][state]) for state in STATE_NAMES),
        )
        for name, sides in [*told["mappings"].items(), *told["relations"].items()]
        for system in System
    ]


def _told(session: Session, document: dict[str, Any], line: str) -> None:
    if session.output.json:
        session.output.document(document)
    else:
        session.output.line(line)


@click.group()
def conflicts() -> None:
    """Losers of conflicts, and differences that wait for a person."""


@command("list")
def conflicts_list(session: Session) -> int:
    """What gave way, and what is still open."""
    rows = _all_conflicts(session.bridge().ledger)
    if session.output.json:
        session.output.document([conflict_json(row) for row in rows])
    else:
        session.output.table(
            "Conflicts and open differences",
            ("id", "mapping", "line", "kind", "hubspot", "salesforce", "policy", "winner"),
            [
                (
                    str(row.id),
                    row.conflict.mapping,
                    row.conflict.line,
                    row.conflict.kind,
                    f"{row.conflict.hubspot_id}: {row.conflict.hubspot_value}",
                    f"{row.conflict.salesforce_id}: {row.conflict.salesforce_value}",
                    row.conflict.policy,
                    row.conflict.winner or "(open)",
                )
                for row in rows
            ],
        )
    return 1 if any(row.conflict.winner is None for row in rows) else 0


def _all_conflicts(ledger: Ledger) -> list[ConflictRow]:
    """Every conflict that is not closed, page by page."""
    rows: list[ConflictRow] = []
    while page := ledger.conflicts(after=rows[-1].id if rows else 0):
        rows += page
    return rows


def conflict_json(row: ConflictRow) -> dict[str, Any]:
    """The contract's conflict JSON."""
    found = row.conflict
    loser: dict[str, Any] | None = None
    if found.winner in {"hubspot", "salesforce"}:
        side = System(found.winner).other
        value = found.hubspot_value if side is System.HUBSPOT else found.salesforce_value
        loser = {"system": side.value, "value": value}
    return {
        "id": row.id,
        "mapping": found.mapping,
        "line": found.line,
        "kind": found.kind,
        "hubspot": {
            "object": found.hubspot_object,
            "id": found.hubspot_id,
            "value": found.hubspot_value,
        },
        "salesforce": {
            "object": found.salesforce_object,
            "id": found.salesforce_id,
            "value": found.salesforce_value,
        },
        "policy": found.policy,
        "winner": found.winner,
        "loser": loser,
        "at": row.at.isoformat(),
        "run_id": row.run_id,
    }


@command("settle")
@click.argument("conflict_id", type=int)
@click.argument("winner", type=SYSTEMS)
def conflicts_settle(session: Session, conflict_id: int, winner: str) -> int:
    """Let one side's present value win."""
    return _decide(session, conflict_id, System(winner))


@command("restore")
@click.argument("conflict_id", type=int)
def conflicts_restore(session: Session, conflict_id: int) -> int:
    """Bring the loser of a conflict back."""
    return _decide(session, conflict_id, None)


def _decide(session: Session, conflict_id: int, winner: System | None) -> int:
    bridge = session.bridge()
    row = bridge.ledger.conflict(conflict_id)
    if row is None:
        raise click.UsageError(
            f"there is no conflict {conflict_id}: see `kakehashi conflicts list`"
        )
    compiled = bridge.compile()
    bridge.need_keys(compiled)
    bridge.pin()
    mapping = next((m for m in compiled.mappings if m.name == row.conflict.mapping), None)
    if mapping is None:
        raise click.UsageError(f"the mapping {row.conflict.mapping!r} is not there any more")
    decree = bridge.decree(compiled)
    try:
        done = (
            decree.restore(row, mapping) if winner is None else decree.settle(row, mapping, winner)
        )
    except CannotDecide as error:
        session.output.error(str(error))
        return 1
    _told(session, {"id": conflict_id, "done": done}, done)
    return 0


conflicts.add_command(conflicts_list)
conflicts.add_command(conflicts_settle)
conflicts.add_command(conflicts_restore)


@command()
@click.argument("system", type=SYSTEMS)
@click.argument("object_name", metavar="OBJECT")
@click.argument("record_id", metavar="ID")
@click.argument("field", required=False)
def why(session: Session, system: str, object_name: str, record_id: str, field: str | None) -> int:
    """The chain of a value, or why the record is in its state."""
    try:
        bridge = session.bridge()
        told = why_of(bridge.ledger, System(system), object_name, record_id, field)
    except NotSeen as error:
        raise click.UsageError(str(error)) from error
    if session.output.json:
        session.output.document(told)
        return 0
    output = session.output
    output.line(f"{system} {object_name} {record_id}: {told['state']} ({told['reason'] or 'ok'})")
    if (went := told.get("went_to")) is not None:
        output.say(f"why.{went['how']}", object=went["object"] or "", id=went["id"])
    for row in told.get("parked", []):
        output.line(f"parked: {row['line'] or 'record'}: {row['cause']} - {row['advice']}")
    for row in told.get("waits_for", []):
        output.line(f"waits for {row['mapping']} {row['id']} ({row['state'] or 'not seen yet'})")
    output.table(
        "What we wrote here",
        ("at", "trigger", "line", "rule", "run", "from", "to", "outcome"),
        [
            (
                _second(step["at"], bridge.settings.zone),
                step["trigger"],
                step["line"],
                step["rule"],
                str(step["run_id"]),
                *("" if step[at] is None else shortened(str(step[at])) for at in ("from", "to")),
                step["outcome"],
            )
            for step in told["chain"]
        ],
    )
    return 0


@command()
@click.argument("system", type=SYSTEMS, required=False)
def pause(session: Session, system: str | None) -> int:
    """Stop writes to a system (or both); consent still flows."""
    bridge = session.bridge()
    chosen = [System(system)] if system else list(System)
    bridge.ledger.pause(chosen, bridge.clock())
    names = " and ".join(one.value for one in chosen)
    _told(session, {"paused": [s.value for s in chosen]}, f"{names}: writes are paused")
    return 0


@command()
@click.argument("system", type=SYSTEMS, required=False)
def resume(session: Session, system: str | None) -> int:
    """Let writes go on, and ask a system again at once that refused us."""
    chosen = [System(system)] if system else list(System)
    bridge = session.bridge()
    bridge.ledger.resume(chosen)
    for one in chosen:
        bridge.ledger.unblock(one)
    bridge.ledger.hasten_bells(bridge.clock())
    names = " and ".join(one.value for one in chosen)
    _told(session, {"resumed": [s.value for s in chosen]}, f"{names}: writes go on")
    return 0
