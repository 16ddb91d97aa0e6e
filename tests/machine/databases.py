"""Databases on one PostgreSQL server for many tests: empty ones, and one with the tables of a ledger.

A database is a few hundred files, so making one takes longer than most tests. Its tables are made once, by
`Ledger.open` itself, and emptied for each test. What an empty database is promised, and whatever changes
tables themselves, takes one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from database.tables import metadata
from sync.ledger import Ledger


class Databases:
    """Databases on the server at a SQLAlchemy URL, until `close`."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without any table; it is gone when the block ends."""
        name = self._make()
        try:
            yield self._url(name)
        finally:
            self._drop(name)

    def ledger(self) -> str:
        """The URL of the database with the tables of a ledger, nothing in them."""
        url = self._url(self._with_tables)
        engine = create_engine(url)
        with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        engine.dispose()
        return url

    def close(self) -> None:
        """Leave nothing behind on a server that lives on."""
        if "_with_tables" in vars(self):
            self._drop(self._with_tables)

    @cached_property
    def _with_tables(self) -> str:
        name = self._make()
        Ledger.open(self._url(name)).close_all()
        return name

    def _make(self) -> str:
        name = f"test_{uuid4().hex[:12]}"
        self._say(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def _drop(self, name: str) -> None:
        self._say(f"DROP DATABASE {name} WITH (FORCE)")

    def _say(self, words: str) -> None:
        # Databases are made outside of any transaction.
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(words))
        finally:
            engine.dispose()

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)
