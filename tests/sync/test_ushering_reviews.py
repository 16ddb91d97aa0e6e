"""The day for looking again at whom was sent back: both departments choose it, and the later one wins."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Role, Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
DAY = timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann stands in both systems, in line; both departments agreed on the shipped definition."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    return found


def lead_of(house: Handing) -> str:
    (found,) = house.salesforce.records("Lead")
    return found


def raise_hand(house: Handing) -> None:
    house.happens("form_submit_handraise", topic="pricing")
    house.carry()


def seller_says(house: Handing, **values: str) -> None:
    house.time.forward(minutes=5)
    house.salesforce.edit("Lead", lead_of(house), values)
    house.news(SALESFORCE, "Lead", lead_of(house))
    house.carry()


def of_both(house: Handing, name: str) -> set[object]:
    """What both systems hold of one value."""
    return {house.held(system, name)[0] for system in System}


def marketer_says(house: Handing, **values: str) -> None:
    house.time.forward(minutes=5)
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, values)
    house.news(HUBSPOT, "contacts", contact)
    house.carry()


def test_a_review_date_that_a_person_edits_later_wins_in_both_systems(house: Handing) -> None:
    """Marketing, then sales, then marketing again: each is an entry that keeps the stage, none is refused."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing", reactivate_on="2027-03-01")
    before = house.standing()
    marketer_says(house, reactivate_on="2027-04-01")
    assert of_both(house, "reactivate_on") == {"2027-04-01"}
    seller_says(house, reactivate_on="2027-05-01", recycle_comment="四半期明けに")
    assert of_both(house, "reactivate_on") == {"2027-05-01"}
    marketer_says(house, reactivate_on="2027-02-15")
    assert of_both(house, "reactivate_on") == {"2027-02-15"}
    assert of_both(house, "recycle_comment") == {"四半期明けに"}
    assert house.handoff.store.refusals(10, house.who()) == []
    now = house.standing()
    assert [one.transition for one in house.history()][-3:] == ["review"] * 3
    assert (now.stage, now.recycle_count, now.reason) == (Stage.RECYCLED, 1, "timing")
    assert (now.recycled_at, now.recycled_by) == (before.recycled_at, before.recycled_by)
    assert house.planned() == []


def test_of_two_review_dates_at_once_the_later_one_counts(house: Handing) -> None:
    """Whichever is heard first; both stand in the ledger."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing")
    house.time.forward(minutes=5)
    house.salesforce.edit("Lead", lead_of(house), {"reactivate_on": "2027-05-01"})
    marketer_says(house, reactivate_on="2027-04-01")
    assert of_both(house, "reactivate_on") == {"2027-04-01"}
    days = [one.reactivate_on for one in house.history() if one.is_review]
    assert days == [date(2027, 5, 1), date(2027, 4, 1)]
    assert house.planned() == []


def test_a_review_date_of_somebody_who_is_not_sent_back_is_put_back(house: Handing) -> None:
    """There is nothing to review yet; why stands on file."""
    raise_hand(house)
    marketer_says(house, reactivate_on="2027-04-01")
    assert [one.code for one in house.handoff.store.refusals(10, house.who())] == ["no_evidence"]
    assert of_both(house, "reactivate_on") == {None}


def test_a_review_date_that_is_taken_away_is_heard(house: Handing) -> None:
    """In either system: the rest then ends as the reason says, and both systems hold that day."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing", reactivate_on="2027-05-01")
    marketer_says(house, reactivate_on="")
    assert of_both(house, "reactivate_on") == {"2027-02-22"}
    last, now = house.history()[-1], house.standing()
    assert (last.transition, last.role, last.reactivate_on) == ("review", Role.MARKETING, None)
    assert now.recycled_at is not None
    assert now.cool_until == now.recycled_at + 90 * DAY
    assert house.planned() == []
    seller_says(house, reactivate_on="2027-04-01")
    assert of_both(house, "reactivate_on") == {"2027-04-01"}
    assert house.handoff.store.refusals(10, house.who()) == []
