"""The only file of this package that sends. Everything that leaves for Salesforce passes here.

It sends through the official-in-all-but-name client library, simple-salesforce, over a session of
our own: time-outs, pool and integration-wide headers stand on the session, so that no replay loses
them. The library's own re-login is never reached (it loops on permanent failures and assumes an
array in every 401): a 401 is refreshed once here, under a lock. Bodies are parsed from raw bytes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connector.errors import ConnectorError, SystemBlocked, TryLater
from connector.http import Dice, Sleep, Unreachable, body_kind, call_patiently
from connector.port import CallCount
from connector.salesforce.auth import Login, login_of, token_form
from connector.salesforce.faults import BadAnswer, Expired, outcome_unknown, translate
from connector.salesforce.limits import told
from connector.salesforce.settings import SalesforceSettings
from connector.salesforce.soap import HEADERS as SOAP_HEADERS
from connector.salesforce.soap import Answer, NotSoap, Result, answer_of, envelope, refusal
from connector.salesforce.wire import SYSTEM
from connector.toll import FREE, Toll, past_retries, pay_once

HEADERS = {
    # The default is TRUE: assignment rules would move owners on create and update.
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Call-Options": "client=kakehashi",
    "Sforce-Mru": "updateMru=false",
}


@dataclass(frozen=True, slots=True)
class _Request:
    """One call. `operation` is what the SOAP API is asked for, inside an envelope with our session."""

    method: str
    path: str
    json: object
    params: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    write: bool
    operation: str | None = None

    def body(self, token: str) -> bytes | None:
        if self.operation is not None:
            return envelope(token, self.operation)
        return None if self.json is None else orjson.dumps(self.json)


class _Adapter(HTTPAdapter):
    """Default time-outs, and plain http for loopback hosts: the library always says https."""

    def __init__(self, timeout: tuple[float, float], plain: set[str], pool_size: int) -> None:
        self._timeout = timeout
        self._plain = plain
        super().__init__(pool_maxsize=pool_size, max_retries=0)

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]  # same arguments, passed on
        parts = urlsplit(request.url)
        if parts.scheme == "https" and parts.netloc in self._plain:
            request.url = "http" + request.url.removeprefix("https")
        options["timeout"] = options.get("timeout") or self._timeout
        return super().send(request, **options)


class Gateway:
    """Sends requests to one org. Shared by threads; build one per process."""

    def __init__(
        self,
        settings: SalesforceSettings,
        *,
        clock: Callable[[], datetime],
        sleep: Sleep = time.sleep,
        dice: Dice = random.random,
        toll: Toll = FREE,
    ) -> None:
        self._settings = settings
        self._toll = toll
        self._clock = clock
        self._sleep = sleep
        self._dice = dice
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._heard = threading.local()
        self._plain: set[str] = set()
        self._session = self._make_session()
        self._client: Salesforce | None = None
        self._login: Login | None = None
        self.calls = CallCount()

    def _make_session(self) -> requests.Session:
        settings = self._settings
        session = requests.Session()
        session.trust_env = False
        timeout = (settings.connect_timeout, settings.read_timeout)
        session.mount("https://", _Adapter(timeout, self._plain, settings.pool_size))
        session.mount("http://", _Adapter(timeout, self._plain, settings.pool_size))
        session.headers.update(HEADERS)
        if settings.allow_duplicates:
            session.headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
        if settings.proxy:
            session.proxies = {"http": settings.proxy, "https": settings.proxy}
        if settings.ca_bundle:
            session.verify = settings.ca_bundle
        session.hooks["response"].append(self._hear)
        return session

    def _hear(self, response: requests.Response, **options: Any) -> None:
        """The library keeps the usage of few calls, and no header of an error: all are heard here."""
        self._heard.retry_after = response.headers.get("Retry-After")
        said = told(response.headers.get("Sforce-Limit-Info"))
        if said:
            self._toll.told(said)

    @property
    def base(self) -> str:
        """The path below which `call` sends, for addresses inside of a composite call."""
        return f"/services/data/v{self._settings.api_version}"

    def login(self) -> Login:
        """The session in force; logs in when there is none."""
        with self._lock:
            if self._login is None:
                self._log_in()
            assert self._login is not None  # noqa: S101 - set one line above
            return self._login

    def _log_in(self) -> None:
        form = token_form(self._settings, self._clock())
        url = f"{self._settings.login_url}/services/oauth2/token"
        try:
            answer = self._session.post(url, data=form)
        except requests.RequestException as error:
            raise _unreachable(error, url) from error
        body = orjson.loads(answer.content) if body_kind(answer.content) == "json" else None
        self._login = login_of(answer.status_code, body if isinstance(body, dict) else None)
        parts = urlsplit(self._login.instance_url)
        if parts.scheme == "http":
            self._plain.add(parts.netloc)
        self._client = Salesforce(
            session_id=self._login.token,
            instance_url=self._login.instance_url,
            session=self._session,
            version=self._settings.api_version,
        )

    def _forget(self, used: Login) -> None:
        """Drop an expired session, unless another thread has renewed it meanwhile."""
        with self._lock:
            if self._login is used:
                self._login = None

    def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> Any:
        """Send and parse; `path` is below the version, or absolute from ``/services``.

        None for an empty answer. Raises the errors of `connector.errors`; a refusal of the whole call
        is a `Rejected`. `headers` win over those that every call carries.
        """
        return self._patiently(_Request(method, path, json, params, headers, write))

    def soap(self, operation: str) -> list[Result]:
        """Send a writing operation of the SOAP API: one result per input, as far as it answered.

        Raises as `call` does.
        """
        path = f"/services/Soap/u/{self._settings.api_version}"
        request = _Request("POST", path, None, None, SOAP_HEADERS, write=True, operation=operation)
        answer: Answer = self._patiently(request)
        return answer.results

    def _patiently(self, request: _Request) -> Any:
        return past_retries(
            lambda: call_patiently(
                lambda: self._attempt(request),
                self._settings.retries,
                sleep=self._sleep,
                dice=self._dice,
            )
        )

    def _attempt(self, request: _Request) -> Any:
        login = self.login()
        try:
            return self._send(request)
        except Expired:
            self._forget(login)
        self.login()
        try:
            return self._send(request)
        except Expired as error:
            raise SystemBlocked(
                f"a fresh session is refused ({error.message})",
                system=SYSTEM,
                cause="credentials",
                advice="check the connected app's policies (IP range, session, allowed users) for "
                "the integration user",
            ) from error

    def _send(self, request: _Request) -> Any:
        client, write = self._client, request.write
        assert client is not None  # noqa: S101 - `login` was called before
        login = self.login()
        # The library always says https; the adapter turns loopback addresses back.
        base = f"https://{urlsplit(login.instance_url).netloc}"
        url = (base if request.path.startswith("/services") else client.base_url) + request.path
        pay_once(self._toll, "write" if write else "read")
        self._count(write=write)
        try:
            # The public verbs hide headers and parse with the standard library.
            answer = client._call_salesforce(
                request.method,
                url,
                data=request.body(login.token),
                params=request.params,
                headers=dict(request.headers or {}),
            )
        except SalesforceError as error:
            raise self._translated(error, request) from error
        except requests.ConnectTimeout as error:
            raise _unreachable(error, url) from error
        except requests.ConnectionError as error:
            if write and not _never_sent(error):
                raise outcome_unknown() from error
            raise _unreachable(error, url) from error
        except requests.RequestException as error:
            raise (outcome_unknown() if write else _unreachable(error, url)) from error
        if request.operation is not None:
            return self._soap_parsed(answer.content)
        return self._parsed(answer.content, write=write)

    def _count(self, *, write: bool) -> None:
        with self._counting:
            if write:
                self.calls.writes += 1
            else:
                self.calls.reads += 1

    def _parsed(self, body: bytes, *, write: bool) -> Any:
        kind = body_kind(body)
        if kind == "empty":
            return None
        try:
            if kind == "json":
                return orjson.loads(body)
        except orjson.JSONDecodeError:
            if write:
                raise outcome_unknown() from None
        if write:
            # A page of HTML with 200: whoever answered, it may have passed the write on.
            raise outcome_unknown()
        raise TryLater("the answer is no JSON", system=SYSTEM, after=2.0)

    def _soap_parsed(self, body: bytes) -> Answer:
        try:
            answer = answer_of(body)
        except NotSoap:
            # Whoever answered may have passed the write on.
            raise outcome_unknown() from None
        if answer.limits:
            self._toll.told(answer.limits)
        return answer

    def _translated(self, error: SalesforceError, request: _Request) -> ConnectorError:
        """The library's error by what the caller does next. Its own text holds values: never kept."""
        wish = getattr(self._heard, "retry_after", None)
        status: int = error.status
        content: object = error.content
        if request.operation is not None:
            status, content = refusal(error.content) or (status, content)
        told = translate(BadAnswer(status, content, request.write, wish), self._clock())
        if isinstance(told, SystemBlocked) and told.cause == "quota":
            # The day is used up, whatever the header said.
            self._toll.told({"daily_left": 0})
        return told


def _unreachable(error: Exception, url: str) -> Unreachable:
    host = urlsplit(url).netloc
    return Unreachable(f"cannot reach {host} ({type(error).__name__})", system=SYSTEM, after=2.0)


def _never_sent(error: requests.ConnectionError) -> bool:
    """Refused connections and unknown hosts: nothing left this machine."""
    text = repr(error)
    return any(name in text for name in ("NewConnectionError", "NameResolutionError", "Refused"))
