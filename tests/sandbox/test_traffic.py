"""The practice website: who visits it, and that every event reaches the door once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from flask import Flask, request
from flask.typing import ResponseReturnValue

from sandbox.personas import PERSONAS, Visitor, visit, visitors
from sandbox.traffic import DoorRefuses, Traffic
from sandbox.webserver import WebServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EMAILS = [f"visitor{number}@example.com" for number in range(40)]
KEY = "practice-key"


class Door:
    """A door that takes events as ours does; `down` answers first are those of a store that is down."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.down = 0
        self.app = Flask("door")
        self.app.post("/webhooks/intent")(self.take)

    def take(self) -> ResponseReturnValue:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return {"error": "wrong key"}, 401
        if self.down:
            self.down -= 1
            return {"error": "down"}, 503
        rows = json.loads(request.data)
        fresh = [row for row in rows if row["event_id"] not in self.seen]
        self.seen.update(row["event_id"] for row in rows)
        left = len(rows) - len(fresh)
        return {"accepted": len(fresh), "duplicates": left, "rejected": []}, 202


@pytest.fixture
def door() -> Iterator[tuple[Door, str]]:
    here = Door()
    server = WebServer(here.app, "door", "127.0.0.1", 0)
    server.start()
    yield here, f"{server.url}/webhooks/intent"
    server.stop()


def traffic(url: str, key: str = KEY) -> Traffic:
    return Traffic(url, key, EMAILS, clock=lambda: NOW)


def of(name: str) -> Visitor:
    """A visitor who is such a persona."""
    persona = next(one for one in PERSONAS if one.name == name)
    return Visitor(0, EMAILS[0], "a" * 32, persona)


def test_every_persona_comes_by_and_every_event_has_an_id_of_its_own() -> None:
    """Over a few hundred people all of them are met, and no two events are mistaken for one."""
    who = visitors([f"v{number}@example.com" for number in range(400)], Random(7))
    assert {one.persona.name for one in who} == {one.name for one in PERSONAS}
    dice = Random(3)
    ids = [
        event["event_id"]
        for one in who
        for number in range(4)
        for event in visit(one, number, NOW, dice)
    ]
    assert len(ids) == len(set(ids))


def test_a_visit_ends_now_and_its_pages_lie_in_order_before() -> None:
    """Nobody reads a page in the future, or the next one before this one."""
    for persona in PERSONAS:
        times = [
            datetime.fromisoformat(event["occurred_at"])
            for event in visit(of(persona.name), 0, NOW, Random(1))
        ]
        assert times == sorted(times)
        assert NOW - timedelta(hours=2) < times[0] <= times[-1] <= NOW


def test_somebody_who_has_not_told_their_name_is_a_cookie_until_they_fill_in_a_form() -> None:
    """The views before carry no address; the form does, and the same cookie."""
    first = visit(of("late_name"), 0, NOW, Random(1))
    second = visit(of("late_name"), 1, NOW, Random(1))
    assert not any("email" in event for event in first)
    assert [event["type"] for event in second if "email" in event] == ["form_submit_content"]
    assert {event["hubspotutk"] for event in (*first, *second)} == {"a" * 32}


def test_whoever_objects_says_so_at_the_end_of_their_last_visit() -> None:
    """Their consent is taken back after it was given."""
    assert "unsubscribe" not in [one["type"] for one in visit(of("objector"), 0, NOW, Random(1))]
    last = visit(of("objector"), 1, NOW, Random(1))[-1]
    assert last["consent"] == {"tracking": "opted_out", "profiling": "objected"}


def test_what_the_door_cannot_take_is_sent_again_and_counts_once(
    door: tuple[Door, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is down costs visitors patience and nothing else."""
    monkeypatch.setattr("sandbox.traffic.AGAIN", 0.0)
    here, url = door
    here.down = 3
    visited = traffic(url)
    sent = visited.come_before() + sum(visited.come_by() for _ in range(20))
    assert visited.counts["accepted"] == sent == len(here.seen)
    assert visited.counts["sent_again"] > 0


def test_a_wrong_key_is_said_and_not_tried_for_ever(door: tuple[Door, str]) -> None:
    """The website's admin has to look at it."""
    with pytest.raises(DoorRefuses, match="401"):
        traffic(door[1], key="other").come_by()


def test_nobody_visits_where_nobody_has_an_address(door: tuple[Door, str]) -> None:
    """Orgs without people have a website without visitors."""
    assert Traffic(door[1], KEY, [], clock=lambda: NOW).come_by() == 0
