"""Promises of the helpers that both vendors' senders share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, OutcomeUnknown, Rejected, TryLater
from connector.http import (
    Pace,
    RetryPolicy,
    body_kind,
    ca_bundle_of,
    call_patiently,
    checked_base_url,
    proxy_for,
    retry_after,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def failing(*errors: ConnectorError) -> Callable[[], str]:
    """A call that fails with each of these in turn and then answers."""
    left = list(errors)

    def send() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return send


def busy(after: float = 0.0) -> TryLater:
    return TryLater("busy", system="test", after=after)


def test_a_passing_fault_is_waited_out() -> None:
    """A call that fails twice and then works answers, with growing waits in between."""
    slept: list[float] = []
    policy = RetryPolicy(first=1.0)
    assert call_patiently(failing(busy(), busy()), policy, sleep=slept.append, dice=lambda: 1.0)
    assert slept == [1.0, 2.0]


def test_the_servers_wish_wins_over_our_own_wait() -> None:
    """Nobody comes back before the time that the server named."""
    slept: list[float] = []
    policy = RetryPolicy(first=0.1)
    call_patiently(failing(busy(7.0)), policy, sleep=slept.append, dice=lambda: 0.0)
    assert slept == [7.0]


def test_patience_ends_with_the_tries() -> None:
    """After the last try the fault is raised as it is."""
    slept: list[float] = []
    with pytest.raises(TryLater):
        call_patiently(failing(*[busy()] * 9), RetryPolicy(tries=3), sleep=slept.append)
    assert len(slept) == 2


def test_a_wait_beyond_the_budget_is_not_begun() -> None:
    """A server that asks for an hour gets its hour from the caller, not from a sleeping thread."""
    slept: list[float] = []
    with pytest.raises(TryLater) as caught:
        call_patiently(failing(busy(3600.0)), RetryPolicy(seconds=60.0), sleep=slept.append)
    assert caught.value.after == 3600.0
    assert slept == []


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("no answer", system="test"), Rejected("no", system="test")]
)
def test_only_what_did_nothing_is_repeated(error: ConnectorError) -> None:
    """A write of unknown outcome and a refusal are raised at once."""
    slept: list[float] = []
    with pytest.raises(type(error)):
        call_patiently(failing(error), RetryPolicy(), sleep=slept.append)
    assert slept == []


@given(st.integers(1, 50), st.floats(0, 1000), st.floats(0, 1))
def test_a_wait_is_never_shorter_than_asked_and_never_endless(
    attempt: int, after: float, die: float
) -> None:
    """For every attempt: after <= wait <= the larger of the ceiling and 1.1 x after."""
    policy = RetryPolicy(ceiling=20.0)
    wait = policy.wait(attempt, after, lambda: die)
    assert after <= wait <= max(20.0, after * 1.1 + 1e-9)


def test_the_sixth_call_waits_for_the_second_to_end() -> None:
    """Five calls a second go at once; the sixth begins a second after the first."""
    now = [100.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(5, 1.0, clock=lambda: now[0], sleep=sleep)
    begun = []
    for _ in range(12):
        pace.wait_turn()
        begun.append(now[0])
    assert begun == [100.0] * 5 + [101.0] * 5 + [102.0] * 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a":1}', "json"),
        (b"\n [1]", "json"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "html"),
        (b"  <html>", "html"),
        (b"", "empty"),
        (b"upstream error", "other"),
    ],
)
def test_a_body_is_known_by_its_first_character(body: bytes, kind: str) -> None:
    """Whatever the headers say, an error page is not taken for JSON."""
    assert body_kind(body) == kind


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_holds_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """Both forms of the header are understood, and nonsense is as good as none."""
    assert retry_after(header, NOON) == seconds


@pytest.mark.parametrize(
    "url", ["https://api.example.com/", "http://127.9.8.7:80", "http://[::1]:5", "http://localhost"]
)
def test_safe_addresses_are_taken(url: str) -> None:
    """https anywhere, http on this machine."""
    assert checked_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.example.com", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("api.example.com", "not an http"),
        ("https://u:hush@api.example.com", "user name"),
    ],
)
def test_unsafe_addresses_are_refused_with_the_reason(url: str, words: str) -> None:
    """Plain http leaves the machine only over this error, which holds no secret."""
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        checked_base_url(url)
    assert "hush" not in str(caught.value)


def test_the_usual_variables_name_the_proxy() -> None:
    """The proxy of the scheme is used, except for hosts that are excluded or local."""
    environment = {
        "HTTPS_PROXY": "http://proxy.example.com:3128",
        "NO_PROXY": "internal.example.com",
    }
    assert proxy_for("https://api.example.com", environment) == "http://proxy.example.com:3128"
    assert proxy_for("https://internal.example.com", environment) is None
    assert proxy_for("http://127.0.0.1:1", {"HTTP_PROXY": "http://proxy.example.com"}) is None
    assert proxy_for("https://api.example.com", {}) is None


def test_a_companys_own_authority_is_found() -> None:
    """The variable that requests uses is honoured."""
    assert ca_bundle_of({"REQUESTS_CA_BUNDLE": "/etc/company.pem"}) == "/etc/company.pem"
    assert ca_bundle_of({}) is None
