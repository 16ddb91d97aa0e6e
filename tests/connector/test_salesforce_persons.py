"""Person accounts are refused with a reason, and business accounts beside them are kept in line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connector.errors import Rejected
from connector.port import Change, Draft, Fate, NewField, Values, Written
from connector.salesforce.persons import MARK
from tests.contract.salesforce_world import SalesforceWorld, salesforce_world

KEY = "HubSpot_Id__c"


@dataclass(frozen=True)
class People:
    """An org with a company and a person account; `shadow` is the Contact of the person."""

    world: SalesforceWorld
    type_id: str
    company: str
    person: str
    shadow: str


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


@pytest.fixture
def people(world: SalesforceWorld) -> People:
    type_id = world.org.enable_person_accounts()
    company = world.org.add("Account", {"Name": "Example"})
    person = world.org.add("Account", {"LastName": "Mori", "PersonEmail": "mori@example.com"})
    shadow = str(world.org.records("Account")[person]["PersonContactId"])
    return People(world, type_id, company, person, shadow)


def _listed(world: SalesforceWorld, object_name: str, *fields: str) -> list[str]:
    pages = world.connector.list_all(object_name, fields)
    return [record.id for page in pages for record in page.records]


def test_people_are_in_no_list_and_no_reading(people: People) -> None:
    """Neither the Account nor the Contact in its shadow."""
    world, cursor = people.world, people.world.connector.cursor_at(people.world.now())
    assert _listed(world, "Account") == [people.company]
    assert _listed(world, "Contact") == []
    assert set(world.connector.get_many("Account", [people.company, people.person], ["Name"])) == {
        people.company
    }
    assert world.connector.get_many("Contact", [people.shadow], ["LastName"]) == {}
    pages = world.connector.changed_since("Account", ["Name"], cursor)
    assert [record.id for page in pages for record in page.records] == [people.company]
    found = world.connector.find_many("Contact", "Email", ["mori@example.com"], ["LastName"])
    assert found == {"mori@example.com": []}


def test_who_asks_for_the_mark_sees_them(people: People) -> None:
    """A mapping may name the field, in `only` for example."""
    world = people.world
    assert set(_listed(world, "Account", MARK)) == {people.company, people.person}
    found = world.connector.get_many("Contact", [people.shadow], [MARK])
    assert found[people.shadow].values == {MARK: True}


def test_a_person_is_not_visible_and_a_company_is_live(people: People) -> None:
    """No evidence of a deletion: nothing is deleted on the other side."""
    both = [people.company, people.person]
    assert people.world.connector.fates("Account", both) == {
        people.company: Fate("live"),
        people.person: Fate("not_visible"),
    }
    people.world.org.delete("Account", people.person)
    gone = people.world.connector.fates("Account", [people.person])
    assert gone == {people.person: Fate("deleted")}


def test_writes_to_people_are_refused_with_a_reason(people: People) -> None:
    """Whatever the verb; the company of the same batch is written."""
    connector, both = people.world.connector, [people.person, people.company]
    refused, done = connector.update_many("Account", [Change(i, {"Phone": "1"}) for i in both])
    outcomes = [
        refused,
        connector.update_many("Contact", [Change(people.shadow, {"Phone": "1"})])[0],
        connector.merge("Account", people.company, [people.person]),
        connector.delete_many("Account", [people.person])[0],
        connector.erase_many("Account", [people.person])[0],
    ]
    assert isinstance(done, Written)
    for one in outcomes:
        assert isinstance(one, Rejected)
        assert "person account" in one.reason
    assert set(people.world.org.records("Account")) == set(both)


def test_no_draft_becomes_a_person(people: People) -> None:
    """Neither by a last name nor by a record type; a company is created beside them."""
    connector = people.world.connector
    connector.create_field(NewField("Account", KEY, "HubSpot Id", unique=True))
    wanted: list[Values] = [
        {"LastName": "Sato"},
        {"Name": "Sato", "RecordTypeId": people.type_id},
        {"Name": "Company", "LastName": None},
    ]
    drafts = [Draft(one, KEY, str(n)) for n, one in enumerate(wanted)]
    named, typed, made = connector.create_many("Account", drafts)
    assert isinstance(named, Rejected)
    assert named.fields == ("LastName",)
    assert isinstance(typed, Rejected)
    assert typed.fields == ("RecordTypeId",)
    assert isinstance(made, Written)


def test_the_describe_offers_no_record_type_of_people(people: People) -> None:
    """And refuses Account as a whole only where there is no other."""
    world = people.world
    schema = world.connector.describe("Account")
    assert [one.name for one in schema.record_types] == ["Business_Account"]
    assert schema.refused is None
    types = world.org.state.tables["Account"].schema.record_types
    types[:] = [one for one in types if one.person]
    refused = world.connector.describe("Account").refused
    assert refused is not None
    assert "business accounts" in refused


def test_an_org_without_people_pays_one_describe_at_most(world: SalesforceWorld) -> None:
    """None at all for other objects, and none once the object was described."""
    connector = world.connector
    connector.ping()
    reads = connector.calls.reads
    _listed(world, "Lead")
    connector.describe("Contact")
    for _ in range(3):
        _listed(world, "Contact")
    assert connector.calls.reads - reads == 5
