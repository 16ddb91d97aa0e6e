"""Brings one relation in line: read both sides, decide tie by tie, write, and note what is true.

A look goes over the whole relation and writes to no system, so that guards can stop a run before its
first write. What is to be written is read and decided anew when its turn comes. What befalls one tie
stays with it: refused, it is parked with advice; what may pass waits for the next look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from connector.errors import TryLater
from connector.port import Connector, System, Values
from connector.relations import Relations
from mappings.schema import Context, Relation
from sync.guards import Totals
from sync.ledger import Ledger
from sync.model import KnownTie, Parked
from sync.relations.decide import WHOLE_TIE, Meeting, TiePlan, meet
from sync.relations.noting import (
    conflicts_of,
    parked_lines,
    quiet_row,
    refusals,
    settled_lines,
    unread_row,
    written_row,
)
from sync.relations.reading import Heap, Reading, Seen
from sync.relations.work import Work, name_of
from sync.relations.writing import Hand

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ParkedNow = Mapping[tuple[System, str], list[Parked]]


@dataclass(slots=True)
class LookedAt:
    """What a look at a whole relation found, for guards and plans.

    `due` are the right-hand pairs at whose ties something is to be written; `still_parked` the rows of
    the quarantine that hold still: side, name of the tie, line.
    """

    totals: Counter[str] = field(default_factory=Counter)
    creates: Counter[System] = field(default_factory=Counter)
    deletes: Counter[System] = field(default_factory=Counter)
    live: Counter[System] = field(default_factory=Counter)
    live_before: Counter[System] = field(default_factory=Counter)
    blanked: int = 0
    agreed: int = 0
    due: set[int] = field(default_factory=set)
    still_parked: set[tuple[System, str, str]] = field(default_factory=set)

    def guarded(self, *, first_run: bool) -> Totals:
        """In the words of the guards."""
        return Totals(
            creates=self.creates,
            deletes=self.deletes,
            blanked=self.blanked,
            pairs=self.agreed,
            live=self.live,
            live_before=self.live_before,
            first_run=first_run,
        )

    def count(self, work: Work) -> None:
        """Add one tie."""
        plan, known = work.plan, work.seen.known
        self.live.update(work.seen.held)
        self.live_before.update(known.held if known is not None else ())
        self.agreed += plan.standing == "agreed"
        self.blanked += sum(one.blanks for some in plan.changes.values() for one in some)
        self.creates.update(() if plan.make is None else (plan.make,))
        self.deletes.update(() if plan.end is None else (plan.end,))
        actions = (plan.action(side) for side in System)
        self.totals.update(action for action in actions if action is not None)
        self.totals["conflicts"] += sum(1 for one in plan.conflicts if one.winner is not None)
        self.totals["parked"] += len(plan.parked)
        self.totals["unchanged"] += not plan.acts
        if plan.acts:
            self.due.add(work.key.right_pair)
        self.still_parked |= set(_kept_parked(work))


def _kept_parked(work: Work) -> Iterator[tuple[System, str, str]]:
    """Rows of the quarantine that hold; those of a tie that is to be written hold until then."""
    plan = work.plan
    lines = {*plan.still_parked, *(one.line for one in plan.parked)}
    if plan.acts:
        lines |= work.was_parked
    for side in System:
        yield from ((side, work.name(side), line) for line in lines)


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Keeps one relation in line. `advance` is told of progress, and may end the work; `run` answers the
    id of the run under which conflicts are noted.

    With `retry_parked` what was refused is tried again whatever stands there. Raises what the systems
    raise as a whole; what was done until then is on file.
    """

    ledger: Ledger
    systems: Mapping[System, Relations]
    connectors: Mapping[System, Connector]
    relation: Relation
    context: Context
    clock: Callable[[], datetime]
    run: Callable[[], int]
    advance: Callable[[str, int], None]
    retry_parked: bool = False
    # What the ties' own fields may hold, by side and right-hand record; asked for once in a run.
    _allowed: dict[tuple[System, str], Mapping[str, Values]] = field(default_factory=dict)

    @cached_property
    def _undecided(self) -> set[tuple[str, str]]:
        """Open differences and parked double changes on file: the tie's name at HubSpot, and the line."""
        found: set[tuple[str, str]] = set()
        after = 0
        while rows := self.ledger.conflicts(after, mapping=self.relation.name):
            after = rows[-1].id
            found |= {
                (row.conflict.hubspot_id, row.conflict.line)
                for row in rows
                if row.conflict.winner is None
            }
        return found

    @property
    def _reading(self) -> Reading:
        return Reading(self.ledger, self.systems, self.relation)

    # Looking ------------------------------------------------------------------------------------

    def look(self, show: Callable[[Work], None], *, commit: bool) -> LookedAt:
        """Decide every tie of the relation; hand what is to be written to `show`.

        With `commit` what is true already is put on file. Writes to no system.
        """
        found = LookedAt()
        for heap in self._reading.all():
            works = self._decide(heap)
            for work in works:
                found.count(work)
                if work.plan.acts:
                    show(work)
            fit = _fit(heap)
            found.live_before.update(
                side for one in heap.unread if one.right_pair in fit for side in one.held
            )
            if commit:
                self._note_quiet(heap, works)
            self.advance(f"{self.relation.name}:ties", len(works))
        if commit:
            self.ledger.forget_ties_without_right(self.relation.name, self.relation.right)
            self._let_go(found.still_parked)
        return found

    def _decide(self, heap: Heap) -> list[Work]:
        parked, works = self._parked(heap), []
        for key, seen in heap.seen.items():
            meeting = self._meeting(seen, parked)
            plan, lines = self._meet(seen, meeting), frozenset(meeting.parked)
            works.append(Work(key=key, seen=seen, plan=plan, was_parked=lines))
        return works

    def _meet(self, seen: Seen, meeting: Meeting) -> TiePlan:
        plan = meet(meeting)
        allowed = self._allowed_for(seen, plan, meeting)
        return meet(replace(meeting, allowed=allowed)) if allowed else plan

    def _meeting(self, seen: Seen, parked: ParkedNow) -> Meeting:
        left, known = seen.left, seen.known
        ties = {side: seen.tie(side) for side in System}
        values = {side: None if tie is None else tie.values for side, tie in ties.items()}
        marks = {
            row.line or WHOLE_TIE: "" if self.retry_parked else row.fingerprint
            for side in System
            for row in parked.get((side, name_of(seen, side)), ())
        }
        meeting = Meeting(
            relation=self.relation,
            context=self.context,
            hubspot=values[HUBSPOT],
            salesforce=values[SALESFORCE],
            linked=left is not None
            and left.fitness == "fit"
            and left.salesforce_object in self.relation.left_objects[SALESFORCE],
            parked=marks,
        )
        # With a partner that is gone, whatever was agreed about its ties is void.
        if known is None or left is None or left.fitness == "gone":
            return meeting
        return replace(meeting, standing=known.standing, side=known.side, baseline=known.baseline)

    def _parked(self, heap: Heap) -> ParkedNow:
        name, ties = self.relation.name, heap.seen.values()
        return {
            (side, tie): rows
            for side in System
            for tie, rows in self.ledger.parked_for(
                name, side, [name_of(seen, side) for seen in ties]
            ).items()
        }

    def _allowed_for(
        self, seen: Seen, plan: TiePlan, meeting: Meeting
    ) -> dict[System, Mapping[str, Values]]:
        """What the fields may hold, asked for only where a value is about to travel, or in doubt."""
        if not self.relation.lines or not meeting.linked:
            return {}
        doubtful = bool(plan.conflicts or plan.parked or plan.still_parked or meeting.parked)
        found: dict[System, Mapping[str, Values]] = {}
        for side in System:
            if not doubtful and not plan.changes.get(side):
                continue
            place = side, seen.right.record_id(side)
            if place not in self._allowed:
                word = self.relation.word(side)
                self._allowed[place] = self.systems[side].values_allowed(word, place[1])
            if allowed := self._allowed[place]:
                found[side] = allowed
        return found

    # Noting -------------------------------------------------------------------------------------

    def _note_quiet(self, heap: Heap, works: Sequence[Work]) -> None:
        """Put on file what is true without a write; what is to be written is due."""
        unfit = {right.pair_id: right for right in heap.rights if right.fitness != "fit"}
        noted = [quiet_row(self.relation, work) for work in works]
        noted += [
            unread_row(one, gone=unfit[one.right_pair].fitness == "gone")
            for one in heap.unread
            if one.right_pair in unfit
        ]
        # Of a right-hand record that was read, what no side holds any more is over.
        over = [one.id for one in heap.unread if one.right_pair not in unfit]
        known = {one.id: one for one in _known_of(heap)}
        self.ledger.note_ties([row for row in noted if known.get(row.id) != row], over)
        self._note_findings([work for work in works if not work.plan.acts])

    def _note_findings(self, works: Sequence[Work]) -> None:
        """Conflicts and parked lines of ties, and what is settled by now."""
        now, name = self.clock(), self.relation.name
        found = [one for work in works for one in conflicts_of(self.relation, work)]
        news = [
            one
            for one in found
            if one.winner is not None or (one.hubspot_id, one.line) not in self._undecided
        ]
        if news:
            self.ledger.note_conflicts(self.run(), news, now)
            self._undecided.update((n.hubspot_id, n.line) for n in news if n.winner is None)
        parked = [row for work in works for row in parked_lines(self.relation, work)]
        if parked:
            self.ledger.park(parked, now)
        for work in works if self._undecided else ():
            tie = work.name(HUBSPOT)
            if lines := [line for line in settled_lines(work) if (tie, line) in self._undecided]:
                self.ledger.close_differences(name, tie, lines, now)
                self._undecided.difference_update((tie, line) for line in lines)

    def _let_go(self, still: Collection[tuple[System, str, str]]) -> None:
        """Forget what is parked of ties that are in line, or no more."""
        rows = self.ledger.parked_list(mapping=self.relation.name)
        over = [
            row.id
            for row in rows
            if (row.parked.system, row.parked.record_id, row.parked.line or WHOLE_TIE) not in still
        ]
        self.ledger.drop_parked(over)

    # Writing ------------------------------------------------------------------------------------

    def carry_out(
        self,
        right_pairs: Collection[int],
        tally: Counter[str],
        wanted: Callable[[Work], bool] = lambda _: True,
    ) -> None:
        """Read these right-hand records anew, decide, and write those ties that are `wanted`."""
        hand = Hand(
            ledger=self.ledger,
            systems=self.systems,
            connectors=self.connectors,
            relation=self.relation,
            context=self.context,
            paused=self.ledger.paused(),
        )
        for heap in self._reading.of(right_pairs):
            works = [work for work in self._decide(heap) if work.plan.acts and wanted(work)]
            hand.carry_out(heap, works)
            self._note_written(works, tally)
            self.advance(f"{self.relation.name}:write", len(works))

    def _note_written(self, works: Sequence[Work], tally: Counter[str]) -> None:
        ended = [work for work in works if work.plan.end is not None and work.done]
        rows = [written_row(self.relation, work) for work in works if work not in ended]
        # An end that was put on file before it was sent may have made the row.
        known = (work.seen.known for work in ended)
        self.ledger.note_ties(rows, [one.id for one in known if one is not None])
        done = [work for work in works if work.done]
        self._note_findings(done)
        self._park(works, tally)
        for work in works:
            tally.update(action for side in work.landed if (action := work.plan.action(side)))
        tally["conflicts"] += sum(
            1 for work in done for one in work.plan.conflicts if one.winner is not None
        )

    def _park(self, works: Sequence[Work], tally: Counter[str]) -> None:
        """Put what was refused into quarantine, and let go of what worked."""
        _name, rows = self.relation.name, [r for w in works for r in refusals(self.relation, w)]
        if rows:
            self.ledger.park(rows, self.clock())
        tally["parked"] += len(rows)
        tally["waiting"] += sum(
            any(isinstance(one, TryLater) for one in work.outcomes.values()) for work in works
        )
        self._unpark(works, {(row.system, row.record_id, row.line) for row in rows})

    def _unpark(
        self, works: Sequence[Work], stuck: Collection[tuple[System, str, str | None]]
    ) -> None:
        name = self.relation.name
        for side in System:
            landed = {work.name(side): work for work in works if side in work.landed}
            for tie, held in self.ledger.parked_for(name, side, list(landed)).items():
                plan = landed[tie].plan
                keep = {*plan.still_parked, *(one.line for one in plan.parked)}
                keep |= {row.line or WHOLE_TIE for row in held if (side, tie, row.line) in stuck}
                self.ledger.unpark(name, side, tie, keep={*keep})


def _fit(heap: Heap) -> set[int]:
    return {right.pair_id for right in heap.rights if right.fitness == "fit"}


def _known_of(heap: Heap) -> Iterable[KnownTie]:
    yield from heap.unread
    yield from (seen.known for seen in heap.seen.values() if seen.known is not None)
