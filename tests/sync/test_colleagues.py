"""Another person of the same company stands in for whoever was the wrong one, or could not decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import STAGE, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
BOB, CAT = "bob@acme.example", "cat@other.example"


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann and Bob are at one company, Cat at another; Ann was handed over."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    for email in (ANN, BOB, CAT):
        values = {"email": email, "company": email.partition("@")[2]}
        found.hubspot.seed("contacts", values)
        found.salesforce.seed("Lead", values)
    found.resync()
    raise_hand(found, ANN)
    return found


def raise_hand(house: Handing, email: str) -> None:
    house.happens("form_submit_handraise", email=email, topic="pricing")
    house.carry()


def held(house: Handing, email: str) -> dict[str, object]:
    """What Salesforce holds of somebody."""
    leads = house.salesforce.records("Lead").values()
    return next({**one} for one in leads if one["email"] == email)


def sent_back(house: Handing, reason: str) -> None:
    house.time.forward(minutes=5)
    lead = min(house.salesforce.records("Lead"))
    house.salesforce.edit("Lead", lead, {"verdict": "reject", "recycle_reason": reason})
    house.news(SALESFORCE, "Lead", lead)
    house.carry()
    assert house.standing().stage is Stage.RECYCLED


@pytest.mark.parametrize("reason", ["wrong_contact", "no_authority"])
def test_a_new_person_of_the_company_is_handed_over_with_that_history(
    house: Handing, reason: str
) -> None:
    """The entry names the trigger and the card what came before; whoever was wrong rests on."""
    sent_back(house, reason)
    raise_hand(house, BOB)
    assert [entry.trigger for entry in house.history(BOB)] == [None, "new_person"]
    assert "Somebody else at this company was sent back on" in str(held(house, BOB)["hand_over"])
    assert held(house, ANN)[STAGE] == "recycled"
    assert house.planned() == []


def test_nobody_stands_in_for_whoever_has_no_need_now(house: Handing) -> None:
    """It is too early for Ann, and says nothing of Bob."""
    sent_back(house, "timing")
    raise_hand(house, BOB)
    assert [entry.trigger for entry in house.history(BOB)] == [None, None]
    assert "Somebody else" not in str(held(house, BOB)["hand_over"])


def test_nobody_stands_in_at_another_company(house: Handing) -> None:
    """Cat is a lead of her own."""
    sent_back(house, "wrong_contact")
    raise_hand(house, CAT)
    assert [entry.trigger for entry in house.history(CAT)] == [None, None]
