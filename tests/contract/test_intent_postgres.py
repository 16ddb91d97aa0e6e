"""The store of website intent on a real PostgreSQL, and what only many workers can get wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

pytest.register_assert_rewrite("tests.contract.intent_suite")

# The suite's asserts explain themselves only if it is imported after the line above.
from tests.contract.intent_builders import opened  # noqa: E402
from tests.contract.intent_suite import IntentContract  # noqa: E402
from tests.machine.postgres import running_postgres  # noqa: E402


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One server for all tests of this file; a server that does not start fails them all."""
    with running_postgres() as url, opened(url) as found:
        yield found


class TestIntentOnPostgres(IntentContract):
    """More than one machine."""
