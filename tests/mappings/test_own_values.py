"""Lines that write values of our own: names that there are, whose they are, and how tests rehearse them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mappings.schema import OwnName
from sync.rehearsal import rehearse
from tests.mappings.builders import (
    HUBSPOT,
    SALESFORCE,
    compiled,
    faults_of,
    file,
    lines,
    live,
    mapping,
    text,
    there,
    write,
)

SCORE = "{from: kakehashi.intent.score, hubspot: shared_score, salesforce: Score__c}"


def test_a_name_that_we_do_not_have_is_a_fault_with_the_nearest_one(tmp_path: Path) -> None:
    """The place is that of the name, and all names are told."""
    write(tmp_path, lines("{from: kakehashi.intent.scor, hubspot: a, salesforce: A__c}"))
    (fault,) = faults_of(tmp_path)
    assert (fault.code, fault.found) == ("unknown_own_value", "kakehashi.intent.scor")
    assert fault.nearest == "kakehashi.intent.score"
    assert "kakehashi.intent.score" in fault.message("ja")


def test_values_of_people_and_accounts_are_for_their_records_alone(tmp_path: Path) -> None:
    """A deal has no score."""
    head = (
        "version: 1\nname: deals\nbetween: {hubspot: deals, salesforce: Opportunity}\nfields:\n  - "
    )
    write(tmp_path, head + SCORE, "deals")
    (fault,) = faults_of(tmp_path)
    assert fault.code == "own_value_elsewhere"
    assert fault.allowed == ("contacts", "companies")


def test_a_field_that_is_too_short_for_a_sentence_is_told_before_the_first_record(
    tmp_path: Path,
) -> None:
    """What travels is our value, not what the other system's field could hold."""
    line = "{from: kakehashi.intent.reason_internal_en, hubspot: why, salesforce: Why__c}"
    write(tmp_path, lines(line))
    short = live(hubspot=(text("why", length=20),), salesforce=(text("Why__c", length=255),))
    assert {fault.code for fault in faults_of(tmp_path, short)} == {"too_short"}
    long = live(
        hubspot=(text("why"),), salesforce=(text("Why__c", kind="long_text", length=1_000),)
    )
    assert faults_of(tmp_path, long) == ()


def test_a_time_of_ours_keeps_its_hour_beside_a_date_of_the_other_side(tmp_path: Path) -> None:
    """The kind of what travels is ours: nobody takes it for a day."""
    schemas = live(
        hubspot=(text("last_on", kind="date"),), salesforce=(text("Last__c", kind="datetime"),)
    )
    line = "{from: kakehashi.intent.last_at, hubspot: last_on, salesforce: Last__c}"
    made = mapping(tmp_path, lines(line), schemas).objects["Lead"].lines[0]
    assert there(made, "2026-11-24T09:30:00Z") == "2026-11-24T09:30:00.000+0000"


def test_a_value_of_ours_is_read_with_the_record(tmp_path: Path) -> None:
    """And with it whatever tells whose record it is."""
    made = mapping(tmp_path, lines(SCORE))
    assert set(made.fields[HUBSPOT, "contacts"]) == {
        "kakehashi.intent.score", "shared_score", "email", "hs_additional_emails", "salesforce_id",
    }  # fmt: skip
    assert {"kakehashi.intent.score", "Email"} <= set(made.fields[SALESFORCE, "Lead"])
    assert mapping(tmp_path, lines("firstname <-> FirstName")).own_names == {}


def test_a_persons_names_are_the_contact_and_the_addresses(tmp_path: Path) -> None:
    """In normal form, the surest first; Salesforce knows the contact by its key."""
    made = mapping(tmp_path, lines(SCORE))
    held = {"email": " Ann@Example.com", "hs_additional_emails": "a@example.com;"}
    assert made.own_names[HUBSPOT, "contacts"]("12", held) == (
        OwnName("hubspot_contact_id", "12"),
        OwnName("email", "ann@example.com"),
        OwnName("email", "a@example.com"),
    )
    lead = {"HubSpot_Id__c": "12", "Email": None}
    assert made.own_names[SALESFORCE, "Lead"]("00Q1", lead) == (
        OwnName("hubspot_contact_id", "12"),
    )


def test_a_companys_names_are_its_number_its_domains_and_what_it_is_called(tmp_path: Path) -> None:
    """A website may stand below the domain of the company; ㈱ is 株式会社."""
    head = (
        "version: 1\nname: companies\nbetween: {hubspot: companies, salesforce: Account}\nfields:\n"
    )
    body = f"  - number <-> Number__c: {{compare: corporate_number}}\n  - {SCORE}\n"
    (made,) = compiled(tmp_path, head + body).mappings
    held = {"Website": "https://www.jp.example.co.jp/a", "Number__c": "1-2345-6789-0123"}
    held["Name"] = "㈱ アクメ"
    assert "Name" in made.fields[SALESFORCE, "Account"]
    assert made.own_names[SALESFORCE, "Account"]("001", held) == (
        OwnName("corporate_number", "1234567890123"),
        OwnName("company_domain", "jp.example.co.jp"),
        OwnName("company_domain", "example.co.jp"),
        OwnName("company_domain", "co.jp"),
        OwnName("company_name", "株式会社アクメ"),
    )


TESTS = """
create: {in_salesforce: [{as: Lead, when: email is filled}]}
fields:
  - email <-> Email
  - lastname <-> LastName: {if_empty_on_create: x}
  - company -> Lead.Company: {if_empty_on_create: y}
  - {from: kakehashi.intent.score, hubspot: shared_score, salesforce: Score__c}
tests:
  - name: a score goes to both
    agreed: {hubspot: {lastname: Lee}, Lead: {LastName: Lee}}
    now: {kakehashi: {intent.score: "72"}}
    expect: {hubspot: {shared_score: "72"}, Lead: {Score__c: "72"}}
  - name: what was told and is not known any more is taken back
    agreed: {hubspot: {lastname: Lee, shared_score: "5"}, Lead: {LastName: Lee}}
    now: {hubspot: {lastname: Lee}}
    expect: {hubspot: {shared_score: ""}}
  - name: somebody new is born with it
    now: {hubspot: {email: ann@example.com}, kakehashi: {intent.score: "72"}}
    expect:
      create: Lead
      hubspot: {shared_score: "72"}
      Lead: {Email: ann@example.com, LastName: x, Company: y, Score__c: "72"}
"""


def test_a_mapping_file_rehearses_our_values(tmp_path: Path) -> None:
    """`kakehashi:` says what we hold; what was told and is held no more is taken back."""
    made = mapping(tmp_path, file(TESTS))
    assert rehearse([made], date(2026, 11, 24)).failed == ()


@pytest.mark.parametrize("section", ["agreed", "now"])
def test_a_test_that_names_no_value_of_ours_is_told(tmp_path: Path, section: str) -> None:
    """With the nearest right word."""
    case = f'tests: [{{name: t, {section}: {{kakehashi: {{intent.skore: "7"}}}}, expect: {{}}}}]\n'
    write(tmp_path, lines(SCORE) + case)
    (fault,) = faults_of(tmp_path)
    assert (fault.code, fault.nearest) == ("unknown_own_value", "intent.score")
