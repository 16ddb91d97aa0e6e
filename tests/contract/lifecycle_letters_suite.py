"""What the store of the lifecycle promises of letters: none is lost, none is owed twice."""

from __future__ import annotations

import pytest

from lifecycle.errands import Errand
from lifecycle.model import Role, Stage
from lifecycle.store import SqlLifecycleStore
from tests.contract.lifecycle_builders import ANN, BOB, DAY, HOUR, NOW, answer, asked, refused

SELLER = "seller@example.com"
NOTE = Errand("morning:1", "morning", SELLER, NOW)


def taken(store: SqlLifecycleStore, at: int = 1) -> list[Errand]:
    """What is to be done so many hours later; whoever takes it has an hour."""
    return list(store.take_letters(NOW + at * HOUR, NOW + (at + 1) * HOUR, 10))


class LetterPromises:
    """From what is owed to its end."""

    def test_a_hand_over_owes_a_letter_and_a_send_back_another(
        self, store: SqlLifecycleStore
    ) -> None:
        """On file with the entry that it tells of; a request that is decided twice owes it once."""
        mql, back = asked("one"), asked("two", to=Stage.RECYCLED)
        for _ in range(2):
            store.decide(mql, [answer(mql, 1)], None)
            store.decide(back, [answer(back, 2)], None)
        found = taken(store)
        assert [(one.kind, one.whom, one.subject, one.entry) for one in found] == [
            ("hand_over", SELLER, ANN, 1),
            ("send_back", "marketing", ANN, 2),
        ]

    def test_a_refusal_of_what_was_entered_owes_a_letter_once(
        self, store: SqlLifecycleStore
    ) -> None:
        """On file with the refusal; the same edit heard again, under another number, owes no second one."""
        for name in ("one", "one", "two"):
            request = asked(name)
            store.decide(request, [], refused(request))
        (found,) = taken(store)
        assert (found.kind, found.whom, found.subject) == ("refused", SELLER, ANN)

    @pytest.mark.parametrize(
        "more",
        [
            {"skipped": True},
            {"stage": Stage.SAL},
            {"stage": Stage.RECYCLED, "role": Role.MARKETING},
            {"stage": Stage.RECYCLED, "role": Role.RULE, "reason": "not_worked"},
        ],
    )
    def test_what_is_no_news_owes_nothing(
        self, store: SqlLifecycleStore, more: dict[str, object]
    ) -> None:
        """Stages gone past, acceptances, marketing's own decisions, and the clock's (it has its steps)."""
        request = asked("one")
        store.decide(request, [answer(request, 1, **more)], None)
        assert taken(store) == []

    def test_an_errand_is_owed_once(self, store: SqlLifecycleStore) -> None:
        """Whoever asks for it again asks for the same one, also when it is over."""
        assert store.put_letters([NOTE, NOTE]) == 1
        assert taken(store) == [NOTE._replace(tries=1)]
        store.end(NOTE, "sent", NOW)
        assert store.put_letters([NOTE]) == 0
        assert taken(store, 9) == []

    def test_whoever_takes_a_letter_has_it_for_a_while_and_then_somebody_else(
        self, store: SqlLifecycleStore
    ) -> None:
        """A worker that died with it costs time; how often it was taken is counted."""
        store.put_letters([NOTE])
        assert [one.tries for one in taken(store, 1)] == [1]
        assert list(store.take_letters(NOW + HOUR, NOW + DAY, 10)) == []
        assert [one.tries for one in taken(store, 2)] == [2]

    def test_what_could_not_be_sent_waits_until_its_time(self, store: SqlLifecycleStore) -> None:
        """And what is over stays over, however late somebody else says otherwise."""
        store.put_letters([NOTE])
        taken(store, 1)
        store.again(NOTE, NOW + 5 * HOUR)
        assert taken(store, 4) == []
        assert [one.tries for one in taken(store, 5)] == [2]
        store.end(NOTE, "sent", NOW + 5 * HOUR)
        store.again(NOTE, NOW)
        store.end(NOTE, "status_404", NOW)
        assert taken(store, 9) == []
        assert store.unsent(NOW - DAY, 9) == []

    def test_what_is_owed_can_be_looked_at_without_being_taken(
        self, store: SqlLifecycleStore
    ) -> None:
        """Whoever has it at the moment; what is over is not owed any more."""
        other = NOTE._replace(id="morning:2", at=NOW + HOUR)
        store.put_letters([other, NOTE])
        taken(store)
        assert [(one.id, one.tries) for one in store.owed(9)] == [(NOTE.id, 1), (other.id, 1)]
        assert len(store.owed(1)) == 1
        store.end(NOTE, "sent", NOW)
        assert [one.id for one in store.owed(9)] == [other.id]

    def test_what_reached_nobody_is_told_with_its_reason(self, store: SqlLifecycleStore) -> None:
        """Not what was sent, and not what was no news any more."""
        others = [NOTE._replace(id=f"morning:{n}") for n in (2, 3)]
        store.put_letters([NOTE, *others])
        for one, outcome in zip([NOTE, *others], ("status_404", "sent", "moot"), strict=True):
            store.end(one, outcome, NOW)
        assert [(one.errand.id, one.why, one.at) for one in store.unsent(NOW, 9)] == [
            (NOTE.id, "status_404", NOW)
        ]
        assert store.unsent(NOW + HOUR, 9) == []

    def test_what_is_over_is_forgotten_and_what_is_owed_stays(
        self, store: SqlLifecycleStore
    ) -> None:
        """After a while nobody asks any more."""
        other = NOTE._replace(id="morning:2")
        store.put_letters([NOTE, other])
        store.end(NOTE, "sent", NOW)
        assert store.forget_letters(NOW + DAY) == 1
        assert [one.id for one in taken(store)] == [other.id]

    def test_of_somebody_who_was_erased_nothing_is_told(self, store: SqlLifecycleStore) -> None:
        """Neither what was owed nor what somebody would owe afterwards; others' letters stay."""
        for who, name in ((ANN, "one"), (BOB, "two")):
            request = asked(name, who)
            store.decide(request, [answer(request, 1)], None)
        store.erase(ANN, "p1", NOW)
        late = Errand("clock:x", "clock", SELLER, NOW, ANN, 1, "verdict", 1)
        assert store.put_letters([late]) == 0
        assert [one.subject for one in taken(store)] == [BOB]
