"""One round of a worker: take what rang, and bring exactly those records in line.

The road of every single change, whoever noticed it: doorbell, poll, retry. A round reads the records
that rang, fresh and in batches; where something moved, it reads their partners too and lets the engine
decide; records that nobody is paired with are paired or born over the same plan that a full compare
makes, cut down to them. What cannot be settled now is rung again later, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.port import Fate, Record, System
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync.engine import Tally
from sync.erasure import Eraser
from sync.following import IS_CONVERTED, MERGED_IDS, Follower
from sync.ledger import Bell, Known, Later, Ledger
from sync.newcomers import Newcomers
from sync.plandraft import Task
from sync.reads import Reads
from sync.reconcile import PairPlan, is_true
from sync.sighting import Lookout
from sync.waiting import OWNER, PARTNER
from sync.workbench import Carrier, Workbench

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

# Bells per round: one batch of the vendor with the larger ones.
BATCH = 200
# A record that a bell names and nobody can see may only not be readable yet: looked for so often.
LOOKS = 6
SOON, LATEST = timedelta(seconds=1), timedelta(minutes=10)
# What passes by itself within seconds or the landing window is not left lying for minutes afterwards.
PASSING, PASSES = frozenset({"in_flight", "busy"}), timedelta(seconds=15)
# What would be written but for the mode; a look costs calls, and a start makes all of it due.
OBSERVED, SELDOM = "observe", timedelta(hours=1)
# What asking again does not hasten: who waits for a partner is rung for when that one is bound, and
# people who own records are listed no more often than that.
PATIENT = {OBSERVED: SELDOM, PARTNER: SELDOM, OWNER: LATEST}


@dataclass(slots=True)
class Batch:
    """The bells of one mapping and object in a round, and what was found out about them."""

    mapping: FieldMapping
    system: System
    object: str
    bells: dict[str, Bell]
    known: dict[str, Known] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    # Those that differ from what their pair agreed on, and with them those that waited for something.
    unlike: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Outcome:
    """What came of a round: bells that are done, those to be rung again, and the tally."""

    done: list[Bell] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Looks at bells, a batch at a time. `run_id` and `trigger` are noted with every write."""

    bench: Workbench
    run_id: int
    trigger: str
    observe: bool = False

    @property
    def ledger(self) -> Ledger:
        return self.bench.ledger

    def look(self, bells: Sequence[Bell]) -> Outcome:
        """Bring the records of these bells in line; the bells are wiped or postponed by the caller.

        Raises what the systems raise as a whole; what was done until then is on file.
        """
        outcome = Outcome()
        forgetting = self._forget()
        waiting = {bell: why for bell in bells if (why := forgetting.get(_place(bell)))}
        looked_at = [bell for bell in bells if _place(bell) not in forgetting]
        reads = self.bench.reads()
        for mapping in self.bench.mappings:
            batches = list(self._batches(mapping, looked_at))
            if batches:
                waiting |= self._bring_in_line(mapping, batches, reads, outcome.tally)
        for bell in bells:
            if bell in waiting:
                why = waiting[bell]
                outcome.later.append(Later(bell, self._again(bell, why), why))
            else:
                outcome.done.append(bell)
        return outcome

    def _forget(self) -> dict[tuple[System, str, str], str | None]:
        """Who wants to be forgotten comes first: the record that was erased, and why it is not done yet.

        Such a record is not looked at besides: that it is gone is part of it.
        """
        pending = self.ledger.pending_erasures()
        if not pending:
            return {}
        bench = self.bench
        eraser = Eraser(
            self.ledger,
            bench.connectors,
            bench.mappings,
            bench.clock,
            observe=self.observe,
            besides=bench.erased,
            landing_window=bench.landing_window,
        )
        left = {one.id for one in eraser.work_off()}
        return {
            (one.system, one.object, one.record_id): "erasure" if one.id in left else None
            for one in pending
        }

    def _again(self, bell: Bell, why: str) -> datetime:
        longest = PASSES if why in PASSING else LATEST
        wait = PATIENT.get(why) or min(SOON * 2.0 ** min(bell.tries, 20), longest)
        return self.bench.clock() + wait

    def _batches(self, mapping: FieldMapping, bells: Sequence[Bell]) -> Iterator[Batch]:
        if mapping.mode == "off":
            return
        for system in System:
            for object_name in mapping.objects_of(system):
                rung = {
                    bell.record_id: bell
                    for bell in bells
                    if bell.system is system and bell.object == object_name
                }
                if rung:
                    yield Batch(mapping, system, object_name, rung)

    def _bring_in_line(
        self, mapping: FieldMapping, batches: Sequence[Batch], reads: Reads, tally: Tally
    ) -> dict[Bell, str]:
        """Answers the bells that have to be looked at again, with the reason."""
        waiting: dict[Bell, str] = {}
        touched: set[int] = set()
        for batch in batches:
            waiting |= self._see(batch, reads, touched)
        if self.observe or mapping.mode != "live":
            self.ledger.refresh_states(mapping.name, frozenset(touched))
            # Not written now, and not forgotten: the mode may change.
            return {b.bells[i]: OBSERVED for b in batches for i in b.unlike} | waiting
        engine = self.bench.engine(self.run_id, self.trigger, reads=reads, tally=tally)
        carrier = Carrier(engine)
        carrier.carry_out_all(mapping, self._pair_tasks(mapping, batches))
        busy = False
        moved = {b.known[i].row_id for b in batches for i in b.moved if i in b.known}
        if near := self._concerned(mapping, batches, moved, touched):
            rows = Newcomers(self.bench, self.run_id).settle(mapping, moved, near, carrier)
            busy = rows is None
            touched |= near | (rows or frozenset())
        self.ledger.refresh_states(mapping.name, frozenset(touched | moved))
        return waiting | self._unsettled(batches, tally, nursery_busy=busy)

    # Seeing -------------------------------------------------------------------------------------

    def _see(self, batch: Batch, reads: Reads, touched: set[int]) -> dict[Bell, str]:
        """Read what rang, fresh, and put on file what moved. Answers who could not be seen yet."""
        mapping, system, ids = batch.mapping, batch.system, list(batch.bells)
        fields = mapping.fields[system, batch.object]
        batch.known = self.ledger.known(mapping.name, system, ids)
        batch.records = reads.get_many(system, batch.object, ids, fields)
        lookout = Lookout(mapping, system, batch.object)
        context, _ = self.bench.context(planning=False)
        glances = [lookout.glance(batch.records[i], context) for i in ids if i in batch.records]
        for glance in glances:
            known = batch.known.get(glance.record_id)
            if not _in_line(known, glance.digest):
                batch.unlike.add(glance.record_id)
            elif batch.bells[glance.record_id].tries == 0:
                continue
            batch.moved.add(glance.record_id)
        # Whom their old keys touched is concerned as well: somebody may be free now.
        rows = {batch.known[i].row_id for i in batch.moved if i in batch.known}
        touched |= self.ledger.neighbours(mapping.name, rows)
        self.ledger.note_sightings(self.run_id, mapping.name, system, batch.object, glances)
        waiting = self._find_out(batch, [i for i in ids if i not in batch.records], context)
        batch.known = self.ledger.known(mapping.name, system, [*ids, *batch.moved])
        touched |= {known.row_id for known in batch.known.values()}
        return waiting

    def _find_out(self, batch: Batch, missing: Sequence[str], context: Context) -> dict[Bell, str]:
        """What became of records that cannot be read, and of those that were converted or merged."""
        waiting: dict[Bell, str] = {}
        fates = self._merged_into(batch)
        asked = [*missing, *self._converted(batch)]
        if asked:
            found = self.bench.connectors[batch.system].fates(batch.object, asked)
            fates |= {record_id: found.get(record_id) for record_id in asked}
        for record_id in missing:
            fate, bell = fates[record_id], batch.bells[record_id]
            is_lost = fate is None or fate.kind in {"live", "not_visible"}
            if is_lost and bell.tries < LOOKS:
                waiting[bell] = "not_visible"
                del fates[record_id]
        if fates:
            batch.moved |= set(fates)
            batch.moved |= self._follower(context).follow(
                batch.mapping, batch.system, batch.object, fates
            )
        return waiting

    def _follower(self, context: Context) -> Follower:
        bench = self.bench
        now = bench.clock()
        return Follower(
            bench.ledger,
            bench.connectors,
            context,
            self.run_id,
            now,
            merged=bench.merged,
            listen=bench.listen,
        )

    def _converted(self, batch: Batch) -> list[str]:
        """Converted Leads that nobody has followed yet."""
        frozen = [i for i, r in batch.records.items() if is_true(r.values.get(IS_CONVERTED))]
        return self.ledger.unfollowed(batch.mapping.name, frozen) if frozen else []

    def _merged_into(self, batch: Batch) -> dict[str, Fate | None]:
        """Records that a survivor of HubSpot names as merged into it, and that we believe alive."""
        into = {
            old: record_id
            for record_id, record in batch.records.items()
            for old in str(record.values.get(MERGED_IDS) or "").split(";")
            if old
        }
        known = self.ledger.known(batch.mapping.name, batch.system, list(into)) if into else {}
        return {i: Fate("merged", into[i]) for i, one in known.items() if one.gone is None}

    # Pairs --------------------------------------------------------------------------------------

    def _pair_tasks(self, mapping: FieldMapping, batches: Sequence[Batch]) -> list[Task]:
        """One task per pair of which a record moved; deletions are `_newcomers`' business."""
        ids = [
            known.pair_id
            for batch in batches
            for known in batch.known.values()
            if known.pair_id is not None and known.gone is None and known.record_id in batch.moved
        ]
        pairs = self.ledger.pairs_by_ids(list(dict.fromkeys(ids)))
        return [Task.of_pair("pair", mapping, pair, PairPlan()) for pair in pairs.values()]

    # Newcomers ----------------------------------------------------------------------------------

    def _concerned(
        self, mapping: FieldMapping, batches: Sequence[Batch], moved: set[int], touched: set[int]
    ) -> frozenset[int]:
        """The unpaired rows to plan for; those that moved too where a pair ends or consent spreads."""
        near = self.ledger.neighbours(mapping.name, touched | moved)
        gone = any(k.gone == "deleted" for b in batches for k in b.known.values())
        if near or gone or self._spreads_consent(mapping, moved):
            return near | frozenset(moved)
        return frozenset()

    def _spreads_consent(self, mapping: FieldMapping, rows: set[int]) -> bool:
        return any(True for _ in self.bench.registry.due(mapping, frozenset(rows)))

    def _why(self, known: Known) -> str:
        """What a record waits for: a person's pause is told before anything else."""
        is_paused = known.reason == "due" and bool(self.ledger.paused())
        return "paused" if is_paused else known.reason or "due"

    # Afterwards ---------------------------------------------------------------------------------

    def _unsettled(
        self, batches: Sequence[Batch], tally: Tally, *, nursery_busy: bool
    ) -> dict[Bell, str]:
        """Bells of records that wait for something: their state says for what."""
        busy = {(side, task.record_id(side)) for task in tally.busy for side in System}
        unfinished, unspread = tally.unfinished, tally.unspread
        tally.busy, tally.unfinished, tally.unspread = [], {}, False
        waiting: dict[Bell, str] = {}
        for batch in batches:
            now = self.ledger.known(batch.mapping.name, batch.system, list(batch.bells))
            for record_id, bell in batch.bells.items():
                known = now.get(record_id)
                if (batch.system, record_id) in busy:
                    waiting[bell] = "busy"
                elif unfinished.get((batch.system, record_id)) == "in_flight":
                    waiting[bell] = "in_flight"
                elif known is not None and known.state == "waiting":
                    waiting[bell] = self._why(known)
                elif (batch.system, record_id) in unfinished:
                    # Parked or filtered as it is, something else of it is still to be written.
                    why = unfinished[batch.system, record_id]
                    waiting[bell] = "paused" if why == "due" and self.ledger.paused() else why
                elif (
                    unspread
                    and known is not None
                    and self._spreads_consent(batch.mapping, {known.row_id})
                ):
                    waiting[bell] = "consent"
                elif nursery_busy and known is not None and known.pair_id is None:
                    waiting[bell] = "busy"
        return waiting


def _in_line(known: Known | None, digest: bytes) -> bool:
    """Whether a record with these values is what its pair agreed on, with nothing left to do."""
    return known is not None and known.in_line and known.gone is None and digest == known.agreed


def _place(bell: Bell) -> tuple[System, str, str]:
    return bell.system, bell.object, bell.record_id
