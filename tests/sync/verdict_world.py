"""Three people between two departments, in a bridge whose worker may die between any two of its steps.

Bells are kept in `unheard` until somebody hears them, once or twice, or until they are lost.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import event

from connector.errors import ConnectorError
from connector.port import System, Value
from lifecycle.store import SqlLifecycleStore
from sync.handoff import Handoff
from sync.rounds import Rounds
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing
from tests.sync.life_world import forgetful

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PEOPLE = ("ann@acme.example", "ben@acme.example", "cem@other.example")
OBJECTS = {HUBSPOT: ("contacts",), SALESFORCE: ("Lead", "Contact")}
# After so many rounds with time between them everything must have come to rest.
MOST_ROUNDS = 12
KNOWN = ("need_problem", "timeframe", "decision_maker", "next_step")


class Died(BaseException):
    """A worker was killed: nothing that it was at is finished."""


class Edit(NamedTuple):
    """What somebody entered in a record to ask for something, and when."""

    system: System
    object: str
    record_id: str
    values: dict[str, Value]
    at: datetime


class MortalStore(SqlLifecycleStore):
    """The ledger of stages, at which a worker dies: `fuse` calls that write are done before."""

    fuse: int | None = None
    # Whether the last call was on file when the worker died.
    is_on_file: bool = False

    def _burn(self, name: str, *given: Any) -> Any:
        act = getattr(super(), name)
        if self.fuse is None:
            return act(*given)
        self.fuse -= 1
        if self.fuse >= 0:
            return act(*given)
        self.fuse = None
        if self.is_on_file:
            act(*given)
        raise Died(name)

    def ask(self, *given: Any) -> Any:
        return self._burn("ask", *given)

    def decide(self, *given: Any) -> Any:
        return self._burn("decide", *given)

    def keep(self, *given: Any) -> Any:
        return self._burn("keep", *given)

    def merge(self, *given: Any) -> Any:
        return self._burn("merge", *given)

    def told(self, *given: Any) -> Any:
        return self._burn("told", *given)

    def written(self, *given: Any) -> Any:
        return self._burn("written", *given)


@dataclass
class VerdictWorld(Handing):
    """Both systems, people in them, and one worker at a time."""

    unheard: list[tuple[System, str, str]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        # No history outlives its test: nothing of it has to reach the disk.
        event.listen(self.ledger.engine, "connect", forgetful)
        self.ledger.close_all()

    @cached_property
    def handoff(self) -> Handoff:
        made = super().handoff
        made.__dict__["store"] = MortalStore(self.ledger.engine)
        return made

    @property
    def mortal(self) -> MortalStore:
        found = self.handoff.store
        assert isinstance(found, MortalStore)
        return found

    def twin(self, system: System) -> Any:
        return self.hubspot if system is HUBSPOT else self.salesforce

    def live(self, system: System) -> dict[str, tuple[str, dict[str, Value]]]:
        """Records that can be written to, with their object and what they hold."""
        return {
            record_id: (name, values)
            for name in OBJECTS[system]
            for record_id, values in self.twin(system).records(name).items()
            if not values.get("IsConverted")
        }

    # What people do -----------------------------------------------------------------------------

    def enter(self, system: System, record_id: str, values: dict[str, Value]) -> None:
        """Somebody edits a record; the bell may be heard, or not."""
        self.time.forward(seconds=7)
        name, _ = self.live(system)[record_id]
        self.twin(system).edit(name, record_id, values)
        self.unheard.append((system, name, record_id))

    def petition(self, system: System, record_id: str, values: dict[str, Value]) -> None:
        """The same, where it asks for something; what they had asked there before is taken back by it."""
        _, held = self.live(system)[record_id]
        self.enter(system, record_id, values)
        if all(held.get(name) == value for name, value in values.items()):
            # What stands there already asks for nothing more.
            return
        self.edits = [
            one
            for one in self.edits
            if (one.system, one.record_id) != (system, record_id) or not one.values.keys() & values
        ]
        name, _ = self.live(system)[record_id]
        self.edits.append(Edit(system, name, record_id, values, self.time.now))

    # What a worker does -------------------------------------------------------------------------

    def hear(self, *, twice: bool = False) -> None:
        """All bells get through; some of them twice."""
        for system, name, record_id in self.unheard * (2 if twice else 1):
            self.ring(system, name, record_id)
        self.unheard.clear()

    @contextmanager
    def mortally(self) -> Iterator[None]:
        """A worker that may die, or find a system busy: whatever it had taken is free again."""
        try:
            yield
        except (Died, ConnectorError):
            self.mortal.fuse = None
        self._free()

    def _free(self) -> None:
        owners = {self.worker}
        self.ledger.free_bells([*owners])

    worker: str = ""

    def round(self) -> Any:
        """One round over everything that is due."""
        self.time.forward(seconds=1)
        bench = self.bench
        self.worker = bench.holder.name
        bells = self.ledger.take_bells(self.worker, self.time(), limit=200)
        if not bells:
            return None
        run = self.ledger.begin_run("live", ["people"], "live", self.time())
        outcome = Rounds(bench, run.id, "live").look(bells)
        self.ledger.wipe(outcome.done, outcome.later, self.time())
        return outcome

    def work(self) -> None:
        """What a worker does in a moment: the website, what was asked for, clocks, and what rang."""
        with self.mortally():
            self.teller.work()
        with self.mortally():
            self.handoff.usher.work()
        with self.mortally():
            self.round()

    def stroll(self) -> None:
        with self.mortally():
            self.handoff.usher.sweep()

    def compare_all(self) -> None:
        with self.mortally():
            self.resync()

    def rest(self) -> None:
        """No more trouble: a worker for as long as somebody is rung for, and a whole compare."""
        self.mortal.fuse = None
        for system in System:
            self.twin(system).faults.busy = 0
        self.hear()
        self.time.forward(seconds=200)
        self._work_off()
        self.time.forward(minutes=3)
        self.resync()
        self._work_off()

    def _work_off(self) -> None:
        for _ in range(MOST_ROUNDS):
            self.work()
            if self.ledger.next_bell() is None and not self.mortal.asked(1):
                return
            self.time.forward(seconds=30)


@dataclass(frozen=True)
class Beginning:
    """How every history begins."""

    ledger: Path
    shelves: dict[System, Any]
    numbers: dict[System, int]
    now: datetime


@cache
def beginning(folder: Path) -> Beginning:
    """Three people are in both systems and in line, both departments agree on what is qualified, and the
    first one has raised a hand: made once, and copied.
    """
    place = folder / "beginning"
    place.mkdir(parents=True, exist_ok=True)
    world = VerdictWorld(sqlite_url(place))
    world.agree()
    known = dict.fromkeys(KNOWN, "known well")
    for email, name in zip(PEOPLE, ("Lead", "Contact", "Lead"), strict=True):
        company = email.partition("@")[2]
        world.hubspot.seed("contacts", {"email": email, "company": company, **known})
        world.salesforce.seed(name, {"email": email, "company": company})
    world.resync()
    world.happens("form_submit_handraise", email=PEOPLE[0], topic="pricing")
    for _ in range(3):
        world.work()
    world.ledger.close_all()
    twins = {system: world.twin(system) for system in System}
    return Beginning(
        ledger=place / "ledger.db",
        shelves={system: dict(twin._shelves) for system, twin in twins.items()},
        numbers={system: twin._last_number for system, twin in twins.items()},
        now=world.time.now,
    )


def begun(folder: Path) -> VerdictWorld:
    """A world at the beginning of a history."""
    first = beginning(folder)
    place = folder / "life"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(first.ledger, place / "ledger.db")
    world = VerdictWorld(sqlite_url(place))
    world.time.now = first.now
    for system in System:
        twin = world.twin(system)
        twin._shelves.update(deepcopy(first.shelves[system]))
        twin._last_number = first.numbers[system]
    return world
