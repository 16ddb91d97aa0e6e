"""The store of website intent on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

pytest.register_assert_rewrite(
    "tests.contract.intake_suite",
    "tests.contract.intent_suite",
    "tests.contract.days_suite",
    "tests.contract.judgement_suite",
    "tests.contract.pages_suite",
    "tests.contract.replay_suite",
    "tests.contract.together_suite",
)

# The suites' asserts explain themselves only if they are imported after the line above.
from intent.port import IntentStore  # noqa: E402
from tests.contract.days_suite import DaysContract  # noqa: E402
from tests.contract.intake_suite import IntakeContract  # noqa: E402
from tests.contract.intent_builders import (  # noqa: E402
    FIRST,
    emptied,
    event,
    opened,
    points,
    score,
    visitor,
)
from tests.contract.intent_suite import IntentContract  # noqa: E402
from tests.contract.judgement_suite import JudgementContract  # noqa: E402
from tests.contract.pages_suite import PagesContract  # noqa: E402
from tests.contract.replay_suite import ReplayContract  # noqa: E402
from tests.contract.together_suite import TogetherContract  # noqa: E402


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One file for all tests of this module."""
    with opened(f"sqlite:///{tmp_path_factory.mktemp('intent') / 'ledger.db'}") as found:
        yield found


def test_the_store_is_what_the_port_asks_for(engine: Engine) -> None:
    """Every method with its types: `mypy` compares them here."""
    store: IntentStore = emptied(engine)
    assert store.unscored() == 0


def test_a_visitor_of_twenty_thousand_events_weighs_no_more_than_one_of_three(
    engine: Engine,
) -> None:
    """What each costs does not depend on how many there were: nothing but events stays of those that do
    not count.
    """
    store = emptied(engine)
    for _ in range(20):
        store.take_in([event(visitor="v1") for _ in range(1_000)])
    score(store)
    assert store.unscored() == 0
    assert points(store, visitor(), "browse") == 3
    with engine.connect() as connection:
        counted = connection.execute(text("SELECT count(*) FROM intent_counted")).scalar()
    assert counted == len(store.evidence(visitor(), FIRST, 0)) == 3


class TestIntentOnSqlite(IntentContract):
    """The default install."""


class TestPagesOnSqlite(PagesContract):
    """The default install."""


class TestJudgementOnSqlite(JudgementContract):
    """The default install."""


class TestIntakeOnSqlite(IntakeContract):
    """The default install."""


class TestReplayOnSqlite(ReplayContract):
    """The default install."""


class TestDaysOnSqlite(DaysContract):
    """The default install."""


class TestTogetherOnSqlite(TogetherContract):
    """The default install."""
