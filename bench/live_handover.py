"""How long a verdict takes to HubSpot, over real processes on loopback: ``python -m bench live handover``.

Sellers send leads back in Salesforce, 10 a second for 20 s, each a lead of its own that was handed over just
before; from the edit until the last of all recycle fields stands in HubSpot. Then the same again, with the
worker killed (``kill -9``) in the middle of it and started anew. Each verdict must be one ledger entry.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lifecycle.model import Stage
from lifecycle.store import SqlLifecycleStore
from sandbox.serve import Sandbox
from tests.walk.handover import is_back, life_of, prepare, seller_says
from tests.walk.installation import Installation, Part
from tests.walk.live import Pair, at_rate, percentile
from tests.walk.website import addressed, event, send

Say = Callable[[str], None]
RATE, SECONDS, SEED = 10.0, 20.0, 11
# Not everybody has an address of their own in both orgs: so many people give enough of them.
PEOPLE = 1_000
# Events in one call; seconds without another hand-over after which everybody counts as handed over.
AT_ONCE, QUIET = 100, 5.0
PATIENCE = 300.0
LOOK = 0.05


def measure(say: Say) -> dict[str, Any]:
    """Seconds from a verdict to all recycle fields in HubSpot, undisturbed and with a dead worker."""
    sandbox = Sandbox.start(people=PEOPLE, seed=SEED, limits=False)
    with tempfile.TemporaryDirectory() as folder:
        installation = prepare(Path(folder), sandbox)
        try:
            installation.connect()
            _, worker, _ = installation.start("web", "worker", "scheduler")
            installation.settle(PATIENCE)
            count = round(RATE * SECONDS)
            people = _handed_over(installation)[: 2 * count]
            half = len(people) // 2
            found = {
                "undisturbed": _judged(installation, people[:half], None),
                "worker killed": _judged(installation, people[half:], worker),
            }
        finally:
            installation.stop()
            sandbox.stop()
    for name, row in found.items():
        say(
            f"{name:<14} {row['verdicts']} verdicts  p50 {row['p50']:.2f} s  p95 {row['p95']:.2f} s  "
            f"worst {row['worst']:.2f} s  entries each {row['entries_each']}"
        )
    return found


def _handed_over(installation: Installation) -> list[tuple[Pair, str]]:
    """Everybody raises a hand; those who are handed over by then wait for an answer.

    Who has no company is nobody whom sales could call.
    """
    people, now = addressed(installation.sandbox), datetime.now(UTC)
    rows = [event("form_submit_handraise", email, now) for _, email in people]
    for start in range(0, len(rows), AT_ONCE):
        send(installation, rows[start : start + AT_ONCE])
    found: list[tuple[Pair, str]] = []
    while True:
        time.sleep(QUIET)
        installation.settle(PATIENCE)
        held = installation.sandbox.hubspot.records("contacts")
        now_there = [one for one in people if held[one[0].contact].get("shared_stage") == "mql"]
        if now_there and len(now_there) == len(found):
            return found
        found = now_there


def _judged(
    installation: Installation, people: Sequence[tuple[Pair, str]], victim: Part | None
) -> dict[str, Any]:
    """Verdicts one after the other; arrivals are looked for every 50 ms, in a thread of their own."""
    sandbox = installation.sandbox
    said: dict[str, float] = {}
    arrived: dict[str, float] = {}

    def look() -> None:
        held, now = sandbox.hubspot.records("contacts"), time.monotonic()
        for contact in set(said) - set(arrived):
            if is_back(life_of(held[contact])):
                arrived[contact] = now

    def act(number: int) -> None:
        pair, _ = people[number]
        said[pair.contact] = time.monotonic()
        seller_says(
            sandbox, pair, verdict="reject", reason="timing", comment=f"来期に再度 {number}"
        )
        if victim is not None and number == len(people) // 2:
            victim.kill()
            victim.start()

    rate = _while_looking(look, lambda: at_rate(RATE, len(people) / RATE, act))
    deadline = time.monotonic() + PATIENCE
    while len(arrived) < len(people) and time.monotonic() < deadline:
        look()
        time.sleep(LOOK)
    installation.settle(PATIENCE)
    seconds = [arrived[contact] - at for contact, at in said.items() if contact in arrived]
    return {
        "verdicts": len(people),
        "rate": rate,
        "missing": len(people) - len(seconds),
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "worst": max(seconds),
        "entries_each": _entries_each(installation),
    }


def _while_looking(look: Callable[[], None], act: Callable[[], float]) -> float:
    stop = threading.Event()

    def again() -> None:
        while not stop.wait(LOOK):
            look()

    thread = threading.Thread(target=again, daemon=True)
    thread.start()
    try:
        return act()
    finally:
        stop.set()
        thread.join()


def _entries_each(installation: Installation) -> list[int]:
    """How many send-backs anybody has: ``[1]``."""
    with installation.ledger() as ledger:
        rows = SqlLifecycleStore(ledger.engine).entered(
            datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
        )
        found = Counter(one.subject for one in rows if one.stage is Stage.RECYCLED)
    return sorted(set(found.values()))
