"""The store of the lifecycle on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

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
from lifecycle.port import LifecycleStore  # noqa: E402
from tests.contract.intent_builders import opened  # noqa: E402
from tests.contract.lifecycle_builders import emptied  # noqa: E402
from tests.contract.lifecycle_suite import LifecycleContract  # noqa: E402


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One file for all tests of this module."""
    with opened(f"sqlite:///{tmp_path_factory.mktemp('lifecycle') / 'ledger.db'}") as found:
        yield found


def test_the_store_is_what_the_port_asks_for(engine: Engine) -> None:
    """Every method with its types: `mypy` compares them here."""
    store: LifecycleStore = emptied(engine)
    assert store.asked(1) == []


class TestLifecycleOnSqlite(LifecycleContract):
    """The default install."""
