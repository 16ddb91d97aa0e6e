"""References: whoever refers to a record without a partner waits for it, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import Rejected
from connector.port import System
from sync.poll import ring_for_waiting
from sync.resync import Terms
from tests.sync.bridge import sqlite_url
from tests.sync.relatives import Family, kind, link, unless

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(sqlite_url(tmp_path))


def in_a_circle(family: Family) -> None:
    """Two companies, each the other's parent; two people, each the other's boss; all know each other."""
    first = family.hubspot.seed("companies", {"code": "A"})
    second = family.hubspot.seed("companies", {"code": "B", "parent": first})
    ann = family.hubspot.seed("contacts", {"code": "ann", "company": first})
    bob = family.hubspot.seed("contacts", {"code": "bob", "company": second, "boss": ann})
    family.hubspot.edit("contacts", ann, {"boss": bob})
    family.hubspot.edit("companies", first, {"parent": second, "person": bob})


def test_records_that_refer_to_each_other_in_a_circle_are_there_after_one_run(
    family: Family,
) -> None:
    """What is born first gets its references in a second pass; the second plan is empty."""
    in_a_circle(family)
    report = family.resync()
    account, contact = family.salesforce.records("Account"), family.salesforce.records("Contact")
    a, b = (family.id_of(SALESFORCE, "Account", code) for code in "AB")
    ann, bob = (family.id_of(SALESFORCE, "Contact", code) for code in ("ann", "bob"))
    assert (account[a]["parent"], account[a]["person"]) == (b, bob)
    assert account[b]["parent"] == a
    assert (contact[ann]["company"], contact[ann]["boss"]) == (a, bob)
    assert (contact[bob]["company"], contact[bob]["boss"]) == (b, ann)
    assert not report.needs_attention
    assert family.planned() == []
    assert family.counted("companies") == family.counted("people") == {"in_sync"}


def test_a_plan_tells_of_every_reference_and_applying_it_makes_them(family: Family) -> None:
    """Those whose partner has no id yet are marked as pending."""
    in_a_circle(family)
    compare = family.compare
    plan_id = compare.plan()
    told = {
        (entry["partner_id"], field["field"]): field.get("pending")
        for entry in compare.plan_entries(plan_id)
        if entry["action"] == "create"
        for field in entry["fields"]
        if field["field"] in {"parent", "person", "company", "boss"}
    }
    assert len(told) == 7
    assert all(told.values())
    report = compare.apply(plan_id, Terms())
    assert report.skipped == []
    assert family.planned() == []
    assert family.right("Account", "A")["person"] == family.id_of(SALESFORCE, "Contact", "bob")


def test_new_records_that_ring_together_get_their_references(family: Family) -> None:
    """Whoever is born first is looked at again as soon as the others are bound."""
    family.resync()
    in_a_circle(family)
    for object_name in ("companies", "contacts"):
        family.ring(HUBSPOT, object_name, *family.hubspot.records(object_name))
    family.settle()
    assert family.right("Account", "A")["person"] == family.id_of(SALESFORCE, "Contact", "bob")
    assert family.right("Contact", "ann")["boss"] == family.id_of(SALESFORCE, "Contact", "bob")
    assert family.bells() == 0
    assert family.planned() == []


def employed(family: Family) -> tuple[str, str]:
    """Somebody at a company that is outside `only`."""
    companies, others = family.mappings
    family.mappings = [replace(companies, only={HUBSPOT: unless("title", "out")}), others]
    company = family.hubspot.seed("companies", {"code": "A", "title": "out"})
    person = family.hubspot.seed("contacts", {"code": "ann", "title": "CEO", "company": company})
    return company, person


def test_a_reference_to_a_filtered_record_waits_and_the_rest_travels(family: Family) -> None:
    """It is no fault: nothing is parked, and it is told for whom it waits."""
    company, person = employed(family)
    family.resync()
    assert family.right("Contact", "ann")["title"] == "CEO"
    assert "company" not in family.right("Contact", "ann")
    assert family.state("people", HUBSPOT, person) == ("waiting", "partner")
    assert family.ledger.parked_by_cause() == []
    missed = family.missed("people", person)
    assert [(m.awaited.record_id, m.state) for m in missed] == [(company, "filtered")]
    assert family.planned() == []


def test_who_waits_is_looked_at_as_soon_as_the_partner_is_bound(family: Family) -> None:
    """A waiting record is not asked about again and again; its bell rings when it is worth it."""
    company, person = employed(family)
    family.resync()
    ring_for_waiting(family.bench)
    family.settle()
    reads = family.hubspot.calls.reads
    family.time.forward(minutes=15)
    family.settle()
    assert family.hubspot.calls.reads == reads
    family.hubspot.edit("companies", company, {"title": "in"})
    family.ring(HUBSPOT, "companies", company)
    family.settle()
    account = family.id_of(SALESFORCE, "Account", "A")
    assert family.right("Contact", "ann")["company"] == account
    assert family.state("people", HUBSPOT, person) == ("in_sync", None)
    assert family.bells() == 0
    assert family.planned() == []


def test_the_next_compare_settles_what_waited(family: Family) -> None:
    """Without any worker."""
    company, person = employed(family)
    family.resync()
    family.hubspot.edit("companies", company, {"title": "in"})
    family.resync()
    assert family.right("Contact", "ann")["company"] == family.id_of(SALESFORCE, "Account", "A")
    assert family.state("people", HUBSPOT, person) == ("in_sync", None)
    assert family.missed("people", person) == []


def test_a_reference_to_a_parked_record_waits(family: Family) -> None:
    """Two companies with one code are for a person to merge; whoever works there travels meanwhile."""
    twins = [family.hubspot.seed("companies", {"code": "A"}) for _ in range(2)]
    person = family.hubspot.seed("contacts", {"code": "ann", "company": twins[0]})
    family.resync()
    assert family.right("Contact", "ann")
    assert family.state("people", HUBSPOT, person) == ("waiting", "partner")
    assert [m.state for m in family.missed("people", person)] == ["parked"]
    assert {cause for cause, *_ in family.ledger.parked_by_cause()} == {"ambiguous"}
    family.hubspot.remove("companies", twins[1])
    family.resync()
    assert family.right("Contact", "ann")["company"] == family.id_of(SALESFORCE, "Account", "A")
    assert family.planned() == []


def test_an_edit_beside_a_waiting_reference_travels(family: Family) -> None:
    """Also when it was agreed before, and now points to somebody unknown."""
    _, person = employed(family)
    family.resync()
    family.hubspot.edit("contacts", person, {"title": "CFO", "boss": "999"})
    family.ring(HUBSPOT, "contacts", person)
    family.settle()
    assert family.right("Contact", "ann")["title"] == "CFO"
    assert family.state("people", HUBSPOT, person) == ("waiting", "partner")
    assert {m.awaited.record_id for m in family.missed("people", person)} >= {"999"}


def with_required_company(family: Family) -> None:
    companies, _ = family.mappings
    staff = kind("people", link("company", "companies", required=True))
    family.mappings = [replace(companies, only={HUBSPOT: unless("title", "out")}), staff]


def test_a_record_without_a_required_partner_is_held_back(family: Family) -> None:
    """It waits whole, is not parked, and is born as soon as the partner is there."""
    with_required_company(family)
    company = family.hubspot.seed("companies", {"code": "A", "title": "out"})
    person = family.hubspot.seed("contacts", {"code": "ann", "company": company})
    family.resync()
    assert family.salesforce.records("Contact") == {}
    assert family.state("people", HUBSPOT, person) == ("waiting", "partner")
    assert [m.state for m in family.missed("people", person)] == ["filtered"]
    assert family.ledger.parked_by_cause() == []
    assert family.planned() == []
    ring_for_waiting(family.bench)
    family.settle()
    family.hubspot.edit("companies", company, {"title": "in"})
    family.ring(HUBSPOT, "companies", company)
    family.settle()
    assert family.right("Contact", "ann")["company"] == family.id_of(SALESFORCE, "Account", "A")
    assert family.counted("people") == {"in_sync"}
    assert family.planned() == []


def test_a_required_partner_of_the_same_run_is_born_first(family: Family) -> None:
    """One run is enough."""
    with_required_company(family)
    company = family.hubspot.seed("companies", {"code": "A"})
    family.hubspot.seed("contacts", {"code": "ann", "company": company})
    family.resync()
    assert family.right("Contact", "ann")["company"] == family.id_of(SALESFORCE, "Account", "A")
    assert family.planned() == []


def test_a_required_partner_whose_birth_is_refused_leaves_its_records_waiting(
    family: Family,
) -> None:
    """The company is parked with its reason, who needs it waits for it."""
    with_required_company(family)
    refused = Rejected("no", system="salesforce", cause="validation_rule")
    family.salesforce.faults.reject["code", "A"] = refused
    company = family.hubspot.seed("companies", {"code": "A"})
    person = family.hubspot.seed("contacts", {"code": "ann", "company": company})
    family.resync()
    assert family.state("companies", HUBSPOT, company)[0] == "parked"
    assert family.state("people", HUBSPOT, person) == ("waiting", "partner")
    family.salesforce.faults.reject.clear()
    family.resync()
    assert family.right("Contact", "ann")["company"] == family.id_of(SALESFORCE, "Account", "A")


graphs = st.lists(
    st.tuples(
        st.none() | st.integers(0, 5), st.none() | st.integers(0, 5), st.none() | st.integers(0, 5)
    ),
    min_size=1,
    max_size=6,
)
FOLDERS = count()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(companies=graphs, staff=graphs, sides=st.lists(st.booleans(), min_size=12, max_size=12))
def test_any_web_of_references_is_the_same_on_the_other_side_after_one_run(
    tmp_path: Path,
    companies: list[tuple[int | None, int | None, int | None]],
    staff: list[tuple[int | None, int | None, int | None]],
    sides: list[bool],
) -> None:
    """Whatever refers to whatever, wherever it was entered: one run, and the second plan is empty."""
    folder = tmp_path / str(next(FOLDERS))
    folder.mkdir()
    family = Family(sqlite_url(folder))
    twins = {HUBSPOT: family.hubspot, SALESFORCE: family.salesforce}
    names = {"companies": "Account", "contacts": "Contact"}

    def enter(object_name: str, side: System, code: str) -> str:
        here = object_name if side is HUBSPOT else names[object_name]
        return twins[side].seed(here, {"code": code})

    for side in System:
        ids = {
            name: [
                enter(name, side, f"{name}{i}")
                for i in range(len(web))
                if sides[i] is (side is HUBSPOT)
            ]
            for name, web in (("companies", companies), ("contacts", staff))
        }
        for name, web in (("companies", companies), ("contacts", staff)):
            own, other = ("parent", "person") if name == "companies" else ("boss", "company")
            across = "contacts" if name == "companies" else "companies"
            for record_id, (first, second, _) in zip(ids[name], web, strict=False):
                values = {}
                if first is not None and first < len(ids[name]):
                    values[own] = ids[name][first]
                if second is not None and second < len(ids[across]):
                    values[other] = ids[across][second]
                here = name if side is HUBSPOT else names[name]
                twins[side].edit(here, record_id, values)
    family.resync()
    assert family.planned() == []
    assert web_of(family, HUBSPOT) == web_of(family, SALESFORCE)
    assert family.ledger.parked_by_cause() == []
    family.ledger.close_all()


def web_of(family: Family, side: System) -> set[tuple[str, str, str]]:
    """Who refers to whom, told by codes."""
    twin = family.hubspot if side is HUBSPOT else family.salesforce
    places = ("companies", "contacts") if side is HUBSPOT else ("Account", "Contact")
    records = {i: r for place in places for i, r in twin.records(place).items()}
    return {
        (str(record["code"]), name, str(records[str(record[name])]["code"]))
        for record in records.values()
        for name in ("parent", "person", "company", "boss")
        if name in record
    }
