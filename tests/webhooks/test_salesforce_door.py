"""Salesforce's door: acked means on file."""

from __future__ import annotations

import pytest
import structlog

from sync.lanes import Lane
from tests.connector.test_salesforce_events import LEAD, SESSION, message, notification
from tests.webhooks.scene import Scene, send
from webhooks.routes import SALESFORCE_LIMIT

TRUE, FALSE = b"<Ack>true</Ack>", b"<Ack>false</Ack>"


def test_a_message_is_acked_once_it_is_on_file() -> None:
    """200 and the vendor's own words."""
    scene = Scene()
    answer = send(scene.client(), message(notification()))
    assert answer.status_code == 200
    assert answer.content_type == "text/xml; charset=utf-8"
    assert TRUE in answer.data
    assert [one.record_id for one in scene.notices] == [LEAD]
    assert scene.rings == 1


@pytest.mark.parametrize("body", [message(), message(notification(None))])
def test_a_message_that_holds_nothing_for_us_is_acked(body: bytes) -> None:
    """Empty, or about a record that is gone: sending it again would help nobody."""
    scene = Scene()
    answer = send(scene.client(), body)
    assert (answer.status_code, TRUE in answer.data) == (200, True)
    assert scene.receipts == []


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (message(notification(), org="00D5g000000AbCeEAK"), 403, "wrong_org"),
        (message(notification(), org=None), 403, "no_org"),
        (message(notification(), prolog="<!DOCTYPE x>"), 400, "forbidden_xml"),
        (message(notification())[:-9], 400, "not_xml"),
        (b"", 400, "not_xml"),
        (b"\xff", 400, "not_utf8"),
    ],
)
def test_what_is_refused_is_not_acked(body: bytes, status: int, reason: str) -> None:
    """It is told why, and counted; nothing is on file."""
    scene = Scene()
    answer = send(scene.client(), body)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"]
    assert b"Ack" not in answer.data
    assert scene.receipts == []
    line = f'kakehashi_doorbell_refused_total{{reason="{reason}",system="salesforce"}}'
    assert scene.number(line) == 1


def test_the_store_is_down_and_nothing_is_acked() -> None:
    """503 with `false`, so that Salesforce sends the message again; then it counts in full."""
    scene = Scene(store_down=True)
    client = scene.client()
    answer = send(client, message(notification()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert FALSE in answer.data
    scene.store_down = False
    assert TRUE in send(client, message(notification())).data
    assert len(scene.notices) == 1


def test_a_message_that_is_sent_again_is_acked_and_costs_nothing() -> None:
    """The ack was lost on the way."""
    scene = Scene()
    client = scene.client()
    for _ in range(3):
        assert TRUE in send(client, message(notification())).data
    assert len(scene.notices) == 1


@pytest.mark.parametrize("path", ["", "/", "/wrong", "/hush-hush2", "/%F0%9F%98%80"])
def test_the_secret_part_of_the_path_is_required_where_it_is_set(path: str) -> None:
    """403 (or no such page), and no ack; the token is not told."""
    scene = Scene(token="hush-hush")
    answer = send(scene.client(), message(notification()), f"/webhooks/salesforce{path}")
    assert answer.status_code == (404 if path == "/" else 403)
    assert b"Ack" not in answer.data
    assert b"hush" not in answer.data
    assert scene.receipts == []


def test_the_right_secret_opens_the_door() -> None:
    """And where none is set, one too many does no harm."""
    for token in ("hush-hush", None):
        answer = send(
            Scene(token=token).client(), message(notification()), "/webhooks/salesforce/hush-hush"
        )
        assert TRUE in answer.data


@pytest.mark.parametrize(
    ("query", "lane"),
    [
        ("?lane=handoff", Lane.HANDOFF),
        ("?lane=consent", Lane.CONSENT),
        ("", None),
        ("?lane=", None),
        ("?lane=backfill", None),
        ("?lane=express", None),
    ],
)
def test_the_address_may_ask_for_an_urgent_lane(query: str, lane: Lane | None) -> None:
    """An admin points the message of the hand-off rule there; other words mean nothing."""
    scene = Scene(token="hush")
    answer = send(scene.client(), message(notification()), f"/webhooks/salesforce/hush{query}")
    assert TRUE in answer.data
    assert scene.receipts[0].lane_hint is lane


@pytest.mark.parametrize("extra", [0, 1])
def test_the_body_limit_is_eight_megabytes(extra: int) -> None:
    """To the byte."""
    body = message(notification())
    body += b" " * (SALESFORCE_LIMIT - len(body) + extra)
    assert send(Scene().client(), body).status_code == (413 if extra else 200)


def test_a_door_without_an_org_says_which_setting_is_missing() -> None:
    """503, and no ack."""
    answer = send(Scene(org=None).client(), message(notification()))
    assert answer.status_code == 503
    assert b"KAKEHASHI_SALESFORCE__ORG_ID" in answer.data
    assert b"true" not in answer.data


def test_compressed_and_foreign_bodies_are_refused() -> None:
    """415 and 400."""
    client = Scene().client()
    headers = {"Content-Encoding": "gzip"}
    assert send(client, message(), **headers).status_code == 415
    headers = {"Content-Type": "text/xml; charset=utf-16"}
    assert send(client, message(), **headers).status_code == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_only_post_is_known(method: str) -> None:
    """With and without the secret part."""
    client = Scene().client()
    for path in ("/webhooks/salesforce", "/webhooks/salesforce/hush"):
        assert client.open(path, method=method).status_code == 405


def test_neither_values_nor_secrets_are_logged() -> None:
    """Refusals and successes alike."""
    scene = Scene(token="hush-hush")
    client = scene.client()
    body = message(notification(fields="<sf:Email>ann@example.com</sf:Email>"))
    with structlog.testing.capture_logs() as logs:
        send(client, body, "/webhooks/salesforce/hush-hush?lane=ann@example.com")
        send(client, body, "/webhooks/salesforce/not-it")
        send(client, body[:-5], "/webhooks/salesforce/hush-hush")
        scene.store_down = True
        fresh = body.replace(b"04l5g00000HaBcD", b"04l5g00000HaBcE")
        send(client, fresh, "/webhooks/salesforce/hush-hush")
    assert len(logs) >= 4
    said = repr(logs)
    for secret in ("hush-hush", "not-it", "ann@example.com", SESSION, LEAD):
        assert secret not in said
