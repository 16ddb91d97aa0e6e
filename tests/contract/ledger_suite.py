"""The ledger's promises, one suite for every database.

A subclass of `LedgerContract` names the databases by its fixtures `url` and `empty`. What the ledger promises
about killed processes, parallel work and foreign schemas stands here; the rest in the suites it inherits.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from database.tables import metadata
from sync.ledger import Ledger, LedgerUnavailable
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    PEOPLE,
    SALESFORCE,
    begin,
    draft,
    see,
    sight,
)
from tests.contract.ledger_moves_suite import MovePromises
from tests.contract.ledger_privacy_suite import PrivacyPromises
from tests.contract.ledger_records_suite import PairPromises, SightingPromises, StatePromises
from tests.contract.ledger_ties_suite import TiePromises
from tests.contract.ledger_waiters_suite import WaiterPromises
from tests.contract.ledger_work_suite import (
    FindingPromises,
    JournalPromises,
    PairingPromises,
    PlanPromises,
    RunPromises,
)

ROOT = Path(__file__).parents[2]
# Puts a write on file, then dies by its own hand in the middle of the next transaction.
KILLED = """
import os, signal, sys
from sync.ledger import Ledger
from sync.ledger.tables import record
from tests.contract.ledger_builders import NOW, begin, draft, see, sight, HUBSPOT

ledger = Ledger.open(sys.argv[1])
ledger.intend(begin(ledger).id, [draft()], NOW)
with ledger._begin() as connection:
    connection.execute(record.update().values(gone="deleted"))
    connection.execute(record.delete())
    os.kill(os.getpid(), signal.SIGKILL)
"""


class LedgerContract(
    SightingPromises,
    PairPromises,
    MovePromises,
    WaiterPromises,
    StatePromises,
    PairingPromises,
    JournalPromises,
    FindingPromises,
    PlanPromises,
    RunPromises,
    TiePromises,
    PrivacyPromises,
):
    """Everything a ledger promises, whatever database keeps it."""

    @pytest.fixture
    def url(self) -> str:
        """The SQLAlchemy URL of a database of this test's own, with the tables of a ledger."""
        raise NotImplementedError

    @pytest.fixture
    def empty(self) -> str:
        """The same without any table: opening it runs all migrations."""
        raise NotImplementedError

    @pytest.fixture
    def ledger(self, url: str) -> Iterator[Ledger]:
        opened = Ledger.open(url)
        yield opened
        opened.close_all()

    def test_opening_again_finds_everything(self, url: str, ledger: Ledger) -> None:
        """The tables are brought up to date once; nothing is lost by looking."""
        see(ledger, HUBSPOT, sight("1"))
        again = Ledger.open(url)
        assert again.live_count(PEOPLE, HUBSPOT) == 1
        again.close_all()

    def test_parts_that_start_at_once_share_one_ledger(self, empty: str) -> None:
        """Web, worker and scheduler may all find the database empty."""
        opened: list[Ledger] = []
        starters = [
            threading.Thread(target=lambda: opened.append(Ledger.open(empty))) for _ in range(4)
        ]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()
        assert len(opened) == 4
        for ledger in opened:
            assert ledger.paused() == set()
            ledger.close_all()

    def test_a_process_killed_in_the_middle_leaves_a_readable_ledger(
        self, url: str, ledger: Ledger
    ) -> None:
        """What it had put on file is there, what it was about to is not, and work goes on."""
        see(ledger, HUBSPOT, sight("1"))
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, url], cwd=ROOT, check=False, capture_output=True
        )
        assert killed.returncode == -9, killed.stderr.decode()
        assert ledger.live_count(PEOPLE, HUBSPOT) == 1
        assert [entry.record_id for entry in ledger.open_entries(PEOPLE)] == ["003A"]
        see(ledger, HUBSPOT, sight("2"))
        assert ledger.live_count(PEOPLE, HUBSPOT) == 2

    def test_readers_wait_for_no_writer(self, ledger: Ledger) -> None:
        """The console answers while a worker is in the middle of a transaction."""
        see(ledger, HUBSPOT, sight("1"))
        with ledger._begin() as connection:
            connection.execute(text("UPDATE record SET gone = 'deleted'"))
            assert ledger.live_count(PEOPLE, HUBSPOT) == 1
        assert ledger.live_count(PEOPLE, HUBSPOT) == 0

    def test_threads_write_side_by_side(self, ledger: Ledger) -> None:
        """Workers share a ledger; each write lands once."""
        run = begin(ledger)

        def work(worker: int) -> None:
            for number in range(10):
                see(ledger, SALESFORCE, sight(f"{worker}-{number}"), run=run)
                ledger.intend(run.id, [draft(f"{worker}-{number}")], NOW)

        workers = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert ledger.live_count(PEOPLE, SALESFORCE) == 40
        assert len(ledger.open_entries(PEOPLE)) == 40

    def test_a_ledger_of_a_newer_version_is_refused(self, empty: str) -> None:
        """Rather than written to by somebody who does not know its tables."""
        Ledger.open(empty).close_all()
        engine = create_engine(empty)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        engine.dispose()
        with pytest.raises(LedgerUnavailable, match=r"newer Kakehashi.*9999.*install that version"):
            Ledger.open(empty)

    def test_migrations_make_the_very_tables_that_the_code_knows(self, empty: str) -> None:
        """Columns, indexes and unique rules: a difference is a forgotten migration."""
        ledger = Ledger.open(empty)
        with ledger._look() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        ledger.close_all()
