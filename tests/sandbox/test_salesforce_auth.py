"""Getting into the Salesforce practice org."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import Served, lead

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def test_client_credentials_by_basic_open_a_session(served: Served) -> None:
    """The library's own client-credentials flow works unmodified."""
    assert served.client().query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_client_credentials_in_the_body_tell_a_loopback_instance(
    served: Served, org: SalesforceOrg
) -> None:
    """On this machine the instance is the address that was called, over plain http."""
    form = {
        "grant_type": "client_credentials",
        "client_id": org.client_id,
        "client_secret": org.client_secret,
    }
    answer = requests.post(f"{served.url}/services/oauth2/token", data=form, timeout=5).json()
    assert answer["instance_url"] == served.url
    assert answer["access_token"].startswith(f"{org.org_id[:15]}!")
    assert answer["id"].endswith(f"/{org.org_id}/{org.integration_user_id}")
    assert "expires_in" not in answer


def test_a_wrong_secret_is_answered_in_the_words_of_oauth(
    served: Served, org: SalesforceOrg
) -> None:
    """The token endpoint answers an object, and status 400."""
    form = {
        "grant_type": "client_credentials",
        "client_id": org.client_id,
        "client_secret": "wrong",
    }
    answer = requests.post(f"{served.url}/services/oauth2/token", data=form, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


def test_the_login_host_refuses_client_credentials(served: Served, org: SalesforceOrg) -> None:
    """They work on the My Domain host only."""
    answer = requests.post(
        f"{served.url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(org.client_id, org.client_secret),
        headers={"Host": "login.salesforce.com"},
        timeout=5,
    )
    assert answer.json()["error"] == "invalid_grant"


def test_a_jwt_with_its_expiry_as_text_opens_a_session(served: Served, org: SalesforceOrg) -> None:
    """The library sends `exp` as a string."""
    served.clock.now = datetime.now(UTC)
    private, public = _key_pair()
    org.trust(public, "bridge@example.com")
    client = Salesforce(
        username="bridge@example.com",
        consumer_key=org.client_id,
        privatekey=private,
        version="62.0",
        session=served.session(),
    )
    client.Lead.create(lead())
    (stored,) = org.records("Lead").values()
    assert stored["CreatedById"] == org.integration_user_id


@pytest.mark.filterwarnings("ignore:\\s*If your connected app:UserWarning")
def test_a_jwt_for_another_user_is_not_approved(served: Served, org: SalesforceOrg) -> None:
    """A trusted key speaks for its own user name alone."""
    served.clock.now = datetime.now(UTC)
    private, public = _key_pair()
    org.trust(public, "bridge@example.com")
    with pytest.raises(SalesforceAuthenticationFailed, match="approved"):
        Salesforce(
            username="somebody@example.com",
            consumer_key=org.client_id,
            privatekey=private,
            session=served.session(),
        )


def test_an_old_jwt_is_refused(served: Served, org: SalesforceOrg) -> None:
    """An assertion whose time has come is worth nothing."""
    served.clock.now = datetime.now(UTC) + timedelta(minutes=30)
    private, public = _key_pair()
    org.trust(public, "bridge@example.com")
    with pytest.raises(SalesforceAuthenticationFailed):
        Salesforce(
            username="bridge@example.com",
            consumer_key=org.client_id,
            privatekey=private,
            session=served.session(),
        )


def test_a_refresh_token_opens_another_session(served: Served, org: SalesforceOrg) -> None:
    """The refresh flow answers a new access token and no new refresh token."""
    form = {
        "grant_type": "refresh_token",
        "client_id": org.client_id,
        "client_secret": org.client_secret,
        "refresh_token": org.tokens.refresh_token(org.integration_user_id),
    }
    answer = requests.post(f"{served.url}/services/oauth2/token", data=form, timeout=5).json()
    assert "access_token" in answer
    assert "refresh_token" not in answer


def test_soap_login_with_a_password_opens_a_session(served: Served, org: SalesforceOrg) -> None:
    """The old login still works for those who have a password and a security token."""
    org.set_password("integration.user@practice.example.com", "open-sesame")
    client = Salesforce(
        username="integration.user@practice.example.com",
        password="open-",
        security_token="sesame",
        session=served.session(),
    )
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000


def test_soap_login_with_a_wrong_password_fails(served: Served) -> None:
    """The fault carries the code INVALID_LOGIN."""
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(
            username="integration.user@practice.example.com",
            password="x",
            security_token="y",
            session=served.session(),
        )


def test_a_token_ends_two_hours_after_its_last_use(served: Served) -> None:
    """Use puts off the end; then the answer is 401 INVALID_SESSION_ID in an array."""
    token = served.client().session_id
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{served.url}/services/data/v62.0/limits"
    served.clock.advance(hours=1.9)
    assert requests.get(address, headers=headers, timeout=5).status_code == 200
    served.clock.advance(hours=1.9)
    assert requests.get(address, headers=headers, timeout=5).status_code == 200
    served.clock.advance(hours=2.1)
    late = requests.get(address, headers=headers, timeout=5)
    assert (late.status_code, late.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_the_library_logs_in_again_when_its_token_ended(served: Served) -> None:
    """An expired session costs a login and nothing else."""
    client = served.client()
    served.clock.advance(hours=3)
    assert client.query("SELECT Id FROM Lead")["totalSize"] == 0


def test_without_login_an_expired_session_surfaces(served: Served, org: SalesforceOrg) -> None:
    """A client that holds only a session id cannot refresh it."""
    token = served.client().session_id
    direct = Salesforce(session_id=token, instance="practice.my", session=served.session())
    org.expire_tokens()
    with pytest.raises(SalesforceExpiredSession):
        direct.query("SELECT Id FROM Lead")


def test_userinfo_tells_whose_token_it_is(served: Served, org: SalesforceOrg) -> None:
    """The user and the organization stand under their OpenID names."""
    told = served.client(person=True).oauth2("userinfo")
    assert told["user_id"] == org.person_user_id
    assert told["organization_id"] == org.org_id


def test_a_call_without_a_token_is_told_so(served: Served) -> None:
    """No header: 401 INVALID_AUTH_HEADER."""
    answer = requests.get(f"{served.url}/services/data/v62.0/limits", timeout=5)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_AUTH_HEADER")


def test_the_versions_are_listed_for_everybody(served: Served) -> None:
    """No token and no limit header there."""
    answer = requests.get(f"{served.url}/services/data/", timeout=5)
    assert "62.0" in [one["version"] for one in answer.json()]
    assert "Sforce-Limit-Info" not in answer.headers
