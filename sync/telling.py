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
from typing import NamedTuple

import structlog

from intent import cards
from intent.cards import Known
from intent.definition import Definition
from intent.filters import PATIENCE, judge, stamp
from intent.model import Card, Discard, Subject, millis
from intent.news import News, news
from intent.port import IntentStore, OtherDefinition
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.fitting import Fitting
from sync.glancing import SINCE, Glance
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerBusy, Ring
from sync.withdrawing import Withdrawer, names_of_all, rings_for

log = structlog.get_logger()

# The people are scored in so many shares, each by one worker at a time.
PARTS = 8
# Subjects that are looked at in one go.
AT_ONCE = 100
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

    # Looking ------------------------------------------------------------------------------------

    def look(self, definition: Definition, subjects: Sequence[Subject]) -> int:
        """Look at these subjects' cards and tell what is news; answers how many there were."""
        now = self.clock()
        # An event may come in while its sender has not heard of the opt-out yet.
        for one in self.withdrawer.forbidden_of(subjects):
            self.withdrawer.erase(one)
        # In this order: whoever is forgotten in between is found by the next look.
        not_true = self.store.not_true(subjects)
        told = self.store.told(subjects)
        # Accounts first: their people are told of a surge that they have just made.
        some = sorted(subjects, key=lambda one: one.kind != "account")
        some = [one for one in some if one.kind != "visitor"]
        glance = Glance.at(self.store, definition, some, now)
        looked = [self._look_at(glance, one, told.get(one), wrong=one in not_true) for one in some]
        fresh = self._in_full(glance, [one for one in looked if one.news.tell])
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
        self, glance: Glance, subject: Subject, told: Card | None, *, wrong: bool
    ) -> Sight:
        definition, now = glance.definition, glance.now
        known = Known(
            subject,
            glance.states(subject),
            glance.evidence(subject),
            fit=None if told is None else told.fit,
            last_at=None if told is None else _long_ago(told.last_at, now),
        )
        hard = cards.is_hard(definition, known.evidence, told)
        if subject.kind == "account":
            seen = glance.surge(subject)
            glance.remember(subject)
            known = known._replace(surge=seen.told, since=seen.since)
            hard = hard or seen.is_news
        elif (account := glance.accounts.get(subject)) is not None:
            known = known._replace(since=glance.since(account))
        card = cards.card_of(definition, known, now, self.zone)
        why = NOT_TRUE if wrong else news(told, card, definition.telling, now, hard=hard)
        return Sight(known, card, why, cards.look_again(definition, known, card, now))

    def _in_full(self, glance: Glance, looked: Sequence[Sight]) -> list[tuple[Card, News]]:
        """The cards that are told, with fit, colleagues and the size of the surge: all that costs more."""
        named = self._named([one.known.subject for one in looked], glance.accounts)
        fits = self.fitting().fits(glance.definition, named)
        full: list[tuple[Card, News]] = []
        for one in looked:
            subject = one.known.subject
            known = one.known._replace(fit=fits.get(subject, one.known.fit))
            account = glance.accounts.get(subject)
            if account is not None:
                others, surge = glance.colleagues(subject), glance.surge(account).told
                known = known._replace(others=others, surge=surge)
            card = cards.card_of(glance.definition, known, glance.now, self.zone)
            full.append((card, one.news))
        return full

    def _named(
        self, subjects: Sequence[Subject], accounts: Mapping[Subject, Subject]
    ) -> dict[Subject, list[OwnName]]:
        """The names of each subject's records; of a person also those of the company."""
        theirs = [accounts[one] for one in subjects if one in accounts]
        names = names_of_all(self.store, [*subjects, *theirs])
        return {
            one: [*names[one], *(names[accounts[one]] if one in accounts else ())]
            for one in subjects
        }

    # Telling ------------------------------------------------------------------------------------

    def _put_out(
        self,
        fresh: Sequence[tuple[Card, News]],
        again: Mapping[Subject, datetime | None],
        now: datetime,
    ) -> None:
        names = names_of_all(self.store, [card.subject for card, _ in fresh])
        rings: list[Ring] = []
        for lane in (Lane.HANDOFF, Lane.LIVE):
            theirs = [c.subject for c, why in fresh if why.at_once == (lane is Lane.HANDOFF)]
            every = [name for one in theirs for name in names[one]]
            rings += rings_for(self.ledger, self.mappings(), every, lane) if every else []
        if rings:
            self.ledger.ring([one._replace(lane=Lane.LIVE) for one in rings], now, patience=True)
        self.store.tell([card for card, _ in fresh], again, now)
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring(dict.fromkeys(one.lane for one in rings))


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
