"""What lets go of a parked record or line: an end of its pair, a birth, a person's word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import System
from mappings.schema import Carried, Cell, Context, Fault, Mapping
from tests.sync.bridge import people, sqlite_url
from tests.sync.builders import line, side
from tests.sync.live import Live
from tests.sync.test_quarantine import lead, rows, told, with_parked_title
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


@pytest.mark.parametrize("gone", [HUBSPOT, SALESFORCE])
def test_nothing_stays_parked_of_a_pair_that_ended(live: Live, gone: System) -> None:
    """One record was deleted: there is no line left to bring in line."""
    left, right = with_parked_title(live)
    if gone is HUBSPOT:
        live.hubspot.remove("contacts", left)
        live.ring(HUBSPOT, "contacts", left)
    else:
        live.salesforce.remove("Lead", right)
        live.ring(SALESFORCE, "Lead", right)
    live.round()
    live.round()
    assert rows(live) == []
    assert not any("parked" in states for states in live.states().values())


def test_a_nightly_compare_lets_go_of_a_pair_that_ended_too(live: Live) -> None:
    """Without any bell."""
    _, right = with_parked_title(live)
    live.hubspot.seed("contacts", {"email": "bob@example.com"})
    live.resync()
    live.salesforce.remove("Lead", right)
    live.resync(retry_parked=True)
    assert rows(live) == []


def test_a_partner_of_a_deleted_record_waits_for_a_person(tmp_path: Path) -> None:
    """With `when_deleted: park` it stands there until the row is dropped, night after night."""
    live = Live(sqlite_url(tmp_path), mapping=parking_people())
    left, right = paired(live)
    live.hubspot.remove("contacts", left)
    live.ring(HUBSPOT, "contacts", left)
    for _ in range(3):
        live.round()
    assert told(live) == [(right, None, "partner_deleted")]
    live.resync(retry_parked=True)
    live.salesforce.edit("Lead", right, {"title": "CFO"})
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert told(live) == [(right, None, "partner_deleted")]
    live.ledger.drop_parked([row.id for row in rows(live)])
    live.resync(retry_parked=True)
    assert rows(live) == []
    assert live.states()["salesforce"] == {"unpaired": 1}


def parking_people() -> Mapping:
    """The mapping in which a deletion waits for a person."""
    return replace(people(), when_deleted_in={HUBSPOT: "park", SALESFORCE: "park"})


def test_a_line_that_nobody_is_born_with_is_parked_once(tmp_path: Path) -> None:
    """A value that cannot be carried over: the person is created without it, one row says so."""

    def carry(cell: Cell, context: Context) -> Carried:
        return Fault("unknown_option", "add it there") if cell == "bad" else cell

    title = line("title", salesforce=side("title", carry=carry))
    live = Live(sqlite_url(tmp_path), mapping=people(line("email"), line("first"), title))
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com", "title": "bad"})
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert lead(live, "bob@example.com").get("title") is None
    assert [(line_id, cause) for _, line_id, cause in told(live)] == [("title", "unknown_option")]
