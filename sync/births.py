"""Create records for real: adopt by key first, create with the key inside, bind, write the key back.

A crash between any two steps makes no twin: the new record carries its partner's id from its first
moment, so the next look finds and adopts it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.errors import RecordLocked
from connector.port import Record, System, Value, Values
from mappings.own_values import is_own, own_of
from mappings.schema import Context, CreateRule
from mappings.schema import Mapping as FieldMapping
from sync.creation import Birth, agreed_besides, key_of, plan_birth
from sync.engine import Engine, Work
from sync.findings import same_changes
from sync.following import IS_CONVERTED
from sync.ledger import Ledger
from sync.model import Claim, FieldChange, Pair, Sighting
from sync.plandraft import Task
from sync.reconcile import PairPlan, is_true
from sync.sighting import Lookout
from sync.waiting import LOCKED, Waiting
from sync.writes import Result, Write, refusals

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def birth_claim(
    source: System,
    record_id: str,
    values: Values,
    rules: Sequence[CreateRule],
    tombstone: str | None,
    context: Context,
) -> Claim:
    """What becomes of an unpaired record: the first create rule that holds, or why there is none.

    `tombstone` is the reason (`partner_deleted`, `not_visible`) where its key names a dead record.
    """
    if tombstone is not None:
        return Claim(source, record_id, "unpaired", None, tombstone)
    if not rules:
        return Claim(source, record_id, "unpaired", None, "create_never")
    for rule in rules:
        if rule.when is None or rule.when(values, context):
            return Claim(source, record_id, "create", None, rule.object)
    return Claim(source, record_id, "unpaired", None, "no_create_rule")


def hold_back(
    ledger: Ledger, mapping: str, source: System, held: Mapping[str, Waiting], now: datetime
) -> None:
    """These records wait, whole, until those without which they cannot be born have partners."""
    if not held:
        return
    ledger.claim(
        mapping, [Claim(source, i, "waiting", None, why.reason) for i, why in held.items()]
    )
    ledger.hold_back(mapping, {(source, i): why.awaited for i, why in held.items()}, now)


@dataclass(frozen=True, slots=True)
class Expected:
    """A record that is about to be born: what asked for it, what it is made from, what it is born with."""

    task: Task
    record: Record
    birth: Birth


@dataclass(frozen=True, slots=True)
class Midwife:
    """Carries out `create` tasks of one mapping in batches."""

    engine: Engine
    context: Context

    def carry_out(
        self, mapping: FieldMapping, tasks: Sequence[Task], *, exactly: bool = False
    ) -> None:
        """Create what is still missing; what exists by key already is adopted instead."""
        groups: dict[tuple[System, str, str], list[Task]] = defaultdict(list)
        for task in tasks:
            source = task.source or HUBSPOT
            groups[source, task.object_of(source), task.object_of(source.other)].append(task)
        for (source, source_object, target_object), members in groups.items():
            self._create(mapping, source, source_object, target_object, members, exactly=exactly)

    def _create(
        self,
        mapping: FieldMapping,
        source: System,
        source_object: str,
        target_object: str,
        tasks: Sequence[Task],
        *,
        exactly: bool,
    ) -> None:
        ids = [task.record_id(source) or "" for task in tasks]
        fields = mapping.fields[source, source_object]
        here = self.engine.reads.get_many(source, source_object, ids, fields)
        self.engine.asker.prefetch(mapping, source, (r.values for r in here.values()))
        births = {i: self._birth(mapping, source, target_object, one) for i, one in here.items()}
        if source.other in mapping.keys:
            adopted = self._find_by_key(mapping, source, ids)
        else:
            adopted = self._find_by_own_key(mapping, source.other, births)
        frozen = {i: r for i, r in adopted.items() if is_true(r.values.get(IS_CONVERTED))}
        adopted = {i: r for i, r in adopted.items() if i not in frozen}
        self._adopt(mapping, source, source_object, adopted, tasks)
        wanted: list[Expected] = []
        held: dict[str, Waiting] = {}
        for task in tasks:
            record_id = task.record_id(source) or ""
            if record_id in adopted:
                continue
            if record_id in frozen:
                self._ask_after(source.other, frozen[record_id], task)
                continue
            record = here.get(record_id)
            if record is None:
                self.engine.tally.skip(task, "the record it is made from cannot be read any more")
                continue
            birth = births[record_id]
            planned = {source.other: task.changes.get(source.other, ())}
            if exactly and not same_changes(planned, {source.other: birth.changes}, birth.waiting):
                self.engine.tally.skip(task, "a field changed since the plan was made")
            elif birth.held is not None:
                held[record_id] = birth.held
            elif birth.refused is None and source.other not in self.engine.paused:
                wanted.append(Expected(task, record, birth))
        hold_back(self.engine.ledger, mapping.name, source, held, self.engine.clock())
        self._bear(mapping, source, target_object, wanted)

    def _birth(
        self, mapping: FieldMapping, source: System, target_object: str, record: Record
    ) -> Birth:
        lines = mapping.objects[target_object if source is HUBSPOT else record.object]
        key = key_of(mapping, source.other, record.id)
        return plan_birth(lines, source, record.values, self.context, key)

    def _ask_after(self, target: System, converted: Record, task: Task) -> None:
        """A converted Lead that holds the key is frozen: whoever it became is the partner, not a new one."""
        engine = self.engine
        engine.tally.skip(task, "the Lead that holds its key was converted")
        engine.surroundings.ask_after(task.mapping, [(target, converted.object, converted.id)])

    def _find_by_key(
        self, mapping: FieldMapping, source: System, ids: Sequence[str]
    ) -> dict[str, Record]:
        """Records that hold one of these keys already, on every object that the mapping lists."""
        target = source.other
        found: dict[str, Record] = {}
        for object_name in mapping.objects_of(target):
            fields = mapping.fields[target, object_name]
            matches = self.engine.connectors[target].find_many(
                object_name, mapping.keys[target], ids, fields
            )
            for key, records in matches.items():
                if records and key not in found:
                    found[key] = records[0]
        return found

    def _find_by_own_key(
        self, mapping: FieldMapping, target: System, births: Mapping[str, Birth]
    ) -> dict[str, Record]:
        """Where no record carries an external key: who holds the unique value that it would be born with.

        Somebody whom another record is paired with is no find; the create is refused then.
        """
        name = mapping.natural_keys[target]
        wanted = {i: str(value) for i, birth in births.items() if (value := birth.value_of(name))}
        found: dict[str, Record] = {}
        for object_name in mapping.objects_of(target) if wanted else ():
            fields = mapping.fields[target, object_name]
            connector = self.engine.connectors[target]
            values = list(dict.fromkeys(wanted.values()))
            matches = connector.find_many(object_name, name, values, fields)
            for record_id, value in wanted.items():
                record = next(iter(matches.get(value, ())), None)
                if record is not None and self._may_have(mapping, target, record, record_id):
                    found.setdefault(record_id, record)
        return found

    def _adopt(
        self,
        mapping: FieldMapping,
        source: System,
        source_object: str,
        adopted: Mapping[str, Record],
        tasks: Sequence[Task],
    ) -> None:
        links = []
        for task in tasks:
            record = adopted.get(task.record_id(source) or "")
            if record is None:
                continue
            self._see(mapping, source.other, record)
            to_salesforce = source is HUBSPOT
            links.append(
                replace(
                    task,
                    kind="link",
                    source=None,
                    hubspot_id=task.hubspot_id if to_salesforce else record.id,
                    salesforce_id=record.id if to_salesforce else task.salesforce_id,
                    salesforce_object=record.object if to_salesforce else source_object,
                )
            )
        if links:
            self.engine.carry_out(mapping, links)

    def _bear(
        self,
        mapping: FieldMapping,
        source: System,
        target_object: str,
        wanted: Sequence[Expected],
    ) -> None:
        if not wanted:
            return
        target = source.other
        results = self.engine.writer.send(
            [self._write_of(mapping, target, target_object, one) for one in wanted]
        )
        works: list[Work] = []
        known: dict[str, Record] = {}
        for one, result in zip(wanted, results, strict=True):
            if result.state == "landed":
                works.append(self._work(mapping, source, target_object, one, result))
            elif (match := self._match_in_the_way(mapping, target, result)) is not None:
                known[one.record.id] = match
            else:
                self._note_stillborn(mapping, source, one.record, result)
        self._introduce(mapping, target, target_object, works)
        works = self.engine.bind(mapping, works)
        held = [{side: one.values for side, one in work.records.items()} for work in works]
        told = [(w.pair, w.plan, values) for w, values in zip(works, held, strict=True)]
        self.engine.asker.hand_on(mapping, told)
        self.engine.write(mapping, works)
        self.engine.settle(mapping, works)
        if known:
            self._adopt(mapping, source, wanted[0].record.object, known, [o.task for o in wanted])

    def _write_of(
        self, mapping: FieldMapping, target: System, target_object: str, expected: Expected
    ) -> Write:
        record, birth = expected.record, expected.birth
        key = key_of(mapping, target, record.id)
        return Write(
            mapping=mapping.name,
            system=target,
            object=target_object,
            record_id=None,
            partner_id=record.id,
            changes=tuple(change for change in birth.changes if not change.pending),
            meant={write.line.id: write.meant for write in birth.writes},
            key_field=key.field,
            key=key.value or str(birth.value_of(key.field)),
        )

    def _match_in_the_way(
        self, mapping: FieldMapping, target: System, result: Result
    ) -> Record | None:
        """The record that the system says is this one already, where the mapping says to use it.

        Only a live one of a mapped object that is in scope, that nobody is paired with, and whose key
        names nobody else who lives. It counts as seen from now on.
        """
        refusal = result.refusal
        if refusal is None or refusal.cause != "duplicate" or not mapping.use_duplicates:
            return None
        engine, match_id = self.engine, refusal.existing_id or ""
        if not match_id or engine.ledger.pair_of(mapping.name, target, match_id) is not None:
            return None
        for object_name in mapping.objects_of(target):
            fields = mapping.fields[target, object_name]
            record = engine.reads.get_many(target, object_name, [match_id], fields).get(match_id)
            if record is not None:
                ours = result.write.partner_id or ""
                return record if self._may_have(mapping, target, record, ours) else None
        return None

    def _may_have(self, mapping: FieldMapping, target: System, record: Record, ours: str) -> bool:
        """Whether `ours` may be paired with this record of the other side, which counts as seen now.

        Not where it is out of scope, paired, or where its key names somebody else who lives.
        """
        if self.engine.ledger.pair_of(mapping.name, target, record.id) is not None:
            return False
        sighting = self._see(mapping, target, record)
        key = sighting.external_key
        is_free = key in {None, ours} or not self._lives(mapping, target.other, key)
        return sighting.in_scope and is_free

    def _see(self, mapping: FieldMapping, target: System, record: Record) -> Sighting:
        """Whom the ledger has not seen could not be in a pair, nor be told of an opt-out."""
        sighting = Lookout(mapping, target, record.object).sight(record, self.context)
        run = self.engine.writer.run_id
        self.engine.ledger.note_sightings(run, mapping.name, target, record.object, [sighting])
        return sighting

    def _lives(self, mapping: FieldMapping, side: System, record_id: str | None) -> bool:
        found = self.engine.ledger.record(mapping.name, side, record_id or "")
        return found is not None and found.gone is None

    def _introduce(
        self, mapping: FieldMapping, target: System, target_object: str, works: Sequence[Work]
    ) -> None:
        """The ledger has seen a record from its first moment, so the states add up at once."""
        engine, lookout = self.engine, Lookout(mapping, target, target_object)
        sightings = []
        for work in works:
            born = {change.api_name: change.after for change in work.plan.changes[target]}
            record = work.records[target]
            sightings.append(
                lookout.sight(record._replace(values={**record.values, **born}), self.context)
            )
        engine.ledger.note_sightings(
            engine.writer.run_id, mapping.name, target, target_object, sightings
        )

    def _work(
        self,
        mapping: FieldMapping,
        source: System,
        target_object: str,
        expected: Expected,
        result: Result,
    ) -> Work:
        record, birth = expected.record, expected.birth
        target, new_id = source.other, result.record_id or ""
        to_salesforce = source is HUBSPOT
        pair = Pair(
            id=0,
            mapping=mapping.name,
            hubspot_id=record.id if to_salesforce else new_id,
            salesforce_object=target_object if to_salesforce else record.object,
            salesforce_id=new_id if to_salesforce else record.id,
        )
        key_writes = tuple(
            FieldChange(
                line="key", api_name=name, before=record.values.get(name), after=new_id, rule="key"
            )
            for side, name in mapping.keys.items()
            if side is source
        )
        blank: dict[str, Value] = dict.fromkeys(mapping.fields[target, target_object])
        # It stands for the same person, of whom we know the same.
        blank = {n: v for n, v in blank.items() if not is_own(n)} | own_of(record.values)
        born_with = {change.api_name: change.after for change in birth.changes}
        held: dict[System, Values] = {source: record.values, target: {**blank, **born_with}}
        lines = mapping.objects[pair.salesforce_object]
        besides = agreed_besides(lines, birth, held, self.context)
        return Work(
            task=expected.task,
            pair=pair,
            plan=PairPlan(
                agreed={**besides, **birth.agreed},
                writes=(*birth.writes, *birth.back),
                changes={target: birth.changes, source: (*key_writes, *birth.back_changes)},
                parked=birth.parked,
                waiting=birth.waiting,
                requests=birth.requests,
                told=birth.told,
            ),
            baseline={},
            records={source: record, target: Record(target_object, new_id, blank)},
            born=frozenset({target}),
            results=[result],
        )

    def _note_stillborn(
        self, mapping: FieldMapping, source: System, record: Record, result: Result
    ) -> None:
        """Refused records stand parked on their source; an unknown outcome waits for the next look."""
        engine = self.engine
        if result.state != "refused":
            engine.tally.totals["waiting"] += 1
            if isinstance(result.later, RecordLocked):
                engine.ledger.claim(
                    mapping.name, [Claim(source, record.id, "waiting", None, LOCKED)]
                )
            return
        parked = [
            replace(row, system=source, object=record.object, record_id=record.id)
            for row in refusals(PairPlan(), result)
            if row.line is None
        ]
        engine.ledger.park(parked, engine.clock())
        cause = parked[0].cause if parked else "other"
        other = result.refusal.existing_id if result.refusal is not None else None
        engine.ledger.claim(mapping.name, [Claim(source, record.id, "parked", other, cause)])
        engine.tally.totals["parked"] += len(parked)
