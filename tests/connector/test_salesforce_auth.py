"""The JWT bearer flow against the practice org, and what a token answer means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.errors import SystemBlocked, TryLater
from connector.salesforce.auth import audience, login_of
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer

USER = "integration.user@practice.example.com"


def test_a_signed_assertion_opens_a_session() -> None:
    """With a key that the org trusts; another key is refused and the setting is named."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    org = SalesforceOrg()
    server = WebServer(org.app, "salesforce-jwt", "127.0.0.1", 0)
    server.start()
    settings = SalesforceSettings(
        login_url=server.url, client_id=org.client_id, username=USER, private_key=private
    )
    try:
        stranger = SalesforceConnector(settings, clock=lambda: datetime.now(UTC))
        with pytest.raises(SystemBlocked) as told:
            stranger.ping()
        assert told.value.cause == "credentials"
        org.trust(public.decode(), USER)
        known = SalesforceConnector(settings, clock=lambda: datetime.now(UTC))
        assert known.ping().id == org.org_id
    finally:
        server.stop()
        org.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_the_audience_is_the_login_host(url: str, expected: str) -> None:
    """Of production or of sandboxes; another address is its own."""
    assert audience(url) == expected


def test_a_login_page_of_html_is_no_api() -> None:
    """And a passing fault is tried again."""
    with pytest.raises(SystemBlocked) as told:
        login_of(200, None)
    assert told.value.cause == "not_an_api"
    with pytest.raises(TryLater):
        login_of(503, None)
