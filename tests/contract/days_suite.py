"""What any store of website intent promises of the days on which people came, altogether and by topic."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from intent.model import DAY, millis
from intent.store import SqlIntentStore
from tests.contract.intent_builders import (
    ANN,
    BOB,
    FIRST,
    NOW,
    account,
    emptied,
    event,
    person,
    score,
)

HOUR, DAYS = timedelta(hours=1), timedelta(days=1)


class DaysContract:
    """Days of people and of topics; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        """An empty store."""
        return emptied(engine)

    def test_the_days_of_people_are_those_of_all_their_devices(self, store: SqlIntentStore) -> None:
        """Once a day, whoever's cookie it was then; of cookies that nobody knows none."""
        score(
            store, event(visitor="v1", email=ANN, ago=4 * DAYS), event(visitor="v1", ago=3 * DAYS)
        )
        score(store, event(email=ANN, ago=3 * DAYS + HOUR), event(visitor="v2"))
        score(store, event(visitor="v1", email=BOB, ago=2 * DAYS), event(visitor="v1", ago=DAYS))
        found = {
            (subject, round((millis(NOW) - at) / DAY, 2)) for subject, at in store.days_of_people()
        }
        assert found == {
            (person(store), 4.0),
            (person(store), 3.04),
            (person(store, BOB), 2.0),
            (person(store, BOB), 1.0),
        }

    def test_topics_that_were_busy_last_week_are_told_by_their_days(
        self, store: SqlIntentStore
    ) -> None:
        """Three visitor-days on two days at least; of others only those that are asked for by name."""
        for days_ago in (1, 2, 50):
            score(store, event(email=ANN, topic="pricing", ago=days_ago * DAYS))
        score(store, event(visitor="v1", network="acme.example", topic="pricing", ago=DAYS))
        score(store, event(email=ANN, topic="security"), event(email=BOB, topic="pricing"))
        found = store.topic_days(account(), FIRST, NOW)
        assert set(found) == {"pricing"}
        assert len(found["pricing"]) == 97
        assert list(found["pricing"])[-3:] == [1, 2, 0]
        assert sum(found["pricing"]) == 4
        more = store.topic_days(account(), FIRST, NOW, also=["security", "nobody's"])
        assert {topic: sum(days) for topic, days in more.items()} == {
            "nobody's": 0,
            "pricing": 4,
            "security": 1,
        }

    def test_looking_for_a_job_is_no_interest_that_surges(self, store: SqlIntentStore) -> None:
        """A topic whose events are taken off a score."""
        families = {**FIRST.families, "browse": replace(FIRST.families["browse"], negative=True)}
        for days_ago in range(4):
            score(store, event(email=ANN, topic="careers", ago=days_ago * DAYS))
        assert "careers" in store.topic_days(account(), FIRST, NOW)
        assert store.topic_days(account(), replace(FIRST, families=families), NOW) == {}

    def test_everybody_is_gone_through_by_key_each_once(self, store: SqlIntentStore) -> None:
        """People who did anything, or of whom somebody has told us; no cookie and no company."""
        score(store, event(email=ANN), event(email=ANN, visitor="v1"), event(visitor="v2"))
        score(store, event(email=BOB, contact="7"), event(network="acme.example"))
        found = [person(store), person(store, BOB)]
        assert list(store.everybody(10)) == sorted(found)
        (first,) = store.everybody(1)
        assert list(store.everybody(10, first)) == sorted(found)[1:]
        assert store.everybody(10, max(found)) == []
        store.join([("email", ANN), ("email", BOB)], NOW)
        assert list(store.everybody(10)) == [person(store)]
