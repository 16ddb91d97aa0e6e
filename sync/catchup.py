"""One look for cron: what changed on both sides since the cursors, and whatever waits, in line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connector.port import CallCount, System
from sync.lanes import Lane
from sync.poll import Poll, ring_for_waiting
from sync.resync import Compare, Report, Terms
from sync.station import Station
from sync.workbench import Workbench

# Somebody whose record is locked for hours is not waited for: cron comes again.
LONGEST = timedelta(minutes=10)
# How long to wait beyond the landing window for a write of unknown outcome.
MARGIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Polls both systems once, in this process, and works until nothing is due any more."""

    bench: Workbench
    station: Station
    compare: Callable[[], Compare]
    terms: Terms

    def once(self, names: Sequence[str] = ()) -> Report:
        """Bring in line what changed. Mappings that were never compared whole are compared now.

        Raises what the systems raise as a whole.
        """
        before = self.bench.calls()
        poll, ledger = Poll(self.bench), self.bench.ledger
        new = poll.unlisted(names)
        report = self._compare(new) if new else None
        if report is not None and report.guards:
            return report
        unsure: set[str] = set()
        for place in poll.places(names):
            poll.changes(place)
            if not poll.deletions(place):
                unsure.add(place.mapping.name)
        if unsure:
            report = self._compare(sorted(unsure))
        ring_for_waiting(self.bench)
        self._work()
        for mapping in self.bench.mappings:
            ledger.refresh_states(mapping.name)
        return self._report(report, before)

    def _work(self) -> None:
        """Until nothing is due; what may still be landing is waited for."""
        ledger, clock = self.bench.ledger, self.bench.clock
        stuck = bool(ledger.paused())
        patience = timedelta() if stuck else self.bench.landing_window + MARGIN
        self.station.sit(Lane.BACKFILL, until=clock() + LONGEST, patience=patience)
        self.station.end_shift()

    def _compare(self, names: Sequence[str]) -> Report:
        return self.compare().resync(names, self.terms)

    def _report(self, compared: Report | None, before: Mapping[System, CallCount]) -> Report:
        totals = dict(self.station.totals)
        for name, count in ({} if compared is None else compared.totals).items():
            totals[name] = totals.get(name, 0) + count
        waiting = sum(self.bench.ledger.bells_by_lane().values())
        if waiting:
            totals["waiting"] = waiting
        return Report(
            run_id=self.station.run_id,
            plan_id="" if compared is None else compared.plan_id,
            totals=totals,
            skipped=() if compared is None else compared.skipped,
            guards=() if compared is None else compared.guards,
            cost=self.bench.spent(before),
            parked=sum(row[1] for row in self.bench.ledger.parked_by_cause()),
        )
