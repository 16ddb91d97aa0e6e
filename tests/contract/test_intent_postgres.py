"""The store of website intent on a real PostgreSQL, and what only many workers can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from random import Random

import pytest
from sqlalchemy import Engine

pytest.register_assert_rewrite(
    "tests.contract.intake_suite",
    "tests.contract.intent_suite",
    "tests.contract.intent_picture",
    "tests.contract.days_suite",
    "tests.contract.judgement_suite",
    "tests.contract.pages_suite",
    "tests.contract.replay_suite",
    "tests.contract.together_suite",
)

# The suites' asserts explain themselves only if they are imported after the line above.
from intent.model import Event, millis  # noqa: E402
from tests.contract.days_suite import DaysContract  # noqa: E402
from tests.contract.intake_suite import IntakeContract  # noqa: E402
from tests.contract.intent_builders import (  # noqa: E402
    ANN,
    BOB,
    FIRST,
    NOW,
    emptied,
    event,
    opened,
    person,
    points,
    score,
)
from tests.contract.intent_picture import assert_same, picture  # noqa: E402
from tests.contract.intent_suite import IntentContract  # noqa: E402
from tests.contract.judgement_suite import JudgementContract  # noqa: E402
from tests.contract.pages_suite import PagesContract  # noqa: E402
from tests.contract.replay_suite import ReplayContract  # noqa: E402
from tests.contract.together_suite import TogetherContract  # noqa: E402
from tests.machine.databases import Databases  # noqa: E402


@pytest.fixture(scope="module")
def engine(postgres: Databases) -> Iterator[Engine]:
    """One database for all tests of this file."""
    with opened(postgres.ledger()) as found:
        yield found


def at_once(work: Sequence[Callable[[], None]]) -> None:
    """Everything at the same time; a fault of any of them is one of the test."""
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(one) for one in work]:
            done.result()


def test_doors_and_workers_at_once_give_what_one_of_each_gives(engine: Engine) -> None:
    """Four workers, two of them for each share, and two doors with the same events in another order."""
    dice = Random(5)
    events = [
        event(
            dice.choice(["page_view", "page_view", "pricing_view", "form"]),
            ago=timedelta(hours=dice.randrange(200)),
            email=dice.choice([None, None, None, ANN, BOB]),
            contact=dice.choice([None] * 9 + ["7"]),
            visitor=f"v{dice.randrange(12)}",
            network=dice.choice([None, "acme.example"]),
            page=f"/{dice.randrange(3)}",
        )
        for _ in range(400)
    ]
    score(emptied(engine), *events)
    expected = picture(engine, FIRST, millis(NOW))
    store = emptied(engine)

    def come_in(seed: int) -> None:
        some = Random(seed).sample(events, len(events))
        for start in range(0, len(some), 40):
            store.take_in(some[start : start + 40])

    def work(part: int) -> None:
        for _ in range(30):
            store.score_some(FIRST, NOW, part=part, parts=2)

    at_once([partial(come_in, 1), partial(come_in, 2), *(partial(work, n % 2) for n in range(4))])
    score(store)
    assert store.unscored() == 0
    assert_same(expected, picture(engine, FIRST, millis(NOW)))


def test_doors_that_take_the_same_events_in_never_wait_for_each_other_crosswise(
    engine: Engine,
) -> None:
    """A sender sent its request again, and in another order, while the first one was still at work."""
    store = emptied(engine)
    score(store, event(visitor="v1"))
    for _ in range(4):
        same = [event(visitor="v1") for _ in range(1_000)]
        counts: list[int] = []

        def come_in(some: Sequence[Event], counts: list[int] = counts) -> None:
            counts.append(store.take_in(some).accepted)

        at_once([partial(come_in, same), partial(come_in, same[::-1])])
        assert sum(counts) == 1_000


def test_who_leaves_while_everybody_works_is_gone(engine: Engine) -> None:
    """Doors, workers and an erasure of the same person wait for each other, and for nothing else."""
    store = emptied(engine)
    score(store, *[event("form", email=ANN, visitor=f"v{n}") for n in range(20)])
    ann = person(store)

    def come_in() -> None:
        for _ in range(20):
            store.take_in([event(visitor=f"v{n}", email=BOB) for n in range(20)])

    def work() -> None:
        for _ in range(20):
            store.score_some(FIRST, NOW, part=0, parts=1)

    at_once([come_in, work, work, lambda: store.erase(ann, NOW)])
    score(store)
    assert store.links_of(ann) == []
    assert store.subjects_by("email", [ANN]) == {}
    assert points(store, person(store, BOB), "browse") == 3


class TestIntentOnPostgres(IntentContract):
    """More than one machine."""


class TestPagesOnPostgres(PagesContract):
    """More than one machine."""


class TestJudgementOnPostgres(JudgementContract):
    """More than one machine."""


class TestIntakeOnPostgres(IntakeContract):
    """More than one machine."""


class TestReplayOnPostgres(ReplayContract):
    """More than one machine."""


class TestDaysOnPostgres(DaysContract):
    """More than one machine."""


class TestTogetherOnPostgres(TogetherContract):
    """More than one machine."""
