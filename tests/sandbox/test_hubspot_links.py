"""Promises of the HubSpot practice org about associations, properties, preferences and the account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot.communication_preferences.exceptions import ApiException as PreferenceError
from hubspot.crm.contacts.exceptions import ApiException as ContactError
from hubspot.crm.properties.exceptions import ApiException as PropertyError

from sandbox.hubspot.state import SUBSCRIPTIONS
from tests.sandbox.hubspot_scene import Scene, opened

NEWS = next(iter(SUBSCRIPTIONS))


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as scene:
        yield scene


@pytest.fixture
def companies(scene: Scene) -> list[str]:
    return scene.org.load("companies", [{"name": "A"}, {"name": "B"}])


def companies_of(scene: Scene, contact: str) -> dict[str, set[int]]:
    api = scene.client.crm.associations.v4.basic_api
    page = api.get_page("contacts", contact, "companies")
    return {
        str(one.to_object_id): {kind.type_id for kind in one.association_types}
        for one in page.results
    }


def test_associatedcompanyid_sets_the_primary_company(scene: Scene, companies: list[str]) -> None:
    """Writing the property associates; writing another moves the mark; clearing takes it away."""
    contact = scene.contact(email="a@example.com")
    api = scene.client.crm.contacts.basic_api
    for company in companies:
        api.update(contact, {"properties": {"associatedcompanyid": company}})
    assert companies_of(scene, contact) == {companies[0]: {279}, companies[1]: {1, 279}}
    api.update(contact, {"properties": {"associatedcompanyid": ""}})
    assert companies_of(scene, contact) == {companies[0]: {279}, companies[1]: {279}}


def test_an_unknown_company_is_no_association(scene: Scene) -> None:
    """400 with the id in the context."""
    contact = scene.contact(email="a@example.com")
    with pytest.raises(ContactError) as refused:
        scene.client.crm.contacts.basic_api.update(
            contact, {"properties": {"associatedcompanyid": "424242"}}
        )
    assert '"INVALID_OBJECT_IDS":["COMPANY=424242 is not valid"]' in refused.value.body


def test_labels_set_the_primary_company_and_the_property_follows(
    scene: Scene, companies: list[str]
) -> None:
    """Type 1 through v4 shows in `associatedcompanyid`; both directions appear at once."""
    contact = scene.org.load("contacts", [{"email": "a@example.com", "@company": companies[0]}])[0]
    api = scene.client.crm.associations.v4.basic_api
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    api.create("contacts", contact, "companies", companies[1], spec)
    assert scene.held(contact)["associatedcompanyid"] == companies[1]
    back = api.get_page("companies", companies[1], "contacts").results
    assert [str(one.to_object_id) for one in back] == [contact]
    assert {kind.type_id for kind in back[0].association_types} == {2, 280}


def test_deleting_an_association_clears_the_property(scene: Scene, companies: list[str]) -> None:
    """All labels of the pair go, and so does the primary company."""
    contact = scene.org.load("contacts", [{"email": "a@example.com", "@company": companies[0]}])[0]
    api = scene.client.crm.associations.v4.basic_api
    api.archive("contacts", contact, "companies", companies[0])
    assert companies_of(scene, contact) == {}
    assert "associatedcompanyid" not in scene.held(contact)


def test_other_ends_are_numbers_on_the_wire(scene: Scene, companies: list[str]) -> None:
    """`toObjectId` is a number, whatever the client makes of it; unknown ids are 207."""
    contact = scene.org.load("contacts", [{"firstname": "Ann", "@company": companies[0]}])[0]
    answer = scene.send(
        "POST",
        "/crm/v4/associations/contacts/companies/batch/read",
        {"inputs": [{"id": contact}, {"id": "999"}]},
    )
    assert answer.status_code == 207
    assert answer.json()["results"][0]["to"][0]["toObjectId"] == int(companies[0])


def test_reads_and_lists_tell_associations_once_per_type(
    scene: Scene, companies: list[str]
) -> None:
    """One company stands twice: as primary and unlabelled; the key is absent where there is none."""
    scene.org.load("contacts", [{"firstname": "Ann", "@company": companies[0]}])
    scene.contact(firstname="Ben")
    page = scene.client.crm.contacts.basic_api.get_page(associations=["companies"])
    with_company, without = page.results
    told = with_company.associations["companies"].results
    assert {(one.id, one.type) for one in told} == {
        (companies[0], "contact_to_company"),
        (companies[0], "contact_to_company_unlabeled"),
    }
    assert without.associations is None


def test_v3_batch_create_answers_two_results_per_input(scene: Scene, companies: list[str]) -> None:
    """One for each direction."""
    contact = scene.contact(firstname="Ann")
    one = {"from": {"id": contact}, "to": {"id": companies[0]}, "type": "contact_to_company"}
    told = scene.client.crm.associations.batch_api.create(
        "contacts", "companies", {"inputs": [one]}
    )
    assert {result.type for result in told.results} == {
        "contact_to_company",
        "company_to_contact",
    }
    assert scene.held(contact)["associatedcompanyid"] == companies[0]


def test_a_create_may_carry_its_associations(scene: Scene, companies: list[str]) -> None:
    """Inline, by type id."""
    link = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
    made = scene.client.crm.contacts.basic_api.create(
        {
            "properties": {"email": "a@example.com"},
            "associations": [{"to": {"id": companies[0]}, "types": [link]}],
        }
    )
    assert companies[0] in companies_of(scene, made.id)


def test_an_archived_company_leaves_its_contacts(scene: Scene, companies: list[str]) -> None:
    """The association and `associatedcompanyid` go with it."""
    contact = scene.org.load("contacts", [{"firstname": "Ann", "@company": companies[0]}])[0]
    scene.client.crm.companies.basic_api.archive(companies[0])
    assert companies_of(scene, contact) == {}
    assert "associatedcompanyid" not in scene.held(contact)


def test_contacts_follow_a_merged_company(scene: Scene, companies: list[str]) -> None:
    """The contacts of both companies have the survivor as their primary one."""
    rows = [{"firstname": one, "@company": one} for one in companies]
    people = scene.org.load("contacts", rows)
    merged = scene.org.merge("companies", *companies)
    assert {scene.held(one)["associatedcompanyid"] for one in people} == {merged}
    assert [companies_of(scene, one) for one in people] == [{merged: {1, 279}}] * 2


def test_the_company_of_a_merged_contact_stays(scene: Scene, companies: list[str]) -> None:
    """The primary's company is the primary one, the other's is kept beside it."""
    rows = [{"firstname": one, "@company": one} for one in companies]
    merged = scene.org.merge("contacts", *scene.org.load("contacts", rows))
    assert companies_of(scene, merged) == {companies[0]: {1, 279}, companies[1]: {279}}
    assert scene.held(merged)["associatedcompanyid"] == companies[0]


# Properties --------------------------------------------------------------------------------------

KEY = {
    "name": "salesforce_id",
    "label": "Salesforce id",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
    "hasUniqueValue": True,
}


def test_a_unique_property_can_be_made_and_then_names_records(scene: Scene) -> None:
    """Created with 201 and at once usable as idProperty."""
    api = scene.client.crm.properties.core_api
    made = api.create("contacts", KEY)
    assert made.has_unique_value and made.name == "salesforce_id"
    record_id = scene.contact(salesforce_id="003A")
    contacts = scene.client.crm.contacts.basic_api
    assert contacts.get_by_id("003A", id_property="salesforce_id").id == record_id
    with pytest.raises(ContactError) as refused:
        contacts.create({"properties": {"salesforce_id": "003A"}})
    assert refused.value.status == 400 and "already has that value" in refused.value.body


def test_definitions_say_what_may_be_written(scene: Scene) -> None:
    """Read only, calculated, owner fields and options are told apart."""
    told = {one.name: one for one in scene.client.crm.properties.core_api.get_all("0-1").results}
    assert told["hs_email_optout"].modification_metadata.read_only_value
    assert told["hs_full_name_or_email"].calculated
    assert told["hubspot_owner_id"].external_options
    assert told["hubspot_owner_id"].referenced_object_type == "OWNER"
    assert told["email"].has_unique_value
    assert "lead" in [option.value for option in told["lifecyclestage"].options]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "Upper"}, 400),
        ({"groupName": "nowhere"}, 400),
        ({"label": None}, 400),
        ({"type": "bool", "fieldType": "booleancheckbox", "hasUniqueValue": False}, 400),
        ({"name": "email"}, 409),
    ],
)
def test_bad_definitions_are_refused(scene: Scene, change: dict[str, Any], status: int) -> None:
    """Name, group, label, options of a boolean, and what exists already."""
    with pytest.raises(PropertyError) as refused:
        scene.client.crm.properties.core_api.create("contacts", {**KEY, **change})
    assert refused.value.status == status


def test_new_options_replace_the_old_ones(scene: Scene) -> None:
    """A PATCH with options replaces the list, and values are judged by the new one."""
    api = scene.client.crm.properties.core_api
    api.update("contacts", "hs_lead_status", {"options": [{"label": "Only", "value": "ONLY"}]})
    contacts = scene.client.crm.contacts.basic_api
    contacts.create({"properties": {"hs_lead_status": "ONLY"}})
    with pytest.raises(ContactError):
        contacts.create({"properties": {"hs_lead_status": "NEW"}})


def test_groups_hold_properties(scene: Scene) -> None:
    """A group can be made and used; ten unique properties are the most."""
    groups = scene.client.crm.properties.groups_api
    groups.create("contacts", {"name": "salesforce_sync", "label": "Salesforce"})
    assert "salesforce_sync" in [one.name for one in groups.get_all("contacts").results]
    api = scene.client.crm.properties.core_api
    for number in range(10):
        api.create("contacts", {**KEY, "name": f"key_{number}", "groupName": "salesforce_sync"})
    with pytest.raises(PropertyError):
        api.create("contacts", KEY)


# Preferences -------------------------------------------------------------------------------------


def test_unsubscribing_from_all_shows_on_the_contact(scene: Scene) -> None:
    """v4 unsubscribe-all flips `hs_email_optout`, which nobody can write directly."""
    contact = scene.contact(email="a@example.com")
    path = "/communication-preferences/v4/statuses/A@example.com/unsubscribe-all?channel=EMAIL"
    answer = scene.send("POST", path)
    assert answer.json()["results"][0]["status"] == "UNSUBSCRIBED"
    assert scene.held(contact)["hs_email_optout"] == "true"
    assert scene.send("GET", path).json()["results"][0]["status"] == "UNSUBSCRIBED"


def test_preferences_belong_to_the_address(scene: Scene) -> None:
    """A contact that takes an opted-out address is opted out; taking another frees it."""
    path = "/communication-preferences/2026-09/statuses/a@example.com/unsubscribe-all"
    scene.send("POST", f"{path}?channel=EMAIL")
    api = scene.client.crm.contacts.basic_api
    contact = api.create({"properties": {"email": "a@example.com"}}).id
    assert scene.held(contact)["hs_email_optout"] == "true"
    api.update(contact, {"properties": {"email": "b@example.com"}})
    assert "hs_email_optout" not in scene.held(contact)


def test_v3_unsubscribes_from_one_type_and_refuses_to_subscribe_again(scene: Scene) -> None:
    """v4 is the one that can."""
    contact = scene.contact(email="a@example.com")
    api = scene.client.communication_preferences.status_api
    wish = {"emailAddress": "a@example.com", "subscriptionId": NEWS}
    assert api.unsubscribe(wish).status == "NOT_SUBSCRIBED"
    assert scene.held(contact)[f"hs_email_optout_{NEWS}"] == "true"
    assert "hs_email_optout" not in scene.held(contact)
    with pytest.raises(PreferenceError) as refused:
        api.subscribe(wish)
    assert refused.value.status == 400
    body = {"subscriptionId": int(NEWS), "statusState": "SUBSCRIBED", "channel": "EMAIL"}
    path = "/communication-preferences/v4/statuses/a@example.com"
    assert scene.send("POST", path, body).json()["results"][0]["status"] == "SUBSCRIBED"
    told = {
        one.id: one.status for one in api.get_email_status("a@example.com").subscription_statuses
    }
    assert told[NEWS] == "SUBSCRIBED"


def test_subscription_types_are_listed(scene: Scene) -> None:
    """The definitions, as v3 words them."""
    told = scene.client.communication_preferences.definition_api.get_page()
    assert {one.id for one in told.subscription_definitions} == set(SUBSCRIPTIONS)


def test_a_loaded_opt_out_is_one(scene: Scene) -> None:
    """``@optout`` in a row is a preference of the address."""
    (contact,) = scene.org.load("contacts", [{"email": "a@example.com", "@optout": True}])
    assert scene.held(contact)["hs_email_optout"] == "true"
    assert scene.org.opted_out("a@example.com")


# The account -------------------------------------------------------------------------------------


def test_owners_are_found_by_their_owner_id(scene: Scene) -> None:
    """`id` and `userId` differ; archived owners are apart and have no user id."""
    here, gone = scene.org.load_owners(
        [
            {"email": "Ann@example.com", "firstName": "Ann", "lastName": "A"},
            {"email": "ben@example.com", "firstName": "Ben", "lastName": "B", "archived": True},
        ]
    )
    api = scene.client.crm.owners.owners_api
    (ann,) = api.get_page().results
    assert ann.id == here and str(ann.user_id) != ann.id and ann.email == "ann@example.com"
    (ben,) = api.get_page(archived=True).results
    assert ben.id == gone and ben.user_id is None and ben.user_id_including_inactive
    assert api.get_by_id(int(here)).email == "ann@example.com"
    assert api.get_page(email="ann@example.com").results[0].id == here


def test_the_account_tells_who_it_is_and_what_is_spent(scene: Scene) -> None:
    """Portal id as a number; the daily use counts calls."""
    details = scene.send("GET", "/account-info/v3/details").json()
    assert details["portalId"] == scene.org.portal_id and details["timeZone"] == "Asia/Tokyo"
    usage = scene.send("GET", "/account-info/v3/api-usage/daily/private-apps").json()
    assert usage["results"][0]["currentUsage"] == 2


def test_deals_have_the_default_pipeline(scene: Scene) -> None:
    """Seven stages, metadata as text."""
    (pipeline,) = scene.client.crm.pipelines.pipelines_api.get_all("deals").results
    assert pipeline.id == "default" and len(pipeline.stages) == 7
    assert pipeline.stages[0].metadata == {"isClosed": "false", "probability": "0.2"}
