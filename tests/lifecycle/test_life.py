"""Any life at all: whatever is asked of the machine in whatever order, some things always hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lifecycle.coming_back import hand_raise
from lifecycle.contest import Settled, settle
from lifecycle.definition import Definition, Preset
from lifecycle.gate import weigh
from lifecycle.model import REVIEW, Answer, Entry, Evidence, Request, Role, Source, Stage, Standing
from lifecycle.situation import Situation
from lifecycle.standing import fold, step
from lifecycle.transitions import rows
from tests.lifecycle.builders import (
    ACTORS,
    ANN,
    ANN_SELLS,
    BEN_SELLS,
    BOB,
    CORE,
    DAY,
    NOW,
    PRESETS,
    definition,
    history,
    shipped,
)

MOSTLY = st.sampled_from([True, True, True, False])
SELDOM = st.sampled_from([False, False, False, True])
SECONDS = st.integers(-90, 90).map(lambda some: timedelta(seconds=some))
SOFT = [code for code, one in shipped().reasons.items() if one.kind == "recycle"]
HARD = [code for code, one in shipped().reasons.items() if one.kind != "recycle"]
ODD = [None, "nobody_knows_this", "not_worked", "timing", "not_target"]
SOURCES: list[Source] = ["hubspot", "salesforce", "kakehashi"]
# Where a life usually goes on, so that it gets somewhere; one in four requests is for anything at all.
NEXT = {
    Stage.KNOWN: [Stage.LEAD],
    Stage.LEAD: [Stage.MQL],
    Stage.MQL: [Stage.SAL, Stage.SQL, Stage.RECYCLED, Stage.RECYCLED, Stage.LEAD],
    Stage.SAL: [Stage.SQL, Stage.OPPORTUNITY, Stage.RECYCLED, Stage.DISQUALIFIED],
    Stage.SQL: [Stage.SAL, Stage.OPPORTUNITY, Stage.RECYCLED],
    Stage.OPPORTUNITY: [Stage.CUSTOMER, Stage.RECYCLED, Stage.DISQUALIFIED],
    Stage.CUSTOMER: [Stage.MQL],
    Stage.RECYCLED: [Stage.MQL, Stage.MQL, Stage.RECYCLED, Stage.DISQUALIFIED],
    Stage.DISQUALIFIED: [Stage.LEAD],
    Stage.ERASED: [Stage.LEAD],
}


def _reasons(to: Stage, role: Role) -> st.SearchStrategy[str | None]:
    """Mostly one that leads there."""
    soft = ["not_worked", "lost_price"] if role is Role.RULE else SOFT
    usual = soft if to is Stage.RECYCLED else HARD
    return st.sampled_from(usual) | st.sampled_from(usual) | st.sampled_from(ODD)


class Life(RuleBasedStateMachine):
    """One person, from nowhere; what everybody asks, by itself or at once; and now and then a merge."""

    definition: Definition
    now: datetime

    @initialize(preset=st.sampled_from(PRESETS))
    def begin(self, preset: Preset) -> None:
        self.definition = definition(preset)
        self.now = NOW
        self.entries: list[Entry] = []
        self.own: list[Entry] = []
        self.standing = Standing(subject=ANN)
        self.asked = 0
        self.before: tuple[Entry, ...] = ()
        self.cycles = [1]
        self.is_merged = False

    @rule(data=st.data(), days=st.sampled_from([0, 1, 20, 100, 300]))
    def somebody_asks(self, data: st.DataObject, days: int) -> None:
        """One request; some time has passed."""
        self.now += days * DAY + timedelta(hours=1)
        self._settle([self._request(data)], data)

    @rule(data=st.data(), count=st.integers(2, 4))
    def several_ask_at_once(self, data: st.DataObject, count: int) -> None:
        """Within seconds, from several hands."""
        self.now += timedelta(hours=1)
        self._settle([self._request(data) for _ in range(count)], data)

    @rule(stage=st.sampled_from(list(Stage)), days=st.integers(1, 400), merges=SELDOM)
    def somebody_else_turns_out_to_be_the_same(self, stage: Stage, days: int, merges: bool) -> None:
        """Once, seldom: the histories of both are one."""
        if self.is_merged or not merges:
            return
        self.is_merged = True
        self.now += timedelta(hours=1)
        others = history(stage, self.definition.preset, who=BOB, at=self.now - days * DAY)
        before = self.standing
        self.entries += others
        self.standing = fold(self.entries, ANN)
        assert self.standing.stage in (before.stage, stage)
        assert self.standing.recycle_count >= before.recycle_count
        self.cycles.append(self.standing.cycle)

    def _request(self, data: st.DataObject) -> Request:
        self.asked += 1
        usual = NEXT[self.standing.stage]
        anything = [stage for stage in Stage if stage is not Stage.ERASED or self.asked > 15]
        to = data.draw(st.sampled_from(usual * 3 + anything))
        table = rows(self.definition.preset, self.standing.stage, to)
        able = [role for row in table for role in sorted(row.roles)]
        role = data.draw(st.sampled_from(able * 4 + list(Role)))
        at = self.now + data.draw(SECONDS)
        return Request(
            id=f"r{self.asked}",
            subject=ANN,
            to=to,
            role=role,
            actor=data.draw(st.sampled_from([ACTORS[role], "somebody"])),
            source=data.draw(st.sampled_from(SOURCES)),
            at=at,
            observed_at=self.now,
            reason=data.draw(_reasons(to, role)),
            comment=data.draw(st.sampled_from([None, "so", "so"])),
            reactivate_on=data.draw(st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1))),
            hop=data.draw(st.sampled_from([None, None, "is", "marketing"])),
            handed_to=data.draw(st.sampled_from([None, ANN_SELLS, BEN_SELLS])),
        )

    def _situation(self, data: st.DataObject) -> Situation:
        seen_at = self.now - data.draw(st.integers(0, 40)) * DAY
        known = CORE if data.draw(MOSTLY) else ()
        others = ("next_step", "authority", "budget") if data.draw(MOSTLY) else ()
        return Situation(
            now=self.now,
            contactable=data.draw(MOSTLY),
            consent=data.draw(MOSTLY),
            opted_in_at=self.now if data.draw(SELDOM) else None,
            exclusions=("employee",) if data.draw(SELDOM) else (),
            rules=("score",) if data.draw(MOSTLY) else (),
            customer_rules=("more",) if data.draw(MOSTLY) else (),
            evidence=Evidence(
                items=3,
                days=2,
                last_at=seen_at,
                surge_at=seen_at,
                topic=data.draw(st.sampled_from([None, "pricing"])),
                topic_at=seen_at,
                hard_event="demo" if data.draw(SELDOM) else None,
                hard_at=seen_at,
            ),
            gate=weigh(self.definition.gate, {key: Answer("known") for key in (*known, *others)}),
            seen=data.draw(SELDOM),
            verdict_expired=data.draw(MOSTLY),
            talked_at=self.now if data.draw(MOSTLY) else None,
            opportunity="006A" if data.draw(MOSTLY) else None,
            has_contact_role=data.draw(MOSTLY),
            outcome=data.draw(st.sampled_from(["open", "won", "lost"])),
            corrected=data.draw(MOSTLY),
            retention_over=data.draw(SELDOM),
        )

    def _settle(self, requests: list[Request], data: st.DataObject) -> None:
        situation = self._situation(data)
        found = settle(self.standing, requests, lambda one, where: situation, self.definition)
        self._none_is_lost(requests, found)
        for one in found:
            for entry in one.entries:
                self._follows(entry, one.request, situation)

    def _none_is_lost(self, requests: list[Request], found: tuple[Settled, ...]) -> None:
        """Each request ends once: as entries or as one refusal; and a conflict names one that was refused."""
        assert sorted(one.request.id for one in found) == sorted(one.id for one in requests)
        assert all(bool(one.entries) is (one.refusal is None) for one in found)
        refused = {one.request.id for one in found if one.refusal is not None}
        assert {entry.conflict_with for one in found for entry in one.entries} - {None} <= refused

    def _follows(self, entry: Entry, asked: Request, situation: Situation) -> None:
        """An entry goes on from where somebody stood, by a row of the table and what it asks for."""
        where = self.standing
        preset = self.definition.preset
        assert (entry.number, entry.request_id) == (where.number + 1, asked.id)
        assert entry.previous is (where.stage if where.since is not None else None)
        assert entry.entered_at >= (where.since or entry.entered_at)
        by = {row.id for row in rows(preset, where.stage, entry.stage) if entry.role in row.roles}
        rests = where.stage is entry.stage is Stage.RECYCLED
        assert entry.transition in by | {"T19"} | ({REVIEW} if rests else set())
        self._is_owned(entry)
        self._may(entry, situation)
        self.standing = step(where, entry)
        assert self.standing.stage is entry.stage
        self.entries.append(entry)
        self.own.append(entry)
        self.cycles.append(self.standing.cycle)

    def _is_owned(self, entry: Entry) -> None:
        """Whoever a clock starts for, somebody has it; whoever rests has a reason and an end."""
        if entry.stage is Stage.MQL:
            assert entry.handed_to
        if entry.stage is Stage.RECYCLED:
            assert entry.reason in self.definition.reasons
            assert entry.hop is not None
            assert entry.cool_until is not None
            assert entry.cool_until >= entry.entered_at
        if entry.stage is Stage.DISQUALIFIED:
            assert entry.reason in self.definition.reasons

    def _may(self, entry: Entry, situation: Situation) -> None:
        """Nobody is handed over against consent; nobody comes back before the time without a raised hand."""
        where = self.standing
        if entry.stage is Stage.MQL and not entry.skipped:
            assert situation.consent
            assert not situation.exclusions
        if entry.transition == "T15":
            raised = hand_raise(where, situation.evidence)
            assert raised or where.cool_until is None or situation.now >= where.cool_until
            assert entry.cycle == where.cycle + 1
            assert where.recycle_count <= self.definition.coming.most

    @invariant()
    def the_history_tells_it_all(self) -> None:
        """Folded from the beginning it is where they stand; nothing of it ever changes or goes."""
        if not self.entries:
            return
        assert fold(self.entries, ANN) == self.standing
        assert tuple(self.entries[: len(self.before)]) == self.before
        self.before = tuple(self.entries)

    @invariant()
    def cycles_only_grow(self) -> None:
        """By one at a time, but for a merge; and only where there was a way before."""
        steps = list(pairwise(self.cycles))
        assert all(later >= sooner for sooner, later in steps)
        if not self.is_merged:
            assert all(later - sooner <= 1 for sooner, later in steps)

    @invariant()
    def nobody_is_without_an_owner(self) -> None:
        """In the hands of sales somebody has the lead; too many recycles leave nobody recycled."""
        where = self.standing
        if where.stage in (Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY):
            assert where.handed_to or where.accepted_by
        if where.stage is Stage.RECYCLED and not self.is_merged:
            assert where.recycle_count <= self.definition.coming.most

    @invariant()
    def erased_is_the_end(self) -> None:
        """Nothing is entered after it."""
        stages = [one.stage for one in self.own]
        assert Stage.ERASED not in stages[:-1]


Life.TestCase.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
TestLife: Any = Life.TestCase
