"""The promises about the end of records that we ask for ourselves: merge and erase_many.

See `tests/contract/connector_suite.py`; written for Salesforce, which can show all of it.
"""

from __future__ import annotations

from connector.errors import OutcomeUnknown, Rejected
from connector.port import Fate, Written
from tests.contract.world import Trouble, World


class MergingContract:
    """merge, and the fates of whom it ate."""

    def test_the_losers_are_told_to_be_in_the_survivor(self, world: World) -> None:
        """It keeps its own values; the losers are gone from every list."""
        winner, loser = world.crowd(2)
        done = world.connector.merge(world.names.object, winner, [loser])
        assert isinstance(done, Written)
        fates = world.connector.fates(world.names.object, [winner, loser])
        assert fates[loser] == Fate("merged", done.id)
        assert fates[done.id if done.id in fates else winner].kind == "live"
        assert loser not in {record.id for page in world.listed() for record in page.records}
        assert world.text_of(done.id) == "0"

    def test_a_merge_that_landed_may_be_asked_for_again(self, world: World) -> None:
        """The answer is the survivor, and nothing else changes."""
        winner, loser = world.crowd(2)
        first = world.connector.merge(world.names.object, winner, [loser])
        again = world.connector.merge(world.names.object, winner, [loser])
        assert isinstance(again, Written)
        assert isinstance(first, Written)
        assert again.id == first.id

    def test_a_lost_answer_is_not_a_lost_merge(self, world: World) -> None:
        """The outcome is unknown; asking again settles it."""
        winner, loser = world.crowd(2)
        world.order(Trouble.LOST_ANSWER)
        assert isinstance(
            world.connector.merge(world.names.object, winner, [loser]), OutcomeUnknown
        )
        assert isinstance(world.connector.merge(world.names.object, winner, [loser]), Written)
        assert len(world.stored()) == 1

    def test_any_number_of_losers(self, world: World) -> None:
        """However many the vendor merges in one call."""
        winner, *losers = world.crowd(6)
        done = world.connector.merge(world.names.object, winner, losers)
        assert isinstance(done, Written)
        assert list(world.stored()) == [done.id]

    def test_a_chain_of_merges_is_told_step_by_step(self, world: World) -> None:
        """A into B, B into C: the fate of A is B, and that of B is C."""
        first, second, third = world.crowd(3)
        world.person_merges(first, second)
        survivor = world.person_merges(second, third)
        fates = world.connector.fates(world.names.object, [first, second])
        assert fates[second] == Fate("merged", survivor)
        assert fates[first].kind == "merged"

    def test_a_deleted_winner_takes_nobody(self, world: World) -> None:
        """Nothing is lost: the loser stays as it is."""
        winner, loser = world.crowd(2)
        world.person_deletes(winner)
        refused = world.connector.merge(world.names.object, winner, [loser])
        assert isinstance(refused, Rejected)
        assert list(world.stored()) == [loser]

    def test_who_is_not_there_is_not_merged(self, world: World) -> None:
        """An id of nobody is refused, and the winner stays as it is."""
        [winner] = world.crowd(1)
        refused = world.connector.merge(world.names.object, winner, [world.unknown_id])
        assert isinstance(refused, Rejected)
        assert list(world.stored()) == [winner]


class ErasingContract:
    """erase_many."""

    def test_what_is_erased_leaves_nothing(self, world: World) -> None:
        """Not in a list, and not in the bin either."""
        gone, kept = world.crowd(2)
        [done] = world.connector.erase_many(world.names.object, [gone])
        assert isinstance(done, Written)
        assert list(world.stored()) == [kept]
        assert world.connector.fates(world.names.object, [gone])[gone].kind != "live"

    def test_erasing_what_is_gone_succeeds(self, world: World) -> None:
        """Erased twice, deleted before, merged away before, never there: nothing to do is no fault."""
        erased, deleted, loser, winner = world.crowd(4)
        world.connector.erase_many(world.names.object, [erased])
        world.person_deletes(deleted)
        world.person_merges(loser, winner)
        asked = [erased, deleted, loser, world.unknown_id]
        done = world.connector.erase_many(world.names.object, asked)
        assert [type(one) for one in done] == [Written] * 4

    def test_more_than_one_call_may_hold(self, world: World) -> None:
        """250 people at once, one outcome each."""
        people = world.crowd(250)
        done = world.connector.erase_many(world.names.object, people)
        assert all(isinstance(one, Written) for one in done)
        assert world.stored() == {}


class LifeContract(MergingContract, ErasingContract):
    """All promises about the end of records."""
