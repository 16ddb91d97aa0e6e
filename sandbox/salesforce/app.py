"""The org over HTTP: a Flask application around the desks.

Every data answer, errors included, tells the API usage in ``Sforce-Limit-Info``.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Flask, Response, request

from sandbox.behaviour import CallLog
from sandbox.salesforce.answers import Refusal, not_found, refusal
from sandbox.salesforce.auth import identity, instance_url
from sandbox.salesforce.call import Call, Reply, Rooms, caseless, of_refusal
from sandbox.salesforce.desk import Desk
from sandbox.salesforce.gate import bearer, misbehave, session_of
from sandbox.salesforce.soap import SoapDesk

METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]
MOST_URI = 16_384
JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"
VERSIONS = {"59.0": "Winter '24", "60.0": "Spring '24", "61.0": "Summer '24"} | {
    "62.0": "Winter '25",
    "63.0": "Spring '25",
    "64.0": "Summer '25",
    "65.0": "Winter '26",
    "66.0": "Spring '26",
}
_DATA = re.compile(r"/services/data/v(\d\d\.0)(?:/|$)")
_ROOT = re.compile(r"/services/data/v\d\d\.0/?")
_SOAP = re.compile(r"/services/Soap/[uc]/(\d\d\.\d)(?:/|$)")
_RETIRED = 31.0
_NO_STORE = "no-cache,must-revalidate,max-age=0,no-store,private"


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """Takes what comes in over HTTP, and makes what goes out."""

    rooms: Rooms
    calls: CallLog
    desk: Desk
    soap: SoapDesk

    def serve(self) -> Response:
        path = raw_path()
        if len(request.environ.get("REQUEST_URI", path)) > MOST_URI:
            return respond(Reply(414, "<html><body><h1>URI Too Long</h1></body></html>"))
        if sum(len(key) + len(value) for key, value in request.headers) > MOST_URI:
            return respond(Reply(431, None))
        try:
            found = _DATA.match(path)
            return self._data(path, found[1]) if found else self._elsewhere(path)
        except Refusal as error:
            return respond(of_refusal(error))

    def _data(self, path: str, version: str) -> Response:
        """A call of the data API: counted, and cut short if a fault says so."""
        cut = None
        try:
            call = self._admit(path, version)
            if not call.session.person:
                cut = self.rooms.faults.take(call.name, "lost_answer")
            reply = resources(call) if _ROOT.fullmatch(path) else self.desk.dispatch(call)
        except Refusal as error:
            reply = of_refusal(error)
        response = respond(reply)
        response.headers["Sforce-Limit-Info"] = self.rooms.budget.header()
        return response if cut is None else lost(response)

    def _admit(self, path: str, version: str) -> Call:
        """Let a call in: session, version, budget, unless a fault comes first. Raises `Refusal`."""
        rooms, authorization = self.rooms, request.headers.get("Authorization", "")
        known = rooms.tokens.holder(authorization.partition(" ")[2])
        if known is None or not known.person:
            self.calls.note(request.method, self.desk.call_name(path))
            misbehave(rooms.faults, rooms.tokens, f"{request.method} {path}", authorization)
        session = session_of(rooms.tokens, authorization)
        if float(version) < _RETIRED:
            raise refusal(410, "UNSUPPORTED_API_VERSION", "The requested version is retired")
        if not session.person:
            rooms.budget.spend()
        headers = caseless(dict(request.headers))
        return Call(
            rooms, request.method, path, request.args, headers, body_bytes(), session, version
        )

    def _elsewhere(self, path: str) -> Response:
        """Versions, tokens, identities, SOAP: none of it counts as a data call."""
        path = path.rstrip("/")
        if path == "/services/data":
            return respond(Reply(200, versions()))
        self.calls.note(request.method, "/id/{org}/{user}" if path.startswith("/id/") else path)
        misbehave(self.rooms.faults, self.rooms.tokens, f"{request.method} {path}", "")
        soap = _SOAP.match(path + "/")
        with self.rooms.state.lock:
            if soap and request.method == "POST":
                self.rooms.state.settle()
                answered = self.soap.serve(body_bytes(), request.host, soap[1])
                response = respond(answered.reply)
                return response if answered.cut is None else lost(response)
            return respond(self._oauth(path))

    def _oauth(self, path: str) -> Reply:
        tokens, state = self.rooms.tokens, self.rooms.state
        authorization = request.headers.get("Authorization", "")
        if path == "/services/oauth2/token" and request.method == "POST":
            form = request.form.to_dict()
            return Reply(200, tokens.grant(form, authorization, request.host))
        if path == "/services/oauth2/revoke":
            tokens.revoke(request.values.get("token", ""))
            return Reply(200)
        if path == "/services/oauth2/userinfo":
            return self._whoami(bearer(authorization))
        if path.startswith("/id/"):
            given = request.args.get("oauth_token")
            return self._whoami(given if given is not None else bearer(authorization))
        if path == "":
            return Reply(200, {"organization_id": state.org_id, "url": instance_url(request.host)})
        raise not_found()

    def _whoami(self, token: str) -> Reply:
        session = self.rooms.tokens.holder(token)
        if session is None:
            return Reply(403, "Bad_OAuth_Token")
        return Reply(200, identity(self.rooms.state, session.user_id, request.host))


def versions() -> list[dict[str, str]]:
    """What everybody may know: the API versions that are served."""
    return [
        {"label": label, "url": f"/services/data/v{number}", "version": number}
        for number, label in VERSIONS.items()
    ]


def resources(call: Call) -> Reply:
    """What stands below a version."""
    names = ("sobjects", "query", "queryAll", "limits", "composite", "tooling")
    return Reply(200, {name: f"{call.base}/{name}" for name in names})


def create_app(door: FrontDoor) -> Flask:
    """One route for everything: the desks know the paths as they came."""
    app = Flask("sandbox.salesforce")
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False

    def serve(path: str = "") -> Response:
        return door.serve()

    app.add_url_rule("/", "root", serve, methods=METHODS)
    app.add_url_rule("/<path:path>", "any", serve, methods=METHODS)
    return app


def raw_path() -> str:
    """The path as it was sent, percent signs and all."""
    uri = str(request.environ.get("REQUEST_URI") or request.path)
    if "://" in uri[:8]:
        uri = "/" + uri.split("/", 3)[-1]
    return uri.partition("?")[0]


def body_bytes() -> bytes:
    """The body, unpacked if it came packed."""
    data = request.get_data()
    if request.headers.get("Content-Encoding", "").lower() != "gzip":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError) as error:
        raise refusal(400, "JSON_PARSER_ERROR", "The body is not gzip") from error


def respond(reply: Reply) -> Response:
    """JSON, or text as HTML unless its headers say otherwise."""
    body: Any = reply.body
    if body is None:
        response = Response(status=reply.status)
        del response.headers["Content-Type"]
    elif isinstance(body, str):
        response = Response(body, reply.status, content_type=HTML_TYPE)
    else:
        response = Response(orjson.dumps(body), reply.status, content_type=JSON_TYPE)
    response.headers["Cache-Control"] = _NO_STORE
    response.headers.update(dict(reply.headers))
    return response


def lost(response: Response) -> Response:
    """The work is done, the answer breaks off: fewer bytes follow than were announced."""
    cut = Response(response.get_data()[:1] or b" ", 200, content_type=JSON_TYPE)
    cut.headers["Content-Length"] = str(max(len(response.get_data()), 100))
    return cut
