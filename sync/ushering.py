"""Leads on their way between the departments: requests decided, people handed over, clocks that ring.

Any number of workers share it; what is on file says what is left to do::

    hear      what people entered in either system becomes requests (`sync.petitions`), on file at once
    decide    all requests about one person together, each exactly once (`lifecycle.contest`)
    judge     whoever did something new: do the rules of the shared definition hand them over, or back in?
    ring      clocks that ran out are told, and ask for a lead back that nobody worked
    tell      the person's records are rung for in the lane of hand-offs: both systems hear of it

A worker that dies leaves requests, and whoever comes next decides them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog
from more_itertools import chunked

from connector.errors import ConnectorError
from intent.model import Subject
from intent.port import IntentStore
from lifecycle.coming_back import kept_long_enough
from lifecycle.facts import Known
from lifecycle.model import Evidence, Request, Stage, Standing
from lifecycle.port import LifecycleStore
from mappings.schema import OwnName
from sync.acquaintance import Acquaintance
from sync.afresh import names_borne
from sync.attention import Attention
from sync.beholding import OPPORTUNITY, named
from sync.briefing import Scribe
from sync.deciding import Decider
from sync.editors import Editors
from sync.hearing import Heard
from sync.kinship import Kinship
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerBusy, Ring
from sync.notary import Notary, Told
from sync.recognising import recognised
from sync.timekeeping import Rung, Timekeeper
from sync.wanting import DEALS, UNJUDGED, Wants, may_be_undone
from sync.withdrawing import PERSONAL, forbidden_among
from sync.witnessing import Witness

log = structlog.get_logger()

AT_ONCE = 100
LEASE = "lifecycle:"
# Whom no system could be asked about is looked at again after this.
SOON = timedelta(minutes=1)


class Judged(NamedTuple):
    """How many requests were decided, and whom to look at again when, since a system did not answer."""

    moved: int
    later: Mapping[Subject, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usher:
    """What a worker does for hand-offs. `about` gathers what is known, by the definition in force; None:
    none is, and nobody is moved.
    """

    store: LifecycleStore
    people: IntentStore
    ledger: Ledger
    about: Callable[[], Acquaintance | None]
    witness: Witness
    timekeeper: Timekeeper
    kinship: Kinship
    editors: Editors
    notary: Notary
    attention: Attention
    scribe: Scribe
    decider: Decider
    hold: Callable[[str], AbstractContextManager[None]]
    clock: Callable[[], datetime]
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None
    stop: Callable[[], bool] = lambda: False

    # Hearing ------------------------------------------------------------------------------------

    def hear(self, heard: Sequence[Heard]) -> None:
        """Put what people entered on file and decide it. Raises `LedgerError`; then it is heard again."""
        about = self._ready()
        if about is None:
            return
        now = self.clock()
        unwilling = partial(forbidden_among, self.ledger, about.mappings)
        whom = recognised(self.people, [one.names for one in heard], unwilling)
        edits = self.editors.of(heard, now)
        told = [Told(*o) for o in zip(heard, whom, edits, strict=True)]
        refused = self.notary.take_down(about.definition, told, now)
        # What says nothing is put back at once, also where a whole compare has found it.
        self._ring_for(about, refused)
        self.decide(about)

    def _ready(self) -> Acquaintance | None:
        """What is known, once whoever turned out to be somebody else is that in our ledger, too."""
        about = self.about()
        if about is not None:
            self._follow(about)
        return about

    def _follow(self, about: Acquaintance) -> bool:
        return bool(self.kinship.follow(self.clock(), partial(self._ring_for, about)))

    def _tie(self, about: Acquaintance, subjects: Iterable[Subject]) -> bool:
        """Whether anybody of these is somebody else once their contacts stand for them."""
        return self.kinship.tie(about, subjects, self.clock()) and self._follow(about)

    # Working ------------------------------------------------------------------------------------

    def work(self) -> int:
        """Decide what was asked for, and see to clocks; answers how much that was."""
        about = self._ready()
        if about is None:
            return 0
        return self.decide(about) + self._see_to_clocks(about)

    def decide(self, about: Acquaintance) -> int:
        """Decide everything that was asked for, by one worker at a time."""
        done = 0
        if not self._asked(1):
            return done
        with suppress(LedgerBusy), self.hold(f"{LEASE}decide"):
            while not self.stop() and (asked := self._asked(AT_ONCE)):
                if self._tie(about, {one.subject for one in asked}):
                    continue
                by_subject: dict[Subject, list[Request]] = defaultdict(list)
                for one in asked:
                    by_subject[one.subject].append(one)

                later = self.decider.decide(about, by_subject)
                # Letters went on file with the decision.
                self._ring_for(about, [one for one in by_subject if one not in later])
                done += len(asked)
                if later.keys() - self.attention.waiting():
                    # A system is away: everybody is asked about again in the next round.
                    break
        return done

    def _asked(self, limit: int) -> Sequence[Request]:
        """Requests that can be decided now: of whom a system did not answer, later."""
        return self.store.asked(limit, besides=self.attention.waiting())

    def _standings(self, subjects: Collection[Subject]) -> list[Standing]:
        found = self.store.standings(subjects)
        return [found.get(one) or Standing(subject=one) for one in subjects]

    def _weigh(self, about: Acquaintance, standing: Standing, known: Known, now: datetime) -> None:
        """What is open for marketing stands in both systems as it is known now."""
        if self.scribe.weighs(about, standing, known, now):
            self._ring_for(about, [standing.subject])

    # Judging ------------------------------------------------------------------------------------

    def judge(self, subjects: Iterable[Subject]) -> Judged:
        """Ask the rules of the definition about people of whom there is news."""
        about, moved = self._ready(), 0
        later: dict[Subject, datetime] = {}
        if about is None:
            return Judged(moved, later)
        wants = Wants(self.store, self.witness, self.clock, self._weigh)
        for people in chunked((one for one in subjects if one.kind == "person"), AT_ONCE):
            self._tie(about, people)
            standings = {one.subject: one for one in self._standings(people)}
            wanted: list[Request] = []

            def act(
                seen: Acquaintance,
                one: Subject,
                at: Mapping[Subject, Standing] = standings,
                wanted: list[Request] = wanted,
            ) -> None:
                wanted += wants.of(seen, at[one])

            later |= self.attention.give(about, standings, act)
            if self.store.ask(wanted):
                moved += self.decide(about)
        return Judged(moved, later)

    def _judge_now(self, subjects: Iterable[Subject]) -> int:
        """The same as `judge`; whom it cannot be done about is looked at again like after news."""
        judged = self.judge(subjects)
        if judged.later:
            now = self.clock()
            self.people.tell((), {o: max(at, now + SOON) for o, at in judged.later.items()}, now)
        return judged.moved

    def met(self, object_name: str, ids: Sequence[str]) -> int:
        """Records of Salesforce were brought in line: ask the rules about whom that may move."""
        is_deal = object_name == OPPORTUNITY
        return self.deals(ids) if is_deal else self.put_out(object_name, ids)

    def deals(self, ids: Sequence[str]) -> int:
        """Opportunities changed: ask the rules about whoever is named on them and may be moved by it."""
        about = self.about() if self.awaits_deals() else None
        if about is None:
            return 0
        try:
            names = about.on_deals(ids)
            # One that is won by the time we hear of it makes two steps.
            return (first := self.meet(names)) and first + self.meet(names)
        except ConnectorError as error:
            # The deal itself is in line, and whoever strolls by looks again.
            log.warning("people of a deal not looked at", system=error.system)
            return 0

    def awaits_deals(self) -> bool:
        """Whether anybody could be moved by an opportunity."""
        return any(self.store.in_stage(one.value, 1) for one in DEALS | UNJUDGED)

    def put_out(self, object_name: str, ids: Sequence[str]) -> int:
        """People's records changed: ask the rules about those who were put out and may be a lead again."""
        about = self.about() if self.store.in_stage(Stage.DISQUALIFIED.value, 1) else None
        if about is None:
            return 0
        names = names_borne(about.ledger, about.mappings, object_name, ids)
        standings = self.store.standings(self._bearing(names))
        found = [who for who, one in standings.items() if may_be_undone(one, about.definition)]
        return self._judge_now(found)

    def meet(self, names: Sequence[OwnName]) -> int:
        """Ask the rules about those of these whom somebody has moved before: their record changed."""
        found = self._bearing(names)
        return self._judge_now(self.store.standings(found)) if found else 0

    def _bearing(self, names: Sequence[OwnName]) -> set[Subject]:
        """Whom these names of people mean."""
        return {
            subject
            for kind, values in named(one for one in names if one.kind in PERSONAL).items()
            for subject in self.people.subjects_by(kind, values).values()
        }

    def sweep(self) -> int:
        """Ask the rules about people who may have a deal, and those whose rest is over: time has passed."""
        about, now = self.about(), self.clock()
        if about is None:
            return 0
        self.timekeeper.look_round(about)
        found: list[Subject] = []
        for stage in (Stage.MQL, *sorted(DEALS), Stage.RECYCLED):
            for standing in self._everybody(stage):
                rests = stage is Stage.RECYCLED and not _is_due(about, standing, now)
                found += [] if rests else [standing.subject]
        return self._judge_now(found)

    def _everybody(self, stage: Stage) -> Iterable[Standing]:
        after: Subject | None = None
        while some := self.store.in_stage(stage.value, AT_ONCE, after):
            yield from some
            after = some[-1].subject

    # Clocks -------------------------------------------------------------------------------------

    def _see_to_clocks(self, about: Acquaintance) -> int:
        """Tell of clocks that ran out; a lead that nobody worked is asked back."""
        rung: Sequence[Rung] = ()
        if self.timekeeper.is_idle():
            return 0
        with suppress(LedgerBusy), self.hold(f"{LEASE}clocks"):
            rung, waiting = self.timekeeper.see_to(about)
            self._ring_for(about, [*(one.timer.subject for one in rung), *waiting])
        return len(rung) + (self.decide(about) if any(one.ring.ask for one in rung) else 0)

    # Telling ------------------------------------------------------------------------------------

    def _ring_for(self, about: Acquaintance, subjects: Iterable[Subject]) -> None:
        found = about.places_of(list(dict.fromkeys(subjects)))
        places = dict.fromkeys(place for some in found.values() for place in some)
        rings = [Ring(*place, Lane.HANDOFF) for place in places]
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring((Lane.HANDOFF,))


def _is_due(about: Acquaintance, standing: Standing, now: datetime) -> bool:
    """Whether somebody who rests may come back by now, or is kept no longer; who has no end of it comes back
    with a raised hand.
    """
    is_rested = standing.cool_until is not None and standing.cool_until <= now
    coming = about.definition.coming
    return is_rested or kept_long_enough(standing, Evidence(), coming, now)
