"""Whom nobody looks after, and why; which clocks begin anew for somebody whose record is back."""

from __future__ import annotations

from dataclasses import replace

from lifecycle.model import Stage, Subject
from lifecycle.neglect import beginning_anew, doubled, neglected
from lifecycle.worktime import add
from tests.lifecycle.clock_builders import (
    HOUR,
    MINUTE,
    NOW,
    SELLER,
    SHARED,
    WORKING_DAY,
    standing,
    started,
)

DAY = 24 * HOUR


def test_an_orphan_has_nobody_or_no_clock_or_is_twice_over() -> None:
    """Whoever sales has; who rests with marketing is nobody's orphan."""
    timer = started("verdict", Stage.MQL)
    handed = standing(Stage.MQL, 1, handed_to=SELLER)
    twice = add(SHARED.calendar, timer.due_at, WORKING_DAY)
    assert neglected(SHARED, handed, [timer], twice) is None
    assert neglected(SHARED, handed, [timer], twice + MINUTE) == "late"
    assert neglected(SHARED, handed, [started("write_back", Stage.RECYCLED)], NOW) == "no_clock"
    assert neglected(SHARED, replace(handed, handed_to=None), [timer], NOW) == "no_owner"
    assert neglected(SHARED, standing(Stage.RECYCLED, 1), [], NOW) is None


def test_whose_record_was_deleted_is_an_orphan_before_anything_else_is_asked() -> None:
    """Owner and clock or not; but only of whom sales has."""
    handed = standing(Stage.SAL, 2, handed_to=SELLER)
    assert neglected(SHARED, handed, [started("qualify", Stage.SAL)], NOW, is_gone=True) == (
        "deleted"
    )
    assert neglected(SHARED, standing(Stage.RECYCLED, 1), [], NOW, is_gone=True) is None


def test_a_clock_that_was_void_where_somebody_stands_begins_anew_with_all_of_its_time() -> None:
    """A verdict of a working day, from whenever the record is back; its first step is to be told again."""
    handed = standing(Stage.MQL, 1, handed_to=SELLER, since=NOW)
    timer = started("verdict", Stage.MQL)._replace(step=1)
    void = timer._replace(stopped_at=NOW + HOUR, next_at=None, is_void=True)
    (anew,) = beginning_anew(SHARED, handed, [void], NOW + DAY)
    assert anew == timer._replace(
        started_at=NOW + DAY,
        due_at=add(SHARED.calendar, NOW + DAY, WORKING_DAY),
        next_at=add(SHARED.calendar, NOW + DAY, WORKING_DAY),
        step=0,
    )


def test_what_was_kept_or_watches_what_is_over_does_not_begin_anew() -> None:
    """A verdict that was given; one of a stage that was left; one of the way before."""
    handed = standing(Stage.MQL, 1, handed_to=SELLER, since=NOW)
    timer = started("verdict", Stage.MQL)
    void = timer._replace(stopped_at=NOW + HOUR, next_at=None, is_void=True)
    kept = void._replace(is_void=False)
    assert beginning_anew(SHARED, handed, [kept], NOW + DAY) == ()
    assert beginning_anew(SHARED, replace(handed, stage=Stage.SAL), [void], NOW + DAY) == ()
    assert beginning_anew(SHARED, replace(handed, since=NOW + DAY), [void], NOW + 2 * DAY) == ()
    newer = kept._replace(entry=3, started_at=NOW + 2 * HOUR, stopped_at=NOW + 3 * HOUR)
    assert beginning_anew(SHARED, handed, [void, newer], NOW + DAY) == ()


def test_of_two_who_are_one_the_clock_that_is_due_first_goes_on() -> None:
    """Clocks of one history run side by side, and so does what is not sales' to keep."""
    first = started("verdict", Stage.MQL)
    other = Subject("person", "other")
    second = first._replace(subject=other, due_at=first.due_at + HOUR)
    assert doubled([second, first]) == (second,)
    assert doubled([first, started("first_touch", Stage.MQL)]) == ()
    assert doubled([first, first._replace(entry=9)]) == ()
    told = started("write_back", Stage.RECYCLED)
    assert doubled([told, told._replace(subject=other)]) == ()
