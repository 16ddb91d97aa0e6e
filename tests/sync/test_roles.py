"""Whoever is put on an opportunity after it was looked at: found with the next poll, for one call."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from sync.beholding import ROLE
from sync.roles import Roles
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing
from tests.sync.website import ANN

SALESFORCE = System.SALESFORCE


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann's hand-over was accepted and qualified; there is an opportunity, and she is not on it."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    known = dict.fromkeys(
        ("need_problem", "timeframe", "decision_maker", "next_step"), "known well"
    )
    at = found.time().isoformat()
    found.hubspot.seed(
        "contacts", {"email": ANN, "company": "Acme", "notes_last_contacted": at, **known}
    )
    contact = found.salesforce.seed("Contact", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    for words in ({"verdict": "accept"}, {"stage": "sql"}):
        found.time.forward(minutes=5)
        found.salesforce.edit("Contact", contact, words)
        found.news(SALESFORCE, "Contact", contact)
        found.carry()
    assert found.standing().stage is Stage.SQL
    found.salesforce.seed("Opportunity", {"IsClosed": False, "IsWon": False})
    found.time.forward(hours=1)
    return found


def roles_of(house: Handing) -> Roles:
    return Roles(lambda: house.handoff.usher)


def put_on(house: Handing) -> None:
    (contact,), (deal,) = (house.salesforce.records(one) for one in ("Contact", "Opportunity"))
    house.time.forward(minutes=1)
    house.salesforce.seed(ROLE, {"ContactId": contact, "OpportunityId": deal})
    house.time.forward(minutes=1)


def test_whoever_is_put_on_an_opportunity_is_found_by_the_next_look(house: Handing) -> None:
    """Nothing rang for it, and the hourly look is far. What is told again costs one call and no more."""
    roles = roles_of(house)
    assert roles.look() == 0
    put_on(house)
    assert roles.look() == 1
    assert house.history()[-1].transition == "T10"
    before = house.salesforce.calls.reads
    assert [roles.look(), roles.look()] == [0, 0]
    assert house.salesforce.calls.reads - before == 2


def test_while_no_opportunity_could_move_anybody_nothing_is_asked(tmp_path: Path) -> None:
    """No definition, or nobody with sales: not one call."""
    house = Handing(sqlite_url(tmp_path))
    roles = roles_of(house)
    roles.look()
    house.agree()
    house.time.forward(seconds=6)
    before = house.salesforce.calls.reads
    assert [roles.look(), roles.look()] == [0, 0]
    assert house.salesforce.calls.reads == before
