"""Promises of the HubSpot practice org about single records, asked with the vendor's own client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ApiException, NotFoundException

from tests.sandbox.hubspot_scene import Scene, opened


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as scene:
        yield scene


def create(scene: Scene, kind: str = "contacts", **properties: Any) -> Any:
    return getattr(scene.client.crm, kind).basic_api.create({"properties": properties})


def update(scene: Scene, record_id: str, **properties: Any) -> Any:
    api = scene.client.crm.contacts.basic_api
    return api.update(record_id, {"properties": properties})


def test_a_created_contact_gets_a_twelve_digit_id_and_its_derived_values(scene: Scene) -> None:
    """Create answers 201 with a location, text values and what HubSpot derives at birth."""
    answer = scene.send(
        "POST", "/crm/v3/objects/contacts", {"properties": {"email": "Ann@Example.com"}}
    )
    told = answer.json()
    assert answer.status_code == 201
    assert len(told["id"]) == 12 and answer.headers["Location"].endswith(told["id"])
    assert told["properties"]["email"] == "ann@example.com"
    assert told["properties"]["lifecyclestage"] == "lead"
    assert told["properties"]["hs_object_source_id"] == str(scene.org.app_id)
    assert told["properties"]["hs_lifecyclestage_lead_date"].isdigit()
    assert list(told["properties"]) == sorted(told["properties"])
    assert told["url"].endswith(f"/record/0-1/{told['id']}")


def test_ids_rise(scene: Scene) -> None:
    """A later record has a greater id."""
    ids = [int(create(scene, firstname=name).id) for name in "abc"]
    assert ids == sorted(set(ids))


def test_milliseconds_are_left_out_when_they_are_zero(scene: Scene) -> None:
    """``2026-11-20T03:00:00.123Z``, but ``2026-11-20T03:00:01Z``."""
    scene.clock.advance(0.877)
    record_id = create(scene, firstname="Ann").id
    assert scene.held(record_id)["createdate"] == "2026-11-20T03:00:01Z"


def test_the_client_parses_times_into_aware_datetimes(scene: Scene) -> None:
    """`createdAt` is a datetime with a zone for the vendor's client."""
    assert create(scene, firstname="Ann").created_at == scene.clock.now


def test_unknown_properties_are_absent_and_empty_ones_null(scene: Scene) -> None:
    """Reading a name that does not exist is silent; an empty property is null."""
    record_id = scene.contact(email="a@example.com")
    api = scene.client.crm.contacts.basic_api
    told = api.get_by_id(record_id, properties=["phone", "no_such_thing"]).properties
    assert told["phone"] is None and "no_such_thing" not in told
    assert {"hs_object_id", "createdate", "lastmodifieddate"} <= told.keys()


def test_list_parameters_may_be_repeated_or_joined(scene: Scene) -> None:
    """``properties=a&properties=b`` and ``properties=a,b`` are the same, with or without a slash."""
    scene.contact(email="a@example.com", phone="1", city="Kyoto")
    pages = [
        scene.send("GET", f"/crm/v3/objects/contacts{end}").json()["results"]
        for end in (
            "?properties=phone&properties=city",
            "?properties=phone,city",
            "/?properties=city,phone",
        )
    ]
    assert pages[0] == pages[1] == pages[2]
    assert pages[0][0]["properties"]["city"] == "Kyoto"


def test_dated_paths_lead_to_the_same_records(scene: Scene) -> None:
    """``/crm/objects/2026-09/contacts`` and ``/0-1`` answer like ``/crm/v3/objects/contacts``."""
    record_id = scene.contact(email="a@example.com")
    told = [
        scene.send("GET", f"{path}/{record_id}").json()
        for path in (
            "/crm/v3/objects/contacts",
            "/crm/objects/2026-09/contacts",
            "/crm/objects/2026-03/0-1",
        )
    ]
    assert told[0] == told[1] == told[2]


def test_unknown_routes_are_html(scene: Scene) -> None:
    """The edge answers 404 and 405 as HTML, not JSON."""
    for method, path in (("GET", "/crm/v3/nothing"), ("PUT", "/crm/v3/objects/contacts")):
        answer = scene.send(method, path)
        assert answer.status_code in {404, 405}
        assert answer.headers["Content-Type"].startswith("text/html")


def test_every_answer_carries_a_correlation_id_and_the_limits(scene: Scene) -> None:
    """The id in the header is the one in an error body."""
    answer = scene.send("GET", "/crm/v3/objects/contacts/734900000000")
    assert answer.status_code == 404 and answer.headers["X-HubSpot-NotFound"] == "true"
    assert answer.json()["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]
    assert answer.headers["X-HubSpot-RateLimit-Max"] == "190"


def test_not_found_has_three_wordings(scene: Scene) -> None:
    """Unknown, not numeric and zero are told apart in the text."""
    paths = {n: scene.send("GET", f"/crm/v3/objects/contacts/{n}").json() for n in ("1", "x", "0")}
    assert paths["1"]["message"] == "resource not found"
    assert paths["x"]["message"] == "Object not found.  objectId are usually numeric."
    assert paths["0"]["message"] == "Object not found. objectId is usually positive."


def test_the_empty_text_clears_and_null_does_nothing(scene: Scene) -> None:
    """``""`` empties a property; null is ignored with 200."""
    record_id = scene.contact(email="a@example.com", phone="1", city="Kyoto")
    told = update(scene, record_id, phone="", city=None).properties
    assert told["phone"] == "" and "city" not in told
    assert "phone" not in scene.held(record_id)
    assert scene.held(record_id)["city"] == "Kyoto"


def test_an_identical_write_leaves_the_modification_time_alone(scene: Scene) -> None:
    """Writing what is stored already answers 200 and moves nothing; a real change moves it."""
    record_id = scene.contact(email="a@example.com", city="Kyoto")
    before = scene.held(record_id)["lastmodifieddate"]
    scene.clock.advance(5)
    update(scene, record_id, email="A@EXAMPLE.com", city="Kyoto")
    assert scene.held(record_id)["lastmodifieddate"] == before
    update(scene, record_id, city="Nara")
    assert scene.held(record_id)["lastmodifieddate"] == "2026-11-20T03:00:05.123Z"


def test_raw_numbers_and_booleans_come_back_as_text(scene: Scene) -> None:
    """Values may be sent as JSON numbers and booleans; they are text afterwards."""
    record_id = create(scene, "companies", name="A", annualrevenue=1200000, is_public=True).id
    held = scene.held(record_id, "companies")
    assert (held["annualrevenue"], held["is_public"]) == ("1200000", "true")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("no_such_thing", "x", "PROPERTY_DOESNT_EXIST"),
        ("email", "not an address", "INVALID_EMAIL"),
        ("hs_lead_status", "new", "INVALID_OPTION"),
        ("hs_email_optout", "true", "READ_ONLY_VALUE"),
        ("hs_full_name_or_email", "x", "READ_ONLY_VALUE"),
        ("associatedcompanyid", "many", "INVALID_INTEGER"),
    ],
)
def test_a_bad_value_refuses_the_whole_write(
    scene: Scene, name: str, value: str, code: str
) -> None:
    """One bad property: 400 with its code, and nothing of the write is stored."""
    record_id = scene.contact(email="a@example.com")
    with pytest.raises(ApiException) as refused:
        update(scene, record_id, city="Kyoto", **{name: value})
    assert refused.value.status == 400
    assert "Property values were not valid: [" in refused.value.body
    assert f'"code":"{code}"' in refused.value.body
    assert "city" not in scene.held(record_id)


def test_dates_come_as_iso_or_milliseconds_and_leave_as_iso(scene: Scene) -> None:
    """A datetime is stored in one form whatever was sent; nonsense is no valid long."""
    for sent in ("1795147200000", "2026-11-20T04:00:00.000+00:00", "2026-11-20T13:00:00+09:00"):
        record_id = create(scene, "deals", dealname="A", closedate=sent).id
        assert scene.held(record_id, "deals")["closedate"] == "2026-11-20T04:00:00Z"
    answer = scene.send(
        "POST", "/crm/v3/objects/deals", {"properties": {"dealname": "A", "closedate": "soon"}}
    )
    assert answer.json()["errors"][0]["code"] == "INVALID_LONG"


def test_a_leading_semicolon_appends_to_a_list(scene: Scene) -> None:
    """``;b`` adds to a multi-select, ``b`` replaces it."""
    scene.org.define(
        "contacts",
        name="topics",
        label="Topics",
        type="enumeration",
        fieldType="checkbox",
        groupName="contactinformation",
        options=[{"label": v, "value": v} for v in "abc"],
    )
    record_id = create(scene, topics="a;b").id
    update(scene, record_id, topics=";c")
    assert scene.held(record_id)["topics"] == "a;b;c"
    update(scene, record_id, topics="c")
    assert scene.held(record_id)["topics"] == "c"


def test_lifecycle_stages_only_move_forward_for_the_app(scene: Scene) -> None:
    """Backwards is silently ignored; clearing first, in a request of its own, opens the way."""
    record_id = scene.contact(email="a@example.com", lifecyclestage="customer")
    update(scene, record_id, lifecyclestage="lead", city="Nara")
    assert scene.held(record_id)["lifecyclestage"] == "customer"
    assert scene.held(record_id)["city"] == "Nara"
    update(scene, record_id, lifecyclestage="")
    update(scene, record_id, lifecyclestage="lead")
    assert scene.held(record_id)["lifecyclestage"] == "lead"


def test_a_backward_lifecycle_stage_can_be_refused_instead(scene: Scene) -> None:
    """The org can be set to raise."""
    scene.org.state.lifecycle_backwards = "raise"
    record_id = scene.contact(email="a@example.com", lifecyclestage="customer")
    with pytest.raises(ApiException) as refused:
        update(scene, record_id, lifecyclestage="lead")
    assert refused.value.status == 400


def test_an_email_is_unique_whatever_its_case(scene: Scene) -> None:
    """A second contact with the address is 409, its id in the text only."""
    record_id = scene.contact(email="a@example.com")
    with pytest.raises(ApiException) as refused:
        create(scene, email="A@Example.COM")
    assert refused.value.status == 409
    assert f"Contact already exists. Existing ID: {record_id}" in refused.value.body


def test_a_secondary_email_or_unique_property_is_the_other_kind_of_conflict(scene: Scene) -> None:
    """400 with both ids in the text."""
    first = scene.contact(email="a@example.com")
    second = scene.contact(email="b@example.com")
    merged = scene.org.merge("contacts", first, second)
    with pytest.raises(ApiException) as refused:
        create(scene, email="b@example.com")
    assert refused.value.status == 400
    assert f"{merged} already has that value" in refused.value.body


def test_an_archived_contact_is_gone_but_listed_on_request(scene: Scene) -> None:
    """404 on read, 204 on a second delete, listed with ``archived=True``, its address free again."""
    record_id = scene.contact(email="a@example.com")
    api = scene.client.crm.contacts.basic_api
    api.archive(record_id)
    api.archive(record_id)
    with pytest.raises(NotFoundException):
        api.get_by_id(record_id)
    (listed,) = api.get_page(archived=True).results
    assert listed.id == record_id and listed.archived and listed.archived_at is not None
    assert create(scene, email="a@example.com").id != record_id


def test_pages_follow_each_other_in_id_order(scene: Scene) -> None:
    """`after` is the id of the next record; the last page has no paging."""
    ids = scene.org.load("contacts", [{"email": f"p{i}@example.com"} for i in range(25)])
    api = scene.client.crm.contacts.basic_api
    first = api.get_page(limit=20)
    assert [one.id for one in first.results] == ids[:20]
    assert first.paging.next.after == ids[20]
    last = api.get_page(limit=20, after=first.paging.next.after)
    assert [one.id for one in last.results] == ids[20:] and last.paging is None


def test_too_long_pages_are_refused(scene: Scene) -> None:
    """More than 100 in a page, or 50 with history, is 400."""
    api = scene.client.crm.contacts.basic_api
    for too_many in ({"limit": 101}, {"limit": 51, "properties_with_history": ["email"]}):
        with pytest.raises(ApiException) as refused:
            api.get_page(**too_many)
        assert refused.value.status == 400


def test_history_tells_the_app_from_a_person(scene: Scene) -> None:
    """Newest first: INTEGRATION with the app id, CRM_UI with the user."""
    record_id = create(scene, email="a@example.com", city="Kyoto").id
    scene.clock.advance(60)
    path = f"/crm/v3/objects/contacts/{record_id}"
    scene.as_person("PATCH", path, {"properties": {"city": "Nara"}})
    api = scene.client.crm.contacts.basic_api
    told = api.get_by_id(record_id, properties_with_history=["city"]).properties_with_history
    newest, oldest = told["city"]
    assert (newest.value, newest.source_type) == ("Nara", "CRM_UI")
    assert newest.source_id.startswith("userId:")
    assert (oldest.value, oldest.source_type) == ("Kyoto", "INTEGRATION")
    assert oldest.source_id == str(scene.org.app_id)
    assert (newest.timestamp - oldest.timestamp).total_seconds() == 60


def test_a_merge_makes_a_third_record_and_the_old_ids_lead_to_it(scene: Scene) -> None:
    """The primary's values win, blanks are filled, traces are kept, single PATCH by old id works."""
    first = scene.contact(email="a@example.com", city="Kyoto")
    second = scene.contact(email="b@example.com", city="Nara", phone="1")
    merge = {"primaryObjectId": first, "objectIdToMerge": second}
    merged = scene.client.crm.contacts.basic_api.merge(merge)
    assert merged.id not in {first, second}
    held = scene.held(merged.id)
    assert (held["email"], held["city"], held["phone"]) == ("a@example.com", "Kyoto", "1")
    assert held["hs_merged_object_ids"] == f"{first};{second}"
    assert held["hs_additional_emails"] == "b@example.com"
    assert scene.client.crm.contacts.basic_api.get_by_id(second).id == merged.id
    assert update(scene, first, city="Uji").id == merged.id
    assert list(scene.org.records("contacts")) == [merged.id]


def test_a_profile_has_at_most_250_identities(scene: Scene) -> None:
    """The merge beyond that is 414."""
    ids = scene.org.load("contacts", [{"firstname": str(i)} for i in range(251)])
    survivor = ids[0]
    for other in ids[1:250]:
        held = scene.held(survivor).get("hs_merged_object_ids") or ""
        if len(held.split(";")) + 2 > 250:
            break
        survivor = scene.org.merge("contacts", survivor, other)
    with pytest.raises(ApiException) as refused:
        scene.client.crm.contacts.basic_api.merge(
            {"primaryObjectId": survivor, "objectIdToMerge": ids[250]}
        )
    assert refused.value.status == 414


def test_erasing_leaves_nothing(scene: Scene) -> None:
    """GDPR deletion: neither live nor in the bin."""
    record_id = scene.contact(email="a@example.com")
    api = scene.client.crm.contacts.basic_api
    api.purge({"objectId": "a@example.com", "idProperty": "email"})
    assert scene.org.records("contacts") == {} and scene.org.archived("contacts") == []
    with pytest.raises(NotFoundException):
        api.get_by_id(record_id)


def test_a_record_can_be_named_by_a_unique_property(scene: Scene) -> None:
    """``idProperty=email`` reads and updates, percent-encoding and all."""
    record_id = scene.contact(email="a+b@example.com")
    api = scene.client.crm.contacts.basic_api
    assert api.get_by_id("A+b@example.com", id_property="email").id == record_id
    api.update("a+b@example.com", {"properties": {"city": "Nara"}}, id_property="email")
    assert scene.held(record_id)["city"] == "Nara"


def test_required_properties_and_fields_are_asked_for(scene: Scene) -> None:
    """A company needs a name or a domain; a body needs properties; an update needs one at least."""
    for method, path, body, text in (
        ("POST", "companies", {"properties": {"city": "Nara"}}, "Error creating COMPANY."),
        ("POST", "contacts", {}, "Some required fields were not set: [properties]"),
        ("PATCH", f"contacts/{scene.contact(city='A')}", {"properties": {}}, "No properties found"),
        ("GET", "unicorns", None, "Unable to infer object type from: unicorns"),
    ):
        answer = scene.send(method, f"/crm/v3/objects/{path}", body)
        assert answer.status_code == 400 and text in answer.json()["message"]
