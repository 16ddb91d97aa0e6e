"""The promises for bad days: busy, unreachable, lost answers. See `connector_suite.py` beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connector.errors import ConnectorError, OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.port import Change, Connector, Draft, NewField, Outcome, Written
from tests.contract.world import Trouble, World


def order(world: World, trouble: Trouble) -> None:
    """Order it, or leave the test where this system cannot be made to misbehave so."""
    if not world.order(trouble):
        pytest.skip(f"this system cannot be made to show {trouble.value}")


TODAY = datetime(2026, 11, 24, 8, tzinfo=UTC)
READS: dict[str, Callable[[Connector, str, str, str], object]] = {
    "ping": lambda c, name, field, someone: c.ping(),
    "describe": lambda c, name, field, someone: c.describe(name),
    "list_all": lambda c, name, field, someone: list(c.list_all(name, [field])),
    "get_many": lambda c, name, field, someone: c.get_many(name, [someone], [field]),
    "changed_since": lambda c, name, field, someone: list(
        c.changed_since(name, [field], c.cursor_at(TODAY))
    ),
    "deleted_since": lambda c, name, field, someone: c.deleted_since(name, c.cursor_at(TODAY)),
    "find_many": lambda c, name, field, someone: c.find_many(name, field, ["a"], [field]),
}


class TroubleContract:
    """Errors are named after what the caller does next."""

    def test_a_short_busy_spell_is_waited_out_or_told(self, world: World) -> None:
        """Written, or `TryLater` with nothing done; never a refusal of the record."""
        person = world.person_creates(text="a")
        order(world, Trouble.BUSY_ONCE)
        change = Change(person, {world.names.text: "b"})
        outcome: Outcome
        try:
            [outcome] = world.connector.update_many(world.names.object, [change])
        except TryLater as busy:
            outcome = busy
        assert isinstance(outcome, Written | TryLater)
        assert not isinstance(outcome, OutcomeUnknown)
        assert world.text_of(person) == ("b" if isinstance(outcome, Written) else "a")
        world.calm()
        [outcome] = world.connector.update_many(world.names.object, [change])
        assert isinstance(outcome, Written)

    @pytest.mark.parametrize("verb", sorted(READS))
    def test_a_busy_system_is_try_later(self, world: World, verb: str) -> None:
        """After bounded retries, with how long to wait."""
        order(world, Trouble.BUSY)
        with pytest.raises(TryLater) as busy:
            READS[verb](world.connector, world.names.object, world.names.key, world.unknown_id)
        assert busy.value.after > 0
        assert busy.value.system == world.connector.system.value

    @pytest.mark.parametrize("verb", sorted(READS))
    def test_wrong_credentials_block_the_system(self, world: World, verb: str) -> None:
        """With advice for a person; retrying would lock the user out."""
        order(world, Trouble.CREDENTIALS)
        with pytest.raises(SystemBlocked) as blocked:
            READS[verb](world.connector, world.names.object, world.names.key, world.unknown_id)
        assert blocked.value.cause == "credentials"
        assert blocked.value.advice

    def test_wrong_credentials_are_no_refusal_of_a_record(self, world: World) -> None:
        """A write raises instead of parking every record of the batch."""
        person = world.person_creates(text="a")
        order(world, Trouble.CREDENTIALS)
        with pytest.raises(SystemBlocked):
            world.connector.update_many(
                world.names.object, [Change(person, {world.names.text: "b"})]
            )
        assert world.text_of(person) == "a"

    @pytest.mark.parametrize("verb", sorted(READS))
    def test_a_web_page_is_no_answer(self, world: World, verb: str) -> None:
        """A proxy's page with status 200 is an error and never an empty or blank result."""
        order(world, Trouble.HTML)
        with pytest.raises((SystemBlocked, TryLater)):
            READS[verb](world.connector, world.names.object, world.names.key, world.unknown_id)

    def test_a_web_page_is_no_receipt(self, world: World) -> None:
        """A write that is answered so is not taken for written."""
        person = world.person_creates(text="a")
        order(world, Trouble.HTML)
        try:
            [outcome] = world.connector.update_many(
                world.names.object, [Change(person, {world.names.text: "b"})]
            )
        except ConnectorError as error:
            assert not isinstance(error, Rejected)
        else:
            assert isinstance(outcome, TryLater)

    def test_a_lost_answer_to_a_birth_is_settled_by_its_key(self, world: World) -> None:
        """`OutcomeUnknown` for each input; the key shows what landed; a repeat makes nothing twice."""
        drafts: list[Draft] = [world.draft(f"k-{n}", text=str(n)) for n in range(3)]
        order(world, Trouble.LOST_ANSWER)
        outcomes = world.connector.create_many(world.names.object, drafts)
        assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3
        world.calm()
        keys = [draft.key for draft in drafts]
        found = world.connector.find_many(
            world.names.object, world.names.key, keys, [world.names.text]
        )
        landed = {key: [record.values[world.names.text] for record in found[key]] for key in keys}
        assert landed == {"k-0": ["0"], "k-1": ["1"], "k-2": ["2"]}
        world.connector.create_many(world.names.object, drafts)
        assert [len(world.holding_key(key)) for key in keys] == [1, 1, 1]

    def test_a_lost_answer_to_an_update_is_not_repeated_blindly(self, world: World) -> None:
        """The caller decides; until then the outcome is unknown."""
        person = world.person_creates(text="a")
        order(world, Trouble.LOST_ANSWER)
        change = Change(person, {world.names.text: "b"})
        [outcome] = world.connector.update_many(world.names.object, [change])
        assert isinstance(outcome, OutcomeUnknown)
        world.calm()
        assert world.read(person, "text").values == {world.names.text: "b"}

    def test_an_input_that_the_answer_leaves_out_has_failed(self, world: World) -> None:
        """`not_answered`, at its own place."""
        first, last = world.crowd(2)
        order(world, Trouble.LEFT_OUT)
        changes = [Change(person, {world.names.text: "x"}) for person in (first, last)]
        outcomes = world.connector.update_many(world.names.object, changes)
        causes = [o.cause if isinstance(o, Rejected) else "written" for o in outcomes]
        assert sorted(causes) == ["not_answered", "written"]

    def test_an_edit_that_shows_late_is_not_missed(self, world: World) -> None:
        """It carries an older time than the look that could not see it yet."""
        person = world.person_creates(text="a")
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        order(world, Trouble.LATE)
        world.person_edits(person, {world.names.text: "late"})
        world.forward(1)
        early, cursor = world.changed(cursor)
        world.forward(30)
        assert person in early | world.changed(cursor)[0]

    def test_without_the_right_to_create_fields_the_system_says_so(self, world: World) -> None:
        """`SystemBlocked(permission)`, so that `init` can print the steps instead."""
        order(world, Trouble.NO_SETUP)
        with pytest.raises(SystemBlocked) as blocked:
            world.connector.create_field(NewField(world.names.object, "kakehashi_x__c", "X"))
        assert blocked.value.cause == "permission"
        assert blocked.value.advice
