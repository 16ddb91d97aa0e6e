"""What every run works with, whoever asked for it: the resync, a worker's round, a person's decree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from more_itertools import chunked

from connector.port import CallCount, Connector, ObjectSchema, System
from connector.relations import Relations
from mappings.schema import Context, OwnName, Relation
from mappings.schema import Mapping as FieldMapping
from sync.births import Midwife
from sync.consent import ConsentWriter
from sync.endings import Endings
from sync.engine import Engine, Tally
from sync.following import Merged, nobody_merged
from sync.further import Further
from sync.hearing import Heard, Stored
from sync.holding import Holder
from sync.ledger import Ledger
from sync.model import Scope
from sync.owners import OWNER_FIELDS, Owners, pair_owners
from sync.plandraft import Task
from sync.questions import Asker
from sync.readback import ReadBack
from sync.reads import Reads
from sync.refs import LedgerRefs
from sync.registry import Registry
from sync.surroundings import Surroundings
from sync.writes import Writer

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

BATCH = 200
# Owners come and go slowly; they are listed again after this.
OWNERS_KEPT = timedelta(minutes=10)
# Facts of the ledger: the fingerprint of the live schemas, and what the last whole compare went by.
SCHEMAS, COMPARED = "schemas", "compared:"
# How often, and how long apart in seconds, a pair that somebody else holds is tried again.
BUSY_TRIES, BUSY_WAIT = 50, 0.2
BUSY = "another worker was at this pair all the time"


def fingerprints(schemas: Mapping[tuple[System, str], ObjectSchema]) -> str:
    """Equal for equal schemas, object by object: what the mappings were checked against."""
    told = {}
    for (system, name), schema in sorted(schemas.items()):
        fields = sorted((field.name, repr(field)) for field in schema.fields.values())
        told[f"{system.value}:{name}"] = blake2b(repr(fields).encode(), digest_size=12).hexdigest()
    return orjson.dumps(told).decode()


@dataclass(slots=True)
class _KnownOwners:
    owners: Owners | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Workbench:
    """Ledger, systems, mappings and the right to hold pairs, for as many runs as you like."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    mappings: Sequence[FieldMapping]
    clock: Callable[[], datetime]
    timezone: str
    landing_window: timedelta
    holder: Holder
    relations: Sequence[Relation] = ()
    ties: Mapping[System, Relations] = field(default_factory=dict)
    # Told of people who are erased, with the names of their records.
    erased: Callable[[Sequence[OwnName]], object] = lambda _names: None
    # Told of records that were merged into one, with the names of all of them.
    merged: Merged = nobody_merged
    # Told of what people entered in fields of ours where that is a request.
    listen: Callable[[Sequence[Heard]], object] = lambda _heard: None
    # Told of what stands in a system of our own values, once it was written and read back.
    saw: Callable[[Sequence[Stored]], object] = lambda _stored: None
    # Told which records of Salesforce were brought in line, with their object.
    met: Callable[[str, Sequence[str]], object] = lambda _object, _ids: None
    _known: _KnownOwners = field(default_factory=_KnownOwners)

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.timezone)

    def by_name(self) -> dict[str, FieldMapping]:
        return {mapping.name: mapping for mapping in self.mappings}

    def wording(self, mapping: FieldMapping) -> str:
        """What a whole compare of this mapping goes by: its text, and the schemas that it is read over."""
        known = orjson.loads(self.ledger.fact(SCHEMAS) or "{}")
        places = [f"{side.value}:{name}" for side in System for name in mapping.objects_of(side)]
        return " ".join([mapping.hash, *(known.get(place, "") for place in places)]).strip()

    def is_compared(self, mapping: FieldMapping) -> bool:
        """Whether there was a whole compare since the mapping or the schemas changed."""
        return self.ledger.fact(f"{COMPARED}{mapping.name}") == self.wording(mapping)

    def must_be_compared(self, mapping: FieldMapping) -> None:
        """Something about this mapping can only be found out by a whole compare."""
        self.ledger.forget_fact(f"{COMPARED}{mapping.name}")

    def context(self, *, planning: bool) -> tuple[Context, LedgerRefs]:
        """Today in business time, and the look-up of partners."""
        owners = self._owners() if self._needs_owners() else Owners()
        refs = LedgerRefs(self.ledger, owners, planning=planning)
        today = self.clock().astimezone(self.zone).date()
        return Context(today=today, refs=refs), refs

    def _needs_owners(self) -> bool:
        return any(
            line.link_to == "owners"
            for mapping in self.mappings
            for lines in mapping.objects.values()
            for line in lines.lines
        )

    def _owners(self) -> Owners:
        known, now = self._known, self.clock()
        if known.owners is None or known.at is None or now - known.at > OWNERS_KEPT:
            listed = {}
            for system, (object_name, fields) in OWNER_FIELDS.items():
                pages = self.connectors[system].list_all(object_name, fields)
                listed[system] = [record for page in pages for record in page.records]
            known.owners, known.at = pair_owners(listed[HUBSPOT], listed[SALESFORCE]), now
        return known.owners

    @property
    def registry(self) -> Registry:
        """Where people stand."""
        return Registry(self.ledger, self.connectors, self.clock)

    def reads(self) -> Reads:
        return Reads(self.connectors, self.clock)

    def calls(self) -> dict[System, CallCount]:
        """The calls sent until now, to be handed to `spent` later."""
        return {s: CallCount(c.calls.reads, c.calls.writes) for s, c in self.connectors.items()}

    def spent(self, before: Mapping[System, CallCount]) -> dict[str, Any]:
        """The contract's `cost` of what was done since."""
        return {
            system.value: {
                "reads": connector.calls.reads - before[system].reads,
                "writes": connector.calls.writes - before[system].writes,
            }
            for system, connector in self.connectors.items()
        }

    def asker(self, context: Context, refs: LedgerRefs, *, retry_parked: bool = False) -> Asker:
        return Asker(
            ledger=self.ledger,
            connectors=self.connectors,
            refs=refs,
            context=context,
            clock=self.clock,
            landing_window=self.landing_window,
            retry_parked=retry_parked,
            listen=self.listen,
            saw=self.saw,
            met=self.met,
        )

    def engine(
        self,
        run_id: int,
        trigger: str,
        *,
        reads: Reads | None = None,
        tally: Tally | None = None,
        retry_parked: bool = False,
    ) -> Engine:
        """The engine of one run, its writes noted under `run_id` and `trigger`."""
        context, refs = self.context(planning=False)
        return Engine(
            ledger=self.ledger,
            connectors=self.connectors,
            asker=self.asker(context, refs, retry_parked=retry_parked),
            writer=Writer(self.ledger, self.connectors, self.clock, run_id, trigger),
            readback=ReadBack(self.connectors, context),
            clock=self.clock,
            tally=tally or Tally(),
            holder=self.holder,
            reads=reads or self.reads(),
            surroundings=Surroundings(self.ledger, context, self.clock, run_id),
            paused=frozenset(self.ledger.paused()),
            merged=self.merged,
        )


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries out tasks of every kind, a batch of one mapping and kind at a time."""

    engine: Engine
    exactly: bool = False

    def carry_out(self, mapping: FieldMapping, tasks: Sequence[Task]) -> None:
        """Do what these tasks say, as far as it is still true."""
        engine, kind = self.engine, tasks[0].kind
        engine.asker.refs.forget()
        if kind == "create":
            with engine.holder.nursery(mapping.name):
                if free := self._still_free(mapping, tasks):
                    midwife = Midwife(engine, engine.asker.context)
                    midwife.carry_out(mapping, free, exactly=self.exactly)
        elif kind == "link":
            with engine.holder.nursery(mapping.name):
                if free := self._still_free(mapping, tasks):
                    engine.carry_out(mapping, free, exactly=self.exactly)
        elif kind == "consent":
            consents = ConsentWriter(engine.writer, engine.asker.registry)
            consents.carry_out(mapping, tasks, engine.tally)
        elif kind == "unlink":
            engine.unlink(tasks)
        elif kind == "delete":
            Endings(engine, engine.asker.context).delete(mapping, tasks)
        elif kind == "merge":
            Endings(engine, engine.asker.context).merge(mapping, tasks)
        else:
            engine.carry_out(mapping, tasks, exactly=self.exactly)

    def carry_out_all(self, mapping: FieldMapping, tasks: Iterable[Task]) -> None:
        """Do them in the order given, in batches of one kind."""
        for _, members in groupby(tasks, key=lambda task: task.kind):
            for some in chunked(members, BATCH):
                self.carry_out(mapping, some)

    def _still_free(self, mapping: FieldMapping, tasks: Sequence[Task]) -> list[Task]:
        """Leave out records that were paired since the plan was made: somebody was faster."""
        taken = {
            side: self.engine.ledger.partner_ids(
                mapping.name, side, _ids(task.record_id(side) for task in tasks)
            )
            for side in System
        }
        free: list[Task] = []
        for task in tasks:
            if not any(task.record_id(side) in taken[side] for side in System):
                free.append(task)
            elif self.exactly:
                self.engine.tally.skip(task, "the record was paired since the plan was made")
        return free

    def look_forward(self, by_name: Mapping[str, FieldMapping]) -> None:
        """The second pass: references to records that were paired or born later in this run, and what
        systems filled in themselves. No plan tells of the latter: whoever wants exactly that does without.
        """
        tally = self.engine.tally
        again = [t for t in tally.forward if not self.exactly or any(t.changes.values())]
        tally.forward = []
        for name in dict.fromkeys(task.mapping for task in again):
            members = [task for task in again if task.mapping == name]
            for some in chunked(members, BATCH):
                self.carry_out(by_name[name], some)
        # Who waits still has no partner after this run either.
        tally.forward = []

    def hear_further(self, mapping: FieldMapping, scope: Scope = None) -> None:
        """What people asked for in records that stay parked beside another one of the same person."""
        asker, reads = self.engine.asker, self.engine.reads
        if mapping.mode == "live":
            Further(asker.ledger, reads, asker.context, asker.listen).hear(mapping, scope)

    def finish(self, by_name: Mapping[str, FieldMapping]) -> None:
        """The second pass and what was said in parked records; then wait for the pairs that others held, and
        bring those in line too.
        """
        self.look_forward(by_name)
        for mapping in by_name.values():
            self.hear_further(mapping)
        tally = self.engine.tally
        for _ in range(BUSY_TRIES):
            if not tally.busy:
                return
            self.engine.holder.sleep(BUSY_WAIT)
            again, tally.busy = tally.busy, []
            for name in dict.fromkeys(task.mapping for task in again):
                self.carry_out(by_name[name], [task for task in again if task.mapping == name])
        for task in tally.busy:
            tally.skip(task, BUSY)
        tally.busy = []


def _ids(found: Iterable[str | None]) -> list[str]:
    return [one for one in found if one is not None]
