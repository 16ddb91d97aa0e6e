"""`sync --once`: what changed on both sides, and whatever waits, in line; then it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import SystemBlocked
from connector.port import System
from sync.catchup import MARGIN, CatchUp
from sync.ledger import LedgerLock
from sync.resync import Compare, Report, Terms
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import Clocked
from tests.sync.test_quarantine import refuse
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
# A run that waits for nothing takes a few seconds of the tests' time.
NOT_LONG = timedelta(seconds=45)
NO_CALLS_LEFT = SystemBlocked(
    "no calls left", system="salesforce", cause="quota", advice="wait", until=3600.0
)


class Cron(Clocked):
    """Nothing runs but what cron starts."""

    def once(self, *names: str) -> Report:
        """One run; waiting moves the time."""
        self.time.forward(seconds=30)
        bench = self.bench
        compare = Compare(
            bench=bench,
            progress=lambda stage, count: None,
            lock=LedgerLock(self.ledger, self.time),
        )
        station = self.new_station("sync")
        terms = Terms(observe=self.observe, trigger="sync")
        return CatchUp(bench, station, lambda: compare, terms).once(names)


@pytest.fixture
def cron(tmp_path: Path) -> Cron:
    return Cron(sqlite_url(tmp_path))


def after_the_polls(cron: Cron, monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act once everything was asked for, and before anything is looked at."""
    real = cron.salesforce.deleted_since

    def last_poll(name: str, cursor: str) -> object:
        found = real(name, cursor)
        if name == "Lead":
            act()
        return found

    monkeypatch.setattr(cron.salesforce, "deleted_since", last_poll)


def totals(report: Report) -> dict[str, int]:
    return {name: count for name, count in report.totals.items() if count}


# What changed ------------------------------------------------------------------------------------


def test_edits_on_both_sides_arrive_without_any_doorbell(cron: Cron) -> None:
    """And the second run finds nothing to do."""
    left, right = paired(cron, first="Ann", title="CEO")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})
    cron.salesforce.edit("Lead", right, {"title": "CFO"})
    report = cron.once()
    assert cron.salesforce.records("Lead")[right]["first"] == "Anna"
    assert cron.hubspot.records("contacts")[left]["title"] == "CFO"
    assert totals(report) == {"update": 2}
    assert not report.needs_attention
    assert report.run_id
    assert totals(cron.once()) == {}
    assert cron.planned() == []


def test_somebody_new_and_somebody_gone_are_seen(cron: Cron) -> None:
    """Births and deletions, of both sides."""
    paired(cron)
    cron.salesforce.seed("Lead", {"email": "bob@example.com", "first": "Bob"})
    cron.once()
    [bob] = [i for i, r in cron.hubspot.records("contacts").items() if r.get("first") == "Bob"]
    cron.hubspot.remove("contacts", bob)
    cron.once()
    assert cron.states() == {
        "hubspot": {"in_sync": 1, "deleted": 1},
        "salesforce": {"in_sync": 1, "unpaired": 1},
    }


def test_the_first_run_compares_everything(cron: Cron) -> None:
    """There is no cursor to go on from; both are paired, and the report counts it."""
    left = cron.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    right = cron.salesforce.seed("Lead", {"email": "ann@example.com"})
    report = cron.once()
    assert cron.hubspot.records("contacts")[left]["salesforce_id"] == right
    assert totals(report)["link"] == 1
    assert report.plan_id
    assert cron.ledger.run(report.run_id) is not None


def test_a_mapping_that_was_never_compared_is_compared_alone(cron: Cron) -> None:
    """The others go on from their cursors."""
    paired(cron)
    cron.two_mappings()
    cron.once()
    assert cron.compared() == [("people",), ("members",)]
    cron.once()
    assert len(cron.compared()) == 2


def test_names_narrow_what_is_polled(cron: Cron) -> None:
    """Only what was asked for is compared."""
    cron.two_mappings()
    cron.once("members")
    assert cron.compared() == [("members",)]


def test_a_guard_stops_before_the_first_write(cron: Cron) -> None:
    """The numbers are in the report; nothing is worked off behind a person's back."""
    left = cron.hubspot.seed("contacts", {"email": "ann@example.com"})
    right = cron.salesforce.seed("Lead", {"email": "ann@example.com"})
    cron.compare.plan()
    cron.salesforce.remove("Lead", right)
    cron.ring(HUBSPOT, "contacts", left)
    report = cron.once()
    assert [guard.option for guard in report.guards] == ["--allow empty=1"]
    assert report.needs_attention
    assert cron.hubspot.calls.writes == cron.salesforce.calls.writes == 0


def test_unsure_deletions_are_compared_and_counted_with_the_rest(
    cron: Cron, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mapping is new, another one cannot tell its deletions: one report over both compares."""
    paired(cron)
    cron.two_mappings()
    real = cron.salesforce.deleted_since
    cron.hubspot.seed("contacts", {"email": "bob@example.com"})
    monkeypatch.setattr(
        cron.salesforce,
        "deleted_since",
        lambda name, cursor: real(name, cursor)._replace(complete=False),
    )
    report = cron.once()
    assert [set(names) for names in cron.compared()[1:]] == [{"members"}, {"people", "members"}]
    assert totals(report)["create"] >= 1
    assert report.run_id


# What waits --------------------------------------------------------------------------------------


def test_it_works_until_nothing_waits(cron: Cron) -> None:
    """More than fits into many rounds."""
    paired(cron)
    for number in range(450):
        cron.hubspot.seed("contacts", {"email": f"p{number}@example.com"})
    report = cron.once()
    assert totals(report)["create"] == 450
    assert cron.bells() == 0
    assert len(cron.salesforce.records("Lead")) == 451


def test_a_busy_system_is_waited_for(cron: Cron, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again when it said, in the same run."""
    left, right = paired(cron, first="Ann")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})

    def busy() -> None:
        cron.salesforce.faults.busy = 3

    after_the_polls(cron, monkeypatch, busy)
    cron.once()
    assert cron.salesforce.records("Lead")[right]["first"] == "Anna"
    assert cron.bells() == 0


def test_a_write_that_landed_without_an_answer_is_found(cron: Cron) -> None:
    """It is not written a second time."""
    left, right = paired(cron, first="Ann")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})
    cron.salesforce.faults.lost_answers = 1
    writes = cron.salesforce.calls.writes
    report = cron.once()
    assert cron.salesforce.records("Lead")[right]["first"] == "Anna"
    assert cron.salesforce.calls.writes == writes + 1
    assert not report.needs_attention


def test_a_write_that_may_still_land_is_waited_for(cron: Cron) -> None:
    """For the landing window; it never came, so it is written again, in the same run."""
    left, right = paired(cron, first="Ann")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})
    cron.salesforce.faults.late = 1
    began = cron.time.now
    report = cron.once()
    assert cron.salesforce.records("Lead")[right]["first"] == "Anna"
    assert cron.landing_window < cron.time.now - began < cron.landing_window + 12 * MARGIN
    assert not report.needs_attention


def test_a_paused_system_is_not_waited_for(cron: Cron) -> None:
    """A person said so: what waits is counted, and cron's exit code says that something does."""
    left, right = paired(cron, first="Ann")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})
    cron.ledger.pause([SALESFORCE], cron.time())
    began = cron.time.now
    report = cron.once()
    assert cron.time.now - began < NOT_LONG
    assert totals(report)["waiting"] >= 1
    assert report.needs_attention
    assert cron.salesforce.records("Lead")[right]["first"] == "Ann"


def test_a_system_that_is_blocked_while_we_work_is_not_waited_for(
    cron: Cron, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its budget of the day is gone: cron comes again, and nothing is burnt."""
    left, right = paired(cron, first="Ann")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})

    def blocked() -> None:
        cron.salesforce.faults.blocked = NO_CALLS_LEFT

    after_the_polls(cron, monkeypatch, blocked)
    began = cron.time.now
    report = cron.once()
    assert cron.time.now - began < NOT_LONG
    assert totals(report) == {"waiting": 1}
    assert cron.ledger.parked_list() == []
    monkeypatch.undo()
    cron.salesforce.faults.blocked = None
    cron.time.forward(hours=1)
    cron.once()
    assert cron.salesforce.records("Lead")[right]["first"] == "Anna"


def test_a_system_that_refuses_the_poll_is_told(cron: Cron) -> None:
    """The command ends with the system's own error and exit code."""
    paired(cron)
    cron.hubspot.faults.blocked = SystemBlocked(
        "revoked", system="hubspot", cause="credentials", advice="make a new token"
    )
    with pytest.raises(SystemBlocked):
        cron.once()


def test_what_is_parked_is_in_the_report(cron: Cron) -> None:
    """The whole quarantine counts, since a person has to look."""
    left, _ = paired(cron, first="Ann")
    refuse(cron.salesforce, "title", "bad")
    cron.hubspot.edit("contacts", left, {"title": "bad"})
    report = cron.once()
    assert report.parked == 1
    assert report.needs_attention


def test_a_bridge_that_only_watches_writes_nothing(cron: Cron) -> None:
    """Nothing is sent, whatever changed."""
    left, right = paired(cron, first="Ann")
    cron.hubspot.edit("contacts", left, {"first": "Anna"})
    cron.observe = True
    before = cron.salesforce.calls.writes
    cron.once()
    assert cron.salesforce.calls.writes == before
    assert cron.salesforce.records("Lead")[right]["first"] == "Ann"
