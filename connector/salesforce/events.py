"""Salesforce's outbound messages: which records does this envelope concern, and how it is acked.

Reference sheet, section 4.1: at least once, in no promised order, 1 to 100 notifications, one answer
for all of them. No signature exists, so the org's id is checked here, the secret part of the path at
the door, and the content is a hint: records are read through the API. The body is read as a stream of
which only ids are kept; a session id, a live credential, is never held anywhere. Pure.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from connector.doorbell import Delivery, Ignored, Malformed, WrongOrg, every_object
from connector.port import Notice, System
from connector.salesforce.wire import to18

_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUT: Final = "{http://soap.sforce.com/2005/09/outbound}"
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MESSAGE: Final = (f"{_SOAP}Envelope", f"{_SOAP}Body", f"{_OUT}notifications")
_ORG: Final = (*_MESSAGE, f"{_OUT}OrganizationId")
_NOTIFICATION: Final = (*_MESSAGE, f"{_OUT}Notification")
_NOTIFICATION_ID: Final = (*_NOTIFICATION, f"{_OUT}Id")
_RECORD: Final = (*_NOTIFICATION, f"{_OUT}sObject")
# The deepest element that a message holds is a field of a record; compound fields have parts.
_DEEPEST: Final = 16
# No id is longer; text beyond it is not collected.
_LONGEST: Final = 64

_ID: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_OBJECT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")


@dataclass(frozen=True, slots=True)
class SalesforceDoor:
    """Whose messages to take (`org_id`, 15 or 18 characters), and about which objects."""

    org_id: str
    wanted: Callable[[str], bool] = every_object


def receive(door: SalesforceDoor, body: bytes) -> Delivery:
    """The notices of an envelope. Raises `Malformed` or `WrongOrg`.

    The identity of a notice is its notification's id, which stays the same when Salesforce tries again.
    """
    reader = _Reader(to18(door.org_id))
    parser = DefusedXMLParser(target=reader, forbid_dtd=True)
    try:
        # Text and not bytes: whatever encoding the declaration claims, it is read as UTF-8.
        parser.feed(body.decode("utf-8-sig"))
        parser.close()
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8", code="not_utf8") from None
    except DefusedXmlException:
        raise Malformed(
            "document types and entities are not accepted", code="forbidden_xml"
        ) from None
    except ParseError as error:
        line, column = error.position
        text = f"the body is not well-formed XML (line {line}, column {column})"
        raise Malformed(text, code="not_xml") from None
    return _delivery(door, reader.found)


def acknowledgement(taken: bool) -> bytes:
    """The answer that Salesforce understands: true, or send it again."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<Ack>{'true' if taken else 'false'}</Ack>"
        "</notificationsResponse></soapenv:Body></soapenv:Envelope>\n"
    ).encode()


@dataclass(slots=True)
class _Notification:
    """What is kept of one notification."""

    id: str = ""
    type: str = ""
    record_id: str = ""


class _Reader:
    """Takes the parser's events and keeps ids only."""

    def __init__(self, org_id: str) -> None:
        self.found: list[_Notification] = []
        self._org_id = org_id
        self._org_told = False
        self._messages = 0
        self._path: tuple[str, ...] = ()
        self._text: str | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._path = (*self._path, tag)
        self._text = None
        if len(self._path) > _DEEPEST:
            raise Malformed(f"elements are nested more than {_DEEPEST} deep", code="too_deep")
        if self._path == _MESSAGE:
            self._messages += 1
        elif self._path == _NOTIFICATION:
            self._check_org_told()
            self.found.append(_Notification())
        elif self._path == _RECORD:
            self.found[-1].type = attributes.get(_TYPE, "").rpartition(":")[2]
        elif self._path in {_ORG, _NOTIFICATION_ID} or self._at_record_id():
            self._text = ""

    def data(self, text: str) -> None:
        if self._text is not None and len(self._text) <= _LONGEST:
            self._text += text[:_LONGEST]

    def end(self, _tag: str) -> None:
        if self._text is not None:
            self._take(self._text.strip())
        self._text = None
        self._path = self._path[:-1]

    def close(self) -> None:
        if self._messages != 1:
            text = "expected a SOAP envelope with one message of outbound notifications"
            raise Malformed(text, code="no_message")
        self._check_org_told()

    def _at_record_id(self) -> bool:
        # Its namespace differs between the enterprise and the partner schema.
        return self._path[:-1] == _RECORD and self._path[-1].rpartition("}")[2] == "Id"

    def _take(self, text: str) -> None:
        if self._path == _ORG:
            self._check_org(text)
        elif self._path == _NOTIFICATION_ID:
            self.found[-1].id = text
        elif not self.found[-1].record_id:
            self.found[-1].record_id = text

    def _check_org(self, told: str) -> None:
        if not hmac.compare_digest(to18(told).encode(), self._org_id.encode()):
            raise WrongOrg(
                "the message is from another org than KAKEHASHI_SALESFORCE__ORG_ID (a sandbox has an "
                "id of its own)",
                code="wrong_org",
            )
        self._org_told = True

    def _check_org_told(self) -> None:
        """The schema puts the org first; nothing is believed before it."""
        if not self._org_told:
            raise WrongOrg("the message does not say first which org it is from", code="no_org")


def _delivery(door: SalesforceDoor, found: list[_Notification]) -> Delivery:
    notices: list[Notice] = []
    ignored: list[Ignored] = []
    for index, one in enumerate(found):
        if not _OBJECT.fullmatch(one.type):
            ignored.append(Ignored(index, "no_type", "its record has no xsi:type"))
        elif not _ID.fullmatch(one.record_id):
            why = "its record has no Id: deleted before the message was sent"
            ignored.append(Ignored(index, "no_id", why))
        elif not door.wanted(one.type):
            ignored.append(Ignored(index, "not_mapped", f"no mapping is about {one.type}"))
        else:
            notices.append(_notice(one))
    return Delivery(tuple(notices), tuple(ignored))


def _notice(one: _Notification) -> Notice:
    identity = to18(one.id) if _ID.fullmatch(one.id) else None
    return Notice(System.SALESFORCE, one.type, to18(one.record_id), "changed", identity=identity)
