"""What the store of the lifecycle promises, whatever database keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from connector.port import System
from lifecycle.errands import Errand
from lifecycle.keeping import WAITS
from lifecycle.model import RefusalCode, Stage, Subject
from lifecycle.port import Approval, Kept, Overtaken
from lifecycle.store import SqlLifecycleStore
from tests.contract.lifecycle_briefs_suite import BriefPromises
from tests.contract.lifecycle_builders import (
    ANN,
    BOB,
    CAT,
    DAY,
    HOUR,
    NOW,
    answer,
    asked,
    emptied,
    enter,
    refused,
    timer,
)
from tests.contract.lifecycle_leaving_suite import LeavingPromises
from tests.contract.lifecycle_letters_suite import LetterPromises
from tests.contract.lifecycle_together_suite import TogetherPromises


class LifecycleContract(BriefPromises, LeavingPromises, LetterPromises, TogetherPromises):
    """Everything that a store of the lifecycle promises; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlLifecycleStore:
        """An empty store: to make the tables anew for each test would take longer than all of them."""
        return emptied(engine)

    # Requests -------------------------------------------------------------------------------------

    def test_a_request_is_on_file_once_and_comes_back_as_it_was(
        self, store: SqlLifecycleStore
    ) -> None:
        """The same edit, told twice, is one request; the first telling stands."""
        first = asked("one")
        assert store.ask([first, first]) == 1
        assert store.ask([replace(first, comment="another"), asked("two", BOB)]) == 1
        assert store.asked(10) == [first, asked("two", BOB)]

    def test_who_waits_longest_is_decided_first(self, store: SqlLifecycleStore) -> None:
        """By when it was meant in its source, and not by when it came in."""
        late, early = asked("late"), asked("early", BOB, at=NOW - HOUR)
        store.ask([late])
        store.ask([early])
        assert store.asked(1) == [early]

    def test_who_cannot_be_decided_about_now_holds_nobody_up(
        self, store: SqlLifecycleStore
    ) -> None:
        """Whoever is named is left out, under the name of today too; the others come in their order."""
        first, second, third = asked("1"), asked("2", BOB), asked("3", CAT)
        store.ask([first, second, third])
        assert store.asked(1, besides={ANN}) == [second]
        store.merge(BOB, CAT, NOW)
        assert store.asked(10, besides={CAT}) == [first]
        assert store.asked(10, besides={ANN, BOB, CAT}) == []

    def test_what_is_decided_waits_no_longer(self, store: SqlLifecycleStore) -> None:
        """By entries, by a refusal, and by nothing at all: somebody stands there already."""
        requests = [asked("entered"), asked("refused", BOB), asked("nothing", CAT)]
        store.ask(requests)
        store.decide(requests[0], [answer(requests[0], 1)], None)
        store.decide(requests[1], [], refused(requests[1]))
        store.decide(requests[2], [], None)
        assert store.asked(10) == []
        assert store.refusals(10) == [refused(requests[1])]

    def test_a_request_is_decided_once(self, store: SqlLifecycleStore) -> None:
        """Whoever comes second changes nothing, whatever they would have done."""
        request = asked("one")
        store.decide(request, [answer(request, 1)], None, [timer()])
        store.decide(request, [answer(request, 2, stage=Stage.SAL)], None, [timer(entry=2)])
        store.decide(request, [], refused(request))
        assert store.history(ANN) == [answer(request, 1)]
        assert store.running(ANN) == [timer()]
        assert store.refusals(10) == []
        assert store.ask([request]) == 0

    # Entries --------------------------------------------------------------------------------------

    def test_an_entry_comes_back_as_it_was_written(self, store: SqlLifecycleStore) -> None:
        """To the microsecond, in whatever zone it was said; a bare one too."""
        full = enter(store, "one", 1)
        bare = replace(
            full, number=2, request_id="two", previous=None, reason=None, sub_reason=None,
            comment=None, reactivate_on=None, cool_until=None, hop=None, trigger=None,
            opportunity=None, handed_to=None, rules=(), evidence=(), skipped=True, conflict_with="x",
        )  # fmt: skip
        store.decide(asked("two"), [bare], None)
        assert store.history(ANN) == [full, bare]
        assert store.history(BOB) == []

    def test_stages_that_were_gone_past_share_the_request(self, store: SqlLifecycleStore) -> None:
        """All of them are on file, or none."""
        request = asked("fast", to=Stage.OPPORTUNITY)
        stages = (Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY)
        entries = [
            answer(request, n, stage=stage, skipped=stage is not Stage.OPPORTUNITY)
            for n, stage in enumerate(stages, 1)
        ]
        store.decide(request, entries, None)
        assert store.history(ANN) == entries
        assert store.standings([ANN])[ANN].stage is Stage.OPPORTUNITY

    @pytest.mark.parametrize("number", [1, 3])
    def test_who_did_not_know_of_an_entry_decides_again(
        self, store: SqlLifecycleStore, number: int
    ) -> None:
        """Nothing of the attempt stays, and its request waits on."""
        first = enter(store, "one", 1)
        late = asked("two", to=Stage.SAL)
        store.ask([late])
        with pytest.raises(Overtaken, match="decide again"):
            store.decide(late, [answer(late, number)], None, [timer(entry=number)])
        assert store.history(ANN) == [first]
        assert store.asked(10) == [late]
        assert store.running(ANN) == []

    def test_a_process_that_dies_in_between_leaves_nothing_half_done(
        self, store: SqlLifecycleStore, engine: Engine
    ) -> None:
        """Everything was written, and the power went off before the commit."""
        request = asked("one")
        store.ask([request])

        def die(_connection: object) -> None:
            raise KeyboardInterrupt

        listen(engine, "commit", die)
        try:
            with pytest.raises(KeyboardInterrupt):
                store.decide(request, [answer(request, 1)], None, [timer()])
        finally:
            remove(engine, "commit", die)
        assert store.asked(10) == [request]
        assert (store.history(ANN), store.standings([ANN]), store.running(ANN)) == ([], {}, [])
        store.decide(request, [answer(request, 1)], None, [timer()])
        assert store.history(ANN) == [answer(request, 1)]

    # Standings ------------------------------------------------------------------------------------

    def test_a_standing_is_what_the_entries_lead_to(self, store: SqlLifecycleStore) -> None:
        """The last one is where somebody stands; who has none stands nowhere."""
        enter(store, "one", 1)
        enter(store, "two", 2, to=Stage.SAL, at=NOW + HOUR)
        store.ask([asked("three", BOB)])
        found = store.standings([ANN, BOB, CAT])
        assert set(found) == {ANN}
        assert (found[ANN].stage, found[ANN].number, found[ANN].since) == (
            Stage.SAL,
            2,
            NOW + HOUR,
        )

    def test_those_in_a_stage_are_gone_through_in_order(self, store: SqlLifecycleStore) -> None:
        """Page by page, each once, and nobody who has left."""
        for subject in (CAT, ANN, BOB):
            enter(store, f"one {subject.key}", 1, subject)
        page = store.in_stage("mql", 2)
        assert [one.subject for one in page] == [ANN, BOB]
        enter(store, "two", 2, BOB, to=Stage.SAL)
        assert [one.subject for one in store.in_stage("mql", 2, after=ANN)] == [CAT]
        assert [one.subject for one in store.in_stage("sal", 2)] == [BOB]

    def test_refusals_are_read_newest_first(self, store: SqlLifecycleStore) -> None:
        """Of everybody, or of one."""
        requests = [asked("one"), asked("two", BOB), asked("three")]
        for request in requests:
            store.decide(request, [], refused(request))
        assert [one.request.id for one in store.refusals(2)] == ["three", "two"]
        assert [one.request.id for one in store.refusals(9, ANN)] == ["three", "one"]

    def test_words_ahead_of_a_verdict_are_read_in_order(self, store: SqlLifecycleStore) -> None:
        """Of these people, the oldest first; what was refused for another reason is none."""
        said = [asked("one"), asked("two", BOB), asked("three"), asked("four")]
        codes: list[RefusalCode] = [WAITS, WAITS, WAITS, "no_reason"]
        for request, code in zip(said, codes, strict=True):
            store.decide(request, [], replace(refused(request), code=code))
        found = store.waiting_words([ANN, CAT])
        assert {who: [one.request.id for one in some] for who, some in found.items()} == {
            ANN: ["one", "three"]
        }

    def test_a_system_holds_an_entry_since_the_first_time_it_was_seen(
        self, store: SqlLifecycleStore
    ) -> None:
        """A second look takes nothing back: the latency is that of the first."""
        enter(store, "one", 1)
        store.written(ANN, 1, System.HUBSPOT, NOW + HOUR)
        store.written(ANN, 1, System.HUBSPOT, NOW + DAY)
        store.written(ANN, 1, System.SALESFORCE, NOW)
        assert store.written_at(ANN) == {
            (ANN, 1, System.HUBSPOT): NOW + HOUR,
            (ANN, 1, System.SALESFORCE): NOW,
        }

    def test_entries_of_a_time_are_found_by_when_they_were_meant(
        self, store: SqlLifecycleStore
    ) -> None:
        """Of everybody, oldest first; whenever we heard of them."""
        second = enter(store, "b", 1, BOB, at=NOW)
        first = enter(store, "a", 1, ANN, at=NOW - HOUR)
        enter(store, "c", 2, ANN, to=Stage.SAL, at=NOW + HOUR)
        assert store.entered(NOW - HOUR, NOW + HOUR) == [first, second]

    # Clocks ---------------------------------------------------------------------------------------

    def test_a_clock_runs_until_it_is_stopped(self, store: SqlLifecycleStore) -> None:
        """With the entry that starts it, and with the one that stops it; it never starts again."""
        enter(store, "one", 1, timers=(timer(),))
        assert store.running(ANN) == [timer()]
        stopped = timer(stopped_at=NOW + HOUR, next_at=None)
        enter(store, "two", 2, to=Stage.SAL, timers=(stopped, timer(entry=2, clock="qualify")))
        assert store.running(ANN) == [timer(entry=2, clock="qualify")]
        enter(store, "three", 3, to=Stage.SQL, timers=(timer(),))
        assert store.running(ANN) == [timer(entry=2, clock="qualify")]

    def test_a_step_is_due_when_its_time_has_come_and_told_once(
        self, store: SqlLifecycleStore
    ) -> None:
        """The longest overdue first; after the last step nothing is due, and the clock runs on."""
        enter(store, "one", 1, timers=(timer(), timer(clock="first_touch", next_at=NOW)))
        half = NOW + DAY / 2
        assert store.due(NOW - timedelta(seconds=1), 9) == []
        assert [one.clock for one in store.due(half, 9)] == ["first_touch", "verdict"]
        [first] = store.due(half, 1)
        store.told(first, 1, None)
        assert [one.clock for one in store.due(half, 9)] == ["verdict"]
        assert [one.step for one in store.running(ANN)] == [1, 0]
        store.told(first, 1, NOW)
        assert [one.clock for one in store.due(half, 9)] == ["verdict"]

    def test_a_clock_starts_and_stops_without_an_entry(self, store: SqlLifecycleStore) -> None:
        """A hand was raised, and somebody was called; what ended for nothing says so."""
        enter(store, "one", 1, timers=(timer(),))
        touch = timer(clock="first_touch", due_at=NOW + HOUR)
        store.keep([touch])
        assert store.running(ANN) == [touch, timer()]
        store.keep(
            [
                touch._replace(stopped_at=NOW, next_at=None),
                timer(stopped_at=NOW, next_at=None, is_void=True),
            ]
        )
        assert (store.running(ANN), store.due(NOW + 9 * DAY, 9)) == ([], [])

    def test_a_clock_that_had_nothing_to_watch_begins_anew(self, store: SqlLifecycleStore) -> None:
        """What stopped for another reason stays so, and so does what nobody began."""
        enter(store, "one", 1, timers=(timer(), timer(clock="first_touch")))
        void = timer(stopped_at=NOW, next_at=None, is_void=True)
        met = timer(clock="first_touch", stopped_at=NOW, next_at=None)
        store.keep([void, met])
        anew = timer(started_at=NOW + DAY, due_at=NOW + 2 * DAY, next_at=NOW + DAY)
        store.begin_anew([anew, met._replace(stopped_at=None), timer(BOB)])
        assert store.running(ANN) == [anew]
        assert store.timers(BOB) == []

    def test_a_letter_that_is_owed_besides_goes_on_file_with_the_decision(
        self, store: SqlLifecycleStore
    ) -> None:
        """Once, and although nothing else is on file of whom it names."""
        owed = Errand("let_go:x", "let_go", "ops", NOW, Subject("contact", "512"))
        for _ in range(2):
            store.decide(asked("r1"), [answer(asked("r1"), 1)], None, letters=[owed])
        assert [one for one in store.owed(9) if one.kind == "let_go"] == [owed]

    def test_how_long_the_last_ones_took_is_told_newest_first(
        self, store: SqlLifecycleStore
    ) -> None:
        """Those that stopped, and watched something until then; of one clock, and not more than asked for."""
        taken = [timer(entry=n, stopped_at=NOW + n * HOUR) for n in (1, 2, 3)]
        void = timer(entry=4, stopped_at=NOW + 4 * HOUR, is_void=True)
        other = timer(entry=1, clock="stale", stopped_at=NOW + 5 * HOUR)
        store.decide(asked("r1"), [answer(asked("r1"), 1)], None, [*taken, void, other, timer()])
        store.keep([timer(entry=9)])
        assert store.lasted("verdict", 2) == [(NOW, NOW + 3 * HOUR), (NOW, NOW + 2 * HOUR)]
        assert store.lasted("stale", 9) == [(NOW, NOW + 5 * HOUR)]

    def test_clocks_are_found_by_when_they_are_due(self, store: SqlLifecycleStore) -> None:
        """Those that stopped too, for the figures; those that run and are late, for a person."""
        for n, subject in enumerate((ANN, BOB)):
            enter(store, f"r{n}", 1, subject)
        late, kept = timer(BOB, due_at=NOW), timer(due_at=NOW, stopped_at=NOW, next_at=None)
        later = timer(clock="first_touch", due_at=NOW + HOUR, started_at=NOW - HOUR)
        store.keep([late, kept, later])
        assert store.timers(ANN) == [later, kept]
        assert store.timers_due(NOW, NOW + HOUR) == [kept, late]
        assert store.overdue(NOW, 9) == [late]
        assert store.overdue(NOW + HOUR, 1) == [late]
        assert store.overdue(NOW + HOUR, 9) == [late, later]

    # Definitions, approvals, tickets --------------------------------------------------------------

    def test_a_version_of_the_definition_is_kept_with_its_text(
        self, store: SqlLifecycleStore
    ) -> None:
        """The same text once; the oldest first."""
        first = Kept("qualified_lead v7", "h7", "version: 7\n名: 有望\n", NOW - DAY, NOW)
        second = Kept("qualified_lead v8", "h8", "version: 8\n", NOW + DAY, NOW - DAY)
        store.put(first)
        store.put(second)
        store.put(first._replace(name="another"))
        assert store.kept() == [first, second]

    def test_a_department_agrees_once_to_a_text(self, store: SqlLifecycleStore) -> None:
        """Another text is agreed to anew."""
        sales = Approval("h7", "sales", "k.tanaka", NOW)
        marketing = Approval("h7", "marketing", "m.sato", NOW - HOUR)
        for one in (sales, marketing, sales._replace(by="somebody else")):
            store.approve(one)
        assert store.approvals("h7") == [marketing, sales]
        assert store.approvals("h8") == []

    def test_a_ticket_is_used_once(self, store: SqlLifecycleStore) -> None:
        """Whoever presses the button a second time is told so."""
        assert [store.spend(one, NOW) for one in ("a", "a", "b")] == [True, False, True]
