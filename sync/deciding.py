"""Decides what people, rules and clocks asked for: about many in few statements, each request exactly once.

What is on file of them is read before, what both systems hold of them while they are looked at, and all that
comes of it goes on file together. Whom somebody else moved meanwhile is decided about anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final, NamedTuple, TypeAlias

from more_itertools import chunked

from connector.port import System
from intent.model import Subject
from lifecycle import clocks
from lifecycle.contest import settle
from lifecycle.errands import desk_after
from lifecycle.facts import Known
from lifecycle.model import Entry, Request, Stage, Standing
from lifecycle.port import Decided, LifecycleStore, Overtaken, Timer
from lifecycle.situation import Situation
from lifecycle.standing import step
from sync.acquaintance import Acquaintance
from sync.attention import Attention
from sync.briefing import Scribe

# So many are decided about before others may write.
TOGETHER: Final = 20
TRIES: Final = 3
# So many opportunities tell how long one usually takes.
OF_LATE: Final = 200
_Requests: TypeAlias = Mapping[Subject, Sequence[Request]]


class OnFile(NamedTuple):
    """What the ledger of stages says of those who are to be decided about: where they stand, the clocks that
    run, and which entries (subject, number) Salesforce shows.
    """

    standings: Mapping[Subject, Standing]
    running: Mapping[Subject, Sequence[Timer]]
    shown: frozenset[tuple[Subject, int]]


@dataclass(frozen=True, slots=True)
class Decider:
    """Whoever holds the lease of deciding uses it."""

    store: LifecycleStore
    attention: Attention
    scribe: Scribe
    clock: Callable[[], datetime]

    def decide(self, about: Acquaintance, requests: _Requests) -> Mapping[Subject, datetime]:
        """Decide about each of these; answers whom it cannot be done about, and when to try again."""
        later: dict[Subject, datetime] = {}
        left = [*requests]
        for _ in range(TRIES):
            on_file, found = self._on_file(left), list[list[Decided]]()

            def act(
                seen: Acquaintance,
                one: Subject,
                on_file: OnFile = on_file,
                found: list[list[Decided]] = found,
            ) -> None:
                found.append(self._settled(seen, on_file, one, requests[one]))

            later |= self.attention.give(about, left, act)
            overtaken = self._put(found)
            if not overtaken:
                return later
            left = [one for one in left if one in overtaken]
        raise Overtaken(left)

    def _put(self, found: Iterable[Sequence[Decided]]) -> set[Subject]:
        """Put it on file; answers who was overtaken."""
        overtaken: set[Subject] = set()
        for some in chunked(found, TOGETHER):
            overtaken |= self.store.decide_all([one for decided in some for one in decided])
        return overtaken

    def _on_file(self, subjects: Collection[Subject]) -> OnFile:
        known = self.store.standings(subjects)
        standings = {one: known.get(one) or Standing(subject=one) for one in subjects}
        entries = [(one.subject, one.number) for one in standings.values()]
        shown = self.store.held_by(System.SALESFORCE, entries)
        return OnFile(standings, self.store.running_of(subjects), shown)

    def _settled(
        self, about: Acquaintance, on_file: OnFile, subject: Subject, requests: Sequence[Request]
    ) -> list[Decided]:
        """What becomes of each request, with the clocks that start and stop and the brief."""
        at, seen = on_file.standings[subject], dict[str, Known]()
        now_running = {timer[:3]: timer for timer in on_file.running.get(subject, ())}
        found: list[Decided] = []
        for one in settle(at, requests, self._looking(about, on_file, seen), about.definition):
            timers = clocks.timers_after(
                about.definition,
                at,
                one.entries,
                one.request.evidence,
                now_running.values(),
                self._stale_after(about, one.entries),
            )
            at = reduce(step, one.entries, at)
            known = seen[one.request.id]
            brief = self.scribe.brief(about, at, known, one.entries, timers, self.clock())
            desk = tuple(desk_after(about.definition, one.entries))
            found.append(Decided(one.request, one.entries, one.refusal, timers, brief, desk))
            now_running |= {timer[:3]: timer for timer in timers}
            now_running = {k: t for k, t in now_running.items() if t.stopped_at is None}
        return found

    def _looking(
        self, about: Acquaintance, on_file: OnFile, known_for: dict[str, Known]
    ) -> Callable[[Request, Standing], Situation]:
        """Looks for the machine; `known_for` holds what was known at last for each request."""

        def look(request: Request, standing: Standing) -> Situation:
            now = self.clock()
            known, seen = about.look(request.subject, standing, now)
            known_for[request.id] = known
            told_sales = (standing.subject, standing.number) in on_file.shown
            return about.situation(known, seen, request, now, told_sales=told_sales)

        return look

    def _stale_after(self, about: Acquaintance, entries: Sequence[Entry]) -> timedelta | None:
        """Where somebody enters an opportunity: twice what those took that ended last."""
        if not any(entry.stage is Stage.OPPORTUNITY for entry in entries):
            return None
        return clocks.twice_the_median(about.definition, self.store.lasted("stale", OF_LATE))
