"""Rows that come in whether or not they are there already: one spelling for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def inserting(connection: Connection, table: Table) -> Any:
    """An insert of the database's own dialect, which alone knows conflicts."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def put_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    adding: Sequence[str] = (),
) -> None:
    """Insert rows, or replace what those with the same primary key say; `adding` columns are added up.

    Give them in the order of their keys: two workers then never wait for each other crosswise.
    """
    if not rows:
        return
    statement = inserting(connection, table)
    keys = [column.name for column in table.primary_key]
    changed = {
        name: table.c[name] + statement.excluded[name]
        if name in adding
        else statement.excluded[name]
        for name in rows[0]
        if name not in keys
    }
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows)
    )


def put_new_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows that are not there yet, whichever of their keys says so."""
    if rows:
        connection.execute(inserting(connection, table).on_conflict_do_nothing(), list(rows))
