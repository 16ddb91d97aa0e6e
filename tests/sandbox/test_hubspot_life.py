"""Promises of the HubSpot practice org about leads, lists, labels, pipelines, erasing and restoring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ApiException as ContactError
from hubspot.crm.lists.exceptions import ApiException as ListError
from hubspot.crm.objects.leads.exceptions import ApiException as LeadError

from tests.sandbox.hubspot_scene import Scene, opened
from tests.sandbox.test_hubspot_weather import doorbell, events


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as scene:
        yield scene


def lead_of(contact: str, number: int = 578) -> dict[str, Any]:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}
    return {
        "properties": {"hs_lead_name": "A"},
        "associations": [{"to": {"id": contact}, "types": [kind]}],
    }


# Leads ------------------------------------------------------------------------------------------


def test_a_lead_hangs_on_its_contact(scene: Scene) -> None:
    """None is made without, the unlabelled type does not do, and it goes with its last primary one."""
    api = scene.client.crm.objects.leads.basic_api
    contact = scene.contact(firstname="Ann")
    for body in ({"properties": {"hs_lead_name": "A"}}, lead_of(contact, 608)):
        with pytest.raises(LeadError) as refused:
            api.create(body)
        assert refused.value.status == 400
    lead = api.create(lead_of(contact))
    assert lead.properties["hs_pipeline_stage"] == "new-stage-id"
    links = scene.client.crm.associations.v4.basic_api
    links.create_default("contacts", contact, "leads", lead.id)
    assert list(scene.org.records("leads")) == [lead.id]
    links.archive("leads", lead.id, "contacts", contact)
    assert scene.org.archived("leads") == [lead.id]


def test_a_lead_goes_with_its_contact_and_follows_a_merge(scene: Scene) -> None:
    """The survivor is its contact then."""
    api = scene.client.crm.objects.leads.basic_api
    first, second = scene.contact(firstname="Ann"), scene.contact(firstname="An")
    lead = api.create(lead_of(second)).id
    survivor = scene.org.merge("contacts", first, second)
    assert scene.org.associated("leads", lead, "contacts") == {survivor: {"", "Primary"}}
    scene.org.archive("contacts", survivor)
    assert scene.org.archived("leads") == [lead]


# Webhooks of what has none of its own -----------------------------------------------------------


def test_leads_and_custom_objects_ring_as_objects(scene: Scene) -> None:
    """With their type id; associations name the types of both ends."""
    type_id = scene.org.define_object("projects", associatedObjects=["CONTACT"])
    contact = scene.contact(firstname="Ann")
    with doorbell() as (url, heard):
        what = ["creation", "deletion", "restore", "associationChange", "propertyChange"]
        scene.org.subscribe(url, events=[f"object.{one}" for one in what])
        project = scene.org.create("projects", {})
        scene.org.associate("projects", project, "contacts", contact)
        scene.org.archive("projects", project)
        scene.org.restore("projects", project)
        assert scene.org.hooks.drain(5)
        told = {(e["subscriptionType"], e.get("objectTypeId")) for e in events(heard)}
        assert told == {
            ("object.creation", type_id),
            ("object.deletion", type_id),
            ("object.restore", type_id),
            ("object.associationChange", None),
        }
        linked = [e for e in events(heard) if "fromObjectTypeId" in e]
        assert {(e["fromObjectTypeId"], e["toObjectTypeId"]) for e in linked} == {
            (type_id, "0-1"),
            ("0-1", type_id),
        }


# Erasing and restoring --------------------------------------------------------------------------


def test_erasing_leaves_nothing_and_rings_twice(scene: Scene) -> None:
    """`privacyDeletion` and `deletion`; the bin does not hold it, and its address is free."""
    contact = scene.contact(email="ann@example.com")
    with doorbell() as (url, heard):
        scene.org.subscribe(url, events=["contact.deletion", "contact.privacyDeletion"])
        scene.client.crm.contacts.basic_api.purge({"objectId": contact})
        assert scene.org.hooks.drain(5)
        kinds = {one["subscriptionType"] for one in events(heard)}
        assert kinds == {"contact.deletion", "contact.privacyDeletion"}
    assert scene.org.archived("contacts") == []
    scene.org.create("contacts", {"email": "ann@example.com"})
    with pytest.raises(ContactError) as refused:
        scene.client.crm.contacts.basic_api.purge({"objectId": contact})
    assert refused.value.status == 404


def test_an_unknown_address_is_block_listed(scene: Scene) -> None:
    """Nobody can be made with it any more, in whatever case; a known one is just erased."""
    for address in ("nobody@example.com", "ann@example.com"):
        if address.startswith("ann"):
            scene.contact(email=address)
        body = {"objectId": address.upper(), "idProperty": "email"}
        scene.client.crm.contacts.basic_api.purge(body)
    scene.org.create("contacts", {"email": "ann@example.com"})
    with pytest.raises(ContactError) as refused:
        scene.client.crm.contacts.basic_api.create({"properties": {"email": "Nobody@example.com"}})
    assert "INVALID_EMAIL" in refused.value.body


def test_a_person_restores_a_record_with_its_associations(scene: Scene) -> None:
    """Under its old id, and `restore` rings; what somebody else holds by now keeps it in the bin."""
    [company] = scene.org.load("companies", [{"name": "A"}])
    row = {"email": "ann@example.com", "@company": company}
    [contact] = scene.org.load("contacts", [row])
    scene.org.archive("contacts", contact)
    with doorbell() as (url, heard):
        scene.org.subscribe(url, events=["contact.restore"])
        scene.org.restore("contacts", contact)
        assert scene.org.hooks.drain(5)
        assert [one["objectId"] for one in events(heard)] == [int(contact)]
    assert scene.held(contact)["associatedcompanyid"] == company
    scene.org.archive("contacts", contact)
    scene.contact(email="ann@example.com")
    with pytest.raises(ValueError, match="email"):
        scene.org.restore("contacts", contact)
    with pytest.raises(ValueError, match="not found"):
        scene.org.restore("contacts", "1")


# Lists, labels, pipelines, schemas --------------------------------------------------------------


def test_lists_through_the_vendors_client(scene: Scene) -> None:
    """Made, filled, read by name, renamed, deleted, restored."""
    api, people = scene.client.crm.lists.lists_api, scene.client.crm.lists.memberships_api
    ann, ben = scene.contact(firstname="Ann"), scene.contact(firstname="Ben")
    body = {"name": "Fair", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = api.create(body).list
    with pytest.raises(ListError) as refused:
        api.create(body)
    assert refused.value.status == 400
    told = people.add(made.list_id, [ann, ben, "999"])
    assert (told.records_ids_added, told.record_ids_missing) == ([ann, ben], ["999"])
    assert people.remove(made.list_id, [ben]).record_ids_removed == [ben]
    assert [one.record_id for one in people.get_page(made.list_id).results] == [ann]
    assert api.get_by_name("fair", "0-1").list.size == 1
    assert api.update_name(made.list_id, list_name="Fair 2026").updated_list.name == "Fair 2026"
    found = api.do_search({"query": "2026", "count": 10, "offset": 0})
    assert [one.list_id for one in found.lists] == [made.list_id]
    survivor = scene.org.merge("contacts", ben, ann)
    assert scene.org.members(made.list_id) == [survivor]
    api.remove(made.list_id)
    assert scene.org.lists() == {}
    api.restore(made.list_id)
    assert list(scene.org.lists()) == [made.list_id]


def test_labels_read_differently_from_either_end(scene: Scene) -> None:
    """Two new types, one for each direction."""
    schema = scene.client.crm.associations.v4.schema.definitions_api
    told = schema.create(
        "contacts", "deals", {"name": "decides", "label": "Decides", "inverseLabel": "Decided by"}
    ).results
    assert [one.label for one in told] == ["Decides", "Decided by"]
    listed = schema.get_all("deals", "contacts").results
    assert {one.label for one in listed} == {None, "Decided by"}
    contact, [deal] = scene.contact(firstname="Ann"), scene.org.load("deals", [{"dealname": "A"}])
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": told[0].type_id}]
    scene.client.crm.associations.v4.basic_api.create("contacts", contact, "deals", deal, spec)
    assert scene.org.associated("deals", deal, "contacts") == {contact: {"", "Decided by"}}


def test_who_has_no_association_is_told_among_the_errors(scene: Scene) -> None:
    """207, one error each, with the sub-category that portals answer."""
    contact = scene.contact(firstname="Ann")
    path = "/crm/v4/associations/contacts/deals/batch/read"
    answer = scene.send("POST", path, {"inputs": [{"id": contact}]})
    [error] = answer.json()["errors"]
    assert (answer.status_code, answer.json()["results"]) == (207, [])
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["context"]["fromObjectId"] == [contact]


def test_a_pipeline_of_people_gives_its_stages_to_the_property(scene: Scene) -> None:
    """Deals may stand in them, and are closed and won as they say."""
    body = {
        "label": "新規営業",
        "displayOrder": 1,
        "stages": [{"label": "受注", "displayOrder": 0, "metadata": {"probability": "1.0"}}],
    }
    made = scene.client.crm.pipelines.pipelines_api.create("deals", body)
    values = {"dealname": "A", "pipeline": made.id, "dealstage": made.stages[0].id}
    deal = scene.org.create("deals", values)
    held = scene.held(deal, "deals")
    assert (held["hs_is_closed_won"], held["hs_deal_stage_probability"]) == ("true", "1.0")
    listed = scene.client.crm.pipelines.pipelines_api.get_all("deals").results
    assert [one.label for one in listed] == ["Sales Pipeline", "新規営業"]


def test_a_custom_object_through_the_vendors_client(scene: Scene) -> None:
    """Defined, written and read by type id, full name and name."""
    made = scene.client.crm.schemas.core_api.create(
        {
            "name": "projects",
            "labels": {"singular": "Project", "plural": "Projects"},
            "requiredProperties": ["title"],
            "properties": [
                {"name": "title", "label": "Title", "type": "string", "fieldType": "text"}
            ],
            "associatedObjects": ["CONTACT"],
        }
    )
    api = scene.client.crm.objects.basic_api
    one = api.create(made.object_type_id, {"properties": {"title": "A"}})
    for name in (made.object_type_id, made.fully_qualified_name, "projects"):
        assert api.get_by_id(name, one.id, properties=["title"]).properties["title"] == "A"
    assert {tie.to_object_type_id for tie in made.associations} == {"0-1", made.object_type_id}


def test_archived_owners_and_queues_are_listed_apart(scene: Scene) -> None:
    """An archived one has no user id, a queue no address."""
    scene.org.load_owners(
        [{"email": "ann@example.com", "archived": True}, {"type": "QUEUE", "firstName": "Desk"}]
    )
    api = scene.client.crm.owners.owners_api
    [queue] = api.get_page().results
    [gone] = api.get_page(archived=True).results
    assert (queue.type, queue.email) == ("QUEUE", None)
    assert (gone.user_id, gone.archived) == (None, True)
