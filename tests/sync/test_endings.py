"""Deleted, undeleted, merged twice: what the partner gets, what comes back, and what never does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import System
from mappings.schema import Limits
from sync.resync import Terms
from tests.sync.bridge import sqlite_url
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def bridge(folder: Path, road: str, **rules: object) -> Live:
    live = Live(sqlite_url(folder))
    live.by_bell = road == "a worker's round"
    live.mapping = replace(live.mapping, **rules)  # type: ignore[arg-type]  # keywords of Mapping
    return live


@pytest.fixture(params=["a whole compare", "a worker's round"])
def road(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def person(live: Live, name: str = "ann", **values: str) -> tuple[str, str]:
    held = {"email": f"{name}@example.com", "first": name.title(), **values}
    left = live.hubspot.seed("contacts", held)
    right = live.salesforce.seed("Lead", held)
    live.resync()
    return left, right


def crowd(live: Live, size: int) -> list[tuple[str, str]]:
    """Many who are in line on both sides."""
    for number in range(size):
        held = {"email": f"p{number}@example.com"}
        live.hubspot.seed("contacts", held)
        live.salesforce.seed("Lead", held)
    live.resync()
    pairs = live.ledger.all_pairs("people", after_id=0, limit=1000)
    return [(pair.hubspot_id, pair.salesforce_id) for pair in pairs]


DELETE = {"when_deleted_in": dict.fromkeys(System, "delete")}


def test_by_default_the_partner_of_a_deleted_record_is_let_go(tmp_path: Path, road: str) -> None:
    """It stays where it is, and nobody makes it a new partner."""
    live = bridge(tmp_path, road)
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.remove("contacts", left)
    live.news(HUBSPOT, "contacts", left)
    live.settle()
    assert lead in live.salesforce.records("Lead")
    assert len(live.hubspot.records("contacts")) == 1
    assert live.states()["salesforce"] == {"in_sync": 1, "unpaired": 1}
    assert live.planned() == []


def test_where_the_mapping_says_so_the_partner_is_deleted_too(tmp_path: Path, road: str) -> None:
    """In the direction that was named, and it stays deleted."""
    live = bridge(tmp_path, road, **DELETE)
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.remove("contacts", left)
    live.news(HUBSPOT, "contacts", left)
    live.settle()
    assert lead not in live.salesforce.records("Lead")
    assert live.states() == {
        "hubspot": {"in_sync": 1, "deleted": 1},
        "salesforce": {"in_sync": 1, "deleted": 1},
    }
    assert live.planned() == []


def test_a_partner_edited_at_the_same_time_is_not_deleted(tmp_path: Path, road: str) -> None:
    """An edit nobody has seen yet is worth more than a policy: a person decides."""
    live = bridge(tmp_path, road, **DELETE)
    person(live, "bob")
    left, lead = person(live)
    live.salesforce.edit("Lead", lead, {"title": "CEO"})
    live.hubspot.remove("contacts", left)
    live.news(HUBSPOT, "contacts", left)
    live.settle()
    assert live.salesforce.records("Lead")[lead]["title"] == "CEO"
    [row] = live.ledger.parked_list()
    assert (row.parked.record_id, row.parked.cause) == (lead, "partner_deleted")
    assert "edited" in row.parked.advice
    assert len(live.hubspot.records("contacts")) == 1


def test_a_record_that_came_back_in_time_takes_nobody_along(tmp_path: Path) -> None:
    """It was restored between the plan and its carrying out."""
    live = bridge(tmp_path, "a whole compare", **DELETE)
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.remove("contacts", left)
    plan = live.compare.plan()
    live.hubspot.restore("contacts", left)
    report = live.compare.apply(plan, Terms())
    assert lead in live.salesforce.records("Lead")
    assert [entry["why"] for entry in report.skipped] == ["the deleted record is back"] * 2
    live.resync()
    assert live.states()["hubspot"] == {"in_sync": 2}


def test_a_third_of_all_records_deleted_stops_the_run_before_the_first_delete(
    tmp_path: Path,
) -> None:
    """The numbers and the option are named; with the option it is done."""
    live = bridge(tmp_path, "a whole compare", **DELETE)
    pairs = crowd(live, 60)
    for left, _ in pairs[:20]:
        live.hubspot.remove("contacts", left)
    report = live.resync()
    assert [(trip.guard, trip.planned, trip.limit) for trip in report.guards] == [
        ("deletes", 20, 10)
    ]
    assert len(live.salesforce.records("Lead")) == 60
    live.resync(allowed={"deletes": 20})
    assert len(live.salesforce.records("Lead")) == 40
    assert live.planned() == []


def test_workers_delete_no_more_in_a_day_than_a_run_may(tmp_path: Path) -> None:
    """One bell after the other would slip under a guard that counts a run."""
    live = bridge(tmp_path, "a worker's round", limits=Limits(deletes=3), **DELETE)
    pairs = crowd(live, 20)
    for left, _ in pairs[:8]:
        live.hubspot.remove("contacts", left)
        live.news(HUBSPOT, "contacts", left)
    assert len(live.salesforce.records("Lead")) == 17
    assert live.states()["salesforce"] == {"in_sync": 12, "deleted": 3, "waiting": 5}


def test_a_record_outside_the_filter_still_hears_of_a_deletion(tmp_path: Path, road: str) -> None:
    """It left `only` long ago; its partner goes with it all the same."""
    only = {HUBSPOT: lambda values, _context: values.get("title") != "out"}
    live = bridge(tmp_path, road, only=only, **DELETE)
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.edit("contacts", left, {"title": "out"})
    live.news(HUBSPOT, "contacts", left)
    assert live.states()["hubspot"] == {"in_sync": 1, "filtered": 1}
    live.salesforce.remove("Lead", lead)
    live.news(SALESFORCE, "Lead", lead)
    live.settle()
    assert live.states()["salesforce"] == {"in_sync": 1, "deleted": 1}
    assert live.ledger.pair_of("people", HUBSPOT, left) is None


def test_a_record_taken_out_of_the_bin_gets_its_old_partner_and_its_old_memory(
    tmp_path: Path, road: str
) -> None:
    """An edit made to the partner meanwhile travels, as an edit."""
    live = bridge(tmp_path, road)
    person(live, "bob")
    left, lead = person(live, title="CTO")
    live.salesforce.remove("Lead", lead)
    live.news(SALESFORCE, "Lead", lead)
    live.settle()
    live.hubspot.edit("contacts", left, {"title": "CEO"})
    live.news(HUBSPOT, "contacts", left)
    live.salesforce.restore("Lead", lead)
    live.news(SALESFORCE, "Lead", lead)
    live.settle()
    pair = live.ledger.pair_of("people", HUBSPOT, left)
    assert pair is not None
    assert pair.salesforce_id == lead
    assert live.salesforce.records("Lead")[lead]["title"] == "CEO"
    assert live.ledger.open_differences() == 0
    assert len(live.salesforce.records("Lead")) == 2
    assert live.planned() == []


def test_after_a_merge_the_other_side_is_merged_where_the_mapping_says_so(
    tmp_path: Path, road: str
) -> None:
    """Two Leads become one as the two contacts did."""
    live = bridge(tmp_path, road, when_merged_in=dict.fromkeys(System, "merge"))
    ann, lead = person(live, "ann")
    bob, further = person(live, "bob")
    survivor = live.hubspot.join("contacts", bob, ann)
    live.news(HUBSPOT, "contacts", survivor, ann, bob)
    live.settle()
    assert set(live.salesforce.records("Lead")) == {lead}
    assert live.ledger.parked_list() == []
    assert further != lead
    assert live.planned() == []


def test_after_a_merge_in_salesforce_the_contacts_are_merged_and_the_new_id_is_known(
    tmp_path: Path, road: str
) -> None:
    """HubSpot makes a third record of two, and the pair follows it."""
    live = bridge(tmp_path, road, when_merged_in=dict.fromkeys(System, "merge"))
    _, lead = person(live, "ann")
    _, further = person(live, "bob")
    live.salesforce.join("Lead", further, lead)
    live.news(SALESFORCE, "Lead", further, lead)
    live.settle()
    [(survivor, held)] = live.hubspot.records("contacts").items()
    assert held["salesforce_id"] == lead
    assert live.salesforce.records("Lead")[lead]["HubSpot_Id__c"] == survivor
    assert live.planned() == []


def test_a_contact_and_a_lead_that_became_one_person_are_listed_and_not_merged(
    tmp_path: Path, road: str
) -> None:
    """No system can merge the two: a person has to."""
    live = bridge(tmp_path, road, when_merged_in=dict.fromkeys(System, "merge"))
    ann = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    contact = live.salesforce.seed("Contact", {"email": "ann@example.com"})
    bob, lead = person(live, "bob")
    survivor = live.hubspot.join("contacts", bob, ann)
    live.news(HUBSPOT, "contacts", survivor, ann, bob)
    live.settle()
    assert contact in live.salesforce.records("Contact")
    assert lead in live.salesforce.records("Lead")
    [row] = live.ledger.parked_list()
    assert (row.parked.record_id, row.parked.cause) == (lead, "duplicate_of")


def test_nothing_of_a_whole_pair_that_was_deleted_comes_back(tmp_path: Path, road: str) -> None:
    """Both were deleted by people at once."""
    live = bridge(tmp_path, road)
    person(live, "bob")
    left, lead = person(live)
    live.hubspot.remove("contacts", left)
    live.salesforce.remove("Lead", lead)
    live.news(HUBSPOT, "contacts", left)
    live.news(SALESFORCE, "Lead", lead)
    live.settle()
    assert len(live.hubspot.records("contacts")) == 1
    assert len(live.salesforce.records("Lead")) == 1
    assert live.planned() == []
