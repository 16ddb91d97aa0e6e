"""The ledger on a real PostgreSQL, and what can go wrong with a server."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

pytest.register_assert_rewrite(
    "tests.contract.ledger_suite",
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
from tests.machine.postgres import running_postgres  # noqa: E402


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """One server for all tests of this file; a server that does not start fails them all."""
    with running_postgres() as url:
        yield url


@pytest.fixture
def schema_url(server: str) -> Iterator[str]:
    """A schema of the test's own."""
    name = f"test_{uuid4().hex[:12]}"
    engine = create_engine(server, pool_pre_ping=True)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


class TestLedgerOnPostgres(LedgerContract):
    """More than one machine."""

    @pytest.fixture
    def url(self, schema_url: str) -> str:
        return schema_url


def test_a_server_that_is_not_there_is_named_with_its_cure() -> None:
    """The first line of the cause, and what to check."""
    with pytest.raises(LedgerUnavailable, match=r"KAKEHASHI_DATABASE_URL .* is running"):
        Ledger.open("postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_work_goes_on_after_the_server_dropped_its_connections(
    server: str, schema_url: str
) -> None:
    """A restart of the database costs one error at most, and no restart of ours."""
    ledger = Ledger.open(schema_url)
    see(ledger, HUBSPOT, sight("1"))
    engine = create_engine(server)
    drop_others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with pytest.raises(LedgerUnavailable), ledger._begin() as connection:
        with engine.begin() as other:
            other.execute(drop_others)
        connection.execute(text("SELECT 1"))
    assert ledger.live_count(PEOPLE, HUBSPOT) == 1
    engine.dispose()
    ledger.close_all()


def test_a_user_without_rights_is_told_so(server: str, schema_url: str) -> None:
    """The cure names the right that is missing."""
    engine = create_engine(server)
    reader = f"reader_{uuid4().hex[:8]}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {reader} LOGIN PASSWORD 'reader'"))
    try:
        url = make_url(schema_url).set(username=reader, password="reader")
        with pytest.raises(LedgerUnavailable, match="cannot be used"):
            Ledger.open(url.render_as_string(hide_password=False))
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP ROLE {reader}"))
        engine.dispose()
