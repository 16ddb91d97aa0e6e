"""Every verb on every object: deals, campaigns, activities, custom ones; record types, approvals, money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from connector.errors import RecordLocked, Rejected
from connector.port import Change, Draft, Fate, NewField, RecordType, Values, Written
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from sandbox.salesforce.org import SalesforceOrg
from tests.contract.salesforce_world import SalesforceWorld, connector_of, salesforce_world

KEY = "HubSpot_Id__c"


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


@pytest.fixture
def org(world: SalesforceWorld) -> SalesforceOrg:
    return world.org


@pytest.fixture
def salesforce(world: SalesforceWorld) -> SalesforceConnector:
    return world.connector


@dataclass(frozen=True)
class Sample:
    """An object with what a record of it needs, and a field that may be changed."""

    object: str
    required: Values
    field: str
    value: str


SAMPLES = [
    Sample(
        "Opportunity",
        {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"},
        "NextStep",
        "Call",
    ),
    Sample("Campaign", {"Name": "Webinar"}, "Description", "For everybody"),
    Sample("Task", {"Subject": "Call"}, "Status", "Completed"),
    Sample(
        "Event",
        {"Subject": "Visit", "StartDateTime": "2026-11-24T01:00:00Z", "DurationInMinutes": 30},
        "Location",
        "Tokyo",
    ),
    Sample("Machine__c", {"Name": "Press"}, "Name", "Press 2"),
    Sample("Individual", {"LastName": "Lee"}, "FirstName", "Ann"),
    Sample("Account", {"Name": "Example"}, "Site", "Osaka"),
    Sample("Contact", {"LastName": "Lee"}, "FirstName", "Ann"),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.object)
def test_every_verb_works_on_every_object(world: SalesforceWorld, sample: Sample) -> None:
    """Key field, create, find, list, changes, update, delete, departures, fates, erase."""
    org, salesforce, name = world.org, world.connector, sample.object
    org.add_object("Machine__c")
    salesforce.create_field(NewField(name, KEY, "HubSpot Id", unique=True))
    schema = salesforce.describe(name)
    assert schema.fields[KEY].unique
    assert schema.refused is None
    cursor = salesforce.cursor_at(world.now())
    for created in (True, False):
        [made] = salesforce.create_many(name, [Draft(sample.required, KEY, "7")])
        assert isinstance(made, Written)
        assert made.created is created
    found = salesforce.find_many(name, KEY, ["7"], [sample.field])
    assert [record.id for record in found["7"]] == [made.id]
    [done] = salesforce.update_many(name, [Change(made.id, {sample.field: sample.value})])
    assert isinstance(done, Written)
    assert salesforce.get_many(name, [made.id], [sample.field])[made.id].values == {
        sample.field: sample.value
    }
    listed = [record.id for page in salesforce.list_all(name, [KEY]) for record in page.records]
    changed = [
        record.id
        for page in salesforce.changed_since(name, [KEY], cursor)
        for record in page.records
    ]
    assert listed == changed == [made.id]
    salesforce.delete_many(name, [made.id])
    world.forward(120)
    assert salesforce.deleted_since(name, cursor).ids == [made.id]
    assert salesforce.fates(name, [made.id])[made.id] == Fate("deleted")
    org.undelete(name, made.id)
    assert salesforce.fates(name, [made.id])[made.id] == Fate("live")
    [erased] = salesforce.erase_many(name, [made.id])
    assert isinstance(erased, Written)
    assert salesforce.fates(name, [made.id])[made.id] == Fate("not_visible")


# References --------------------------------------------------------------------------------------


def test_activities_tell_of_whom_and_of_what_they_may_be(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """WhoId and WhatId name several objects, custom ones among them."""
    org.add_object("Machine__c")
    for name in ("Task", "Event"):
        fields = salesforce.describe(name).fields
        assert fields["WhoId"].references == ("Contact", "Lead")
        assert {"Account", "Campaign", "Opportunity", "Machine__c"} <= set(
            fields["WhatId"].references
        )


def test_a_task_hangs_on_a_person_and_a_deal(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """What does not exist, or is of the wrong kind, is a bad reference, named where it is told."""
    salesforce.create_field(NewField("Task", KEY, "HubSpot Id", unique=True))
    (contact,) = org.load("Contact", [{"LastName": "Lee"}])
    (lead,) = org.load("Lead", [{"LastName": "Lee", "Company": "Example"}])
    (deal,) = org.load(
        "Opportunity", [{"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-31"}]
    )
    wanted: list[Values] = [
        {"WhoId": contact, "WhatId": deal},
        {"WhoId": lead, "WhatId": deal},
        {"WhoId": deal},
        {"WhoId": "003000000000001AAA"},
    ]
    drafts = [Draft({"Subject": "Call", **one}, KEY, str(n)) for n, one in enumerate(wanted)]
    made, *refused = salesforce.create_many("Task", drafts)
    assert isinstance(made, Written)
    causes = [(one.cause, one.fields) for one in refused if isinstance(one, Rejected)]
    assert causes == [
        ("bad_reference", ("WhatId",)),
        ("bad_reference", ("WhoId",)),
        ("bad_reference", ()),
    ]


def test_an_owner_who_left_is_named(org: SalesforceOrg, salesforce: SalesforceConnector) -> None:
    """INACTIVE_OWNER_OR_USER tells no field; there is only one that it can be."""
    (gone,) = org.load_users([{"Email": "gone@example.com", "Name": "G One", "IsActive": False}])
    (lead,) = org.load("Lead", [{"LastName": "Lee", "Company": "Example"}])
    [refused] = salesforce.update_many("Lead", [Change(lead, {"OwnerId": gone})])
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("bad_reference", ("OwnerId",))


# Record types ------------------------------------------------------------------------------------


def test_a_describe_tells_the_record_types_that_we_may_use(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """By the name that is the same in every org; the master and those of others are left out."""
    assert salesforce.describe("Opportunity").record_types == ()
    renewal = org.add_record_type("Opportunity", "Renewal", label="更新")
    org.add_record_type("Opportunity", "Internal", available=False)
    assert salesforce.describe("Opportunity").record_types == (
        RecordType(renewal, "Renewal", "更新"),
    )


def test_a_record_type_of_others_is_a_bad_reference(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    org.add_record_type("Lead", "Ours")
    theirs = org.add_record_type("Lead", "Theirs", available=False)
    (lead,) = org.load("Lead", [{"LastName": "Lee", "Company": "Example"}])
    [refused] = salesforce.update_many("Lead", [Change(lead, {"RecordTypeId": theirs})])
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("bad_reference", ("RecordTypeId",))


def test_a_validation_rule_of_one_record_type_leaves_the_others_alone(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """The admin's words come through, with the field."""
    strict = org.add_record_type("Lead", "Strict")
    loose = org.add_record_type("Lead", "Loose")
    org.add_validation_rule(
        "Lead",
        lambda row: not row.get("Phone"),
        "電話番号が必要です",
        "Phone",
        record_type="Strict",
    )
    rows = [{"LastName": n, "Company": "E", "RecordTypeId": n} for n in (strict, loose)]
    first, second = org.load("Lead", rows)
    refused, done = salesforce.update_many(
        "Lead", [Change(first, {"Title": "CEO"}), Change(second, {"Title": "CEO"})]
    )
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("validation_rule", ("Phone",))
    assert "電話番号が必要です" in refused.reason
    assert isinstance(done, Written)


# Approvals ---------------------------------------------------------------------------------------


def test_a_record_under_approval_waits_alone(world: SalesforceWorld) -> None:
    """The others of its batch are written, nobody tries it again at once, and it is no refusal."""
    held, free = world.crowd(2)
    world.org.submit_for_approval(held)
    writes = world.connector.calls.writes
    changes = [Change(one, {"Street": "x"}) for one in (held, free)]
    waits, done = world.connector.update_many("Lead", changes)
    assert isinstance(waits, RecordLocked)
    assert waits.after >= 60
    assert isinstance(done, Written)
    assert world.connector.calls.writes - writes == 1
    world.org.decide_approval(held)
    [done] = world.connector.update_many("Lead", changes[:1])
    assert isinstance(done, Written)


def test_an_approval_holds_deletions_too(world: SalesforceWorld) -> None:
    [held] = world.crowd(1)
    world.org.submit_for_approval(held)
    [waits] = world.connector.delete_many("Lead", [held])
    assert isinstance(waits, RecordLocked)


# Money -------------------------------------------------------------------------------------------


def test_an_org_with_several_currencies_tells_the_field(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """A closed picklist; the scale of an amount stays what the describe tells."""
    assert "CurrencyIsoCode" not in salesforce.describe("Opportunity").fields
    org.enable_currencies("JPY", USD=0.0067)
    fields = salesforce.describe("Opportunity").fields
    assert [one.value for one in fields["CurrencyIsoCode"].options] == ["JPY", "USD"]
    assert fields["CurrencyIsoCode"].closed
    assert (fields["Amount"].kind, fields["Amount"].scale) == ("number", 2)


def test_yen_have_no_decimals(org: SalesforceOrg, salesforce: SalesforceConnector) -> None:
    """Salesforce rounds to the currency of the record when it stores."""
    org.enable_currencies("JPY", USD=0.0067)
    row = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}
    yen, dollars = org.load("Opportunity", [row, {**row, "CurrencyIsoCode": "USD"}])
    salesforce.update_many("Opportunity", [Change(i, {"Amount": 1234.56}) for i in (yen, dollars)])
    found = salesforce.get_many("Opportunity", [yen, dollars], ["Amount"])
    assert [found[i].values["Amount"] for i in (yen, dollars)] == [1235.0, 1234.56]


# Assignment rules --------------------------------------------------------------------------------


@pytest.fixture
def seller(org: SalesforceOrg) -> str:
    return org.load_users([{"Email": "kenji@example.com", "Name": "Kenji Sato"}])[0]


def _owner_of_new(world: SalesforceWorld, rules: bool | str) -> object:
    connector = connector_of(
        world.org, world.url, world.time, world.forward, assignment_rules=rules
    )
    [made] = connector.create_many("Lead", [world.draft("7")])
    assert isinstance(made, Written)
    connector.update_many("Lead", [Change(made.id, {"OwnerId": world.org.integration_user_id})])
    connector.update_many("Lead", [Change(made.id, {"Street": "x"})])
    touched = world.stored()[made.id]["OwnerId"]
    assert touched == world.org.integration_user_id, "an update never moves an owner"
    world.org.delete("Lead", made.id)
    [again] = connector.create_many("Lead", [world.draft("8")])
    assert isinstance(again, Written)
    return world.stored()[again.id]["OwnerId"]


def test_assignment_rules_run_for_what_we_create_when_asked(
    world: SalesforceWorld, seller: str
) -> None:
    """Not by default, and never for an update."""
    world.org.assign_to("Lead", seller)
    assert _owner_of_new(world, False) == world.org.integration_user_id
    assert _owner_of_new(world, True) == seller


def test_a_rule_may_be_named(world: SalesforceWorld, seller: str) -> None:
    """It runs although it is not the active one."""
    rule = world.org.add_assignment_rule("Lead", seller)
    assert _owner_of_new(world, rule) == seller


def test_a_setting_that_names_no_rule_is_refused() -> None:
    """With the name of the setting and an example."""
    with pytest.raises(ValueError, match="KAKEHASHI_SALESFORCE__ASSIGNMENT_RULES"):
        SalesforceSettings(
            login_url="https://acme.my.salesforce.com",
            client_id="a",
            client_secret="b",
            assignment_rules="yes",
        )


# Duplicate rules ---------------------------------------------------------------------------------


def test_a_duplicate_names_the_record_in_its_way(world: SalesforceWorld) -> None:
    """A collection does not tell; it is asked once more, 25 rows to a call. The others are written."""
    taken = world.crowd(30)
    world.org.add_duplicate_rule("Lead", "Email", allow_save=False)
    drafts = [world.draft(f"new-{n}", email=f"CROWD{n}@example.com") for n in range(30)]
    writes = world.connector.calls.writes
    *refused, made = world.connector.create_many(
        "Lead", [*drafts, world.draft("free", email="free@example.com")]
    )
    assert isinstance(made, Written)
    assert [one.existing_id for one in refused if isinstance(one, Rejected)] == taken
    assert {one.cause for one in refused if isinstance(one, Rejected)} == {"duplicate"}
    assert world.connector.calls.writes - writes == 3


def test_an_update_that_makes_a_duplicate_names_it_too(world: SalesforceWorld) -> None:
    first, second = world.crowd(2)
    world.org.add_duplicate_rule("Lead", "Email", allow_save=False)
    [refused] = world.connector.update_many(
        "Lead", [Change(second, {"Email": "crowd0@example.com"})]
    )
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.existing_id) == ("duplicate", first)


def test_a_duplicate_that_went_away_meanwhile_is_written(world: SalesforceWorld) -> None:
    """The second look is a write like any other."""
    world.fault(
        "row_error", times=1, errorCode="DUPLICATES_DETECTED", match="PATCH .*composite/sobjects"
    )
    [made] = world.connector.create_many("Lead", [world.draft("a/b c")])
    assert isinstance(made, Written)
    assert made.created
    assert world.holding_key("a/b c") == [made.id]


def test_a_second_look_that_is_refused_leaves_the_first_answer(world: SalesforceWorld) -> None:
    world.crowd(1)
    world.org.add_duplicate_rule("Lead", "Email", allow_save=False)
    world.fault("status", status=400, body=[{"errorCode": "X"}], match="POST .*composite$")
    [refused] = world.connector.create_many("Lead", [world.draft("n", email="crowd0@example.com")])
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.existing_id) == ("duplicate", None)
