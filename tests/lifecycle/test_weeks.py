"""The figures of a week: every hand-over has one outcome, and they add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lifecycle.clocks import Attainment
from lifecycle.model import Entry, Role, Stage
from lifecycle.notes import Week
from lifecycle.port import Timer
from lifecycle.weeks import week
from tests.lifecycle.letter_builders import ANN, DAY, HOUR, NOW, SHARED

FIRST, LAST = date(2026, 11, 23), date(2026, 11, 29)


def history(*stages: Stage, **more: Any) -> list[Entry]:
    """Somebody's way, an hour for each stage; all of it this week."""
    said: dict[str, Any] = {"role": Role.SALES, "transition": "T", **more}
    return [
        Entry(
            subject=ANN, number=n, cycle=1, stage=stage, previous=None, actor="a", source="hubspot",
            entered_at=NOW + n * HOUR, observed_at=NOW, request_id=f"r{n}", definition="d",
            reason="timing" if stage in (Stage.RECYCLED, Stage.DISQUALIFIED) else None,
            **said,
        )
        for n, stage in enumerate(stages)
    ]  # fmt: skip


def counted(*histories: list[Entry], timers: tuple[Timer, ...] = ()) -> Week:
    return week(SHARED, FIRST, LAST, histories, timers, 0, NOW)


def test_every_hand_over_of_the_week_is_followed_to_its_verdict() -> None:
    """Accepted, sent back, not worked, open; one who was withdrawn was never handed over."""
    unworked = history(Stage.MQL, Stage.RECYCLED, role=Role.RULE)
    unworked[1] = replace(unworked[1], reason="not_worked")
    found = counted(
        history(Stage.LEAD, Stage.MQL, Stage.SAL, Stage.RECYCLED),
        history(Stage.MQL, Stage.RECYCLED),
        history(Stage.MQL, Stage.DISQUALIFIED),
        unworked,
        history(Stage.MQL),
        history(Stage.MQL, Stage.LEAD),
        history(Stage.MQL, Stage.ERASED),
        history(Stage.MQL, Stage.OPPORTUNITY, skipped=True),
    )
    assert (found.mqls, found.accepted, found.sent_back) == (5, 1, 2)
    assert (found.not_worked, found.open) == (1, 1)
    assert found.reasons == {"timing": 2}


def test_a_week_begins_and_ends_where_people_work() -> None:
    """Sunday 23:30 in Tokyo is Sunday, whatever day it is in UTC."""
    entries = history(Stage.MQL)
    shift = date(2026, 11, 30) - NOW.date()
    sunday = NOW.replace(hour=14, minute=59) + shift - DAY
    on = [replace(entries[0], entered_at=sunday)]
    off = [replace(entries[0], entered_at=sunday + timedelta(minutes=1))]
    assert (counted(on).mqls, counted(off).mqls) == (1, 0)


def test_those_who_came_back_are_told_apart() -> None:
    """First and returned MQLs are different figures."""
    assert counted(history(Stage.MQL, transition="T15"), history(Stage.MQL)).returned == 1


def test_clocks_count_by_kind_with_the_open_ones() -> None:
    """An open clock that is late was missed."""
    late = Timer(ANN, "verdict", 1, "s", NOW - DAY, NOW - HOUR, None)
    kept = late._replace(clock="first_touch", stopped_at=NOW - 2 * HOUR)
    found = counted(timers=(late, kept))
    assert found.verdict == Attainment(0, 1, 0)
    assert found.first_touch == Attainment(1, 0, 0)
    assert found.write_back == Attainment(0, 0, 0)


@given(st.lists(st.lists(st.sampled_from(list(Stage)), max_size=8), max_size=6))
def test_outcomes_add_up_to_the_hand_overs(ways: list[list[Stage]]) -> None:
    """Nobody is counted twice, and every reason belongs to somebody who was sent back."""
    found = counted(*(history(*way) for way in ways))
    assert found.accepted + found.sent_back + found.not_worked + found.open == found.mqls
    assert sum(found.reasons.values()) == found.sent_back
