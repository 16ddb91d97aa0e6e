"""Clocks that ran out: who has to act is told, step by step, and a lead that nobody works is asked back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from more_itertools import chunked

from intent.model import Subject
from lifecycle import clocks
from lifecycle.definition import Definition
from lifecycle.facts import NOES
from lifecycle.model import Standing
from lifecycle.neglect import beginning_anew, doubled
from lifecycle.port import LifecycleStore, Timer
from sync.acquaintance import Acquaintance
from sync.figures import everybody_in
from sync.gone import gone_from
from sync.unheard import may_be_taken_back
from sync.witnessing import Witness

AT_ONCE = 100
# Whose lead may not be taken back yet is looked at again after this.
AGAIN = timedelta(minutes=1)


class Rung(NamedTuple):
    """A step of a clock that a person is to be told of."""

    timer: Timer
    ring: clocks.Ring
    standing: Standing


class SeenTo(NamedTuple):
    """What became of the clocks that ran out: steps to tell, and who is looked at once more."""

    rung: tuple[Rung, ...]
    waiting: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class Timekeeper:
    """Sees to the clocks of everybody, for one worker at a time. `call` hands letters on."""

    store: LifecycleStore
    witness: Witness
    clock: Callable[[], datetime]
    call: Callable[[Definition, Sequence[Rung]], object] = lambda _definition, _rung: None

    def is_idle(self) -> bool:
        """Whether no clock has anything to tell now."""
        return not self.store.due(self.clock(), 1)

    def see_to(self, about: Acquaintance) -> SeenTo:
        """Tell every step that is due, once; what our rules ask for then is on file before.

        A lead that may not be taken back yet waits, step and all, and its records are to be looked at. Of
        somebody who was deleted nothing is told: there is nobody to be worked, and their clocks stop.
        """
        rung: list[Rung] = []
        waiting: list[Subject] = []
        now = self.clock()
        due = self.store.due(now, AT_ONCE)
        gone = gone_from(about, list(dict.fromkeys(one.subject for one in due)))
        self._stop(gone, now)
        for timer in due:
            if timer.subject in gone:
                continue
            standing = self._standing(timer.subject)
            if self._is_settled(about, timer, standing, now):
                continue
            found = clocks.ring(about.definition, timer, standing, now)
            if found is None:
                continue
            if found.is_over:
                self.store.keep([clocks.voided(timer, now)])
                continue
            if found.ask is not None:
                if not may_be_taken_back(about, self.store, timer, standing, now):
                    self.store.keep([timer._replace(next_at=now + AGAIN)])
                    waiting.append(timer.subject)
                    continue
                self.store.ask([found.ask])
            rung.append(Rung(timer, found, standing))
        if rung:
            self.call(about.definition, rung)
            for one in rung:
                self.store.told(one.timer, one.ring.step, one.ring.next_at)
        return SeenTo(tuple(rung), tuple(waiting))

    def look_round(self, about: Acquaintance) -> None:
        """Clocks of whoever was deleted stop, and begin anew for whoever is back; none runs twice."""
        for some in chunked(everybody_in(self.store, sorted(clocks.WORKED)), AT_ONCE):
            now, subjects = self.clock(), [one.subject for one in some]
            gone, running = gone_from(about, subjects), self.store.running_of(subjects)
            self._stop(gone.keys() & running.keys(), now)
            if twice := [one for timers in running.values() for one in doubled(timers)]:
                self.store.keep([clocks.voided(one, now) for one in twice])
            back = [s for s in some if s.subject not in gone and s.subject not in running]
            anew = [
                timer
                for one in back
                for timer in beginning_anew(
                    about.definition, one, self.store.timers(one.subject), now
                )
            ]
            self.store.begin_anew(anew)

    def _stop(self, gone: Iterable[Subject], now: datetime) -> None:
        """Nobody can keep a time limit about a record that is not there."""
        found = self.store.running_of(gone)
        if stops := [clocks.voided(one, now) for some in found.values() for one in some]:
            self.store.keep(stops)

    def _is_settled(
        self, about: Acquaintance, timer: Timer, standing: Standing, now: datetime
    ) -> bool:
        """Whether what a clock waits for has happened, or will not, and nobody has told it; or whether
        another one runs for the same.
        """
        if timer in doubled(self.store.running(timer.subject)):
            self.store.keep([clocks.voided(timer, now)])
            return True
        if timer.clock == "first_touch":
            return self._was_touched(about, timer, standing, now)
        if timer.clock == "nurture" and _takes_no_mail(about, timer, standing, now):
            self.store.keep([clocks.voided(timer, now)])
            return True
        return False

    def _was_touched(
        self, about: Acquaintance, timer: Timer, standing: Standing, now: datetime
    ) -> bool:
        """Before anybody is reminded to call: did they, and only no bell rang?"""
        known, seen = about.look(timer.subject, standing, now)
        talk = about.talk(seen, now)
        self.witness.heard_of(about.definition, standing, known.evidence, talk)
        return talk is not None and talk.stops(timer.started_at, timer.due_at) is not None

    def _standing(self, subject: Subject) -> Standing:
        return self.store.standings([subject]).get(subject) or Standing(subject=subject)


def _takes_no_mail(about: Acquaintance, timer: Timer, standing: Standing, now: datetime) -> bool:
    """Whoever opted out of mail is enrolled nowhere, and nobody has to see to it."""
    known, _ = about.look(timer.subject, standing, now)
    return known.consent.get("email") == NOES["email"]
