"""The promises of the writing verbs. See `tests/contract/connector_suite.py`."""

from __future__ import annotations

import pytest

from connector.errors import Rejected
from connector.port import Change, Outcome, Written
from tests.contract.world import World


def written(outcome: Outcome) -> Written:
    assert isinstance(outcome, Written), outcome
    return outcome


def rejected(outcome: Outcome) -> Rejected:
    assert isinstance(outcome, Rejected), outcome
    return outcome


class CreatingContract:
    """create_many."""

    def test_what_is_created_is_there(self, world: World) -> None:
        """With its values and its key; the outcome names its id."""
        draft = world.draft("k-1", text="a", email="ann@example.com")
        [outcome] = world.connector.create_many(world.names.object, [draft])
        assert written(outcome).created
        record = world.read(written(outcome).id, "text", "email", "key")
        assert record.values == {
            world.names.text: "a",
            world.names.email: "ann@example.com",
            world.names.key: "k-1",
        }
        assert record.modified_by_us in {True, None}

    def test_creating_twice_by_key_makes_one_record(self, world: World) -> None:
        """The second time it is updated, or answered as a duplicate that names the first."""
        [first] = world.connector.create_many(world.names.object, [world.draft("k-1", text="a")])
        [again] = world.connector.create_many(world.names.object, [world.draft("k-1", text="b")])
        record_id = written(first).id
        assert world.holding_key("k-1") == [record_id]
        if isinstance(again, Rejected):
            assert (again.cause, again.existing_id) == ("duplicate", record_id)
        else:
            assert (written(again).id, written(again).created) == (record_id, False)
            assert world.text_of(record_id) == "b"

    def test_more_than_one_call_takes_are_created_in_order(self, world: World) -> None:
        """One outcome per draft: the n-th outcome is the n-th draft's record."""
        drafts = [world.draft(f"k-{n}", text=str(n)) for n in range(251)]
        outcomes = world.connector.create_many(world.names.object, drafts)
        texts = [world.stored()[written(outcome).id][world.names.text] for outcome in outcomes]
        assert texts == [str(n) for n in range(251)]

    def test_a_bad_draft_does_not_stop_its_batch(self, world: World) -> None:
        """It is refused by field and cause; its neighbours are born."""
        drafts = [
            world.draft("k-1", text="a"),
            world.draft("k-2", text="b", email="no address at all"),
            world.draft("k-3", text="c"),
        ]
        first, bad, last = world.connector.create_many(world.names.object, drafts)
        assert world.text_of(written(first).id) == "a"
        assert world.text_of(written(last).id) == "c"
        assert rejected(bad).cause == "invalid_email"
        assert rejected(bad).fields == (world.names.email,)
        assert world.holding_key("k-2") == []

    def test_a_taken_email_names_the_record_in_the_way(self, world: World) -> None:
        """Where e-mail is unique; elsewhere there are two records then."""
        there = world.person_creates(email="ann@example.com", text="a")
        drafts = [world.draft("k-1", email="Ann@example.com"), world.draft("k-2", text="b")]
        taken, free = world.connector.create_many(world.names.object, drafts)
        assert world.text_of(written(free).id) == "b"
        if world.email_is_unique:
            assert (rejected(taken).cause, rejected(taken).existing_id) == ("duplicate", there)
        else:
            assert world.holding_key("k-1") == [written(taken).id]

    def test_a_missing_required_field_is_named(self, world: World) -> None:
        """Where the system demands any."""
        if not world.names.required:
            pytest.skip("this object demands nothing")
        name = next(iter(world.names.required))
        draft = world.draft("k-1", text="a")
        without = {field: value for field, value in draft.values.items() if field != name}
        bare = type(draft)(without, draft.key_field, draft.key)
        bad, good = world.connector.create_many(
            world.names.object, [bare, world.draft("k-2", text="b")]
        )
        assert rejected(bad).cause == "required_blank"
        assert rejected(bad).fields == (name,)
        assert written(good).created


class UpdatingContract:
    """update_many."""

    def test_only_the_fields_that_are_given_move(self, world: World) -> None:
        """The others stay as they are."""
        person = world.person_creates(text="a", email="ann@example.com")
        [outcome] = world.connector.update_many(
            world.names.object, [Change(person, {world.names.text: "b"})]
        )
        assert (written(outcome).id, written(outcome).created) == (person, False)
        assert world.read(person, "text", "email").values == {
            world.names.text: "b",
            world.names.email: "ann@example.com",
        }

    def test_none_clears_a_field(self, world: World) -> None:
        """However the vendor wants to be told."""
        person = world.person_creates(text="a")
        [outcome] = world.connector.update_many(
            world.names.object, [Change(person, {world.names.text: None})]
        )
        written(outcome)
        assert world.text_of(person) is None
        assert world.read(person, "text").values == {world.names.text: None}

    def test_outcomes_stand_in_the_order_of_the_changes(self, world: World) -> None:
        """Whatever the order of the vendor's answer, over more than one call."""
        people = list(reversed(world.crowd(251)))
        changes = [Change(person, {world.names.text: f"new {person}"}) for person in people]
        outcomes = world.connector.update_many(world.names.object, changes)
        assert [written(outcome).id for outcome in outcomes] == people
        stored = world.stored()
        assert all(stored[person][world.names.text] == f"new {person}" for person in people)

    def test_a_bad_row_does_not_stop_its_batch(self, world: World) -> None:
        """Each row has an outcome of its own."""
        first, bad, last = world.crowd(3)
        outcomes = world.connector.update_many(
            world.names.object,
            [
                Change(first, {world.names.text: "x"}),
                Change(bad, {world.names.email: "no address", world.names.text: "x"}),
                Change(last, {world.names.text: "x"}),
            ],
        )
        assert [type(outcome) for outcome in outcomes] == [Written, Rejected, Written]
        assert rejected(outcomes[1]).cause == "invalid_email"
        assert rejected(outcomes[1]).fields == (world.names.email,)
        assert [world.text_of(person) for person in (first, bad, last)] == ["x", "1", "x"]

    def test_an_unknown_field_is_refused_by_name(self, world: World) -> None:
        """The rows beside it are written."""
        bad, good = world.crowd(2)
        refused, taken = world.connector.update_many(
            world.names.object,
            [Change(bad, {world.names.unknown: "x"}), Change(good, {world.names.text: "x"})],
        )
        assert rejected(refused).cause == "no_such_field"
        assert rejected(refused).fields == (world.names.unknown,)
        assert written(taken).id == good
        assert world.text_of(good) == "x"

    def test_unknown_and_deleted_records_are_refused(self, world: World) -> None:
        """`not_found` or `deleted`; the live record beside them is written."""
        gone, live = world.crowd(2)
        world.person_deletes(gone)
        ids = [gone, world.unknown_id, live]
        changes = [Change(record_id, {world.names.text: "x"}) for record_id in ids]
        deleted, unknown, taken = world.connector.update_many(world.names.object, changes)
        assert rejected(deleted).cause in {"deleted", "not_found"}
        assert rejected(unknown).cause in {"not_found", "other"}
        assert written(taken).id == live
        assert world.text_of(live) == "x"

    def test_the_same_record_twice_is_our_own_mistake(self, world: World) -> None:
        """ValueError, before anything is sent."""
        person = world.person_creates(text="a")
        writes = world.connector.calls.writes
        changes = [Change(person, {world.names.text: text}) for text in ("b", "c")]
        with pytest.raises(ValueError, match=r"twice|same"):
            world.connector.update_many(world.names.object, changes)
        assert world.text_of(person) == "a"
        assert world.connector.calls.writes == writes

    @pytest.mark.parametrize(
        "text",
        ["x" * 250, "株" * 250, "line one\nline two", 'a "quoted" <b>&amp;</b> \\ text', "0", "🌉"],
    )
    def test_a_text_comes_back_as_it_was_given(self, world: World, text: str) -> None:
        """Long, Japanese, quoted, of several lines, or looking like something else."""
        person = world.person_creates(text="a")
        [outcome] = world.connector.update_many(
            world.names.object, [Change(person, {world.names.text: text})]
        )
        written(outcome)
        assert world.read(person, "text").values == {world.names.text: text}

    def test_a_value_at_the_limit_is_taken_and_one_more_is_refused(self, world: World) -> None:
        """By name and cause `too_long`, never cut without a word."""
        if world.names.short is None:
            pytest.skip("this system knows no short field")
        fits, bad = world.crowd(2)
        limit = world.names.short_length
        taken, refused = world.connector.update_many(
            world.names.object,
            [
                Change(fits, {world.names.short: "x" * limit}),
                Change(bad, {world.names.short: "x" * (limit + 1)}),
            ],
        )
        assert written(taken).id == fits
        assert rejected(refused).cause == "too_long"
        assert rejected(refused).fields == (world.names.short,)

    def test_a_taken_key_names_its_holder(self, world: World) -> None:
        """Two records never hold one key."""
        holder = world.person_creates(text="a", key="k-1")
        other = world.person_creates(text="b")
        [outcome] = world.connector.update_many(
            world.names.object, [Change(other, {world.names.key: "k-1"})]
        )
        assert rejected(outcome).cause == "duplicate"
        assert rejected(outcome).existing_id in {holder, None}
        assert world.holding_key("k-1") == [holder]


class DeletingContract:
    """delete_many."""

    def test_a_deleted_record_is_gone_and_deleting_it_again_is_fine(self, world: World) -> None:
        """A repeat after a lost answer must not fail."""
        gone, stays = world.crowd(2)
        for _ in range(2):
            [outcome] = world.connector.delete_many(world.names.object, [gone])
            assert written(outcome).id == gone
        assert set(world.stored()) == {stays}

    def test_many_are_deleted_in_one_go(self, world: World) -> None:
        """One outcome each, in order."""
        *people, stays = world.crowd(252)
        outcomes = world.connector.delete_many(world.names.object, people)
        assert [written(outcome).id for outcome in outcomes] == people
        assert set(world.stored()) == {stays}
