"""People and companies between two twins, with everything that goes wrong on the way between them.

Nobody here is bound to ring: bells are kept in `unheard` until somebody hears them, or they are lost.
"""

from __future__ import annotations

import shutil
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from connector.errors import TryLater
from connector.port import System
from sync.ledger import Ring
from sync.owners import OWNER_FIELDS
from sync.poll import Poll, ring_for_waiting
from sync.rounds import Outcome, Rounds
from sync.workbench import Workbench
from tests.sync.bridge import KEYS, schema, sqlite_url
from tests.sync.life_erasing import Erasing
from tests.sync.life_mappings import (
    COMPANIES,
    FIELDS,
    LINES,
    OBJECTS,
    PEOPLE,
    STORES,
    Policies,
    mappings,
)
from tests.sync.life_twin import ALONE, EVERYWHERE, LEAVING, OWNERS, Twin

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
# A write whose answer was lost lands before the window for it is over.
LANDS_WITHIN = timedelta(seconds=90)
# After so many rounds with time between them everything must have come to rest.
MOST_ROUNDS = 40


def forgetful(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


class World(Erasing):
    """Both twins with their troubles, and a worker that hears what it is told."""

    def __init__(self, url: str, policies: Policies) -> None:
        self.mappings = mappings(policies)
        self.unheard: list[tuple[System, str, str]] = []
        self.late_since: Any = None
        self.is_interrupted = False
        self.landings: list[tuple[datetime, datetime]] = []
        self.has_left = False
        self._desk: Workbench | None = None
        super().__init__(url, mapping=self.mappings[1])

    def __post_init__(self) -> None:
        super().__post_init__()
        # No history outlives its test: nothing of it has to reach the disk.
        event.listen(self.ledger._engine, "connect", forgetful)
        self.ledger.close_all()
        for system in System:
            names = sorted({*FIELDS, "hs_merged_object_ids"})
            places = [n for m in LINES for n in OBJECTS[m, system]]
            fields = {name: schema(names, [KEYS[system]]) for name in places}
            fields[OWNERS[system]] = schema(OWNER_FIELDS[system][1], [])
            twin = Twin(
                system,
                clock=self.time,
                fields=fields,
                normalise=STORES[system],
                keeps_history=system is HUBSPOT,
            )
            setattr(self, system.value, twin)

    @property
    def bench(self) -> Workbench:
        # What is known of colleagues is as old as it is in a process that goes on for days.
        self._desk = self._desk or super().bench
        return replace(super().bench, mappings=self.mappings, _known=self._desk._known)

    def object_of(self, kind: str, system: System, record_id: str) -> str:
        shelves = self.twin(system)._shelves
        return next(n for n in OBJECTS[kind, system] if record_id in shelves[n].records)

    def let_go(self, system: System, name: str, *, back: bool) -> None:
        """A colleague leaves the company, or is there again."""
        self.twin(system).leave(name, back=back)
        self.has_left |= not back

    # What people did is told, or is not ---------------------------------------------------------

    def tell(self, system: System, object_name: str, *ids: str) -> None:
        self.unheard += [(system, object_name, record_id) for record_id in ids]

    def hear(self, share: slice) -> None:
        """These of the bells get through; they ring in any order and more than once."""
        heard = self.unheard[share]
        self.unheard = [bell for bell in self.unheard if bell not in heard]
        self.ledger.ring([Ring(*bell) for bell in heard], self.time())
        self.hear_wishes()

    # Time and trouble ---------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Time goes by; what is late lands in time."""
        until = self.time.now + timedelta(seconds=seconds)
        if self.late_since is not None and until - self.late_since > LANDS_WITHIN:
            self.land()
        self.time.now = max(until, self.time.now)

    def land(self) -> None:
        began = self.time()
        for system in System:
            self.twin(system).land()
        self.landings.append((began, self.time()))
        self.late_since = None

    def landed_late(self, at: datetime) -> bool:
        """Whether this was written by a call that landed late, over whatever people had done by then."""
        return any(began <= at <= ended for began, ended in self.landings)

    def order_trouble(self, system: System, what: str) -> None:
        faults = self.twin(system).faults
        setattr(faults, what, 1)
        if what == "late" and self.late_since is None:
            self.late_since = self.time.now

    def calm(self) -> None:
        """No more trouble is on order."""
        for system in System:
            faults = self.twin(system).faults
            faults.busy = faults.lost_answers = faults.late = faults.drop = 0

    # What Kakehashi does ------------------------------------------------------------------------

    def round(self) -> Outcome:
        """One round over everything that is due, within the second that it is; where a system is busy,
        its bells ring again.
        """
        holder = self.bench.holder
        bells = self.ledger.take_bells(holder.name, self.time(), limit=200)
        run = self.ledger.begin_run("live", [*LINES], "live", self.time())
        try:
            with self.forgetting():
                outcome = Rounds(self.bench, run.id, "live").look(bells)
        except TryLater:
            self.ledger.free_bells([holder.name])
            return Outcome()
        self.ledger.wipe(outcome.done, outcome.later, self.time())
        return outcome

    def poll(self) -> None:
        """Ask both systems what changed, and ring for it."""
        poll = Poll(self.bench)
        try:
            for place in poll.places():
                poll.changes(place)
                poll.deletions(place)
        except TryLater:
            return

    def compare_all(self) -> None:
        """A whole compare, which tries again what was refused, as `kakehashi resync` and the nightly one do;
        one that finds a system busy is gone on with by the next one.
        """
        try:
            self.resync(retry_parked=True)
        except TryLater:
            self.is_interrupted = True
        else:
            self.is_interrupted = False

    def rest(self) -> None:
        """No more trouble: rounds until nobody is rung for, a whole compare a night, rounds again."""
        self.land()
        self.calm()
        self.hear_wishes()
        self.time.forward(seconds=self.landing_window.total_seconds())
        self.work_off()
        # A write that nobody knows the end of is believed lost after a day.
        self.time.forward(hours=25)
        if self.is_interrupted:
            # It goes on with what was listed then; only the next one looks at everything.
            self.compare_all()
        self.compare_all()
        self.work_off()
        if any(kind.cause == "duplicate_of" for kind in self.ledger.parked_kinds()):
            # What was refused while another record still held its key is tried again in the next night.
            self.time.forward(hours=24)
            self.compare_all()
            self.work_off()

    def work_off(self) -> None:
        """A worker for as long as somebody is rung for; who waits for a partner waits on."""
        ring_for_waiting(self.bench)
        for _ in range(MOST_ROUNDS):
            self.round()
            if self.ledger.next_bell() is None:
                return
            self.time.forward(seconds=30)


@dataclass(frozen=True)
class Beginning:
    """How every history begins: some who are in line already, and those whom nothing ever happens to."""

    ledger: Path
    shelves: dict[System, Any]
    numbers: dict[System, int]
    now: datetime
    bystanders: frozenset[tuple[str, System, str]]


@cache
def beginning(folder: Path) -> Beginning:
    """Made once, and copied: what a mapping says of endings matters to nobody yet."""
    place = folder / "beginning"
    place.mkdir(parents=True, exist_ok=True)
    world = World(sqlite_url(place), Policies())
    for system in System:
        twin = world.twin(system)
        for name in (*EVERYWHERE, LEAVING, *([ALONE] if system is HUBSPOT else [])):
            twin.employ(name)
        twin.seed(OBJECTS[PEOPLE, system][-1], {"email": "by@example.com", "first": "By"})
        twin.seed(OBJECTS[COMPANIES, system][0], {"code": "by"})
    world.compare_all()
    nobody = frozenset(
        (kind, system, record_id)
        for kind in LINES
        for system in System
        for name in OBJECTS[kind, system]
        for record_id in world.twin(system).records(name)
    )
    for name in ("eve", "hal"):
        owner = world.twin(HUBSPOT).colleague(EVERYWHERE[0])
        values = {"email": f"{name}@example.com", "title": f"{name}---title", "owner": owner}
        world.hubspot.seed("contacts", values)
    world.salesforce.seed("Contact", {"email": "fay@example.com", "title": "fay---"})
    world.hubspot.seed("companies", {"code": "gus", "title": "gus---title"})
    world.compare_all()
    world.ledger.close_all()
    twins = {system: world.twin(system) for system in System}
    return Beginning(
        ledger=place / "ledger.db",
        shelves={system: twin._shelves for system, twin in twins.items()},
        numbers={system: twin._last_number for system, twin in twins.items()},
        now=world.time.now,
        bystanders=nobody,
    )


def begun(folder: Path, policies: Policies) -> World:
    """A world at the beginning of a history."""
    first = beginning(folder)
    place = folder / "life"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(first.ledger, place / "ledger.db")
    world = World(sqlite_url(place), policies)
    world.time.now = first.now
    for system in System:
        twin = world.twin(system)
        twin._shelves.update(deepcopy(dict(first.shelves[system])))
        twin._last_number = first.numbers[system]
    return world
