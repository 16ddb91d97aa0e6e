"""Tokens: how a caller gets one, whose it is, and when it ends (reference sheet, section 5)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from sandbox.salesforce.answers import Refusal
from sandbox.salesforce.state import State

LIFETIME = timedelta(hours=2)
LONGEST_ASSERTION = timedelta(minutes=10)
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOOPBACK = ("127.", "localhost", "[::1]")


@dataclass(slots=True)
class Session:
    """One issued token: whose it is, and when it ends unless it is used before."""

    user_id: str
    person: bool
    ends: datetime


@dataclass(frozen=True, slots=True)
class Client:
    """A connected app, and the user it runs as."""

    secret: str
    person: bool


@dataclass(frozen=True, slots=True)
class Trusted:
    """A key whose assertions are believed for one user name."""

    public_key_pem: str
    username: str


def denied(error: str, description: str) -> Refusal:
    """The 400 of a token endpoint: an object and no array."""
    return Refusal(400, {"error": error, "error_description": description})


def instance_url(host: str) -> str:
    """The address that answers tell: plain http on this machine only."""
    return f"{'http' if host.startswith(_LOOPBACK) else 'https'}://{host}"


class Tokens:
    """Issues tokens to the known clients and keys, and knows who holds which."""

    def __init__(self, state: State, clients: Mapping[str, Client]) -> None:
        self._state = state
        self._clients = clients
        self.lifetime = LIFETIME
        self.trusted: list[Trusted] = []
        self.clear()

    def clear(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._refresh: dict[str, Session] = {}

    def holder(self, token: str) -> Session | None:
        """Whose token this is, None if nobody's or expired. Use puts off its end."""
        session = self._sessions.get(token)
        now = self._state.clock()
        if session is None or session.ends <= now:
            return None
        session.ends = now + self.lifetime
        return session

    def revoke(self, token: str) -> None:
        self._sessions.pop(token, None)

    def revoke_all(self) -> None:
        self._sessions.clear()

    def open_session(self, user_id: str) -> str:
        """A new token for a user: the 15-character org id, ``!``, and something opaque."""
        person = user_id != self._state.integration_user_id
        secret = self._state.dice.getrandbits(240).to_bytes(30, "big")
        token = f"{self._state.org_id[:15]}!AQ{base64.b64encode(secret, b'._').decode()}"
        self._sessions[token] = Session(user_id, person, self._state.clock() + self.lifetime)
        return token

    def grant(self, form: Mapping[str, str], authorization: str, host: str) -> dict[str, Any]:
        """The answer of the token endpoint. Raises the refusals of OAuth."""
        kind = form.get("grant_type")
        if kind == "client_credentials":
            return self._client_credentials(form, authorization, host)
        if kind == JWT_GRANT:
            return self._assertion(form.get("assertion", ""), host)
        if kind == "refresh_token":
            self._client(form, authorization)
            session = self._refresh.get(form.get("refresh_token", ""))
            if session is None:
                raise denied("invalid_grant", "expired access/refresh token")
            return self._answer(session.user_id, host)
        raise denied("unsupported_grant_type", "grant type not supported")

    def refresh_token(self, user_id: str) -> str:
        """A refresh token, as a web login would have left behind."""
        token = f"5Aep{self._state.dice.getrandbits(160):040x}"
        self._refresh[token] = Session(user_id, person=False, ends=self._state.clock())
        return token

    def _client_credentials(
        self, form: Mapping[str, str], authorization: str, host: str
    ) -> dict[str, Any]:
        client = self._client(form, authorization)
        if host.partition(":")[0] in {"login.salesforce.com", "test.salesforce.com"}:
            raise denied("invalid_grant", "request not supported on this domain")
        state = self._state
        user_id = state.person_user_id if client.person else state.integration_user_id
        return self._answer(user_id, host)

    def _client(self, form: Mapping[str, str], authorization: str) -> Client:
        client_id, secret = _basic(authorization)
        if client_id is None:
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        client = self._clients.get(client_id)
        if client is None:
            raise denied("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise denied("invalid_client", "invalid client credentials")
        return client

    def _assertion(self, assertion: str, host: str) -> dict[str, Any]:
        claims = self._claims(assertion)
        if claims.get("iss") not in self._clients:
            raise denied("invalid_client_id", "client identifier invalid")
        audiences = {
            "https://login.salesforce.com",
            "https://test.salesforce.com",
            f"https://{host}",
            instance_url(host),
        }
        if claims.get("aud") not in audiences:
            raise denied("invalid_grant", "Audience validation failed")
        self._check_expiry(claims.get("exp"))
        return self._answer(self._user(str(claims.get("sub"))), host)

    def _claims(self, assertion: str) -> dict[str, Any]:
        """The claims of an assertion that one of the trusted keys signed for its user."""
        signed = False
        unchecked: Options = {"verify_exp": False, "verify_aud": False}
        for trusted in self.trusted:
            try:
                claims = jwt.decode(
                    assertion,
                    trusted.public_key_pem,
                    algorithms=["RS256"],
                    options=unchecked,
                )
            except jwt.InvalidTokenError:
                continue
            signed = True
            if claims.get("sub") == trusted.username:
                return dict(claims)
        if signed:
            raise denied("invalid_grant", "user hasn't approved this consumer")
        raise denied("invalid_grant", "invalid assertion")

    def _check_expiry(self, given: object) -> None:
        """`exp` may be a text: the usual library sends one."""
        try:
            ends = int(str(given))
        except ValueError:
            raise denied("invalid_grant", "invalid assertion") from None
        left = ends - self._state.clock().timestamp()
        if left <= 0:
            raise denied("invalid_grant", "expired authorization code")
        if left > LONGEST_ASSERTION.total_seconds():
            raise denied("invalid_grant", "assertion expires too late")

    def _user(self, username: str) -> str:
        """The user of that name; a name that no user has stands for the integration user."""
        table = self._state.tables["User"]
        found = table.holders(table.schema.fields["Username"], username)
        if not found:
            return self._state.integration_user_id
        if not table.rows[found[0]].get("IsActive"):
            raise denied("inactive_user", "user is inactive")
        return found[0]

    def _answer(self, user_id: str, host: str) -> dict[str, Any]:
        base = instance_url(host)
        return {
            "access_token": self.open_session(user_id),
            "signature": f"{self._state.dice.getrandbits(128):032x}=",
            "scope": "api id",
            "instance_url": base,
            "id": f"{base}/id/{self._state.org_id}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self._state.clock().timestamp() * 1000)),
        }


def _basic(authorization: str) -> tuple[str | None, str]:
    """Client id and secret of an HTTP Basic header."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise denied("invalid_client", "invalid client credentials") from None
    return client_id, secret


def identity(state: State, user_id: str, host: str) -> dict[str, Any]:
    """Who a token's user is, as userinfo and the identity address tell."""
    user = state.tables["User"].rows[user_id]
    base = instance_url(host)
    data = f"{base}/services/data/v{{version}}"
    return {
        "sub": f"{base}/id/{state.org_id}/{user_id}",
        "id": f"{base}/id/{state.org_id}/{user_id}",
        "user_id": user_id,
        "organization_id": state.org_id,
        "preferred_username": user.get("Username"),
        "username": user.get("Username"),
        "nickname": user.get("CommunityNickname"),
        "name": user.get("Name"),
        "display_name": user.get("Name"),
        "email": user.get("Email"),
        "email_verified": True,
        "given_name": user.get("FirstName"),
        "family_name": user.get("LastName"),
        "zoneinfo": user.get("TimeZoneSidKey"),
        "timezone": user.get("TimeZoneSidKey"),
        "locale": user.get("LocaleSidKey"),
        "language": user.get("LanguageLocaleKey"),
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "urls": {
            "rest": f"{data}/",
            "sobjects": f"{data}/sobjects/",
            "query": f"{data}/query/",
            "custom_domain": base,
        },
    }
