"""What happens beside requests: a system holds what was said, somebody was spoken to, raised a hand, left.

Nothing here moves anybody; it stops and starts clocks, and says since when both systems know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final

from connector.port import System
from intent.model import Subject
from intent.port import IntentStore
from lifecycle import clocks
from lifecycle.definition import Definition
from lifecycle.errands import Errand
from lifecycle.machine import decide
from lifecycle.model import Evidence, Refusal, Request, Role, Stage, Standing
from lifecycle.port import LifecycleStore, Overtaken, Timer
from lifecycle.situation import Situation
from mappings.own_values import NAME_KINDS
from mappings.schema import OwnName
from sync.beholding import named
from sync.hearing import Stored
from sync.reconcile import is_true
from sync.talked import Talk
from sync.withdrawing import CONTACT_ID

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
        told = [one for one in stored if STAGE in one.values]
        whom = [self._bearing(one.names) for one in told]
        people = self._people(name for names in whom for name in names)
        subjects = {name: people[name] for names in whom for name in names if name in people}
        standings = self.store.standings(set(subjects.values()))
        found: list[tuple[Standing, Stored]] = []
        for one, names in zip(told, whom, strict=True):
            for subject in dict.fromkeys(subjects[name] for name in names if name in subjects):
                standing = standings.get(subject)
                if standing is not None and one.values[STAGE] == standing.stage.value:
                    found.append((standing, one))
        self.store.written_all(
            [(standing.subject, standing.number, one.system) for standing, one in found], now
        )
        self._stop([pair for pair in found if pair[1].system is System.HUBSPOT], now)

    def _stop(self, written: Sequence[tuple[Standing, Stored]], now: datetime) -> None:
        """Clocks that run until HubSpot knows."""
        running = self.store.running_of(standing.subject for standing, _ in written)
        stops: list[Timer] = []
        for standing, one in written:
            timers = running.get(standing.subject, ())
            stops += clocks.is_written(timers, standing.number, now)
            stops += clocks.is_enrolled(timers, now) if is_true(one.values.get(NURTURE)) else ()
        if stops:
            self.store.keep(stops)

    def heard_of(
        self,
        definition: Definition,
        standing: Standing,
        evidence: Evidence,
        talk: Talk | None,
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
        stops = [] if talk is None else [(o, talk.stops(o.started_at, o.due_at)) for o in calling]
        for one, at in stops:
            if at is not None:
                self.store.keep(clocks.touched([one], at))

    def join(self, before: Sequence[Subject], after: Sequence[Subject], now: datetime) -> None:
        """People who were several and are one now: their histories are that one's."""
        for survivor in after[:1]:
            for loser in before:
                if loser != survivor and loser not in after:
                    self.store.merge(loser, survivor, now)

    def forget(self, names: Sequence[OwnName], definition: Definition | None) -> None:
        """People who are erased in both systems: nothing stays but stages and times, under a pseudonym."""
        for subject in self.whom(names):
            self.let_go(subject, definition)
        # Where they had forbidden to be followed before, they stand there by their contact alone.
        for name in names:
            if name.kind == CONTACT_ID:
                self._erase(Subject("contact", name.value))

    def let_go(
        self, subject: Subject, definition: Definition | None, letters: Sequence[Errand] = ()
    ) -> None:
        """Somebody's way ends here, and nothing of them stays but stages and times; once, with `letters`."""
        if definition is not None:
            self._end(subject, definition, letters)
        self._erase(subject)

    def _erase(self, subject: Subject) -> None:
        self.store.erase(subject, f"erased-{token_hex(12)}", self.clock())

    def _end(self, subject: Subject, definition: Definition, letters: Sequence[Errand]) -> None:
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
                self.store.decide(request, entries, refusal, timers, letters=letters)
            except Overtaken:
                continue
            return

    def whom(self, names: Iterable[OwnName]) -> list[Subject]:
        """The people that these names are on file for."""
        return sorted(set(self._people(self._bearing(names)).values()))

    def _bearing(self, names: Iterable[OwnName]) -> list[OwnName]:
        return [one for one in names if one.kind in NAME_KINDS]

    def _people(self, names: Iterable[OwnName]) -> dict[OwnName, Subject]:
        return {
            OwnName(kind, value): subject
            for kind, values in named(names).items()
            for value, subject in self.people.subjects_by(kind, values).items()
            if subject.kind == "person"
        }
