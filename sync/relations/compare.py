"""All relations of an installation, brought in line in a run of their own.

They come after the mappings, whose pairs they tie, and they have a lock of their own: a long compare of
records does not keep ties waiting, and two looks at ties never run at once. A guard stops one relation
before its first write; the others go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson

from mappings.schema import Relation
from sync.guards import Totals, Tripped, check
from sync.ledger import Ledger, LedgerLock
from sync.plandraft import PlanDraft
from sync.relations.keeper import Keeper
from sync.relations.work import Work, as_row, entries_of
from sync.workbench import Workbench

LOCK = "relations"
# The fact that says when the ties of a relation were last looked at, and whether a guard stopped it.
TIED = "tied:"
# Rows of a stored plan that are carried out together.
TOGETHER = 2_000
MOVED = "it is not what the plan saw any more"


@dataclass(frozen=True, slots=True)
class Tied:
    """What one run over relations did: totals in the contract's words, what it left alone, guards."""

    totals: Mapping[str, int]
    skipped: Sequence[Mapping[str, Any]] = ()
    guards: Sequence[Tripped] = ()


@dataclass(slots=True)
class _Run:
    """The run under which writes are noted; a look that finds everything in line begins none."""

    bench: Workbench
    relation: str
    trigger: str
    id: int | None = None

    def __call__(self) -> int:
        if self.id is None:
            now = self.bench.clock()
            self.id = self.bench.ledger.begin_run(
                "relations", [self.relation], self.trigger, now
            ).id
        return self.id

    def finish(self, tally: Mapping[str, int]) -> None:
        if self.id is not None or any(tally.values()):
            self.bench.ledger.finish_run(self(), "done", dict(tally), self.bench.clock())


@dataclass(frozen=True, slots=True)
class TieCompare:
    """Looks at whole relations, and brings them in line. `give_way` is called between heaps."""

    bench: Workbench
    progress: Callable[[str, int], None]
    give_way: Callable[[], None]

    @property
    def ledger(self) -> Ledger:
        return self.bench.ledger

    def chosen(self, names: Sequence[str] = ()) -> list[Relation]:
        """The relations of these names that are not off; all of them without names."""
        return [
            relation
            for relation in self.bench.relations
            if relation.mode != "off" and (not names or relation.name in names)
        ]

    def plan(self, names: Sequence[str], draft: PlanDraft, run_id: int) -> dict[str, Totals]:
        """Add to a plan what is to be written; answers the numbers for the guards, by relation."""
        found: dict[str, Totals] = {}
        for relation in self.chosen(names):
            first_run = not self.ledger.knows_ties(relation.name)

            def show(work: Work, relation: Relation = relation) -> None:
                draft.add_tie(as_row(relation, work))

            looked = self._keeper(relation, lambda: run_id).look(show, commit=False)
            draft.totals.update(looked.totals)
            found[relation.name] = looked.guarded(first_run=first_run)
        return found

    def bring_in_line(
        self,
        names: Sequence[str],
        *,
        trigger: str,
        observe: bool = False,
        retry_parked: bool = False,
        allowed: Mapping[str, int] | None = None,
    ) -> Tied:
        """Look, and write what is to be written, relation by relation. Raises `LedgerBusy`."""
        relations = self.chosen(names)
        if not relations:
            return Tied({})
        totals: Counter[str] = Counter()
        guards: list[Tripped] = []
        with self._lock() as lock:
            for relation in relations:
                began, tally = self._now(), Counter[str]()
                run = _Run(self.bench, relation.name, trigger)
                keeper = self._keeper(relation, run, lock=lock, retry_parked=retry_parked)
                trips = self._relate(relation, keeper, tally, allowed or {}, observe=observe)
                run.finish(tally)
                self._note_look(relation, began, stopped=bool(trips))
                guards += trips
                totals.update(tally)
        return Tied(dict(totals), guards=guards)

    def _relate(
        self,
        relation: Relation,
        keeper: Keeper,
        tally: Counter[str],
        allowed: Mapping[str, int],
        *,
        observe: bool,
    ) -> list[Tripped]:
        first_run = not self.ledger.knows_ties(relation.name)
        looked = keeper.look(lambda _: None, commit=not observe)
        guarded = looked.guarded(first_run=first_run)
        trips = check(relation.name, guarded, relation.limits, allowed)
        if not trips and not observe and relation.mode == "live":
            keeper.carry_out(looked.due, tally)
        return trips

    def _note_look(self, relation: Relation, began: datetime, *, stopped: bool) -> None:
        told = {"at": began.isoformat(), "stopped": stopped}
        self.ledger.set_fact(f"{TIED}{relation.name}", orjson.dumps(told).decode())

    def apply(self, plan_id: str, run_id: int) -> Tied:
        """Make exactly the ties of a stored plan; what is different by now is reported."""
        live = {one.name: one for one in self.chosen() if one.mode == "live"}
        totals: Counter[str] = Counter()
        skipped: list[Mapping[str, Any]] = []
        # Held only where there are ties: a plan about records waits for nobody's look at ties.
        with ExitStack() as held:
            lock: LedgerLock | None = None
            for name, rows in _groups(self.ledger.plan_rows(plan_id, "tie")):
                if name not in live:
                    continue
                lock = lock or held.enter_context(self._lock())
                keeper = self._keeper(live[name], lambda: run_id, lock=lock)
                skipped += _apply(keeper, rows, totals)
        return Tied(dict(totals), skipped)

    def _keeper(
        self,
        relation: Relation,
        run: Callable[[], int],
        *,
        lock: LedgerLock | None = None,
        retry_parked: bool = False,
    ) -> Keeper:
        context, _ = self.bench.context(planning=False)

        def advance(stage: str, count: int) -> None:
            if lock is not None:
                lock.heartbeat()
            self.progress(stage, count)
            self.give_way()

        return Keeper(
            ledger=self.ledger,
            systems=self.bench.ties,
            connectors=self.bench.connectors,
            relation=relation,
            context=context,
            clock=self.bench.clock,
            run=run,
            advance=advance,
            retry_parked=retry_parked,
        )

    def _lock(self) -> LedgerLock:
        return LedgerLock(self.ledger, self.bench.clock, name=LOCK)

    def _now(self) -> datetime:
        return self.bench.clock()


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Rows of one relation together, as many as stay small; those of one right-hand pair never part."""
    for name, of_relation in groupby(rows, key=lambda row: str(row["relation"])):
        group: list[Mapping[str, Any]] = []
        for _, of_right in groupby(of_relation, key=lambda row: int(row["right_pair"])):
            group += of_right
            if len(group) >= TOGETHER:
                yield name, group
                group = []
        if group:
            yield name, group


def _apply(
    keeper: Keeper, rows: Sequence[Mapping[str, Any]], totals: Counter[str]
) -> list[Mapping[str, Any]]:
    """Carry out what is still as planned; answers the entries that are not."""
    left = {(entry["system"], entry["id"]): entry for row in rows for entry in row["entries"]}

    def wanted(work: Work) -> bool:
        entries = entries_of(keeper.relation, work)
        if any(left.get((entry["system"], entry["id"])) != entry for entry in entries):
            return False
        for entry in entries:
            del left[entry["system"], entry["id"]]
        return True

    keeper.carry_out({row["right_pair"] for row in rows}, totals, wanted)
    return [{**entry, "why": MOVED} for entry in left.values()]


def stopped_relations(ledger: Ledger) -> list[str]:
    """Relations that a guard stopped when they were last looked at."""
    facts = ledger.facts(TIED)
    return sorted(name for name, told in facts.items() if orjson.loads(told)["stopped"])
