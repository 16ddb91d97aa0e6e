"""The ledger on SQLite, and what can go wrong with a file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

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
from tests.machine.ledgers import begin_ledger  # noqa: E402


class TestLedgerOnSqlite(LedgerContract):
    """The default install."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        begin_ledger(tmp_path / "ledger.db")
        return f"sqlite:///{tmp_path / 'ledger.db'}"

    @pytest.fixture
    def empty(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'empty.db'}"


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """The first start needs no preparation."""
    Ledger.open(f"sqlite:///{tmp_path / 'var' / 'deep' / 'ledger.db'}").close_all()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Here a file stands where the folder should be."""
    (tmp_path / "var").write_text("a file")
    with pytest.raises(LedgerUnavailable, match=r"folder.*var.*KAKEHASHI_DATABASE_URL"):
        Ledger.open(f"sqlite:///{tmp_path / 'var' / 'ledger.db'}")


def test_a_url_that_is_none_is_explained() -> None:
    """With two that work."""
    with pytest.raises(LedgerUnavailable, match=r"sqlite:///var/kakehashi.db"):
        Ledger.open("var/kakehashi.db")


def test_a_file_that_is_no_database_is_told_apart(tmp_path: Path) -> None:
    """Nothing is written to it."""
    file = tmp_path / "ledger.db"
    file.write_text("a spreadsheet, say " * 100)
    with pytest.raises(LedgerUnavailable, match="is something else"):
        Ledger.open(f"sqlite:///{file}")
    assert file.read_text().startswith("a spreadsheet")


@contextmanager
def someone_else() -> Iterator[Path]:
    """A folder that may be read and not written, and a user that this holds for (root it does not)."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_read_only_folder_is_named_with_its_cure() -> None:
    """At the start, before anything was promised."""
    with someone_else() as folder:
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        with pytest.raises(LedgerUnavailable, match="make its folder writable"):
            Ledger.open(f"sqlite:///{folder / 'ledger.db'}")


def test_a_read_only_file_is_named_with_its_cure() -> None:
    """A ledger that was put there by another user."""
    with someone_else() as folder:
        file = folder / "ledger.db"
        Ledger.open(f"sqlite:///{file}").close_all()
        file.chmod(0o444)
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        with pytest.raises(LedgerUnavailable, match="make its folder writable"):
            Ledger.open(f"sqlite:///{file}")


def test_a_full_disk_stops_the_work_and_loses_nothing(tmp_path: Path) -> None:
    """What was on file stays readable, and the same page lands once there is room."""
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    see(ledger, HUBSPOT, sight("1"))
    pages = [200]

    def limit(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages[0]}")

    event.listen(ledger._engine, "checkout", limit)
    many = [sight(f"n{number}", keys=(f"{number}@example.com",)) for number in range(20_000)]
    with pytest.raises(LedgerUnavailable, match="free disk space"):
        see(ledger, HUBSPOT, *many)
    assert ledger.live_count(PEOPLE, HUBSPOT) == 1
    pages[0] = 1_000_000
    see(ledger, HUBSPOT, *many)
    assert ledger.live_count(PEOPLE, HUBSPOT) == 20_001
    ledger.close_all()
