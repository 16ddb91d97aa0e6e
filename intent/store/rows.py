"""Many rows in one statement, however many they are: one spelling for SQLite and PostgreSQL.

Values travel as one JSON text or as arrays, rows to be written as tuples. So a statement is the same each
time and is put together once, and no limit of bound values is met. A batch that built its statements anew
for each number of values spent more time on that than in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

import orjson
from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Dialect,
    Float,
    FromClause,
    Text,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.schema import Table

Row: TypeAlias = Sequence[Any]


def among(
    connection: Connection, column: Column[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """The column has one of these values."""
    some = list(values)
    if connection.dialect.name == "postgresql":
        wanted = bindparam(None, some, type_=ARRAY(column.type), unique=True)
        return column == any_(wanted)
    text = bindparam(None, _json(some), type_=Text, unique=True)
    return column.in_(select(func.json_each(text).table_valued("value").c.value))


def given(
    connection: Connection, columns: Sequence[Column[Any]], rows: Sequence[Row]
) -> FromClause:
    """These rows as something to join with; its columns have the names of those given."""
    names = [column.name for column in columns]
    if connection.dialect.name == "postgresql":
        arrays = [
            bindparam(None, [row[place] for row in rows], type_=ARRAY(column.type), unique=True)
            for place, column in enumerate(columns)
        ]
        return func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    text = bindparam(None, _json([list(row) for row in rows]), type_=Text, unique=True)
    each = func.json_each(text).table_valued("value")
    cells = [
        func.json_extract(each.c.value, f"$[{place}]", type_=column.type).label(column.name)
        for place, column in enumerate(columns)
    ]
    return select(*cells).subquery("given")


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]
) -> None:
    """New rows; that one is there already is a fault."""
    _write(connection, table, tuple(names), rows, "insert", ())


def put_new_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]
) -> None:
    """The rows that are not there yet, whichever of their keys says so."""
    _write(connection, table, tuple(names), rows, "ignore", ())


def put_rows(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Row],
    *,
    adding: Sequence[str] = (),
) -> None:
    """Rows, or what those with the same primary key say now; `adding` columns are added up.

    Give them in the order of their keys: two workers then never wait for each other crosswise.
    """
    _write(connection, table, tuple(names), rows, "replace", tuple(adding))


def _write(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    rows: Sequence[Row],
    way: str,
    adding: tuple[str, ...],
) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        statement = _from_arrays(table, names, way, adding)
        connection.execute(statement, arrays_of(table, names, rows))
    else:
        text, ordered = _sqlite_text(connection.dialect, table, names, way, adding)
        connection.exec_driver_sql(text, [*map(ordered, rows)])


def arrays_of(table: Table, names: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The values of each column, as `inserting_arrays` takes them."""
    found = {}
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        numbers = isinstance(table.c[name].type, Float)  # an array holds values of one type
        found[f"given_{name}"] = [
            float(value) if numbers and value is not None else value for value in values
        ]
    return found


def inserting_arrays(table: Table, names: Sequence[str]) -> Any:
    """PostgreSQL's insert of rows that are given as one array for each column."""
    arrays = [bindparam(f"given_{name}", type_=ARRAY(table.c[name].type)) for name in names]
    rows = func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    return postgresql.insert(table).from_select(list(names), select(*rows.c))


@lru_cache(maxsize=100)
def _from_arrays(table: Table, names: tuple[str, ...], way: str, adding: tuple[str, ...]) -> Any:
    return _on_conflict(inserting_arrays(table, names), table, names, way, adding)


@lru_cache(maxsize=100)
def _sqlite_text(
    dialect: Dialect, table: Table, names: tuple[str, ...], way: str, adding: tuple[str, ...]
) -> tuple[str, Callable[[Row], Row]]:
    """The statement, and what puts a row into its order."""
    rows = sqlite.insert(table).values({name: bindparam(name) for name in names})
    compiled = _on_conflict(rows, table, names, way, adding).compile(dialect=dialect)
    return str(compiled), itemgetter(*(names.index(name) for name in compiled.positiontup))


def _on_conflict(
    statement: Any, table: Table, names: tuple[str, ...], way: str, adding: tuple[str, ...]
) -> Any:
    if way == "insert":
        return statement
    if way == "ignore":
        return statement.on_conflict_do_nothing()
    keys = [column.name for column in table.primary_key]
    new = statement.excluded
    changed = {
        name: table.c[name] + new[name] if name in adding else new[name]
        for name in names
        if name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
