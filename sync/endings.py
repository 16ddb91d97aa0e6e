"""What the other side gets when a record was deleted or merged: the same, where the mapping says so.

Asked once more just before: a record that came back is not followed into the bin, and a partner that
somebody edited in the meantime is left to a person, since nobody's edit may be lost by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connector.errors import OutcomeUnknown, TryLater
from connector.port import Fate, Outcome, System, Written
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync.engine import Engine
from sync.findings import refused
from sync.following import Follower
from sync.guards import most_deletes
from sync.ledger import Known
from sync.model import JournalDraft, JournalEntry, Parked
from sync.plandraft import Task
from sync.sighting import Lookout

# Workers delete no more in this time than one run may.
LATELY = timedelta(hours=24)
EDITED = (
    "its partner in {side} was deleted while this record was edited: delete it too, or drop this entry "
    "to keep it as it is"
)
PARTNER_DELETED = (
    "its partner in {side} was deleted: delete it too, or drop this entry to keep it as it is"
)


def left_behind(task: Task, side: System, advice: str) -> Parked:
    """The other record of a pair of which the record of `side` was deleted: for a person to decide."""
    other = side.other
    return Parked(
        mapping=task.mapping,
        system=other,
        object=task.object_of(other),
        record_id=task.record_id(other) or "",
        line=None,
        cause="partner_deleted",
        advice=advice.format(side=side.value),
    )


def is_undisturbed(known: Known | None) -> bool:
    """Whether a record holds what its pair agreed on: nobody has edited it since."""
    return known is not None and known.in_line and known.digest == known.agreed


@dataclass(frozen=True, slots=True)
class Endings:
    """Carries out `delete` and `merge` tasks of one mapping."""

    engine: Engine
    context: Context

    def delete(self, mapping: FieldMapping, tasks: Sequence[Task]) -> None:
        """Delete the partners of deleted records, those that nobody has touched since."""
        engine = self.engine
        held = engine.holder.hold_pairs([t.pair_id for t in tasks if t.pair_id is not None])
        try:
            by_place: dict[tuple[System, str], list[Task]] = defaultdict(list)
            for task in tasks:
                if task.pair_id in held and task.source is not None:
                    other = task.source.other
                    by_place[other, task.object_of(other)].append(task)
                else:
                    engine.tally.busy.append(task)
            for (side, object_name), some in by_place.items():
                self._delete(mapping, side, object_name, self._still_due(mapping, side, some))
        finally:
            engine.holder.let_go(held)

    def _still_due(self, mapping: FieldMapping, side: System, tasks: Sequence[Task]) -> list[Task]:
        """The tasks of which the deleted record is dead still, and the partner as it was agreed."""
        due: list[Task] = []
        by_object: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            by_object[task.object_of(side.other)].append(task)
        for object_name, some in by_object.items():
            ids = [task.record_id(side.other) or "" for task in some]
            fates = self.engine.connectors[side.other].fates(object_name, ids)
            for task, record_id in zip(some, ids, strict=True):
                if fates.get(record_id, Fate("not_visible")).kind in {"deleted", "merged"}:
                    due.append(task)
                else:
                    self.engine.tally.skip(task, "the deleted record is back")
        return self._undisturbed(mapping, side, due)

    def _undisturbed(
        self, mapping: FieldMapping, side: System, tasks: Sequence[Task]
    ) -> list[Task]:
        engine, kept = self.engine, []
        for task in tasks:
            object_name, record_id = task.object_of(side), task.record_id(side) or ""
            fields = mapping.fields[side, object_name]
            record = engine.connectors[side].get_many(object_name, [record_id], fields)
            digest = (
                Lookout(mapping, side, object_name).digest(record[record_id].values)
                if record_id in record
                else None
            )
            if digest is None or engine.ledger.is_as_agreed(task.pair_id or 0, side, digest):
                kept.append(task)
            else:
                engine.unlink([task])
                engine.ledger.park([left_behind(task, side.other, EDITED)], engine.clock())
                engine.tally.totals["parked"] += 1
        return kept

    def _delete(
        self, mapping: FieldMapping, side: System, object_name: str, tasks: Sequence[Task]
    ) -> None:
        engine = self.engine
        if not tasks or side in engine.paused:
            return
        ids = [task.record_id(side) or "" for task in tasks]
        entries = self._journal(mapping, side, object_name, ids)
        outcomes = engine.connectors[side].delete_many(object_name, ids)
        self._close(entries, outcomes)
        for task, record_id, outcome in zip(tasks, ids, outcomes, strict=True):
            if isinstance(outcome, Written):
                engine.ledger.mark_gone(mapping.name, side, [record_id], "deleted")
                engine.unlink([task])
                engine.tally.totals["delete"] += 1
            else:
                self._refused(task, side, outcome)

    def merge(self, mapping: FieldMapping, tasks: Sequence[Task]) -> None:
        """Merge what was merged on the other side already; the pairs follow the survivor."""
        engine = self.engine
        for task in tasks:
            side = (task.source or System.HUBSPOT).other
            object_name, loser = task.object_of(side), task.record_id(side) or ""
            if task.into is None or side in engine.paused:
                continue
            entries = self._journal(mapping, side, object_name, [loser])
            outcome = engine.connectors[side].merge(object_name, task.into, [loser])
            self._close(entries, [outcome])
            if not isinstance(outcome, Written):
                self._refused(task, side, outcome)
                continue
            went = {old: Fate("merged", outcome.id) for old in (loser, task.into)}
            went.pop(outcome.id, None)
            follower = Follower(
                engine.ledger,
                engine.connectors,
                self.context,
                engine.writer.run_id,
                engine.clock(),
                merged=engine.merged,
            )
            engine.surroundings.ring_around(mapping.name, [(side, old) for old in went])
            follower.follow(mapping, side, object_name, went)
            engine.tally.totals["delete"] += 1

    def _journal(
        self, mapping: FieldMapping, side: System, object_name: str, ids: Iterable[str]
    ) -> list[JournalEntry]:
        engine = self.engine
        drafts = [
            JournalDraft(
                mapping=mapping.name,
                system=side,
                object=object_name,
                record_id=record_id,
                partner_id=None,
                action="delete",
                changes=(),
                trigger=engine.writer.trigger,
            )
            for record_id in ids
        ]
        return engine.ledger.intend(engine.writer.run_id, drafts, engine.clock())

    def _close(self, entries: Sequence[JournalEntry], outcomes: Sequence[Outcome]) -> None:
        """Deleting and merging may be repeated: what nobody knows the end of is simply due again."""
        self.engine.ledger.close(
            [
                (
                    entry.id,
                    "landed" if isinstance(outcome, Written | OutcomeUnknown) else "refused",
                    None,
                    outcome.request_id,
                )
                for entry, outcome in zip(entries, outcomes, strict=True)
            ],
            self.engine.clock(),
        )

    def _refused(self, task: Task, side: System, outcome: Outcome) -> None:
        engine = self.engine
        if isinstance(outcome, Written):
            return
        if isinstance(outcome, TryLater):
            engine.tally.totals["waiting"] += 1
            return
        record_id, name = task.record_id(side) or "", task.object_of(side)
        engine.ledger.park(
            [refused(task.mapping, side, name, record_id, None, outcome)], engine.clock()
        )
        engine.tally.totals["parked"] += 1


def within_limit(engine: Engine, mapping: FieldMapping, tasks: Sequence[Task]) -> list[Task]:
    """The tasks without deletions beyond the day's limit.

    Those wait: the next whole compare stops at its guard and tells a person how to allow them.
    """
    left: dict[System, int] = {}
    since = engine.clock() - LATELY
    allowed: list[Task] = []
    for task in tasks:
        if task.kind not in {"delete", "merge"} or task.source is None:
            allowed.append(task)
            continue
        side = task.source.other
        if side not in left:
            live = engine.ledger.live_count(mapping.name, side)
            most = most_deletes(live, mapping.limits, {})
            left[side] = most - engine.ledger.deleted_lately(mapping.name, side, since)
        if left[side] > 0:
            allowed.append(task)
            left[side] -= 1
    return allowed
