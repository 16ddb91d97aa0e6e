"""The promises about merging and erasing: `merge`, `erase_many`. See `tests/contract/connector_suite.py`.

Beyond what every `World` offers, a world that can be put to this test is a `LivingWorld`::

    class HubSpotWorld(LivingWorld):
        can_merge = True
        erases = True
        merge_makes_a_new_record = True

        def person_restores(self, record_id): ...
        def in_the_bin(self): ...
"""

from __future__ import annotations

import abc

import pytest

from connector.errors import OutcomeUnknown, Rejected
from connector.port import Change, Fate, Outcome, Written
from tests.contract.world import Trouble, World


class LivingWorld(World):
    """A world whose records are merged, erased and restored.

    `can_merge`: the vendor merges records of the object that is tried. `erases`: `erase_many` leaves
    nothing of them in the recycle bin. `merge_makes_a_new_record`: the survivor has an id of its own.
    `most_losers` is how many losers a test may merge at once.
    """

    can_merge: bool = True
    erases: bool = True
    merge_makes_a_new_record: bool = False
    most_losers: int = 2

    @abc.abstractmethod
    def person_restores(self, record_id: str) -> None:
        """A person takes a record out of the recycle bin, under the same id."""

    @abc.abstractmethod
    def in_the_bin(self) -> set[str]:
        """Ids of the records in the recycle bin."""


def written(outcome: Outcome) -> Written:
    assert isinstance(outcome, Written), outcome
    return outcome


def merged(world: LivingWorld, winner: str, *losers: str) -> str:
    return written(world.connector.merge(world.names.object, winner, losers)).id


class MergingContract:
    """merge."""

    @pytest.fixture(autouse=True)
    def _merges(self, world: LivingWorld) -> None:
        if not world.can_merge:
            pytest.skip("this system merges no records of this object")

    def test_one_record_is_left_and_the_outcome_names_it(self, world: LivingWorld) -> None:
        """The winner's values stay, and the blanks are filled as the vendor fills them."""
        winner = world.person_creates(text="winner", email="ann@example.com")
        loser = world.person_creates(text="loser", email="ann@example.co.jp")
        survivor = merged(world, winner, loser)
        assert set(world.stored()) == {survivor}
        assert (survivor != winner) is world.merge_makes_a_new_record
        assert survivor != loser
        assert world.text_of(survivor) == "winner"

    def test_every_id_that_took_part_leads_to_the_survivor(self, world: LivingWorld) -> None:
        """Its fate is live, and the others' is merged into it."""
        winner, *losers = world.crowd(1 + world.most_losers)
        survivor = merged(world, winner, *losers)
        gone = {winner, *losers} - {survivor}
        fates = world.connector.fates(world.names.object, [*sorted(gone), survivor])
        assert fates[survivor].kind == "live"
        for loser in gone:
            following = fates[loser]
            while following.into not in {None, survivor}:
                assert following.into is not None
                into = following.into
                following = world.connector.fates(world.names.object, [into])[into]
            assert (following.kind, following.into) == ("merged", survivor)

    def test_several_losers_end_in_one_record(self, world: LivingWorld) -> None:
        """Whatever the vendor does with them one by one."""
        winner, *losers = world.crowd(1 + world.most_losers)
        assert set(world.stored()) == {winner, *losers}
        survivor = merged(world, winner, *losers)
        assert set(world.stored()) == {survivor}

    def test_repeating_a_merge_that_landed_answers_its_survivor(self, world: LivingWorld) -> None:
        """As after an answer that never came."""
        winner, loser = world.crowd(2)
        survivor = merged(world, winner, loser)
        assert merged(world, winner, loser) == survivor
        assert set(world.stored()) == {survivor}

    def test_a_lost_answer_is_told_as_such_and_the_repeat_finds_the_survivor(
        self, world: LivingWorld
    ) -> None:
        """Nothing is merged twice."""
        winner, loser, stranger = world.crowd(3)
        if not world.order(Trouble.LOST_ANSWER):
            pytest.skip("this system cannot lose an answer")
        outcome = world.connector.merge(world.names.object, winner, [loser])
        assert isinstance(outcome, OutcomeUnknown)
        survivor = merged(world, winner, loser)
        assert set(world.stored()) == {survivor, stranger}

    def test_an_unknown_loser_is_refused_and_nobody_is_merged(self, world: LivingWorld) -> None:
        """The winner is as it was."""
        [winner] = world.crowd(1)
        outcome = world.connector.merge(world.names.object, winner, [world.unknown_id])
        assert isinstance(outcome, Rejected)
        assert set(world.stored()) == {winner}

    def test_a_deleted_loser_is_refused(self, world: LivingWorld) -> None:
        """A merge brings nothing back."""
        winner, loser = world.crowd(2)
        world.person_deletes(loser)
        outcome = world.connector.merge(world.names.object, winner, [loser])
        assert isinstance(outcome, Rejected)
        assert set(world.stored()) == {winner}

    def test_a_chain_of_merges_is_told_step_by_step(self, world: LivingWorld) -> None:
        """A into B, B into C: the fate of B is C, and that of A leads there."""
        first, second, third = world.crowd(3)
        between = world.person_merges(first, second)
        survivor = world.person_merges(between, third)
        fates = world.connector.fates(world.names.object, [first, between])
        assert fates[between] == Fate("merged", survivor)
        assert fates[first].kind == "merged"

    def test_the_survivor_is_written_like_any_other(self, world: LivingWorld) -> None:
        """Under the id that the outcome named."""
        winner, loser = world.crowd(2)
        survivor = merged(world, winner, loser)
        change = Change(survivor, {world.names.text: "after"})
        [outcome] = world.connector.update_many(world.names.object, [change])
        assert written(outcome).id == survivor
        assert world.text_of(survivor) == "after"

    def test_to_merge_a_record_with_itself_is_our_own_mistake(self, world: LivingWorld) -> None:
        """ValueError, before anything is sent."""
        [winner] = world.crowd(1)
        writes = world.connector.calls.writes
        with pytest.raises(ValueError, match="merge"):
            world.connector.merge(world.names.object, winner, [winner])
        assert world.connector.calls.writes == writes


class ErasingContract:
    """erase_many."""

    def test_nothing_is_left_of_what_is_erased(self, world: LivingWorld) -> None:
        """Not in the recycle bin either, where the vendor has such a call."""
        gone, stays = world.crowd(2)
        [outcome] = world.connector.erase_many(world.names.object, [gone])
        assert written(outcome).id == gone
        assert set(world.stored()) == {stays}
        if world.erases:
            assert world.in_the_bin() == set()

    def test_erasing_what_is_gone_succeeds(self, world: LivingWorld) -> None:
        """A repeat after a lost answer must not fail; an id of nobody is gone, too."""
        gone, stays = world.crowd(2)
        for _ in range(2):
            outcomes = world.connector.erase_many(world.names.object, [gone, world.unknown_id])
            assert [written(outcome).id for outcome in outcomes] == [gone, world.unknown_id]
        assert set(world.stored()) == {stays}

    def test_many_are_erased_in_order(self, world: LivingWorld) -> None:
        """One outcome each, over more than one call."""
        *people, stays = world.crowd(122)
        outcomes = world.connector.erase_many(world.names.object, people)
        assert [written(outcome).id for outcome in outcomes] == people
        assert set(world.stored()) == {stays}

    def test_what_lies_in_the_bin_is_erased_or_refused(self, world: LivingWorld) -> None:
        """Never called done while it is still there."""
        if not world.erases:
            pytest.skip("this system empties its bin by itself")
        [person] = world.crowd(1)
        world.person_deletes(person)
        [outcome] = world.connector.erase_many(world.names.object, [person])
        if isinstance(outcome, Written):
            assert world.in_the_bin() == set()
        else:
            assert isinstance(outcome, Rejected)
            assert outcome.cause == "deleted"

    def test_a_lost_answer_is_told_as_such(self, world: LivingWorld) -> None:
        """Or is found out to have landed; the repeat succeeds."""
        [gone] = world.crowd(1)
        if not world.order(Trouble.LOST_ANSWER):
            pytest.skip("this system cannot lose an answer")
        [outcome] = world.connector.erase_many(world.names.object, [gone])
        assert isinstance(outcome, Written | OutcomeUnknown)
        [again] = world.connector.erase_many(world.names.object, [gone])
        assert written(again).id == gone
        assert world.stored() == {}


class RestoringContract:
    """What a person takes out of the bin is there again."""

    def test_a_restored_record_is_live_under_its_old_id(self, world: LivingWorld) -> None:
        """It is read, listed and told as changed."""
        person = world.person_creates(text="a", email="ann@example.com")
        world.connector.delete_many(world.names.object, [person])
        assert world.connector.fates(world.names.object, [person])[person].kind == "deleted"
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        world.person_restores(person)
        assert world.connector.fates(world.names.object, [person])[person].kind == "live"
        assert world.read(person, "text").values == {world.names.text: "a"}
        assert [r.id for page in world.listed() for r in page.records] == [person]
        world.forward(120)
        assert world.changed(cursor)[0] == {person}


class LifeContract(MergingContract, ErasingContract, RestoringContract):
    """All of them. A subclass named ``Test…`` gives the fixture `world`, a `LivingWorld`."""
