"""`plan`, `apply`, `resync`, `sync`: the commands that compare and write."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import click

from console.language import say
from console.output import Output
from console.session import Session, allowances, command
from mappings.compile import Compiled
from sync.catchup import CatchUp
from sync.ledger import StoredPlan
from sync.resync import Compare, Report, Terms

SHOWN = 50


@command()
@click.argument("names", nargs=-1)
def plan(session: Session, names: tuple[str, ...]) -> int:
    """Full compare; writes nothing anywhere, saves the plan."""
    bridge = session.bridge()
    compiled = bridge.compile()
    _known(names, _names(compiled))
    bridge.pin()
    with session.output.working():
        compare = bridge.compare(bridge.bench(compiled))
        plan_id = compare.plan(names)
    stored = bridge.ledger.plan(plan_id)
    if session.output.json:
        session.output.document(plan_document(compare, stored))
    else:
        show_plan(session.output, compare, stored)
    return 1 if _is_work(stored) else 0


def plan_document(compare: Compare, stored: StoredPlan) -> dict[str, Any]:
    """The contract's plan JSON."""
    return {
        "plan_id": stored.plan_id,
        "hash": stored.hash,
        "totals": stored.totals,
        "cost": stored.cost,
        "changes": list(compare.plan_entries(stored.plan_id)),
        "conflicts": list(compare.ledger.plan_rows(stored.plan_id, "conflict")),
        "parked": list(compare.ledger.plan_rows(stored.plan_id, "parked")),
        "observed": list(compare.ledger.plan_rows(stored.plan_id, "observed")),
    }


def _is_work(stored: StoredPlan) -> bool:
    """Whether anything is for the plan to do, or for a person."""
    return _writes(stored) or bool(stored.totals.get("parked"))


def _writes(stored: StoredPlan) -> bool:
    changes = ("create", "update", "delete", "link", "unlink")
    return any(stored.totals.get(name) for name in changes)


def _names(compiled: Compiled) -> list[str]:
    return [*(one.name for one in compiled.mappings), *(one.name for one in compiled.relations)]


def _known(names: Iterable[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            raise click.UsageError(f"there is no mapping {name!r}; known: {', '.join(known)}")


def show_plan(output: Output, compare: Compare, stored: StoredPlan) -> None:
    """What a plan would write, what waits for a person, and the one thing to do next."""
    rows: list[tuple[str, ...]] = []
    more = 0
    for entry in compare.plan_entries(stored.plan_id):
        for field in entry["fields"] or [{}]:
            if len(rows) >= SHOWN:
                more += 1
                continue
            rows.append(
                (
                    entry["mapping"],
                    entry["action"],
                    f"{entry['system']} {entry['object']}",
                    entry["id"] or "(new)",
                    field.get("api_name", ""),
                    _shown(field.get("from")),
                    _shown(field.get("to")),
                    field.get("rule", ""),
                )
            )
    title = say("plan.title", output.lang, plan_id=stored.plan_id)
    if rows:
        columns = ("mapping", "action", "object", "id", "field", "from", "to", "rule")
        output.table(title, columns, rows)
    else:
        output.line(title)
    if more:
        output.say("plan.more", count=more)
    output.line(_totals_line(stored.totals))
    observed = sum(1 for _ in compare.ledger.plan_rows(stored.plan_id, "observed"))
    if observed:
        output.say("plan.observed", count=observed)
    parked = Counter(row["cause"] for row in compare.ledger.plan_rows(stored.plan_id, "parked"))
    for cause, count in parked.most_common():
        output.say("plan.parked", count=count, cause=cause)
    _tell_what_next(output, stored)


def _tell_what_next(output: Output, stored: StoredPlan) -> None:
    if _writes(stored):
        output.say("plan.carry_out", plan_id=stored.plan_id)
    elif _is_work(stored):
        output.say("run.see_parked")
    elif open_ones := stored.totals.get("open_differences"):
        output.say("status.open_differences", count=open_ones)
    else:
        output.say("plan.in_line")


def _totals_line(totals: Mapping[str, int]) -> str:
    told = [f"{count} {name.replace('_', ' ')}" for name, count in totals.items() if count]
    return ", ".join(told) or "nothing to do"


def _shown(value: object) -> str:
    return "" if value is None else str(value)


@command()
@click.argument("plan_id")
@click.option("--allow", help="Lift guards: creates=500,deletes=20,blanked=9.")
def apply(session: Session, plan_id: str, allow: str | None) -> int:
    """Make exactly the changes of a plan; what moved since is left alone and reported."""
    bridge = session.bridge()
    bridge.ledger.plan(plan_id)
    compiled = bridge.compile()
    bridge.need_keys(compiled)
    bridge.pin()
    terms = Terms(
        observe=bridge.settings.mode == "observe", allowed=allowances(allow), trigger="apply"
    )
    with session.output.working():
        report = bridge.compare(bridge.bench(compiled)).apply(plan_id, terms)
    return show_report(session.output, report, observe=terms.observe)


@command()
@click.argument("names", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow", help="Lift guards: creates=500,deletes=20,blanked=9.")
def resync(session: Session, names: tuple[str, ...], yes: bool, allow: str | None) -> int:
    """Plan and apply in one; resumable; stops at a guard."""
    bridge = session.bridge()
    compiled = bridge.compile()
    _known(names, _names(compiled))
    bridge.need_keys(compiled)
    if not yes:
        if session.output.json or not (sys.stdin.isatty() and session.output.terminal):
            raise click.UsageError(
                "nobody to ask here: say --yes, or look first with `kakehashi plan`"
            )
        click.confirm(say("run.confirm", session.output.lang), abort=True)
    bridge.pin()
    terms = Terms(
        observe=bridge.settings.mode == "observe", retry_parked=True, allowed=allowances(allow)
    )
    with session.output.working():
        report = bridge.compare(bridge.bench(compiled)).resync(names, terms)
    return show_report(session.output, report, observe=terms.observe)


@command("sync")
@click.option("--once", is_flag=True, required=True, help="Look once and end.")
@click.argument("names", nargs=-1)
def sync_(session: Session, once: bool, names: tuple[str, ...]) -> int:
    """Bring in line what changed on both sides since the last look."""
    bridge = session.bridge()
    compiled = bridge.compile()
    bridge.need_keys(compiled)
    _known(names, _names(compiled))
    bridge.pin()
    terms = Terms(observe=bridge.settings.mode == "observe", trigger="poll")
    bench, station = bridge.bench(compiled), bridge.station(compiled, "poll")
    catch_up = CatchUp(bench, station, lambda: bridge.compare(bench), terms)
    with session.output.working():
        report = catch_up.once(names)
    return show_report(session.output, report, observe=terms.observe)


def show_report(output: Output, report: Report, *, observe: bool) -> int:
    """Tell what a run did; 1 where somebody has to look."""
    if output.json:
        output.document(
            {
                "run_id": report.run_id,
                "plan_id": report.plan_id,
                "totals": dict(report.totals),
                "skipped": list(report.skipped),
                "guards": [
                    {
                        "mapping": trip.mapping,
                        "guard": trip.guard,
                        "system": trip.system,
                        "planned": trip.planned,
                        "limit": trip.limit,
                        "option": trip.option,
                        "message": trip.message(),
                    }
                    for trip in report.guards
                ],
                "cost": report.cost,
            }
        )
    else:
        for trip in report.guards:
            output.error(say("run.guard", output.lang, message=trip.message()))
        for skipped in report.skipped[:SHOWN]:
            name = f"{skipped['system']} {skipped['object']} {skipped['id'] or '(new)'}"
            output.say("run.left_alone", record=name, why=skipped["why"])
        if observe:
            output.say("run.observe")
        output.say("run.done", run_id=report.run_id, totals=_totals_line(report.totals))
        if report.parked:
            output.say("run.parked", count=report.parked)
    return 1 if report.needs_attention or observe else 0
