"""The bridge of twins with a worker that makes rounds when told to."""

from __future__ import annotations

from connector.port import System
from sync.lanes import Lane
from sync.ledger import Ring
from sync.rounds import Outcome, Rounds
from tests.sync.bridge import Bridge


class Live(Bridge):
    """Both twins, with a worker that makes rounds when told to."""

    def ring(self, system: System, object_name: str, *ids: str, times: int = 1) -> None:
        rings = [Ring(system, object_name, i, Lane.LIVE) for i in ids for _ in range(times)]
        self.ledger.ring(rings, self.time(), door=system)

    def round(self) -> Outcome:
        """One round over everything that is due."""
        self.time.forward(seconds=1)
        holder = self.bench.holder
        bells = self.ledger.take_bells(holder.name, self.time(), limit=200)
        run = self.ledger.begin_run("live", ["people"], "live", self.time())
        outcome = Rounds(self.bench, run.id, "live").look(bells)
        self.ledger.wipe(outcome.done, outcome.later, self.time())
        return outcome

    def bells(self) -> int:
        return sum(self.ledger.bells_by_lane().values())

    by_bell: bool = True

    def news(self, system: System, object_name: str, *ids: str) -> None:
        """What happened to these records comes in: by bells and rounds, or by a whole compare."""
        if self.by_bell:
            self.ring(system, object_name, *ids)
            self.settle()
        else:
            self.time.forward(seconds=1)
            self.resync()

    def settle(self, rounds: int = 6) -> None:
        """Rounds with time between them, until nobody is rung for."""
        for _ in range(rounds):
            self.round()
            self.time.forward(seconds=20)
