"""What happens beside requests: a system holds what was said, somebody was spoken to, raised a hand, left.

Nothing here moves anybody; it stops and starts clocks, and says since when both systems know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final

from connector.port import System, Value
from intent.model import Subject
from intent.port import IntentStore
from lifecycle import clocks
from lifecycle.definition import Definition
from lifecycle.machine import decide
from lifecycle.model import Evidence, Refusal, Request, Role, Stage, Standing
from lifecycle.port import LifecycleStore, Overtaken
from lifecycle.situation import Situation
from mappings.own_values import NAME_KINDS
from mappings.schema import OwnName
from sync.acquaintance import named
from sync.hearing import Stored
from sync.reconcile import is_true

STAGE, NURTURE = "lifecycle.stage", "lifecycle.nurture"
# Stages in which sales has somebody to speak to.
UNTOUCHED: Final = frozenset({Stage.MQL, Stage.SAL})
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Witness:
    """Notes it all in the ledger of stages."""

    store: LifecycleStore
    people: IntentStore
    clock: Callable[[], datetime]

    def saw(self, stored: Sequence[Stored]) -> None:
        """Both systems are being told: since when each holds what the last entry says."""
        now = self.clock()
        for one in stored:
            if STAGE not in one.values:
                continue
            for standing in self.store.standings(self.whom(one.names)).values():
                if one.values[STAGE] == standing.stage.value:
                    self._is_told(standing, one.system, one.values.get(NURTURE), now)

    def _is_told(self, standing: Standing, system: System, nurture: Value, now: datetime) -> None:
        self.store.written(standing.subject, standing.number, system, now)
        if system is not System.HUBSPOT:
            return
        running = self.store.running(standing.subject)
        stops = clocks.is_written(running, standing.number, now)
        stops += clocks.is_enrolled(running, now) if is_true(nurture) else ()
        if stops:
            self.store.keep(stops)

    def heard_of(
        self,
        definition: Definition,
        standing: Standing,
        evidence: Evidence,
        talked_at: datetime | None,
    ) -> None:
        """Somebody whom sales has: a hand raised since starts the clock, a call that was logged stops it."""
        if standing.stage not in UNTOUCHED or standing.since is None:
            return
        running = self.store.running(standing.subject)
        calling = [one for one in running if one.clock == "first_touch"]
        hard_at = evidence.hard_at
        if not calling and hard_at is not None and hard_at > standing.since:
            started = clocks.hand_raised(definition, standing, hard_at)
            calling = [started] if started is not None else []
            self.store.keep(calling)
        if talked_at is not None and (due := [o for o in calling if talked_at >= o.started_at]):
            self.store.keep(clocks.touched(due, talked_at))

    def join(self, before: Sequence[Subject], after: Sequence[Subject], now: datetime) -> None:
        """People who were several and are one now: their histories are that one's."""
        for survivor in after[:1]:
            for loser in before:
                if loser != survivor and loser not in after:
                    self.store.merge(loser, survivor, now)

    def forget(self, names: Iterable[OwnName], definition: Definition | None) -> None:
        """People who are erased in both systems: nothing stays but stages and times, under a pseudonym."""
        for subject in self.whom(names):
            if definition is not None:
                self._end(subject, definition)
            self.store.erase(subject, f"erased-{token_hex(12)}", self.clock())

    def _end(self, subject: Subject, definition: Definition) -> None:
        for _ in range(TRIES):
            standing = self.store.standings([subject]).get(subject)
            if standing is None or standing.stage is Stage.ERASED:
                return
            now = self.clock()
            request = Request(
                id=f"erase:{subject.kind}:{subject.key}:{standing.number}",
                subject=subject,
                to=Stage.ERASED,
                role=Role.PRIVACY,
                actor="privacy",
                source="kakehashi",
                at=now,
                observed_at=now,
            )
            decision = decide(standing, request, Situation(now=now), definition)
            entries = () if isinstance(decision, Refusal) else decision
            refusal = decision if isinstance(decision, Refusal) else None
            running = self.store.running(subject)
            timers = clocks.timers_after(definition, standing, entries, None, running)
            self.store.ask([request])
            try:
                self.store.decide(request, entries, refusal, timers)
            except Overtaken:
                continue
            return

    def whom(self, names: Iterable[OwnName]) -> list[Subject]:
        """The people that these names are on file for."""
        wanted = named(one for one in names if one.kind in NAME_KINDS)
        return sorted(
            {
                subject
                for kind, values in wanted.items()
                for subject in self.people.subjects_by(kind, values).values()
                if subject.kind == "person"
            }
        )
