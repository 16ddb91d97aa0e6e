"""What the store of the lifecycle promises when two turn out to be one, and when somebody is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from connector.port import System
from database.tables import metadata
from lifecycle.model import Stage
from lifecycle.port import Overtaken
from lifecycle.store import SqlLifecycleStore
from tests.contract.lifecycle_builders import (
    ANN,
    BOB,
    CAT,
    DAY,
    HOUR,
    NOW,
    answer,
    asked,
    enter,
    refused,
    timer,
)


class LeavingPromises:
    """Merges and erasures."""

    # Two are one ----------------------------------------------------------------------------------

    def test_two_histories_become_one_in_the_order_of_time(self, store: SqlLifecycleStore) -> None:
        """Every row stays as it was written; both names lead to the survivor."""
        old = enter(store, "a", 1, BOB, at=NOW - DAY)
        mine = enter(store, "b", 1, ANN)
        late = enter(store, "c", 2, BOB, to=Stage.RECYCLED, at=NOW + HOUR)
        store.merge(BOB, ANN, NOW + DAY)
        assert store.history(ANN) == store.history(BOB) == [old, mine, late]
        found = store.standings([ANN, BOB])
        assert found[BOB] == found[ANN]
        assert (found[ANN].subject, found[ANN].stage, found[ANN].number) == (ANN, Stage.RECYCLED, 3)
        assert [one.subject for one in store.in_stage("recycled", 9)] == [ANN]
        assert store.in_stage("mql", 9) == []
        again = enter(store, "d", 4, ANN, at=NOW + DAY)
        assert store.history(ANN)[-1] == again

    def test_whoever_was_about_to_decide_on_a_merged_person_decides_again(
        self, store: SqlLifecycleStore
    ) -> None:
        """On either of the two; what waited for the loser waits for the survivor now."""
        enter(store, "a", 1, ANN)
        enter(store, "b", 1, BOB)
        mine, others = asked("c", ANN, Stage.SAL), asked("d", BOB, Stage.SAL)
        store.ask([mine, others])
        store.merge(BOB, ANN, NOW)
        for request in (mine, others):
            with pytest.raises(Overtaken):
                store.decide(request, [answer(request, 2)], None)
        assert store.asked(9) == [mine, replace(others, subject=ANN)]
        found = replace(others, subject=ANN)
        store.decide(found, [answer(found, 3)], None)
        assert store.asked(9) == [mine]

    def test_clocks_and_refusals_of_a_merged_person_are_the_survivors(
        self, store: SqlLifecycleStore
    ) -> None:
        """A clock keeps the name it began with, so that it can be stopped."""
        enter(store, "a", 1, BOB, timers=(timer(BOB),))
        no = asked("no", BOB)
        store.decide(no, [], refused(no))
        store.merge(BOB, ANN, NOW)
        assert store.running(ANN) == [timer(BOB)]
        enter(store, "c", 1, CAT, timers=(timer(CAT),))
        own = [timer(BOB)]
        assert store.running_of([ANN, BOB, CAT]) == {ANN: own, BOB: own, CAT: [timer(CAT)]}
        assert [one.request.id for one in store.refusals(9, ANN)] == ["no"]
        stopped = timer(BOB, stopped_at=NOW, next_at=None)
        enter(store, "b", 2, ANN, timers=(stopped,))
        assert store.running(ANN) == []

    def test_merges_in_any_order_come_to_the_same(self, store: SqlLifecycleStore) -> None:
        """A chain leads to its end; the same merge again, or turned round, changes nothing."""
        for n, subject in enumerate((ANN, BOB, CAT)):
            enter(store, f"r{n}", 1, subject, at=NOW + n * HOUR)
        store.merge(ANN, BOB, NOW)
        store.merge(BOB, CAT, NOW)
        store.merge(ANN, CAT, NOW)
        store.merge(CAT, ANN, NOW)
        assert [one.subject for one in store.history(ANN)] == [ANN, BOB, CAT]
        assert store.standings([ANN])[ANN].subject == CAT
        assert store.standings([ANN])[ANN].number == 3

    def test_a_merge_with_somebody_who_has_no_history_moves_it(
        self, store: SqlLifecycleStore
    ) -> None:
        """The survivor is new here; the numbers go on."""
        enter(store, "a", 1, BOB)
        store.merge(BOB, ANN, NOW)
        assert store.standings([ANN])[ANN].number == 1
        enter(store, "b", 2, ANN)
        assert len(store.history(ANN)) == 2

    # Somebody is forgotten ------------------------------------------------------------------------

    def test_of_who_was_erased_stages_and_times_stay(
        self, store: SqlLifecycleStore, engine: Engine
    ) -> None:
        """For the figures, under a pseudonym; no word of it tells who it was."""
        enter(store, "sf:00QSECRET:1", 1, BOB, at=NOW - DAY, timers=(timer(BOB),))
        enter(store, "sf:00QSECRET:2", 1, ANN, timers=(timer(),))
        store.merge(BOB, ANN, NOW)
        no = asked("sf:00QSECRET:3")
        store.decide(no, [], refused(no))
        store.ask([asked("sf:00QSECRET:4", BOB)])
        store.written(BOB, 1, System.HUBSPOT, NOW)
        enter(store, "other", 1, CAT)
        store.erase(ANN, "p-7f", NOW + DAY)
        somebody = ANN._replace(key="p-7f")
        entries = store.history(somebody)
        assert [(one.stage, one.entered_at, one.reason) for one in entries] == [
            (Stage.MQL, NOW - DAY, "timing"),
            (Stage.MQL, NOW, "timing"),
        ]
        assert store.standings([somebody])[somebody].number == 2
        assert (store.running(somebody), store.due(NOW + 9 * DAY, 9)) == ([], [])
        assert (store.history(ANN), store.history(BOB), store.asked(9)) == ([], [], [])
        assert store.refusals(9) == []
        assert [one.subject for one in store.in_stage("mql", 9)] == [CAT, somebody]
        text = everything(engine, "other")
        for secret in (
            "00QSECRET",
            "来期",
            "予算",
            "seller@",
            "'ann'",
            "person:ann",
            "person:bob",
            "006A",
            "e1",
        ):
            assert secret not in text, secret

    def test_nothing_comes_after_an_erasure(self, store: SqlLifecycleStore) -> None:
        """A write that lands late, a call that is told late: of nobody nothing is kept."""
        enter(store, "one", 1)
        store.erase(ANN, "p-7f", NOW)
        store.written(ANN, 1, System.HUBSPOT, NOW)
        store.keep([timer()])
        assert store.written_at(ANN) == {}
        assert (store.timers(ANN), store.overdue(NOW + 9 * DAY, 9)) == ([], [])

    def test_who_is_erased_twice_is_not_mixed_up(self, store: SqlLifecycleStore) -> None:
        """Somebody came back after an erasure, with a new key, and was erased again."""
        for subject in (ANN, BOB):
            enter(store, f"r {subject.key}", 1, subject)
            store.erase(subject, "p-7f", NOW)
            store.erase(subject, "p-7f", NOW)
        assert [one.subject.key for one in store.in_stage("mql", 9)] == ["p-7f", "p-7f-2"]


def everything(engine: Engine, but_request: str) -> str:
    """All that stands in the tables of the lifecycle, but for one person who stays."""
    with engine.connect() as connection:
        rows = [
            str(tuple(row))
            for name, table in metadata.tables.items()
            if name.startswith("lifecycle_")
            for row in connection.execute(select(table))
        ]
    return "\n".join(row for row in rows if but_request not in row and "person:cat" not in row)
