"""HubSpot's webhooks: who signed them, and whom they concern."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.doorbell import BadSignature, Delivery, Knock, Malformed
from connector.hubspot.events import (
    HubSpotDoor,
    read_events,
    receive,
    signature_v1,
    signature_v2,
    signature_v3,
    verify,
)
from connector.port import Notice, System

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URL = "https://www.example.com/webhook_uri"
BODY = b"{'example_field':'example_value'}"
EVENTS = (
    b'[{"eventId":1,"subscriptionId":2,"portalId":3,"occurredAt":1700000300000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":4}]'
)
STAMP = "1700000300000"
SIGNED_AT = datetime(2023, 11, 14, 22, 18, 20, tzinfo=UTC)
DOOR = HubSpotDoor(SECRET)
OLD_DOOR = HubSpotDoor(SECRET, accept_old_signatures=True)
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


def signed(
    body: bytes = EVENTS,
    *,
    url: str = URL,
    stamp: str = STAMP,
    at: datetime = SIGNED_AT,
    **headers: str,
) -> Knock:
    """A request with a good v3 signature, unless `headers` say otherwise."""
    own = {
        "x-hubspot-signature-v3": signature_v3(SECRET, "POST", url, body, stamp),
        "x-hubspot-request-timestamp": stamp,
    }
    return Knock("POST", url, own | {k.replace("_", "-"): v for k, v in headers.items()}, body, at)


def old(version: str, signature: str, *, body: bytes = BODY, method: str = "POST") -> Knock:
    """A request with an old signature only."""
    headers = {"x-hubspot-signature": signature, "x-hubspot-signature-version": version}
    return Knock(method, URL, headers, body, SIGNED_AT)


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


# Signatures -------------------------------------------------------------------------------------


def test_the_vendors_vectors_are_reproduced() -> None:
    """All six of the reference sheet, section 17.1."""
    assert (
        signature_v1(SECRET, EVENTS)
        == "aeecda855fa6df738f4e4ba1f5e4b620e22b0bc7e938f2db5d57484c9712e075"
    )
    assert (
        signature_v2(SECRET, "GET", URL, b"")
        == "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"
    )
    assert (
        signature_v2(SECRET, "POST", URL, BODY)
        == "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"
    )
    assert (
        signature_v3(SECRET, "POST", URL, BODY, "1693657560000")
        == "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="
    )
    assert (
        signature_v3(SECRET, "POST", URL, BODY, STAMP)
        == "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="
    )
    address = "https://hooks.example.com/hs/webhook?src=a%20b&x=1"
    assert (
        signature_v3(SECRET, "POST", address, EVENTS, STAMP)
        == "+LjLAP53ro2yz/UCRLrvaE8pBbjVODQdplTMu/NvuZE="
    )


def test_of_the_address_only_the_vendors_list_is_decoded() -> None:
    """Thirteen escapes are decoded, once; a space and a percent sign stay as they are."""
    escaped = (
        "https://h.example.com/a?b=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B&c=%20%25%26%3D%2B%253A%7E"
    )
    plain = "https://h.example.com/a?b=:/?@!$'()*,;&c=%20%25%26%3D%2B%253A%7E"
    expected = hmac.new(SECRET.encode(), f"POST{plain}x{STAMP}".encode(), hashlib.sha256).digest()
    assert signature_v3(SECRET, "POST", escaped, b"x", STAMP) == base64.b64encode(expected).decode()


@settings(max_examples=60, deadline=None)
@given(body=st.binary(min_size=1, max_size=80), data=st.data())
def test_what_is_signed_verifies_and_any_flipped_byte_does_not(
    body: bytes, data: st.DataObject
) -> None:
    """The signature covers every byte of the body."""
    knock = signed(body)
    verify(DOOR, knock)
    place = data.draw(st.integers(0, len(body) - 1))
    flipped = bytearray(body)
    flipped[place] ^= data.draw(st.integers(1, 255))
    forged = Knock(knock.method, knock.url, knock.headers, bytes(flipped), knock.at)
    with pytest.raises(BadSignature):
        verify(DOOR, forged)


@pytest.mark.parametrize(
    "knock",
    [
        Knock("PUT", URL, signed().headers, EVENTS, SIGNED_AT),
        Knock("POST", f"{URL}?x=1", signed().headers, EVENTS, SIGNED_AT),
        Knock("POST", URL.replace("https", "http"), signed().headers, EVENTS, SIGNED_AT),
        signed(x_hubspot_request_timestamp="1700000300001"),
        signed(x_hubspot_signature_v3=""),
        signed(x_hubspot_signature_v3="é中"),
    ],
)
def test_the_signature_covers_method_address_and_time(knock: Knock) -> None:
    """Changing any of them breaks it; header text of any kind is merely wrong."""
    with pytest.raises(BadSignature) as refused:
        verify(DOOR, knock)
    assert refused.value.code == "wrong_signature"


def test_a_wrong_signature_names_the_address_it_was_checked_against_without_its_query() -> None:
    """What usually is wrong is the public address, and a query may hold a token."""
    knock = signed(url=f"{URL}?token=hush", x_hubspot_signature_v3="AAAA")
    with pytest.raises(BadSignature) as refused:
        verify(DOOR, knock)
    assert URL in refused.value.reason
    assert "KAKEHASHI_WEB__PUBLIC_URL" in refused.value.reason
    assert "hush" not in refused.value.reason
    assert SECRET not in refused.value.reason


@pytest.mark.parametrize("seconds", [0, 299, 300, -299, -300])
def test_five_minutes_are_allowed_both_ways(seconds: int) -> None:
    """The vendor's limit for old requests, and the same for clocks that are slow."""
    verify(DOOR, signed(at=SIGNED_AT + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    ("seconds", "code", "said"),
    [
        (301, "stale", "5 min 1 s ago by our clock (2023-11-14 22:23:21 UTC)"),
        (90_000, "stale", "1500 min 0 s ago"),
        (-301, "future", "5 min 1 s in the future by our clock (2023-11-14 22:13:19 UTC)"),
    ],
)
def test_beyond_five_minutes_the_clock_is_named(seconds: int, code: str, said: str) -> None:
    """The person on duty reads by how much, in which direction, and what to check."""
    with pytest.raises(BadSignature) as refused:
        verify(DOOR, signed(at=SIGNED_AT + timedelta(seconds=seconds)))
    assert refused.value.code == code
    assert said in refused.value.reason
    assert "NTP" in refused.value.reason


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e12", "1700000300000.5", "٣", "9" * 16])
def test_a_time_that_is_no_number_is_refused(stamp: str) -> None:
    """Signed or not."""
    with pytest.raises(BadSignature) as refused:
        verify(DOOR, signed(stamp=stamp))
    assert refused.value.code == "no_timestamp"


def test_a_time_beyond_the_calendar_is_refused() -> None:
    """A genuine signature over nonsense breaks nothing."""
    with pytest.raises(BadSignature):
        verify(DOOR, signed(stamp="9" * 15))


def test_a_request_without_any_signature_is_refused() -> None:
    """The reason names the header."""
    with pytest.raises(BadSignature) as refused:
        verify(OLD_DOOR, Knock("POST", URL, {}, EVENTS, SIGNED_AT))
    assert "X-HubSpot-Signature-v3" in refused.value.reason


def test_old_signatures_count_only_when_they_are_switched_on() -> None:
    """Their reason names the switch."""
    v1, v2 = (
        old("v1", signature_v1(SECRET, BODY)),
        old("v2", signature_v2(SECRET, "POST", URL, BODY)),
    )
    for knock in (v1, v2):
        verify(OLD_DOOR, knock)
        with pytest.raises(BadSignature) as refused:
            verify(DOOR, knock)
        assert "ACCEPT_OLD_SIGNATURES" in refused.value.reason


@pytest.mark.parametrize("version", ["v3", "", "v4"])
def test_an_old_signature_of_another_version_is_refused(version: str) -> None:
    """It is not guessed."""
    with pytest.raises(BadSignature) as refused:
        verify(OLD_DOOR, old(version, signature_v1(SECRET, BODY)))
    assert refused.value.code == "unknown_version"


def test_a_wrong_old_signature_is_refused() -> None:
    """Both versions look at the body."""
    for version in ("v1", "v2"):
        with pytest.raises(BadSignature):
            verify(OLD_DOOR, old(version, "00"))


def test_a_bad_new_signature_is_not_saved_by_a_good_old_one() -> None:
    """Otherwise the age of a request could be stripped off."""
    late = signed(
        at=SIGNED_AT + timedelta(hours=1),
        x_hubspot_signature=signature_v1(SECRET, EVENTS),
        x_hubspot_signature_version="v1",
    )
    with pytest.raises(BadSignature):
        verify(OLD_DOOR, late)


def test_nothing_is_read_before_it_is_verified() -> None:
    """Forged nonsense is forged first of all."""
    with pytest.raises(BadSignature):
        receive(DOOR, Knock("POST", URL, {}, b"no json", SIGNED_AT))
    assert len(receive(DOOR, signed()).notices) == 1


def test_the_secret_shows_in_no_repr() -> None:
    """Objects end up in tracebacks."""
    assert SECRET not in repr(DOOR)
    assert "signature" not in repr(signed())


# Events -----------------------------------------------------------------------------------------


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
    others = [
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
