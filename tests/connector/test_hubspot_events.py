"""HubSpot's events: which records they concern, and which are left aside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.doorbell import Delivery, Malformed
from connector.hubspot.events import HubSpotDoor, read_events
from connector.port import Notice, System

SECRET = "practice-secret"
DOOR = HubSpotDoor(SECRET)
PROPERTY_EVENT: dict[str, Any] = {
    "eventId": 3816279340,
    "subscriptionId": 25,
    "portalId": 33,
    "appId": 116,
    "occurredAt": 1773300826615,
    "subscriptionType": "contact.propertyChange",
    "attemptNumber": 0,
    "objectId": 734931097788,
    "propertyName": "lifecyclestage",
    "propertyValue": "lead",
    "changeSource": "CRM_UI",
    "sourceId": "userId:123",
    "isSensitive": False,
}


def read(*events: Any, door: HubSpotDoor = DOOR) -> Delivery:
    return read_events(door, orjson.dumps(list(events)))


def only(event: Any, door: HubSpotDoor = DOOR) -> Notice:
    """The notice of a single event."""
    delivery = read(event, door=door)
    assert not delivery.ignored
    return delivery.notices[0]


def why(event: Any, door: HubSpotDoor = DOOR) -> str:
    """The word for why a single event was left aside."""
    delivery = read(event, door=door)
    assert not delivery.notices
    return delivery.ignored[0].code


def test_a_property_change_names_record_field_and_time() -> None:
    """And no value."""
    notice = only(PROPERTY_EVENT)
    assert notice._replace(identity=None) == Notice(
        System.HUBSPOT,
        "contacts",
        "734931097788",
        "changed",
        fields=("lifecyclestage",),
        at=datetime(2026, 3, 12, 7, 33, 46, 615000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("told", "object_name", "kind"),
    [
        ("contact.creation", "contacts", "created"),
        ("company.propertyChange", "companies", "changed"),
        ("deal.deletion", "deals", "deleted"),
        ("ticket.restore", "tickets", "restored"),
        ("product.creation", "products", "created"),
        ("line_item.deletion", "line_items", "deleted"),
        ("contact.privacyDeletion", "contacts", "erased"),
    ],
)
@pytest.mark.parametrize("name", ["subscriptionType", "eventType"])
def test_types_become_objects_and_kinds(name: str, told: str, object_name: str, kind: str) -> None:
    """Under either name of the type, in the plural that mappings write."""
    notice = only({name: told, "objectId": 7})
    assert (notice.object, notice.kind, notice.record_id) == (object_name, kind, "7")


@pytest.mark.parametrize(
    ("type_id", "object_name"),
    [("0-1", "contacts"), ("0-2", "companies"), ("0-136", "leads"), ("2-42", "2-42")],
)
def test_generic_events_are_named_by_their_type_id(type_id: str, object_name: str) -> None:
    """What has no name keeps the id."""
    event = {"subscriptionType": "object.creation", "objectTypeId": type_id, "objectId": 7}
    assert only(event).object == object_name


def test_custom_objects_may_have_the_name_of_the_mappings() -> None:
    """``2-42`` means nothing to an admin."""
    door = HubSpotDoor(SECRET, custom_names={"2-42": "machines"})
    event = {"subscriptionType": "object.creation", "objectTypeId": "2-42", "objectId": 7}
    assert only(event, door).object == "machines"


def test_a_merge_is_about_the_new_record_and_names_all_others() -> None:
    """Each once, the former primary among them, odd ids left out."""
    event = {
        "subscriptionType": "contact.merge",
        "objectId": 1,
        "primaryObjectId": 1,
        "mergedObjectIds": [1, "2", 3.0, None, {}, 2],
        "newObjectId": 9,
    }
    notice = only(event)
    assert (notice.kind, notice.record_id, notice.others) == ("merged", "9", ("1", "2", "3"))


def test_a_merge_into_the_primary_names_the_losers() -> None:
    """The winner is none of them."""
    event = {
        "subscriptionType": "company.merge",
        "primaryObjectId": 1,
        "mergedObjectIds": [1, 2],
    }
    notice = only(event)
    assert (notice.record_id, notice.others) == ("1", ("2",))
    assert why({"subscriptionType": "company.merge", "mergedObjectIds": [2]}) == "no_id"
    assert only({"subscriptionType": "deal.merge", "objectId": 5}).record_id == "5"


@pytest.mark.parametrize(
    ("more", "object_name"),
    [
        ({"subscriptionType": "contact.associationChange"}, "contacts"),
        (
            {
                "subscriptionType": "contact.associationChange",
                "associationType": "COMPANY_TO_CONTACT",
            },
            "companies",
        ),
        (
            {"subscriptionType": "deal.associationChange", "associationType": ["nonsense"]},
            "deals",
        ),
        ({"subscriptionType": "object.associationChange", "fromObjectTypeId": "0-2"}, "companies"),
        ({"subscriptionType": "deal.associationChange", "fromObjectTypeId": "0-3"}, "deals"),
    ],
)
def test_an_association_concerns_the_record_it_starts_from(
    more: dict[str, Any], object_name: str
) -> None:
    """Whichever way its object is told."""
    notice = only({"fromObjectId": 7, "toObjectId": 8} | more)
    assert (notice.object, notice.kind, notice.record_id) == (object_name, "linked", "7")
    assert notice.others == ()


@pytest.mark.parametrize("told", [7, "7", 7.0, "7.0", " 7 ", "007"])
def test_ids_may_be_numbers_text_or_floats(told: object) -> None:
    """All of them mean record 7."""
    assert only({"subscriptionType": "deal.creation", "objectId": told}).record_id == "7"


@pytest.mark.parametrize(
    "told",
    [None, True, 0, -7, 7.5, 1e300, 2.0**53, "", "7x", "٧", "1" * 40, [7], {"id": 7}, "7\u0000"],
)
def test_what_is_no_id_is_ignored(told: object) -> None:
    """A float beyond its precision too: it may be another record's."""
    assert why({"subscriptionType": "deal.creation", "objectId": told}) == "no_id"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (None, "not_an_object"),
        ([[]], "not_an_object"),
        ("contact.creation", "not_an_object"),
        ({}, "unknown_type"),
        ({"subscriptionType": 7, "objectId": 7}, "unknown_type"),
        ({"subscriptionType": "contact", "objectId": 7}, "unknown_type"),
        ({"subscriptionType": "conversation.creation", "objectId": 7}, "unknown_type"),
        ({"subscriptionType": "event.completed", "objectId": 7}, "unknown_type"),
        ({"subscriptionType": "contact.newThing", "objectId": 7}, "unknown_type"),
        ({"subscriptionType": "object.creation", "objectId": 7}, "no_object_type"),
        (
            {"subscriptionType": "object.creation", "objectId": 7, "objectTypeId": "0\u0000"},
            "no_object_type",
        ),
        (
            {"subscriptionType": "object.associationChange", "fromObjectId": 7},
            "no_object_type",
        ),
    ],
)
def test_an_odd_event_is_ignored_with_its_reason(event: object, code: str) -> None:
    """Whatever it is."""
    assert why(event) == code


def test_an_odd_event_never_spoils_its_batch() -> None:
    """The others count, and the place of the odd one is told."""
    delivery = read(PROPERTY_EVENT, None, PROPERTY_EVENT | {"objectId": 8})
    assert [one.record_id for one in delivery.notices] == ["734931097788", "8"]
    assert [one.index for one in delivery.ignored] == [1]


def test_other_portals_and_apps_are_ignored() -> None:
    """One app may sit in several portals. An event need not name its app, but its portal."""
    door = HubSpotDoor(SECRET, portal_id="33", app_id="116")
    assert only(PROPERTY_EVENT, door).record_id == "734931097788"
    assert only(PROPERTY_EVENT | {"portalId": "33", "appId": None}, door)
    assert why(PROPERTY_EVENT | {"portalId": 34}, door) == "wrong_portal"
    assert why(PROPERTY_EVENT | {"portalId": None}, door) == "wrong_portal"
    assert why(PROPERTY_EVENT | {"appId": 117}, door) == "wrong_app"


def test_objects_that_nobody_maps_are_ignored_by_name() -> None:
    """What is wanted is asked anew for each event, since mappings change while we run."""
    wanted = {"contacts"}
    door = HubSpotDoor(SECRET, wanted=wanted.__contains__)
    event = {"subscriptionType": "deal.creation", "objectId": 7}
    assert why(event, door) == "not_mapped"
    wanted.add("deals")
    assert only(event, door).object == "deals"


def test_exact_repeats_have_one_identity_and_nothing_else_has() -> None:
    """The number of the attempt and the value are not part of it; `eventId` alone is not enough."""
    first = only(PROPERTY_EVENT).identity
    assert first is not None
    assert only(PROPERTY_EVENT | {"attemptNumber": 3, "propertyValue": "x"}).identity == first
    others: list[dict[str, object]] = [
        {"objectId": 8},
        {"eventId": 1},
        {"subscriptionId": 1},
        {"portalId": 34},
        {"occurredAt": 1773300826616},
        {"propertyName": "email"},
        {"subscriptionType": "contact.creation"},
        {"subscriptionType": "object.propertyChange", "objectTypeId": "0-1"},
    ]
    found = {only(PROPERTY_EVENT | change).identity for change in others}
    assert len(found) == len(others)
    assert not found & {None, first}


@pytest.mark.parametrize(
    "gone", ["portalId", "subscriptionId", "eventId", "occurredAt", "propertyName"]
)
def test_without_a_part_there_is_no_identity(gone: str) -> None:
    """In doubt an event counts twice."""
    event = {name: value for name, value in PROPERTY_EVENT.items() if name != gone}
    assert only(event).identity is None
    assert only(PROPERTY_EVENT | {gone: {"nested": []}}).identity is None


@pytest.mark.parametrize("told", [None, "soon", -5, 10**17, {}, 1e300])
def test_a_time_that_is_none_does_not_cost_the_event(told: object) -> None:
    """The record is dirty all the same."""
    event = {"subscriptionType": "deal.creation", "objectId": 7, "occurredAt": told}
    assert only(event).at is None


def test_odd_property_names_are_left_out() -> None:
    """The event still counts."""
    event = {"subscriptionType": "deal.propertyChange", "objectId": 7}
    for name in (None, 7, "", "a b", "x" * 300, "a\u0000"):
        assert only(event | {"propertyName": name}).fields == ()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b'[{"objectId":', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[NaN-]", "not_json"),
        (b"\xff\xfe[]", "not_utf8"),
        ('["é"]'.encode("latin-1"), "not_utf8"),
        (b"{}", "not_an_array"),
        (b"null", "not_an_array"),
        (orjson.dumps(PROPERTY_EVENT), "not_an_array"),
    ],
)
def test_a_body_that_is_no_array_of_json_is_malformed(body: bytes, code: str) -> None:
    """With a reason that quotes nothing of it."""
    with pytest.raises(Malformed) as refused:
        read_events(DOOR, body)
    assert refused.value.code == code
    assert "objectId" not in refused.value.reason


def test_an_empty_array_is_an_empty_delivery() -> None:
    """Nothing to do is no fault."""
    assert read() == Delivery()


def test_a_cut_emoji_in_one_value_does_not_cost_the_batch() -> None:
    """A lone surrogate is no valid text, and still no reason to lose the event."""
    body = b'[{"subscriptionType":"deal.creation","objectId":7,"propertyValue":"\\ud83d"}]'
    assert read_events(DOOR, body).notices[0].record_id == "7"


def test_deep_nonsense_inside_an_event_is_survived() -> None:
    """Every place that is looked at may hold it."""
    deep = b"[" * 900 + b"]" * 900
    for name in (*PROPERTY_EVENT, "associationType", "fromObjectTypeId", "mergedObjectIds"):
        for told in ("contact.propertyChange", "contact.merge", "contact.associationChange"):
            event = PROPERTY_EVENT | {"subscriptionType": told, "fromObjectId": 1, name: "DEEP"}
            body = orjson.dumps([event]).replace(b'"DEEP"', deep)
            delivery = read_events(DOOR, body)
            assert len(delivery.notices) + len(delivery.ignored) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
TYPES = [
    f"{word}.{what}"
    for word in ("contact", "object", "other")
    for what in ("creation", "propertyChange", "merge", "associationChange", "else")
]
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "subscriptionType": st.sampled_from(TYPES) | JSON,
        **{
            name: st.integers(1, 9) | JSON
            for name in (
                "objectId",
                "eventId",
                "subscriptionId",
                "portalId",
                "appId",
                "occurredAt",
                "propertyName",
                "objectTypeId",
                "fromObjectId",
                "toObjectId",
                "fromObjectTypeId",
                "associationType",
                "primaryObjectId",
                "newObjectId",
                "mergedObjectIds",
            )
        },
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ALMOST | JSON, max_size=5))
def test_any_array_is_read_and_every_event_accounted_for(events: list[Any]) -> None:
    """Each is a notice with an id, or ignored at its place: nothing is raised, nothing lost."""
    door = HubSpotDoor(SECRET, portal_id=None)
    delivery = read_events(door, orjson.dumps(events))
    assert len(delivery.notices) + len(delivery.ignored) == len(events)
    assert all(one.record_id.isdigit() for one in delivery.notices)
    places = [one.index for one in delivery.ignored]
    assert places == sorted(set(places))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    """No other error exists."""
    try:
        read_events(DOOR, body)
    except Malformed as error:
        assert error.reason
