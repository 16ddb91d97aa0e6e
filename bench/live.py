"""The live path over real processes, loopback: how fast, at what price, and what happens on bad days.

``python -m bench live [NAME...]`` runs these, all of them unless named::

    latency   50 edits/s for a minute, doorbells on: edit to the other org's record
    lost      every doorbell lost: everything arrives by the next poll
    doubled   every doorbell doubled and shuffled: API calls against the undisturbed run
    storm     500 events about one record: calls
    many      20,000 changed records: calls against the least that the batch sizes allow
    handoff   the day's API budget at 60 % of the demand: the hand-off lane's latency
    workers   edits/s with 1, 2 and 4 workers on two machines, one PostgreSQL and one Redis
    handover  10 verdicts/s by sellers: seconds until HubSpot holds all of a send-back, and with a dead worker
    intent    a visit to the website: seconds until both orgs carry it, and until an opt-out has blanked it

Both orgs live in the measuring process and hold nobody down.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench import live_handover, live_intent
from bench.orgs import load
from sandbox.doorbells import Wanted
from sandbox.serve import Sandbox
from tests.machine.postgres import running_postgres
from tests.machine.redis import running_redis
from tests.walk.command import twins
from tests.walk.installation import Installation
from tests.walk.live import (
    FIRST_NAME,
    HUBSPOT,
    SALESFORCE,
    TITLE,
    Edits,
    at_rate,
    both_ways,
    pairs_of,
    percentile,
    unaccounted,
    until_arrived,
)

Say = Callable[[str], None]
PEOPLE = 1_000
RATE, SECONDS = 50.0, 60.0
POLL = 10
PATIENCE = 300.0
ALL = 1_000_000_000
# HubSpot and Salesforce, per call: reads by id and writes.
HUBSPOT_BATCH, SALESFORCE_BATCH, SALESFORCE_READ = 100, 200, 2_000
HOUR = 3_600
HANDOFF_EVERY = 3  # seconds
PARTS = ("web", "worker", "scheduler")


@contextmanager
def stage(
    people: int = PEOPLE,
    *,
    postgres: bool = False,
    parts: tuple[str, ...] = PARTS,
    equal: int = 0,
    daily: dict[str, int] | None = None,
    **settings: Any,
) -> Iterator[Installation]:
    """Everybody in line, the parts at work, both orgs connected, all quiet. `equal`: instead of seeded
    people so many who are the same on both sides. `daily`: API calls by system that are left for the
    parts. `settings` without their prefix.
    """
    with ExitStack() as stack:
        sandbox = Sandbox.start(people=0 if equal else people, seed=7, limits=False)
        stack.callback(sandbox.stop)
        if equal:
            load(sandbox.hubspot, sandbox.salesforce, equal)
        redis = stack.enter_context(running_redis())
        given = {
            "KAKEHASHI_REDIS_URL": redis.url,
            "KAKEHASHI_SYNC__POLL_EVERY": str(HOUR),
            **{f"KAKEHASHI_{name}": str(value) for name, value in settings.items()},
        }
        if postgres:
            given["KAKEHASHI_DATABASE_URL"] = stack.enter_context(running_postgres(durable=True))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        installation = Installation(Path(folder), sandbox, given, from_nothing=True)
        stack.callback(installation.stop)
        installation.prepare()
        # The first resync is no part of what is measured: nor are its calls of the day's.
        redis.client().flushall()
        for system, calls in (daily or {}).items():
            installation.settings[f"KAKEHASHI_BUDGET__{system.upper()}_DAILY"] = str(calls)
        installation.start(*parts)
        installation.connect()
        # What a worker does once when it comes up is not what is measured.
        time.sleep(3)  # workers listen a moment after they said so
        installation.settle(PATIENCE)
        yield installation


def latency(say: Say) -> dict[str, Any]:
    """Edit to the other org's record, over either store."""
    found = {}
    for name, postgres in (("SQLite", False), ("PostgreSQL", True)):
        with stage(postgres=postgres) as installation:
            found[name] = _edited(installation, RATE, SECONDS)
            _tell(say, f"{name}, {RATE:.0f} edits/s for {SECONDS:.0f} s", found[name])
    return found


def lost(say: Say) -> dict[str, Any]:
    """Nothing rings; polls do it all."""
    with stage(SYNC__POLL_EVERY=POLL) as installation:
        _order(installation, "hook_lost")
        found = _edited(installation, RATE, SECONDS / 2)
        _tell(say, f"every doorbell lost, a poll every {POLL} s", found)
        return found


def doubled(say: Say) -> dict[str, Any]:
    """The same edits twice: undisturbed, then with everything doubled and shuffled."""
    with stage() as installation:
        found = {"undisturbed": _edited(installation, RATE, SECONDS / 2)}
        _order(installation, "hook_doubled", seconds=2)
        found["doubled"] = _edited(installation, RATE, SECONDS / 2)
    for name, one in found.items():
        _tell(say, f"{name}, {RATE:.0f} edits/s for {SECONDS / 2:.0f} s", one)
    ratio = _calls(found["doubled"]) / max(_calls(found["undisturbed"]), 1)
    say(f"{'':<44} API calls: {ratio:.2f} x the undisturbed run")
    return found | {"ratio": ratio}


def storm(say: Say, events: int = 500) -> dict[str, Any]:
    """One contact, one field, again and again."""
    with stage(people=60) as installation:
        edits, pair = Edits(installation.sandbox), pairs_of(installation.sandbox)[0]
        _forget_calls(installation)
        for number in range(events):
            edits.make(pair, TITLE, HUBSPOT, f"Storm {number}")
        until_arrived(edits, PATIENCE)
        installation.settle()
        lost, calls = edits.lost(), _calls_by_name(installation)
    say(f"a storm of {events} events about one record: {lost or 'in line'}")
    _tell_calls(say, calls)
    return {"lost": lost, "calls": calls}


def many(say: Say, count: int = 20_000) -> dict[str, Any]:
    """So many contacts edited at once."""
    with stage(equal=count) as installation:
        edits, pairs = Edits(installation.sandbox), pairs_of(installation.sandbox)
        _forget_calls(installation)
        began = time.monotonic()
        for number, pair in enumerate(pairs):
            edits.make(pair, TITLE, HUBSPOT, f"Head of {number}")
        until_arrived(edits, PATIENCE)
        took = time.monotonic() - began
        installation.settle(PATIENCE)
        calls = _calls_by_name(installation)
        missing = len(edits.open)
    least = {
        "hubspot reads": math.ceil(count / HUBSPOT_BATCH),
        "salesforce reads": math.ceil(count / SALESFORCE_READ),
        "salesforce writes": math.ceil(count / SALESFORCE_BATCH),
    }
    used = {
        "hubspot reads": _count(calls["hubspot"], "batch/read"),
        "salesforce reads": _count(calls["salesforce"], "POST ", "/composite/sobjects/", "query"),
        "salesforce writes": _count(calls["salesforce"], "PATCH ", "/composite/sobjects"),
    }
    say(f"{count:,} changed records in {took:.0f} s ({count / took:,.0f}/s), {missing} missing:")
    for name, number in used.items():
        say(f"    {name:<20} {number:>6}  least {least[name]:>5}  ratio {number / least[name]:.2f}")
    _tell_calls(say, calls)
    return {"seconds": took, "used": used, "least": least, "missing": missing}


def handoff(say: Say) -> dict[str, Any]:
    """The demand is measured first, calls by system; then that is what the rest of the day has, at 60 %.

    The budget saves what is left for the rest of the day, so the live lane all but stops in such a
    minute; hand-offs go on.
    """
    rate, seconds = 10.0, 60.0
    with stage(people=300) as installation:
        free = _handed_off(installation, rate, seconds)
    daily = {system: max(100, sum(c.values()) * 6 // 10) for system, c in free["calls"].items()}
    with stage(people=300, daily=daily) as installation:
        found = _handed_off(installation, rate, seconds)
    say(f"{rate:.0f} edits/s for {seconds:.0f} s, a hand-off every {HANDOFF_EVERY} s:")
    for name, run in (("free", free), (f"60 % of the calls: {daily}", found)):
        say(f"  {name}; {_calls(run)} calls; suspended: {run['suspended'] or 'nobody'}")
        for lane in ("handoff", "live"):
            one = run[lane]
            say(
                f"    {lane:<8} p50 {one['p50']:.2f} s  p95 {one['p95']:.2f} s"
                f"  {one['open']} of {one['edits']} open"
            )
    return {"free": free, "cut": found, "daily": daily}


def _handed_off(installation: Installation, rate: float, seconds: float) -> dict[str, Any]:
    """Contacts of Salesforce ring in the hand-off lane, now and then; everything else as usual."""
    sandbox, door = installation.sandbox, f"{installation.url}/webhooks/salesforce"
    hubspot_door = f"{installation.url}/webhooks/hubspot"
    sandbox.doorbells.connect(Wanted(hubspot_door, None, door, ("Lead", "Account")))
    sandbox.salesforce.send_outbound("Contact", f"{door}?lane=handoff")
    urgent, usual = Edits(sandbox), Edits(sandbox)
    pairs = pairs_of(sandbox)
    contacts = [pair for pair in pairs if pair.object == "Contact"]
    make = both_ways(usual, [pair for pair in pairs if pair.object == "Lead"])
    _forget_calls(installation)

    def act(number: int) -> None:
        make(number)
        if number % round(rate * HANDOFF_EVERY) == 0:
            pair = contacts[number % len(contacts)]
            urgent.make(pair, FIRST_NAME, SALESFORCE, f"Urgent {number}")

    at_rate(rate, seconds, act)
    until_arrived(urgent, 60)
    with installation.ledger() as ledger:
        suspended = [f"{one.system.value}: {one.cause}" for one in ledger.troubles()]
    return {
        "handoff": _summary(urgent),
        "live": _summary(usual),
        "suspended": suspended,
        "calls": _calls_by_name(installation),
    }


def workers(say: Say, count: int = 3_000) -> dict[str, Any]:
    """Everything is edited at once; how long until all of it arrived."""
    found: dict[str, Any] = {}
    for number in (1, 2, 4):
        with stage(equal=count, postgres=True, parts=("web",)) as installation:
            for place in range(number):
                installation.start("worker", machine=1 + place % 2)
            time.sleep(3)  # workers listen a moment after they were started
            edits = Edits(installation.sandbox)
            make = both_ways(edits, pairs_of(installation.sandbox))
            began = time.monotonic()
            for one in range(count):
                make(one)
            until_arrived(edits, PATIENCE)
            took = time.monotonic() - began
            installation.settle(PATIENCE)
            found[str(number)] = {
                "seconds": took,
                "edits_per_second": count / took,
                "open": len(edits.open),
                "lost": edits.lost()[:3],
                "twins": twins(installation.sandbox),
                "calls": _calls_by_name(installation),
            }
        one_worker = found["1"]["edits_per_second"]
        speed = found[str(number)]["edits_per_second"]
        say(
            f"{number} worker(s): {count:,} edits in {took:.1f} s, {speed:,.0f} edits/s, "
            f"{speed / one_worker:.2f} x one worker; {_wrong(found[str(number)]) or 'all in line'}"
        )
    return found


SCENES: dict[str, Callable[[Say], dict[str, Any]]] = {
    **{one.__name__: one for one in (latency, lost, doubled, storm, many, handoff, workers)},
    "handover": live_handover.measure,
    "intent": live_intent.measure,
}


def measure(say: Say, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """The scenes of these names, or all. KeyError for a name that there is not."""
    return {name: SCENES[name](say) for name in names or tuple(SCENES)}


# Running and counting ---------------------------------------------------------------------------


def _edited(installation: Installation, rate: float, seconds: float) -> dict[str, Any]:
    """Edit at a rate, both ways, until all of it arrived; what that took, and what is wrong."""
    sandbox = installation.sandbox
    edits = Edits(sandbox)
    make = both_ways(edits, pairs_of(sandbox))
    _forget_calls(installation)
    before = {part.log.stem: part.cpu_seconds() for part in installation.parts}
    reached = at_rate(rate, seconds, make)
    until_arrived(edits, PATIENCE)
    installation.settle(PATIENCE)
    cpu = {part.log.stem: part.cpu_seconds() - before[part.log.stem] for part in installation.parts}
    return {
        **_summary(edits),
        "rate": reached,
        "cpu_seconds": cpu,
        "calls": _calls_by_name(installation),
        "lost": edits.lost()[:3],
        "twins": twins(sandbox),
        "unaccounted": unaccounted(sandbox, installation.received()),
    }


def _summary(edits: Edits) -> dict[str, Any]:
    took = edits.latencies()
    return {
        "edits": len(edits.made),
        "open": len(edits.open),
        "p50": percentile(took, 0.5),
        "p95": percentile(took, 0.95),
        "worst": max(took, default=0.0),
    }


def _order(installation: Installation, kind: str, **more: Any) -> None:
    for org in (installation.sandbox.hubspot, installation.sandbox.salesforce):
        org.faults.order({"kind": kind, "times": ALL, **more})


def _forget_calls(installation: Installation) -> None:
    for org in (installation.sandbox.hubspot, installation.sandbox.salesforce):
        org.calls.clear()


def _calls_by_name(installation: Installation) -> dict[str, dict[str, int]]:
    sandbox = installation.sandbox
    logs = {"hubspot": sandbox.hubspot.calls, "salesforce": sandbox.salesforce.calls}
    return {system: dict(log.as_json()["by_call"]) for system, log in logs.items()}


def _calls(found: dict[str, Any]) -> int:
    return sum(sum(calls.values()) for calls in found["calls"].values())


def _count(calls: dict[str, int], *words: str) -> int:
    """Calls whose name holds the first words; of alternatives after the second any is enough."""
    first, others = words[0], words[1:]
    return sum(
        count
        for name, count in calls.items()
        if first in name and (not others or any(word in name for word in others))
    )


# Telling ----------------------------------------------------------------------------------------


def _tell(say: Say, name: str, found: dict[str, Any]) -> None:
    cpu = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in found["cpu_seconds"].items())
    say(
        f"{name:<44} p50 {found['p50']:.2f} s  p95 {found['p95']:.2f} s  worst {found['worst']:.2f} s"
        f"  {_calls(found)} calls for {found['edits']} edits at {found['rate']:.0f}/s; CPU {cpu}; "
        f"{_wrong(found) or 'all in line'}"
    )


def _wrong(found: dict[str, Any]) -> dict[str, Any]:
    """What must be empty and is not."""
    names = ("open", "lost", "twins", "unaccounted")
    return {name: found[name] for name in names if found.get(name)}


def _tell_calls(say: Say, calls: dict[str, dict[str, int]]) -> None:
    for system, by_name in calls.items():
        for name, count in by_name.items():
            say(f"    {system:<10} {count:>6}  {name}")
