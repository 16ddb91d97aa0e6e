"""When an opportunity lies still: by what opportunities took here, as soon as enough of them have ended."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage, Subject
from lifecycle.port import Timer
from lifecycle.worktime import add
from tests.contract.lifecycle_builders import answer, asked
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing
from tests.sync.website import ANN

WORKING_DAY = timedelta(hours=9)


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann is a lead, and a seller has an opportunity with her on it already."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    contact = found.salesforce.seed("Contact", {"email": ANN, "company": "Acme"})
    deal = found.salesforce.seed("Opportunity", {"IsClosed": False})
    found.salesforce.seed("OpportunityContactRole", {"ContactId": contact, "OpportunityId": deal})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    return found


def have_ended(house: Handing, many: int) -> None:
    """So many opportunities of others took three working days each."""
    started = house.time()
    definition = house.handoff.in_force.definition()
    assert definition is not None
    ended = add(definition.calendar, started, 3 * WORKING_DAY)
    for n in range(many):
        who = Subject("person", f"other{n}")
        request = asked(f"r{n}", who, Stage.OPPORTUNITY)
        timer = Timer(who, "stale", 1, "rin", started, ended, None, stopped_at=ended)
        house.handoff.store.decide(request, [answer(request, 1)], None, [timer])


def watched_for(house: Handing) -> timedelta:
    """Ann's opportunity is entered; how much working time it may take, in working days."""
    house.time.forward(minutes=5)
    (contact,) = house.salesforce.records("Contact")
    house.salesforce.edit("Contact", contact, {"stage": "opportunity"})
    house.news(System.SALESFORCE, "Contact", contact)
    house.carry()
    (timer,) = (o for o in house.handoff.store.running(house.who()) if o.clock == "stale")
    definition = house.handoff.in_force.definition()
    assert definition is not None
    days = next(
        n
        for n in range(99)
        if add(definition.calendar, timer.started_at, n * WORKING_DAY) == timer.due_at
    )
    return timedelta(days=days)


def test_it_is_twice_what_opportunities_usually_take(house: Handing) -> None:
    """Three working days here: after six somebody is told."""
    have_ended(house, 5)
    assert watched_for(house) == timedelta(days=6)


def test_it_is_what_the_definition_says_while_too_few_have_ended(house: Handing) -> None:
    """A median of four says nothing."""
    have_ended(house, 4)
    assert watched_for(house) == timedelta(days=30)
