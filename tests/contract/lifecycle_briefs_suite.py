"""What the store of the lifecycle promises of briefs: on file with a decision, and gone with the person."""

from __future__ import annotations

from sqlalchemy import Engine, select

from database.tables import metadata
from lifecycle.model import Brief, Stage, Subject
from lifecycle.store import SqlLifecycleStore
from tests.contract.lifecycle_builders import ANN, BOB, CAT, DAY, HOUR, NOW, answer, asked, enter


def brief(subject: Subject = ANN, hours: int = 0, card: str | None = "why now") -> Brief:
    return Brief(
        subject=subject,
        at=NOW + hours * HOUR,
        completeness=0.5,
        asked=("budget",),
        missing=("timeframe", "authority"),
        card=card,
    )


class BriefPromises:
    """From the hand-over to the erasure."""

    def test_a_brief_is_on_file_with_the_decision_and_once(self, store: SqlLifecycleStore) -> None:
        """A request that was decided before brings none."""
        request = asked("one")
        store.decide(request, [answer(request, 1)], None, (), brief())
        store.decide(request, [answer(request, 1)], None, (), brief(hours=1, card="another"))
        assert store.briefs([ANN, BOB]) == {ANN: brief()}

    def test_what_is_known_later_leaves_the_card_and_what_was_known_before_leaves_all(
        self, store: SqlLifecycleStore
    ) -> None:
        """A card is replaced by that of another hand-over; two workers may come in any order."""
        enter(store, "one", 1)
        store.put_brief(brief())
        store.put_brief(brief(hours=2, card=None))
        store.put_brief(brief(hours=1, card="too late"))
        assert store.briefs([ANN]) == {ANN: brief(hours=2)}
        store.put_brief(brief(hours=3, card="another"))
        assert store.briefs([ANN])[ANN].card == "another"

    def test_a_card_that_must_not_be_held_is_gone_and_the_questions_stay(
        self, store: SqlLifecycleStore
    ) -> None:
        """What is known by answers is nobody's trail; others keep theirs."""
        for who in (ANN, BOB):
            enter(store, who.key, 1, who)
            store.put_brief(brief(who))
        store.put_brief(brief(hours=1, card=""))
        store.put_brief(brief(hours=2, card=None))
        assert store.briefs([ANN, BOB]) == {ANN: brief(hours=2, card=""), BOB: brief(BOB)}

    def test_of_two_who_are_one_the_last_of_both_counts(self, store: SqlLifecycleStore) -> None:
        """What was put last of any of them, and the last card; both names lead to it."""
        for who, hours, card in ((BOB, 1, None), (ANN, 0, "of Ann")):
            enter(store, who.key, 1, who)
            store.put_brief(brief(who, hours, card))
        store.merge(BOB, ANN, NOW + DAY)
        found = brief(ANN, 1, "of Ann")
        assert store.briefs([ANN, BOB]) == {ANN: found, BOB: found}

    def test_of_who_was_erased_no_brief_is_left_and_none_comes_back(
        self, store: SqlLifecycleStore, engine: Engine
    ) -> None:
        """Neither under a name that led there, nor by a worker who still knows them."""
        for who in (ANN, BOB, CAT):
            enter(store, who.key, 1, who, to=Stage.MQL)
            store.put_brief(brief(who))
        store.merge(BOB, ANN, NOW)
        store.erase(ANN, "p1", NOW + DAY)
        store.put_brief(brief(hours=9))
        with engine.connect() as connection:
            table = metadata.tables["lifecycle_brief"]
            assert connection.scalars(select(table.c.subject)).all() == ["person:cat"]
