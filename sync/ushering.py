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
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial, reduce

import structlog

from connector.errors import ConnectorError
from connector.port import System
from intent.model import Identity, Subject
from intent.port import IntentStore
from lifecycle import clocks
from lifecycle.coming_back import within_cap
from lifecycle.contest import Settled, settle
from lifecycle.facts import Known
from lifecycle.machine import decide
from lifecycle.model import Entry, Refusal, Request, Role, Stage, Standing
from lifecycle.port import LifecycleStore, Overtaken, Timer
from lifecycle.routing import seller_for
from lifecycle.situation import Situation
from lifecycle.standing import step
from mappings.schema import OwnName
from sync.acquaintance import OPPORTUNITY, Acquaintance, Seen, named
from sync.briefing import Scribe
from sync.editors import Editors
from sync.hearing import Heard
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerBusy, Ring
from sync.petitions import petition_of
from sync.timekeeping import Rung, Timekeeper
from sync.withdrawing import PERSONAL
from sync.witnessing import Witness

log = structlog.get_logger()

AT_ONCE, TRIES = 100, 3
# A history of refusals this long is looked at to tell one edit from the same edit made again.
REFUSALS = 1_000
OURSELVES = "kakehashi"
LEASE = "lifecycle:"
# Where our own rules may hand somebody over from.
OPEN_TO_RULES = frozenset({Stage.KNOWN, Stage.LEAD, Stage.RECYCLED, Stage.CUSTOMER})
DEALS = frozenset({Stage.SAL, Stage.SQL, Stage.OPPORTUNITY})


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
    editors: Editors
    scribe: Scribe
    hold: Callable[[str], AbstractContextManager[None]]
    clock: Callable[[], datetime]
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None
    stop: Callable[[], bool] = lambda: False

    # Hearing ------------------------------------------------------------------------------------

    def hear(self, heard: Sequence[Heard]) -> None:
        """Put what people entered on file and decide it. Raises `LedgerError`; then it is heard again."""
        about = self.about()
        if about is None:
            return
        now = self.clock()
        for one in heard:
            subject = self._who(one.names)
            if subject is None:
                continue
            standing = self._standing(subject)
            nth = len(self.store.refusals(REFUSALS, subject))
            edited = self.editors.of(one, now)
            found = petition_of(one, standing, about.definition, now, edited=edited, nth=nth)
            self.store.ask([found.request])
            if found.refusal is not None:
                self.store.decide(found.request, (), found.refusal)
        self.decide(about)

    def _who(self, names: Sequence[OwnName]) -> Subject | None:
        """Whom these names mean: the surest one that is known, else somebody new."""
        by_kind = named(one for one in names if one.kind in PERSONAL)
        for kind, values in by_kind.items():
            found = self.people.subjects_by(kind, values)
            for value in values:
                if value in found:
                    return found[value]
        who = Identity(
            email=next(iter(by_kind.get("email", ())), None),
            hubspot_contact_id=next(iter(by_kind.get("hubspot_contact_id", ())), None),
        )
        if who.is_empty:
            return None
        subjects = self.people.resolve([who])[who]
        return next((one for one in subjects if one.kind == "person"), None)

    # Working ------------------------------------------------------------------------------------

    def work(self) -> int:
        """Decide what was asked for, and see to clocks; answers how much that was."""
        about = self.about()
        if about is None:
            return 0
        return self.decide(about) + self._see_to_clocks(about)

    def decide(self, about: Acquaintance) -> int:
        """Decide everything that was asked for, by one worker at a time."""
        done = 0
        if not self.store.asked(1):
            return done
        with suppress(LedgerBusy), self.hold(f"{LEASE}decide"):
            while not self.stop() and (asked := self.store.asked(AT_ONCE)):
                by_subject: dict[Subject, list[Request]] = defaultdict(list)
                for one in asked:
                    by_subject[one.subject].append(one)
                decided = [
                    subject for subject, of in by_subject.items() if self._try(about, subject, of)
                ]
                # Letters went on file with the decision.
                self._ring_for(about, decided)
                done += len(asked)
                if len(decided) < len(by_subject):
                    # Who waits for a system is asked about again in the next round.
                    break
        return done

    def _try(self, about: Acquaintance, subject: Subject, requests: Sequence[Request]) -> bool:
        """Decide one person's requests; False: a system does not answer, and they stay on file."""
        try:
            self._decide(about, subject, requests)
        except ConnectorError as error:
            log.warning("a request waits", system=error.system, reason=error.message)
            return False
        return True

    def _decide(self, about: Acquaintance, subject: Subject, requests: Sequence[Request]) -> None:
        for _ in range(TRIES):
            standing, running = self._standing(subject), self.store.running(subject)
            seen: dict[str, Known] = {}
            looking = self._looking(about, subject, seen)
            settled = settle(standing, requests, looking, about.definition)
            try:
                self._put(about, standing, running, settled, seen)
            except Overtaken:
                continue
            return
        raise Overtaken(subject)

    def _looking(
        self, about: Acquaintance, subject: Subject, known_for: dict[str, Known]
    ) -> Callable[[Request, Standing], Situation]:
        """Looks for the machine; `known_for` holds what was known at last for each request."""

        def look(request: Request, standing: Standing) -> Situation:
            now = self.clock()
            known, seen = about.look(subject, standing, now)
            known_for[request.id] = known
            told_sales = self._is_with_sales(standing)
            return about.situation(known, seen, request, now, told_sales=told_sales)

        return look

    def _is_with_sales(self, standing: Standing) -> bool:
        written = self.store.written_at(standing.subject)
        return (standing.subject, standing.number, System.SALESFORCE) in written

    def _put(
        self,
        about: Acquaintance,
        standing: Standing,
        running: Sequence[Timer],
        settled: Sequence[Settled],
        seen: Mapping[str, Known],
    ) -> None:
        """Put what became of each request on file, with the clocks that start and stop and the brief."""
        now_running = {timer[:3]: timer for timer in running}
        at = standing
        for one in settled:
            timers = clocks.timers_after(
                about.definition, at, one.entries, one.request.evidence, now_running.values()
            )
            at = reduce(step, one.entries, at)
            known = seen[one.request.id]
            brief = self.scribe.brief(about, at, known, one.entries, timers, self.clock())
            self.store.decide(one.request, one.entries, one.refusal, timers, brief)
            now_running |= {timer[:3]: timer for timer in timers}
            now_running = {k: t for k, t in now_running.items() if t.stopped_at is None}

    def _standing(self, subject: Subject) -> Standing:
        return self.store.standings([subject]).get(subject) or Standing(subject=subject)

    # Judging ------------------------------------------------------------------------------------

    def judge(self, subjects: Iterable[Subject]) -> int:
        """Ask the rules of the definition about people of whom there is news; answers how many move."""
        about = self.about()
        if about is None:
            return 0
        wanted = [
            request
            for subject in subjects
            if subject.kind == "person"
            for request in self._wanted(about, subject)
        ]
        new = self.store.ask(wanted)
        return self.decide(about) if new else 0

    def _wanted(self, about: Acquaintance, subject: Subject) -> list[Request]:
        """What our rules want for one person: a way in for whoever is new, and then the hand-over."""
        standing, now = self._standing(subject), self.clock()
        if standing.stage in (Stage.ERASED, Stage.DISQUALIFIED):
            return []
        known, seen = about.look(subject, standing, now)
        if self.scribe.weighs(about, standing, known, now):
            self._ring_for(about, [subject])
        if standing.stage not in OPEN_TO_RULES:
            talked_at = about.talked_at(seen)
            self.witness.heard_of(about.definition, standing, known.evidence, talked_at)
            return self._deal(about, standing, seen, now)
        situation = about.situation(known, seen, None, now, told_sales=False)
        found: list[Request] = []
        if standing.stage is Stage.KNOWN:
            if not situation.contactable:
                return []
            found.append(self._request(standing, Stage.LEAD, now))
            standing = replace(standing, stage=Stage.LEAD, number=standing.number + 1)
        routes, evidence = about.routes(known, now), situation.evidence
        seller = seller_for(about.definition, routes, self._load(), standing, evidence)
        asked = self._request(standing, Stage.MQL, now, situation.rules)
        asked = replace(asked, evidence=evidence, handed_to=seller)
        # What would be refused is not asked for: the rules look again with every news.
        leads_to = decide(standing, asked, situation, about.definition)
        if not isinstance(leads_to, Refusal) and self._has_room(about, leads_to, now):
            found.append(asked)
        return found

    def _has_room(self, about: Acquaintance, entries: Sequence[Entry], now: datetime) -> bool:
        """A new definition does not bring everybody back on one day."""
        if not any(entry.trigger == "definition" for entry in entries):
            return True
        midnight = now.astimezone(about.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        today = [e for e in self.store.entered(midnight, now) if e.trigger == "definition"]
        return bool(within_cap([entries[0].subject], len(today), about.definition))

    def _load(self) -> dict[str, int]:
        """How many leads each seller has open."""
        load: dict[str, int] = defaultdict(int)
        for stage in (Stage.MQL, Stage.SAL):
            for standing in self.store.in_stage(stage.value, REFUSALS):
                if (seller := standing.accepted_by or standing.handed_to) is not None:
                    load[seller] += 1
        return load

    def _deal(
        self, about: Acquaintance, standing: Standing, seen: Seen, now: datetime
    ) -> list[Request]:
        """What an opportunity says: it exists, it is won, it is lost and why. Without a reason it waits."""
        if seen.opportunity is None or not seen.has_role or standing.stage not in DEALS:
            return []
        made = partial(self._request, standing, now=now, opportunity=seen.opportunity)
        if standing.stage is not Stage.OPPORTUNITY:
            order = about.definition.order
            is_next = order.index(standing.stage) + 1 == order.index(Stage.OPPORTUNITY)
            return [made(Stage.OPPORTUNITY)] if is_next else []
        if seen.outcome == "won":
            return [made(Stage.CUSTOMER)]
        if seen.outcome == "lost" and seen.lost_because in about.definition.reasons:
            return [replace(made(Stage.RECYCLED), reason=seen.lost_because)]
        return []

    def _request(
        self,
        standing: Standing,
        to: Stage,
        now: datetime,
        rules: tuple[str, ...] = (),
        opportunity: str | None = None,
    ) -> Request:
        """What a rule wants; the same from the same standing is one request, until one was refused."""
        subject = standing.subject
        nth = len(self.store.refusals(REFUSALS, subject))
        return Request(
            id=f"rule:{subject.kind}:{subject.key}:{standing.number}:{to.value}:{nth}",
            subject=subject,
            to=to,
            role=Role.RULE,
            actor=OURSELVES,
            source="kakehashi",
            at=now,
            observed_at=now,
            rules=rules,
            opportunity=opportunity,
        )

    def deals(self, object_name: str, ids: Sequence[str]) -> int:
        """Opportunities changed: ask the rules about whoever is named on them and is with sales."""
        if object_name != OPPORTUNITY or not any(
            self.store.in_stage(one.value, 1) for one in DEALS
        ):
            return 0
        about = self.about()
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

    def meet(self, names: Sequence[OwnName]) -> int:
        """Ask the rules about those of these whom somebody has moved before: their record changed."""
        found = {
            subject
            for kind, values in named(one for one in names if one.kind in PERSONAL).items()
            for subject in self.people.subjects_by(kind, values).values()
        }
        return self.judge(self.store.standings(found)) if found else 0

    def sweep(self) -> int:
        """Ask the rules about people with an opportunity, and those whose rest is over: time has passed."""
        about, now = self.about(), self.clock()
        if about is None:
            return 0
        found: list[Subject] = []
        for stage in (*sorted(DEALS), Stage.RECYCLED):
            for standing in self._everybody(stage):
                rests = stage is Stage.RECYCLED and not self._is_due(standing, now)
                found += [] if rests else [standing.subject]
        return self.judge(found)

    def _everybody(self, stage: Stage) -> Iterable[Standing]:
        after: Subject | None = None
        while some := self.store.in_stage(stage.value, AT_ONCE, after):
            yield from some
            after = some[-1].subject

    def _is_due(self, standing: Standing, now: datetime) -> bool:
        """Whether somebody who rests may come back by now; who has no end of it does with a raised hand."""
        return standing.cool_until is not None and standing.cool_until <= now

    # Clocks -------------------------------------------------------------------------------------

    def _see_to_clocks(self, about: Acquaintance) -> int:
        """Tell of clocks that ran out; a lead that nobody worked is asked back."""
        rung: list[Rung] = []
        if self.timekeeper.is_idle():
            return 0
        with suppress(LedgerBusy), self.hold(f"{LEASE}clocks"):
            rung = self.timekeeper.see_to(about)
            self._ring_for(about, [one.timer.subject for one in rung])
        return len(rung) + (self.decide(about) if any(one.ring.ask for one in rung) else 0)

    # Telling ------------------------------------------------------------------------------------

    def _ring_for(self, about: Acquaintance, subjects: Iterable[Subject]) -> None:
        places = (place for subject in subjects for place in about.places(subject))
        rings = [Ring(*place, Lane.HANDOFF) for place in dict.fromkeys(places)]
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring((Lane.HANDOFF,))
