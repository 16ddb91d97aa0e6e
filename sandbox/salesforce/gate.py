"""Who may come in: sessions, the daily budget, and the faults on order.

A person's session stands for somebody at work in the Salesforce pages: no budget, no count and no
fault but ``late_commit`` touches it.

Kinds of faults beyond the common ones (`match` sees ``METHOD /path``):

================== =========================================================================
expired_session    401, and the token is gone: a new one has to be fetched
permanent_session  401 from now on, whatever the token, until the faults are cleared
limit              403 REQUEST_LIMIT_EXCEEDED
lock, row_error    each row of the call is refused: UNABLE_TO_LOCK_ROW, or `errorCode`, `message`,
                   `fields`; option `rows` (places in a collection) or `ids` picks some
approval           the same with ENTITY_IS_LOCKED: the record is under approval
late_commit        what the call writes is stamped `seconds` (300) ago; or, with `after`, an update
                   or a deletion is stamped now and shows that many seconds later
ignore_write       success, but the value is not stored; option `field`
weaken             success, but something else is stored; options `field`, `value`, `length`
short_answer       the answer to a collection lacks its last row
================== =========================================================================
"""

from __future__ import annotations

import time

from sandbox.behaviour import Fault, FaultPlan
from sandbox.salesforce.answers import Refusal, bad_session, budget_spent, refusal
from sandbox.salesforce.auth import Session, Tokens
from sandbox.salesforce.garble import GARBLING, ROW_KINDS

ANYWHERE = ("status", "html_200")
REFUSING = (*ANYWHERE, "expired_session", "permanent_session", "limit")
COMMON = ("lost_answer", "slow")
LATER = ("late_commit", "short_answer")
KINDS = frozenset({*REFUSING, *COMMON, *LATER, *ROW_KINDS, *GARBLING})
PERMANENT = "This session is not valid for use with the REST API"
MAINTENANCE = "<html><head><title>Maintenance</title></head><body>Be right back</body></html>"


def bearer(authorization: str) -> str:
    """The token of an Authorization header. Raises the 401 for none or a garbled one."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() not in {"bearer", "oauth"} or not token:
        raise refusal(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
    return token


def session_of(tokens: Tokens, authorization: str) -> Session:
    """Whose call this is. Raises 401."""
    session = tokens.holder(bearer(authorization))
    if session is None:
        raise bad_session()
    return session


def misbehave(faults: FaultPlan, tokens: Tokens, name: str, authorization: str) -> None:
    """Do what the faults on order for this call ask, short of the work itself.

    Logins know no session and no budget: theirs is an empty `authorization`.
    """
    slow = faults.take(name, "slow")
    if slow is not None:
        time.sleep(float(slow.options.get("seconds", 1.0)))
    fault = faults.take(name, *(REFUSING if authorization else ANYWHERE))
    if fault is None:
        return
    if fault.kind == "expired_session":
        tokens.revoke(authorization.partition(" ")[2])
        raise bad_session()
    if fault.kind == "permanent_session":
        faults.order({"kind": fault.kind, "match": fault.match.pattern})
        raise bad_session(PERMANENT)
    if fault.kind == "limit":
        raise budget_spent()
    raise _status(fault)


def _status(fault: Fault) -> Refusal:
    """The status and body that were ordered, or what Salesforce would say with that status."""
    options = fault.options
    headers = {str(key): str(value) for key, value in dict(options.get("headers", {})).items()}
    if fault.kind == "html_200":
        return Refusal(200, options.get("body", MAINTENANCE), headers)
    status = int(options.get("status", 500))
    body = options.get("body", _BODIES.get(status, MAINTENANCE))
    return Refusal(status, body, headers)


_UNEXPECTED = (
    "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)"
)
_BODIES = {
    429: None,
    500: [{"errorCode": "UNKNOWN_EXCEPTION", "message": _UNEXPECTED}],
    503: [{"errorCode": "SERVER_UNAVAILABLE", "message": "Server Unavailable"}],
}
