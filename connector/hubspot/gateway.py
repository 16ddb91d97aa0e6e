"""The only file of this package that sends. Everything that leaves for HubSpot passes here.

It goes through the official client's own connection pool, one for the whole connector: the generated
API classes would open a pool per access and build models that cost thirty times the parsing, and they
do not know the dated paths. Bodies are raw bytes, parsed by orjson. Each attempt is counted and has a
time-out; passing faults are waited out within bounds; errors leave as those of `connector.errors`.

Safe to share between threads, not across a fork: build one per process. Reference sheet, section 3.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import urllib3
from hubspot import HubSpot
from hubspot.crm.objects.exceptions import ApiException
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from connector.errors import ConnectorError, OutcomeUnknown, SystemBlocked, TryLater
from connector.http import Dice, Pace, Sleep, Unreachable, body_kind, call_patiently
from connector.hubspot.auth import FixedToken, RefreshedToken, Tokens
from connector.hubspot.faults import BadAnswer, not_an_api, translate
from connector.hubspot.limits import Limits, told
from connector.hubspot.names import SYSTEM
from connector.hubspot.requests import Request, Requests
from connector.hubspot.settings import HubSpotSettings
from connector.port import CallCount
from connector.toll import FREE, CallKind, Free, Toll, past_retries, pay_once


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `json` is empty where there was no body (204)."""

    status: int
    json: Mapping[str, Any]
    request_id: str | None


class _NotJson(TryLater):
    """A page of HTML where JSON belongs: the edge in a bad moment, or not HubSpot at all."""


class Gateway:
    """Sends requests to one account.

    `calls` counts them, `limits` is what HubSpot last told of its limits, and `zone` is the account's
    time zone once somebody has learned it.
    """

    def __init__(
        self,
        settings: HubSpotSettings,
        *,
        clock: Callable[[], datetime],
        sleep: Sleep = time.sleep,
        ticks: Callable[[], float] = time.monotonic,
        dice: Dice = random.random,
        keep_refresh_token: Callable[[str], None] | None = None,
        toll: Toll = FREE,
    ) -> None:
        self._settings = settings
        self._toll = toll
        self._clock = clock
        self._sleep = sleep
        self._dice = dice
        self._rest = _rest_client(settings)
        self._search_pace = Pace(settings.search_per_second, 1.0, clock=ticks, sleep=sleep)
        self._tokens = self._make_tokens(keep_refresh_token)
        self._counting = threading.Lock()
        self.calls = CallCount()
        self.limits = Limits()
        self.zone: str | None = None

    def _make_tokens(self, keep: Callable[[str], None] | None) -> Tokens:
        settings = self._settings
        if not settings.is_oauth:
            return FixedToken(settings.access_token or "")
        requests = Requests(settings.api_version)
        client_id, secret = settings.client_id or "", settings.client_secret or ""

        def exchange(refresh_token: str) -> Mapping[str, Any]:
            request = requests.refresh(client_id, secret, refresh_token)
            return self._attempt(request, None).json  # repeated by the call that needs the token

        return RefreshedToken(settings.refresh_token or "", exchange, clock=self._clock, keep=keep)

    def send(self, request: Request) -> Answer:
        """The answer to a request, after bounded retries of what is safe to repeat.

        Raises the errors of `connector.errors`: `Rejected` for a refusal of this call alone,
        `OutcomeUnknown` for a write whose answer was lost.
        """
        return past_retries(lambda: self._patiently(lambda: self._authorised(request)))

    def _patiently(self, send: Callable[[], Answer]) -> Answer:
        try:
            return call_patiently(send, self._settings.retries, sleep=self._sleep, dice=self._dice)
        except _NotJson as error:
            raise not_an_api(error.message, error.request_id) from error

    def _authorised(self, request: Request) -> Answer:
        token = self._tokens.token()
        try:
            return self._attempt(request, token)
        except SystemBlocked as refused:
            # HubSpot did nothing, so one more try with a token fetched now repeats no write.
            if refused.cause != "credentials" or not self._tokens.renew(token):
                raise
        return self._attempt(request, self._tokens.token())

    def _attempt(self, request: Request, token: str | None) -> Answer:
        if token is not None:
            self._pay(request)
        self._count(request)
        try:
            response = self._transmit(request, token)
            status, headers, data = response.status, response.headers, response.data
        except ApiException as refused:
            error = self._refusal(request, refused)
            self._hear(refused.headers or {}, error)
            raise error from refused
        except HTTPError as failed:
            raise _transport_fault(request, failed) from failed
        self._hear(headers)
        return _parsed(request, status, headers.get("X-HubSpot-Correlation-Id"), data)

    def _pay(self, request: Request) -> None:
        """Each attempt pays, but for those that fetch a token. Without a toll we pace searches alone."""
        if isinstance(self._toll, Free):
            if request.is_search:
                self._search_pace.wait_turn()
            return
        pay_once(self._toll, _kind(request))

    def _hear(self, headers: Mapping[str, str], error: ConnectorError | None = None) -> None:
        """Pass on what an answer says of the limits: a refusal may say it without a header."""
        self.limits = self.limits.updated(headers)
        said = told(headers)
        if isinstance(error, SystemBlocked) and error.cause == "quota":
            said["daily_left"] = 0
        self._toll.told(said)

    def _count(self, request: Request) -> None:
        with self._counting:
            if request.writes:
                self.calls.writes += 1
            else:
                self.calls.reads += 1

    def _transmit(self, request: Request, token: str | None) -> urllib3.BaseHTTPResponse:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "kakehashi",
            "Content-Type": (
                "application/x-www-form-urlencoded" if request.form else "application/json"
            ),
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        response: urllib3.BaseHTTPResponse = self._rest.request(
            request.method,
            self._settings.base_url + request.path,
            query_params=list(request.query),
            headers=headers,
            body=request.body,
            post_params=list(request.form),
            _preload_content=False,
            _request_timeout=(self._settings.connect_timeout, self._settings.read_timeout),
        )
        return response

    def _refusal(self, request: Request, refused: ApiException) -> ConnectorError:
        if not refused.status:  # the client's form of a TLS failure (sheet, section 3.5)
            return _bad_certificate(str(refused.reason))
        body = refused.body if isinstance(refused.body, bytes) else str(refused.body or "").encode()
        answer = BadAnswer(
            refused.status,
            refused.headers,
            body,
            effect=request.effect,
            names_record=request.names_record,
            zone=self.zone,
        )
        return translate(answer, self._clock())


def _kind(request: Request) -> CallKind:
    if request.is_search:
        return "search"
    return "write" if request.writes else "read"


def _rest_client(settings: HubSpotSettings) -> Any:
    """The official client's sender: one pool, no retries of its own, the company's proxy and CA.

    `retry=False` because the client would otherwise turn one GET into four behind our back, and skip
    POST and PATCH (sheet, section 3.6). An unset proxy stays unset: None is what it defaults to.
    """
    client = HubSpot(
        access_token=settings.access_token or "unused",
        retry=False,
        host=settings.base_url,
        base_url=settings.base_url,
        proxy=settings.proxy,
        ssl_ca_cert=settings.ca_bundle,
        connection_pool_maxsize=settings.pool_size,
    )
    return client.crm.objects.basic_api.api_client.rest_client


def _parsed(request: Request, status: int, request_id: str | None, data: bytes) -> Answer:
    """A success whose body is no JSON is none: for a write, nobody knows whether it was done."""
    kind = body_kind(data)
    if kind == "empty" and status == 204:
        return Answer(status, {}, request_id)
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        parsed = None
    if isinstance(parsed, dict):
        return Answer(status, parsed, request_id)
    if kind == "empty" and request.writes:
        return Answer(status, {}, request_id)
    if request.effect in {"create", "update"}:
        raise OutcomeUnknown(
            "HubSpot's answer to a write is unreadable", system=SYSTEM, request_id=request_id
        )
    message = f"HubSpot answered {status} with {'a web page' if kind == 'html' else 'no JSON'}"
    error = _NotJson if kind in {"html", "other"} else TryLater
    raise error(message, system=SYSTEM, request_id=request_id)


def _transport_fault(request: Request, failed: HTTPError) -> ConnectorError:
    """A connection that failed. The text of urllib3's errors holds addresses, so it is not passed on."""
    kind = type(failed).__name__
    if isinstance(failed, SSLError):
        return _bad_certificate(kind)
    if isinstance(failed, NewConnectionError | ConnectTimeoutError | ProxyError):
        return Unreachable(f"HubSpot cannot be reached ({kind})", system=SYSTEM)
    if request.effect in {"create", "update"}:
        return OutcomeUnknown(
            f"HubSpot's answer to a write was lost ({kind}): it may have been done", system=SYSTEM
        )
    return TryLater(f"the connection to HubSpot broke ({kind})", system=SYSTEM)


def _bad_certificate(detail: str) -> SystemBlocked:
    return SystemBlocked(
        f"no trusted connection to HubSpot: {detail}",
        system=SYSTEM,
        cause="unreachable",
        advice="Check the clock and, behind a company proxy, set REQUESTS_CA_BUNDLE to its CA file.",
    )
