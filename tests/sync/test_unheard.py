"""Answers that nobody heard: they go before the clock, and a conversion does not bury them."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from tests.sync.bridge import sqlite_url
from tests.sync.handing import STAGE, VERDICT, Handing
from tests.sync.website import ANN


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


def transitions(house: Handing) -> list[str]:
    return [entry.transition for entry in house.history()]


def test_a_verdict_that_nobody_heard_goes_before_the_clock(house: Handing) -> None:
    """Its bell was lost and the time for it is long over: the seller's word counts, not `not_worked`."""
    house.carry()
    (lead,) = house.salesforce.records("Lead")
    words = {"verdict": "reject", "recycle_reason": "timing"}
    house.salesforce.edit("Lead", lead, words)
    house.time.forward(days=14)
    house.carry()
    assert transitions(house) == ["T1", "T2", "T4"]
    assert house.history()[-1].reason == "timing"


def test_what_sales_was_never_shown_is_not_taken_back(house: Handing) -> None:
    """While nothing is written the clock waits; shown at last, they have the whole of the time."""
    for _ in range(3):
        house.time.forward(days=7)
        house.handoff.usher.work()
    assert transitions(house) == ["T1", "T2"]
    house.carry()
    assert house.held(System.SALESFORCE, VERDICT) == ("pending",)
    house.time.forward(minutes=10)
    house.handoff.usher.work()
    assert transitions(house) == ["T1", "T2"]
    house.time.forward(days=14)
    house.handoff.usher.work()
    assert transitions(house) == ["T1", "T2", "T7"]


@pytest.mark.parametrize(
    ("carried", "words", "stage", "comment"),
    [
        (set(), {"verdict": "accept"}, "sal", None),
        (set(), {"verdict": "reject", "recycle_reason": "timing"}, "recycled", None),
        ({"verdict"}, {"verdict": "accept"}, "sal", None),
        (
            {"verdict", "recycle_reason", "recycle_comment"},
            {"verdict": "reject", "recycle_reason": "timing", "recycle_comment": "next term"},
            "recycled",
            "next term",
        ),
    ],
)
def test_a_verdict_on_a_lead_that_was_converted_before_anybody_heard_it_counts(
    house: Handing, carried: set[str], words: dict[str, str], stage: str, comment: str | None
) -> None:
    """Once, whether or not the org carries the field over to the Contact; both systems say so."""
    house.carry()
    (lead,) = house.salesforce.records("Lead")
    house.salesforce.edit("Lead", lead, words)
    kept = {name: value for name, value in words.items() if name in carried}
    house.salesforce.convert(lead, {"email": ANN, **kept})
    house.news(System.SALESFORCE, "Lead", lead)
    house.carry()
    last = house.history()[-1]
    assert (last.stage.value, last.number, last.comment) == (stage, 3, comment)
    assert not house.handoff.store.refusals(10, house.who())
    for system, name in ((System.HUBSPOT, "contacts"), (System.SALESFORCE, "Contact")):
        twin = house.hubspot if system is System.HUBSPOT else house.salesforce
        (record,) = twin.records(name).values()
        assert (record[STAGE], record[VERDICT]) == (stage, words["verdict"])
