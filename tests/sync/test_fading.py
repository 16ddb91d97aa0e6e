"""A night on which nothing happens: a thousand people fade, and only another band is worth a write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from intent.cards import Known, card_of, look_again
from intent.decay import State, read
from intent.model import Event, Identity, Subject, moment
from intent.score import digit, engagement
from intent.store import SqlIntentStore
from tests.sync.bridge import sqlite_url
from tests.sync.website import SHIPPED_DEFINITION, TOKYO, Website

PEOPLE = 1_000
DAY = timedelta(days=1)
# They all raised a hand, the first one just now, the last one three weeks ago.
AGES = {f"p{number}@freemail.example": 21 * DAY * number / PEOPLE for number in range(PEOPLE)}


@dataclass
class Crowd(Website):
    """People at a free mail provider, so that no account is looked at beside them."""

    @cached_property
    def store(self) -> SqlIntentStore:
        return SqlIntentStore(self.ledger.engine, lambda _domain: None)

    @cached_property
    def people(self) -> dict[Subject, str]:
        return {who: email for email, who in self.store.subjects_by("email", AGES).items()}

    def come(self) -> None:
        """Everybody's hand-raise is on file and scored."""
        now = self.time()
        events = [
            Event(
                event_id=email,
                type="form_submit_handraise",
                occurred_at=now - age,
                received_at=now,
                told_at=now - age,
                identity=Identity(email=email),
                source="server",
            )
            for email, age in AGES.items()
        ]
        self.store.take_in(events)
        while self.store.score_some(self.definition, now, part=0, parts=1):
            pass

    def tell_all(self) -> None:
        """Everybody's card was told, as a look at each of them would have found it."""
        now, states = self.time(), self.store.states(self.people, self.definition)
        cards, again = [], {}
        for key, state in states.items():
            known = Known(key.subject, {key: state}, (), last_at=moment(state.at))
            cards.append(card_of(self.definition, known, now, TOKYO))
            again[key.subject] = look_again(self.definition, known, cards[-1], now)
        while self.store.touched(100, now):
            pass
        self.store.tell(cards, again, now)

    def told(self) -> dict[str, tuple[str | None, float]]:
        """The band and the score that each of them was told with."""
        cards = self.store.told(self.people)
        return {self.people[who]: (card.band, card.engagement) for who, card in cards.items()}


def digit_after(age: timedelta) -> int:
    """What the formula says of a hand-raise of this age, in whole points as it is told."""
    points = SHIPPED_DEFINITION.kinds["form_submit_handraise"].points
    family = SHIPPED_DEFINITION.families["hand_raise"]
    left = read(State(points, 0), age // timedelta(milliseconds=1), family.half_life)
    told = round(engagement(SHIPPED_DEFINITION, {family.name: left}))
    return digit(SHIPPED_DEFINITION.bands, told)


def test_a_night_without_visits_is_told_of_those_only_whose_band_changed(tmp_path: Path) -> None:
    """Nobody else is as much as looked at, although every score is lower than the evening before."""
    crowd = Crowd(sqlite_url(tmp_path))
    crowd.come()
    crowd.tell_all()
    evening = crowd.told()
    assert len(evening) == PEOPLE
    crowd.time.forward(days=1)
    fallen = {who for who, age in AGES.items() if digit_after(age) != digit_after(age + DAY)}
    assert 30 < len(fallen) < 60
    assert crowd.teller.work() == len(fallen)
    morning = crowd.told()
    assert {who for who in AGES if morning[who] != evening[who]} == fallen
    assert {who for who in AGES if morning[who][0] != evening[who][0]} == fallen
    assert crowd.teller.work() == 0
