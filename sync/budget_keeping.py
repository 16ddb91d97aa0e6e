"""Keeps hold of a book: the shared one, or one of this process alone while Redis is away.

Without Redis each process goes on by itself with half the calls per moment, starting from what it last
knew, and goes back as soon as Redis answers: the calls made meanwhile are handed in, and the vendor's
headers correct the rest. No `RedisError` ever leaves here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from connector.errors import TryLater
from sync import budget
from sync.budget import Answer, Facts, Quota, Terms, no_calls
from sync.budget_book import Book, LocalBook
from sync.budget_shared import RedisBook
from sync.lanes import Lane

log = structlog.get_logger()

# Seconds until a Redis that did not answer is asked again.
REDIS_AGAIN = 1.0
# A day may turn between two askings, and once more if clocks disagree.
DAY_TRIES = 4

Terming = Callable[[Facts, bool], Terms]
"""Makes the terms out of what is known, and whether this process is alone."""


class Keeper:
    """Asks the book in this process's name. Thread safe.

    `clock` (seconds since 1970) serves only while Redis is away.
    """

    def __init__(
        self,
        quota: Quota,
        book: Book,
        *,
        clock: Callable[[], float],
        ticks: Callable[[], float],
    ) -> None:
        self.quota = quota
        self._book = book
        self._clock, self._ticks = clock, ticks
        self._lock = threading.Lock()
        self._facts = Facts(now=0.0, limit=quota.daily, used=0.0)
        self._told: dict[str, int] = {}
        self._told_at = 0.0
        self._missed = no_calls()
        self._spare: LocalBook | None = None
        self._down_until = 0.0

    @property
    def is_alone(self) -> bool:
        """Whether Redis is away and this process keeps a book of its own."""
        return self._spare is not None

    @property
    def is_shared(self) -> bool:
        """Whether other processes read the same book right now."""
        return isinstance(self._book, RedisBook) and not self.is_alone

    def told(self, limits: Mapping[str, int]) -> None:
        """Remember what an answer said for the next question; ask now if it said that all is used up."""
        if not limits:
            return
        with self._lock:
            self._told = _merged(self._told, limits)
            self._told_at = self._ticks()
            limit = self._told.get("daily_limit", self._facts.limit)
            is_over = self._told.get("daily_used", 0) >= limit or self._told.get("daily_left") == 0
        if is_over:
            # Whoever tells is in the middle of an answer, which must not be lost over this.
            with suppress(TryLater):
                self.ask(self._look)

    def _look(self, facts: Facts, alone: bool) -> Terms:
        return budget.look(self.quota, facts)

    def ask(self, terms: Terming) -> Answer:
        """Ask for the day that the book lives in; the first time, look before any terms are made."""
        if not self._facts.now:
            self._facts = self._of_some_book(self._look).facts
        for _ in range(DAY_TRIES):
            answer = self._of_some_book(terms)
            self._facts = answer.facts
            if answer.verdict != "new_day":
                return answer
        raise TryLater("the clocks of the API budget disagree", system=self.quota.system)

    def _of_some_book(self, terms: Terming) -> Answer:
        if self._may_try():
            try:
                answer = self._hand_in(self._book, terms, alone=False)
            except RedisError as error:
                self._leave(error)
            else:
                if answer.verdict != "new_day":
                    self._return()
                return answer
        return self._hand_in(self._own_book(), terms, alone=True)

    def _may_try(self) -> bool:
        """Whether to ask the shared book: while it is down, one thread does so now and then."""
        with self._lock:
            if self._spare is None:
                return True
            now = self._ticks()
            if now < self._down_until:
                return False
            self._down_until = now + REDIS_AGAIN
            return True

    def _own_book(self) -> LocalBook:
        with self._lock:
            if self._spare is None:
                self._spare = LocalBook(self._clock)
            return self._spare

    def _leave(self, error: RedisError) -> None:
        with self._lock:
            self._down_until = self._ticks() + REDIS_AGAIN
        if not self.is_alone:
            # The text of the error may hold an address with its password.
            log.warning("budget.alone", system=self.quota.system, error=type(error).__name__)
        self._own_book()

    def _return(self) -> None:
        if self.is_alone:
            log.info("budget.shared_again", system=self.quota.system)
        with self._lock:
            self._spare = None

    def _hand_in(self, book: Book, terms: Terming, *, alone: bool) -> Answer:
        """One question, with all that the book has not heard yet; what it did not take is kept."""
        with self._lock:
            told, self._told = self._told, {}
            age = self._ticks() - self._told_at
            missed = no_calls()
            if not alone:
                missed, self._missed = self._missed, missed
        facts = budget.today(self.quota, self._facts)
        asked = replace(terms(facts, alone), told=told, age=age, missed=missed, memory=facts)
        answer: Answer | None = None
        try:
            answer = book.ask(asked)
        finally:
            if answer is None or answer.verdict == "new_day":
                self._keep(told, missed)
        if alone and answer.verdict == "go" and asked.lane is not None:
            with self._lock:
                self._missed[asked.lane] += 1
        return answer

    def _keep(self, told: Mapping[str, int], missed: Mapping[Lane, float]) -> None:
        with self._lock:
            self._told = _merged(told, self._told)
            for lane, count in missed.items():
                self._missed[lane] += count


def _merged(older: Mapping[str, int], newer: Mapping[str, int]) -> dict[str, int]:
    """What two answers said together. The burst is of one moment only, and not every answer tells it."""
    superseded = {"burst_left"} if newer else set()
    if newer.keys() & {"daily_used", "daily_left"}:
        superseded |= {"daily_used", "daily_left"}
    kept = {name: number for name, number in older.items() if name not in superseded}
    return {**kept, **newer}
