"""Who may come in: tokens, scopes, limits, and the faults on order.

A person's token stands for somebody working in the HubSpot pages: no limit, no fault and no count
touches it. Reference sheet, sections 4 and 5.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from flask import Request

from sandbox.behaviour import CallLog, Fault, FaultPlan
from sandbox.hubspot.answers import (
    Refusal,
    day_is_spent,
    expired,
    missing_scope,
    no_credentials,
    searching_too_fast,
    too_fast,
)
from sandbox.hubspot.kinds import KINDS as OWN_KINDS
from sandbox.hubspot.limits import Limiter
from sandbox.hubspot.state import State

TOKEN_LIFE = 1_800_000
ASKED = "kakehashi.path"  # the path as it was asked for, version and all, in the WSGI environment

COMMON = ("status", "lost_answer", "html_200", "slow")
RATES = ("rate_burst", "rate_daily", "rate_search")
REFUSING = ("status", "html_200", "expired_token", "missing_scope", *RATES)
CUTTING = ("lost_answer", "truncated")
GARBLING = ("ignore_write", "weaken")
HOOKS = ("hook_lost", "hook_doubled")
KINDS = frozenset({*COMMON, *REFUSING, *CUTTING, *GARBLING, *HOOKS})

ALL_SCOPES = frozenset(
    {"oauth", "crm.objects.owners.read", "communication_preferences.read_write"}
    | {"crm.lists.read", "crm.lists.write"}
    | {"communication_preferences.statuses.batch.read", "analytics.behavioral_events.send"}
    | {
        f"crm.{what}.{kind}.{right}"
        for what in ("objects", "schemas")
        for kind in (*(kind.name for kind in OWN_KINDS), "custom")
        for right in ("read", "write")
    }
)

Holder = Literal["app", "oauth", "person"]


class Staged(Exception):
    """A fault answers in place of the org: this body and status, and nothing is done."""

    def __init__(self, status: int, body: Any, headers: dict[str, str]) -> None:
        super().__init__(f"a staged {status}")
        self.status = status
        self.body = body
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that may go on: who holds its token, what stands in the log, how its answer is cut."""

    holder: Holder
    call: str
    search: bool
    cut: Fault | None


class Gate:
    """Checks each call in the order in which HubSpot does: token, limits, scope."""

    def __init__(
        self,
        *,
        state: State,
        limiter: Limiter,
        faults: FaultPlan,
        calls: CallLog,
        access_token: str,
        person_token: str,
        oauth_client: tuple[str, str, str],
    ) -> None:
        self._state = state
        self.limiter = limiter
        self.faults = faults
        self.calls = calls
        self._app_token = access_token
        self._person_token = person_token
        self.oauth_client = oauth_client
        self.clear()

    def clear(self) -> None:
        self.scopes = set(ALL_SCOPES)
        self._issued: dict[str, int] = {}

    def issue(self, token: str) -> int:
        """Let an OAuth token in; answers its life in seconds."""
        self._issued[token] = self._state.now() + TOKEN_LIFE
        return TOKEN_LIFE // 1000

    def expiry_of(self, token: str) -> int | None:
        """When an OAuth token ends, in milliseconds; None for a token that was never issued."""
        return self._issued.get(token)

    def admit(self, request: Request, route: str, *, public: bool, exempt: bool) -> Admitted:
        """Let a call in, or raise `Refusal` or `Staged`."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        call = f"{request.method} {request.environ.get(ASKED, request.path)}"
        if token == self._person_token:
            return Admitted("person", call, search=False, cut=None)
        self.calls.note(request.method, route)
        search = route.endswith("/search")
        self._misbehave(call)
        holder: Holder = "app" if public else self._holder(token)
        if not public:
            self.limiter.admit(search=search, exempt=exempt)
        return Admitted(holder, call, search, self.faults.take(call, *CUTTING))

    def require(self, scope: str | None, admitted: Admitted) -> None:
        """403 unless the app was granted the scope."""
        if admitted.holder != "person" and scope is not None and scope not in self.scopes:
            raise missing_scope(scope)

    def grant(self, scopes: Iterable[str]) -> None:
        self.scopes.update(scopes)

    def revoke(self, scopes: Iterable[str]) -> None:
        self.scopes.difference_update(scopes)

    def _holder(self, token: str) -> Holder:
        if token == self._app_token:
            return "app"
        end = self._issued.get(token)
        if end is None:
            raise no_credentials()
        if end <= self._state.now():
            raise expired(end, self._state.now())
        return "oauth"

    def _misbehave(self, call: str) -> None:
        slow = self.faults.take(call, "slow")
        if slow is not None:
            time.sleep(float(slow.options.get("seconds", 1.0)))
        fault = self.faults.take(call, *REFUSING)
        if fault is not None:
            raise self._staged(fault)

    def _staged(self, fault: Fault) -> Exception:
        options = fault.options
        headers = {str(k): str(v) for k, v in dict(options.get("headers", {})).items()}
        now = self._state.now()
        if fault.kind == "expired_token":
            return expired(now - 420_000, now)
        if fault.kind == "missing_scope":
            return missing_scope(str(options.get("scope", "crm.objects.contacts.write")))
        if fault.kind == "rate_burst":
            return too_fast(self._state.app_id, self._state.portal_id, headers)
        if fault.kind == "rate_daily":
            return day_is_spent(headers)
        if fault.kind == "rate_search":
            return searching_too_fast(headers)
        if fault.kind == "html_200":
            return Staged(200, "<html><body><h1>Be right back</h1></body></html>", headers)
        return _status(int(options.get("status", 500)), options.get("body"), headers)


def _status(status: int, body: Any, headers: dict[str, str]) -> Exception:
    """The ordered body, or what HubSpot (JSON) or the edge before it (520 and up, HTML) would say."""
    if body is not None:
        return Staged(status, body, headers)
    if status >= 520:
        page = f"<html><head><title>hubapi.com | {status}</title></head><body></body></html>"
        return Staged(status, page, headers)
    message = _MESSAGES.get(status, "internal error")
    return Refusal(status, message, headers=headers)


_MESSAGES = {
    423: "The object is currently locked, please try again later",
    429: "You have reached your ten_secondly_rolling limit.",
    477: "This account is being migrated, please try again later",
    502: "Bad gateway",
    503: "Service temporarily unavailable",
    504: "Gateway timeout",
}
