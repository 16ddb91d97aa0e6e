"""A bridge with a clock: the chores of its timetable, done by any number of workers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from json import dumps
from zoneinfo import ZoneInfo

from sync import workbench
from sync.chores import Chores
from sync.holding import Holder
from sync.ledger import LedgerLock
from sync.resync import Compare
from sync.station import Station
from sync.timetable import Chore, timetable
from sync.workbench import Workbench
from tests.sync.bridge import people
from tests.sync.live import Live

EVERY = ("hubspot:contacts", "salesforce:Contact", "salesforce:Lead")
TOKYO = ZoneInfo("Asia/Tokyo")
TABLE = timetable(poll_every=60, deletions_every=600, resync_at=time(2))
CHANGES, DELETIONS, COMPARE, SCHEMAS, HOUSE = (chore.name for chore in TABLE)
# The bridge's time begins at six in the evening; the next compare is due at two.
UNTIL_NIGHT = timedelta(hours=8)


def schemas(word: str, *objects: str) -> str:
    """Fingerprints of the live schemas, as the wiring takes them: of these objects, or of all."""
    return dumps(dict.fromkeys(objects or EVERY, word))


def nothing() -> None:
    """What happens in the middle of a compare, as a rule."""


class Clocked(Live):
    """Both twins, and chores. Tests set what is in force and what happens in the middle."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mappings = [self.mapping]
        self.observe = False
        self.schemas: Callable[[], str] = lambda: schemas("as they were")
        # What the mappings were checked against when they came into force.
        self.ledger.set_fact(workbench.SCHEMAS, self.schemas())
        self.while_comparing: Callable[[], None] = nothing
        self.station = self.new_station()
        self.chores = self.worker()

    @property
    def bench(self) -> Workbench:
        return replace(super().bench, mappings=self.mappings)

    def new_station(self, trigger: str = "live") -> Station:
        """A thread's place of work."""

        def sleep(seconds: float) -> None:
            self.time.forward(seconds=seconds)

        holder = Holder(self.ledger, self.time, sleep=sleep)
        return Station(
            ledger=self.ledger,
            bench=lambda: replace(self.bench, holder=holder),
            holder=holder,
            clock=self.time,
            observe=self.observe,
            trigger=trigger,
        )

    def worker(self, station: Station | None = None) -> Chores:
        """The chores as one more worker has them."""
        return Chores(
            ledger=self.ledger,
            holder=Holder(self.ledger, self.time),
            station=station or self.station,
            bench=lambda: self.bench,
            compare=self._compare,
            describe=self._describe,
            timetable=TABLE,
            clock=self.time,
            zone=TOKYO,
            observe=self.observe,
        )

    def _describe(self) -> str:
        return self.schemas()

    def _compare(self) -> Compare:
        return Compare(
            bench=self.bench,
            progress=lambda stage, count: None,
            lock=LedgerLock(self.ledger, self.time),
            give_way=self._give_way,
        )

    def _give_way(self) -> None:
        self.while_comparing()

    def due(self) -> list[str]:
        return [chore.name for chore in self.chores.due()]

    def do(self, *names: str) -> list[bool]:
        return [self.chores.do(name) for name in names]

    def outcome(self, name: str) -> str | None:
        done = self.chores.done(name)
        return None if done is None else done.outcome

    def do_all(self) -> None:
        """Everything that is due, as a first start does it."""
        for chore in TABLE:
            self.chores.do(chore.name)

    def compared(self) -> list[tuple[str, ...]]:
        """The names that each compare was about, from the first one."""
        last = self.ledger.last_run()
        runs = [self.ledger.run(number) for number in range(1, 1 + (last.id if last else 0))]
        return [run.mappings for run in runs if run is not None and run.kind == "resync"]

    def edit_mapping(self, name: str = "people") -> None:
        """Its file was edited, and taken."""
        self.mappings = [
            replace(one, hash=f"{one.hash} edited") if one.name == name else one
            for one in self.mappings
        ]

    def two_mappings(self) -> None:
        self.mappings = [self.mapping, replace(people(), name="members", hash="members:v1")]

    def wait(self, time: timedelta) -> None:
        self.time.now += time


def chore(name: str) -> Chore:
    return next(one for one in TABLE if one.name == name)
