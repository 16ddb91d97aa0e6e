"""How HubSpot's deletions are found without a feed of them: looks into the bin, and survivors of merges."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.hubspot.departures import KEPT, MOST_PAGES, Look, Lookout, read_lookout
from connector.hubspot.walk import LAG, cursor_at
from tests.contract.hubspot_world import OBJECT, HubSpotWorld, world_of
from tests.contract.world import Trouble

BEGIN = 1_800_000_000_000
MINUTE = 60_000
DAY = 86_400


@pytest.fixture
def world() -> Iterator[HubSpotWorld]:
    yield from world_of("v3")


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


# The cursor --------------------------------------------------------------------------------------


def test_a_plain_cursor_stands_for_both() -> None:
    """`cursor_at` knows nothing of bins; its moment is where both begin."""
    lookout = read_lookout(cursor_at(BEGIN).text())
    assert lookout == Lookout(cursor_at(BEGIN), Look(BEGIN))


@given(st.lists(st.tuples(st.integers(1, 100 * MINUTE), st.booleans()), min_size=1, max_size=30))
def test_looks_leave_no_gap(calls: list[tuple[int, bool]]) -> None:
    """Whatever is archived is told by a look that began after it, however many calls a look takes."""
    now, lookout, told_from, last_began = BEGIN, read_lookout(cursor_at(BEGIN).text()), [], BEGIN
    for wait, reached_the_end in calls:
        now += wait
        look = lookout.bin.begun(now)
        assert look.since <= last_began
        assert look.tells(moment(look.since))
        assert not look.tells(moment(look.since - LAG - 1_000))
        if reached_the_end and look.began is not None:
            last_began = look.began
        told_from.append(look.since)
        after = look.after(None if reached_the_end else "500", now)
        lookout = read_lookout(Lookout(lookout.merges, after).text())
    assert told_from == sorted(told_from)


def test_a_look_under_way_goes_on_at_its_page() -> None:
    """With the beginning it had, so that nothing archived meanwhile falls between two looks."""
    began = BEGIN + MINUTE
    look = Look(BEGIN).begun(began)
    resumed = read_lookout(Lookout(cursor_at(BEGIN), look.after("77", began)).text()).bin
    assert resumed.begun(BEGIN + 9 * MINUTE) == Look(BEGIN, began, "77", asked=began)
    assert resumed.after(None, BEGIN + 9 * MINUTE).since == began


def test_a_clock_that_went_back_makes_no_gap() -> None:
    """The next look begins where this one did, and not before."""
    now = BEGIN - 10 * MINUTE
    look = Look(BEGIN).begun(now)
    assert look.pages(now) > 0
    assert look.after(None, now).since == BEGIN


def test_a_call_reads_what_the_time_since_the_last_one_has_earned() -> None:
    """Ten pages a minute, whether a poll comes each minute or a cron job each night."""
    look = Look(BEGIN).begun(BEGIN + 5 * MINUTE)
    assert look.pages(BEGIN + 5 * MINUTE) == 50
    following = look.after("77", BEGIN + 5 * MINUTE)
    assert following.pages(BEGIN + 5 * MINUTE) == 10
    assert following.pages(BEGIN + 6 * MINUTE) == 10
    assert following.pages(BEGIN + 8 * MINUTE) == 30
    assert following.pages(BEGIN + 9_000 * MINUTE) == MOST_PAGES


def test_the_bin_keeps_ninety_days() -> None:
    """A cursor older than that is not complete: what was purged is told by nobody."""
    assert Look(BEGIN).complete(BEGIN + KEPT)
    assert not Look(BEGIN).complete(BEGIN + KEPT + 1)


@pytest.mark.parametrize("text", ["", "{}", "7", '{"since":1,"wide":2,"bin":{"x":1}}', '"bin"'])
def test_a_foreign_cursor_is_refused(text: str) -> None:
    """Better than a look from nowhere."""
    with pytest.raises(ValueError, match="no HubSpot cursor"):
        read_lookout(text)


# The org -----------------------------------------------------------------------------------------


def test_a_look_costs_a_call_for_each_hundred_of_the_bin_and_a_search(world: HubSpotWorld) -> None:
    """Whatever was deleted since; people who were never deleted cost nothing."""
    world.crowd(400)
    for person in world.org.load(OBJECT, [{"jobtitle": str(n)} for n in range(250)]):
        world.person_deletes(person)
    reads = world.connector.calls.reads
    world.departed(world.connector.cursor_at(world.now()))
    assert world.connector.calls.reads - reads == 3 + 1


def test_a_bin_too_big_for_one_call_is_read_in_several(world: HubSpotWorld) -> None:
    """Each call is bounded, and what is deleted behind the look's back is told by the next one."""
    first, *people = world.org.load(OBJECT, [{"jobtitle": str(n)} for n in range(2_301)])
    cursor = world.connector.cursor_at(world.now())
    for person in people:
        world.person_deletes(person)
    told: set[str] = set()
    for _ in range(2):
        world.forward(60)
        reads = world.connector.calls.reads
        gone, cursor = world.departed(cursor)
        assert world.connector.calls.reads - reads == 10 + 1
        told |= gone
    assert told == set(people[:2_000])
    world.person_deletes(first)  # the smallest id: the look is past it
    for _ in range(2):
        world.forward(60)
        gone, cursor = world.departed(cursor)
        told |= gone
    assert told == {first, *people}


def test_a_merge_shows_when_the_index_does(world: HubSpotWorld) -> None:
    """Survivors surface late and out of order; looks every minute meet all of them."""
    world.order(Trouble.LATE)
    people = world.crowd(40)
    cursor = world.connector.cursor_at(world.now())
    told: set[str] = set()
    survivors = {
        world.person_merges(loser, winner)
        for loser, winner in zip(people[::2], people[1::2], strict=True)
    }
    for _ in range(4):
        world.forward(20)
        gone, cursor = world.departed(cursor)
        told |= gone
    assert told == set(people)
    assert told.isdisjoint(survivors)


def test_a_cursor_older_than_the_bin_is_not_complete(world: HubSpotWorld) -> None:
    """What is in it still is told, and the next look is whole again."""
    [kept] = world.crowd(1)
    cursor = world.connector.cursor_at(world.now())
    world.forward(89 * DAY)
    world.person_deletes(kept)
    world.forward(2 * DAY)
    told = world.connector.deleted_since(OBJECT, cursor)
    assert told.ids == [kept]
    assert not told.complete
    assert world.connector.deleted_since(OBJECT, told.cursor).complete


@pytest.mark.parametrize("object_name", ["contacts", "companies", "deals"])
def test_every_object_tells_its_deletions(world: HubSpotWorld, object_name: str) -> None:
    """Of one kind and not of another."""
    name = {"contacts": "jobtitle", "companies": "name", "deals": "dealname"}[object_name]
    rows = [{name: str(n)} for n in range(3)]
    deleted, loser, winner = world.org.load(object_name, rows)
    cursor = world.connector.cursor_at(world.now())
    world.org.archive(object_name, deleted)
    world.org.merge(object_name, winner, loser)
    world.forward(60)
    told = world.connector.deleted_since(object_name, cursor)
    assert set(told.ids) == {deleted, loser, winner}
