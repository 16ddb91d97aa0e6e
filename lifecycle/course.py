"""Invented people on their way through a definition: every step goes past the state machine..

Rules hand people over as in a dry run (`lifecycle.replay`), sellers say what `lifecycle.people` has them
say, and the machine decides about each of it. Who was sent back is judged again by what happened afterwards,
until nobody comes back any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from intent.model import millis
from lifecycle.gate import weigh
from lifecycle.load import Whole
from lifecycle.machine import decide
from lifecycle.model import Answer, Entry, Refusal, Request, Role, Stage, Standing, Subject
from lifecycle.people import Said, born, said
from lifecycle.replay import Life, Period, Would, replay
from lifecycle.routing import seller_for
from lifecycle.situation import Situation
from lifecycle.standing import step

RULES = "kakehashi"
Advance = Callable[[str, int], object]


class Share(NamedTuple):
    """So many of so many; `value` is 0 to 1, None of nobody."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What became of everybody. Counts are of ledger entries, but for `stages` and `cycles`: of people.

    `refused` are requests that the machine did not follow, by code; `steps` is the whole ledger.
    """

    people: int
    steps: tuple[Entry, ...]
    standings: tuple[Standing, ...]
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def stages(self) -> dict[str, int]:
        """Where people stand when the period ends, in the order of the stages."""
        found = Counter(one.stage.value for one in self.standings)
        return {stage.value: found[stage.value] for stage in Stage if found[stage.value]}

    @property
    def transitions(self) -> dict[str, int]:
        found = Counter(one.transition for one in self.steps)
        return dict(sorted(found.items(), key=lambda row: int(row[0][1:])))

    @property
    def reasons(self) -> dict[str, int]:
        """Why people went back or out, the most frequent first."""
        gone = (Stage.RECYCLED, Stage.DISQUALIFIED)
        return _ranked(one.reason for one in self.steps if one.stage in gone and one.reason)

    @property
    def triggers(self) -> dict[str, int]:
        """What brought people back."""
        return _ranked(one.trigger for one in self.steps if one.transition == "T15" and one.trigger)

    @property
    def cycles(self) -> dict[int, int]:
        """How many people were handed over how often."""
        handed = Counter(one.subject for one in self.steps if one.stage is Stage.MQL)
        return dict(sorted(Counter(handed.values()).items()))

    @property
    def illegal(self) -> int:
        """Steps that the table does not know: there must be none."""
        return self.refused.get("illegal", 0)

    @property
    def sent_back(self) -> Share:
        """Hand-overs that came back."""
        return Share(self._count(Stage.RECYCLED), self._count(Stage.MQL))

    @property
    def returned(self) -> Share:
        """Of those sent back, how many were handed over again."""
        return Share(self.transitions.get("T15", 0), self._count(Stage.RECYCLED))

    @property
    def won(self) -> Share:
        """Hand-overs that became customers."""
        return Share(self._count(Stage.CUSTOMER), self._count(Stage.MQL))

    @property
    def won_again(self) -> Share:
        """The same of those who had been sent back before."""
        back = {(one.subject, one.cycle) for one in self.steps if one.transition == "T15"}
        won = [one for one in self.steps if one.stage is Stage.CUSTOMER]
        return Share(sum((one.subject, one.cycle) in back for one in won), len(back))

    def _count(self, stage: Stage) -> int:
        return sum(one.stage is stage for one in self.steps)


def course(
    seed: int, people: int, whole: Whole, period: Period, advance: Advance = lambda _what, _n: None
) -> Course:
    """Push so many people through the model; the same ones for the same seed."""
    walk = _Walk(whole, period, Random(f"{seed}:course"))  # noqa: S311 - invented people
    everybody = list(born(seed, people, period))
    ready = {life.subject: share for life, share in everybody}
    lives = [life for life, _ in everybody]
    standings = {life.subject: life.standing for life in lives}
    waiting = set(standings)
    while waiting:
        found = replay(whole, lives, period)
        back: dict[Subject, str | None] = {}
        for life in (one for one in lives if one.subject in found.keys() & waiting):
            who = life.subject
            after = walk.goes(standings[who], life, ready[who], found[who])
            if after.number > standings[who].number and after.stage is Stage.RECYCLED:
                back[who] = life.account
            standings[who] = after
            advance("handed over", 1)
        waiting = set(back)
        # The others of an account are still looked at: they make it surge.
        again = set(back.values())
        lives = [replace(o, standing=standings[o.subject]) for o in lives if o.account in again]
    return Course(
        people=len(standings),
        steps=tuple(walk.entries),
        standings=tuple(standings.values()),
        refused=_ranked(one.code for one in walk.refusals),
    )


@dataclass(slots=True)
class _Walk:
    """Leads people on, one step after the other, as far as the machine lets them."""

    whole: Whole
    period: Period
    dice: Random
    entries: list[Entry] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def goes(self, standing: Standing, life: Life, ready: float, would: Would) -> Standing:
        """One cycle: handed over by the rules, then what sellers make of it until the period ends."""
        definition = self.whole.definition
        everywhere = [route.id for route in definition.routes]
        found = seller_for(definition, everywhere, {}, standing, would.evidence)
        seller = found or definition.owners["sales"]
        mql = Said(Stage.MQL, "T2", Role.RULE, timedelta())
        after = self._step(standing, life, mql, would.at, would, handed_to=found)
        if after is None:
            return standing
        standing, at = after, would.at
        for one in said(self.dice, ready, definition):
            at += one.after
            if at >= self.period.until:
                break
            after = self._step(standing, life, one, at, would, actor=seller)
            if after is None:
                break
            standing = after
        return standing

    def _step(
        self,
        standing: Standing,
        life: Life,
        said: Said,
        at: datetime,
        would: Would,
        *,
        handed_to: str | None = None,
        actor: str = RULES,
    ) -> Standing | None:
        """Where somebody stands after a step; None: the machine refused it."""
        is_rule = said.role is Role.RULE
        request = Request(
            id=f"{standing.subject.key}-{standing.number + 1}",
            subject=standing.subject,
            to=said.to,
            role=said.role,
            actor=RULES if is_rule else actor,
            source="kakehashi" if is_rule else "salesforce",
            at=at,
            observed_at=at,
            reason=said.reason,
            opportunity=said.opportunity(standing.subject),
            rules=would.rules if said.to is Stage.MQL else (),
            evidence=would.evidence,
            handed_to=handed_to,
        )
        situation = self._situation(life, said, at, would)
        decision = decide(standing, request, situation, self.whole.definition)
        if isinstance(decision, Refusal):
            self.refusals.append(decision)
            return None
        for entry in decision:
            self.entries.append(entry)
            standing = step(standing, entry)
        return standing

    def _situation(self, life: Life, said: Said, at: datetime, would: Would) -> Situation:
        """What is known then. Sellers ask what is missing before they take somebody on."""
        gate = self.whole.definition.gate
        answers = {one.question: one.answer for one in life.answers if one.at <= millis(at)}
        if said.to is not Stage.MQL:
            answers |= {one.key: Answer("known", "asked", "seller") for one in gate.questions}
        opportunity = said.opportunity(life.subject)
        return Situation(
            now=at,
            contactable=True,
            consent=True,
            rules=would.rules,
            rules_ever=would.rules,
            evidence=would.evidence,
            gate=weigh(gate, answers),
            seen=True,
            verdict_expired=said.reason == "not_worked",
            talked_at=at,
            opportunity=opportunity,
            has_contact_role=opportunity is not None,
            outcome=said.outcome,
        )


def _ranked(names: Iterable[str]) -> dict[str, int]:
    found = Counter(names)
    return dict(sorted(found.items(), key=lambda row: (-row[1], row[0])))
