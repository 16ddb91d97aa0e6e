"""What Salesforce tells of deletions, asked of the practice org: windows, limits, open transactions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.salesforce.departures import KEPT, SHORTEST, Span, span_since
from sandbox.salesforce import replication
from tests.contract.salesforce_world import OBJECT, SalesforceWorld, salesforce_world

NOW = datetime(2026, 11, 24, 9, 0, 30, tzinfo=UTC)
DAY = 86_400


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


# The windows -------------------------------------------------------------------------------------


@given(st.integers(-3_600, 40 * DAY))
def test_a_window_is_one_that_salesforce_takes(seconds: int) -> None:
    """Never longer than the log, never a minute or less, and from the cursor on where that can be."""
    since = NOW - timedelta(seconds=seconds)
    span = span_since(since, NOW)
    assert span.end == NOW
    assert SHORTEST <= span.end - span.start <= KEPT
    assert span.start <= since or not span.whole
    assert span.whole is (seconds <= KEPT.total_seconds())


@given(st.integers(120, 15 * DAY))
def test_halves_leave_no_gap(seconds: int) -> None:
    """However often a window is halved, its parts meet, and each may be asked for."""
    whole, parts = Span(NOW - timedelta(seconds=seconds), NOW), []
    spans = [whole]
    while spans:
        one = spans.pop()
        halves = one.halves() if len(spans) < 8 else None
        if halves is None:
            parts.append(one)
        else:
            spans += reversed(halves)
    assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
    assert all(one.end == two.start for one, two in pairwise(parts))
    assert all(one.end - one.start >= SHORTEST for one in parts)


def test_times_are_asked_for_in_utc() -> None:
    """A cursor that was made in Tokyo asks for the same moment."""
    tokyo = datetime.fromisoformat("2026-11-24T17:00:00.5+09:00")
    assert Span(tokyo, NOW).asked == {
        "start": "2026-11-24T08:00:00+00:00",
        "end": "2026-11-24T09:00:30+00:00",
    }


# The org -----------------------------------------------------------------------------------------


def test_a_look_costs_one_call(world: SalesforceWorld) -> None:
    """Whatever was deleted since."""
    cursor = world.connector.cursor_at(world.now())
    for person in world.crowd(300):
        world.person_deletes(person)
    world.forward(120)
    world.connector.ping()
    reads = world.connector.calls.reads
    gone, _ = world.departed(cursor)
    assert len(gone) == 300
    assert world.connector.calls.reads - reads == 1


def test_a_cursor_older_than_the_log_is_not_complete(world: SalesforceWorld) -> None:
    """What is kept still is told, and the next look is whole again."""
    lost, kept = world.crowd(2)
    cursor = world.connector.cursor_at(world.now())
    world.person_deletes(lost)
    world.forward(10 * DAY)
    world.person_deletes(kept)
    world.forward(10 * DAY)
    told = world.connector.deleted_since(OBJECT, cursor)
    assert told.ids == [kept]
    assert not told.complete
    assert world.connector.deleted_since(OBJECT, told.cursor).complete


def test_an_emptied_recycle_bin_is_not_complete(world: SalesforceWorld) -> None:
    """`earliestDateAvailable` lies after our cursor: nobody knows what was in there."""
    gone, later = world.crowd(2)
    cursor = world.connector.cursor_at(world.now())
    world.person_deletes(gone)
    world.forward(3_600)
    world.org.empty_bin(OBJECT)
    world.forward(3_600)
    world.person_deletes(later)
    world.forward(120)
    told = world.connector.deleted_since(OBJECT, cursor)
    assert told.ids == [later]
    assert not told.complete
    assert world.connector.deleted_since(OBJECT, told.cursor).complete


def test_a_window_with_too_many_ids_is_halved(
    world: SalesforceWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXCEEDED_ID_LIMIT is no fault of ours to park: all are told, in several calls."""
    monkeypatch.setattr(replication, "MOST_IDS", 10)
    cursor = world.connector.cursor_at(world.now())
    people = world.crowd(60)
    for person in people:
        world.person_deletes(person)
        world.forward(60)
    world.forward(120)
    gone, following = world.departed(cursor)
    assert gone == set(people)
    assert world.departed(following)[0] <= set(people[-12:])


def test_more_at_one_moment_than_any_window_may_hold_is_not_complete(
    world: SalesforceWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full compare has to find them; the look goes on behind them and does not fail for ever."""
    monkeypatch.setattr(replication, "MOST_IDS", 10)
    *crowd, later = world.crowd(21)
    cursor = world.connector.cursor_at(world.now())
    for person in crowd:
        world.person_deletes(person)
    world.forward(3_600)
    world.person_deletes(later)
    world.forward(120)
    told = world.connector.deleted_since(OBJECT, cursor)
    assert told.ids == [later]
    assert not told.complete
    assert world.departed(told.cursor)[0] == {later}


@pytest.mark.parametrize("runs", [30, 1_800])
def test_a_deletion_of_a_long_transaction_is_told_when_it_is_through(
    world: SalesforceWorld, runs: int
) -> None:
    """It is stamped at its beginning and seen at its end; `latestDateCovered` waits for it."""
    slow, quick = world.crowd(2)
    world.forward(3_600)
    _, cursor = world.departed(world.connector.cursor_at(world.now()))
    world.fault("late_commit", times=1, after=runs, match=f"DELETE {OBJECT}")
    world.person_deletes(slow)
    world.forward(20)
    world.person_deletes(quick)
    told: set[str] = set()
    for _ in range(runs // 60 + 3):
        gone, cursor = world.departed(cursor)
        told |= gone
        world.forward(60)
    assert told == {slow, quick}


def test_a_deletion_that_is_stamped_in_the_past_is_told(world: SalesforceWorld) -> None:
    """Five minutes back, behind a look that covered them: every look begins ten minutes back."""
    [late] = world.crowd(1)
    world.forward(3_600)
    _, cursor = world.departed(world.connector.cursor_at(world.now()))
    world.fault("late_commit", times=1, match=f"DELETE {OBJECT}")
    world.person_deletes(late)
    world.forward(60)
    assert world.departed(cursor)[0] == {late}


def test_what_was_undeleted_is_not_told(world: SalesforceWorld) -> None:
    """It is there, and its ring would be for nothing."""
    [back] = world.crowd(1)
    cursor = world.connector.cursor_at(world.now())
    world.person_deletes(back)
    world.forward(120)
    world.org.undelete(OBJECT, back)
    world.forward(120)
    assert world.departed(cursor)[0] == set()


def test_a_clock_that_went_back_makes_no_gap(world: SalesforceWorld) -> None:
    """The cursor lies ahead of us for a while; what is deleted meanwhile is told all the same."""
    [person] = world.crowd(1)
    cursor = world.connector.cursor_at(world.now() + timedelta(hours=1))
    world.forward(600)
    _, cursor = world.departed(cursor)
    world.person_deletes(person)
    world.forward(120)
    assert world.departed(cursor)[0] == {person}
