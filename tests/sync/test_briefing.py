"""The hand-over card and the open questions: on the record in both systems, and gone on a no."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from intent.model import Identity
from intent.withdrawals import Wish
from lifecycle.model import Stage
from sync.ushering import Usher
from tests.sync.bridge import sqlite_url
from tests.sync.handing import STAGE, Handing
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
CARD, SHARE, QUESTIONS = "hand_over", "completeness", "missing"


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann stands in both systems, in line; of the gate only the time frame is known."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme", "timeframe": "3_6m"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    return found


def raise_hand(house: Handing) -> None:
    house.happens("form_submit_handraise", topic="pricing")
    house.carry()


def says(house: Handing, **values: str) -> None:
    """The seller edits the Lead, and a worker hears of it."""
    house.time.forward(minutes=5)
    (lead,) = house.salesforce.records("Lead")
    house.salesforce.edit("Lead", lead, values)
    house.news(SALESFORCE, "Lead", lead)
    house.carry()


def of_both(house: Handing, name: str) -> object:
    """What both systems hold, which is the same."""
    left, right = (house.held(system, name)[0] for system in System)
    assert left == right
    return left


def card_of(house: Handing) -> str:
    found = of_both(house, CARD)
    assert isinstance(found, str)
    return found


def test_the_card_stands_on_the_record_in_both_systems(house: Handing) -> None:
    """Why now, what is not known, until when; how much is known is a number, and the second plan is empty."""
    raise_hand(house)
    card = card_of(house)
    assert "Asked to be contacted" in card
    assert "Not known yet" in card
    assert ANN not in card
    assert of_both(house, SHARE) == 22
    assert of_both(house, QUESTIONS) == "problem to solve, decision maker, authority, budget"
    assert house.planned() == []


def test_what_is_missing_reaches_marketing_when_the_seller_sends_back(house: Handing) -> None:
    """The questions are those that are open by then: what the seller found out is none any more."""
    raise_hand(house)
    handed = card_of(house)
    says(house, decision_maker="田中部長", verdict="reject", recycle_reason="incomplete_info")
    assert of_both(house, STAGE) == "recycled"
    assert of_both(house, SHARE) == 44
    assert of_both(house, QUESTIONS) == "problem to solve, authority, budget"
    # What was judged can still be read.
    assert card_of(house) == handed
    assert house.planned() == []


def test_what_holds_a_lead_back_at_the_gate_reaches_marketing(house: Handing) -> None:
    """A seller wants to go on without the answers: refused, and the questions stand in HubSpot."""
    raise_hand(house)
    says(house, verdict="accept")
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, {"notes_last_contacted": house.time().isoformat()})
    says(house, stage="sql", decision_maker="田中部長")
    assert [one.code for one in house.handoff.store.refusals(9, house.who())] == ["gate"]
    assert of_both(house, SHARE) == 44
    assert of_both(house, QUESTIONS) == "problem to solve, authority, budget"
    assert house.planned() == []


def test_marketing_has_the_questions_before_anybody_is_handed_over(house: Handing) -> None:
    """Somebody who looked around and is a lead now: what the gate will ask stands in HubSpot, and no card."""
    house.happens("pricing_view", topic="pricing")
    house.carry()
    assert house.standing().stage is Stage.LEAD
    assert of_both(house, QUESTIONS) == "problem to solve, decision maker, authority, budget"
    assert of_both(house, CARD) is None
    assert house.planned() == []


def test_a_form_that_answers_is_no_question_any_more(house: Handing) -> None:
    """A lead whom the rules do not hand over is looked at with every news; nobody moves for it."""
    raise_hand(house)
    says(house, verdict="reject", recycle_reason="incomplete_info")
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, {"need_problem": "見積に三日かかっている"})
    house.time.forward(days=1)
    house.handoff.usher.judge([house.who()])
    house.carry()
    assert house.standing().stage is Stage.RECYCLED
    assert of_both(house, QUESTIONS) == "decision maker, authority, budget"
    assert of_both(house, SHARE) == 56
    assert house.planned() == []


def test_a_lead_that_comes_back_gets_a_card_that_tells_of_the_time_before(house: Handing) -> None:
    """The previous reason and comment, for whoever calls."""
    raise_hand(house)
    says(house, verdict="reject", recycle_reason="timing", recycle_comment="来期に再度")
    house.time.forward(days=3)
    raise_hand(house)
    assert house.standing().is_returned
    assert "来期に再度" in card_of(house)
    assert "too early" in card_of(house)


def test_a_card_whose_answer_was_lost_is_told_again(house: Handing) -> None:
    """Written without an answer in one system, and in the other much later: in the end both hold it."""
    house.happens("form_submit_handraise", topic="pricing")
    house.hubspot.faults.lost_answers = 2
    house.salesforce.faults.late = 2
    house.carry()
    house.salesforce.faults.late = 0
    house.salesforce.land()
    house.time.forward(minutes=10)
    house.carry()
    house.resync()
    assert "Asked to be contacted" in card_of(house)
    assert house.planned() == []


def test_a_worker_that_died_after_the_decision_leaves_the_card_on_file(
    house: Handing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before anybody was rung for: the next whole compare tells it."""
    house.happens("form_submit_handraise", topic="pricing")

    def dies(*_: object) -> None:
        raise SystemExit

    house.time.forward(seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(Usher, "_ring_for", dies)
        with pytest.raises(SystemExit):
            house.teller.work()
    # What died asked for is on file; whoever comes next decides what is left.
    house.handoff.usher.work()
    house.resync()
    assert "Asked to be contacted" in card_of(house)
    assert house.planned() == []


def test_who_is_no_lead_any_more_has_no_card_and_no_questions(house: Handing) -> None:
    """Put out by a hard reason: nobody works it, nobody asks, and the card is gone from the file as well."""
    raise_hand(house)
    says(house, verdict="reject", recycle_reason="not_target")
    assert house.standing().stage is Stage.DISQUALIFIED
    assert {of_both(house, name) for name in (CARD, SHARE, QUESTIONS)} == {None}
    assert house.handoff.store.briefs([house.who()])[house.who()].card == ""
    assert house.planned() == []


def test_who_does_not_want_to_be_followed_has_no_card(house: Handing) -> None:
    """Taken back from both systems, and gone from the file: it told of what they did."""
    raise_hand(house)
    who = house.who()
    assert card_of(house)
    house.withdrawer.withdraw([Wish(Identity(email=ANN), ("tracking", "profiling"))])
    for _ in range(4):
        house.round()
    assert of_both(house, CARD) is None
    assert house.handoff.store.briefs([who]) == {}
    assert house.planned() == []
