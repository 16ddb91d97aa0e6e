"""One save that asks for two things: the verdict counts, and whoever saved it is told of the rest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Stage
from sync.ledger import LedgerLock
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


@pytest.mark.parametrize("stage", ["disqualified", "sql", "on fire"])
def test_the_verdict_is_followed_and_whoever_saved_it_is_told_of_the_stage(
    house: Handing, stage: str
) -> None:
    """Accepted and another stage by hand: one entry, one refusal with a letter, the field is put back."""
    saves(house, verdict="accept", stage=stage)
    assert [one.transition for one in house.history()] == ["T1", "T2", "T3"]
    assert refused(house) == [("two_wishes", stage)]
    assert letters(house).count("refused") == 1
    for system in System:
        assert house.held(system, STAGE, VERDICT) == ("sal", "accept")
    assert house.planned() == []


def test_a_stage_that_says_the_same_as_the_verdict_is_no_second_wish(house: Handing) -> None:
    """Sent back with a reason that puts out, by verdict and stage alike: nobody has lost anything."""
    saves(house, verdict="reject", recycle_reason="not_target", stage="disqualified")
    assert house.standing().stage is Stage.DISQUALIFIED
    assert refused(house) == []


def test_a_verdict_that_says_too_little_is_refused_once(house: Handing) -> None:
    """Without a reason nobody goes out: that is what is missing, however it was asked for."""
    saves(house, verdict="reject", stage="disqualified")
    assert refused(house) == [("no_reason", None)]
    assert house.held(SALESFORCE, STAGE, VERDICT) == ("mql", "pending")


def test_sent_back_to_rest_is_not_put_out(house: Handing) -> None:
    """The reason of the verdict leads to a rest; the stage beside it wants an end."""
    saves(house, verdict="reject", recycle_reason="timing", stage="disqualified")
    assert house.standing().stage is Stage.RECYCLED
    assert refused(house) == [("two_wishes", "disqualified")]
    assert house.planned() == []


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
