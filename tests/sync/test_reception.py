"""What doors hand in: every record it concerns rings, in the lane that the matter asks for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import Notice, System
from sync.budget_shared import impatient
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerError, LedgerUnavailable
from sync.reception import Reception
from sync.ringer import Ringer
from tests.machine.redis import running_redis
from tests.sync.bridge import START, people, sqlite_url

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(sqlite_url(tmp_path))


@pytest.fixture
def reception(ledger: Ledger) -> Reception:
    """Over contacts, Contact and Lead with an e-mail opt-out, and without any queue."""
    return Reception(ledger, None, lambda: [people()])


def notice(
    record_id: str, *fields: str, system: System = HUBSPOT, name: str = "contacts"
) -> Notice:
    return Notice(system, name, record_id, "changed", fields=fields)


def rung(ledger: Ledger) -> dict[str, tuple[str, int]]:
    """Lane and number of every record that rang, by its id."""
    later = START + timedelta(minutes=1)
    bells = ledger.take_bells("test", later, limit=100)
    return {bell.record_id: (bell.lane.value, bell.number) for bell in bells}


def test_an_event_rings_for_its_record(ledger: Ledger, reception: Reception) -> None:
    """And the receipt stands beside it."""
    lanes = reception.remember(HUBSPOT, [notice("1", "firstname")], None, START)
    assert lanes == {Lane.LIVE}
    assert rung(ledger) == {"1": ("live", 1)}
    assert ledger.received() == {HUBSPOT: 1}


@pytest.mark.parametrize(
    ("system", "name", "field"), [(HUBSPOT, "contacts", "optout"), (SALESFORCE, "Lead", "OptOut")]
)
def test_a_change_of_consent_goes_before_everything_else(
    ledger: Ledger, reception: Reception, system: System, name: str, field: str
) -> None:
    """By the names that each system has for it; a flock of other events does not hold it up."""
    told = [
        notice("1", "first", system=system, name=name),
        notice("1", field, system=system, name=name),
        notice("2", "first", system=system, name=name),
    ]
    assert reception.remember(system, told, None, START) == {Lane.CONSENT, Lane.LIVE}
    assert rung(ledger) == {"1": ("consent", 2), "2": ("live", 1)}


def test_the_other_systems_name_of_consent_means_nothing_here(
    ledger: Ledger, reception: Reception
) -> None:
    """A HubSpot property may be called like a Salesforce field."""
    reception.remember(HUBSPOT, [notice("1", "OptOut")], None, START)
    assert rung(ledger) == {"1": ("live", 1)}


def test_what_the_address_of_the_door_asks_for_wins(ledger: Ledger, reception: Reception) -> None:
    """The admin said so, whatever the fields."""
    told = [notice("1", "optout"), notice("2")]
    assert reception.remember(HUBSPOT, told, Lane.HANDOFF, START) == {Lane.HANDOFF}
    assert rung(ledger) == {"1": ("handoff", 1), "2": ("handoff", 1)}


def test_the_losers_of_a_merge_ring_too(ledger: Ledger, reception: Reception) -> None:
    """Their pairs have to move; it was one event all the same."""
    merged = Notice(HUBSPOT, "contacts", "3", "merged", others=("1", "2"))
    reception.remember(HUBSPOT, [merged], None, START)
    assert rung(ledger) == dict.fromkeys(("1", "2", "3"), ("live", 1))
    assert ledger.received() == {HUBSPOT: 1}


def test_a_delivery_is_one_receipt_over_all_its_events(
    ledger: Ledger, reception: Reception
) -> None:
    """No event is unaccounted for, and a storm about one record is one bell."""
    reception.remember(HUBSPOT, [notice("1") for _ in range(100)], None, START)
    reception.remember(SALESFORCE, [notice("00Q", system=SALESFORCE, name="Lead")], None, START)
    assert ledger.received() == {HUBSPOT: 100, SALESFORCE: 1}
    assert rung(ledger) == {"1": ("live", 100), "00Q": ("live", 1)}


def test_a_delivery_is_on_file_whole_or_not_at_all(
    ledger: Ledger, reception: Reception, tmp_path: Path
) -> None:
    """The receipt could not be written: the sender comes again, and nothing is counted twice."""
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as beside:
        beside.execute("ALTER TABLE receipt RENAME TO elsewhere")
        with pytest.raises(LedgerError):
            reception.remember(HUBSPOT, [notice("1")], None, START)
        beside.execute("ALTER TABLE elsewhere RENAME TO receipt")
    assert rung(ledger) == {}
    assert ledger.received() == {}


def test_only_what_some_mapping_speaks_of_is_wanted(ledger: Ledger) -> None:
    """In the system that it speaks of; an edit of the mappings is heard with the next event."""
    mappings = [people()]
    reception = Reception(ledger, None, lambda: mappings)
    asked = [(HUBSPOT, "contacts"), (SALESFORCE, "Lead"), (SALESFORCE, "contacts")]
    assert [reception.wants(*one) for one in asked] == [True, True, False]
    assert not reception.wants(HUBSPOT, "tickets")
    mappings.append(replace(people(), name="tickets", hubspot_object="tickets"))
    assert reception.wants(HUBSPOT, "tickets")


def test_without_a_queue_workers_look_by_themselves(reception: Reception) -> None:
    """Nothing to ring at is no error."""
    assert reception.ring([Lane.LIVE]) is False


@pytest.fixture
def redis_url() -> Iterator[str]:
    with running_redis() as server:
        yield server.url


def test_with_a_queue_workers_are_woken(ledger: Ledger, redis_url: str) -> None:
    """In the lanes that were rung in."""
    reception = Reception(ledger, Ringer(impatient(redis_url)), lambda: [people()])
    lanes = reception.remember(HUBSPOT, [notice("1", "optout")], None, START)
    assert reception.ring(lanes) is True


def test_an_error_of_the_ledger_is_its_own(
    ledger: Ledger, reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door answers 503 to exactly this error."""

    def away(*_: object, **__: object) -> int:
        raise LedgerUnavailable("away")

    monkeypatch.setattr(ledger, "take_in", away)
    with pytest.raises(LedgerUnavailable):
        reception.remember(HUBSPOT, [notice("1")], None, START)
