"""One time for all machines, whatever their own clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.common_clock import CommonClock
from sync.holding import Holder
from sync.ledger import Ledger
from tests.machine.databases import Databases

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
SKEW = timedelta(minutes=5)


def test_a_clock_that_is_wrong_is_put_right() -> None:
    """By what the database said in the middle of the question."""
    moments = iter([NOW + SKEW, NOW + SKEW + timedelta(seconds=2), NOW + SKEW])
    clock = CommonClock(lambda: next(moments), lambda: NOW)
    clock.set()
    assert clock() == NOW - timedelta(seconds=1)


def test_a_database_without_a_clock_leaves_ours_alone() -> None:
    """SQLite lives on one machine."""
    clock = CommonClock(lambda: NOW, lambda: None)
    clock.set()
    assert clock() == NOW


def test_two_machines_whose_clocks_differ_do_not_hold_the_same_pair(postgres: Databases) -> None:
    """Over a real PostgreSQL, whose time counts."""
    ledger = Ledger.open(postgres.ledger())

    def clock(skew: timedelta) -> CommonClock:
        made = CommonClock(lambda: datetime.now(UTC) + skew, ledger.time)
        made.set()
        return made

    here = Holder(ledger, clock(timedelta()), host="here")
    there = Holder(ledger, clock(SKEW), host="there")
    late = Holder(ledger, clock(-SKEW), host="late")
    assert here.hold_pairs([1]) == {1}
    assert there.hold_pairs([1]) == set()
    assert late.hold_pairs([1]) == set()
    ledger.close_all()
