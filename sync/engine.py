"""Bring pairs in line for real: read fresh, decide, journal, write, read back, agree.

The shell around the pure decision. Every trigger ends here; nothing else writes to a system. Each
task is decided anew on what stands there *now*; with `exactly` a task whose decision differs from
the plan is left alone and reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.errors import RecordLocked
from connector.port import Connector, Record, System, Value, Values
from mappings.schema import Mapping as FieldMapping
from sync.findings import findings, note_of, same_changes, taken
from sync.following import Merged, nobody_merged
from sync.holding import Holder
from sync.ledger import Agreement, AlreadyBound, Ledger
from sync.model import Baseline, Conflict, FieldChange, Pair, PairNote, Parked
from sync.plandraft import Task
from sync.questions import Answers, Asker
from sync.readback import Aftermath, Landed, ReadBack
from sync.reads import FRESH, Reads
from sync.reconcile import PairPlan
from sync.registry import note_opt_outs
from sync.sighting import Lookout
from sync.surroundings import Surroundings
from sync.waiting import LOCKED, awaited_by, why_waiting
from sync.writes import Result, Write, Writer, refusals

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

READS_AT_MOST = 3


@dataclass(slots=True)
class Skipped:
    """A planned task that was left alone, and why."""

    task: Task
    why: str


@dataclass(slots=True)
class Tally:
    """What a run did, as the contract's `totals`, and what it left alone.

    `busy` tasks are of pairs that another worker holds at this moment. `unfinished` are records of which
    something is to be written yet, whatever their state says, and why; `unspread`: so are some opt-outs.
    `forward` tasks are for a second pass: what was planned for lines whose partners were not there yet,
    and (without changes) newborn pairs of which a system has filled fields itself.
    """

    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    skipped: list[Skipped] = field(default_factory=list)
    busy: list[Task] = field(default_factory=list)
    unfinished: dict[tuple[System, str], str] = field(default_factory=dict)
    unspread: bool = False
    forward: list[Task] = field(default_factory=list)

    def skip(self, task: Task, why: str) -> None:
        self.skipped.append(Skipped(task, why))


@dataclass(slots=True, kw_only=True)
class Work:
    """One pair on its way: what was read, what was decided, what came of it.

    A record that the engine has just created stands in `born`: there was nothing to read before.
    """

    pair: Pair
    plan: PairPlan
    baseline: Baseline
    records: dict[System, Record]
    born: frozenset[System] = frozenset()
    results: list[Result] = field(default_factory=list)
    task: Task | None = None

    def object_of(self, side: System) -> str:
        return self.records[side].object


@dataclass(frozen=True, slots=True)
class Engine:
    """Carries out tasks of one mapping at a time, in batches given by the caller.

    A paused system takes no writes; consent still flows.
    """

    ledger: Ledger
    connectors: Mapping[System, Connector]
    asker: Asker
    writer: Writer
    readback: ReadBack
    clock: Callable[[], datetime]
    tally: Tally
    holder: Holder
    reads: Reads
    surroundings: Surroundings
    paused: frozenset[System] = frozenset()
    merged: Merged = nobody_merged

    def carry_out(
        self, mapping: FieldMapping, tasks: Sequence[Task], *, exactly: bool = False
    ) -> None:
        """Bring a batch of pairs (`pair` and `link` tasks) in line, those that nobody else holds."""
        held = self.holder.hold_pairs([task.pair_id for task in tasks if task.pair_id is not None])
        ours = [task for task in tasks if task.pair_id is None or task.pair_id in held]
        self.tally.busy += [task for task in tasks if task not in ours]
        try:
            if ours:
                self._carry_out(mapping, ours, exactly=exactly)
        finally:
            self.holder.let_go(held)

    def _carry_out(self, mapping: FieldMapping, tasks: Sequence[Task], *, exactly: bool) -> None:
        # Asked now, since what the ledger says of a pair counts from the moment that it is held.
        pairs = self._pairs_of(tasks)
        records, answers = self._decide_fresh(mapping, list(pairs.values()))
        works: list[Work] = []
        for task in tasks:
            pair = pairs.get(task.hubspot_id or "")
            plan = answers.plans.get(pair.hubspot_id) if pair else None
            if pair is None or plan is None:
                self.tally.skip(task, "one of the two records cannot be read any more")
                places = ((s, task.object_of(s), task.record_id(s) or "") for s in System)
                missing = [place for place in places if place[2] not in records[place[0]]]
                self.surroundings.ask_after(task.mapping, missing)
            elif pair.hubspot_id in answers.in_flight:
                self.tally.skip(task, "an earlier write of this record may still land")
                self._come_back(pair, "in_flight")
            elif exactly and not same_changes(task.changes, plan.changes, plan.waiting):
                self.tally.skip(task, "a field changed since the plan was made")
            else:
                works.append(
                    Work(
                        task=task,
                        pair=pair,
                        plan=plan,
                        baseline=answers.baselines[pair.hubspot_id],
                        records={side: records[side][pair.record_id(side)] for side in System},
                    )
                )
        self.asker.hear_ahead(mapping, pairs.values(), answers)
        links = self.bind(mapping, [work for work in works if work.pair.id == 0])
        self.tally.totals["link"] += len(links)
        works = [work for work in works if work.pair.id]
        self.asker.hear(mapping, [(work.pair, work.plan) for work in works], answers)
        self.write(mapping, works)
        self.settle(mapping, works)
        self.asker.close_folded(answers, (work.pair.hubspot_id for work in works))

    def unlink(self, tasks: Sequence[Task]) -> None:
        """End pairs of which one record was deleted; the partner is never a reason to create."""
        for task in tasks:
            if task.pair_id is not None:
                self.ledger.unbind(task.pair_id, "partner_deleted", self.clock())
                self.tally.totals["unlink"] += 1
        places = {(side, task.record_id(side) or "") for task in tasks for side in System}
        self.surroundings.ring_around(tasks[0].mapping, places)

    def _pairs_of(self, tasks: Sequence[Task]) -> dict[str, Pair]:
        """The pairs of these tasks by HubSpot id; one that was ended meanwhile is missing."""
        bound = self.ledger.pairs_by_ids([t.pair_id for t in tasks if t.pair_id is not None])
        pairs = {t.hubspot_id or "": bound[t.pair_id] for t in tasks if t.pair_id in bound}
        fresh = [task.as_pair() for task in tasks if task.pair_id is None]
        # One that was bound before goes on from what it agreed on then.
        known = self.ledger.recall(tasks[0].mapping, fresh) if fresh else []
        return pairs | {pair.hubspot_id: pair for pair in known}

    def _decide_fresh(
        self, mapping: FieldMapping, pairs: Sequence[Pair]
    ) -> tuple[dict[System, dict[str, Record]], Answers]:
        """Read and decide; what took too long is read again, so that the decision is fresh."""
        for _ in range(READS_AT_MOST):
            started = self.clock()
            records = self.read(mapping, pairs)
            values: dict[System, dict[str, Values]] = {
                side: {i: record.values for i, record in found.items()}
                for side, found in records.items()
            }
            answers = self.asker.ask(mapping, pairs, values)
            if self.clock() - started <= FRESH:
                break
        return records, answers

    def read(self, mapping: FieldMapping, pairs: Sequence[Pair]) -> dict[System, dict[str, Record]]:
        """Both records of each pair as they stand now, by system and id; the missing are missing."""
        by_object: dict[tuple[System, str], list[str]] = defaultdict(list)
        for pair in pairs:
            by_object[HUBSPOT, mapping.hubspot_object].append(pair.hubspot_id)
            by_object[SALESFORCE, pair.salesforce_object].append(pair.salesforce_id)
        found: dict[System, dict[str, Record]] = {HUBSPOT: {}, SALESFORCE: {}}
        for (system, object_name), ids in by_object.items():
            fields = mapping.fields[system, object_name]
            found[system] |= self.reads.get_many(system, object_name, ids, fields)
        return found

    def bind(self, mapping: FieldMapping, fresh: Sequence[Work]) -> list[Work]:
        """Bind new pairs; answers those bound. One whose record is bound elsewhere is parked."""
        bound: list[Work] = []
        try:
            ids = self.ledger.bind_many(mapping.name, [w.pair for w in fresh], self.clock())
        except AlreadyBound:
            ids = [self._bind_alone(mapping, work) for work in fresh]
        for work, pair_id in zip(fresh, ids, strict=True):
            if pair_id:
                work.pair = replace(work.pair, id=pair_id)
                bound.append(work)
        self.ledger.welcome(mapping.name, [work.pair for work in bound], self.clock())
        return bound

    def _bind_alone(self, mapping: FieldMapping, work: Work) -> int:
        """The id of the pair, or 0 where somebody else holds one of its records."""
        try:
            return self.ledger.bind_many(mapping.name, [work.pair], self.clock())[0]
        except AlreadyBound as error:
            self.ledger.park([taken(mapping, work.pair, str(error))], self.clock())
            self.tally.totals["parked"] += 1
            return 0

    def write(self, mapping: FieldMapping, works: Sequence[Work]) -> None:
        """Send what the plans of these pairs say; the results stand in each work."""
        by_pair = {work.pair.hubspot_id: work for work in works}
        writes = [write for work in works for write in self._writes_of(mapping, work)]
        if not writes:
            return
        for write in writes:
            self.reads.forget(write.system, write.record_id or "")
        for result in self.writer.send(writes):
            write = result.write
            hubspot_id = write.record_id if write.system is HUBSPOT else write.partner_id
            by_pair[hubspot_id or ""].results.append(result)

    def _writes_of(self, mapping: FieldMapping, work: Work) -> Iterable[Write]:
        for side in System:
            changes = tuple(self._due(side, work.plan.changes.get(side, ())))
            if not changes or side in work.born:
                continue
            parts = {change.part for change in changes}
            yield Write(
                mapping=mapping.name,
                system=side,
                object=work.object_of(side),
                record_id=work.pair.record_id(side),
                partner_id=work.pair.record_id(side.other),
                changes=changes,
                meant={w.line.id: w.meant for w in work.plan.carried(side, parts)},
            )

    def _due(self, side: System, changes: Iterable[FieldChange]) -> Iterable[FieldChange]:
        for change in changes:
            if not change.pending and (side not in self.paused or change.rule == "consent"):
                yield change

    def settle(self, mapping: FieldMapping, works: Sequence[Work]) -> None:
        """Look at what was stored and put on file what is true now; then close the journal."""
        aftermath = self._look(mapping, works)
        results = [result for work in works for result in work.results]
        read = [work.records for work in works if not work.born]
        self.surroundings.note_new_keys(mapping, read, aftermath)
        note_opt_outs(self.ledger, mapping, results, self.clock())
        notes = [self._note(mapping, work, aftermath) for work in works]
        agreements = [
            self._agreement(mapping, work, aftermath, parked=bool(note.parked))
            for work, note in zip(works, notes, strict=True)
        ]
        self.ledger.note_pairs(self.writer.run_id, mapping.name, notes, self.clock())
        self.ledger.agree(agreements, self.clock())
        self.asker.witness(mapping, [(w.pair, w.records) for w in works], aftermath.stored)
        self.surroundings.note_keys_let_go(mapping, read, aftermath)
        went = [one.write for one in results if one.went_away]
        places = [(write.system, write.object, write.record_id or "") for write in went]
        self.surroundings.ask_after(mapping.name, places)
        self.writer.confirm(results)
        for work in works:
            self._look_forward(mapping, work, work.pair.hubspot_id in aftermath.filled)

    def _look_forward(self, mapping: FieldMapping, work: Work, is_filled: bool) -> None:
        """What was planned for a line that waits now is tried once more when all partners are there."""
        lines = {waiting.line for waiting in work.plan.waiting}
        planned = work.task.changes.items() if work.task else ()
        changes = {side: tuple(c for c in found if c.line in lines) for side, found in planned}
        if is_filled or any(changes.values()):
            later = PairPlan(changes=changes)
            self.tally.forward.append(Task.of_pair("pair", mapping, work.pair, later))

    def _look(self, mapping: FieldMapping, works: Sequence[Work]) -> Aftermath:
        landed: list[Landed] = []
        others: dict[tuple[System, str], list[str]] = {}
        for work in works:
            for result in work.results:
                if result.state != "landed":
                    continue
                side = result.write.system
                names = {write.line.id for write in work.plan.writes}
                others[side, work.pair.record_id(side)] = [
                    c.api_name for c in result.write.changes if c.part not in names
                ]
                landed.append(
                    Landed(
                        pair=work.pair,
                        system=side,
                        object=result.write.object,
                        lines=work.plan.carried(side, result.landed),
                        before=None if side in work.born else work.records[side],
                    )
                )
        return self.readback.look(mapping, landed, others)

    def _agreement(
        self, mapping: FieldMapping, work: Work, aftermath: Aftermath, *, parked: bool
    ) -> Agreement:
        """The digests are those of the values we know of; an edit by others in between differs."""
        pair, plan = work.pair, work.plan
        known: dict[System, dict[str, Value]] = {
            side: {
                **work.records[side].values,
                **aftermath.stored.get((side, pair.record_id(side)), {}),
            }
            for side in System
        }
        if (why := self._why_unfinished(work)) is not None:
            self._come_back(pair, why)
        return Agreement(
            pair_id=pair.id,
            baseline={
                **work.baseline,
                **plan.agreed,
                **aftermath.baselines.get(pair.hubspot_id, {}),
            },
            hubspot_digest=Lookout(mapping, HUBSPOT, mapping.hubspot_object).digest(known[HUBSPOT]),
            salesforce_digest=Lookout(mapping, SALESFORCE, pair.salesforce_object).digest(
                known[SALESFORCE]
            ),
            clean=not (
                parked
                or plan.still_parked
                or plan.waiting
                or plan.observed
                or plan.requests
                or any(r.state != "landed" or r.refuses_opt_out for r in work.results)
                or self._is_held_back(plan)
                or pair.hubspot_id in aftermath.foreign
            ),
            waits=None if why in {"due", "in_flight"} else why,
            awaited=awaited_by(plan.waiting),
        )

    def _is_held_back(self, plan: PairPlan) -> bool:
        """Whether a pause, or a partner without an id, keeps something of the plan from being written."""
        return any(
            change not in set(self._due(side, changes))
            for side, changes in plan.changes.items()
            for change in changes
        )

    def _why_unfinished(self, work: Work) -> str | None:
        """Why something of this pair is to be written yet; None where nothing is."""
        states = {result.state for result in work.results}
        if "unknown" in states:
            return "in_flight"
        if any(isinstance(result.later, RecordLocked) for result in work.results):
            return LOCKED
        refuses = any(result.refuses_opt_out for result in work.results)
        if refuses or self._is_held_back(work.plan) or work.plan.requests or "later" in states:
            return "due"
        return why_waiting(work.plan.waiting)

    def _come_back(self, pair: Pair, why: str) -> None:
        self.tally.unfinished |= {(side, pair.record_id(side)): why for side in System}

    def _note(self, mapping: FieldMapping, work: Work, aftermath: Aftermath) -> PairNote:
        """Conflicts, open differences and parked lines of a pair after its writes."""
        pair, plan = work.pair, work.plan
        conflicts, parked = findings(mapping, pair, plan)
        parked += [row for result in work.results for row in refusals(plan, result)]
        parked += aftermath.parked.get(pair.hubspot_id, [])
        stuck = {row.line for row in parked}
        # A value that did not travel after all has not been overwritten either.
        conflicts = [c for c in conflicts if c.winner is None or c.line not in stuck]
        conflicts += aftermath.overwritten.get(pair.hubspot_id, [])
        self._count(work, parked, conflicts)
        return note_of(pair, plan, conflicts, parked)

    def _count(self, work: Work, parked: Sequence[Parked], conflicts: Sequence[Conflict]) -> None:
        totals = self.tally.totals
        totals["parked"] += len(parked)
        totals["conflicts"] += sum(one.kind == "conflict" for one in conflicts)
        for result in work.results:
            if result.state == "landed":
                totals["create" if result.write.record_id is None else "update"] += 1
            elif result.state in {"unknown", "later"}:
                totals["waiting"] += 1
