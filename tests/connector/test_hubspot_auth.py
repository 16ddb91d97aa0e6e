"""Tokens are renewed on the clock, by one thread, and never in a loop."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.errors import ConnectorError, Rejected, SystemBlocked, TryLater
from connector.hubspot.auth import FixedToken, RefreshedToken

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Issuer:
    """Hands out token-1, token-2, ... for half an hour each, unless it is told to fail."""

    def __init__(self) -> None:
        self.now = NOON
        self.issued = 0
        self.asked: list[str] = []
        self.error: ConnectorError | None = None
        self.next_refresh = "r-1"

    def __call__(self, refresh_token: str) -> Mapping[str, Any]:
        self.asked.append(refresh_token)
        if self.error is not None:
            raise self.error
        self.issued += 1
        return {
            "token_type": "bearer",
            "access_token": f"token-{self.issued}",
            "refresh_token": self.next_refresh,
            "expires_in": 1800,
        }

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def tokens(issuer: Issuer) -> RefreshedToken:
    return RefreshedToken("r-1", issuer, clock=lambda: issuer.now)


def test_a_token_is_kept_until_five_minutes_before_its_end(
    issuer: Issuer, tokens: RefreshedToken
) -> None:
    """25 of its 30 minutes it is used."""
    assert tokens.token() == "token-1"
    issuer.pass_minutes(24.9)
    assert tokens.token() == "token-1"
    issuer.pass_minutes(0.2)
    assert tokens.token() == "token-2"


def test_many_threads_fetch_one_token(issuer: Issuer, tokens: RefreshedToken) -> None:
    """The others wait for the one that fetches."""
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(tokens.token())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["token-1"] * 16
    assert issuer.issued == 1


def test_a_bad_refresh_token_is_asked_once(issuer: Issuer, tokens: RefreshedToken) -> None:
    """A person has to connect the app again; until then nobody knocks."""
    issuer.error = Rejected("BAD_REFRESH_TOKEN", system="hubspot")
    for _ in range(3):
        with pytest.raises(SystemBlocked) as blocked:
            tokens.token()
        assert blocked.value.cause == "credentials"
    assert len(issuer.asked) == 1


def test_a_passing_fault_is_borne_while_the_old_token_works(
    issuer: Issuer, tokens: RefreshedToken
) -> None:
    """It is tried again half a minute later, and told only when the token has ended."""
    assert tokens.token() == "token-1"
    issuer.pass_minutes(26)
    issuer.error = TryLater("busy", system="hubspot")
    assert [tokens.token(), tokens.token()] == ["token-1", "token-1"]
    assert len(issuer.asked) == 2
    issuer.pass_minutes(1)
    assert tokens.token() == "token-1"
    assert len(issuer.asked) == 3
    issuer.pass_minutes(5)
    with pytest.raises(TryLater):
        tokens.token()
    issuer.error = None
    assert tokens.token() == "token-2"


def test_an_expired_token_is_replaced_once_for_all_who_complain(
    issuer: Issuer, tokens: RefreshedToken
) -> None:
    """The second one to complain of the same token finds it replaced."""
    stale = tokens.token()
    assert tokens.renew(stale)
    assert tokens.renew(stale)
    assert tokens.token() == "token-2"
    assert issuer.issued == 2


def test_another_refresh_token_is_used_and_told(issuer: Issuer) -> None:
    """HubSpot may hand out another one at any time."""
    kept: list[str] = []
    tokens = RefreshedToken("r-1", issuer, clock=lambda: issuer.now, keep=kept.append)
    issuer.next_refresh = "r-2"
    tokens.token()
    issuer.pass_minutes(30)
    tokens.token()
    assert issuer.asked == ["r-1", "r-2"]
    assert kept == ["r-2"]


def test_a_fixed_token_cannot_be_renewed() -> None:
    """A private app's token has no end."""
    fixed = FixedToken("pat")
    assert fixed.token() == "pat"
    assert not fixed.renew("pat")
