"""Website intent: how many events a second, whether memory and reads stay flat, and whether order matters.

On SQLite one process takes events in and scores them in turn. On PostgreSQL the same events come in
shuffled and doubled while four worker processes score them; the sums must be those of the first run.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing.synchronize import Event as Signal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from sqlalchemy import select

from bench.intent_events import END, batches, definition
from intent.decay import State, read
from intent.model import Subject, millis
from intent.store import SqlIntentStore
from intent.store.tables import state, trail
from sync.ledger import Ledger
from tests.machine.postgres import running_postgres

Say: TypeAlias = Callable[[str], None]
Sums: TypeAlias = dict[tuple[str, ...], float]

BATCH = 1_000
WORKERS = 4
READERS = 200
PAGE = resource.getpagesize()


def measure(say: Say, events: int, shuffled: int) -> dict[str, Any]:
    """In order so many events; shuffled and doubled so many, whose sums are those of a run in order."""
    found, expected = _on_sqlite(events, say)
    if shuffled != events:
        _, expected = _on_sqlite(shuffled, lambda _: None)
    with running_postgres(durable=True) as url:
        return found | _shuffled(url, shuffled, expected, say)


def _on_sqlite(events: int, say: Say) -> tuple[dict[str, Any], Sums]:
    with TemporaryDirectory() as folder:
        return _in_order(f"sqlite:///{folder}/ledger.db", events, say)


def _in_order(url: str, total: int, say: Say) -> tuple[dict[str, Any], Sums]:
    ledger = Ledger.open(url)
    store, rules = SqlIntentStore(ledger._engine), definition()
    taking, scoring, began = 0.0, 0.0, time.process_time()
    rows = []
    tenth = max(BATCH, total // 10)
    for number, batch in enumerate(batches(list(range(total)), total, BATCH), 1):
        start = time.perf_counter()
        store.take_in(batch)
        middle = time.perf_counter()
        while store.score_some(rules, END, part=0, parts=1):
            pass
        taking, scoring = taking + middle - start, scoring + time.perf_counter() - middle
        if number * BATCH % tenth == 0:
            rows.append(_standing(store, number * BATCH, total, taking + scoring))
            say(f"sqlite {rows[-1]}")
    found = {
        "events": total,
        "taken_in_per_second": total / taking,
        "scored_per_second": total / scoring,
        "events_per_second": total / (taking + scoring),
        "cpu_seconds_and_making_the_events": time.process_time() - began,
        "steps": rows,
    }
    sums = _sums(ledger)
    ledger.close_all()
    return {"sqlite": found}, sums


def _standing(store: SqlIntentStore, done: int, total: int, seconds: float) -> dict[str, float]:
    """Memory, speed so far, and what reading costs now: medians over people who came by then."""
    dice = random.Random(7)
    who = [Subject("visitor", f"visitor-{dice.randrange(total // 12)}") for _ in range(READERS)]
    rules = definition()
    states = [_cost(partial(store.states, [subject], rules)) for subject in who]
    evidence = [_cost(partial(store.evidence, subject, rules, 0, 50)) for subject in who]
    return {
        "events": done,
        "per_second": round(done / seconds),
        "rss_mb": round(_rss() / 1e6, 1),
        "states_ms": _median(seconds for seconds, _ in states),
        "states_cpu_ms": _median(cpu for _, cpu in states),
        "evidence_ms": _median(seconds for seconds, _ in evidence),
        "evidence_cpu_ms": _median(cpu for _, cpu in evidence),
    }


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of this process: the machine may have other work."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _median(seconds: Iterable[float]) -> float:
    """Milliseconds."""
    return round(statistics.median(seconds) * 1e3, 2)


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def _shuffled(url: str, total: int, expected: Sums, say: Say) -> dict[str, Any]:
    ledger = Ledger.open(url)
    store = SqlIntentStore(ledger._engine)
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    workers = [
        context.Process(target=_work, args=(url, part, WORKERS, over)) for part in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    numbers = [*range(total), *range(total)]
    random.Random(11).shuffle(numbers)
    accepted, start = 0, time.perf_counter()
    for batch in batches(numbers, total, BATCH):
        accepted += store.take_in(batch).accepted
    taken = time.perf_counter() - start
    say(f"postgresql: {accepted} of {len(numbers)} accepted in {taken:.0f} s")
    over.set()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - start
    found = _sums(ledger)
    ledger.close_all()
    worst = max(
        abs(found.get(key, 0.0) - expected.get(key, 0.0)) / max(expected.get(key, 0.0), 1.0)
        for key in found.keys() | expected.keys()
    )
    return {
        "postgres": {
            "events": len(numbers),
            "accepted": accepted,
            "seconds": seconds,
            "taken_in_seconds": taken,
            "events_per_second": len(numbers) / seconds,
            "sums": len(expected),
            "largest_difference": worst,
        }
    }


def _work(url: str, part: int, parts: int, over: Signal) -> None:
    """One worker: scores its share until everything is in and nothing waits."""
    ledger = Ledger.open(url)
    store, rules = SqlIntentStore(ledger._engine), definition()
    while True:
        last = over.is_set()
        done = store.score_some(rules, END, part=part, parts=parts)
        if not done and last:
            break
        if not done:
            time.sleep(0.05)
    ledger.close_all()


def _sums(ledger: Ledger) -> Sums:
    """Every sum at the end, by trail and by the first identifier of whoever it belongs to."""
    with ledger._engine.connect() as connection:
        trails = {row.id: row for row in connection.execute(select(trail))}
        first: dict[str, str] = {}
        for row in trails.values():
            first[row.owner] = min(first.get(row.owner, row.name), row.name)
        half_lives = {one.name: one.half_life for one in definition().families.values()}
        return {
            (trails[row.trail_id].name, first[trails[row.trail_id].owner], row.topic, row.family): (
                read(State(row.value, row.at), millis(END), half_lives[row.family])
            )
            for row in connection.execute(select(state))
        }
