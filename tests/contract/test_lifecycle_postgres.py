"""The store of the lifecycle on a real PostgreSQL, and what only many workers can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Engine

pytest.register_assert_rewrite(
    "tests.contract.lifecycle_suite",
    "tests.contract.lifecycle_together_suite",
    "tests.contract.lifecycle_briefs_suite",
    "tests.contract.lifecycle_leaving_suite",
    "tests.contract.lifecycle_letters_suite",
)

# The suite's asserts explain themselves only if it is imported after the line above.
from lifecycle.model import Request, Stage  # noqa: E402
from lifecycle.port import Overtaken  # noqa: E402
from lifecycle.store import SqlLifecycleStore  # noqa: E402
from tests.contract.intent_builders import opened  # noqa: E402
from tests.contract.lifecycle_builders import (  # noqa: E402
    ANN,
    BOB,
    NOW,
    answer,
    asked,
    emptied,
    enter,
)
from tests.contract.lifecycle_suite import LifecycleContract  # noqa: E402
from tests.machine.postgres import running_postgres  # noqa: E402

ROUNDS = 10


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One server for all tests of this file; a server that does not start fails them all."""
    with running_postgres() as url, opened(url) as found:
        yield found


def at_once(work: Sequence[Callable[[], object]]) -> list[object]:
    """Everything at the same time, and what came of each; a fault of any of them is one of the test."""
    start = Barrier(len(work))

    def run(one: Callable[[], object]) -> object:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return [done.result() for done in [pool.submit(run, one) for one in work]]


def decided(store: SqlLifecycleStore, request: Request, number: int) -> bool:
    """Whether an attempt went through; False: overtaken."""
    try:
        store.decide(request, [answer(request, number)], None)
    except Overtaken:
        return False
    return True


def test_of_two_verdicts_at_once_one_is_overtaken(engine: Engine) -> None:
    """Accepted here, sent back there: one entry, and the other request waits to be decided anew."""
    store = emptied(engine)
    for number in range(1, ROUNDS + 1):
        verdicts = [asked(f"{number} {to}", ANN, to) for to in (Stage.SAL, Stage.RECYCLED)]
        store.ask(verdicts)
        done = at_once([partial(decided, store, verdict, number) for verdict in verdicts])
        assert sorted(map(bool, done)) == [False, True]
        assert len(store.history(ANN)) == number
        [waits] = store.asked(9)
        assert waits == verdicts[done.index(False)]
        store.decide(waits, [], None)


def test_a_request_that_two_workers_hold_becomes_one_entry(engine: Engine) -> None:
    """Neither of them is overtaken: the second one finds it done."""
    store = emptied(engine)
    for number in range(1, ROUNDS + 1):
        request = asked(f"r{number}")
        store.ask([request])
        assert at_once([partial(decided, store, request, number)] * 2) == [True, True]
        assert len(store.history(ANN)) == number
        assert store.asked(9) == []


def test_a_ticket_that_two_press_at_once_is_used_once(engine: Engine) -> None:
    """The second press comes too late, by whatever little."""
    store = emptied(engine)
    for number in range(ROUNDS):
        used = at_once([partial(store.spend, f"t{number}", NOW)] * 3)
        assert sorted(map(bool, used)) == [False, False, True]


def test_doors_and_workers_and_a_merge_at_once_lose_no_request(engine: Engine) -> None:
    """Whoever is overtaken decides again; in the end every request has one entry."""
    store = emptied(engine)
    enter(store, "a", 1, ANN)
    enter(store, "b", 1, BOB)
    requests = [asked(f"r{n}", (ANN, BOB)[n % 2]) for n in range(20)]

    def work() -> None:
        while waiting := store.asked(3):
            for request in waiting:
                standing = store.standings([request.subject])[request.subject]
                decided(store, request, standing.number + 1)

    store.ask(requests[:10])
    at_once(
        [
            work,
            work,
            lambda: store.ask(requests[10:]),
            lambda: store.ask(reversed_(requests)),
            lambda: store.merge(BOB, ANN, NOW),
        ]
    )
    work()
    ids = [one.request_id for one in store.history(ANN)]
    assert sorted(ids) == sorted(["a", "b", *(one.id for one in requests)])
    assert store.standings([ANN])[ANN].number == len(ids)


def test_who_is_erased_while_everybody_works_is_gone(engine: Engine) -> None:
    """Whatever is decided before is under the pseudonym; nothing of it is left outside."""
    store = emptied(engine)
    enter(store, "a", 1, ANN)
    somebody = ANN._replace(key="p")

    def work() -> None:
        for n in range(2, 12):
            if not decided(store, asked(f"r{n}"), n):
                return

    at_once([work, lambda: store.erase(ANN, "p", NOW)])
    kept = [one.stage for one in store.history(somebody)]
    assert kept == [Stage.MQL] * len(kept)
    assert kept
    assert store.history(ANN) == []


def reversed_(requests: Sequence[Request]) -> list[Request]:
    """The other way round, as another door may tell them."""
    return list(reversed(requests))


class TestLifecycleOnPostgres(LifecycleContract):
    """More than one machine."""
