"""How long a visit takes to both orgs, over real processes on loopback: ``python -m bench live intent``.

People are sent one after the other by the website's server; from the door's answer until the last of score,
band, topic and the four sentences stands in an org. Then each of them opts out, in turn in HubSpot, in
Salesforce and at the door: until the last of it is blank.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.serve import Sandbox
from tests.walk.installation import Installation
from tests.walk.live import Pair, percentile
from tests.walk.website import OPT_OUT, TOLD, addressed, held, prepare, send, visits

Say = Callable[[str], None]
PEOPLE, SEED, VISITORS = 60, 11, 30
PATIENCE = 60.0


def measure(say: Say) -> dict[str, Any]:
    """Seconds until told and until blank, in both orgs."""
    sandbox = Sandbox.start(people=PEOPLE, seed=SEED, limits=False)
    with tempfile.TemporaryDirectory() as folder:
        installation = prepare(Path(folder), sandbox)
        installation.from_nothing = True
        try:
            installation.connect()
            installation.start("web", "worker", "scheduler")
            installation.settle()
            found = _measured(installation)
        finally:
            installation.stop()
            sandbox.stop()
    for name, row in found.items():
        say(
            f"{name:<24} p50 {row['p50']:.2f} s  p95 {row['p95']:.2f} s  worst {row['worst']:.2f} s"
        )
    return found


def _measured(installation: Installation) -> dict[str, Any]:
    people = addressed(installation.sandbox)[:VISITORS]
    told = [_told(installation, pair, email) for pair, email in people]
    installation.settle()
    ways = (_in_hubspot, _in_salesforce, _at_the_door)
    blank = [
        _blank(installation, pair, email, ways[number % len(ways)])
        for number, (pair, email) in enumerate(people)
    ]
    return {"told in both orgs": _summary(told), "blank in both orgs": _summary(blank)}


def _told(installation: Installation, pair: Pair, email: str) -> float:
    rows = visits(email)
    began = time.monotonic()
    send(installation, rows)

    def is_told() -> bool:
        return all(all(one.values()) for one in held(installation.sandbox, pair))

    installation.wait(is_told, PATIENCE, "the card in both orgs")
    return time.monotonic() - began


def _blank(
    installation: Installation,
    pair: Pair,
    email: str,
    say_no: Callable[[Installation, Pair, str], object],
) -> float:
    began = time.monotonic()
    say_no(installation, pair, email)
    nothing = (dict.fromkeys(TOLD), dict.fromkeys(TOLD))
    installation.wait(lambda: held(installation.sandbox, pair) == nothing, PATIENCE, "both blank")
    return time.monotonic() - began


def _in_hubspot(installation: Installation, pair: Pair, _email: str) -> None:
    installation.sandbox.hubspot.edit("contacts", pair.contact, {OPT_OUT[0]: "true"})


def _in_salesforce(installation: Installation, pair: Pair, _email: str) -> None:
    installation.sandbox.salesforce.edit(pair.object, pair.record, {OPT_OUT[1]: True})


def _at_the_door(installation: Installation, _pair: Pair, email: str) -> None:
    send(installation, [{"event_id": "no", "email": email, "consent": {"tracking": "denied"}}])


def _summary(seconds: list[float]) -> dict[str, float]:
    return {
        "people": len(seconds),
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "worst": max(seconds),
    }
