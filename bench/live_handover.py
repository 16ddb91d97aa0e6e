"""How long a verdict takes to HubSpot, over real processes on loopback: ``python -m bench live handover``.

Sellers send leads back in Salesforce, 10 a second for a minute, each a lead of its own that was handed over
just before; from the edit until the last of all recycle fields stands in HubSpot. Then the same again, with
the worker killed (``kill -9``) in the middle of it and started anew at once, as a supervisor does. Each
verdict must be one ledger entry. ``python -m bench handover [SECONDS [RATE [WORKERS]]]`` runs it shorter,
faster, or with more workers, of which one is killed.

It ends by itself: what has not come by its deadline is counted as missing, and named.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intent.store import SqlIntentStore
from lifecycle.model import Stage
from lifecycle.store import SqlLifecycleStore
from sandbox.hubspot.state import Event
from sandbox.serve import Sandbox
from tests.walk.handover import LIFE, SENT_BACK, is_back, life_of, prepare, seller_says
from tests.walk.installation import DidNotCome, Installation, Part
from tests.walk.live import CONTACTS, Pair, at_rate, percentile
from tests.walk.website import addressed, event, send

Say = Callable[[str], None]
RATE, SECONDS, SEED = 10.0, 60.0, 11
# Of so many seeded people one has an address of their own in both orgs, and a company to be called at.
OF_THEM = 2.4
# Events in one call; seconds without another hand-over after which no more are waited for.
AT_ONCE, QUIET = 100, 60.0
# Seconds that the hand-overs may take, and what is on its way after the last verdict.
HAND_OVER, PATIENCE = 420.0, 90.0
LOOK = 0.1
# Which properties tell that a send-back arrived.
TELLING = frozenset(LIFE[name][0] for name in SENT_BACK)
NAMED = 5


def measure(
    say: Say, seconds: float = SECONDS, rate: float = RATE, workers: float = 1
) -> dict[str, Any]:
    """Seconds from a verdict to all recycle fields in HubSpot, undisturbed and with a dead worker."""
    count = round(rate * seconds)
    with _stage(round(2 * count * OF_THEM), round(workers)) as installation:
        began = time.monotonic()
        people = _handed_over(installation, 2 * count)
        took = time.monotonic() - began
        say(f"{len(people)} of {2 * count} people handed over in {took:.0f} s")
        half = len(people) // 2
        worker = next(one for one in installation.parts if one.name == "worker")
        found: dict[str, Any] = {
            "undisturbed": _judged(installation, people[:half], rate, None),
            "worker killed": _judged(installation, people[half:], rate, worker),
        }
    for name, row in found.items():
        _tell(say, name, row)
    return {"workers": workers, "handed_over": len(people), "hand_over_seconds": took, **found}


@contextmanager
def _stage(people: int, workers: int) -> Iterator[Installation]:
    """Everybody in line, both departments agreed, real processes at work, both orgs connected."""
    sandbox = Sandbox.start(people=people, seed=SEED, limits=False)
    with tempfile.TemporaryDirectory() as folder:
        try:
            installation = prepare(Path(folder), sandbox)
            # To be measured: a worker that is started again loads everything anew.
            installation.from_nothing = True
            try:
                installation.connect()
                installation.start("web", *(["worker"] * workers), "scheduler")
                yield installation
            finally:
                installation.stop()
        finally:
            sandbox.stop()


# Before it is measured ------------------------------------------------------------------------------


def _handed_over(installation: Installation, wanted: int) -> list[tuple[Pair, str]]:
    """So many raise a hand; those who are handed over by then wait for an answer.

    Who has no company is nobody whom sales could call.
    """
    held, now = installation.sandbox.hubspot.records("contacts"), datetime.now(UTC)
    everybody = addressed(installation.sandbox)
    people = [one for one in everybody if held[one[0].contact].get("company")][:wanted]
    rows = [event("form_submit_handraise", email, now) for _, email in people]
    for start in range(0, len(rows), AT_ONCE):
        send(installation, rows[start : start + AT_ONCE])
    deadline = time.monotonic() + HAND_OVER
    found: list[tuple[Pair, str]] = []
    until = deadline
    while len(found) < len(people) and time.monotonic() < until:
        time.sleep(1.0)
        held = installation.sandbox.hubspot.records("contacts")
        there = [one for one in people if held[one[0].contact].get("shared_stage") == "mql"]
        if len(there) > len(found) or _in_the_making(installation):
            found, until = there, min(deadline, time.monotonic() + QUIET) if there else deadline
    _settle(installation)
    return found


def _in_the_making(installation: Installation) -> bool:
    """Whether events or requests wait to be looked at."""
    with installation.ledger() as ledger:
        people, store = SqlIntentStore(ledger.engine), SqlLifecycleStore(ledger.engine)
        return bool(people.unscored() or store.asked(1))


def _settle(installation: Installation) -> str:
    """Wait until nothing is on its way; answers what still was when patience ended."""
    try:
        installation.settle(PATIENCE)
    except DidNotCome as error:
        return str(error).splitlines()[0]
    return ""


# Measured -------------------------------------------------------------------------------------------


@dataclass
class Arrivals:
    """When the last field of each send-back stood in HubSpot, by contact, as the org itself wrote it."""

    sandbox: Sandbox
    said: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, float] = field(default_factory=dict)
    _held: dict[str, dict[str, str | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._held = self.sandbox.hubspot.records("contacts")
        self.sandbox.hubspot.hooks.listen(self._wrote)

    def say(self, pair: Pair, number: int) -> None:
        """The seller sends this one back."""
        with self._lock:
            self.said[pair.contact] = time.monotonic()
        words = {"verdict": "reject", "reason": "timing", "comment": f"来期に再度 {number}"}
        seller_says(self.sandbox, pair, **words)

    def _wrote(self, told: Event) -> None:
        if told.kind.singular != CONTACTS or told.property_name not in TELLING:
            return
        contact, now = str(told.record_id), time.monotonic()
        held = self._held.get(contact)
        if held is None:
            return
        held[told.property_name] = told.details.get("propertyValue")
        with self._lock:
            if contact in self.said and contact not in self.arrived and is_back(life_of(held)):
                self.arrived[contact] = now

    def seconds(self) -> list[float]:
        """Of those that arrived."""
        with self._lock:
            return [self.arrived[one] - at for one, at in self.said.items() if one in self.arrived]

    def missing(self) -> list[str]:
        """The contacts of which something is not there yet, and what they hold instead."""
        with self._lock:
            gone = [one for one in self.said if one not in self.arrived]
        held = self.sandbox.hubspot.records("contacts") if gone else {}
        return [f"{one}: {life_of(held[one])}" for one in gone]


def _judged(
    installation: Installation, people: Sequence[tuple[Pair, str]], rate: float, victim: Part | None
) -> dict[str, Any]:
    """Verdicts one after the other; with a `victim`, it is killed after half of them."""
    arrivals, calls = Arrivals(installation.sandbox), _Calls(installation.sandbox)

    def act(number: int) -> None:
        arrivals.say(people[number][0], number)
        if victim is not None and number == len(people) // 2:
            victim.kill()
            victim.start()

    before = _cpu(installation)
    reached = at_rate(rate, len(people) / rate, act)
    deadline = time.monotonic() + PATIENCE
    while arrivals.missing() and time.monotonic() < deadline:
        time.sleep(LOOK)
    under_way = _settle(installation)
    cpu = {name: seconds - before.get(name, 0.0) for name, seconds in _cpu(installation).items()}
    seconds, missing = arrivals.seconds(), arrivals.missing()
    return {
        "verdicts": len(people),
        "rate": reached,
        "missing": len(missing),
        "some": missing[:NAMED],
        "under_way": under_way,
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "worst": max(seconds, default=0.0),
        "entries_each": _entries_each(installation, people),
        "cpu": cpu,
        "calls": calls.by_name(),
    }


@dataclass
class _Calls:
    """The calls of both orgs since it was made."""

    sandbox: Sandbox

    def __post_init__(self) -> None:
        for org in (self.sandbox.hubspot, self.sandbox.salesforce):
            org.calls.clear()

    def by_name(self) -> dict[str, int]:
        """By method and path."""
        found: dict[str, int] = {}
        for name, org in (
            ("hubspot", self.sandbox.hubspot),
            ("salesforce", self.sandbox.salesforce),
        ):
            for call, count in org.calls.as_json()["by_call"].items():
                found[f"{name} {call}"] = count
        return found


def _cpu(installation: Installation) -> dict[str, float]:
    """Seconds by part; those of a part that was killed are gone with it."""
    return {part.log.stem: part.cpu_seconds() for part in installation.parts}


def _entries_each(installation: Installation, people: Sequence[tuple[Pair, str]]) -> dict[int, int]:
    """How many of these people have how many send-backs on file: only ``{1: all}`` is right."""
    with installation.ledger() as ledger:
        store, who = SqlLifecycleStore(ledger.engine), SqlIntentStore(ledger.engine)
        rows = store.entered(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        count = Counter(one.subject for one in rows if one.stage is Stage.RECYCLED)
        known = who.subjects_by("email", [email for _, email in people])
    return dict(sorted(Counter(count[known[email]] for _, email in people).items()))


def _tell(say: Say, name: str, row: dict[str, Any]) -> None:
    say(
        f"{name:<14} {row['verdicts']} verdicts at {row['rate']:.1f}/s  p50 {row['p50']:.2f} s  "
        f"p95 {row['p95']:.2f} s  worst {row['worst']:.2f} s  missing {row['missing']}  "
        f"entries each {row['entries_each']}  {sum(row['calls'].values())} calls"
    )
    for one in (*row["some"], row["under_way"]):
        if one:
            say(f"    {one}")
