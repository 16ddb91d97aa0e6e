"""The desk between HTTP and the account: one call at a time is read, let in, served and answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from flask import Request, Response

from sandbox.hubspot.answers import (
    NOT_FOUND_HTML,
    Refusal,
    bad_json,
    correlation_id,
    invalid_request,
)
from sandbox.hubspot.gate import ASKED, GARBLING, Admitted, Gate, Staged
from sandbox.hubspot.records import Table
from sandbox.hubspot.state import Actor, State

JSON_TYPE = "application/json;charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
DATED = re.compile(r"^/([a-z-]+(?:/[a-z-]+)?)/(2026-03|2026-09)(?=/|$)")
_KIND_ARGS = frozenset({"kind", "other", "verb"})


class Call:
    """One call that was let in, as the views see it."""

    def __init__(self, state: State, gate: Gate, request: Request, admitted: Admitted) -> None:
        self.state = state
        self.gate = gate
        self.request = request
        self._admitted = admitted

    @cached_property
    def actor(self) -> Actor:
        """Who writes. Asked for by writes only: it uses up a fault that garbles one."""
        if self._admitted.holder == "person":
            return Actor(self.state.person, person=True)
        garble = self.gate.faults.take(self._admitted.call, *GARBLING)
        return Actor(self.state.app, garble=garble)

    @cached_property
    def body(self) -> Any:
        """The JSON body; an empty one is an empty object."""
        try:
            return orjson.loads(self.request.get_data() or b"{}")
        except orjson.JSONDecodeError as error:
            raise bad_json(error.msg, error.colno) from error

    def body_object(self) -> Mapping[str, Any]:
        if not isinstance(self.body, dict):
            raise bad_json("Cannot deserialize value of type `java.util.LinkedHashMap`")
        return self.body

    def table(self, kind: str) -> Table:
        """The table of a kind, by any of its names. 400 for an unknown word."""
        return self.state.table(kind)

    def many(self, name: str) -> list[str]:
        """A list parameter, repeated or joined by commas or both."""
        given = self.request.args.getlist(name)
        return [part.strip() for text in given for part in text.split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        """A boolean parameter in any case: Python clients send ``True``."""
        return self.request.args.get(name, "").lower() == "true"

    def number(self, name: str, usual: int) -> int:
        text = self.request.args.get(name) or str(usual)
        if not text.lstrip("-").isdigit():
            raise invalid_request(f"Invalid value for {name}: {text}")
        return int(text)

    def text(self, name: str) -> str | None:
        return self.request.args.get(name) or None


View = Callable[..., Response]


class Route(NamedTuple):
    """One door: `scope` may hold ``{kind}``; `public` needs no token; `exempt` from the window."""

    method: str
    rule: str
    view: View
    scope: str | None = None
    public: bool = False
    exempt: bool = False


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, content_type=JSON_TYPE)


def nothing() -> Response:
    """204: done, nothing to say."""
    return Response(status=204)


def page_of(rows: Sequence[Any], after: str | None, limit: int, path: str) -> dict[str, Any]:
    """A page of a short list; `after` is an offset."""
    start = int(after) if after and after.isdigit() else 0
    told: dict[str, Any] = {"results": list(rows[start : start + limit])}
    if start + limit < len(rows):
        following = str(start + limit)
        link = f"https://api.hubapi.com{path}?after={following}"
        told["paging"] = {"next": {"after": following, "link": link}}
    return told


def undated(path: str) -> str:
    """The v3 or v4 path that a dated one stands for; others as they are, without a closing slash.

    ``/crm/objects/2026-09/contacts`` is ``/crm/v3/objects/contacts`` (section 1).
    """
    path = path.rstrip("/") or "/"
    match = DATED.match(path)
    if match is None:
        return path
    product, rest = match[1], path[match.end() :]
    family, _, name = product.partition("/")
    version = "v3"
    if family == "communication-preferences" or name == "associations" or "/associations/" in rest:
        version = "v4"
    return f"/{family}/{version}{'/' + name if name else ''}{rest}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Serves calls for one account."""

    state: State
    gate: Gate

    def serve(self, request: Request, route: Route, args: Mapping[str, str]) -> Response:
        """Let in, do, answer; headers and the correlation id are put on whatever came out."""
        correlation = correlation_id(self.state.now(), self.state.dice)
        admitted = None
        try:
            admitted = self.gate.admit(
                request,
                call_name(request.environ.get(ASKED, request.path), args),
                public=route.public,
                exempt=route.exempt,
            )
            self.gate.require(self._scope(route, args), admitted)
            with self.state.lock:
                response = route.view(Call(self.state, self.gate, request, admitted), **args)
        except Refusal as refusal:
            response = reply(refusal.body(correlation), refusal.status, refusal.headers)
        except Staged as staged:
            response = _staged(staged, correlation)
        self._sign(response, admitted, correlation)
        return response if admitted is None else _cut(response, admitted)

    def _scope(self, route: Route, args: Mapping[str, str]) -> str | None:
        if route.scope is None or "{kind}" not in route.scope:
            return route.scope
        return route.scope.format(kind=self.state.kinds.of(args["kind"]).scoped)

    def _sign(self, response: Response, admitted: Admitted | None, correlation: str) -> None:
        response.headers["X-HubSpot-Correlation-Id"] = correlation
        if admitted is not None and admitted.holder != "person":
            oauth = admitted.holder == "oauth"
            told = self.gate.limiter.headers(search=admitted.search, oauth=oauth)
            response.headers.update(told)


def call_name(path: str, args: Mapping[str, str]) -> str:
    """The path with ids left out: what the call log counts by."""
    names = {value: f"{{{name}}}" for name, value in args.items() if name not in _KIND_ARGS}
    return "/".join(names.get(part, part) for part in path.rstrip("/").split("/"))


def _staged(staged: Staged, correlation: str) -> Response:
    """Text goes out as HTML, anything else as JSON."""
    if isinstance(staged.body, str):
        return Response(staged.body, staged.status, staged.headers, content_type=HTML_TYPE)
    body = staged.body
    if isinstance(body, dict):
        body = {**body, "correlationId": body.get("correlationId", correlation)}
    return reply(body, staged.status, staged.headers)


def _cut(response: Response, admitted: Admitted) -> Response:
    """The work is done; the answer breaks off in the connection, or is only half a text."""
    if admitted.cut is None:
        return response
    body = response.get_data()
    half = body[: len(body) // 2]
    if admitted.cut.kind == "truncated":
        response.set_data(half)
        return response
    lost = Response(half[:1] or b" ", 200, content_type=JSON_TYPE)
    lost.headers["Content-Length"] = str(max(len(body), 100))
    return lost


def no_such_page(status: int) -> Response:
    """Unknown routes and verbs are answered by the edge: HTML (section 5.4)."""
    return Response(NOT_FOUND_HTML, status, content_type=HTML_TYPE)
