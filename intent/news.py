"""Whether a card is worth a write to both systems, and when: the promise of a quiet CRM. Pure.

==========================================  ====================================================
what changed since the last told card       told
==========================================  ====================================================
the band went up, a surge began, a hand     at once
went up, somebody was forgotten
the band went down, a surge ended,          at most every six hours (`Telling.every`)
another topic leads, ten points or more
ten points or another topic, but nothing    not at all: it fades by itself. The last trace of it
came in or was taken back meanwhile         is told, so that no old score stays for ever
less than that                              not at all; it rides along with the next news
==========================================  ====================================================
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from intent.definition import Telling
from intent.model import Card


class Pace(Enum):
    """When a change is to be told."""

    AT_ONCE = "at once"
    IN_TIME = "in time"
    NEVER = "never"


class News(NamedTuple):
    """Whether a card is told now; where it has to wait: until when."""

    tell: bool
    at_once: bool = False
    wait_until: datetime | None = None


def news(told: Card | None, card: Card, telling: Telling, now: datetime, *, hard: bool) -> News:
    """What becomes of a card that was looked at now. `hard`: somebody raised a hand since the
    last one, or a surge began that the card does not show by itself."""
    found = pace(told, card, telling, hard=hard)
    if found is Pace.NEVER:
        return News(tell=False)
    if found is Pace.AT_ONCE or told is None:
        return News(tell=True, at_once=found is Pace.AT_ONCE)
    free = told.at + timedelta(milliseconds=telling.every)
    return News(tell=True) if now >= free else News(tell=False, wait_until=free)


def pace(told: Card | None, card: Card, telling: Telling, *, hard: bool) -> Pace:
    """How soon the difference between two cards is to be told; see the table."""
    before, after = _Shown.of(told), _Shown.of(card)
    if hard or after.is_above(before) or (after.surge and not before.surge):
        return Pace.AT_ONCE
    if after.is_in_another_band(before) or after.surge != before.surge:
        return Pace.IN_TIME
    if after.is_nothing and not before.is_nothing:
        return Pace.IN_TIME
    if told is not None and not _happened(told, card):
        return Pace.NEVER
    far = abs(after.points - before.points) >= telling.points
    return Pace.IN_TIME if far or after.topic != before.topic else Pace.NEVER


def _happened(told: Card, card: Card) -> bool:
    """Whether anything came in or was taken back since, however long ago that was; fading is nothing."""
    if told.mark is None:
        return card.last_at != told.last_at
    return card.mark != told.mark


class _Shown(NamedTuple):
    """What people act on. Of whom nothing was told yet has no letter: a good fit alone is no news."""

    letter: str
    digit: str
    points: float
    topic: str | None
    surge: bool

    @classmethod
    def of(cls, card: Card | None) -> _Shown:
        if card is None or card.band is None:
            return cls("", "3", 0.0, None, surge=False)
        return cls(card.band[0], card.band[1], card.engagement, card.top_topic, card.surge)

    @property
    def is_nothing(self) -> bool:
        return self.points <= 0 and self.topic is None and not self.surge

    def is_in_another_band(self, other: _Shown) -> bool:
        refitted = "" not in {self.letter, other.letter} and self.letter != other.letter
        return refitted or self.digit != other.digit

    def is_above(self, other: _Shown) -> bool:
        """Whether the band went up: more engaged, or as engaged and a better fit than was known."""
        if self.digit != other.digit:
            return self.digit < other.digit
        return self.is_in_another_band(other) and self.letter < other.letter
