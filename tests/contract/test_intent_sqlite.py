"""The store of website intent on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

pytest.register_assert_rewrite(
    "tests.contract.intent_suite", "tests.contract.judgement_suite", "tests.contract.pages_suite"
)

# The suites' asserts explain themselves only if they are imported after the line above.
from intent.port import IntentStore  # noqa: E402
from tests.contract.intent_builders import emptied, opened  # noqa: E402
from tests.contract.intent_suite import IntentContract  # noqa: E402
from tests.contract.judgement_suite import JudgementContract  # noqa: E402
from tests.contract.pages_suite import PagesContract  # noqa: E402


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One file for all tests of this module."""
    with opened(f"sqlite:///{tmp_path_factory.mktemp('intent') / 'ledger.db'}") as found:
        yield found


def test_the_store_is_what_the_port_asks_for(engine: Engine) -> None:
    """Every method with its types: `mypy` compares them here."""
    store: IntentStore = emptied(engine)
    assert store.unscored() == 0


class TestIntentOnSqlite(IntentContract):
    """The default install."""


class TestPagesOnSqlite(PagesContract):
    """The default install."""


class TestJudgementOnSqlite(JudgementContract):
    """The default install."""
