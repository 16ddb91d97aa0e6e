"""How many events the doors take, for good: `kakehashi web` over SQLite and PostgreSQL, loopback.

The load comes from another process over kept connections. Afterwards the receipts in the ledger must
add up to what was answered with yes, event by event. The baseline of the same run is an application of
three lines behind the same server that answers 204 and does nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.knocking import Orders, ask
from connector.port import System
from sandbox.serve import Sandbox
from sync.ledger import Ledger
from tests.machine.postgres import running_postgres
from tests.machine.redis import running_redis
from tests.walk.installation import Installation, Part, free_port

SECONDS = 20.0
RECORDS = 20_000
CONNECTIONS = 8
GOAL = 5_000
BARE = """
import sys, waitress
def app(environ, start):
    environ["wsgi.input"].read()
    start("204 No Content", [])
    return []
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8, _quiet=True)
"""


class NotOnFile(Exception):
    """What was answered with yes is not what stands in the ledger."""


class Load(NamedTuple):
    """One kind of load. `rate`: requests per second, 0 as fast as they are answered."""

    name: str
    events: int
    rate: float


LOADS = (
    Load("100 events, as fast as it goes", 100, 0),
    Load(f"100 events, {GOAL:,} events/s offered", 100, GOAL / 100),
    Load("1 event, as fast as it goes", 1, 0),
)


def measure(say: Callable[[str], None], seconds: float = SECONDS) -> dict[str, Any]:
    """Every load over either store. Raises `NotOnFile`."""
    found: dict[str, Any] = {"bare": _bare(seconds)}
    _say(say, "a bare 204", found["bare"])
    for name, store in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with store() as settings:
            found[name] = _over(name, settings, seconds, say)
    return found


def _over(
    name: str, settings: dict[str, str], seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    sandbox = Sandbox.start(people=0, limits=False)
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder), sandbox, settings, from_nothing=True)
        try:
            installation.prepare()
            (web,) = installation.start("web")
            found = {}
            for number, load in enumerate(LOADS):
                found[load.name] = _loaded(installation, web, load, seconds, number)
                _say(say, f"{name}: {load.name}", found[load.name])
            return found
        finally:
            installation.stop()
            sandbox.stop()


def _loaded(
    installation: Installation, web: Part, load: Load, seconds: float, seed: int
) -> dict[str, Any]:
    """One load, and the proof that all of it is on file."""
    hubspot = installation.sandbox.hubspot
    with installation.ledger() as ledger:
        before, began = _on_file(ledger), web.held_mb()
        orders = Orders(
            url=f"{installation.url}/webhooks/hubspot",
            secret=hubspot.client_secret,
            portal_id=hubspot.portal_id,
            app_id=hubspot.app_id,
            events=load.events,
            connections=CONNECTIONS,
            seconds=seconds,
            rate=load.rate,
            records=RECORDS,
            seed=seed,
        )
        found = knock(orders)
        on_file = _on_file(ledger) - before
        if not found["accepted"] or on_file != found["accepted"]:
            raise NotOnFile(f"{on_file} events on file; answered: {found}")
    return found | {"rss_mb": (round(began), round(web.held_mb()))}


def _on_file(ledger: Ledger) -> int:
    return ledger.received().get(System.HUBSPOT, 0)


def knock(orders: Orders) -> dict[str, Any]:
    """Run the load in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.knocking"],
        input=ask(orders),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _bare(seconds: float) -> dict[str, Any]:
    """The same load at a door that does nothing."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        time.sleep(1)  # until it listens
        return knock(
            Orders(
                url=f"http://127.0.0.1:{port}/",
                secret="bare",  # noqa: S106 - nobody checks it
                portal_id=1,
                app_id=1,
                events=100,
                connections=CONNECTIONS,
                seconds=seconds / 4,
                rate=0,
                records=RECORDS,
                seed=99,
            )
        )
    finally:
        server.kill()
        server.wait()


def _say(say: Callable[[str], None], name: str, found: dict[str, Any]) -> None:
    rss = found.get("rss_mb")
    say(
        f"{name:<45} {found['requests_per_second']:>7,.0f} req/s {found['events_per_second']:>9,.0f} ev/s"
        f"  p50 {found['p50_ms']:>6.1f} ms  p99 {found['p99_ms']:>7.1f} ms"
        f"  {found['connections']:>5} connections"
        + ("" if rss is None else f"  RSS {rss[0]} -> {rss[1]} MB")
    )


@contextmanager
def _sqlite() -> Iterator[dict[str, str]]:
    with running_redis() as redis:
        yield {"KAKEHASHI_REDIS_URL": redis.url}


@contextmanager
def _postgres() -> Iterator[dict[str, str]]:
    with running_postgres(durable=True) as url, running_redis() as redis:
        yield {"KAKEHASHI_DATABASE_URL": url, "KAKEHASHI_REDIS_URL": redis.url}
