"""HubSpot's signatures: who sent this, to which address, and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.doorbell import BadSignature, Knock
from connector.hubspot.events import (
    HubSpotDoor,
    receive,
    signature_v1,
    signature_v2,
    signature_v3,
    verify,
)

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
