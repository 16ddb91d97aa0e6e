"""A seller who opens a deal of a lead has taken it, without a verdict: the fast path."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.port import System, Value
from lifecycle.model import Role, Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import ANSWERS, STAGE, Handing
from tests.sync.website import ANN


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann stands in both systems, as a Contact; both departments agreed on the shipped definition."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Contact", {"email": ANN, "company": "Acme"})
    found.resync()
    return found


def raises_a_hand(house: Handing) -> datetime:
    """Answers since when she waits for a verdict."""
    house.happens("form_submit_handraise", topic="pricing")
    house.carry()
    standing = house.standing()
    assert standing.stage is Stage.MQL
    assert standing.since is not None
    return standing.since


def opened(house: Handing, at: datetime) -> str:
    """An opportunity that a seller opened for her then; Salesforce cuts times to whole seconds."""
    (contact,) = house.salesforce.records("Contact")
    seller = house.salesforce.seed("User", {"Email": "Rin@sales.example.com"})
    made: dict[str, Value] = {"IsClosed": False, "IsWon": False, "OwnerId": seller}
    created = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    deal = house.salesforce.seed("Opportunity", {**made, "CreatedDate": created})
    role = {"ContactId": contact, "OpportunityId": deal}
    house.salesforce.seed("OpportunityContactRole", role)
    return deal


@pytest.mark.parametrize("after", [timedelta(minutes=5), timedelta(0)])
def test_a_seller_who_opens_a_deal_of_a_pending_lead_has_taken_it(
    house: Handing, after: timedelta
) -> None:
    """Nobody takes it from them as not worked; the stages between say that they were gone past."""
    deal = opened(house, raises_a_hand(house) + after)
    house.time.forward(minutes=10)
    house.handoff.usher.deals([deal])
    house.carry()
    assert [(one.stage, one.skipped) for one in house.history()[-3:]] == [
        (Stage.SAL, True),
        (Stage.SQL, True),
        (Stage.OPPORTUNITY, False),
    ]
    last = house.history()[-1]
    assert (last.transition, last.role, last.actor) == ("T19", Role.SALES, "rin@sales.example.com")
    assert last.opportunity == deal
    assert house.held(System.HUBSPOT, STAGE) == ("opportunity",)
    clocks = {timer.clock for timer in house.handoff.store.running(house.who())}
    assert clocks == {"stale"}


def test_a_deal_that_was_open_before_answers_no_hand_over(house: Handing) -> None:
    """It is about something else: whoever raises a hand waits for a verdict."""
    deal = opened(house, house.time())
    house.time.forward(days=1)
    raises_a_hand(house)
    house.handoff.usher.deals([deal])
    assert house.standing().stage is Stage.MQL


def test_what_the_gate_of_a_deal_lacks_is_said_once(house: Handing) -> None:
    """However often somebody strolls by: the refusal is on file, and each look is not one more."""
    raises_a_hand(house)
    (contact,) = house.salesforce.records("Contact")
    known: dict[str, Value] = dict.fromkeys(ANSWERS, "known well")
    known["notes_last_contacted"] = house.time().isoformat()
    (there,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", there, known)
    for verdict in ({"verdict": "accept"}, {"stage": "sql"}):
        house.time.forward(minutes=5)
        house.salesforce.edit("Contact", contact, verdict)
        house.news(System.SALESFORCE, "Contact", contact)
        house.carry()
    assert house.standing().stage is Stage.SQL
    opened(house, house.time())
    unsaid = {"timeframe": None, "decision_maker": None}
    house.hubspot.edit("contacts", there, unsaid)
    house.salesforce.edit("Contact", contact, unsaid)
    for _ in range(3):
        house.time.forward(hours=1)
        house.handoff.usher.sweep()
    (refusal,) = house.handoff.store.refusals(10, house.who())
    assert (refusal.code, refusal.words) == ("gate", {"missing": "timeframe, decision_maker"})
    house.hubspot.edit("contacts", there, known)
    house.handoff.usher.sweep()
    assert house.standing().stage is Stage.OPPORTUNITY
