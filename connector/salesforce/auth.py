"""Tokens: client credentials or JWT bearer, fetched under a lock, once for all threads.

Sending is the gateway's; this module makes the form and reads the answer. Source: Salesforce Help,
"OAuth 2.0 Client Credentials Flow" and "OAuth 2.0 JWT Bearer Flow".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from connector.errors import SystemBlocked, TryLater
from connector.http import checked_base_url
from connector.salesforce.settings import SalesforceSettings
from connector.salesforce.wire import SYSTEM, to18

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# The vendor takes assertions up to five minutes ahead; clocks differ.
ASSERTION_LIFE = timedelta(minutes=3)
# A refusal, in whatever shape its body comes.
REFUSED = frozenset({400, 401, 403})


@dataclass(frozen=True, slots=True)
class Login:
    """A session: its token, where data calls go, and who we are there (18-character ids)."""

    token: str
    instance_url: str
    org_id: str | None
    user_id: str | None


def token_form(settings: SalesforceSettings, now: datetime) -> dict[str, str]:
    """The form-encoded body of the token call."""
    if settings.client_secret and not settings.private_key:
        return {
            "grant_type": "client_credentials",
            "client_id": settings.client_id or "",
            "client_secret": settings.client_secret,
        }
    claims = {
        "iss": settings.client_id,
        "sub": settings.username,
        "aud": audience(settings.login_url or ""),
        "exp": int((now + ASSERTION_LIFE).timestamp()),
    }
    assertion = jwt.encode(claims, settings.private_key or "", algorithm="RS256")
    return {"grant_type": JWT_GRANT, "assertion": assertion}


def audience(login_url: str) -> str:
    """The login host of production or sandboxes; another address is its own audience."""
    host = urlsplit(login_url).hostname or ""
    if host.endswith(".my.salesforce.com"):
        sandbox = ".sandbox." in host or "--" in host
        return f"https://{'test' if sandbox else 'login'}.salesforce.com"
    return login_url


def login_of(status: int, body: Mapping[str, Any] | None) -> Login:
    """Read the token answer. Raises `SystemBlocked(credentials)` or `TryLater`."""
    if status >= 500 or status == 429:
        raise TryLater(f"login answered {status}", system=SYSTEM, after=5.0)
    if body is None and status not in REFUSED:
        raise SystemBlocked(
            f"the login address answered {status} with something that is not JSON",
            system=SYSTEM,
            cause="not_an_api",
            advice="set KAKEHASHI_SALESFORCE__LOGIN_URL to your org's My Domain, "
            "like https://acme.my.salesforce.com",
        )
    if body is None or status != 200 or "access_token" not in body:
        body = body or {}
        told = f"{body.get('error', status)}: {body.get('error_description', 'no reason given')}"
        raise SystemBlocked(
            f"login was refused ({told})",
            system=SYSTEM,
            cause="credentials",
            advice="check KAKEHASHI_SALESFORCE__CLIENT_ID and __CLIENT_SECRET (or __USERNAME and "
            "__PRIVATE_KEY_FILE), and that the app is allowed to use this flow",
        )
    try:
        instance_url = checked_base_url(str(body.get("instance_url", "")))
    except ValueError as error:
        raise SystemBlocked(
            f"login answered with an instance address that cannot be used: {error}",
            system=SYSTEM,
            cause="not_an_api",
            advice="set KAKEHASHI_SALESFORCE__LOGIN_URL to your org's My Domain",
        ) from error
    parts = str(body.get("id", "")).rstrip("/").split("/")
    org_id, user_id = (to18(parts[-2]), to18(parts[-1])) if len(parts) > 2 else (None, None)
    return Login(str(body["access_token"]), instance_url, org_id, user_id)
