"""SOAP as text and values: the few calls that REST has no word for. No socket in here.

Partner API, ``/services/Soap/u/62.0``: merge, convertLead, emptyRecycleBin. An answer holds one ``result``
per input, in order; a call that is refused as a whole is answered 500 with a fault. Reference sheet,
sections 1.1 and 2.10. Bodies are parsed without document types and entities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

HEADERS: Final = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
_CODE: Final = re.compile(r"[A-Z][A-Z_]+")
# With which status REST would say the same: a fault is always 500 (sheet, sections 1.6, 2.11 and 6).
_STATUS: Final = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "API_DISABLED_FOR_ORG": 403,
    "API_CURRENTLY_DISABLED": 403,
    "SERVER_UNAVAILABLE": 503,
    "UNKNOWN_EXCEPTION": 500,
}


class NotSoap(Exception):
    """The body is no answer of the SOAP API."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one input. `errors` are spelled as those of a collection."""

    success: bool
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The results of a call in input order, and what its header told of the day's calls."""

    results: list[Result]
    limits: Mapping[str, int]


def envelope(token: str, operation: str) -> bytes:
    """The message that asks for an operation, made with `node`."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:urn="urn:partner.soap.sforce.com" xmlns:obj="urn:sobject.partner.soap.sforce.com">'
        "<soapenv:Header><urn:CallOptions><urn:client>kakehashi</urn:client></urn:CallOptions>"
        f"<urn:SessionHeader><urn:sessionId>{escape(token)}</urn:sessionId></urn:SessionHeader>"
        f"</soapenv:Header><soapenv:Body>{operation}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def node(name: str, *inside: str, prefix: str = "urn") -> str:
    """An element around other elements."""
    return f"<{prefix}:{name}>{''.join(inside)}</{prefix}:{name}>"


def leaf(name: str, text: str, prefix: str = "urn") -> str:
    """An element around text, which may hold anything but control characters: those are left out."""
    legal = "".join(char for char in text if char >= " " or char in "\t\n\r")
    return node(name, escape(legal), prefix=prefix)


def answer_of(body: bytes) -> Answer:
    """Read a successful answer. Raises `NotSoap`."""
    root = _parsed(body)
    response = next((one for one in _body(root) if _local(one).endswith("Response")), None)
    if response is None:
        raise NotSoap("no response in the envelope")
    return Answer([_result(one) for one in response if _local(one) == "result"], _limits(root))


def refusal(content: object) -> tuple[int, list[dict[str, Any]]] | None:
    """A fault as REST would tell it: status and error array. None for what is no fault."""
    if not isinstance(content, str | bytes):
        return None
    try:
        root = _parsed(content.encode() if isinstance(content, str) else content)
    except NotSoap:
        return None
    texts = {_local(one): (one.text or "").strip() for one in root.iter()}
    code = texts.get("exceptionCode") or texts.get("faultcode", "").rpartition(":")[2]
    if not _CODE.fullmatch(code):
        return None
    text = texts.get("exceptionMessage") or texts.get("faultstring") or code
    return _STATUS.get(code, 400), [{"errorCode": code, "message": text}]


def _parsed(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotSoap(type(error).__name__) from None
    return root


def _result(element: Element) -> Result:
    errors = [_error(one) for one in element if _local(one) == "errors"]
    values = {_local(one): one.text for one in element if len(one) == 0 and one.text}
    return Result(values.get("success") == "true", values, errors)


def _error(element: Element) -> dict[str, Any]:
    """``<errors>`` with fields, message and statusCode; a DuplicateError holds its matches besides."""
    told = {_local(one): one.text or "" for one in element if len(one) == 0}
    fields = [one.text for one in element if _local(one) == "fields" and one.text]
    return {"statusCode": told.get("statusCode"), "message": told.get("message"), "fields": fields}


def _limits(root: Element) -> dict[str, int]:
    """``LimitInfoHeader`` under the names of `Toll.told`."""
    texts = {_local(one): (one.text or "").strip() for one in root.iter()}
    used, limit = texts.get("current", ""), texts.get("limit", "")
    if texts.get("type") != "API REQUESTS" or not (used.isdigit() and limit.isdigit()):
        return {}
    return {"daily_used": int(used), "daily_limit": int(limit)}


def _body(root: Element) -> list[Element]:
    body = next((one for one in root if _local(one) == "Body"), None)
    return [] if body is None else list(body)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
