"""Brings the tables of a database up to date. Loaded only where they are not."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from sync.ledger.room import LedgerUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
# An arbitrary number that only this product's migrations take as an advisory lock.
MIGRATION_LOCK = 0x6B616B65


def migrate(engine: Engine) -> None:
    """Run all migrations that the database lacks, in one transaction.

    Raises `LedgerUnavailable` for tables of a newer version than ours.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Parts that start at once on an empty database bring it up one after the other.
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": MIGRATION_LOCK})
        _refuse_newer(ScriptDirectory.from_config(config), connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_newer(known: ScriptDirectory, connection: Connection) -> None:
    at = MigrationContext.configure(connection).get_current_revision()
    if at is None:
        return
    try:
        known.get_revision(at)
    except CommandError as error:
        raise LedgerUnavailable(
            f"the ledger was written by a newer Kakehashi (its tables are at {at}): install that "
            "version, or set KAKEHASHI_DATABASE_URL to another database"
        ) from error
