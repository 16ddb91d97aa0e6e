"""A system that does not answer costs a lead time and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import TryLater
from connector.port import System
from lifecycle.model import Request, Role, Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing
from tests.sync.website import ANN


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann stands in both systems and has just raised a hand; nobody has looked yet."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    return found


def test_a_hand_that_was_raised_while_hubspot_is_away_is_handed_over_later(house: Handing) -> None:
    """The look is made again: what came in is not forgotten with the look that failed."""
    house.hubspot.faults.blocked = TryLater("away", system="hubspot", after=1.0)
    house.time.forward(seconds=1)
    house.teller.work()
    assert house.standing().stage is Stage.KNOWN
    house.hubspot.faults.blocked = None
    house.time.now += timedelta(minutes=2)
    house.carry()
    assert house.standing().stage is Stage.MQL


def test_a_verdict_that_cannot_be_decided_now_is_decided_later(house: Handing) -> None:
    """HubSpot is busy for a moment: the request stays on file, and nobody is moved until then."""
    house.carry()
    about = house.handoff._acquaintance()
    assert about is not None
    now = house.time()
    request = Request(
        id="link",
        subject=house.who(),
        to=Stage.SAL,
        role=Role.SALES,
        actor="rin@sales.example.com",
        source="kakehashi",
        at=now,
        observed_at=now,
    )
    house.handoff.store.ask([request])
    house.hubspot.faults.busy = 1
    house.handoff.usher.decide(about)
    assert house.standing().stage is Stage.MQL
    house.handoff.usher.decide(about)
    assert house.standing().stage is Stage.SAL


def test_a_verdict_within_the_second_of_the_hand_over_is_about_that_hand_over(
    house: Handing,
) -> None:
    """Salesforce stamps whole seconds: an edit looks older than what it answers, and counts all the same."""
    house.carry()
    (lead,) = house.salesforce.records("Lead")
    house.time.forward(minutes=5)
    house.salesforce.edit("Lead", lead, {"verdict": "reject", "recycle_reason": "timing"})
    house.news(System.SALESFORCE, "Lead", lead)
    house.carry()
    house.time.now = house.time.now.replace(microsecond=0) + timedelta(days=3, milliseconds=96)
    house.happens("form_submit_handraise", topic="pricing")
    house.carry()
    handed_over = house.standing()
    assert (handed_over.stage, handed_over.cycle) == (Stage.MQL, 2)
    assert handed_over.since is not None
    house.time.now = handed_over.since.replace(microsecond=0) - house.time.step
    house.salesforce.edit("Lead", lead, {"verdict": "accept"})
    house.time.now = handed_over.since + timedelta(milliseconds=500)
    house.news(System.SALESFORCE, "Lead", lead)
    house.carry()
    assert house.standing().stage is Stage.SAL
    assert house.history()[-1].entered_at >= handed_over.since
