"""A verdict on a record while nobody knows the fate of our last write to it: heard at once, never lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from tests.sync.bridge import sqlite_url
from tests.sync.handing import REASON, STAGE, VERDICT, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
BACK = {"verdict": "reject", "recycle_reason": "timing", "recycle_comment": "next term"}
# What a seller's verdict may take, of the 120 seconds for which a write may still land.
SOON = timedelta(seconds=5)


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann raised her hand and is an MQL; neither system was told of it yet."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.teller.work()
    return found


def is_told(house: Handing, system: System, *, lost: int = 0, late: int = 0) -> None:
    """Both systems are told of the hand-over, and whoever told this one died before it answered."""
    twin = house.salesforce if system is SALESFORCE else house.hubspot
    twin.faults.lost_answers, twin.faults.late = lost, late
    house.round()


def seller_says(house: Handing, **words: str) -> datetime:
    """A seller enters it, and a worker comes by three times within seconds; answers when it was entered."""
    (lead,) = house.salesforce.records("Lead")
    house.salesforce.edit("Lead", lead, words)
    at = house.time.now
    house.ring(SALESFORCE, "Lead", lead)
    for _ in range(3):
        house.round()
    return at


def until_it_is_over(house: Handing) -> None:
    for twin in (house.hubspot, house.salesforce):
        twin.land()
    for _ in range(4):
        house.time.forward(seconds=40)
        house.round()


def test_a_write_that_stands_there_has_landed_and_holds_nobody_up(house: Handing) -> None:
    """The card on the Lead is ours: both systems have the send-back within seconds, the comment included, and
    a name that was corrected beside it.
    """
    is_told(house, SALESFORCE, lost=1)
    entered = seller_says(house, **BACK, first="Anna")
    assert house.time.now - entered < SOON
    assert house.history()[-1].transition == "T4"
    for system in System:
        assert house.held(system, STAGE, VERDICT, REASON, "recycle_comment", "first") == (
            *("recycled", "reject", "timing"),
            *("next term", "Anna"),
        )
    assert house.planned() == []


@pytest.mark.parametrize("system", list(System))
def test_a_verdict_is_heard_while_a_write_may_still_land(house: Handing, system: System) -> None:
    """Nothing is written meanwhile; however late that write comes, the verdict stands in both at the end."""
    is_told(house, system, late=1)
    seller_says(house, **BACK)
    assert house.standing().stage is Stage.RECYCLED
    assert house.held(system, STAGE) == (None,)
    until_it_is_over(house)
    assert [one.transition for one in house.history()] == ["T1", "T2", "T4"]
    assert house.handoff.store.refusals(9, house.who()) == []
    for one in System:
        assert house.held(one, STAGE, VERDICT, REASON) == ("recycled", "reject", "timing")
    assert house.planned() == []


def test_a_verdict_is_heard_although_the_write_never_lands(house: Handing) -> None:
    """The worker died before it was sent: written anew after the window, with what was decided since."""
    is_told(house, SALESFORCE, late=1)
    house.salesforce._late.clear()
    seller_says(house, verdict="accept")
    assert house.standing().stage is Stage.SAL
    until_it_is_over(house)
    assert [one.transition for one in house.history()] == ["T1", "T2", "T3"]
    for one in System:
        assert house.held(one, STAGE, VERDICT) == ("sal", "accept")


def test_what_cannot_be_followed_is_refused_once_while_it_cannot_be_put_back(
    house: Handing,
) -> None:
    """However often a worker comes by before the record may be written again."""
    is_told(house, SALESFORCE, late=1)
    seller_says(house, verdict="reject")
    for _ in range(3):
        house.time.forward(seconds=20)
        house.round()
    assert [one.code for one in house.handoff.store.refusals(9, house.who())] == ["no_reason"]
    until_it_is_over(house)
    assert [one.code for one in house.handoff.store.refusals(9, house.who())] == ["no_reason"]
    for one in System:
        assert house.held(one, STAGE, VERDICT) == ("mql", "pending")
