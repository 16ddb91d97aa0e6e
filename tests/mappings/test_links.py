"""Links to any mapping: both arrows, fields that name several kinds, owners with a stand-in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import ObjectSchema, System
from mappings.compile import compile_folder
from mappings.schema import Carried, Line, Mapping, Skip
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    TOKYO,
    Partners,
    faults_of,
    schema,
    text,
    write,
)

OBJECTS = {
    "people": ("contacts", "[Contact, Lead]"),
    "deals": ("deals", "Opportunity"),
    "companies": ("companies", "Account"),
}
LINKED = replace(
    CONTEXT,
    refs=Partners(
        {
            ("deals", "9"): "006A",
            ("deals", "006A"): "9",
            ("people", "5"): "00QA",
            ("people", "00QA"): "5",
            ("owners#desk@example.com", "77"): "005D",
        }
    ),
)


def tasks(folder: Path, *links: str, more: str = "") -> Path:
    """A folder with people, deals, companies, and tasks that have these links."""
    for name, (hubspot, salesforce) in OBJECTS.items():
        between = f"{{hubspot: {hubspot}, salesforce: {salesforce}}}"
        write(folder, f"version: 1\nname: {name}\nbetween: {between}\n", name)
    told = "".join(f"  - {link}\n" for link in links)
    head = "version: 1\nname: tasks\nbetween: {hubspot: tasks, salesforce: Task}\n"
    write(folder, f"{head}{more}links:\n{told}", "tasks")
    return folder


def made(folder: Path) -> dict[str, Mapping]:
    return {one.name: one for one in compile_folder(folder, None, TOKYO).mappings}


def link(folder: Path, written: str) -> Line:
    return made(tasks(folder, written))["tasks"].objects["Task"].lines[0]


def to_salesforce(line: Line, cell: str) -> Carried:
    return line.salesforce.carry(cell, LINKED)


def to_hubspot(line: Line, cell: str) -> Carried:
    return line.hubspot.carry(cell, LINKED)


def test_a_link_leads_to_any_mapping_in_both_directions(tmp_path: Path) -> None:
    """A task's person is a Lead or a Contact: whoever the partner is."""
    line = link(tmp_path, "associations.contact <-> WhoId: {to: people}")
    assert to_salesforce(line, "5") == "00QA"
    assert to_hubspot(line, "00QA") == "5"
    assert (line.hubspot.fields, line.hubspot.updateable) == (("associations.contact",), True)


def test_a_partner_that_is_not_linked_yet_is_waited_for(tmp_path: Path) -> None:
    """Forward references resolve themselves once the partner is there."""
    line = link(tmp_path, "associations.deal <-> WhatId: {to: deals}")
    for found in (to_salesforce(line, "404"), to_hubspot(line, "006Z")):
        assert isinstance(found, Skip)
        assert found.waiting


@pytest.mark.parametrize("other", ["001A", "500A", "701A", "003A", "a0X000000000001AAA"])
@pytest.mark.parametrize("arrow", ["<->", "->", "<-"])
def test_a_field_that_names_another_kind_of_record_says_nothing(
    tmp_path: Path, other: str, arrow: str
) -> None:
    """A task about an Account is no task about a deal: the line neither waits nor clears anything."""
    line = link(tmp_path, f"associations.deal {arrow} WhatId: {{to: deals}}")
    found = line.salesforce.read({"WhatId": other}, LINKED)
    assert isinstance(found, Skip)
    assert not found.waiting
    for own in ("006A", "006000000000001AAA", None):
        assert line.salesforce.read({"WhatId": own}, LINKED) == own


def test_a_person_of_a_kind_that_the_mapping_does_not_know_says_nothing(tmp_path: Path) -> None:
    """Where people are Contacts only, a task of a Lead keeps its Lead."""
    folder = tasks(tmp_path, "associations.contact <-> WhoId: {to: people}")
    write(
        folder,
        "version: 1\nname: people\nbetween: {hubspot: contacts, salesforce: Contact}\n",
        "people",
    )
    (line,) = made(folder)["tasks"].objects["Task"].lines
    assert isinstance(line.salesforce.read({"WhoId": "00Q000000000001AAA"}, LINKED), Skip)
    assert line.salesforce.read({"WhoId": "003000000000001AAA"}, LINKED) == "003000000000001AAA"


def test_what_is_about_a_record_of_ones_own_kind_is_not_guessed(tmp_path: Path) -> None:
    """The ids of custom objects begin otherwise in every org; standard ones are known."""
    folder = tasks(tmp_path, "associations.subscriptions <-> WhatId: {to: subscriptions}")
    between = "{hubspot: subscriptions, salesforce: Subscription__c}"
    write(folder, f"version: 1\nname: subscriptions\nbetween: {between}\n", "subscriptions")
    (line,) = made(folder)["tasks"].objects["Task"].lines
    assert line.salesforce.read({"WhatId": "a0X000000000001AAA"}, LINKED) == "a0X000000000001AAA"
    assert isinstance(line.salesforce.read({"WhatId": "500000000000001AAA"}, LINKED), Skip)


def test_what_others_refer_to_comes_first(tmp_path: Path) -> None:
    """Dependencies are brought in line before those who point at them."""
    folder = tasks(
        tmp_path,
        "associations.contact <-> WhoId: {to: people}",
        "associations.deal <-> WhatId: {to: deals}",
    )
    names = [one.name for one in compile_folder(folder, None, TOKYO).mappings]
    assert names.index("tasks") > max(names.index("people"), names.index("deals"))
    assert made(folder)["tasks"].depends_on == ("people", "deals")


def test_a_mapping_may_link_to_itself(tmp_path: Path) -> None:
    """A company has a parent company, which waits for nobody but itself."""
    written = "version: 1\nname: companies\nbetween: {hubspot: companies, salesforce: Account}\n"
    write(
        tmp_path,
        written + "links: [{parent_company -> ParentId: {to: companies}}]\n",
        "companies",
    )
    assert made(tmp_path)["companies"].depends_on == ()


def test_mappings_may_refer_to_each_other(tmp_path: Path) -> None:
    """One comes first, and what it refers to is set in a second pass."""
    folder = tasks(tmp_path, "associations.deal <-> WhatId: {to: deals}")
    write(
        folder,
        "version: 1\nname: deals\nbetween: {hubspot: deals, salesforce: Opportunity}\n"
        "links: [{associations.task -> Task__c: {to: tasks}}]\n",
        "deals",
    )
    assert faults_of(folder) == ()


def test_an_owner_may_have_a_stand_in(tmp_path: Path) -> None:
    """The look-up of partners finds the person with that address; without one the line waits."""
    line = link(tmp_path, "hubspot_owner_id <-> OwnerId: {to: owners, otherwise: desk@example.com}")
    assert to_salesforce(line, "77") == "005D"
    assert to_salesforce(line, "78") == Skip("owner", waiting=True)
    assert (line.hubspot.when_blank, line.salesforce.when_blank) == ("keep", "keep")


def test_a_stand_in_may_differ_by_direction(tmp_path: Path) -> None:
    """Sales catches what nobody owns; marketing keeps its own."""
    line = link(
        tmp_path,
        "hubspot_owner_id <-> OwnerId: "
        "{to: owners, otherwise: {to_salesforce: desk@example.com, to_hubspot: keep}}",
    )
    assert to_salesforce(line, "77") == "005D"
    assert isinstance(to_hubspot(line, "005X"), Skip)


BROKEN = [
    ("associations.deal <-> WhatId: {to: deal}", "unknown_mapping", "deal", "deals"),
    ("associations.contact <-> WhatId: {to: deals}", "link_does_not_fit", "associations.contact", None),
    ("a -> WhatId: {to: deals, otherwise: a@example.com}", "not_allowed", "a@example.com", None),
    ("hubspot_owner_id <-> OwnerId: {to: owners, otherwise: desk}", "not_allowed", "desk", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN)
def test_a_link_that_could_not_lead_anywhere_is_refused(
    tmp_path: Path, written: str, code: str, found: str, nearest: str | None
) -> None:
    """Mappings that do not exist, fields of other kinds, stand-ins for what are no owners."""
    told = {fault.code: fault for fault in faults_of(tasks(tmp_path, written))}
    assert told[code].found == found
    assert told[code].nearest == nearest or nearest is None
    assert told[code].message("ja") != told[code].message("en")


def test_live_schemas_tell_what_a_lookup_leads_to(tmp_path: Path) -> None:
    """A lookup to Case cannot hold an Opportunity."""
    folder = tasks(tmp_path, "associations.deal -> About__c: {to: deals}")
    about = text("About__c", kind="reference", references=("Case",))
    world: dict[tuple[System, str], ObjectSchema] = {
        (side, name): schema(side, name)
        for side, names in (
            (HUBSPOT, ("contacts", "deals", "companies", "tasks")),
            (SALESFORCE, ("Contact", "Lead", "Opportunity", "Account")),
        )
        for name in names
    }
    world[SALESFORCE, "Task"] = schema(SALESFORCE, "Task", about)
    (fault,) = faults_of(folder, world)
    assert (fault.code, fault.allowed) == ("link_does_not_fit", ("Case",))
