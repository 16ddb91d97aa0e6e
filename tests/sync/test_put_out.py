"""Who was put out, or rests for too long: a correction, a fresh yes and time alone, over both systems."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from lifecycle.model import Role, Stage
from mappings.schema import ConsentLine
from mappings.schema import Mapping as FieldMapping
from tests.sync.bridge import sqlite_url
from tests.sync.consenting import EVIDENCE, proof
from tests.sync.handing import STAGE, Handing, handed
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ELSEWHERE = "ann.lee@acme.example"


def proving() -> FieldMapping:
    """People with what is said of their life, whose opt-ins are proved by three fields."""
    base = handed()
    line = ConsentLine(
        id="email",
        hubspot="optout",
        salesforce="OptOut",
        evidence={HUBSPOT: EVIDENCE, SALESFORCE: EVIDENCE},
    )
    return replace(
        base,
        objects={name: replace(lines, consent=(line,)) for name, lines in base.objects.items()},
        fields={
            place: tuple(sorted({*names, *EVIDENCE.values()}))
            for place, names in base.fields.items()
        },
    )


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """Ann was handed over to sales."""
    found = Handing(sqlite_url(tmp_path), mapping=proving())
    found.agree()
    found.hubspot.seed("contacts", {"email": ANN, "company": "Acme", "phone": "03-1234-5678"})
    found.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
    found.resync()
    found.happens("form_submit_handraise", topic="pricing")
    found.carry()
    return found


def heard_of(house: Handing, system: System, **values: str | bool | None) -> None:
    """Somebody edits her record, and one round hears of it: nobody is looked at."""
    house.time.forward(minutes=5)
    twin = house.hubspot if system is HUBSPOT else house.salesforce
    name = "contacts" if system is HUBSPOT else "Lead"
    (record_id,) = twin.records(name)
    twin.edit(name, record_id, values)
    house.ring(system, name, record_id)
    house.round()


def edited(house: Handing, system: System, **values: str | bool | None) -> None:
    """Somebody edits her record; the news comes in, and a worker does what there is to do."""
    house.time.forward(minutes=5)
    twin = house.hubspot if system is HUBSPOT else house.salesforce
    name = "contacts" if system is HUBSPOT else "Lead"
    (record_id,) = twin.records(name)
    twin.edit(name, record_id, values)
    house.news(system, name, record_id)
    house.carry()


def put_out(house: Handing, reason: str) -> None:
    edited(house, SALESFORCE, verdict="reject", recycle_reason=reason)
    assert (house.standing().stage, house.standing().reason) == (Stage.DISQUALIFIED, reason)


def is_at(house: Handing, stage: str) -> bool:
    """Whether she stands there, both systems say so, and nothing is left to do."""
    shown = {house.held(system, STAGE) for system in System}
    return shown == {(stage,)} and house.standing().stage == stage and house.planned() == []


@pytest.mark.parametrize("system", [HUBSPOT, SALESFORCE])
def test_bad_data_that_are_corrected_make_a_lead_again(house: Handing, system: System) -> None:
    """Another address, entered in either system: T18 by rule, and both systems say so."""
    put_out(house, "bad_data")
    edited(house, system, email=ELSEWHERE)
    last = house.history()[-1]
    assert (last.transition, last.role) == ("T18", Role.RULE)
    assert {house.held(one, STAGE, "email") for one in System} == {("lead", ELSEWHERE)}
    assert house.planned() == []


@pytest.mark.parametrize(
    "values",
    [
        {"first": "Anne"},
        {"phone": None},
        {"phone": "+81 3 1234 5678"},
        {"mobilephone": "0312345678"},
        {"email": ANN.upper()},
    ],
    ids=["a name", "one way less", "another writing", "the same number elsewhere", "capitals"],
)
def test_what_is_no_other_way_to_reach_somebody_is_no_correction(
    house: Handing, values: dict[str, str | None]
) -> None:
    """Nobody is called again because of a field that was tidied up."""
    put_out(house, "bad_data")
    edited(house, HUBSPOT, **values)
    assert house.standing().stage is Stage.DISQUALIFIED


def test_whoever_is_put_out_for_another_reason_is_not_a_lead_by_another_phone(
    house: Handing,
) -> None:
    """The wrong market stays the wrong one; that is for a person to undo."""
    put_out(house, "not_target")
    edited(house, HUBSPOT, phone="06-9999-0000")
    assert is_at(house, "disqualified")


def test_a_correction_that_is_heard_while_a_system_is_away_is_followed_later(
    house: Handing,
) -> None:
    """The look is made again, and nobody has to edit anything for it."""
    put_out(house, "bad_data")
    house.time.forward(minutes=5)
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, {"phone": "06-9999-0000"})
    (lead,) = house.salesforce.records("Lead")
    house.hubspot.faults.busy = 1
    house.handoff.usher.met("Lead", [lead])
    assert house.standing().stage is Stage.DISQUALIFIED
    house.time.now += timedelta(minutes=2)
    house.carry()
    assert is_at(house, "lead")


def test_who_did_not_want_to_be_contacted_is_a_lead_again_with_a_fresh_yes(house: Handing) -> None:
    """Proved by when, how and on what basis; a plain untick proves nothing."""
    put_out(house, "do_not_contact")
    edited(house, HUBSPOT, optout=True)
    edited(house, HUBSPOT, optout=False)
    assert house.standing().stage is Stage.DISQUALIFIED
    edited(house, HUBSPOT, optout=False, **proof(house))
    assert house.history()[-1].transition == "T18"
    assert is_at(house, "lead")


def test_a_yes_from_before_the_refusal_brings_nobody_back(house: Handing) -> None:
    """What somebody allowed before they said no is over."""
    edited(house, HUBSPOT, **proof(house))
    put_out(house, "do_not_contact")
    edited(house, HUBSPOT, first="Anne")
    assert is_at(house, "disqualified")


def test_a_yes_that_a_later_no_revoked_brings_nobody_back(house: Handing) -> None:
    """They opted in, and out again, before anybody looked."""
    put_out(house, "do_not_contact")
    edited(house, HUBSPOT, optout=True, **proof(house, days=-0.001))
    assert house.standing().stage is Stage.DISQUALIFIED


def test_whoever_rests_for_as_long_as_anybody_is_kept_is_put_out(house: Handing) -> None:
    """T16 by rule, on the stroll of an hour; the last reason stays."""
    edited(house, SALESFORCE, verdict="reject", recycle_reason="timing")
    house.time.forward(days=759)
    house.handoff.usher.sweep()
    assert house.standing().stage is Stage.RECYCLED
    house.time.forward(days=2)
    house.handoff.usher.sweep()
    house.carry()
    last = house.history()[-1]
    assert (last.transition, last.role, last.reason) == ("T16", Role.RULE, "timing")
    assert is_at(house, "disqualified")


def test_whoever_showed_interest_meanwhile_is_kept(house: Handing) -> None:
    """A visit of last week is reason enough."""
    edited(house, SALESFORCE, verdict="reject", recycle_reason="timing")
    house.time.forward(days=761)
    house.happens("page_view")
    house.carry()
    house.time.forward(days=1)
    house.handoff.usher.sweep()
    assert house.standing().stage is Stage.RECYCLED


@pytest.mark.parametrize(("system", "flag"), [(HUBSPOT, "optout"), (SALESFORCE, "OptOut")])
def test_whoever_opted_out_of_mail_is_not_nurtured_by_it(
    house: Handing, system: System, flag: str
) -> None:
    """An opt-out while they rest ends it in both systems with the round that hears of it."""
    edited(house, SALESFORCE, verdict="reject", recycle_reason="timing")
    assert {house.held(one, STAGE, "nurture") for one in System} == {("recycled", True)}
    heard_of(house, system, **{flag: True})
    assert {house.held(one, STAGE, "nurture") for one in System} == {("recycled", False)}
    assert house.planned() == []


def test_whoever_had_opted_out_before_the_send_back_is_not_nurtured(house: Handing) -> None:
    """The reason stands in HubSpot all the same, and no time limit for enrolling them is left running."""
    edited(house, HUBSPOT, optout=True)
    edited(house, SALESFORCE, verdict="reject", recycle_reason="timing")
    house.time.forward(days=3)
    house.handoff.usher.work()
    assert [rung.timer.clock for rung in house.calls] == []
    clocks = {one.clock: one.is_void for one in house.handoff.store.timers(house.who())}
    assert clocks["nurture"] is True
    assert {house.held(one, STAGE, "nurture") for one in System} == {("recycled", False)}


def test_whose_opt_out_was_lifted_by_proof_is_nurtured_again(house: Handing) -> None:
    """They rest still, and the yes is newer than the no: with the echo of the lifted flag."""
    edited(house, HUBSPOT, optout=True)
    edited(house, SALESFORCE, verdict="reject", recycle_reason="timing")
    edited(house, HUBSPOT, optout=False, **proof(house))
    (lead,) = house.salesforce.records("Lead")
    house.news(SALESFORCE, "Lead", lead)
    assert {house.held(one, "nurture") for one in System} == {(True,)}
    assert house.planned() == []


@pytest.mark.parametrize("system", list(System))
def test_an_opt_out_in_a_record_is_what_the_definition_calls_one(
    house: Handing, system: System
) -> None:
    """Whoever opted out of mail is excluded as long as they do not ask to be contacted."""
    edited(house, system, **{"optout" if system is HUBSPOT else "OptOut": True})
    about = house.handoff.about()
    assert about is not None
    known, seen = about.look(house.who(), house.standing(), house.time())
    quiet = replace(known, evidence=replace(known.evidence, hard_event=None, hard_at=None))
    excluded = [
        about.situation(one, seen, None, house.time(), told_sales=False).exclusions
        for one in (quiet, known)
    ]
    assert excluded == [("opted_out",), ()]
