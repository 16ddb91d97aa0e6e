"""The few SOAP calls that REST has no word for: login, merge, undelete, emptyRecycleBin, convertLead.

Reference sheet, sections 1.1 and 2.10. Only what the callers read is answered. All but the login count as
API calls, and tell the usage in the envelope's header. The faults ``lock``, ``approval`` and ``row_error``
see ``SOAP merge``, ``lost_answer`` and ``expired_session`` too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from sandbox.behaviour import Fault
from sandbox.salesforce import conversion, garble, lifecycle
from sandbox.salesforce.answers import Problem, Refusal, Refused
from sandbox.salesforce.auth import Session, instance_url
from sandbox.salesforce.call import Reply, Rooms
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.records import Table
from sandbox.salesforce.state import Actor, require_table

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "{}<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
_USAGE = (
    "<soapenv:Header><LimitInfoHeader><limitInfo><current>{}</current><limit>{}</limit>"
    "<type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>"
)
XML = {"Content-Type": "text/xml;charset=UTF-8"}
SECONDS_VALID = 7200


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer; `cut` is the fault that lets it break off on its way."""

    reply: Reply
    cut: Fault | None = None


class SoapFault(Exception):
    """Answered with status 500 and a fault element."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class SoapDesk:
    """Answers POST /services/Soap/u/62.0. `carried` are the custom fields a conversion takes along."""

    def __init__(self, rooms: Rooms, carried: Mapping[str, str]) -> None:
        self._rooms = rooms
        self._state = rooms.state
        self._tokens = rooms.tokens
        self._carried = carried
        self.passwords: dict[str, str] = {}

    def serve(self, data: bytes, host: str, version: str) -> Answered:
        try:
            return self._answer(data, host, version)
        except SoapFault as fault:
            code, text = escape(fault.code), escape(fault.text)
            body = (
                f"<soapenv:Fault><faultcode>sf:{code}</faultcode>"
                f"<faultstring>{code}: {text}</faultstring><detail><sf:UnexpectedErrorFault>"
                f"<sf:exceptionCode>{code}</sf:exceptionCode>"
                f"<sf:exceptionMessage>{text}</sf:exceptionMessage>"
                "</sf:UnexpectedErrorFault></detail></soapenv:Fault>"
            )
            return Answered(Reply(500, _ENVELOPE.format("", body), XML))

    def _answer(self, data: bytes, host: str, version: str) -> Answered:
        try:
            root = ET.fromstring(data)  # noqa: S314 - only local callers, and expat bounds entities
        except ET.ParseError as error:
            raise SoapFault("SOAP_FAULT", "not an envelope") from error
        body = _child(root, "Body")
        if body is None or len(body) == 0:
            raise SoapFault("SOAP_FAULT", "no body")
        operation = body[0]
        name = _local(operation)
        if name == "login":
            return Answered(
                Reply(200, _ENVELOPE.format("", self._login(operation, host, version)), XML)
            )
        work: Mapping[str, Callable[[ET.Element, Actor], str]] = {
            "merge": self._merge,
            "undelete": self._undelete,
            "emptyRecycleBin": self._empty,
            "convertLead": self._convert,
        }
        if name not in work:
            raise SoapFault("INVALID_OPERATION", f"no such operation: {name}")
        session, usage, cut, broken = self._session(root, name), "", None, None
        if not session.person:
            self._spend()
            budget, faults = self._rooms.budget, self._rooms.faults
            usage = _USAGE.format(budget.used, budget.daily)
            cut = faults.take(f"SOAP {name}", "lost_answer")
            broken = faults.take(f"SOAP {name}", *garble.ROW_KINDS)
        actor = Actor(session.user_id, person=session.person, row_fault=broken)
        told = f"<{name}Response>{work[name](operation, actor)}</{name}Response>"
        return Answered(Reply(200, _ENVELOPE.format(usage, told), XML), cut)

    def _spend(self) -> None:
        try:
            self._rooms.budget.spend()
        except Refusal as refusal:
            told = refusal.body[0]
            raise SoapFault(told["errorCode"], told["message"]) from refusal

    def _session(self, root: ET.Element, operation: str) -> Session:
        header = _child(root, "Header")
        found = None if header is None else _child(header, "SessionHeader")
        token = _text(found, "sessionId")
        if self._rooms.faults.take(f"SOAP {operation}", "expired_session") is not None:
            self._tokens.revoke(token)
        session = self._tokens.holder(token)
        if session is None:
            raise SoapFault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
        return session

    def _login(self, operation: ET.Element, host: str, version: str) -> str:
        username, password = _text(operation, "username"), _text(operation, "password")
        table = self._state.tables["User"]
        users = table.holders(table.schema.fields["Username"], username)
        if not users or self.passwords.get(username) != password:
            text = "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
            raise SoapFault("INVALID_LOGIN", text)
        token = self._tokens.open_session(users[0])
        org = self._state.org_id
        return (
            "<loginResponse><result>"
            f"<serverUrl>{instance_url(host)}/services/Soap/u/{version}/{org[:15]}</serverUrl>"
            f"<sessionId>{escape(token)}</sessionId><userId>{users[0]}</userId>"
            f"<userInfo><organizationId>{org}</organizationId>"
            f"<sessionSecondsValid>{SECONDS_VALID}</sessionSecondsValid></userInfo>"
            "</result></loginResponse>"
        )

    def _merge(self, operation: ET.Element, actor: Actor) -> str:
        return "".join(
            _result(partial(self._merge_one, one, actor)) for one in _children(operation, "request")
        )

    def _merge_one(self, request: ET.Element, actor: Actor) -> str:
        master = _child(request, "masterRecord")
        if master is None:
            raise Refused(Problem("MISSING_ARGUMENT", "masterRecord is missing"))
        table = require_table(self._state, _text(master, "type"))
        losers = [one.text or "" for one in _children(request, "recordToMergeIds")]
        values = {
            _local(one): one.text for one in master if _local(one) not in {"type", "Id", "id"}
        }
        winner = _text(master, "Id") or _text(master, "id")
        garble.check_row(actor.row_fault, winner)
        lifecycle.merge(self._state, table, winner, losers, actor, values)
        merged = "".join(f"<mergedRecordIds>{normal_id(one)}</mergedRecordIds>" for one in losers)
        return f"<id>{normal_id(winner)}</id>{merged}"

    def _undelete(self, operation: ET.Element, actor: Actor) -> str:
        return "".join(
            _result(partial(self._undelete_one, one.text or "", actor))
            for one in _children(operation, "ids")
        )

    def _undelete_one(self, given: str, actor: Actor) -> str:
        table, record_id = self._addressed(given)
        lifecycle.undelete(self._state, table, record_id, actor)
        return f"<id>{record_id}</id>"

    def _empty(self, operation: ET.Element, actor: Actor) -> str:
        return "".join(
            _result(partial(self._empty_one, one.text or "", actor))
            for one in _children(operation, "ids")
        )

    def _empty_one(self, given: str, actor: Actor) -> str:
        table, record_id = self._addressed(given)
        garble.check_row(actor.row_fault, record_id)
        lifecycle.purge(self._state, table, record_id)
        return f"<id>{record_id}</id>"

    def _addressed(self, given: str) -> tuple[Table, str]:
        record_id = normal_id(given)
        table = self._state.owner_of_prefix(record_id or "")
        if record_id is None or table is None:
            raise Refused(Problem("MALFORMED_ID", f"malformed id {given}"))
        return table, record_id

    def _convert(self, operation: ET.Element, actor: Actor) -> str:
        return "".join(
            _result(partial(self._convert_one, one, actor))
            for one in _children(operation, "leadConverts")
        )

    def _convert_one(self, one: ET.Element, actor: Actor) -> str:
        garble.check_row(actor.row_fault, _text(one, "leadId"))
        made = _text(one, "doNotCreateOpportunity") != "true"
        wish = conversion.Wish(
            status=_text(one, "convertedStatus"),
            account_id=_id(one, "accountId"),
            contact_id=_id(one, "contactId"),
            opportunity=_text(one, "opportunityName") if made else None,
            owner_id=_id(one, "ownerId"),
            overwrite_source=_text(one, "overwriteLeadSource") == "true",
            carried=self._carried,
        )
        done = conversion.convert(self._state, _text(one, "leadId"), actor, wish)
        opportunity = '<opportunityId xsi:nil="true"/>'
        if done.opportunity_id is not None:
            opportunity = f"<opportunityId>{done.opportunity_id}</opportunityId>"
        return (
            f"<accountId>{done.account_id}</accountId><contactId>{done.contact_id}</contactId>"
            f"<leadId>{done.lead_id}</leadId>{opportunity}"
        )


def _result(work: Callable[[], str]) -> str:
    """One result: what the work told, or its errors."""
    try:
        return f"<result>{work()}<success>true</success></result>"
    except Refused as refused:
        errors = "".join(
            f"<errors>{''.join(f'<fields>{name}</fields>' for name in problem.fields or ())}"
            f"<message>{escape(problem.message)}</message>"
            f"<statusCode>{problem.code}</statusCode></errors>"
            for problem in refused.problems
        )
        return f"<result>{errors}<success>false</success></result>"


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in element if _local(one) == name]


def _child(element: ET.Element, name: str) -> ET.Element | None:
    return next(iter(_children(element, name)), None)


def _text(element: ET.Element | None, name: str) -> str:
    found = None if element is None else _child(element, name)
    return "" if found is None else (found.text or "")


def _id(element: ET.Element, name: str) -> str | None:
    given = _text(element, name)
    return normal_id(given) or given or None
