"""SOAP as text and values: what is sent, what is understood, and what is not believed."""

from __future__ import annotations

import contextlib

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from connector.salesforce.soap import NotSoap, answer_of, envelope, leaf, node, refusal

WRAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="urn:partner.soap.sforce.com">{}<s:Body>{}</s:Body></s:Envelope>'
)
FAULT = "<s:Fault><faultcode>sf:{0}</faultcode><faultstring>{0}: told</faultstring>{1}</s:Fault>"


@given(st.text())
def test_whatever_is_sent_arrives_as_text(name: str) -> None:
    """No text becomes an element, and none breaks the envelope."""
    legal = "".join(char for char in name if char.isprintable())
    root = fromstring(envelope("token", node("op", leaf("name", name))))
    found = root.find(".//{urn:partner.soap.sforce.com}name")
    assert found is not None
    assert len(found) == 0
    assert legal in "".join(char for char in (found.text or "") if char.isprintable())


def test_results_come_in_order_with_their_errors() -> None:
    """The header tells the day's calls."""
    header = (
        "<s:Header><LimitInfoHeader><limitInfo><current>7</current><limit>100</limit>"
        "<type>API REQUESTS</type></limitInfo></LimitInfoHeader></s:Header>"
    )
    body = (
        "<mergeResponse><result><id>001</id><success>true</success></result><result><errors>"
        "<fields>OwnerId</fields><message>no</message><statusCode>X</statusCode></errors>"
        "<success>false</success></result></mergeResponse>"
    )
    told = answer_of(WRAP.format(header, body).encode())
    first, second = told.results
    assert first.success
    assert first.values["id"] == "001"
    assert not second.success
    assert second.errors == [{"statusCode": "X", "message": "no", "fields": ["OwnerId"]}]
    assert told.limits == {"daily_used": 7, "daily_limit": 100}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Maintenance</body></html>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"{}",
        WRAP.format("", "").encode(),
        WRAP.format("", "<x/>").encode()[:-4],
    ],
)
def test_what_is_no_answer_is_not_believed(body: bytes) -> None:
    """An entity, a page, half an answer: nobody knows whether the write was done."""
    with pytest.raises(NotSoap):
        answer_of(body)
    assert refusal(body.decode()) is None


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("INVALID_SESSION_ID", 401),
        ("REQUEST_LIMIT_EXCEEDED", 403),
        ("SERVER_UNAVAILABLE", 503),
        ("UNKNOWN_EXCEPTION", 500),
        ("INVALID_TYPE", 400),
    ],
)
def test_a_fault_says_what_rest_would_have_said(code: str, status: int) -> None:
    """With a detail or without one."""
    detail = (
        f"<detail><x><exceptionCode>{code}</exceptionCode>"
        "<exceptionMessage>told</exceptionMessage></x></detail>"
    )
    for more, text in ((detail, "told"), ("", f"{code}: told")):
        told = refusal(WRAP.format("", FAULT.format(code, more)))
        assert told == (status, [{"errorCode": code, "message": text}])


@given(st.binary())
def test_any_bytes_are_an_answer_or_none(body: bytes) -> None:
    """Nothing else is ever raised."""
    with contextlib.suppress(NotSoap):
        answer_of(body)
    refusal(body)
