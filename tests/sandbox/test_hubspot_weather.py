"""Promises of the HubSpot practice org about tokens, limits, faults and webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ForbiddenException, UnauthorizedException
from hubspot.utils.signature import Signature
from urllib3.exceptions import HTTPError

from sandbox.hubspot.hooks import sign_v1, sign_v3
from tests.sandbox.hubspot_scene import Scene, opened

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as scene:
        yield scene


# Tokens ------------------------------------------------------------------------------------------


def test_an_unknown_token_is_not_let_in(scene: Scene) -> None:
    """401 INVALID_AUTHENTICATION."""
    answer = scene.send("GET", CONTACTS, token="nobody")
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"


def test_a_missing_scope_is_forbidden_and_named(scene: Scene) -> None:
    """403 MISSING_SCOPES until the scope is granted again."""
    scene.org.revoke({"crm.objects.contacts.write"})
    api = scene.client.crm.contacts.basic_api
    with pytest.raises(ForbiddenException) as refused:
        api.create({"properties": {"firstname": "Ann"}})
    assert '"requiredGranularScopes":["crm.objects.contacts.write"]' in refused.value.body
    assert api.get_page().results == []
    scene.org.grant({"crm.objects.contacts.write"})
    assert api.create({"properties": {"firstname": "Ann"}}).id


def test_a_refresh_token_buys_half_an_hour(scene: Scene) -> None:
    """The new token works, carries no daily headers, and expires with its age told."""
    grant = scene.client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=scene.org.client_id,
        client_secret=scene.org.client_secret,
        refresh_token=scene.org.refresh_token,
    )
    assert grant.expires_in == 1800 and grant.refresh_token == scene.org.refresh_token
    answer = scene.send("GET", CONTACTS, token=grant.access_token)
    assert answer.status_code == 200 and "X-HubSpot-RateLimit-Daily" not in answer.headers
    scene.clock.advance(1800 + 420)
    told = scene.send("GET", CONTACTS, token=grant.access_token)
    assert told.status_code == 401 and "expired 7 minute(s) ago" in told.json()["message"]


def test_a_bad_refresh_token_is_an_invalid_grant(scene: Scene) -> None:
    """400 BAD_REFRESH_TOKEN."""
    form = {"grant_type": "refresh_token", "refresh_token": "stale"}
    response = scene.client.api_request(
        {"method": "POST", "path": "/oauth/v1/token", "body": form, "default_json": False}
    )
    assert response.status_code == 400
    assert response.json()["status"] == "BAD_REFRESH_TOKEN"
    assert response.json()["error"] == "invalid_grant"


# Limits ------------------------------------------------------------------------------------------


def test_the_ten_second_window_slides() -> None:
    """One call too many is 429 with its policy name; ten seconds later all is well."""
    with opened(burst_limit=3) as scene:
        answers = [scene.send("GET", CONTACTS) for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[3].json()["policyName"] == "TEN_SECONDLY_ROLLING"
        assert answers[2].headers["X-HubSpot-RateLimit-Remaining"] == "0"
        scene.clock.advance(10)
        assert scene.send("GET", CONTACTS).status_code == 200


def test_the_day_ends_at_the_accounts_midnight() -> None:
    """429 DAILY until midnight in Tokyo, which is 15:00 UTC."""
    with opened(daily_limit=1) as scene:
        scene.send("GET", CONTACTS)
        assert scene.send("GET", CONTACTS).json()["policyName"] == "DAILY"
        scene.clock.advance(12 * 3600)
        assert scene.send("GET", CONTACTS).status_code == 200


def test_a_person_is_neither_counted_nor_limited() -> None:
    """Work in the pages is no API call."""
    with opened(burst_limit=0) as scene:
        assert scene.as_person("GET", CONTACTS).status_code == 200
        assert scene.org.calls.total == 0


def test_calls_are_counted_with_ids_left_out(scene: Scene) -> None:
    """By method and path as they were called."""
    for record_id in ("1", "2"):
        scene.send("GET", f"/crm/objects/2026-09/contacts/{record_id}")
    scene.send("POST", f"{CONTACTS}/batch/read", {"inputs": [{"id": "1"}]})
    assert scene.org.calls.as_json()["by_call"] == {
        "GET /crm/objects/2026-09/contacts/{record_id}": 2,
        f"POST {CONTACTS}/batch/read": 1,
    }


# Faults ------------------------------------------------------------------------------------------


def test_a_lost_answer_leaves_the_work_done(scene: Scene) -> None:
    """The write landed, the connection broke."""
    scene.org.faults.order({"kind": "lost_answer", "match": "POST"})
    with pytest.raises(HTTPError):
        scene.client.crm.contacts.basic_api.create({"properties": {"firstname": "Ann"}})
    assert len(scene.org.records("contacts")) == 1


def test_half_a_text_is_no_json(scene: Scene) -> None:
    """The work is done, the answer is 200 with the right length, and cannot be read."""
    scene.contact(firstname="Ann")
    scene.org.faults.order({"kind": "truncated"})
    answer = scene.send("GET", CONTACTS)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_an_ignored_write_is_answered_like_any_other(scene: Scene) -> None:
    """200, the value in the answer, and not in the record; other properties are stored."""
    contact = scene.contact(email="a@example.com")
    scene.org.faults.order({"kind": "ignore_write", "property": "city"})
    told = scene.client.crm.contacts.basic_api.update(
        contact, {"properties": {"city": "Nara", "state": "Nara"}}
    )
    assert told.properties["city"] == "Nara"
    assert "city" not in scene.held(contact) and scene.held(contact)["state"] == "Nara"


def test_a_weakened_write_stores_less(scene: Scene) -> None:
    """Cut to a length, or lower case."""
    contact = scene.contact(email="a@example.com")
    api = scene.client.crm.contacts.basic_api
    scene.org.faults.order({"kind": "weaken", "property": "city", "length": 3})
    api.update(contact, {"properties": {"city": "Kyoto"}})
    assert scene.held(contact)["city"] == "Kyo"
    scene.org.faults.order({"kind": "weaken", "property": "city"})
    api.update(contact, {"properties": {"city": "NARA"}})
    assert scene.held(contact)["city"] == "nara"


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"kind": "status", "status": 423}, 423, "locked"),
        ({"kind": "status", "status": 524}, 524, "<html>"),
        ({"kind": "status", "status": 503, "body": "<html>down</html>"}, 503, "<html>down"),
        ({"kind": "status", "status": 429, "body": {"message": "slow down"}}, 429, "slow down"),
        ({"kind": "html_200"}, 200, "<html>"),
        ({"kind": "missing_scope", "scope": "x.y"}, 403, "x.y"),
        ({"kind": "rate_burst", "headers": {"Retry-After": "3"}}, 429, "TEN_SECONDLY_ROLLING"),
        ({"kind": "rate_daily"}, 429, "DAILY"),
        ({"kind": "rate_search"}, 429, "RATE_LIMITS"),
    ],
)
def test_faults_answer_in_place_of_the_org(
    scene: Scene, fault: dict[str, Any], status: int, text: str
) -> None:
    """Once, then the org is itself again; nothing was done."""
    scene.org.faults.order(fault)
    answer = scene.send("POST", CONTACTS, {"properties": {"firstname": "Ann"}})
    assert answer.status_code == status and text in answer.text
    assert answer.headers.get("Retry-After") == fault.get("headers", {}).get("Retry-After")
    assert scene.org.records("contacts") == {}
    assert scene.send("GET", CONTACTS).status_code == 200


def test_a_token_can_be_made_to_expire(scene: Scene) -> None:
    """401 EXPIRED_AUTHENTICATION with the time in its context."""
    scene.org.faults.order({"kind": "expired_token"})
    with pytest.raises(UnauthorizedException) as refused:
        scene.client.crm.contacts.basic_api.get_page()
    assert "EXPIRED_AUTHENTICATION" in refused.value.body and "expire time" in refused.value.body


def test_reset_empties_the_account_but_keeps_the_built_in_properties(scene: Scene) -> None:
    """Records, faults, calls and own properties go."""
    scene.contact(email="a@example.com")
    scene.org.faults.order({"kind": "html_200"})
    scene.send("GET", CONTACTS)
    scene.org.reset()
    assert scene.org.records("contacts") == {} and scene.org.calls.total == 0
    assert scene.send("GET", CONTACTS).json() == {"results": []}
    assert scene.contact(email="a@example.com")


# Webhooks ----------------------------------------------------------------------------------------

Delivery = tuple[dict[str, str], bytes]


@contextmanager
def doorbell(failures: int = 0) -> Iterator[tuple[str, list[Delivery]]]:
    """A listener that fails the first so many deliveries with 500."""
    heard: list[Delivery] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(500 if len(heard) <= failures else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def events(heard: list[Delivery]) -> list[dict[str, Any]]:
    return [one for _, body in heard for one in json.loads(body)]


def test_changes_ring_with_both_signatures() -> None:
    """Our own write comes back as INTEGRATION, ids are numbers, v1 and v3 signatures hold."""
    with opened() as scene, doorbell() as (url, heard):
        scene.org.subscribe(url, events=["contact.creation"], properties={"contact": ["city"]})
        made = scene.client.crm.contacts.basic_api.create({"properties": {"city": "Nara"}})
        assert scene.org.hooks.drain(5)
        told = {one["subscriptionType"]: one for one in events(heard)}
        change = told["contact.propertyChange"]
        assert (change["propertyName"], change["propertyValue"]) == ("city", "Nara")
        assert change["objectId"] == int(made.id) and change["portalId"] == scene.org.portal_id
        assert (change["changeSource"], change["sourceId"]) == ("INTEGRATION", "1357911")
        assert told["contact.creation"]["changeFlag"] == "NEW"
        headers, body = heard[0]
        secret = scene.org.client_secret
        v1 = headers["x-hubspot-signature"]
        assert v1 == hashlib.sha256(secret.encode() + body).hexdigest()
        assert Signature.is_valid(
            headers["x-hubspot-signature-v3"],
            secret,
            body.decode(),
            url,
            "POST",
            "v3",
            headers["x-hubspot-request-timestamp"],
        )


def test_an_identical_write_rings_nobody() -> None:
    """No change, no event."""
    with opened() as scene, doorbell() as (url, heard):
        contact = scene.contact(city="Nara")
        scene.org.subscribe(url, properties={"contact": ["city"]})
        scene.org.edit("contacts", contact, {"city": "Nara"})
        assert scene.org.hooks.drain(5) and heard == []


def test_a_refused_delivery_comes_again() -> None:
    """500 is tried again with a higher attempt number."""
    with opened(hook_backoff=0.01) as scene, doorbell(failures=2) as (url, heard):
        scene.org.subscribe(url, events=["contact.deletion"])
        scene.org.archive("contacts", scene.contact(city="Nara"))
        assert scene.org.hooks.drain(5)
        assert [one["attemptNumber"] for one in events(heard)] == [0, 1, 2]


def test_arrays_hold_a_hundred_at_most() -> None:
    """A storm comes in several arrays, shuffled."""
    with opened(hook_gather=0.2) as scene, doorbell() as (url, heard):
        scene.org.subscribe(url, events=["contact.creation"])
        made = [int(scene.org.create("contacts", {"city": "Nara"})) for _ in range(150)]
        assert scene.org.hooks.drain(5)
        met = [one["objectId"] for one in events(heard)]
        assert sorted(met) == made and met != made
        assert max(len(json.loads(body)) for _, body in heard) <= 100


def test_events_can_be_lost_and_doubled() -> None:
    """By order only."""
    with opened() as scene, doorbell() as (url, heard):
        scene.org.subscribe(url, events=["contact.creation"])
        scene.org.faults.order({"kind": "hook_lost", "match": "HOOK contact.creation"})
        scene.org.faults.order({"kind": "hook_doubled", "match": "HOOK contact.creation"})
        scene.org.create("contacts", {"city": "lost"})
        doubled = int(scene.org.create("contacts", {"city": "doubled"}))
        assert scene.org.hooks.drain(5)
        assert [one["objectId"] for one in events(heard)] == [doubled, doubled]


def test_a_merge_rings_with_the_new_id() -> None:
    """`primaryObjectId`, `mergedObjectIds`, `newObjectId`."""
    with opened() as scene, doorbell() as (url, heard):
        first, second = scene.contact(city="Nara"), scene.contact(city="Uji")
        scene.org.subscribe(url, events=["contact.merge"])
        merged = scene.org.merge("contacts", first, second)
        assert scene.org.hooks.drain(5)
        (told,) = events(heard)
        assert told["newObjectId"] == int(merged) and told["primaryObjectId"] == int(first)


def test_signatures_match_the_published_vectors() -> None:
    """Vectors of the reference sheet, section 17.1."""
    secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    body = b"{'example_field':'example_value'}"
    url = "https://www.example.com/webhook_uri"
    expected = "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="
    assert sign_v3(secret, "POST", url, body, "1693657560000") == expected
    text = b"POST" + url.encode() + body + b"1693657560000"
    again = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    assert base64.b64encode(again).decode() == expected
    event = (
        b'[{"eventId":1,"subscriptionId":2,"portalId":3,"occurredAt":1700000300000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":4}]'
    )
    v1 = "aeecda855fa6df738f4e4ba1f5e4b620e22b0bc7e938f2db5d57484c9712e075"
    assert sign_v1(secret, event) == v1
