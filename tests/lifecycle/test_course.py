"""Invented people on their way through a definition: every step legal, every number from the ledger."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest

from lifecycle.course import Course, course
from lifecycle.model import Entry, Stage
from lifecycle.standing import fold
from lifecycle.transitions import rows
from tests.lifecycle.test_dry_run import OLD, PERIOD

PEOPLE = 300


@pytest.fixture(scope="module")
def found() -> Course:
    return course(1, PEOPLE, OLD, PERIOD)


def histories(found: Course) -> list[list[Entry]]:
    by_subject = sorted(found.steps, key=lambda one: (one.subject, one.number))
    return [list(some) for _, some in groupby(by_subject, key=lambda one: one.subject)]


def test_every_step_is_one_of_the_table_and_none_is_illegal(found: Course) -> None:
    """By one of the roles that may go there; `T16` comes by itself."""
    assert found.illegal == 0
    for one in found.steps:
        assert one.previous is not None
        known = rows(OLD.definition.preset, one.previous, one.stage)
        assert any(row.id == one.transition and one.role in row.roles for row in known), one


def test_people_stand_where_their_entries_lead_and_cycles_only_grow(found: Course) -> None:
    """Nobody appears or gets lost; each history is one without gaps, in the order of time."""
    assert sum(found.stages.values()) == PEOPLE == len(found.standings)
    standings = {one.subject: one.stage for one in found.standings}
    for history in histories(found):
        assert fold(history).stage is standings[history[-1].subject]
        assert all(after.number == before.number + 1 for before, after in pairwise(history))
        assert [one.cycle for one in history] == sorted(one.cycle for one in history)
        assert [one.entered_at for one in history] == sorted(one.entered_at for one in history)


def test_some_come_back_and_shares_are_counts_of_the_ledger(found: Course) -> None:
    """A way back is taken, and each share is a part of a whole."""
    handed = [one for one in found.steps if one.stage is Stage.MQL]
    again = [one for one in handed if one.transition == "T15"]
    assert again
    assert sum(times * people for times, people in found.cycles.items()) == len(handed)
    assert (found.returned.hits, found.sent_back.of) == (len(again), len(handed))
    for share in (found.sent_back, found.returned, found.won, found.won_again):
        assert 0 <= share.hits <= share.of
    assert found.won_again.hits <= found.won.hits


def test_the_same_seed_makes_the_same_course() -> None:
    """And another one another."""
    assert course(3, 40, OLD, PERIOD) == course(3, 40, OLD, PERIOD)
    assert course(4, 40, OLD, PERIOD) != course(3, 40, OLD, PERIOD)
