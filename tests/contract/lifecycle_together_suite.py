"""What the store of the lifecycle promises of many at once, whatever database keeps it."""

from __future__ import annotations

from connector.port import System
from lifecycle.model import Stage
from lifecycle.port import Decided
from lifecycle.store import SqlLifecycleStore
from tests.contract.lifecycle_builders import (
    ANN,
    BOB,
    CAT,
    NOW,
    answer,
    asked,
    enter,
    refused,
    timer,
)


class TogetherPromises:
    """Part of `LifecycleContract`."""

    def test_what_is_decided_together_is_what_is_decided_one_by_one(
        self, store: SqlLifecycleStore
    ) -> None:
        """Two steps of one person, a refusal of another, and nothing at all about a third."""
        one, two = asked("one"), asked("two", to=Stage.SAL)
        other, third = asked("other", BOB), asked("third", CAT)
        sal = answer(two, 2, stage=Stage.SAL)
        overtaken = store.decide_all(
            [
                Decided(one, [answer(one, 1)], None, [timer()]),
                Decided(two, [sal], None, [timer()._replace(stopped_at=NOW)]),
                Decided(other, [], refused(other)),
                Decided(third, [], None),
            ]
        )
        assert overtaken == frozenset()
        assert store.history(ANN) == [answer(one, 1), sal]
        assert store.standings([ANN, BOB])[ANN].stage is Stage.SAL
        assert (store.running(ANN), store.timers(ANN)) == ([], [timer()._replace(stopped_at=NOW)])
        assert store.refusals(10) == [refused(other)]
        assert store.ask([one, two, other, third]) == 0
        assert store.asked(10) == []

    def test_who_was_overtaken_holds_nobody_else_up(self, store: SqlLifecycleStore) -> None:
        """Nothing of theirs is on file, later steps included; the others are decided."""
        first = enter(store, "first", 1)
        late, later, other = asked("late"), asked("later"), asked("other", BOB)
        store.ask([late])
        overtaken = store.decide_all(
            [
                Decided(late, [answer(late, 1)], None, [timer()]),
                Decided(other, [answer(other, 1)], None),
                Decided(later, [answer(later, 2)], None),
            ]
        )
        assert overtaken == {ANN}
        assert (store.history(ANN), store.running(ANN)) == ([first], [])
        assert store.history(BOB) == [answer(other, 1)]
        assert store.asked(10) == [late], "what nobody asked for is not on file"

    def test_who_is_somebody_else_by_now_is_decided_about_again(
        self, store: SqlLifecycleStore
    ) -> None:
        """Under the name of today."""
        enter(store, "first", 1)
        store.merge(ANN, BOB, NOW)
        late = asked("late")
        assert store.decide_all([Decided(late, [answer(late, 2)], None)]) == {ANN}

    def test_a_request_that_comes_twice_is_decided_once(self, store: SqlLifecycleStore) -> None:
        """In one go, too; the first decision stands."""
        one = asked("one")
        again = Decided(one, [answer(one, 2, stage=Stage.SAL)], None)
        assert store.decide_all([Decided(one, [answer(one, 1)], None), again]) == frozenset()
        assert store.history(ANN) == [answer(one, 1)]

    def test_what_was_not_followed_is_found_by_who_somebody_is_now(
        self, store: SqlLifecycleStore
    ) -> None:
        """Newest first, as for each; nobody without a refusal is in it."""
        for number, who in enumerate((ANN, ANN, BOB)):
            request = asked(f"no {number}", who)
            store.decide(request, [], refused(request))
        found = store.refusals_of([ANN, BOB, CAT])
        assert found == {who: store.refusals(10, who) for who in (ANN, BOB)}
        assert [one.request.id for one in found[ANN]] == ["no 1", "no 0"]
        store.merge(ANN, BOB, NOW)
        found = store.refusals_of([ANN, BOB])
        assert found[ANN] == found[BOB] == store.refusals(10, BOB)
        assert len(found[BOB]) == 3

    def test_entries_that_a_system_holds_are_found_together(self, store: SqlLifecycleStore) -> None:
        """Of that system, and no other entry of the same person."""
        enter(store, "one", 1)
        enter(store, "two", 2)
        store.written(ANN, 1, System.SALESFORCE, NOW)
        store.written(ANN, 2, System.HUBSPOT, NOW)
        wanted = [(ANN, 1), (ANN, 2), (BOB, 1)]
        assert store.held_by(System.SALESFORCE, wanted) == {(ANN, 1)}
        assert store.held_by(System.SALESFORCE, [(ANN, 2)]) == frozenset()
