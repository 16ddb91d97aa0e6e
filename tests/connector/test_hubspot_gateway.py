"""The gateway over a real connection: what is sent, what is repeated, what errors become."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.http import RetryPolicy, Unreachable
from connector.hubspot.gateway import Gateway
from connector.hubspot.limits import Limits
from connector.hubspot.requests import Born, Request, Requests
from connector.hubspot.settings import HubSpotSettings
from tests.connector.hubspot_server import Reply, Server, running

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
V3 = Requests("v3")
READ = V3.account()
CREATE = V3.batch_create("contacts", [Born({"email": "ann@example.com"})])
UPDATE = V3.batch_update("contacts", {"1": {"email": "ann@example.com"}})
ARCHIVE = V3.batch_archive("contacts", ["1"])
PAGE = b"<html><body>checking your browser</body></html>"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def slept() -> list[float]:
    return []


def gateway(url: str, slept: list[float], **more: Any) -> Gateway:
    settings = {
        "access_token": "pat-1",
        "retries": RetryPolicy(tries=3, seconds=30),
        # A busy machine may answer late; a call that is given up is sent again, and counted.
        "read_timeout": 30,
        **more,
    }
    return Gateway(
        HubSpotSettings(base_url=url, **settings),
        clock=lambda: NOON,
        sleep=slept.append,
        dice=lambda: 0.0,
    )


def test_a_call_carries_token_and_json(server: Server, slept: list[float]) -> None:
    """And answers with the parsed body and HubSpot's own id of the call."""
    server.queue = [Reply(200, {"portalId": 7}, {"X-HubSpot-Correlation-Id": "c-1"})]
    answer = gateway(server.url, slept).send(READ)
    assert (answer.status, answer.json, answer.request_id) == (200, {"portalId": 7}, "c-1")
    [asked] = server.asked
    assert asked.headers["Authorization"] == "Bearer pat-1"
    gateway(server.url, slept).send(UPDATE)
    assert server.asked[1].json["inputs"][0]["properties"] == {"email": "ann@example.com"}


def test_busy_is_waited_out_as_the_server_wishes(server: Server, slept: list[float]) -> None:
    """And each attempt is counted."""
    server.queue = [Reply(429, {"message": "secondly"}, {"Retry-After": "3"}), Reply(503, PAGE)]
    door = gateway(server.url, slept)
    door.send(UPDATE)
    assert slept[0] == 3.0
    assert len(slept) == 2
    assert (door.calls.reads, door.calls.writes) == (0, 3)


def test_an_update_that_failed_with_an_answer_is_sent_again(
    server: Server, slept: list[float]
) -> None:
    """A 500 is an answer."""
    server.queue = [Reply(500, {"message": "oops"})]
    gateway(server.url, slept).send(UPDATE)
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [500, 502, 504, 524])
def test_a_create_that_may_have_been_done_is_not(
    server: Server, slept: list[float], status: int
) -> None:
    """It would be there twice."""
    server.answer = lambda asked: Reply(status, PAGE)
    with pytest.raises(OutcomeUnknown):
        gateway(server.url, slept).send(CREATE)
    assert len(server.asked) == 1


@pytest.mark.parametrize("request_", [CREATE, UPDATE])
@pytest.mark.parametrize(
    "reply", [Reply(cut=True), Reply(200, {"results": []}, truncate=True), Reply(200, PAGE)]
)
def test_a_write_without_a_readable_answer_is_of_unknown_outcome(
    server: Server, slept: list[float], request_: Request, reply: Reply
) -> None:
    """Connection cut, body torn, or a web page: it is never sent again by itself."""
    server.answer = lambda asked: reply
    with pytest.raises(OutcomeUnknown):
        gateway(server.url, slept).send(request_)
    assert len(server.asked) == 1


@pytest.mark.parametrize("request_", [READ, ARCHIVE])
def test_what_may_be_repeated_is(server: Server, slept: list[float], request_: Request) -> None:
    """Reads, and writes that end in the same state."""
    server.queue = [Reply(cut=True), Reply(200, {"a": "b" * 99}, truncate=True)]
    assert gateway(server.url, slept).send(request_).status == 200
    assert len(server.asked) == 3


def test_nobody_at_home_is_told_as_unreachable(slept: list[float]) -> None:
    """Even for a create: nothing was sent."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(Unreachable):
        gateway(url, slept).send(CREATE)
    assert len(slept) == 2


def test_a_web_page_in_place_of_the_api_blocks_the_system(
    server: Server, slept: list[float]
) -> None:
    """After the retries that a bad moment of the edge deserves."""
    server.answer = lambda asked: Reply(200, PAGE)
    with pytest.raises(SystemBlocked) as blocked:
        gateway(server.url, slept).send(READ)
    assert blocked.value.cause == "not_an_api"
    assert len(server.asked) == 3


def test_a_redirect_is_not_followed_with_our_token(server: Server, slept: list[float]) -> None:
    """It is no API that sends us elsewhere."""
    server.answer = lambda asked: Reply(302, b"", {"Location": f"{server.url}/elsewhere"})
    with pytest.raises(SystemBlocked):
        gateway(server.url, slept).send(READ)
    assert server.calls() == ["GET /account-info/v3/details"]


def test_a_slow_answer_is_given_up(slept: list[float]) -> None:
    """No call is without a time-out; a read is tried again, a write is of unknown outcome."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        door = gateway(url, slept, read_timeout=0.05)
        with pytest.raises(TryLater) as late:
            door.send(READ)
        assert not isinstance(late.value, OutcomeUnknown)
        with pytest.raises(OutcomeUnknown):
            door.send(UPDATE)
        assert (door.calls.reads, door.calls.writes) == (3, 1)


def test_an_error_page_in_another_alphabet_is_still_an_error(
    server: Server, slept: list[float]
) -> None:
    """The body need not be UTF-8."""
    server.answer = lambda asked: Reply(404, "<html>見つかりません</html>".encode("shift_jis"))
    with pytest.raises(Rejected) as refused:
        gateway(server.url, slept).send(V3.one("contacts", "1", archived=False))
    assert refused.value.cause == "not_found"


def test_searches_are_paced(server: Server, slept: list[float]) -> None:
    """Five a second; the sixth waits."""
    settings = HubSpotSettings(base_url=server.url, access_token="pat-1")
    door = Gateway(settings, clock=lambda: NOON, sleep=slept.append, ticks=lambda: 50.0)
    for _ in range(6):
        door.send(V3.search_window("contacts", 1, 2, 3))
    assert slept == [1.0]


def test_the_limits_that_answers_tell_are_kept(server: Server, slept: list[float]) -> None:
    """A search tells only of the day; what was known of the burst stays."""
    both = {
        "X-HubSpot-RateLimit-Daily": "625000",
        "X-HubSpot-RateLimit-Daily-Remaining": "624998",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": "188",
    }
    server.queue = [
        Reply(200, {}, both),
        Reply(200, {}, {"X-HubSpot-RateLimit-Daily-Remaining": "624997"}),
        Reply(200, {}, {"X-HubSpot-RateLimit-Max": "soon"}),
    ]
    door = gateway(server.url, slept)
    assert door.limits == Limits()
    for _ in range(3):
        door.send(READ)
    assert door.limits == Limits(625000, 624997, 190, 188, 10.0)


def test_a_token_fetch_that_fails_in_passing_is_tried_again(
    server: Server, slept: list[float]
) -> None:
    """As often as the call that needs the token is patient, and no more."""
    server.answer = lambda asked: Reply(503, {"message": "busy"})
    with pytest.raises(TryLater):
        gateway(server.url, slept, **OAUTH).send(READ)
    assert server.calls() == ["POST /oauth/v1/token"] * 3


OAUTH = {
    "access_token": None,
    "client_id": "app",
    "client_secret": "hush",
    "refresh_token": "r-1",
}


def test_oauth_fetches_a_token_first(server: Server, slept: list[float]) -> None:
    """By a form, without a bearer; once for many calls."""
    server.queue = [Reply(200, {"access_token": "t-1", "expires_in": 1800})]
    door = gateway(server.url, slept, **OAUTH)
    door.send(READ)
    door.send(READ)
    first, second, third = server.asked
    assert (first.method, first.path) == ("POST", "/oauth/v1/token")
    assert first.body == (
        b"grant_type=refresh_token&client_id=app&client_secret=hush&refresh_token=r-1"
    )
    assert "Authorization" not in first.headers
    assert [second.headers["Authorization"], third.headers["Authorization"]] == ["Bearer t-1"] * 2


def test_an_expired_token_is_renewed_once(server: Server, slept: list[float]) -> None:
    """If the new one is refused as well, the system is blocked."""
    expired = Reply(401, {"message": "expired", "category": "EXPIRED_AUTHENTICATION"})
    grant = Reply(200, {"access_token": "t", "expires_in": 1800})
    again = Reply(200, {"access_token": "t-2", "expires_in": 1800})
    server.queue = [grant, expired, again, Reply(200, {"portalId": 7}), expired, again]
    door = gateway(server.url, slept, **OAUTH)
    assert door.send(READ).json == {"portalId": 7}
    with pytest.raises(SystemBlocked) as blocked:
        door.send(READ)
    assert blocked.value.cause == "credentials"


def test_a_bad_refresh_token_blocks_without_a_loop(server: Server, slept: list[float]) -> None:
    """The token endpoint is asked once, whatever is called afterwards."""
    server.answer = lambda asked: Reply(
        400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or unknown refresh token"}
    )
    door = gateway(server.url, slept, **OAUTH)
    for _ in range(3):
        with pytest.raises(SystemBlocked) as blocked:
            door.send(READ)
        assert blocked.value.cause == "credentials"
    assert server.calls() == ["POST /oauth/v1/token"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"base_url": "http://api.example.com", "access_token": "x"}, "unencrypted"),
        ({"access_token": None}, "access token"),
        ({"access_token": "x", "api_version": "v4"}, "version"),
    ],
)
def test_settings_that_cannot_work_are_refused(more: dict[str, Any], words: str) -> None:
    """In words that say what to change."""
    with pytest.raises(ValueError, match=words):
        HubSpotSettings(**more)


def test_settings_never_show_their_secrets() -> None:
    """They end up in logs and tracebacks."""
    shown = repr(HubSpotSettings(access_token="s3cret-1", client_secret="s3cret-2"))
    assert "s3cret" not in shown


def test_the_companys_proxy_carries_the_calls(server: Server, slept: list[float]) -> None:
    """Nobody listens at the address itself; the proxy is asked for it."""
    door = gateway("http://127.0.0.1:9", slept, proxy=server.url)
    assert door.send(READ).status == 200
    assert server.calls() == ["GET /account-info/v3/details"]


def test_an_untrusted_connection_blocks_with_advice(server: Server, slept: list[float]) -> None:
    """No retry makes a certificate better; the advice names the variable for a company's own CA."""
    door = gateway(server.url.replace("http:", "https:"), slept)
    with pytest.raises(SystemBlocked) as blocked:
        door.send(CREATE)
    assert blocked.value.cause == "unreachable"
    assert "REQUESTS_CA_BUNDLE" in blocked.value.advice
    assert slept == []


def test_one_connection_serves_many_calls(server: Server, slept: list[float]) -> None:
    """A new connection per call would cost a TLS handshake each time."""
    door = gateway(server.url, slept)
    for _ in range(20):
        door.send(READ)
    assert len({asked.port for asked in server.asked}) == 1
