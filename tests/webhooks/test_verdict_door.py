"""The door behind the links 受諾 and 差し戻し: nothing happens until a button is pressed, and then once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from connector.errors import TryLater
from lifecycle.model import Role, Stage
from lifecycle.tickets import Ticket, What, sign
from sync.ledger import LedgerUnavailable
from sync.verdicts import Verdicts
from tests.sync.bridge import sqlite_url
from tests.sync.posting import SECRETS, SELLER, Posting
from tests.webhooks.scene import Scene
from webhooks.app import create_app
from webhooks.health import Health
from webhooks.verdicts import LIMIT

EVIL = "<script>alert(1)</script>"


class House(Posting):
    """Ann is handed over; the door is open."""

    def judges(self) -> Verdicts:
        return Verdicts(
            handoff=lambda: self.handoff, secrets=SECRETS, clock=self.time, language="en"
        )

    def client(self) -> FlaskClient:
        app = create_app(Scene().doors, Health(), CollectorRegistry(), judges=self.judges())
        return app.test_client()

    def link(self, what: What, **more: Any) -> str:
        standing = self.standing()
        said = {"days": 14, "entry": standing.number, **more}
        until = self.time() + timedelta(days=said["days"])
        ticket = Ticket(standing.subject, said["entry"], what, until)
        return f"/handoff/{sign(ticket, SECRETS)}"

    def stage(self) -> Stage:
        return self.standing().stage


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(sqlite_url(tmp_path))
    found.agree()
    found.hand()
    yield found


def send_back(client: FlaskClient, link: str, **fields: str) -> TestResponse:
    return client.post(f"{link}?lang=en", data={"reason": "timing", **fields})


def test_opening_a_link_shows_a_page_and_decides_nothing(house: House) -> None:
    """However often a scanner of mail does it, by GET or HEAD; reasons stand before the free text."""
    client = house.client()
    link = house.link("send_back")
    for _ in range(3):
        assert client.head(link).status_code == 200
        answer = client.get(f"{link}?lang=en")
    assert answer.status_code == 200
    assert answer.text.index("<select") < answer.text.index("<textarea")
    assert answer.text.index("<optgroup") < answer.text.index('value="timing"')
    assert f'type="date" min="{house.time().date() + timedelta(days=1)}"' in answer.text
    assert "not_worked" not in answer.text
    assert house.stage() is Stage.MQL
    assert house.handoff.store.asked(1) == []


def test_the_page_is_kept_by_nobody_and_loads_nothing(house: House) -> None:
    """It holds a person's name, and its address is the right to decide."""
    headers = house.client().get(house.link("accept")).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("query", "accepts", "language"),
    [
        ("?lang=ja", "en", "ja"),
        ("", "ja-JP,en;q=0.8", "ja"),
        ("", "fr", "en"),
        ("?lang=x", "ja", "en"),
    ],
)
def test_it_speaks_the_language_of_the_reader(
    house: House, query: str, accepts: str, language: str
) -> None:
    """The address says which, else the browser, else the settings."""
    answer = house.client().get(house.link("accept") + query, headers={"Accept-Language": accepts})
    assert f'<html lang="{language}">' in answer.text
    assert ("リードを受諾する" in answer.text) is (language == "ja")


def test_pressing_accepts_once(house: House) -> None:
    """One entry in the seller's name; the second press says so, on either link, and changes nothing."""
    client = house.client()
    accept, back = house.link("accept"), house.link("send_back")
    first = client.post(accept)
    assert (first.status_code, "You accepted" in first.text) == (200, True)
    last = house.history()[-1]
    assert (last.stage, last.role, last.actor, last.source) == (
        Stage.SAL,
        Role.SALES,
        SELLER,
        "kakehashi",
    )
    for again in (client.post(accept), send_back(client, back), client.get(accept)):
        assert again.status_code == 409
        for words in ("first one counts", "was accepted by it on", "stands now: SAL"):
            assert words in again.text
    assert house.stage() is Stage.SAL


def test_sending_back_carries_reason_words_and_day_and_says_who_hears(house: House) -> None:
    """What comes from people is text and nothing else."""
    client = house.client()
    answer = send_back(
        client, house.link("send_back"), comment=EVIL, sub_reason="来期", reactivate_on="2027-04-01"
    )
    assert answer.status_code == 200
    for words in ("Sent back", "Thu 1 Apr 2027", "Marketing hears of it", "&lt;script&gt;"):
        assert words in answer.text
    assert "<script" not in answer.text
    found = house.standing()
    assert (found.stage, found.reason, found.sub_reason, found.comment) == (
        Stage.RECYCLED,
        "timing",
        "来期",
        EVIL,
    )
    assert {one.kind for one in house.owed()} == {"send_back", "hand_over"}


def test_a_form_with_something_missing_is_shown_once_more(house: House) -> None:
    """Without a reason nothing is sent back; what was written stays, and the link is still good."""
    client = house.client()
    link = house.link("send_back")
    for fields in ({"reason": ""}, {"reason": "bad mood"}, {"reactivate_on": "soon"}):
        answer = send_back(client, link, comment="keep & me", **fields)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert "keep &amp; me" in answer.text
    assert house.stage() is Stage.MQL
    assert send_back(client, link).status_code == 200


@pytest.mark.parametrize(
    ("link", "status", "words"),
    [
        ("expired", 410, "too old"),
        ("tampered", 404, "was changed"),
        ("unreadable", 404, "not complete"),
        ("overtaken", 409, "decided already"),
        ("long", 404, "not complete"),
    ],
)
def test_a_link_that_is_not_good_says_why(house: House, link: str, status: int, words: str) -> None:
    """Neither shown nor pressed does it change anything."""
    client = house.client()
    good = house.link("accept")
    path = {
        "expired": house.link("accept", days=-1),
        "tampered": good[:-3] + "abc",
        "unreadable": "/handoff/abc",
        "overtaken": house.link("accept", entry=7),
        "long": "/handoff/" + "a" * 2_000,
    }[link]
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == status
        assert words in answer.text
        assert "<form" not in answer.text
    assert house.stage() is Stage.MQL


def test_what_the_machine_refuses_is_said_with_its_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead stands where it stood, and the page says why; a second press says that it was used."""
    link = house.link("accept")
    # Somebody puts the lead out in the moment between opening and pressing.
    usher = house.handoff.usher
    ask = usher.store.ask

    def first_somebody_else(requests: Any) -> int:
        new = ask(requests)
        other = replace(
            requests[0],
            id="other",
            to=Stage.DISQUALIFIED,
            role=Role.SALES,
            reason="not_target",
            at=requests[0].at - timedelta(minutes=5),
        )
        ask([other])
        return new

    monkeypatch.setattr(
        type(usher.store), "ask", lambda _self, requests: first_somebody_else(requests)
    )
    answer = house.client().post(link)
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert house.stage() is Stage.DISQUALIFIED


def test_a_system_that_is_away_delays_the_verdict_and_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on file, the page says so, and the next worker decides it."""
    link = house.link("accept")
    usher = type(house.handoff.usher)

    def away(*_: Any) -> int:
        raise TryLater("away", system="hubspot", after=1.0)

    with monkeypatch.context() as patch:
        patch.setattr(usher, "decide", away)
        answer = house.client().post(link)
    assert answer.status_code == 202
    assert "on file" in answer.text
    house.handoff.usher.work()
    assert house.stage() is Stage.SAL


def test_while_our_store_is_down_nothing_is_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says when to press again, and shows nothing of the trouble."""
    link = house.link("accept")

    def down(*_: Any) -> Any:
        raise LedgerUnavailable("the disk /var/x is full")

    monkeypatch.setattr(type(house.handoff.store), "standings", down)
    for answer in (house.client().get(link), house.client().post(link)):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "30"
        assert "/var/x" not in answer.text


def test_a_body_that_is_too_long_is_not_read(house: House) -> None:
    """Nor one of a thousand fields."""
    client = house.client()
    link = house.link("send_back")
    assert send_back(client, link, comment="x" * LIMIT).status_code == 413
    many = {f"f{n}": "x" for n in range(1_000)}
    assert client.post(link, data=many).status_code == 413
    assert house.stage() is Stage.MQL


def test_two_who_press_at_once_are_one_verdict(house: House) -> None:
    """Accept and send back in the same moment: one is followed, the others hear that the first one counts."""
    links = [house.link("accept"), house.link("send_back")] * 2
    clients = [house.client() for _ in links]
    with ThreadPoolExecutor(len(links)) as pool:
        answers = list(pool.map(lambda one: send_back(*one), zip(clients, links, strict=True)))
    house.handoff.usher.work()
    codes = sorted(one.status_code for one in answers)
    assert codes[0] in (200, 202)
    assert set(codes[1:]) == {409}
    assert len(house.history()) == 2
    assert house.handoff.store.refusals(9, house.who()) == []


def test_neither_tokens_nor_words_are_logged(house: House) -> None:
    """A token is the right to decide."""
    link = house.link("send_back")
    with capture_logs() as logs:
        send_back(house.client(), link, comment="secret words")
        house.client().get(link[:-2])
    told = repr(logs)
    assert link.rpartition("/")[2] not in told
    assert "secret words" not in told


def test_without_a_secret_no_link_is_good(house: House) -> None:
    """Also none that somebody signed with what stands in for one."""
    judges = house.judges()
    closed = Verdicts(handoff=judges.handoff, secrets=(), clock=judges.clock, language="en")
    app = create_app(Scene().doors, Health(), CollectorRegistry(), judges=closed)
    assert app.test_client().post(house.link("accept")).status_code == 404
    assert house.stage() is Stage.MQL
