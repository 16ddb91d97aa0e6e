"""What every room shares, whichever store it belongs to: short transactions, errors that name the cure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoFreeConnection


class LedgerError(Exception):
    """Base of a store's own errors; the message names the cause and the cure."""


class LedgerUnavailable(LedgerError):
    """The database cannot be used now: unreachable, read-only, full, or locked by others."""


T = TypeVar("T")
# Ids per IN list: below every database's limit of bound values.
IDS_AT_ONCE = 1_000

CURES = (
    ("readonly", "make its folder writable, or set KAKEHASHI_DATABASE_URL to another place"),
    ("read-only", "make its folder writable, or set KAKEHASHI_DATABASE_URL to another place"),
    ("unable to open", "make its folder writable, or set KAKEHASHI_DATABASE_URL to another place"),
    ("full", "free disk space; nothing was lost, run the command again afterwards"),
    ("no space", "free disk space; nothing was lost, run the command again afterwards"),
    ("locked", "another process is writing to it; wait for it to end, then run again"),
    ("malformed", "the file is damaged: put a copy of it back, or begin a new ledger"),
    ("not a database", "KAKEHASHI_DATABASE_URL names a file that is something else"),
    ("permission denied", "give the database user the right to create and write tables"),
    ("disk i/o", "check the disk; nothing was lost, run the command again afterwards"),
)


def unavailable(error: SQLAlchemyError) -> LedgerUnavailable:
    """The error a person can act on. The statement and its values stay out of the message."""
    cause = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    text = cause[0] if cause else type(error).__name__
    cure = next((cure for word, cure in CURES if word in text.lower()), None)
    advice = cure or "check KAKEHASHI_DATABASE_URL and that the database is running"
    return LedgerUnavailable(f"the ledger's database cannot be used ({text}): {advice}")


def is_operational(error: SQLAlchemyError) -> bool:
    """Whether the database is at fault; a wrong statement or value is a bug of ours."""
    if isinstance(error, IntegrityError | DataError | ProgrammingError | NotSupportedError):
        return False
    return isinstance(error, DBAPIError | NoFreeConnection)


@contextmanager
def translated() -> Iterator[None]:
    """Operational errors of the database leave as `LedgerUnavailable`."""
    try:
        yield
    except SQLAlchemyError as error:
        if is_operational(error):
            raise unavailable(error) from error
        raise


class Room:
    """Base of all rooms. Every public method of a room is one short transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # SQLite lets readers pass a writer only if they do not ask to write (see `sync.ledger.opening`).
        self._readers = engine.execution_options(reading=True)

    def time(self) -> datetime | None:
        """What time it is at the database; None for one that has no clock but ours."""
        with self._look() as connection:
            if connection.dialect.name != "postgresql":
                return None
            return aware(connection.scalar(select(func.clock_timestamp())))

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        """A transaction that may write; on disk when it ends."""
        with translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _begin_losable(self) -> Iterator[Connection]:
        """A transaction whose loss in a crash of the database costs work, and nothing else.

        PostgreSQL does not wait for the disk then. It keeps the order of commits: whatever is on disk,
        all that was committed before it is too, so a journalled intent carries its lease with it.
        """
        with self._begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            yield connection

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        """A transaction that only reads: it waits for nobody."""
        with translated(), self._readers.begin() as connection:
            yield connection


def slices(items: Sequence[T], size: int = IDS_AT_ONCE) -> Iterator[Sequence[T]]:
    """The items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def to_json(value: object) -> str:
    """Compact JSON text."""
    return orjson.dumps(value).decode()


def from_json(text: str | bytes | None) -> Any:
    """The value of stored JSON text; None for none."""
    return None if text is None else orjson.loads(text)


def aware(moment: datetime | None) -> datetime | None:
    """SQLite hands times back without their zone; they are UTC."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def utc(moment: datetime | None) -> datetime | None:
    """A time as it is stored."""
    return None if moment is None else moment.astimezone(UTC)
