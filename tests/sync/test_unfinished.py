"""What could not be written now is not forgotten, whatever else is true of the record.

A pair that is parked for one line, filtered, or in line but for an opt-out of a twin keeps its bell until
everything that may be written is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import OutcomeUnknown, Rejected, TryLater
from connector.port import Change, Outcome, System
from sync.lanes import Lane
from sync.ledger import Ring
from sync.poll import ring_for_waiting
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import Clocked
from tests.sync.live import Live
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
UpdateMany = Callable[[str, Sequence[Change]], list[Outcome]]
LOCKED = TryLater("UNABLE_TO_LOCK_ROW", system="salesforce")
NO_ANSWER = OutcomeUnknown("time-out", system="salesforce")


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def answer(live: Live, monkeypatch: pytest.MonkeyPatch, told: Callable[[Change], object]) -> None:
    """Salesforce answers changes so; where nothing is told it does as it always does."""
    usual: UpdateMany = type(live.salesforce).update_many.__get__(live.salesforce)

    def update_many(object_name: str, changes: Sequence[Change]) -> list[object]:
        return [told(change) or usual(object_name, [change])[0] for change in changes]

    monkeypatch.setattr(live.salesforce, "update_many", update_many)


def refuse_titles(change: Change) -> object:
    refused = Rejected("too long", system="salesforce", cause="too_long", fields=("title",))
    return refused if "title" in change.values else None


def go_on(live: Live) -> None:
    """An hour and a quarter of quiet work."""
    for _ in range(5):
        live.time.forward(minutes=15)
        ring_for_waiting(live.bench)
        live.round()


def with_parked_title(live: Live, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    left, right = paired(live, first="Ann", title="CEO")
    answer(live, monkeypatch, refuse_titles)
    live.hubspot.edit("contacts", left, {"title": "C" * 300})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.states()["hubspot"] == {"parked": 1}
    return left, right


def test_the_other_lines_of_a_parked_record_outlive_a_lock(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit and an opt-out that met a locked row travel when it is free."""
    left, right = with_parked_title(live, monkeypatch)
    answer(live, monkeypatch, lambda _: LOCKED)
    live.hubspot.edit("contacts", left, {"first": "Anna", "optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    answer(live, monkeypatch, refuse_titles)
    go_on(live)
    lead = live.salesforce.records("Lead")[right]
    assert (lead["first"], lead["OptOut"]) == ("Anna", True)
    assert live.bells() == 0


def test_the_other_lines_of_a_parked_record_outlive_a_pause(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They travel when a person lets writes go on."""
    left, right = with_parked_title(live, monkeypatch)
    live.ledger.pause([SALESFORCE], live.time())
    live.hubspot.edit("contacts", left, {"first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    live.ledger.resume([SALESFORCE])
    live.ledger.hasten_bells(live.time())
    go_on(live)
    assert live.salesforce.records("Lead")[right]["first"] == "Anna"


@pytest.mark.parametrize("trouble", [LOCKED, NO_ANSWER])
def test_an_opt_out_reaches_a_twin_that_could_not_be_written(
    live: Live, monkeypatch: pytest.MonkeyPatch, trouble: TryLater
) -> None:
    """The pair itself is in line long before."""
    left, right = paired(live)
    twin = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.resync()
    answer(live, monkeypatch, lambda change: trouble if change.id == twin else None)
    live.hubspot.edit("contacts", left, {"optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    monkeypatch.undo()
    go_on(live)
    leads = live.salesforce.records("Lead")
    assert (leads[right]["OptOut"], leads[twin]["OptOut"]) == (True, True)


class Cutting(Live):
    """Salesforce keeps six characters of a title."""

    def __post_init__(self) -> None:
        self.normalise = {SALESFORCE: {"title": lambda value: value and str(value)[:6]}}
        super().__post_init__()


def test_a_write_without_an_answer_is_known_again_although_it_was_cut(tmp_path: Path) -> None:
    """What Salesforce made of it is our echo: it does not come back over what a person entered."""
    live = Cutting(sqlite_url(tmp_path))
    left, right = paired(live, title="CEO")
    live.salesforce.faults.lost_answers = 1
    live.hubspot.edit("contacts", left, {"title": "Chief executive"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    go_on(live)
    assert live.hubspot.records("contacts")[left]["title"] == "Chief executive"
    assert live.salesforce.records("Lead")[right]["title"] == "Chief "
    assert live.ledger.conflicts() == []
    assert live.planned() == []


def test_a_beginning_that_stood_there_before_is_no_proof_that_a_write_landed(
    tmp_path: Path,
) -> None:
    """It never did: after the landing window it is sent again."""
    live = Cutting(sqlite_url(tmp_path))
    left, right = paired(live, title="Chi")
    live.salesforce.faults.late = 1
    live.hubspot.edit("contacts", left, {"title": "Chi ef"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    go_on(live)
    assert live.salesforce.records("Lead")[right]["title"] == "Chi ef"
    assert live.hubspot.records("contacts")[left]["title"] == "Chi ef"


class Narrow(Live):
    """Contacts with the title `out` are outside `only`."""

    def __post_init__(self) -> None:
        outside = {HUBSPOT: lambda values, _context: values.get("title") != "out"}
        self.mapping = replace(self.mapping, only=outside)
        super().__post_init__()


def test_an_opt_out_of_a_filtered_pair_outlives_a_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consent is all that a filtered pair still gets, so it must get that."""
    live = Narrow(sqlite_url(tmp_path))
    left, right = paired(live, first="Ann")
    live.hubspot.edit("contacts", left, {"title": "out"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.states()["hubspot"] == {"filtered": 1}
    answer(live, monkeypatch, lambda _: LOCKED)
    live.hubspot.edit("contacts", left, {"optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    monkeypatch.undo()
    go_on(live)
    assert live.salesforce.records("Lead")[right]["OptOut"] is True


def test_what_is_only_observed_is_waiting_and_written_when_the_mode_changes(
    tmp_path: Path,
) -> None:
    """Not one write while observing; nothing of it is lost."""
    clocked = Clocked(sqlite_url(tmp_path))
    left, right = paired(clocked, first="Ann")
    clocked.observe = True
    clocked.hubspot.edit("contacts", left, {"first": "Anna"})
    clocked.ring(HUBSPOT, "contacts", left)
    clocked.time.forward(seconds=1)
    clocked.new_station().step()
    assert clocked.salesforce.records("Lead")[right]["first"] == "Ann"
    assert clocked.states()["hubspot"] == {"waiting": 1}
    [row] = clocked.ledger.records_in_state("people", HUBSPOT, "waiting")
    assert row.reason == "observe"
    clocked.observe = False
    # What every worker does when it starts.
    clocked.ledger.hasten_bells(clocked.time())
    clocked.new_station().step()
    assert clocked.salesforce.records("Lead")[right]["first"] == "Anna"


def test_bells_that_were_put_back_for_more_urgent_ones_have_not_been_tried(tmp_path: Path) -> None:
    """A record that is not readable yet keeps all its looks, however busy the consent lane is."""
    clocked = Clocked(sqlite_url(tmp_path))
    left, _ = paired(clocked, first="Ann")
    new = clocked.hubspot.seed("contacts", {"email": "bob@example.com"})
    clocked.hubspot.hide("contacts", new)
    clocked.ledger.ring([Ring(HUBSPOT, "contacts", new)], clocked.time())
    for _ in range(7):
        clocked.time.forward(seconds=1)
        clocked.ledger.ring([Ring(HUBSPOT, "contacts", left, Lane.CONSENT)], clocked.time())
        clocked.station.step()
    clocked.time.forward(seconds=1)
    clocked.station.step()
    assert clocked.bells() == 1
