"""From a raised hand to the seller, back with a reason, and in again: over both systems and every ledger."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.port import System
from lifecycle.model import Role, Stage
from mappings.schema import OwnName
from tests.sync.bridge import sqlite_url
from tests.sync.handing import ANSWERS, REASON, STAGE, VERDICT, Handing
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


def test_a_raised_hand_is_handed_over_and_both_systems_say_so(house: Handing) -> None:
    """A lead, then an MQL for somebody in particular, pending, with a clock; the second plan is empty."""
    raise_hand(house)
    assert [entry.transition for entry in house.history()] == ["T1", "T2"]
    for system in System:
        assert house.held(system, STAGE, VERDICT, "cycle") == ("mql", "pending", 1)
        assert house.held(system, "handed_to", "sla_status") == ("sales@example.com", "on_time")
    assert {timer.clock for timer in house.handoff.store.running(house.who())} == {
        "verdict",
        "first_touch",
    }
    assert house.planned() == []


def test_without_an_agreed_definition_nobody_is_moved(tmp_path: Path) -> None:
    """Scores go on; stages need both departments."""
    house = Handing(sqlite_url(tmp_path))
    house.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    house.salesforce.seed("Lead", {"email": ANN})
    house.resync()
    raise_hand(house)
    assert house.history() == []
    assert house.held(SALESFORCE, STAGE) == (None,)


def test_while_the_mode_is_observe_nobody_is_moved_and_no_clock_runs(tmp_path: Path) -> None:
    """No seller would hear of it; once it is live the next news of her hands her over."""
    house = Handing(sqlite_url(tmp_path))
    house.agree()
    house.handoff.observe = True
    house.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
    house.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    house.resync()
    raise_hand(house)
    house.handoff.usher.work()
    house.handoff.usher.sweep()
    assert (house.history(), house.handoff.store.running(house.who())) == ([], [])
    house.handoff.observe = False
    house.time.forward(hours=1)
    house.happens("pricing_view", topic="pricing")
    house.carry()
    assert house.standing().stage is Stage.MQL


def test_a_seller_accepts_in_salesforce(house: Handing) -> None:
    """The verdict is one entry by sales, and HubSpot sees it."""
    raise_hand(house)
    seller_says(house, verdict="accept")
    last = house.history()[-1]
    assert (last.stage, last.transition, last.role, last.source) == (
        Stage.SAL,
        "T3",
        Role.SALES,
        "salesforce",
    )
    for system in System:
        assert house.held(system, STAGE, VERDICT) == ("sal", "accept")
    assert house.planned() == []


def test_a_seller_sends_back_with_a_reason_and_hubspot_carries_all_of_it(house: Handing) -> None:
    """差し戻し: reason, comment, count and nurturing stand in HubSpot; exactly one entry."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing", recycle_comment="来期に再度")
    assert [entry.stage for entry in house.history()] == [Stage.LEAD, Stage.MQL, Stage.RECYCLED]
    told = house.held(
        HUBSPOT, STAGE, VERDICT, REASON, "recycle_comment", "recycle_count", "nurture"
    )
    assert told == ("recycled", "reject", "timing", "来期に再度", 1, True)
    rests_until = house.standing().cool_until
    assert rests_until is not None
    over = rests_until.astimezone(ZoneInfo("Asia/Tokyo")).date().isoformat()
    assert house.held(HUBSPOT, "reactivate_on") == (over,)
    assert house.held(SALESFORCE, STAGE) == ("recycled",)
    assert house.planned() == []


def test_who_sent_it_back_is_the_seller_who_edited_it_there(house: Handing) -> None:
    """Salesforce names who changed a record last: by their address, they do not get it straight back."""
    raise_hand(house)
    seller = house.salesforce.seed("User", {"Email": "Rin@sales.example.com"})
    seller_says(house, verdict="reject", recycle_reason="timing", LastModifiedById=seller)
    assert house.standing().rejected_by == "rin@sales.example.com"


def test_a_send_back_without_a_reason_is_refused_put_back_and_shown(house: Handing) -> None:
    """The lead stays pending; the refusal names what is missing."""
    raise_hand(house)
    seller_says(house, verdict="reject")
    (refusal,) = house.handoff.store.refusals(10, house.who())
    assert (refusal.code, refusal.request.source) == ("no_reason", "salesforce")
    for system in System:
        assert house.held(system, STAGE, VERDICT) == ("mql", "pending")
    assert house.planned() == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"stage": "customer"}, "illegal"),
        ({"stage": "on fire"}, "unknown_stage"),
        ({"verdict": "reject", "recycle_reason": "bad mood"}, "unknown_reason"),
        ({"recycle_reason": "bad mood"}, "unknown_reason"),
    ],
)
def test_what_cannot_be_is_put_back_with_the_reason_on_file(
    house: Handing, values: dict[str, str], code: str
) -> None:
    """An impossible stage, a word that is none, a reason nobody knows, a reason without a verdict."""
    raise_hand(house)
    seller_says(house, **values)
    assert [one.code for one in house.handoff.store.refusals(10, house.who())] == [code]
    assert house.held(SALESFORCE, STAGE, VERDICT, REASON) == ("mql", "pending", None)
    assert house.planned() == []


def test_who_was_sent_back_is_not_accepted_afterwards(house: Handing) -> None:
    """The refusal speaks of what the seller wanted, and until when nobody is handed over again."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing")
    seller_says(house, verdict="accept")
    (refusal,) = house.handoff.store.refusals(10, house.who())
    assert (refusal.code, refusal.request.to) == ("cooling_off", Stage.SAL)
    assert house.held(SALESFORCE, STAGE, VERDICT) == ("recycled", "reject")


def test_two_verdicts_at_once_leave_one_and_the_other_is_kept(house: Handing) -> None:
    """Marketing takes it out in HubSpot while sales accepts: one entry, one refusal, both systems alike."""
    raise_hand(house)
    house.time.forward(minutes=5)
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, {"stage": "disqualified", REASON: "not_target"})
    seller_says(house, verdict="accept")
    decided = house.history()[2:]
    refused = house.handoff.store.refusals(10, house.who())
    assert len(decided) == 1
    assert len(refused) == 1
    assert house.held(HUBSPOT, STAGE) == house.held(SALESFORCE, STAGE) == (decided[0].stage.value,)
    assert house.planned() == []


def test_who_was_sent_back_rests_and_returns_with_a_raised_hand(house: Handing) -> None:
    """A page view brings nobody back; a form does, flagged as returned, in a new cycle."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing")
    house.time.forward(days=3)
    house.happens("pricing_view", topic="pricing")
    house.carry()
    assert house.standing().stage is Stage.RECYCLED
    house.time.forward(days=3)
    raise_hand(house)
    last = house.history()[-1]
    assert (last.stage, last.transition, last.cycle, last.trigger) == (
        Stage.MQL,
        "T15",
        2,
        "hand_raise",
    )
    assert house.held(SALESFORCE, STAGE, "is_returned", "cycle", REASON) == (
        "mql",
        True,
        2,
        "timing",
    )


def test_a_lead_that_nobody_works_goes_back_by_the_clock_and_to_somebody_again(
    house: Handing,
) -> None:
    """The ladder is told step by step; then it is `not_worked`, which is nobody's judgement of the lead."""
    raise_hand(house)
    for _ in range(10):
        house.time.forward(days=1)
        house.carry()
        if house.history()[-1].reason == "not_worked":
            break
    last = next(one for one in house.history() if one.reason == "not_worked")
    assert (last.transition, last.role) == ("T7", Role.RULE)
    assert [one.ring.whom for one in house.calls][:2] != []


def test_an_edit_that_is_heard_twice_is_one_entry(house: Handing) -> None:
    """A worker died after it had handed the edit on: it is heard again, and nothing happens twice."""
    raise_hand(house)
    seller_says(house, verdict="accept")
    assert len(house.heard) == 1
    house.handoff.usher.hear(house.heard)
    assert [entry.stage for entry in house.history()] == [Stage.LEAD, Stage.MQL, Stage.SAL]
    assert house.held(HUBSPOT, STAGE) == house.held(SALESFORCE, STAGE) == ("sal",)


def clocks_of(house: Handing) -> set[str]:
    return {timer.clock for timer in house.handoff.store.running(house.who())}


def test_what_both_systems_hold_is_on_file_and_stops_the_clock_of_the_write_back(
    house: Handing,
) -> None:
    """Since when each system knows of the send-back; the nurturing list has them, too."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing")
    last = house.history()[-1]
    written = house.handoff.store.written_at(house.who())
    assert (house.who(), last.number, HUBSPOT) in written
    assert clocks_of(house) == set()


def test_a_call_that_was_logged_stops_the_clock_of_the_first_touch(house: Handing) -> None:
    """HubSpot tells when somebody was last contacted; no reminder goes out after it."""
    raise_hand(house)
    assert "first_touch" in clocks_of(house)
    house.time.forward(minutes=10)
    (contact,) = house.hubspot.records("contacts")
    called = house.time().isoformat()
    house.hubspot.edit("contacts", contact, {"notes_last_contacted": called})
    # The evening goes by; in the morning the first reminder would be due.
    house.time.forward(hours=15, minutes=45)
    house.carry()
    assert clocks_of(house) == {"verdict"}
    assert house.calls == []


def test_of_somebody_who_is_erased_only_stages_and_times_stay(house: Handing) -> None:
    """Nobody can tell who it was; no clock runs for them any more."""
    raise_hand(house)
    seller_says(house, verdict="reject", recycle_reason="timing", recycle_comment="来期に再度")
    who = house.who()
    house.handoff.witness.forget([OwnName("email", ANN)], house.handoff.in_force.definition())
    assert list(house.handoff.store.history(who)) == []
    kept = house.handoff.store.entered(house.time.now - DAY, house.time.now + DAY)
    assert [entry.stage for entry in kept][-1] is Stage.ERASED
    assert not any(entry.comment or entry.handed_to for entry in kept)


@pytest.fixture
def deal(tmp_path: Path) -> Handing:
    """Ann is a Contact; sales has accepted and qualified her."""
    found = Handing(sqlite_url(tmp_path))
    found.agree()
    known = dict.fromkeys(
        ("need_problem", "timeframe", "decision_maker", "next_step"), "known well"
    )
    at = found.time().isoformat()
    found.hubspot.seed(
        "contacts", {"email": ANN, "company": "Acme", "notes_last_contacted": at, **known}
    )
    found.salesforce.seed("Contact", {"email": ANN, "company": "Acme"})
    found.resync()
    raise_hand(found)
    (contact,) = found.salesforce.records("Contact")
    for verdict in ({"verdict": "accept"}, {"stage": "sql"}):
        found.time.forward(minutes=5)
        found.salesforce.edit("Contact", contact, verdict)
        found.news(SALESFORCE, "Contact", contact)
        found.carry()
    assert found.standing().stage is Stage.SQL
    return found


def closes(house: Handing, **values: str | bool) -> None:
    """An opportunity with her on it, as it stands now."""
    (contact,) = house.salesforce.records("Contact")
    opportunity = house.salesforce.seed("Opportunity", {"IsClosed": False, "IsWon": False})
    house.salesforce.seed(
        "OpportunityContactRole", {"ContactId": contact, "OpportunityId": opportunity}
    )
    house.handoff.usher.sweep()
    house.salesforce.edit("Opportunity", opportunity, values)
    house.time.forward(hours=1)
    house.handoff.usher.sweep()
    house.carry()


def test_an_opportunity_that_is_won_makes_a_customer(deal: Handing) -> None:
    """Found by her role on it; each step is an entry, by rule."""
    closes(deal, IsClosed=True, IsWon=True)
    assert [entry.transition for entry in deal.history()][-2:] == ["T10", "T12"]
    assert deal.held(HUBSPOT, STAGE) == ("customer",)


def test_what_made_a_customer_does_not_make_a_lead_of_them_again(deal: Handing) -> None:
    """A hand that was raised before the deal was won is no new interest; one raised afterwards is."""
    closes(deal, IsClosed=True, IsWon=True)
    deal.handoff.usher.judge([deal.who()])
    assert deal.standing().stage is Stage.CUSTOMER
    deal.time.forward(days=1)
    raise_hand(deal)
    assert (deal.history()[-1].transition, deal.standing().cycle) == ("T17", 2)


def test_a_lost_opportunity_brings_its_reason_back_to_marketing(deal: Handing) -> None:
    """Lost is no resting place: it is a send-back with a reason."""
    closes(deal, IsClosed=True, IsWon=False, Loss_Reason__c="lost_price")
    last = deal.history()[-1]
    assert (last.stage, last.transition, last.reason) == (Stage.RECYCLED, "T13", "lost_price")
    assert deal.held(HUBSPOT, REASON) == ("lost_price",)


def test_a_lost_opportunity_without_a_reason_waits_for_one(deal: Handing) -> None:
    """Nobody guesses why."""
    closes(deal, IsClosed=True, IsWon=False)
    assert deal.standing().stage is Stage.OPPORTUNITY


def test_a_deal_that_changes_moves_who_is_named_on_it_at_once(deal: Handing) -> None:
    """It was won before anybody of us had heard that it exists: both steps are entries, and nobody waits."""
    (contact,) = deal.salesforce.records("Contact")
    won = deal.salesforce.seed("Opportunity", {"IsClosed": True, "IsWon": True})
    deal.salesforce.seed("OpportunityContactRole", {"ContactId": contact, "OpportunityId": won})
    deal.handoff.usher.met("Opportunity", [won])
    assert [entry.transition for entry in deal.history()][-2:] == ["T10", "T12"]


def test_answers_that_only_salesforce_holds_yet_are_known(house: Handing) -> None:
    """A seller answers and asks for the next stage in one breath: HubSpot has not heard of it then."""
    raise_hand(house)
    seller_says(house, verdict="accept")
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, {"notes_last_contacted": house.time().isoformat()})
    seller_says(house, stage="sql", **dict.fromkeys(ANSWERS, "known well"))
    assert house.history()[-1].transition == "T8"
    assert house.held(HUBSPOT, STAGE, *ANSWERS) == ("sql", *["known well"] * len(ANSWERS))
    assert house.planned() == []
