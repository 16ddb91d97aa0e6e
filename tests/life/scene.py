"""A whole bridge between the practice orgs: shipped mappings, real connectors, a ledger, rounds.

News come in as they do at the doors, and a worker makes rounds until nobody is rung for. Everything goes
over HTTP; only time is ours.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connector.port import Connector, Notice, NoticeKind, System
from mappings.schema import Mapping
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sync.erasure import Eraser
from sync.holding import Holder
from sync.ledger import Ledger, LedgerLock, SeenRecord
from sync.model import Parked
from sync.poll import ring_for_waiting
from sync.reception import Reception
from sync.resync import Compare, Report, Terms
from sync.rounds import Rounds
from sync.workbench import Workbench
from tests.life.orgs import HUBSPOT, SALESFORCE, Orgs, Time

# Longer than a write of unknown outcome may take to land.
LANDING = timedelta(seconds=120)
ROUNDS = 8


@dataclass
class Scene:
    """Both orgs and everything between them."""

    orgs: Orgs
    ledger: Ledger
    mappings: Sequence[Mapping]
    connectors: AnyMapping[System, Connector] = field(init=False)

    def __post_init__(self) -> None:
        self.connectors = self.orgs.connectors()

    @property
    def time(self) -> Time:
        return self.orgs.time

    @property
    def hubspot(self) -> HubSpotOrg:
        return self.orgs.hubspot

    @property
    def salesforce(self) -> SalesforceOrg:
        return self.orgs.salesforce

    @property
    def bench(self) -> Workbench:
        return Workbench(
            ledger=self.ledger,
            connectors=self.connectors,
            mappings=self.mappings,
            clock=self.time,
            timezone="Asia/Tokyo",
            landing_window=LANDING,
            holder=Holder(self.ledger, self.time, sleep=self.time.pass_by),
        )

    # What our side does -------------------------------------------------------------------------

    def compare(self, **terms: Any) -> Report:
        """A full compare, as every night."""
        self.time.pass_by(1)
        return self._compare.resync((), Terms(**terms))

    @property
    def _compare(self) -> Compare:
        return Compare(
            bench=self.bench,
            progress=lambda stage, count: None,
            lock=LedgerLock(self.ledger, self.time),
        )

    def planned(self) -> list[dict[str, object]]:
        """The `changes` of a fresh plan."""
        compare = self._compare
        return list(compare.plan_entries(compare.plan()))

    def news(
        self, system: System, object_name: str, *ids: str, kind: NoticeKind = "changed"
    ) -> None:
        """The door was rung for these records, and a worker looks until nobody is rung for."""
        self.ring(system, object_name, *ids, kind=kind)
        self.settle()

    def ring(
        self, system: System, object_name: str, *ids: str, kind: NoticeKind = "changed"
    ) -> None:
        """The door was rung, and nobody has looked yet."""
        reception = Reception(self.ledger, None, lambda: self.mappings)
        notices = [Notice(system, object_name, record_id, kind) for record_id in ids]
        reception.remember(system, notices, None, self.time())

    def settle(self) -> None:
        """Rounds with time between them, until nobody is rung for."""
        ring_for_waiting(self.bench)
        for _ in range(ROUNDS):
            if not self.ledger.bells_by_lane():
                break
            self.round()
            self.time.pass_by(20)

    def round(self) -> None:
        """One round over everything that is due."""
        self.time.pass_by(1)
        bench = self.bench
        bells = self.ledger.take_bells(bench.holder.name, self.time(), limit=200)
        names = [mapping.name for mapping in self.mappings]
        run = self.ledger.begin_run("live", names, "live", self.time())
        outcome = Rounds(bench, run.id, "live").look(bells)
        self.ledger.wipe(outcome.done, outcome.later, self.time())

    def calm(self) -> None:
        """Both systems answer as they should."""
        self.hubspot.faults.clear()
        self.salesforce.faults.clear()

    def let_it_land(self) -> None:
        """So much time that no write of ours can still be on its way; a worker looks again."""
        self.time.pass_by(LANDING.total_seconds() + 1)
        self.settle()

    def forget(self, system: System, object_name: str, record_id: str) -> None:
        """A person asks for somebody to be forgotten, as with `kakehashi erase`."""
        self.ledger.ask_to_erase(system, object_name, record_id, self.time(), own=True)
        Eraser(self.ledger, self.connectors, self.mappings, self.time).work_off()

    # What is on file ----------------------------------------------------------------------------

    def seen(self, system: System, record_id: str, mapping: str = "people") -> SeenRecord | None:
        """What the ledger holds of a record."""
        self.ledger.refresh_states(mapping)
        return self.ledger.record(mapping, system, record_id)

    def state(self, system: System, record_id: str, mapping: str = "people") -> str:
        """Its state with the reason: ``unpaired (partner_deleted)``."""
        seen = self.seen(system, record_id, mapping)
        if seen is None:
            return "unknown"
        return f"{seen.state}" + (f" ({seen.reason})" if seen.reason else "")

    def partner(self, system: System, record_id: str, mapping: str = "people") -> str | None:
        """The id of the record that it is paired with; None where there is none."""
        pair = self.ledger.pair_of(mapping, system, record_id)
        return None if pair is None else pair.record_id(system.other)

    def parked(self) -> list[Parked]:
        return [row.parked for row in self.ledger.parked_list()]

    def is_quiet(self) -> bool:
        """Nothing is left to do: not for a worker, and not for a compare."""
        self.settle()
        return self.planned() == []


__all__ = ["HUBSPOT", "SALESFORCE", "Scene"]
