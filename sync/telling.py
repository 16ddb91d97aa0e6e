"""From events to both systems: scores what came in, looks at the cards, tells what is news, rings for it.

Any number of workers share it: a share of the people is scored by whoever holds its lease, and a subject is
looked at by whoever was handed it. What is on file says what is left to do, so it does not matter who is
killed when::

    score      in the store: each event counts once
    ring       with patience: the bell is there before anybody could be told
    tell       in the store, with the time of the next look
    ring       at once: whoever looks now finds the news

A worker that dies between the two last leaves the first bell; and a whole compare finds every card that is
not told in a system yet (`sync.own_values`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import NamedTuple

import structlog

from intent import cards
from intent.cards import Known
from intent.definition import Definition
from intent.filters import PATIENCE, judge, stamp
from intent.model import DAY, Card, Contribution, Discard, Subject, millis
from intent.news import News, news
from intent.port import IntentStore, OtherDefinition
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.fitting import Fitting
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerBusy
from sync.surging import SurgeWatch
from sync.withdrawing import Withdrawer, names_of, rings_for

log = structlog.get_logger()

# The people are scored in so many shares, each by one worker at a time.
PARTS = 8
# Subjects that are looked at in one go, and evidence that a reason is made of.
AT_ONCE, EVIDENCE, SINCE = 100, 200, 90 * DAY
# Of so many colleagues a reason may speak.
COLLEAGUES = 5
# A click of five minutes in the future, and the view that follows it, have come in by then.
RIPE = 2 * PATIENCE
LEASE = "intent:"
# Who is not judged by then is looked at again.
SOON = timedelta(minutes=1)
# What was told speaks of somebody who was forgotten: it is told anew, whatever else has changed.
NOT_TRUE = News(tell=True, at_once=True)


# Told of whom there was news; answers whom it could not be seen to about, and when to try again.
Looked = Callable[[Sequence[Subject]], Mapping[Subject, datetime]]


def nobody_looks(_subjects: Sequence[Subject]) -> Mapping[Subject, datetime]:
    """Nobody hands people over here."""
    return {}


class Sight(NamedTuple):
    """What came of a look at one subject."""

    known: Known
    card: Card
    news: News
    again: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """What a worker does for website intent. `definition` and `mappings` answer those in force.

    `hold` takes a lease by its name or raises `LedgerBusy`. `ring` wakes workers for these lanes.
    """

    store: IntentStore
    ledger: Ledger
    definition: Callable[[], Definition]
    mappings: Callable[[], Sequence[FieldMapping]]
    fitting: Callable[[], Fitting]
    hold: Callable[[str], AbstractContextManager[None]]
    clock: Callable[[], datetime]
    zone: tzinfo
    withdrawer: Withdrawer
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None
    # Told of whom there was news, after both systems were rung for.
    looked: Looked = nobody_looks
    stop: Callable[[], bool] = lambda: False

    def work(self) -> int:
        """Score and tell whatever there is now; answers how many events and cards that were.

        Raises `LedgerError` while the store is away; what was done until then is on file.
        """
        definition = self.definition()
        try:
            # A definition that was changed says so although nobody came by.
            self.store.states((), definition)
            done = self.store.count_left(definition, self.clock()) + self._score(definition)
            self._judge(definition)
            return done + self._tell(definition)
        except OtherDefinition:
            self._rebuild(definition)
            return 1

    def glance(self) -> int:
        """Work where an event came in that nobody has scored; for little, where there is none."""
        return self.work() if self.store.unscored() else 0

    def _score(self, definition: Definition) -> int:
        if not self.store.unscored():
            return 0
        done = 0
        for part in range(PARTS):
            with suppress(LedgerBusy), self.hold(f"{LEASE}part:{part}"):
                while not self.stop():
                    turned, up_to = self._turn_away(part)
                    some = self.store.score_some(
                        definition, self.clock(), part=part, parts=PARTS, up_to=up_to
                    )
                    done += some
                    if not (some or turned):
                        break
        return done

    def _turn_away(self, part: int) -> tuple[int, int | None]:
        """Drop what waits of people who must not be followed or scored: it came in before that was known.

        Answers how many events that were, and up to which number events were looked at (None: it does not
        matter).
        """
        if not self.withdrawer.is_needed():
            return 0, None
        at_hand = self.store.at_hand(part=part, parts=PARTS)
        unwilling = self.withdrawer.unwilling(set(at_hand.people.values()))
        numbers = [number for number, who in at_hand.people.items() if who in unwilling]
        if numbers:
            self.store.drop(numbers)
            self.withdrawer.of_names({name for names in unwilling.values() for name in names})
        return len(numbers), at_hand.up_to

    def _judge(self, definition: Definition) -> None:
        """Take out of the scores what was no person's, by one worker, when all of a visit is there."""
        with suppress(LedgerBusy), self.hold(f"{LEASE}judge"):
            while not self.stop():
                now = self.clock()
                visits = self.store.unjudged(now - RIPE)
                if not visits.visitors:
                    return
                rules = definition.filters
                found: dict[Discard, list[str]] = defaultdict(list)
                back: set[str] = set()
                for events in visits.visitors:
                    verdict = judge(events, rules, now, visits.fresh)
                    back |= verdict.back
                    for event_id, why in verdict.out.items():
                        found[why].append(event_id)
                for why, ids in found.items():
                    self.store.retract(ids, why, definition, by=stamp(rules))
                self.store.lift(back.difference(*found.values()))
                self.store.judged(visits.up_to)

    def _tell(self, definition: Definition) -> int:
        done = 0
        for take in (self._touched, self.store.due):
            while not self.stop() and (subjects := take(self.clock(), AT_ONCE)):
                done += self.look(definition, subjects)
        return done

    def _touched(self, now: datetime, limit: int) -> Sequence[Subject]:
        return self.store.touched(limit, now)

    def _rebuild(self, definition: Definition) -> None:
        """The definition changed: its scores are made anew, by one worker, and the others wait."""
        with suppress(LedgerBusy):
            count = replay(self.store, definition, self.clock(), self.hold)
            log.info("scores made anew", definition=definition.version, count=count)

    @property
    def _watch(self) -> SurgeWatch:
        return SurgeWatch(self.store)

    # Looking ------------------------------------------------------------------------------------

    def look(self, definition: Definition, subjects: Sequence[Subject]) -> int:
        """Look at these subjects' cards and tell what is news; answers how many there were."""
        now = self.clock()
        for one in subjects:
            # An event may come in while its sender has not heard of the opt-out yet.
            if self.withdrawer.is_forbidden(one):
                self.withdrawer.erase(one)
        # In this order: whoever is forgotten in between is found by the next look.
        not_true = self.store.not_true(subjects)
        told = self.store.told(subjects)
        # Accounts first: their people are told of a surge that they have just made.
        looked = [
            self._look_at(definition, one, told.get(one), now, wrong=one in not_true)
            for one in sorted(subjects, key=lambda one: one.kind != "account")
            if one.kind != "visitor"
        ]
        fresh = self._in_full(definition, [one for one in looked if one.news.tell], now)
        again: dict[Subject, datetime | None] = dict.fromkeys(subjects)
        again |= {one.card.subject: _earlier(one.again, one.news.wait_until) for one in looked}
        people = [one.card.subject for one in looked if one.card.subject.kind == "person"]
        # Until they are judged they are looked at once more soon: whoever dies in between leaves that.
        soon = now + SOON
        self._put_out(fresh, again | dict.fromkeys(people, soon), now)
        self._hand_on({one: again[one] for one in people}, soon)
        return len(subjects)

    def _hand_on(self, again: Mapping[Subject, datetime | None], soon: datetime) -> None:
        """Tell who hands people over. Whom a system does not answer about is looked at once more."""
        if again:
            later = {one: max(at, soon) for one, at in self.looked(list(again)).items()}
            self.store.look_again({**again, **later}, soon)

    def _look_at(
        self,
        definition: Definition,
        subject: Subject,
        told: Card | None,
        now: datetime,
        *,
        wrong: bool,
    ) -> Sight:
        known = Known(
            subject,
            self.store.states([subject], definition),
            self._evidence(definition, subject, now),
            fit=None if told is None else told.fit,
            last_at=None if told is None else _long_ago(told.last_at, now),
        )
        hard = cards.is_hard(definition, known.evidence, told)
        if subject.kind == "account":
            seen = self._watch.look(definition, subject, now)
            self._watch.remember(subject, seen)
            known = known._replace(surge=seen.told, since=seen.since)
            hard = hard or seen.is_news
        elif (account := self.store.account_of(subject)) is not None:
            known = known._replace(since=self._watch.since(account))
        card = cards.card_of(definition, known, now, self.zone)
        why = NOT_TRUE if wrong else news(told, card, definition.telling, now, hard=hard)
        return Sight(known, card, why, cards.look_again(definition, known, card, now))

    def _evidence(
        self, definition: Definition, subject: Subject, now: datetime
    ) -> Sequence[Contribution]:
        return evidence_of(self.store, definition, subject, now)

    def _in_full(
        self, definition: Definition, looked: Sequence[Sight], now: datetime
    ) -> list[tuple[Card, News]]:
        """The cards that are told, with fit, colleagues and the size of the surge: all that costs more."""
        fits = self.fitting().fits(definition, self._named(one.known.subject for one in looked))
        full: list[tuple[Card, News]] = []
        surge_of = cache(lambda account: self._watch.look(definition, account, now).told)
        for one in looked:
            subject = one.known.subject
            known = one.known._replace(fit=fits.get(subject, one.known.fit))
            account = None if subject.kind == "account" else self.store.account_of(subject)
            if account is not None:
                others = colleagues_of(self.store, definition, subject, account, now)
                known = known._replace(others=others, surge=surge_of(account))
            full.append((cards.card_of(definition, known, now, self.zone), one.news))
        return full

    def _named(self, subjects: Iterable[Subject]) -> dict[Subject, list[OwnName]]:
        """The names of each subject's records; of a person also those of the company."""
        found: dict[Subject, list[OwnName]] = {}
        for subject in subjects:
            names = names_of(self.store, subject)
            account = None if subject.kind == "account" else self.store.account_of(subject)
            if account is not None:
                names += names_of(self.store, account)
            found[subject] = names
        return found

    # Telling ------------------------------------------------------------------------------------

    def _put_out(
        self,
        fresh: Sequence[tuple[Card, News]],
        again: Mapping[Subject, datetime | None],
        now: datetime,
    ) -> None:
        rings = [
            ring
            for card, why in fresh
            for ring in rings_for(
                self.ledger,
                self.mappings(),
                names_of(self.store, card.subject),
                Lane.HANDOFF if why.at_once else Lane.LIVE,
            )
        ]
        if rings:
            self.ledger.ring([one._replace(lane=Lane.LIVE) for one in rings], now, patience=True)
        self.store.tell([card for card, _ in fresh], again, now)
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring(dict.fromkeys(one.lane for one in rings))


def evidence_of(
    store: IntentStore, definition: Definition, subject: Subject, now: datetime
) -> Sequence[Contribution]:
    """What a subject's card is made of, newest first."""
    return store.evidence(subject, definition, millis(now) - SINCE, EVIDENCE)


def colleagues_of(
    store: IntentStore, definition: Definition, subject: Subject, account: Subject, now: datetime
) -> list[Sequence[Contribution]]:
    """What other people of the account did."""
    people = [one for one in store.members(account) if one.kind == "person" and one != subject]
    return [evidence_of(store, definition, one, now) for one in people[:COLLEAGUES]]


def replay(
    store: IntentStore,
    definition: Definition,
    now: datetime,
    hold: Callable[[str], AbstractContextManager[None]],
    progress: Callable[[int], object] = lambda _trails: None,
) -> int:
    """Make all scores anew by a definition; answers how many sums there are.

    Raises `LedgerBusy` while somebody else is at it. Cut off, the next one goes on where this one was.
    """
    with hold(f"{LEASE}rebuild"):
        count = store.rebuild(definition, now, progress)
        # Its filters may be others, too.
        store.judged(0)
        return count


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [moment for moment in (one, other) if moment is not None]
    return min(known, default=None)


def _long_ago(at: datetime | None, now: datetime) -> datetime | None:
    """An instant that no evidence reaches back to any more."""
    return at if at is not None and millis(at) < millis(now) - SINCE else None
