"""What follows deletions, merges, erasures and duplicates; evidence of consent; fields shared by files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.scopes import disjoint
from tests.mappings.builders import HUBSPOT, SALESFORCE, faults_of, file, lines, mapping, write


def test_what_a_silent_file_means(tmp_path: Path) -> None:
    """Nothing is deleted or merged, erasure is followed, duplicates wait for a person."""
    made = mapping(tmp_path, file(""))
    assert made.when_deleted_in == {HUBSPOT: "unlink", SALESFORCE: "unlink"}
    assert made.when_merged_in == {HUBSPOT: "list", SALESFORCE: "list"}
    assert made.when_erased_in == {HUBSPOT: "erase", SALESFORCE: "erase"}
    assert not made.use_duplicates


def test_each_side_has_its_own_policy(tmp_path: Path) -> None:
    """The key names the system in which it happened; the word says what the partner gets."""
    body = """
    when_deleted_in: {hubspot: delete, salesforce: park}
    when_merged_in: {salesforce: merge}
    when_erased_in: {hubspot: delete, salesforce: park}
    duplicates: use
    """
    made = mapping(tmp_path, file(body))
    assert made.when_deleted_in == {HUBSPOT: "delete", SALESFORCE: "park"}
    assert made.when_merged_in == {HUBSPOT: "list", SALESFORCE: "merge"}
    assert made.when_erased_in == {HUBSPOT: "delete", SALESFORCE: "park"}
    assert made.use_duplicates


@pytest.mark.parametrize(
    ("body", "found", "nearest"),
    [
        ("when_deleted_in: {hubspot: delet}", "delet", "delete"),
        ("when_merged_in: {hubspot: marge}", "marge", "merge"),
        ("when_erased_in: {salesforce: eras}", "eras", "erase"),
        ("duplicates: used", "used", "use"),
    ],
)
def test_policies_know_their_words(tmp_path: Path, body: str, found: str, nearest: str) -> None:
    """A misspelt policy is a fault and never the default."""
    write(tmp_path, file(body))
    (fault,) = faults_of(tmp_path)
    assert (fault.code, fault.found, fault.nearest) == ("not_allowed", found, nearest)


EVIDENCE = """
consent:
  email:
    hubspot: hs_email_optout
    salesforce: HasOptedOutOfEmail
    evidence:
      hubspot: {at: optin_at, source: optin_source, basis: optin_basis}
      salesforce: {at: OptIn_At__c}
  phone: {hubspot: do_not_call, salesforce: DoNotCall}
  tracking: {hubspot: no_tracking, salesforce: No_Tracking__c}
  profiling: {hubspot: no_profiling, salesforce: No_Profiling__c}
"""


def test_evidence_of_consent_is_named_by_system(tmp_path: Path) -> None:
    """What proves an opt-in is read with the record; kinds of consent are labels."""
    made = mapping(tmp_path, file(EVIDENCE))
    consent = {one.id: one for one in made.objects["Lead"].consent}
    assert list(consent) == ["email", "phone", "tracking", "profiling"]
    assert consent["email"].evidence == {
        HUBSPOT: {"at": "optin_at", "source": "optin_source", "basis": "optin_basis"},
        SALESFORCE: {"at": "OptIn_At__c"},
    }
    assert consent["phone"].evidence is None
    assert {"optin_at", "optin_source", "optin_basis"} <= set(made.fields[HUBSPOT, "contacts"])
    for name in ("Contact", "Lead"):
        assert "OptIn_At__c" in made.fields[SALESFORCE, name]


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("basis: optin_basis", "bases: optin_basis", "unknown_key"),
        ("salesforce: {at", "salesfroce: {at", "unknown_key"),
        ("at: OptIn_At__c", "at: [OptIn_At__c]", "wrong_type"),
    ],
)
def test_evidence_knows_its_words(tmp_path: Path, right: str, wrong: str, code: str) -> None:
    """Evidence that nobody would read proves nothing, so a misspelt word is a fault."""
    write(tmp_path, file(EVIDENCE.replace(right, wrong)))
    assert code in {fault.code for fault in faults_of(tmp_path)}


OVERLAP = [
    ("Kind is 'Call'", "Kind is 'Task'", True),
    ("Kind is 'Call' and Phone is filled", "Phone is filled and Kind is not 'Call'", True),
    ("Kind in ['Call', 'Email']", "Kind is 'Task'", True),
    ("Kind in ['Call', 'Task']", "Kind is 'Task'", False),
    ("Kind not in ['Call', 'Task']", "Kind is 'Task'", True),
    ("Kind is not 'Call'", "Kind is not 'Task'", False),
    ("Kind is 'Call'", "Sort is 'Task'", False),
    ("Kind is 'Call' or Phone is filled", "Kind is 'Task'", False),
    ("not Kind is 'Call'", "Kind is 'Task'", False),
    ("Kind is '1'", "Kind is '1.0'", False),
    ("Kind is 'Call'", None, False),
    ("Kind is 'a and b'", "Kind is 'c'", False),
]


@pytest.mark.parametrize(("one", "other", "apart"), OVERLAP)
def test_conditions_are_apart_only_where_their_words_say_so(
    one: str, other: str | None, apart: bool
) -> None:
    """Whatever is not plainly apart may meet at one record."""
    assert disjoint(one, other) is apart
    assert disjoint(other, one) is apart


def test_two_files_may_share_a_field_where_no_record_is_meant_by_both(tmp_path: Path) -> None:
    """One writer for each record is what counts; without such conditions the field has two."""
    written = lines("jobtitle -> Title") + "only: {salesforce: LeadSource is '%s'}\n"
    keys = "keys: {hubspot: key_two, salesforce: Key_Two__c}\n"
    write(tmp_path, written % "Web", "one")
    other = (written % "Partner" + keys).replace("name: people", "name: two")
    write(tmp_path, other.replace("hubspot: contacts", "hubspot: visitors"), "two")
    assert faults_of(tmp_path) == ()
    same = (written % "Web" + keys).replace("name: people", "name: two")
    write(tmp_path, same.replace("hubspot: contacts", "hubspot: visitors"), "two")
    assert {fault.code for fault in faults_of(tmp_path)} == {"two_writers"}
