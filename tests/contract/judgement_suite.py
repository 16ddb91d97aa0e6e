"""What any store of website intent promises to whoever judges visits late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from intent.model import BY_HAND, Subject
from intent.store import SqlIntentStore, judging
from tests.contract.intent_builders import (
    ANN,
    FIRST,
    LATER,
    NOW,
    emptied,
    event,
    person,
    points,
    score,
)

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

    def test_a_flood_of_one_visitor_is_judged_to_its_last_event(
        self, store: SqlIntentStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In parts that overlap: each event is in one, with some of what came before it."""
        monkeypatch.setattr(judging, "MOST", 5)
        monkeypatch.setattr(judging, "BEFORE", 2)
        seen = [event(visitor="v1", ago=HOUR) for _ in range(7)]
        seen += [event(visitor="v1", ago=timedelta(minutes=59 - n)) for n in range(5)]
        score(store, *seen)
        ids = {one.event_id for one in seen}
        parts = [[one.event_id for one in part] for part in store.unjudged(NOW).visitors]
        assert [len(part) for part in parts] == [5, 2 + 5, 2 + 2]
        assert (parts[1][:2], parts[2][:2]) == (parts[0][-2:], parts[1][-2:])
        assert {one for part in parts for one in part} == ids
        first = store.unjudged(NOW, limit=6)
        store.judged(first.up_to)
        rest = store.unjudged(NOW)
        assert rest.fresh == ids - first.fresh
        assert rest.fresh <= {one.event_id for part in rest.visitors for one in part}

    def test_what_rules_took_out_is_told_apart_and_comes_back_to_be_scored(
        self, store: SqlIntentStore
    ) -> None:
        """What a person took out stays out, whatever the rules say."""
        one, other = event("pricing_view", email=ANN), event("pricing_view", email=ANN)
        score(store, one, other)
        store.retract([one.event_id], "employee", FIRST, by="rules of old")
        store.retract([other.event_id], "employee", FIRST)
        assert points(store, person(store)) == 0
        (visit,) = store.unjudged(NOW).visitors
        assert [(seen.discard, seen.judged_by) for seen in visit] == [
            ("employee", "rules of old"),
            ("employee", BY_HAND),
        ]
        store.retract([one.event_id, other.event_id], "burst", FIRST, by="new rules")
        (visit,) = store.unjudged(NOW).visitors
        assert [(seen.discard, seen.judged_by) for seen in visit] == [
            ("burst", "new rules"),
            ("employee", BY_HAND),
        ]
        assert store.lift([one.event_id]) == 1
        assert store.lift([one.event_id]) == 0
        score(store)
        assert points(store, person(store)) == 6

    def test_a_look_that_was_put_off_is_put_off_further_unless_somebody_looked_meanwhile(
        self, store: SqlIntentStore
    ) -> None:
        """By the time that was set: of whom another time is on file, another one knows better."""
        ann, bob, cat = (Subject("person", name) for name in "abc")
        soon, then = LATER, LATER + 2 * HOUR
        store.tell([], {ann: soon, bob: soon, cat: soon + HOUR}, NOW)
        store.look_again({ann: then, bob: None, cat: then}, soon)
        assert list(store.due(soon, 10)) == []
        assert list(store.due(soon + HOUR, 10)) == [cat]
        assert set(store.due(then, 10)) == {ann, cat}
