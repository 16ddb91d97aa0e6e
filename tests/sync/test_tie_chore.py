"""Ties have no events: they are looked at by the clock, at a pace of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from connector.port import System
from mappings.schema import Limits
from sync.catchup import CatchUp
from sync.chores import RELATIONS, Chores
from sync.lanes import Lane, lane_in_force
from sync.ledger import LedgerLock
from sync.relations.compare import LOCK
from sync.resync import Terms
from sync.timetable import named, timetable
from sync.workbench import Workbench
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import Clocked
from tests.sync.tied import LISTS, MEMBERS, TiedBridge, members

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
TABLE = timetable(poll_every=60, deletions_every=600, resync_at=time(2), relations_every=300)


@dataclass
class TiedClock(TiedBridge, Clocked):
    """Ties, and the chores of a worker."""

    related: bool = True

    @property
    def bench(self) -> Workbench:
        bench = super().bench
        return bench if self.related else replace(bench, relations=[], ties={})

    @property
    def tying(self) -> Chores:
        return replace(self.chores, timetable=TABLE)

    def is_due(self) -> bool:
        return RELATIONS in [chore.name for chore in self.tying.due()]


@pytest.fixture
def clock(tmp_path: Path) -> TiedClock:
    return TiedClock(sqlite_url(tmp_path))


def made(clock: TiedClock) -> tuple[tuple[str, str], tuple[str, str]]:
    """A person ties two records at HubSpot; answers the names of the tie on both sides."""
    (left, right), (first, second) = clock.person(), clock.campaign()
    clock.lists.tie(LISTS, left, first)
    return (left, first), (right, second)


def test_a_tie_that_somebody_made_is_found_within_five_minutes(clock: TiedClock) -> None:
    """And not sooner than the setting says."""
    assert clock.tying.do(RELATIONS)
    _, tie = made(clock)
    assert not clock.is_due()
    clock.wait(timedelta(seconds=299))
    assert not clock.is_due()
    clock.wait(timedelta(seconds=2))
    assert clock.tying.do(RELATIONS)
    assert clock.members.ties_now(MEMBERS) == {tie: {}}


def test_ties_are_looked_at_in_the_lane_of_compares(clock: TiedClock) -> None:
    """Live edits and opt-outs never wait for them at the budget."""
    chore = named(TABLE, RELATIONS)
    assert chore is not None
    assert chore.lane is Lane.RESYNC
    made(clock)
    lanes: list[Lane] = []
    clock.members.before_write = lambda: lanes.append(lane_in_force())
    clock.tying.do(RELATIONS)
    assert lanes == [Lane.RESYNC]


def test_without_relations_nobody_looks(clock: TiedClock) -> None:
    """The chore is never due."""
    clock.related = False
    assert not clock.is_due()
    assert not clock.tying.do(RELATIONS)


def test_without_a_pace_ties_are_looked_at_in_whole_compares_only() -> None:
    """Nothing else is on the timetable."""
    table = timetable(poll_every=60, deletions_every=600, resync_at=time(2))
    assert RELATIONS not in [chore.name for chore in table]


def test_a_guard_ends_the_chore_and_it_comes_again_at_its_time(clock: TiedClock) -> None:
    """The outcome says so."""
    clock.relation = members(limits=Limits(deletes=0))
    (left, first), _ = made(clock)
    other, _ = clock.person()
    clock.lists.tie(LISTS, other, first)
    clock.tying.do(RELATIONS)
    clock.lists.untie(LISTS, left, first)
    clock.wait(timedelta(minutes=6))
    clock.tying.do(RELATIONS)
    assert clock.outcome(RELATIONS) == "guard"
    assert len(clock.members.ties_now(MEMBERS)) == 2
    assert not clock.is_due()


def test_a_chore_that_finds_another_look_at_work_comes_again_in_a_minute(clock: TiedClock) -> None:
    """Two looks never run at once."""
    with LedgerLock(clock.ledger, clock.time, name=LOCK):
        clock.tying.do(RELATIONS)
    assert clock.outcome(RELATIONS) == "busy"
    clock.wait(timedelta(seconds=61))
    assert clock.is_due()


def test_a_busy_system_puts_the_look_off(clock: TiedClock) -> None:
    """For as long as it asks for; what was due is still made."""
    _, tie = made(clock)
    clock.salesforce.faults.busy = 1
    clock.tying.do(RELATIONS)
    assert clock.outcome(RELATIONS) == "later"
    clock.wait(timedelta(seconds=2))
    clock.tying.do(RELATIONS)
    assert clock.members.ties_now(MEMBERS) == {tie: {}}


def test_cron_looks_at_ties_as_well(clock: TiedClock) -> None:
    """`sync --once` leaves nothing that can be seen."""
    _, tie = made(clock)
    bench = clock.bench
    catch_up = CatchUp(bench, clock.station, lambda: clock.compare, Terms(trigger="poll"))
    report = catch_up.once(["members"])
    assert clock.members.ties_now(MEMBERS) == {tie: {}}
    assert report.totals["create"] == 1
