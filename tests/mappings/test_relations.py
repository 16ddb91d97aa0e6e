"""`relation:`: which ties follow each other, between which two mappings, and with which own fields."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mappings.compile import compile_folder, objects_needed
from mappings.schema import Direction, Fault, Limits, Relation
from sync.rehearsal import rehearse
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    TOKYO,
    back,
    faults_of,
    options,
    schema,
    text,
    there,
    write,
)

NEIGHBOURS = {
    "people": "{hubspot: contacts, salesforce: [Contact, Lead]}",
    "campaigns": "{hubspot: lists, salesforce: Campaign}",
    "deals": "{hubspot: deals, salesforce: Opportunity}",
    "leads": "{hubspot: leads, salesforce: Lead}",
}
MEMBERS = """
version: 1
name: members
between: {hubspot: list memberships, salesforce: CampaignMember}
relation: {left: people, right: campaigns}
"""
ROLES = """
version: 1
name: roles
between: {hubspot: associations, salesforce: OpportunityContactRole}
relation: {left: people, right: deals}
"""


def folder_with(folder: Path, written: str) -> Path:
    """A folder with four mappings of records and this file."""
    for name, between in NEIGHBOURS.items():
        write(folder, f"version: 1\nname: {name}\nbetween: {between}\n", name)
    write(folder, written, "ties")
    return folder


def relation(folder: Path, written: str) -> Relation:
    """The one relation of such a folder."""
    (made,) = compile_folder(folder_with(folder, written), None, TOKYO).relations
    return made


def test_members_of_a_campaign_follow_a_list(tmp_path: Path) -> None:
    """Both words, both ends, and defaults that a person expects."""
    made = relation(tmp_path, MEMBERS)
    assert (made.name, made.left, made.right) == ("members", "people", "campaigns")
    assert made.word(HUBSPOT) == "list memberships"
    assert made.word(SALESFORCE) == "CampaignMember"
    assert made.left_objects == {HUBSPOT: ("contacts",), SALESFORCE: ("Contact", "Lead")}
    assert made.right_objects == {HUBSPOT: "lists", SALESFORCE: "Campaign"}
    assert made.direction is Direction.BOTH
    assert made.when_ended_in == {HUBSPOT: "end", SALESFORCE: "end"}
    assert (made.lines, made.fields, made.tests) == ((), {HUBSPOT: (), SALESFORCE: ()}, ())
    assert made.limits == Limits()


def test_associations_are_named_with_the_objects_that_they_tie(tmp_path: Path) -> None:
    """And a Lead cannot stand in an opportunity's roles."""
    made = relation(tmp_path, ROLES)
    assert made.word(HUBSPOT) == "associations contacts deals"
    assert made.left_objects[SALESFORCE] == ("Contact",)


def test_a_tie_may_have_fields_of_its_own(tmp_path: Path) -> None:
    """They are lines like any other: values, otherwise, directions."""
    written = ROLES + "fields:\n  - label <-> Role: {values: {決裁者: Decision Maker}}\n"
    made = relation(tmp_path, written)
    (line,) = made.lines
    assert made.fields == {HUBSPOT: ("label",), SALESFORCE: ("Role",)}
    assert there(line, "決裁者") == "Decision Maker"
    assert isinstance(back(line, "Evaluator"), Fault)


def test_a_status_may_come_from_the_file_itself(tmp_path: Path) -> None:
    """A membership says nothing but that it is one; the first status is the file's word."""
    written = (
        MEMBERS
        + "fields:\n  - {id: s, from: \"'Sent'\", salesforce: Status, when_blank: fill_only}\n"
    )
    made = relation(tmp_path, written)
    (line,) = made.lines
    assert line.computed
    assert line.hubspot.read({}, CONTEXT) == "Sent"
    assert made.fields == {HUBSPOT: (), SALESFORCE: ("Status",)}


def test_what_a_file_about_ties_may_say(tmp_path: Path) -> None:
    """Direction, endings and limits."""
    written = MEMBERS.replace("right: campaigns", "right: campaigns, direction: '->'")
    written += "when_ended_in: {hubspot: keep}\nlimits: {creates: 20, deletes: 5}\nmode: observe\n"
    made = relation(tmp_path, written)
    assert (made.direction, made.mode) == (Direction.TO_SALESFORCE, "observe")
    assert made.when_ended_in == {HUBSPOT: "keep", SALESFORCE: "end"}
    assert made.limits == Limits(creates=20, deletes=5)


def test_ties_are_no_mappings(tmp_path: Path) -> None:
    """They stand beside the mappings, and HubSpot's are nothing that could be described."""
    folder = folder_with(tmp_path, MEMBERS)
    made = compile_folder(folder, None, TOKYO)
    assert {one.name for one in made.mappings} == set(NEIGHBOURS)
    assert (HUBSPOT, "list memberships") not in objects_needed(folder)
    assert (SALESFORCE, "CampaignMember") in objects_needed(folder)


BROKEN = [
    (MEMBERS.replace("left: people", "left: peple"), "unknown_mapping", "peple", "people"),
    (MEMBERS.replace("right: campaigns", "right: deals"), "relation_does_not_fit", "deals", None),
    (ROLES.replace("left: people", "left: leads"), "relation_does_not_fit", "leads", None),
    (ROLES.replace("right: deals", "right: campaigns"), "relation_does_not_fit", "campaigns", None),
    (MEMBERS.partition("relation")[0], "relation_missing", "list memberships", None),
    (MEMBERS.replace(", right: campaigns", ""), "missing_key", "right", None),
    (MEMBERS.replace("CampaignMember", "CampainMember"), "not_allowed", "CampainMember", "CampaignMember"),
    (MEMBERS.replace("list memberships", "contacts"), "not_allowed", "contacts", None),
    (MEMBERS + "match: {by: [email = Email]}\n", "not_for_relations", "match", None),
    (MEMBERS + "when_ended_in: {hubspot: stop}\n", "not_allowed", "stop", None),
    (MEMBERS + "limits: {creates: many}\n", "wrong_type", "many", None),
    (MEMBERS + "fields: [label <-> Status]\n", "unknown_field", "label", None),
    (ROLES + "fields: [lable <-> Role]\n", "unknown_field", "lable", "label"),
    (MEMBERS + "fields: [{from: \"'x'\", salesforce: HasResponded}]\n", "read_only", "HasResponded", None),
    (ROLES.replace("name: roles", "name: people"), "duplicate_name", "people", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN)
def test_ties_that_could_not_hold_are_refused(
    tmp_path: Path, written: str, code: str, found: str, nearest: str | None
) -> None:
    """Unknown mappings, kinds that do not fit, keys without meaning: each named, in two languages."""
    told = {fault.code: fault for fault in faults_of(folder_with(tmp_path, written))}
    assert code in told
    fault = told[code]
    assert fault.found == found
    assert fault.nearest == nearest or nearest is None
    assert fault.message("ja") != fault.message("en")


def test_only_ties_can_be_ended(tmp_path: Path) -> None:
    """Records are deleted, and have their own word for it."""
    written = (
        "version: 1\nname: x\nbetween: {hubspot: tickets, salesforce: Case}\nwhen_ended_in: {}\n"
    )
    folder_with(tmp_path, written)
    assert {fault.code for fault in faults_of(tmp_path)} == {"only_for_relations"}


def test_live_schemas_check_the_fields_of_ties(tmp_path: Path) -> None:
    """Salesforce describes its side; HubSpot's few fields are known."""
    written = ROLES + "fields:\n  - label <-> Role: {values: {決裁者: Decision Makr}}\n"
    role = text("Role", kind="picklist", options=options("Decision Maker"), length=40)
    world = {
        (side, name): schema(side, name)
        for side, names in (
            (HUBSPOT, ("contacts", "lists", "deals", "leads")),
            (SALESFORCE, ("Contact", "Lead", "Campaign", "Opportunity")),
        )
        for name in names
    } | {(SALESFORCE, "OpportunityContactRole"): schema(SALESFORCE, "OpportunityContactRole", role)}
    (fault,) = faults_of(folder_with(tmp_path, written), world)
    assert (fault.code, fault.nearest) == ("unknown_option", "Decision Maker")


def test_the_own_fields_of_ties_are_rehearsed(tmp_path: Path) -> None:
    """`tests:` of a relation run as those of a mapping; a wrong expectation fails."""
    written = ROLES + "fields:\n  - label <-> Role: {values: {決裁者: Decision Maker}}\ntests:\n"
    new = "  - {name: %s, now: {hubspot: {label: 決裁者}}, expect: {create: %s, %s: {Role: %s}}}\n"
    role = "OpportunityContactRole"
    written += new % ("right", role, role, "Decision Maker") + new % ("wrong", role, role, "Other")
    made = compile_folder(folder_with(tmp_path, written), None, TOKYO)
    done = rehearse(made.rehearsed, date(2026, 11, 24))
    assert (done.passed, [failure.test for failure in done.failed]) == (1, ["roles: wrong"])


def test_the_hash_follows_the_meaning(tmp_path: Path) -> None:
    """What is ended and which way ties go counts; a comment does not."""
    made = relation(tmp_path, MEMBERS)
    assert relation(tmp_path, "# members\n" + MEMBERS).hash == made.hash
    assert relation(tmp_path, MEMBERS + "when_ended_in: {hubspot: keep}\n").hash != made.hash
