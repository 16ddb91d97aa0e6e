"""One save that asks for two things: the verdict counts, and whoever saved it is told of the rest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from sync.hearing import Edited, Heard
from sync.ledger import LedgerLock
from sync.petitions import beside, petition_of
from tests.lifecycle.builders import NOW, shipped, standing
from tests.sync.bridge import sqlite_url
from tests.sync.handing import STAGE, VERDICT, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann waits for a verdict."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    return found


def enters(house: Handing, **values: str) -> None:
    """A seller saves all of it at once."""
    house.time.forward(minutes=5)
    (lead,) = house.salesforce.records("Lead")
    house.salesforce.edit("Lead", lead, values)


def is_heard(house: Handing) -> None:
    (lead,) = house.salesforce.records("Lead")
    house.news(SALESFORCE, "Lead", lead)
    house.carry()


def saves(house: Handing, **values: str) -> None:
    """A seller saves all of it at once, and a worker hears of it."""
    enters(house, **values)
    is_heard(house)


def refused(house: Handing) -> list[tuple[str, str | None]]:
    found = house.handoff.store.refusals(9, house.who())
    return [(one.code, one.words.get("to")) for one in found]


def letters(house: Handing) -> list[str]:
    return [one.kind for one in house.handoff.store.owed(9)]


def test_the_verdict_is_followed_and_whoever_saved_it_is_told_of_the_stage(
    house: Handing,
) -> None:
    """Accepted and put out by hand: one entry, one refusal with a letter, the field is put back."""
    saves(house, verdict="accept", stage="disqualified")
    assert [one.transition for one in house.history()] == ["T1", "T2", "T3"]
    assert refused(house) == [("two_wishes", "disqualified")]
    assert letters(house).count("refused") == 1
    for system in System:
        assert house.held(system, STAGE, VERDICT) == ("sal", "accept")
    assert house.planned() == []


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        pytest.param({"verdict": "accept", "stage": "sql"}, "sql", id="a further step"),
        pytest.param({"verdict": "accept", "stage": "on fire"}, "on fire", id="no stage at all"),
        pytest.param({"verdict": "accept", "stage": "SAL"}, None, id="where it leads"),
        pytest.param({"verdict": "accept", "stage": ""}, None, id="a stage that was cleared"),
        pytest.param({"verdict": "", "stage": "sql"}, None, id="no verdict"),
        pytest.param(
            {"verdict": "reject", "recycle_reason": "timing", "stage": "disqualified"},
            "disqualified",
            id="a rest is no end",
        ),
        pytest.param(
            {"verdict": "reject", "recycle_reason": "not_target", "stage": "disqualified"},
            None,
            id="a reason that puts out",
        ),
        pytest.param(
            {"verdict": "reject", "stage": "disqualified"}, None, id="what is missing is told once"
        ),
    ],
)
def test_a_stage_is_a_second_wish_where_the_verdict_leads_elsewhere(
    words: dict[str, str], wish: str | None
) -> None:
    """Who saved both alike has lost nothing."""
    heard = Heard(
        mapping="people",
        pair_id=1,
        system=SALESFORCE,
        object="Lead",
        record_id="00Q1",
        names=(),
        entered={f"lifecycle.{name}": word for name, word in words.items()},
    )
    stands, by = standing(Stage.MQL), Edited(NOW, "rin@sales.example.com")
    found = petition_of(heard, stands, shipped(), NOW, edited=by, nth=0)
    other = beside(found, heard, stands, shipped())
    refusal = None if other is None else other.refusal
    assert (None if refusal is None else refusal.words["to"]) == wish


def test_a_worker_that_dies_after_hearing_both_leaves_it_at_that(house: Handing) -> None:
    """The verdict is decided by then; the stage that stands beside it still is no wish of its own."""
    house.dies_after_hearing = Killed()
    with pytest.raises(Killed):
        saves(house, verdict="accept", stage="disqualified", recycle_reason="not_target")
    house.dies_after_hearing = None
    house.time.forward(minutes=3)
    house.settle()
    assert [one.transition for one in house.history()] == ["T1", "T2", "T3"]
    assert refused(house) == [("two_wishes", "disqualified")]
    assert house.held(SALESFORCE, STAGE, VERDICT) == ("sal", "accept")
    assert house.planned() == []


def test_both_wishes_that_are_heard_twice_are_decided_once(house: Handing) -> None:
    """Another worker was about to decide, and this one died after it had handed the save on."""
    enters(house, verdict="accept", stage="disqualified")
    hour = timedelta(hours=1)
    with LedgerLock(house.ledger, house.time, name="lifecycle:decide", pid=1, lasts=hour):
        is_heard(house)
        house.handoff.usher.hear(house.heard[:1])
    house.handoff.usher.work()
    assert [one.transition for one in house.history()] == ["T1", "T2", "T3"]
    assert refused(house) == [("two_wishes", "disqualified")]


class Killed(BaseException):
    """``kill -9``: nothing catches it."""
