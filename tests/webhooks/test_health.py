"""What machines that watch are told."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from connector.port import System
from sync.ledger import LedgerUnavailable
from tests.webhooks.scene import Scene, events, knock
from webhooks.health import Gauge, Health


def fine() -> None:
    """A service that can work."""


def store_down() -> None:
    raise LedgerUnavailable("the disk is full")


def queue_down() -> None:
    raise ConnectionError("redis://user:hush@queue.example.com refused")


def test_a_process_that_lives_says_so() -> None:
    """Whatever its services do."""
    answer = Scene(health=Health({"ledger": store_down})).client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_it_is_ready_when_all_services_are() -> None:
    """And when there are none."""
    for services in ({}, {"ledger": fine, "queue": fine}):
        answer = Scene(health=Health(services)).client().get("/readyz")
        assert answer.status_code == 200
        shown = {name: {"ok": True} for name in services}
        assert answer.json == {"ready": True, "services": shown}


def test_the_service_that_cannot_work_is_named() -> None:
    """Our own errors are quoted; of others only the kind is shown, since they may tell secrets."""
    checks = Health({"ledger": store_down, "queue": queue_down, "other": fine})
    answer = Scene(health=checks).client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {
        "ready": False,
        "services": {
            "ledger": {"ok": False, "error": "the disk is full"},
            "queue": {"ok": False, "error": "ConnectionError"},
            "other": {"ok": True},
        },
    }
    assert b"hush" not in answer.data


def test_a_service_that_is_not_needed_is_shown_and_waited_for_by_nobody() -> None:
    """The doors take events without a queue."""
    checks = Health({"ledger": fine, "queue": queue_down}, needed=frozenset({"ledger"}))
    answer = Scene(health=checks).client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["services"]["queue"] == {"ok": False, "error": "ConnectionError"}


def test_a_service_that_hangs_is_asked_once_and_waited_for_shortly() -> None:
    """However often somebody asks, one thread hangs with it; it is fine again when it answers."""
    gate, asked = threading.Event(), []

    def slow() -> None:
        asked.append(1)
        gate.wait(10)

    client = Scene(health=Health({"slow": slow, "other": fine}, seconds=0.05)).client()
    for _ in range(3):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json is not None
        assert answer.json["services"]["slow"]["error"] == "no answer within 0.05 seconds"
        assert answer.json["services"]["other"] == {"ok": True}
    assert len(asked) == 1
    gate.set()
    answers = (client.get("/readyz").status_code for _ in range(100))
    assert 200 in answers


def waiting() -> Mapping[tuple[str, ...], float]:
    return {("live",): 3.0, ("consent",): 0.0}


def unreadable() -> Mapping[tuple[str, ...], float]:
    raise LedgerUnavailable("the disk is full")


def test_gauges_are_read_when_somebody_asks() -> None:
    """One that cannot be read is left out, and the others are shown."""
    gauges = (
        Gauge("kakehashi_parked", "Parked records, by cause", ("cause",), unreadable),
        Gauge("kakehashi_dirty", "Records to look at, by lane", ("lane",), waiting),
        Gauge("kakehashi_left", "Calls left", (), lambda: {(): 41.5}),
    )
    answer = Scene(health=Health(gauges=gauges)).client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'kakehashi_dirty{lane="live"} 3.0' in lines
    assert 'kakehashi_dirty{lane="consent"} 0.0' in lines
    assert "kakehashi_left 41.5" in lines
    assert not any(line.startswith("kakehashi_parked{") for line in lines)


def test_gauges_are_not_read_at_the_start() -> None:
    """A process comes up while its store is still down."""
    read: list[int] = []

    def number() -> Mapping[tuple[str, ...], float]:
        read.append(1)
        return {}

    Scene(health=Health(gauges=(Gauge("kakehashi_x", "X", (), number),))).app()
    assert read == []


def test_answers_are_timed_and_no_record_is_named() -> None:
    """The numbers hold words of ours only."""
    scene = Scene()
    client = scene.client()
    knock(client, events(734931097788))
    knock(client, events(734931097789), secret="wrong")
    shown = client.get("/metrics").text
    assert scene.number('kakehashi_doorbell_seconds_count{system="hubspot"}') == 2
    assert "73493109778" not in shown


def test_each_app_has_numbers_of_its_own() -> None:
    """A registry is handed in, so tests and second apps do not collide."""
    first, second = Scene(), Scene(registry=CollectorRegistry())
    knock(first.client(), events(1))
    line = f'kakehashi_doorbell_accepted_total{{system="{System.HUBSPOT.value}"}}'
    second.client()
    assert (first.number(line), second.number(line)) == (1, 0)
