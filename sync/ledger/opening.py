"""Opening a ledger: the right settings for each database, and its tables brought up to date."""

from __future__ import annotations

from pathlib import Path
from sqlite3 import OperationalError
from types import MappingProxyType
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from sync.ledger.audits import Audits
from sync.ledger.bells import Bells
from sync.ledger.claims import Claims
from sync.ledger.consents import Consents
from sync.ledger.erasures import Erasures
from sync.ledger.lock import Leases
from sync.ledger.notes import Notes
from sync.ledger.objections import Objections
from sync.ledger.own_names import OwnNames
from sync.ledger.pairs import Pairs
from sync.ledger.plans import Plans
from sync.ledger.room import LedgerUnavailable, unavailable
from sync.ledger.runs import Runs
from sync.ledger.scopes import Scopes
from sync.ledger.sightings import Sightings
from sync.ledger.states import States
from sync.ledger.ties import Ties
from sync.ledger.troubles import Troubles
from sync.ledger.waiters import Waiters
from sync.ledger.writings import Writings

# Migrations are named by their number; the newest one is where the tables should be.
NEWEST = max(file.stem[:4] for file in Path(__file__).parent.glob("migrations/versions/0*.py"))
# How long a writer waits for another one, in milliseconds.
BUSY_TIMEOUT = 30_000
# Pages (of 4 KB) until SQLite's log is folded into the file. Whoever commits at that moment waits for it:
# with the usual 1,000 that is every twentieth delivery of 100 events.
PAGES_OF_LOG = 10_000
# libpq: seconds to connect, and milliseconds after which a connection to a host that is gone is given up.
PATIENCE = MappingProxyType(
    {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 10}
)


class Ledger(
    Runs,
    Sightings,
    Claims,
    Consents,
    Erasures,
    Pairs,
    Writings,
    Notes,
    Plans,
    States,
    Leases,
    Bells,
    Scopes,
    Troubles,
    Ties,
    Waiters,
    OwnNames,
    Objections,
    Audits,
):
    """All rooms of the ledger over one database."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database at a SQLAlchemy URL and bring its tables up to date.

        Raises `LedgerUnavailable` with the cause and the cure.
        """
        engine = _engine(url)
        try:
            _migrate(engine)
        except SQLAlchemyError as error:
            engine.dispose()
            raise unavailable(error) from error
        except LedgerUnavailable:
            engine.dispose()
            raise
        return cls(engine)

    @property
    def engine(self) -> Engine:
        """The database, for other stores that share it: its tables are up to date."""
        return self._engine

    def close_all(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, pool_pre_ping=True, connect_args=dict(PATIENCE))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise LedgerUnavailable(
            "KAKEHASHI_DATABASE_URL is not a database URL: write sqlite:///var/kakehashi.db or "
            "postgresql+psycopg://user:password@host/database"
        ) from error
    _make_folder(parsed.database)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT / 1000})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _make_folder(database: str | None) -> None:
    # SQLite's own URIs (``file:...?mode=ro``) name files that are there already.
    if not database or database == ":memory:" or database.startswith("file:"):
        return
    try:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            f"the folder of the ledger cannot be made ({error.strerror}: {error.filename}): make it "
            "writable, or set KAKEHASHI_DATABASE_URL to another place"
        ) from error


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """Write-ahead log, synced on commit: what is journalled survives a kill and a power cut."""
    # The driver must not open transactions of its own; `_begin` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    for attempt in Retrying(
        retry=retry_if_exception(_is_locked),
        stop=stop_after_delay(BUSY_TIMEOUT / 1000),
        wait=wait_random(0, 0.1),
        reraise=True,
    ):
        with attempt:
            # Parts that open a new file at once: SQLite refuses all but one, and waits for nobody here.
            cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA wal_autocheckpoint={PAGES_OF_LOG}")
    cursor.close()


def _is_locked(error: BaseException) -> bool:
    """Others pass; a file that may not be written stays as it is."""
    return isinstance(error, OperationalError) and "locked" in str(error)


def _begin(connection: Connection) -> None:
    """Writers queue up at their first statement, where waiting is safe; readers wait for nobody."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _migrate(engine: Engine) -> None:
    with engine.execution_options(reading=True).begin() as connection:
        if _revision(connection) == NEWEST:
            return
    # What brings tables up to date takes longer to load than most commands to run.
    from sync.ledger.migrating import migrate  # noqa: PLC0415

    migrate(engine)


def _revision(connection: Connection) -> str | None:
    """Which migration the tables are at; None for a new database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found
