"""A system that does not answer costs a lead time and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import Rejected, TryLater
from connector.port import Record, System
from intent.model import Identity
from lifecycle.model import Request, Role, Stage, Subject
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
    about = house.handoff.about()
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
    house.time.forward(seconds=1)
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


def test_a_worker_that_dies_between_the_card_and_the_judgement_leaves_the_look(
    house: Handing,
) -> None:
    """The card was told and nobody judged: she is looked at again soon, without any news of her."""
    dying = replace(house.teller, looked=dies)
    house.time.forward(seconds=1)
    with pytest.raises(Killed):
        dying.work()
    assert house.card() is not None
    house.carry()
    assert house.standing().stage is Stage.KNOWN
    house.time.forward(minutes=1)
    house.carry()
    assert house.standing().stage is Stage.MQL


def test_who_was_judged_is_looked_at_when_it_is_time_and_not_soon(house: Handing) -> None:
    """What was put on file for a death in between is gone with the judgement."""
    house.carry()
    assert house.standing().stage is Stage.MQL
    house.time.forward(minutes=30)
    assert list(house.store.due(house.time(), 10)) == []


def test_people_whom_a_system_refuses_to_tell_of_hold_nobody_up(
    house: Handing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two fill a batch, were asked about before her, and stay unreadable; she is decided in the same look."""
    house.carry()
    monkeypatch.setattr("sync.ushering.AT_ONCE", 2)
    stuck = [of_somebody(house, name) for name in ("bob", "cat")]
    house.handoff.store.ask([asked_of(house, one, minutes=5) for one in stuck])
    house.handoff.store.ask([asked_of(house, house.who(), minutes=1)])
    refuse(house, monkeypatch)
    assert house.handoff.usher.work() >= 1
    assert house.standing().stage is Stage.SAL
    waiting = house.handoff.store.asked(10)
    assert {one.subject for one in waiting} == {*stuck}


def test_whoever_is_stuck_is_asked_about_less_and_less_often(
    house: Handing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of looks every second costs a handful of calls; once the record can be read, it is decided."""
    house.carry()
    bob = of_somebody(house, "bob")
    house.handoff.store.ask([asked_of(house, bob, minutes=5)])
    refused = refuse(house, monkeypatch)
    for _ in range(60):
        house.time.forward(seconds=1)
        house.handoff.usher.work()
    assert 4 <= len(refused) <= 8
    monkeypatch.undo()
    house.time.forward(minutes=10)
    house.handoff.usher.work()
    assert house.handoff.store.asked(10) == []


def test_one_whom_a_system_refuses_to_tell_of_keeps_nobody_from_being_handed_over(
    house: Handing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both raised a hand in the same moment; who is stuck is looked at again."""
    of_somebody(house, "bob")
    house.happens("form_submit_handraise", email="bob@acme.example")
    refuse(house, monkeypatch)
    house.carry()
    assert house.standing().stage is Stage.MQL
    assert house.standing("bob@acme.example").stage is Stage.KNOWN
    monkeypatch.undo()
    house.time.forward(minutes=2)
    house.carry()
    assert house.standing("bob@acme.example").stage is Stage.MQL


def test_a_worker_that_dies_between_the_entry_and_its_rounds_end_leaves_one_entry_and_all_of_it_told(
    house: Handing,
) -> None:
    """The doorbell rings twice besides: reason and comment stand in HubSpot, and it is one send-back."""
    house.carry()
    (lead,) = house.salesforce.records("Lead")
    said = {"verdict": "reject", "recycle_reason": "timing", "recycle_comment": "later"}
    house.time.forward(minutes=5)
    house.salesforce.edit("Lead", lead, said)
    house.ring(System.SALESFORCE, "Lead", lead, times=2)
    house.dies_after_hearing = Killed()
    with pytest.raises(Killed):
        house.round()
    house.dies_after_hearing = None
    house.time.forward(minutes=3)
    house.ring(System.SALESFORCE, "Lead", lead, times=2)
    house.settle()
    assert [one.stage for one in house.history()] == [Stage.LEAD, Stage.MQL, Stage.RECYCLED]
    told = house.held(System.HUBSPOT, "stage", *said, "recycle_count")
    assert told == ("recycled", "reject", "timing", "later", 1)
    assert house.planned() == []


class Killed(BaseException):
    """``kill -9``: nothing catches it."""


def dies(_subjects: Sequence[Subject]) -> Mapping[Subject, datetime]:
    raise Killed


def of_somebody(house: Handing, name: str) -> Subject:
    """Somebody with a record in HubSpot, who is in line with everybody else."""
    mail = f"{name}@acme.example"
    house.hubspot.seed("contacts", {"email": mail, "company": "Acme"})
    house.salesforce.seed("Lead", {"email": mail, "company": "Acme"})
    house.resync()
    (who,) = house.store.resolve([Identity(email=mail)]).values()
    return next(one for one in who if one.kind == "person")


def asked_of(house: Handing, subject: Subject, *, minutes: float) -> Request:
    """A seller asked for them so long ago."""
    now = house.time()
    return Request(
        id=f"link:{subject.key}",
        subject=subject,
        to=Stage.SAL,
        role=Role.SALES,
        actor="rin@sales.example.com",
        source="kakehashi",
        at=now - timedelta(minutes=minutes),
        observed_at=now,
    )


def refuse(house: Handing, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """HubSpot answers about Ann alone; the list names of whom it was asked and did not answer."""
    (ann,) = [i for i, one in house.hubspot.records("contacts").items() if one["email"] == ANN]
    read, refused = house.hubspot.get_many, list[str]()

    def get_many(name: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Record]:
        others = [one for one in ids if name == "contacts" and one != ann]
        # What is asked for a decision; bringing records in line asks for their keys as well.
        if others and "notes_last_contacted" in fields and "salesforce_id" not in fields:
            refused.extend(others[:1])
            raise Rejected("no such record", system="hubspot")
        return read(name, ids, fields)

    monkeypatch.setattr(house.hubspot, "get_many", get_many)
    return refused
