"""A worker over the bridge of twins: its hands, and RQ's loop in the main thread of the tests."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis

from sync.budget_shared import impatient
from sync.hands import Hands
from sync.jobs import work
from sync.ringer import Ringer
from tests.sync.clocked import Clocked
from tests.sync.embedded import soon


def hands_of(clocked: Clocked, url: str | None = None) -> Hands:
    """One worker's hands; without an address it has no queue."""
    return Hands(
        ledger=clocked.ledger,
        station=clocked.station,
        ears=clocked.new_station(),
        chores=clocked.chores,
        bench=lambda: clocked.bench,
        ringer=None if url is None else Ringer(impatient(url)),
        clock=clocked.time,
    )


@contextmanager
def own_signals(hands: Hands) -> Iterator[None]:
    """Signals end these hands, and never the tests."""
    both = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(one, lambda *_: hands.stopping.set()) for one in both]
    try:
        yield
    finally:
        for one, handler in zip(both, before, strict=True):
            signal.signal(one, handler)


def terminate() -> None:
    """What systemd, Docker and a supervisor send."""
    os.kill(os.getpid(), signal.SIGTERM)


def work_until(hands: Hands, url: str, enough: Callable[[], bool]) -> bool:
    """Take jobs until it is enough, then get SIGTERM; answers whether it ever was enough."""
    seen: list[bool] = []

    def end() -> None:
        seen.append(soon(enough))
        terminate()

    with own_signals(hands), Redis.from_url(url) as client:
        thread = threading.Thread(target=end)
        thread.start()
        work(hands, client)
        thread.join()
    return seen == [True]
