"""A whole compare: list, plan, guard, carry out, and leave every record in one named state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from more_itertools import chunked

from connector.port import CallCount, Connector, System
from mappings.schema import Mapping as FieldMapping
from sync.engine import Tally
from sync.guards import Totals, Tripped, check
from sync.ledger import Ledger, LedgerBusy, LedgerLock
from sync.listing import Listing, Progress
from sync.model import Run
from sync.plandraft import PlanDraft, Task, plan_hash
from sync.planner import Planner
from sync.poll import DELETIONS
from sync.price import Speed, price_of
from sync.relations.compare import TieCompare, Tied
from sync.workbench import COMPARED, Carrier, Workbench

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

BATCH = 200
# A write of unknown outcome that did not show for so long did not land.
FORGOTTEN = timedelta(hours=24)
# The checkpoint that says which mappings a run was begun over.
WORDING = "#wording"
# A listing older than this is made anew rather than gone on with.
RESUMABLE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run is allowed and asked to do. `allowed` are the numbers of `--allow`."""

    observe: bool = False
    retry_parked: bool = False
    allowed: Mapping[str, int] = field(default_factory=dict)
    trigger: str = "resync"


@dataclass(frozen=True, slots=True)
class Report:
    """The contract's answer of `apply` and `resync`. `parked` counts the whole quarantine."""

    run_id: int
    plan_id: str
    totals: Mapping[str, int]
    skipped: Sequence[Mapping[str, Any]]
    guards: Sequence[Tripped]
    cost: Mapping[str, Any]
    parked: int

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to look."""
        return bool(self.guards or self.skipped or self.parked or self.totals.get("waiting"))


NOTHING = Report(0, "", {}, (), (), {}, 0)


@dataclass(frozen=True, slots=True)
class Compare:
    """Full compares over a workbench, whose mappings stand in dependency order.

    `give_way` is called between batches: a worker that is to end raises its wish there. `speeds` are
    those of the API budgets, for the price of a plan.
    """

    bench: Workbench
    progress: Progress
    lock: LedgerLock
    give_way: Callable[[], None] = lambda: None
    speeds: Callable[[], Mapping[System, Speed]] = dict

    @property
    def ledger(self) -> Ledger:
        return self.bench.ledger

    @property
    def connectors(self) -> Mapping[System, Connector]:
        return self.bench.connectors

    @property
    def clock(self) -> Callable[[], datetime]:
        return self.bench.clock

    @property
    def ties(self) -> TieCompare:
        """The relations, which come after the mappings whose pairs they tie."""
        return TieCompare(self.bench, self.progress, self.give_way)

    # Plan ---------------------------------------------------------------------------------------

    def plan(self, names: Sequence[str] = ()) -> str:
        """Compare everything and store the plan; writes nothing to any system. Answers its id."""
        chosen = self._chosen(names)
        with self.lock:
            run = self.ledger.begin_run("plan", [m.name for m in chosen], "plan", self.clock())
            plan_id = self._plan(run, chosen, Terms(), commit=False, relations=names)
            for mapping in chosen:
                self.ledger.refresh_states(mapping.name)
            self.ledger.finish_run(run.id, "done", {"plan_id": plan_id}, self.clock())
        return plan_id

    def _advance(self, stage: str, count: int) -> None:
        """Progress is also the sign of life that keeps the right to this walk."""
        self.lock.heartbeat()
        self.progress(stage, count)
        self.give_way()

    def _begin(self, kind: str, wordings: Mapping[str, str], trigger: str) -> Run:
        """Go on with the run of this kind that was killed not long ago, or begin one.

        What was listed over other mappings or schemas is of no use.
        """
        chosen, wording = tuple(wordings), " ".join(wordings.values())
        unfinished = self.ledger.unfinished_run(kind, chosen)
        if (
            unfinished is not None
            and self.clock() - unfinished.started_at < RESUMABLE
            and unfinished.checkpoints.get(WORDING) == wording
        ):
            return unfinished
        run = self.ledger.begin_run(kind, chosen, trigger, self.clock())
        self.ledger.checkpoint(run.id, WORDING, wording)
        return run

    def _chosen(self, names: Sequence[str]) -> list[FieldMapping]:
        return [
            mapping
            for mapping in self.bench.mappings
            if mapping.mode != "off" and (not names or mapping.name in names)
        ]

    def _plan(
        self,
        run: Run,
        chosen: Sequence[FieldMapping],
        terms: Terms,
        *,
        commit: bool,
        relations: Sequence[str] | None = None,
    ) -> str:
        """`relations` are the names asked for; with None the plan is about records alone."""
        now = self.clock()
        self.ledger.close_forgotten(now - FORGOTTEN, now)
        context, refs = self.bench.context(planning=True)
        listing = Listing(self.bench, run, context, self._advance)
        before = self._live(chosen)
        seen = self._look_at_everything(run, chosen, listing, before)
        draft = PlanDraft(self.ledger, self.ledger.new_plan(self.clock()))
        planner = Planner(
            ledger=self.ledger,
            reads=self.bench.reads(),
            context=context,
            refs=refs,
            asker=self.bench.asker(context, refs, retry_parked=terms.retry_parked),
            draft=draft,
            commit=commit and not terms.observe,
            run_id=run.id,
            progress=self._advance,
        )
        planner.plan(chosen)
        guarded = {} if relations is None else self.ties.plan(relations, draft, run.id)
        draft.flush()
        self._finish_plan(run, draft, chosen, before, seen, guarded)
        return draft.plan_id

    def _look_at_everything(
        self,
        run: Run,
        chosen: Sequence[FieldMapping],
        listing: Listing,
        before: Mapping[str, Mapping[System, int]],
    ) -> dict[str, dict[System, int]]:
        for mapping in chosen:
            listing.look_at(mapping)
        seen = self._seen(run, chosen)
        for mapping in chosen:
            # A side that is suddenly empty stops at its guard; its records are not written off.
            if all(seen[mapping.name][side] or not before[mapping.name][side] for side in System):
                listing.find_out_who_is_gone(mapping)
        return seen

    def _live(self, chosen: Iterable[FieldMapping]) -> dict[str, dict[System, int]]:
        return {
            m.name: {side: self.ledger.live_count(m.name, side) for side in System} for m in chosen
        }

    def _seen(self, run: Run, chosen: Iterable[FieldMapping]) -> dict[str, dict[System, int]]:
        return {
            m.name: {side: self.ledger.seen_count(run.id, m.name, side) for side in System}
            for m in chosen
        }

    def _finish_plan(
        self,
        run: Run,
        draft: PlanDraft,
        chosen: Sequence[FieldMapping],
        before: Mapping[str, Mapping[System, int]],
        seen: Mapping[str, Mapping[System, int]],
        relations: Mapping[str, Totals],
    ) -> None:
        plan_id = draft.plan_id
        changes = self.plan_entries(plan_id)
        conflicts = self.ledger.plan_rows(plan_id, "conflict")
        tied = self.ties.chosen([*relations]) if relations else ()
        hashes = {m.name: m.hash for m in (*chosen, *tied)}
        digest = plan_hash(hashes, changes, conflicts)
        totals = {
            name: draft.totals.get(name, 0)
            for name in ("create", "update", "delete", "link", "unlink", "conflicts", "parked")
        }
        totals["open_differences"] = self.ledger.open_differences() + draft.newly_open
        totals["unchanged"] = draft.totals["unchanged"] + sum(
            self.ledger.unchanged_count(m.name) for m in chosen
        )
        guards = {
            m.name: Totals(
                creates=draft.creates[m.name],
                deletes=draft.deletes[m.name],
                blanked=draft.blanked[m.name],
                pairs=self.ledger.pair_count(m.name),
                live=seen[m.name],
                live_before=before[m.name],
                first_run=self.ledger.pair_count(m.name) == 0,
            )
            for m in chosen
        }
        meta = {
            "mappings": [m.name for m in chosen],
            "hashes": hashes,
            "guards": {name: value.as_json() for name, value in {**guards, **relations}.items()},
        }
        self.ledger.finish_plan(
            plan_id, digest, totals, price_of(draft.updates, self.speeds()), meta
        )

    def plan_entries(self, plan_id: str) -> Iterator[dict[str, Any]]:
        """The `changes` of a stored plan, one by one."""
        for kind in ("task", "tie"):
            for row in self.ledger.plan_rows(plan_id, kind):
                yield from row["entries"]

    # Apply --------------------------------------------------------------------------------------

    def apply(self, plan_id: str, terms: Terms) -> Report:
        """Make exactly the changes of a stored plan; what moved since is left alone and reported."""
        names = self._plan_names(plan_id)
        before = self.bench.calls()
        with self.lock:
            run = self.ledger.begin_run("apply", names, terms.trigger, self.clock())
            report = self._carry_out(run, plan_id, terms, before, exactly=True)
        if report.guards or terms.observe:
            return report
        return self._with_ties(report, self.ties.apply(plan_id, report.run_id), before)

    def _plan_names(self, plan_id: str) -> tuple[str, ...]:
        return tuple(self.ledger.plan(plan_id).meta["mappings"])

    def resync(self, names: Sequence[str], terms: Terms) -> Report:
        """Plan and apply in one; a killed run goes on where its listing stood."""
        chosen = self._chosen(names)
        before = self.bench.calls()
        with self.lock:
            wordings = {mapping.name: self.bench.wording(mapping) for mapping in chosen}
            run = self._begin("resync", wordings, terms.trigger)
            plan_id = self._plan(run, chosen, terms, commit=True)
            report = self._carry_out(run, plan_id, terms, before, exactly=False)
            if not report.guards:
                self._move_cursors(run, chosen)
            for name, wording in wordings.items():
                self.ledger.set_fact(f"{COMPARED}{name}", wording)
            self.ledger.learn_sizes()
        # Where another worker is at the ties just now, nothing is missed.
        with suppress(LedgerBusy):
            return report if report.guards else self._and_ties(report, names, terms, before)
        return report

    def relate(self, names: Sequence[str], terms: Terms) -> Report:
        """Bring relations in line, and no records; all of them without names. Raises `LedgerBusy`."""
        return self._and_ties(NOTHING, names, terms, self.bench.calls())

    def _and_ties(
        self, report: Report, names: Sequence[str], terms: Terms, before: Mapping[System, CallCount]
    ) -> Report:
        tied = self.ties.bring_in_line(
            names,
            trigger=terms.trigger,
            observe=terms.observe,
            retry_parked=terms.retry_parked,
            allowed=terms.allowed,
        )
        return self._with_ties(report, tied, before)

    def _with_ties(self, report: Report, tied: Tied, before: Mapping[System, CallCount]) -> Report:
        return replace(
            report,
            totals=dict(Counter(report.totals) + Counter(tied.totals)),
            skipped=[*report.skipped, *tied.skipped],
            guards=[*report.guards, *tied.guards],
            cost=self.bench.spent(before),
            parked=sum(count for _, count, _ in self.ledger.parked_by_cause()),
        )

    def _move_cursors(self, run: Run, chosen: Iterable[FieldMapping]) -> None:
        """Polling goes on from where this compare *began*, so that nothing falls in between."""
        for mapping in chosen:
            for system in System:
                at = self.connectors[system].cursor_at(run.started_at)
                for object_name in mapping.objects_of(system):
                    for place in (object_name, f"{object_name}{DELETIONS}"):
                        self.ledger.set_cursor(mapping.name, system, place, at)

    def tripped(self, plan_id: str, allowed: Mapping[str, int]) -> list[Tripped]:
        """The guards that stop this plan."""
        plan = self.ledger.plan(plan_id)
        limits = {one.name: one.limits for one in self.bench.mappings}
        limits |= {one.name: one.limits for one in self.bench.relations}
        return [
            trip
            for name, told in plan.meta["guards"].items()
            if name in limits
            for trip in check(name, Totals.from_json(told), limits[name], allowed)
        ]

    def _carry_out(
        self,
        run: Run,
        plan_id: str,
        terms: Terms,
        before: Mapping[System, CallCount],
        *,
        exactly: bool,
    ) -> Report:
        tally = Tally()
        trips = self.tripped(plan_id, terms.allowed)
        if not trips and not terms.observe:
            self._work_through(run, plan_id, terms, tally, exactly=exactly)
        for mapping in self._chosen(self._plan_names(plan_id)):
            self.ledger.refresh_states(mapping.name)
        outcome = "stopped" if trips else "done"
        self.ledger.finish_run(run.id, outcome, dict(tally.totals), self.clock())
        return Report(
            run_id=run.id,
            plan_id=plan_id,
            totals=dict(tally.totals),
            skipped=[
                {**entry, "why": skipped.why}
                for skipped in tally.skipped
                for entry in skipped.task.entries()
            ],
            guards=trips,
            cost=self.bench.spent(before),
            parked=sum(count for _, count, _ in self.ledger.parked_by_cause()),
        )

    def _work_through(
        self, run: Run, plan_id: str, terms: Terms, tally: Tally, *, exactly: bool
    ) -> None:
        engine = self.bench.engine(
            run.id, terms.trigger, tally=tally, retry_parked=terms.retry_parked
        )
        carrier = Carrier(engine, exactly)
        by_name = self.bench.by_name()
        self.ledger.park_from_plan(plan_id, self._plan_names(plan_id), self.clock())
        for tasks in self._batches(plan_id):
            mapping = by_name[tasks[0].mapping]
            if mapping.mode != "live":
                continue
            carrier.carry_out(mapping, tasks)
            self._advance(f"{mapping.name}:write", len(tasks))
        carrier.finish(by_name)

    def _batches(self, plan_id: str) -> Iterator[list[Task]]:
        """Tasks of one mapping and kind together, in the order of the plan."""
        group: list[Task] = []
        for row in self.ledger.plan_rows(plan_id, "task"):
            task = Task.from_row(row)
            if group and (task.mapping, task.kind) != (group[0].mapping, group[0].kind):
                yield from chunked(group, BATCH)
                group = []
            group.append(task)
            if len(group) >= BATCH:
                yield group
                group = []
        if group:
            yield group
