"""The hand that makes and ends ties, a heap at a time, and looks again at what failed.

There is no journal: a tie is told by its two partners, so making one that is there, or ending one that
is not, changes nothing, and whatever became of a write whose answer was lost is seen at the next look.
Only an end is put on file before it is sent: the tie that stands there yet must not be taken for one
that somebody has just made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connector.errors import Rejected
from connector.port import Connector, System, Value, Written
from connector.relations import Relations, Tie
from mappings.schema import Cell, Context, Fault, Pending, Relation, Skip
from sync.ledger import Ledger
from sync.reconcile import LineWrite
from sync.relations.noting import ending_row
from sync.relations.reading import Heap, Reading, Seen
from sync.relations.work import Work, line_of

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Writes ties of one relation. `paused` systems take no writes."""

    ledger: Ledger
    systems: Mapping[System, Relations]
    connectors: Mapping[System, Connector]
    relation: Relation
    context: Context
    paused: Collection[System]

    def carry_out(self, heap: Heap, works: Sequence[Work]) -> None:
        """Do what was decided; each work knows afterwards what came of it."""
        self._hold_back(works)
        ready = [work for work in works if work.waits is None]
        self._end([work for work in ready if work.plan.end is not None])
        self._make([work for work in ready if work.plan.end is None])
        self._read_back(heap, ready)

    # Not now ------------------------------------------------------------------------------------

    def _hold_back(self, works: Sequence[Work]) -> None:
        for work in works:
            if any(work.plan.action(side) is not None for side in self.paused):
                work.waits = "paused"
        for work in self._without_evidence([work for work in works if work.waits is None]):
            work.waits = "partner"

    def _without_evidence(self, works: Sequence[Work]) -> list[Work]:
        """Ends whose twin may have vanished along with a record: absent is not ended.

        A partner that was deleted, merged or converted a moment ago says nothing about its ties.
        """
        ends = {id(work): self._ends_there(work) for work in works if work.plan.end is not None}
        asked: dict[tuple[System, str], set[str]] = defaultdict(set)
        for places in ends.values():
            for system, object_name, record_id in places:
                asked[system, object_name].add(record_id)
        live = {
            (system, object_name, record_id)
            for (system, object_name), ids in asked.items()
            for record_id, fate in self.connectors[system].fates(object_name, sorted(ids)).items()
            if fate.kind == "live"
        }
        return [work for work in works if id(work) in ends and not live.issuperset(ends[id(work)])]

    def _ends_there(self, work: Work) -> list[tuple[System, str, str]]:
        """Both records on the side where the tie is gone."""
        left, right, end = work.seen.left, work.seen.right, work.plan.end
        if left is None or end is None:
            return []
        there = end.other
        return [
            (there, self._kind_of(work, there), left.record_id(there)),
            (there, self.relation.right_objects[there], right.record_id(there)),
        ]

    def _kind_of(self, work: Work, side: System) -> str:
        """Which kind of record stands left on that side."""
        left = work.seen.left
        if side is SALESFORCE and left is not None:
            return left.salesforce_object
        return self.relation.left_objects[side][0]

    # Ending -------------------------------------------------------------------------------------

    def _end(self, works: Sequence[Work]) -> None:
        """What a record that went into the partner still holds of a tie is ended too."""
        self.ledger.note_ties([ending_row(self.relation, work) for work in works])
        for side in System:
            mine = [work for work in works if work.plan.end is side]
            ties = [(work, tie) for work in mine for tie in work.seen.ties.get(side, [])]
            if not ties:
                continue
            word = self.relation.word(side)
            outcomes = self.systems[side].untie_many(word, [tie for _, tie in ties])
            for (work, _), outcome in zip(ties, outcomes, strict=True):
                # One that could not be ended counts for all of them.
                if isinstance(work.outcomes.get(side, outcome), Written):
                    work.outcomes[side] = outcome

    # Making -------------------------------------------------------------------------------------

    def _make(self, works: Sequence[Work]) -> None:
        for side in System:
            mine = [work for work in works if work.plan.action(side) is not None]
            self._send(side, mine)
            self._send(side, self._without_refused_lines(side, mine))

    def _without_refused_lines(self, side: System, works: Sequence[Work]) -> list[Work]:
        """Ties that were refused for a field: they are sent once more without it."""
        again: list[Work] = []
        for work in works:
            outcome = work.outcomes[side]
            if not isinstance(outcome, Rejected) or line_of(work.plan, side, outcome) is None:
                continue
            work.refused[side] = outcome
            if work.plan.make is side or self._tie(work, side).values:
                again.append(work)
            else:
                # Nothing else was to be set.
                work.outcomes[side] = Written(work.name(side))
        return again

    def _send(self, side: System, works: Sequence[Work]) -> None:
        if not works:
            return
        ties = [self._tie(work, side) for work in works]
        outcomes = self.systems[side].tie_many(self.relation.word(side), ties)
        for work, outcome in zip(works, outcomes, strict=True):
            work.outcomes[side] = outcome

    def _tie(self, work: Work, side: System) -> Tie:
        """What is to stand there; a line that was refused is left out."""
        refused = work.refused_line(side)
        values: dict[str, Value] = {
            change.api_name: change.after
            for change in work.plan.changes.get(side, ())
            if refused is None or change.line != refused
        }
        there, left = work.seen.tie(side), work.seen.left
        if there is not None:
            return there._replace(values=values)
        if left is None:
            raise ValueError("a tie without a left partner is never made")
        right = work.seen.right
        return Tie(self._kind_of(work, side), left.record_id(side), right.record_id(side), values)

    # Looking again ------------------------------------------------------------------------------

    def _read_back(self, heap: Heap, works: Sequence[Work]) -> None:
        """What failed may stand there as it was meant, by whoever's hand."""
        failed = [work for work in works if not work.done]
        rights = {work.key.right_pair for work in failed}
        if not rights:
            return
        reading = Reading(self.ledger, self.systems, self.relation)
        now = reading.read([right for right in heap.rights if right.pair_id in rights])
        for work in failed:
            seen = now.seen.get(work.key)
            for side, outcome in work.outcomes.items():
                if not isinstance(outcome, Written) and self._is_as_meant(work, side, seen):
                    work.outcomes[side] = Written(work.name(side))

    def _is_as_meant(self, work: Work, side: System, seen: Seen | None) -> bool:
        there = None if seen is None else seen.tie(side)
        if work.plan.end is side or there is None:
            return work.plan.end is side and there is None
        refused = work.refused_line(side)
        return all(
            self._stands(write, there)
            for write in work.plan.writes
            if write.to is side and (refused is None or write.line.id != refused)
        )

    def _stands(self, write: LineWrite, there: Tie) -> bool:
        end = write.line.side(write.to)
        held = end.read(there.values, self.context)
        if isinstance(held, Fault | Skip | Pending) or isinstance(write.cell, Pending):
            return False
        meant: Cell = write.cell
        return end.normal(held) == end.normal(meant)
