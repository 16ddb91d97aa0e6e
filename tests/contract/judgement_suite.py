"""What any store of website intent promises to whoever judges visits late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from intent.store import SqlIntentStore
from tests.contract.intent_builders import NOW, emptied, event, score

HOUR = timedelta(hours=1)


class JudgementContract:
    """Visits are judged whole, in turn, and once; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        """An empty store."""
        return emptied(engine)

    def test_visits_are_handed_out_for_judgement_whole_and_in_turn(
        self, store: SqlIntentStore
    ) -> None:
        """When they have come in long enough ago; what was judged is not handed out again."""
        seen = [event(visitor="v1", ago=HOUR), event(visitor="v1"), event(visitor="v2")]
        score(store, *seen)
        assert store.unjudged(NOW - HOUR).visitors == ()
        found = store.unjudged(NOW)
        assert [[one.event_id for one in visit] for visit in found.visitors] == [
            [seen[0].event_id, seen[1].event_id],
            [seen[2].event_id],
        ]
        assert found.visitors[0][0] == seen[0]
        store.judged(found.up_to)
        assert store.unjudged(NOW).visitors == ()
        late = event(visitor="v2", ago=HOUR)
        score(store, late)
        assert store.unjudged(NOW).visitors == ((late, seen[2]),)
        store.judged(0)
        assert len(store.unjudged(NOW).visitors) == 2
