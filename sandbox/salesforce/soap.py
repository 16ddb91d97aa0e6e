"""The few SOAP calls that REST has no word for: login, merge, undelete, convertLead.

Reference sheet, sections 1.1 and 2.10. Only what the callers read is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from sandbox.salesforce import lifecycle
from sandbox.salesforce.answers import Problem, Refused
from sandbox.salesforce.auth import Session, Tokens, instance_url
from sandbox.salesforce.call import Reply
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.state import Actor, State, require_table

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
XML = {"Content-Type": "text/xml;charset=UTF-8"}
SECONDS_VALID = 7200


class SoapFault(Exception):
    """Answered with status 500 and a fault element."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text


class SoapDesk:
    """Answers POST /services/Soap/u/62.0. `carried` are the custom fields a conversion takes along."""

    def __init__(self, state: State, tokens: Tokens, carried: Mapping[str, str]) -> None:
        self._state = state
        self._tokens = tokens
        self._carried = carried
        self.passwords: dict[str, str] = {}

    def serve(self, data: bytes, host: str, version: str) -> Reply:
        try:
            return Reply(200, _ENVELOPE.format(self._answer(data, host, version)), XML)
        except SoapFault as fault:
            code, text = escape(fault.code), escape(fault.text)
            body = (
                f"<soapenv:Fault><faultcode>sf:{code}</faultcode>"
                f"<faultstring>{code}: {text}</faultstring><detail><sf:UnexpectedErrorFault>"
                f"<sf:exceptionCode>{code}</sf:exceptionCode>"
                f"<sf:exceptionMessage>{text}</sf:exceptionMessage>"
                "</sf:UnexpectedErrorFault></detail></soapenv:Fault>"
            )
            return Reply(500, _ENVELOPE.format(body), XML)

    def _answer(self, data: bytes, host: str, version: str) -> str:
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
            return self._login(operation, host, version)
        work: Mapping[str, Callable[[ET.Element, Actor], str]] = {
            "merge": self._merge,
            "undelete": self._undelete,
            "convertLead": self._convert,
        }
        if name not in work:
            raise SoapFault("INVALID_OPERATION", f"no such operation: {name}")
        session = self._session(root)
        results = work[name](operation, Actor(session.user_id, person=session.person))
        return f"<{name}Response>{results}</{name}Response>"

    def _session(self, root: ET.Element) -> Session:
        header = _child(root, "Header")
        found = None if header is None else _child(header, "SessionHeader")
        session = self._tokens.holder(_text(found, "sessionId"))
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
        lifecycle.merge(self._state, table, winner, losers, actor, values)
        merged = "".join(f"<mergedRecordIds>{normal_id(one)}</mergedRecordIds>" for one in losers)
        return f"<id>{normal_id(winner)}</id>{merged}"

    def _undelete(self, operation: ET.Element, actor: Actor) -> str:
        return "".join(
            _result(partial(self._undelete_one, one.text or "", actor))
            for one in _children(operation, "ids")
        )

    def _undelete_one(self, given: str, actor: Actor) -> str:
        record_id = normal_id(given)
        table = self._state.owner_of_prefix(record_id or "")
        if record_id is None or table is None:
            raise Refused(Problem("MALFORMED_ID", f"malformed id {given}"))
        lifecycle.undelete(self._state, table, record_id, actor)
        return f"<id>{record_id}</id>"

    def _convert(self, operation: ET.Element, actor: Actor) -> str:
        return "".join(
            _result(partial(self._convert_one, one, actor))
            for one in _children(operation, "leadConverts")
        )

    def _convert_one(self, one: ET.Element, actor: Actor) -> str:
        done = lifecycle.convert(
            self._state,
            _text(one, "leadId"),
            actor,
            account_id=_text(one, "accountId") or None,
            contact_id=_text(one, "contactId") or None,
            status=_text(one, "convertedStatus") or lifecycle.CONVERTED_STATUS,
            carried=self._carried,
        )
        return (
            f"<accountId>{done.account_id}</accountId><contactId>{done.contact_id}</contactId>"
            f'<leadId>{done.lead_id}</leadId><opportunityId xsi:nil="true"/>'
        )


def _result(work: Callable[[], str]) -> str:
    """One result: what the work told, or its errors."""
    try:
        return f"<result>{work()}<success>true</success></result>"
    except Refused as refused:
        errors = "".join(
            f"<errors><message>{escape(problem.message)}</message>"
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
