"""The ledger on a real PostgreSQL, and what can go wrong with a server."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

pytest.register_assert_rewrite(
    "tests.contract.ledger_suite",
    "tests.contract.ledger_moves_suite",
    "tests.contract.ledger_privacy_suite",
    "tests.contract.ledger_records_suite",
    "tests.contract.ledger_waiters_suite",
    "tests.contract.ledger_ties_suite",
    "tests.contract.ledger_work_suite",
)

# The suites' asserts explain themselves only if they are imported after the line above.
from sync.ledger import Ledger, LedgerUnavailable  # noqa: E402
from tests.contract.ledger_builders import HUBSPOT, PEOPLE, see, sight  # noqa: E402
from tests.contract.ledger_suite import LedgerContract  # noqa: E402
from tests.machine.databases import Databases  # noqa: E402


class TestLedgerOnPostgres(LedgerContract):
    """More than one machine."""

    @pytest.fixture
    def url(self, postgres: Databases) -> str:
        return postgres.ledger()

    @pytest.fixture
    def empty(self, postgres: Databases) -> Iterator[str]:
        with postgres.empty() as url:
            yield url


def test_a_server_that_is_not_there_is_named_with_its_cure() -> None:
    """The first line of the cause, and what to check."""
    with pytest.raises(LedgerUnavailable, match=r"KAKEHASHI_DATABASE_URL .* is running"):
        Ledger.open("postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_work_goes_on_after_the_server_dropped_its_connections(postgres: Databases) -> None:
    """A restart of the database costs one error at most, and no restart of ours."""
    drop_others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    url = postgres.ledger()
    ledger = Ledger.open(url)
    see(ledger, HUBSPOT, sight("1"))
    engine = create_engine(url)
    with pytest.raises(LedgerUnavailable), ledger._begin() as connection:
        with engine.begin() as other:
            other.execute(drop_others)
        connection.execute(text("SELECT 1"))
    assert ledger.live_count(PEOPLE, HUBSPOT) == 1
    engine.dispose()
    ledger.close_all()


def test_a_user_without_rights_is_told_so(postgres: Databases) -> None:
    """The cure names the right that is missing."""
    with postgres.empty() as empty:
        engine = create_engine(empty)
        reader = f"reader_{uuid4().hex[:8]}"
        with engine.begin() as connection:
            connection.execute(text(f"CREATE ROLE {reader} LOGIN PASSWORD 'reader'"))
        try:
            url = make_url(empty).set(username=reader, password="reader")
            with pytest.raises(LedgerUnavailable, match="cannot be used"):
                Ledger.open(url.render_as_string(hide_password=False))
        finally:
            with engine.begin() as connection:
                connection.execute(text(f"DROP ROLE {reader}"))
            engine.dispose()
