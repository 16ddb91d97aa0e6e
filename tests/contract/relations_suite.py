"""The promises of `connector.relations`, one suite for every system that ties records.

A subclass of `RelationsContract` gives a `tied` fixture: one system seen from outside, as a `World` is
(`tests/contract/world.py`), with records that can be tied.
"""

from __future__ import annotations

import abc

from connector.errors import OutcomeUnknown
from connector.port import Value, Written
from connector.relations import Relations, Tie
from tests.contract.writing_suite import rejected, written


class TiedWorld(abc.ABC):
    """One system with records to tie.

    `relation` is the vendor's word. `left_object` the kind of record that stands left, `text` a field of
    the ties that may hold `values`, None where ties have none. `lefts` and `rights` make that many
    records. `unknown` is a well-formed id of a left record that belongs to nobody.
    """

    relations: Relations
    relation: str
    left_object: str
    text: str | None
    values: tuple[str, ...]
    unknown: str
    paged: int = 250

    @abc.abstractmethod
    def lefts(self, count: int) -> list[str]:
        """People create left-hand records; answers their ids."""

    @abc.abstractmethod
    def rights(self, count: int) -> list[str]:
        """People create right-hand records; answers their ids."""

    @abc.abstractmethod
    def person_ties(self, left: str, right: str, value: Value = None) -> None:
        """A person ties two records; `value` goes into `text`."""

    @abc.abstractmethod
    def person_unties(self, left: str, right: str) -> None:
        """A person ends a tie."""

    @abc.abstractmethod
    def person_deletes_left(self, left: str) -> None:
        """A person deletes a left-hand record."""

    @abc.abstractmethod
    def stored(self) -> dict[tuple[str, str], Value]:
        """What the system really holds: the text of each tie by left and right."""

    @abc.abstractmethod
    def closed(self, right: str) -> bool:
        """Let only `values` stand in the ties of this record; False where the system knows no such thing."""

    @abc.abstractmethod
    def loses_an_answer(self) -> bool:
        """The next writing call is done and its answer never arrives; False where it cannot be ordered."""

    # Told in the words of the tests -------------------------------------------------------------

    @property
    def fields(self) -> list[str]:
        return [] if self.text is None else [self.text]

    def tie(self, left: str, right: str, value: Value = None) -> Tie:
        named = self.text is not None and value is not None
        values: dict[str, Value] = {str(self.text): value} if named else {}
        return Tie(self.left_object, left, right, values)

    def seen(self, *rights: str) -> list[Tie]:
        pages = self.relations.ties(self.relation, list(rights), self.fields)
        return [tie for page in pages for tie in page]

    def pairs_seen(self, *rights: str) -> set[tuple[str, str]]:
        return {(tie.left, tie.right) for tie in self.seen(*rights)}


class RelationsContract:
    """Ties: seen page by page, made and ended in batches, safe to repeat."""

    def test_all_ties_of_the_records_asked_for_are_seen_and_no_others(
        self, tied: TiedWorld
    ) -> None:
        """With the kind of record that stands left."""
        [ann, bob], [first, second, other] = tied.lefts(2), tied.rights(3)
        tied.person_ties(ann, first)
        tied.person_ties(bob, second)
        tied.person_ties(bob, other)
        assert tied.pairs_seen(first, second) == {(ann, first), (bob, second)}
        assert {tie.left_object for tie in tied.seen(first)} == {tied.left_object}

    def test_nobody_asked_for_is_nobody_seen(self, tied: TiedWorld) -> None:
        """And a record without ties has none."""
        [right] = tied.rights(1)
        assert tied.seen() == []
        assert tied.seen(right) == []

    def test_more_than_a_page_is_seen_once_each(self, tied: TiedWorld) -> None:
        """In pages of the vendor's size."""
        people, [right] = tied.lefts(tied.paged), tied.rights(1)
        outcomes = tied.relations.tie_many(
            tied.relation, [tied.tie(person, right) for person in people]
        )
        assert all(isinstance(one, Written) for one in outcomes)
        assert sorted(tie.left for tie in tied.seen(right)) == sorted(people)

    def test_the_own_fields_of_a_tie_come_with_it(self, tied: TiedWorld) -> None:
        """Those that were asked for, blank ones as None."""
        [ann, bob], [right] = tied.lefts(2), tied.rights(1)
        value = tied.values[0] if tied.values else None
        tied.person_ties(ann, right, value)
        tied.person_ties(bob, right)
        found = {tie.left: tie.values for tie in tied.seen(right)}
        if tied.text is None:
            assert found == {ann: {}, bob: {}}
        else:
            assert found[ann] == {tied.text: value}
            assert set(found[bob]) == {tied.text}

    def test_a_tie_that_was_ended_or_lost_its_record_is_not_seen(self, tied: TiedWorld) -> None:
        """Deleted ones never appear."""
        [ann, bob], [right] = tied.lefts(2), tied.rights(1)
        tied.person_ties(ann, right)
        tied.person_ties(bob, right)
        tied.person_unties(ann, right)
        tied.person_deletes_left(bob)
        assert tied.seen(right) == []

    def test_what_is_tied_is_there(self, tied: TiedWorld) -> None:
        """One outcome per tie, in input order, with its value."""
        [ann, bob], [right] = tied.lefts(2), tied.rights(1)
        value = tied.values[0] if tied.values else None
        ties = [tied.tie(ann, right, value), tied.tie(bob, right)]
        for outcome in tied.relations.tie_many(tied.relation, ties):
            written(outcome)
        assert set(tied.stored()) == {(ann, right), (bob, right)}
        if tied.text is not None:
            assert tied.stored()[ann, right] == value

    def test_tying_again_sets_the_values_and_makes_no_second_tie(self, tied: TiedWorld) -> None:
        """Safe to repeat; a repeat without values changes none."""
        [ann], [right] = tied.lefts(1), tied.rights(1)
        last = tied.values[-1] if tied.values else None
        for value in (*tied.values, None):
            [outcome] = tied.relations.tie_many(tied.relation, [tied.tie(ann, right, value)])
            written(outcome)
        assert len(tied.seen(right)) == 1
        if tied.text is not None:
            assert tied.stored() == {(ann, right): last}

    def test_what_is_untied_is_gone_and_may_be_untied_again(self, tied: TiedWorld) -> None:
        """Other ties of both records stay."""
        [ann, bob], [first, second] = tied.lefts(2), tied.rights(2)
        for left, right in ((ann, first), (ann, second), (bob, first)):
            tied.person_ties(left, right)
        there = next(tie for tie in tied.seen(first) if tie.left == ann)
        for _ in range(2):
            [outcome] = tied.relations.untie_many(tied.relation, [there])
            written(outcome)
        assert set(tied.stored()) == {(ann, second), (bob, first)}

    def test_a_tie_with_a_record_that_is_not_there_does_not_stop_its_batch(
        self, tied: TiedWorld
    ) -> None:
        """It is refused; its neighbours are made."""
        [ann, bob], [right] = tied.lefts(2), tied.rights(1)
        ties = [tied.tie(one, right) for one in (ann, tied.unknown, bob)]
        first, bad, last = tied.relations.tie_many(tied.relation, ties)
        written(first)
        written(last)
        assert rejected(bad).cause in {"not_found", "bad_reference"}
        assert set(tied.stored()) == {(ann, right), (bob, right)}

    def test_nothing_to_write_is_no_call(self, tied: TiedWorld) -> None:
        """And no outcome."""
        assert tied.relations.tie_many(tied.relation, []) == []
        assert tied.relations.untie_many(tied.relation, []) == []

    def test_what_may_stand_in_a_tie_is_told_by_its_right_hand_record(
        self, tied: TiedWorld
    ) -> None:
        """By field; a field that takes anything is not told of."""
        [first, second] = tied.rights(2)
        if not tied.closed(first):
            assert tied.relations.values_allowed(tied.relation, first) == {}
            return
        allowed = tied.relations.values_allowed(tied.relation, first)
        assert list(allowed) == tied.fields
        assert set(tied.values) <= set(allowed[str(tied.text)])
        tied.relations.values_allowed(tied.relation, second)

    def test_a_lost_answer_is_told_as_such_and_asking_again_is_safe(self, tied: TiedWorld) -> None:
        """The write landed and nobody heard of it; a connector that may ask again has done so itself."""
        [ann], [right] = tied.lefts(1), tied.rights(1)
        if not tied.loses_an_answer():
            return
        [outcome] = tied.relations.tie_many(tied.relation, [tied.tie(ann, right)])
        assert isinstance(outcome, OutcomeUnknown | Written)
        [again] = tied.relations.tie_many(tied.relation, [tied.tie(ann, right)])
        written(again)
        assert set(tied.stored()) == {(ann, right)}
