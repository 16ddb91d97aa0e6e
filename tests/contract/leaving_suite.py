"""The promises about what was deleted: `deleted_since`. See `tests/contract/connector_suite.py`."""

from __future__ import annotations

from connector.port import Change
from tests.contract.world import World

# Salesforce tells of full minutes only, and HubSpot's search for merges runs late.
SETTLED = 120


class LeavingContract:
    """deleted_since."""

    def test_what_is_deleted_after_the_cursor_is_told(self, world: World) -> None:
        """Whoever deleted it; those who are still there are not named."""
        theirs, ours, edited, untouched = world.crowd(4)
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        world.person_deletes(theirs)
        world.connector.delete_many(world.names.object, [ours])
        world.connector.update_many(world.names.object, [Change(edited, {world.names.text: "x"})])
        world.forward(SETTLED)
        gone, _ = world.departed(cursor)
        assert gone == {theirs, ours}
        assert untouched not in gone

    def test_the_losers_of_a_merge_are_told(self, world: World) -> None:
        """Both of them, where the survivor is a third record; the survivor is not."""
        loser, winner = world.crowd(2)
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        survivor = world.person_merges(loser, winner)
        world.forward(SETTLED)
        gone, _ = world.departed(cursor)
        assert gone == {loser, winner} - {survivor}

    def test_whoever_ate_others_and_is_deleted_takes_them_along(self, world: World) -> None:
        """All three are gone, however little time lay between."""
        loser, winner = world.crowd(2)
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        survivor = world.person_merges(loser, winner)
        world.person_deletes(survivor)
        world.forward(SETTLED)
        assert world.departed(cursor)[0] == {loser, winner, survivor}

    def test_no_deletion_is_missed_from_look_to_look(self, world: World) -> None:
        """Deletions and merges at the very moment of a look are told by it or by a later one."""
        people = world.crowd(24)
        cursor = world.connector.cursor_at(world.now())
        missing: set[str] = set()
        for loser, winner in zip(people[::2], people[1::2], strict=True):
            if len(missing) % 2:
                world.person_deletes(loser)
            else:
                world.person_merges(loser, winner)
            missing.add(loser)
            gone, cursor = world.departed(cursor)
            missing -= gone
            world.forward(0.4)
        world.forward(SETTLED)
        gone, _ = world.departed(cursor)
        assert missing <= gone

    def test_more_deletions_than_a_page_holds_are_all_told(self, world: World) -> None:
        """250 at one moment, as after a clean-up."""
        people = world.crowd(250)
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        world.connector.delete_many(world.names.object, people)
        world.forward(SETTLED)
        assert world.departed(cursor)[0] == set(people)

    def test_old_deletions_are_not_told_for_ever(self, world: World) -> None:
        """What was deleted a day before the cursor is history, merges included."""
        deleted, loser, winner = world.crowd(3)
        world.person_deletes(deleted)
        world.person_merges(loser, winner)
        world.forward(86_400)
        assert world.departed(world.connector.cursor_at(world.now()))[0] == set()

    def test_two_looks_at_once_and_a_quiet_day_lose_no_place(self, world: World) -> None:
        """The cursor of an answer works at once, and a day later."""
        [person] = world.crowd(1)
        _, cursor = world.departed(world.connector.cursor_at(world.now()))
        _, cursor = world.departed(cursor)
        world.forward(86_400)
        _, cursor = world.departed(cursor)
        world.person_deletes(person)
        world.forward(SETTLED)
        assert world.departed(cursor)[0] == {person}

    def test_what_was_told_has_its_fate(self, world: World) -> None:
        """A hint leads to evidence: deleted, or merged into somebody."""
        deleted, loser, winner = world.crowd(3)
        cursor = world.connector.cursor_at(world.now())
        world.person_deletes(deleted)
        survivor = world.person_merges(loser, winner)
        world.forward(SETTLED)
        gone, _ = world.departed(cursor)
        fates = world.connector.fates(world.names.object, sorted(gone))
        assert fates[deleted].kind == "deleted"
        assert (fates[loser].kind, fates[loser].into) == ("merged", survivor)
