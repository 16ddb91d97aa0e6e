"""HubSpot's door: what it answers, and what is on file by then."""

from __future__ import annotations

import gzip
import threading

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from connector.hubspot.events import signature_v3
from tests.webhooks.scene import PUBLIC, SECRET, STAMP, Scene, events, knock
from webhooks.routes import HUBSPOT_LIMIT


def test_events_are_on_file_before_they_are_answered() -> None:
    """All taken: 204, one receipt, one ring."""
    scene = Scene()
    answer = knock(scene.client(), events(1, 2, 3))
    assert (answer.status_code, answer.data) == (204, b"")
    assert [one.record_id for one in scene.notices] == ["1", "2", "3"]
    assert (len(scene.receipts), scene.rings) == (1, 1)
    assert scene.receipts[0].lane_hint is None


def test_an_empty_array_is_taken() -> None:
    """There is nothing to put on file, and nobody to wake."""
    scene = Scene()
    assert knock(scene.client(), b"[]").status_code == 204
    assert (scene.receipts, scene.rings) == ([], 0)


def test_odd_events_are_told_and_the_others_taken() -> None:
    """200 with the places and the reasons."""
    scene = Scene(portal="3")
    body = events(1)[:-1] + b',{"portalId":3},' + events(3, portalId=4)[1:]
    answer = knock(scene.client(), body)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["accepted"] == 1
    assert [one["index"] for one in answer.json["ignored"]] == [1, 2]
    assert all(one["why"] for one in answer.json["ignored"])
    assert [one.record_id for one in scene.notices] == ["1"]
    assert scene.number('kakehashi_doorbell_accepted_total{system="hubspot"}') == 1
    ignored = 'kakehashi_doorbell_ignored_total{reason="wrong_portal",system="hubspot"}'
    assert scene.number(ignored) == 1


def test_ten_thousand_events_in_one_request_are_taken() -> None:
    """The vendor sends a hundred; the body limit is the only limit."""
    scene = Scene()
    body = b",".join(
        b'{"subscriptionType":"contact.creation","objectId":%d}' % n for n in range(1, 10_001)
    )
    assert knock(scene.client(), b"[" + body + b"]").status_code == 204
    assert len(scene.notices) == 10_000


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ({"secret": "another"}, 401, "wrong_signature"),
        ({"url": f"{PUBLIC}/other"}, 401, "wrong_signature"),
        ({"stamp": str(int(STAMP) - 301_000)}, 401, "stale"),
        ({"stamp": str(int(STAMP) + 301_000)}, 401, "future"),
        ({"stamp": ""}, 401, "no_timestamp"),
        ({"Content_Type": "application/json; charset=Shift_JIS"}, 400, "charset"),
        ({"Content_Encoding": "gzip"}, 415, "content_encoding"),
        ({"Content_Encoding": "br"}, 415, "content_encoding"),
    ],
)
def test_what_is_refused_is_told_why_and_counted(
    how: dict[str, str], status: int, reason: str
) -> None:
    """Nothing of it is on file."""
    scene = Scene()
    answer = knock(scene.client(), events(1), **how)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"]
    assert scene.receipts == []
    line = f'kakehashi_doorbell_refused_total{{reason="{reason}",system="hubspot"}}'
    assert scene.number(line) == 1


@pytest.mark.parametrize("stamp", [int(STAMP) - 299_000, int(STAMP) + 299_000])
def test_a_skew_below_five_minutes_is_allowed(stamp: int) -> None:
    """Both ways."""
    assert knock(Scene().client(), events(1), stamp=str(stamp)).status_code == 204


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b'{"objectId":1}', b"[", events(1)[:-5], b"\xff[]", b"[" * 5_000],
)
def test_a_signed_body_that_is_no_array_is_malformed(body: bytes) -> None:
    """400 with a reason."""
    scene = Scene()
    answer = knock(scene.client(), body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]
    assert scene.receipts == []


def test_a_request_without_a_signature_is_refused() -> None:
    """401, before anything is read."""
    answer = Scene().client().post("/webhooks/hubspot", data=b"no json")
    assert answer.status_code == 401


@pytest.mark.parametrize("extra", [0, 1])
def test_the_body_limit_is_one_megabyte(extra: int) -> None:
    """To the byte; beyond it nothing is verified."""
    body = events(1)
    body += b" " * (HUBSPOT_LIMIT - len(body) + extra)
    assert knock(Scene().client(), body).status_code == (413 if extra else 204)


def test_a_compressed_bomb_is_never_inflated() -> None:
    """Signed or not, said to be compressed or not."""
    client = Scene().client()
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert knock(client, bomb, Content_Encoding="gzip").status_code == 415
    assert knock(client, bomb).status_code == 400


def raw(scene: Scene, body: bytes, **environ: object) -> tuple[str, bytes]:
    """Post a signed body as a server would hand it on, and the status line and answer."""
    builder = EnvironBuilder(path="/webhooks/hubspot", method="POST", data=body)
    given = builder.get_environ()
    url = f"{PUBLIC}/webhooks/hubspot"
    given["HTTP_X_HUBSPOT_SIGNATURE_V3"] = signature_v3(SECRET, "POST", url, body, STAMP)
    given["HTTP_X_HUBSPOT_REQUEST_TIMESTAMP"] = STAMP
    given.update(environ)
    answer, status, _ = run_wsgi_app(scene.app(), {k: v for k, v in given.items() if v is not None})
    return status, b"".join(answer)


def test_an_endless_stream_is_read_up_to_the_limit() -> None:
    """Chunked bodies announce no length."""
    body = events(1) + b" " * HUBSPOT_LIMIT
    chunked = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True}
    assert raw(Scene(), body, **chunked)[0].startswith("413")
    assert raw(Scene(), events(1), **chunked)[0].startswith("204")


def test_a_length_that_lies_is_found_out() -> None:
    """Too long: the sender hung up. Too short: what was signed is not there."""
    body = events(1)
    assert raw(Scene(), body, CONTENT_LENGTH=str(len(body) + 9))[0].startswith("400")
    assert raw(Scene(), body, CONTENT_LENGTH=str(len(body) - 9))[0].startswith("401")
    assert raw(Scene(), body, CONTENT_LENGTH="10_0")[0].startswith("401")
    assert raw(Scene(), body, CONTENT_LENGTH="-1")[0].startswith("401")


def test_the_store_is_down_and_hubspot_is_told_when_to_come_back() -> None:
    """503; the same request counts in full once the store is up again."""
    scene = Scene(store_down=True)
    client = scene.client()
    answer = knock(client, events(1))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert b"disk" not in answer.data
    assert (scene.rings, scene.receipts) == (0, [])
    assert scene.number('kakehashi_doorbell_accepted_total{system="hubspot"}') == 0
    scene.store_down = False
    assert knock(client, events(1)).status_code == 204
    assert len(scene.notices) == 1


def test_a_broken_bell_changes_nothing_about_the_answer() -> None:
    """The event is on file; workers look by themselves. It is counted."""
    scene = Scene(bell_broken=True)
    assert knock(scene.client(), events(1)).status_code == 204
    assert len(scene.notices) == 1
    assert scene.number('kakehashi_doorbell_unrung_total{system="hubspot"}') == 1


def test_a_door_without_its_secret_says_which_setting_is_missing() -> None:
    """503, whatever is sent."""
    answer = knock(Scene(secret=None).client(), events(1))
    assert answer.status_code == 503
    assert b"KAKEHASHI_HUBSPOT__CLIENT_SECRET" in answer.data
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_only_post_is_known(method: str) -> None:
    """Everything else is 405."""
    assert Scene().client().open("/webhooks/hubspot", method=method).status_code == 405


def test_exact_repeats_are_accepted_and_cost_nothing() -> None:
    """Within a request and across requests; only what is new goes on file."""
    scene = Scene()
    client = scene.client()
    assert knock(client, events(1, 1, 2)).status_code == 204
    assert knock(client, events(2, 3, attemptNumber=1)).status_code == 204
    assert knock(client, events(1, 2, 3)).status_code == 204
    assert [one.record_id for one in scene.notices] == ["1", "2", "3"]
    assert (len(scene.receipts), scene.rings) == (2, 2)
    assert scene.number('kakehashi_doorbell_accepted_total{system="hubspot"}') == 8
    assert scene.number('kakehashi_doorbell_repeated_total{system="hubspot"}') == 5


def test_events_that_cannot_be_told_apart_all_count() -> None:
    """In doubt the record is looked at once more."""
    scene = Scene()
    client = scene.client()
    for _ in range(2):
        knock(client, events(1, eventId=None))
    assert len(scene.notices) == 2


def test_the_memory_of_repeats_is_bounded() -> None:
    """What was forgotten goes on file again."""
    scene = Scene(repeats=2)
    client = scene.client()
    knock(client, events(1, 2, 3))
    knock(client, events(2, 3))
    assert len(scene.notices) == 3
    knock(client, events(1))
    assert len(scene.notices) == 4


def test_many_threads_at_one_door_lose_nothing() -> None:
    """Every event is on file at least once."""
    scene = Scene(repeats=50)
    app = scene.app()

    def work(start: int) -> None:
        client = app.test_client()
        for number in range(start, start + 40):
            assert knock(client, events(number, number + 1)).status_code == 204

    threads = [threading.Thread(target=work, args=(1 + 20 * n,)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {int(one.record_id) for one in scene.notices} == set(range(1, 102))


@pytest.mark.parametrize(
    ("path", "public", "signed"),
    [
        ("/webhooks/hubspot?a=1&b=a%20b", PUBLIC, f"{PUBLIC}/webhooks/hubspot?a=1&b=a%20b"),
        ("/webhooks/hubspot?u=%3A%2F", PUBLIC, f"{PUBLIC}/webhooks/hubspot?u=:/"),
        ("/webhooks/hubspot", f"{PUBLIC}/", f"{PUBLIC}/webhooks/hubspot"),
        ("/webhooks/hubspot", f"{PUBLIC}/kake", f"{PUBLIC}/kake/webhooks/hubspot"),
        ("/webhooks/hubspot?q=", None, "http://localhost/webhooks/hubspot?q="),
        ("/webhooks/hubspot?", PUBLIC, f"{PUBLIC}/webhooks/hubspot"),
    ],
)
def test_the_signed_address_is_the_public_one(path: str, public: str | None, signed: str) -> None:
    """With path and query as they were sent, whatever host the proxy called us by."""
    answer = knock(Scene(public_url=public).client(), events(1), path=path, url=signed)
    assert answer.status_code == 204


def test_the_local_host_never_counts_where_a_public_address_is_set() -> None:
    """A sender could choose it."""
    local = "http://localhost/webhooks/hubspot"
    assert knock(Scene().client(), events(1), url=local).status_code == 401
