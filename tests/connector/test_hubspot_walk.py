"""The cursor of the search: no gap between two walks, and late changes are met again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.hubspot.walk import LAG, OVERLAP, WIDE_EVERY, cursor_at, read_cursor

MINUTE = 60_000
BEGIN = 1_800_000_000_000

pauses = st.lists(st.integers(1, 45 * MINUTE), min_size=1, max_size=40)


@given(pauses)
def test_windows_leave_no_gap(waits: list[int]) -> None:
    """Each walk begins at least the overlap before the end of the one before it."""
    now, cursor = BEGIN, cursor_at(BEGIN)
    for wait in waits:
        now += wait
        walk = read_cursor(cursor.text()).begun(now)
        assert walk.start <= cursor.since - OVERLAP
        assert walk.until == now
        cursor = walk.done
        assert cursor.since == now


@settings(max_examples=60)
@given(pauses, st.integers(0, 200 * MINUTE), st.integers(0, LAG))
def test_a_change_that_shows_late_is_met(waits: list[int], when: int, late: int) -> None:
    """Whatever shows up within the lag is found by some walk."""
    changed, visible = BEGIN + when, BEGIN + when + late
    now, cursor, met = BEGIN, cursor_at(BEGIN), False
    for wait in [*waits, *[MINUTE] * 400]:
        now += wait
        walk = cursor.begun(now)
        met = met or (visible <= now and walk.start <= changed <= walk.until)
        cursor = walk.done
    assert met


def test_a_broken_walk_goes_on_where_it_was() -> None:
    """With the same window, after the last id; its end is the end that was set at first."""
    walk = cursor_at(BEGIN).begun(BEGIN + MINUTE).after(77)
    resumed = read_cursor(walk.paused.text()).begun(BEGIN + 9 * MINUTE)
    assert (resumed.start, resumed.until, resumed.last) == (walk.start, walk.until, 77)
    assert resumed.done == walk.done


def test_a_clock_that_went_back_makes_no_gap() -> None:
    """The next window still begins before the last one ended."""
    walk = cursor_at(BEGIN).begun(BEGIN - 10 * MINUTE)
    assert walk.start < BEGIN <= walk.until


def test_most_walks_are_short() -> None:
    """A minute after the last one, only the overlap is read again; each half hour the whole lag."""
    cursor = cursor_at(BEGIN)
    assert cursor.begun(BEGIN + MINUTE).start == BEGIN - OVERLAP
    assert cursor.begun(BEGIN + WIDE_EVERY).start == BEGIN - LAG


@pytest.mark.parametrize("text", ["", "{}", "7", '{"since":1,"wide":2,"else":3}', "2026-11-20"])
def test_a_foreign_cursor_is_refused(text: str) -> None:
    """Better than a walk through nowhere."""
    with pytest.raises(ValueError, match="no HubSpot cursor"):
        read_cursor(text)
