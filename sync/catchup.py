"""One look for cron: what changed on both sides since the cursors, and whatever waits, in line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from connector.port import CallCount, System
from sync.lanes import Lane
from sync.ledger import LedgerBusy
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
        """Bring in line what changed. Mappings that need a whole compare get one now: those that never had
        one, that were edited since, or of which deletions are known only to such a compare.

        Raises what the systems raise as a whole.
        """
        before = self.bench.calls()
        poll, ledger = Poll(self.bench), self.bench.ledger
        new = poll.unlisted(names)
        compared = [self._compare(new)] if new else []
        if compared and compared[0].guards:
            return compared[0]
        for place in poll.places(names):
            poll.changes(place)
            poll.deletions(place)
        if unlike := self._unlike(names):
            compared.append(self._compare(unlike))
        ring_for_waiting(self.bench)
        self._work()
        for mapping in self.bench.mappings:
            ledger.refresh_states(mapping.name)
        with suppress(LedgerBusy):
            compared.append(self.compare().relate(names, self.terms))
        return self._report(compared, before)

    def _unlike(self, names: Sequence[str]) -> list[str]:
        return [
            mapping.name
            for mapping in self.bench.mappings
            if mapping.mode != "off"
            and (not names or mapping.name in names)
            and not self.bench.is_compared(mapping)
        ]

    def _work(self) -> None:
        """Until nothing is due; what may still be landing is waited for."""
        ledger, clock = self.bench.ledger, self.bench.clock
        stuck = bool(ledger.paused())
        patience = timedelta() if stuck else self.bench.landing_window + MARGIN
        self.station.sit(Lane.BACKFILL, until=clock() + LONGEST, patience=patience)
        self.station.end_shift()

    def _compare(self, names: Sequence[str]) -> Report:
        return self.compare().resync(names, self.terms)

    def _report(self, compared: Sequence[Report], before: Mapping[System, CallCount]) -> Report:
        totals = Counter(self.station.totals)
        for one in compared:
            totals.update(one.totals)
        # What had to wait on the way may be in line by now.
        del totals["waiting"]
        waiting = sum(self.bench.ledger.bells_by_lane().values())
        if waiting:
            totals["waiting"] = waiting
        runs = [one.run_id for one in compared if one.run_id]
        return Report(
            run_id=self.station.run_id or (runs[-1] if runs else 0),
            plan_id=next((one.plan_id for one in reversed(compared) if one.plan_id), ""),
            totals=dict(totals),
            skipped=[skipped for one in compared for skipped in one.skipped],
            guards=[tripped for one in compared for tripped in one.guards],
            cost=self.bench.spent(before),
            parked=sum(row[1] for row in self.bench.ledger.parked_by_cause()),
        )
