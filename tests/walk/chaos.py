"""Kill the worker, the web part and the scheduler at random moments under load; flush Redis in between.

``python -m tests.walk.chaos 100 7`` does it a hundred times with seed 7, over SQLite; a third word
``postgres`` takes PostgreSQL and a second worker machine. What was killed is started again, as a service
manager would. At the end everything must be as if nothing had happened.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.serve import Sandbox
from tests.machine.postgres import running_postgres
from tests.machine.redis import RedisServer, running_redis
from tests.walk.command import twins
from tests.walk.installation import Installation, Part
from tests.walk.live import Edits, both_ways, pairs_of, unaccounted

RATE = 10.0  # edits a second
# Seconds between two kills, and until the killed part is started again, drawn by lot.
KILL_EVERY, AGAIN = (0.3, 3.0), (0.0, 1.0)
FLUSHES = 10
PATIENCE = 180.0
BIRTH_EVERY = 25  # one edit in so many is followed by a person who is new on one side
# The senders come back soon, so that the end does not wait for their patience.
BACKOFF = 0.2


@dataclass(frozen=True, slots=True)
class Found:
    """After the last kill, when all is quiet. Nothing but `killed`, `flushed` and `edits` may be filled."""

    killed: dict[str, int]
    flushed: int
    edits: int
    lost: list[str]
    open: int
    twins: dict[str, list[str]]
    without_partner: list[str]
    planned: list[dict[str, Any]]
    unaccounted: dict[str, str]
    failed: dict[str, int]

    @property
    def fine(self) -> bool:
        """Both orgs agree, nobody is twice, no edit is lost, every event is accounted for."""
        faults = (
            self.lost,
            self.open,
            self.twins,
            self.without_partner,
            self.planned,
            self.unaccounted,
            self.failed,
        )
        return not any(faults)


@dataclass
class Load:
    """People at work, in a thread of their own, until told to stop."""

    sandbox: Sandbox
    seed: int
    edits: Edits = field(init=False)
    born: list[tuple[str, str]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.edits = Edits(self.sandbox)

    @contextmanager
    def at_work(self, rate: float) -> Iterator[None]:
        """As long as the block lasts."""
        thread = threading.Thread(target=self._work, args=(rate,), name="people")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _work(self, rate: float) -> None:
        make, number, began = both_ways(self.edits, pairs_of(self.sandbox), self.seed), 0, 0.0
        began = time.monotonic()
        while not self._stop.wait(max(0.0, began + number / rate - time.monotonic())):
            make(number)
            number += 1
            if number % BIRTH_EVERY == 0:
                self._give_birth(number)

    def _give_birth(self, number: int) -> None:
        """Somebody who is new, on either side in turn."""
        email = f"new{number}@born.example.com"
        if number // BIRTH_EVERY % 2:
            self.sandbox.hubspot.create("contacts", {"email": email, "lastname": f"New {number}"})
        else:
            self.sandbox.salesforce.add(
                "Lead", {"Email": email, "LastName": f"New {number}", "Company": "Example"}
            )
        self.born.append((email, "hubspot" if number // BIRTH_EVERY % 2 else "salesforce"))

    def without_partner(self) -> list[str]:
        """New people who do not stand on both sides exactly once."""
        left = Counter(
            str(row.get("email")).lower()
            for row in self.sandbox.hubspot.records("contacts").values()
        )
        right = Counter(
            str(row.get("Email")).lower()
            for name in ("Lead", "Contact")
            for row in self.sandbox.salesforce.records(name).values()
        )
        return [
            f"{email}, born in {side}: {left[email]} in HubSpot, {right[email]} in Salesforce"
            for email, side in self.born
            if (left[email], right[email]) != (1, 1)
        ]


def wreak(
    folder: Path,
    kills: int,
    seed: int,
    *,
    people: int = 120,
    postgres: bool = False,
    flushes: int = FLUSHES,
) -> Found:
    """Kill so many times, then let it finish, and look."""
    dice = random.Random(seed)
    sandbox = Sandbox.start(people=people, seed=seed, limits=False)
    sandbox.hubspot.hooks.backoff = sandbox.salesforce.outbound.backoff = BACKOFF
    store = running_postgres() if postgres else nullcontext("")
    with running_redis() as redis, store as url:
        settings = {
            "KAKEHASHI_REDIS_URL": redis.url,
            "KAKEHASHI_SYNC__LANDING_WINDOW": "5",
            "KAKEHASHI_SYNC__POLL_EVERY": "30",
            **({"KAKEHASHI_DATABASE_URL": url} if postgres else {}),
        }
        installation = Installation(folder, sandbox, settings)
        try:
            return _wreak(installation, redis, dice, kills, flushes)
        finally:
            installation.stop()
            sandbox.stop()


def _wreak(
    installation: Installation, redis: RedisServer, dice: random.Random, kills: int, flushes: int
) -> Found:
    sandbox = installation.sandbox
    installation.prepare()
    parts = installation.start("web", "worker", "scheduler")
    if not installation.settings["KAKEHASHI_DATABASE_URL"].startswith("sqlite"):
        parts += installation.start("worker", machine=2)
    installation.connect()
    load = Load(sandbox, dice.randrange(1 << 30))
    killed: Counter[str] = Counter()
    flush_at = set(dice.sample(range(kills), min(flushes, kills)))
    with load.at_work(RATE):
        for number in range(kills):
            time.sleep(dice.uniform(*KILL_EVERY))
            if number in flush_at:
                redis.client().flushall()
            _kill(dice.choice(parts), dice, killed)
    for part in parts:
        if not part.alive:
            part.start()
    installation.until_it_answers()
    # Nothing may hang on a doorbell or a poll that is still to come.
    installation.settle(PATIENCE)
    accounts = unaccounted(sandbox, installation.received())
    failed = {log: code for log, code in installation.stop().items() if code != 0}
    plan = installation.admin.run("plan", "--json").json
    return Found(
        killed=dict(killed),
        flushed=len(flush_at),
        edits=len(load.edits.made),
        lost=load.edits.lost(),
        open=len(load.edits.open),
        twins=twins(sandbox),
        without_partner=load.without_partner(),
        planned=plan["changes"],
        unaccounted=accounts,
        failed=failed,
    )


def _kill(part: Part, dice: random.Random, killed: Counter[str]) -> None:
    """And start it again a moment later, in the background of what goes on."""
    if part.alive:
        part.kill()
        killed[part.name] += 1
    time.sleep(dice.uniform(*AGAIN))
    part.start()


def main(words: list[str]) -> int:
    """Print what was found; 0 if all is well."""
    with tempfile.TemporaryDirectory() as scratch:
        found = wreak(Path(scratch), int(words[0]), int(words[1]), postgres="postgres" in words[2:])
    print(found)  # noqa: T201 - a command
    return 0 if found.fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
