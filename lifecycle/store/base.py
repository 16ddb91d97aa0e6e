"""What every room of the lifecycle's store shares: who is who by now, histories, and how they are folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.schema import Table

from database.room import Room
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among, put_new_rows
from lifecycle.model import Entry
from lifecycle.standing import fold, in_order
from lifecycle.store.tables import entry, subject
from lifecycle.store.values import STANDING, entry_of, to_text


class LifecycleRoom(Room):
    """Base of the rooms of the lifecycle."""


def insert_new(connection: Connection, table: Table, *rows: dict[str, object]) -> int:
    """Rows that are not there yet, whichever of their keys says so; answers how many were new."""
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = kind.insert(table).on_conflict_do_nothing().returning(literal(1))
    # One by one, and a row back for each that is new: not every driver counts them.
    return sum(connection.scalar(statement, row) or 0 for row in rows)


def hold(connection: Connection, *names: str) -> dict[str, str]:
    """Nobody else decides about these subjects until the transaction ends; answers who each is by now.

    In the order of their names, so that two who hold several never wait for each other crosswise.
    """
    wanted = sorted(set(names))
    while True:
        held = connection.execute(
            select(subject.c.subject, subject.c.moved_to)
            .where(among(connection, subject.c.subject, wanted))
            .order_by(subject.c.subject)
            .with_for_update()
        ).all()
        if len(held) == len(wanted):
            return {row.subject: row.moved_to or row.subject for row in held}
        # Whoever is new, or was erased while we waited and is new again.
        known = {row.subject for row in held}
        fresh = [(name, 0) for name in wanted if name not in known]
        put_new_rows(connection, subject, ("subject", "number"), fresh)


def hold_known(connection: Connection, *names: str) -> frozenset[str]:
    """Those of these of whom anything is on file; none of them is erased until the transaction ends."""
    wanted = among(connection, subject.c.subject, sorted(set(names)))
    held = select(subject.c.subject).where(wanted).order_by(subject.c.subject).with_for_update()
    return frozenset(connection.scalars(held))


def family(connection: Connection, name: str) -> list[str]:
    """A subject and everybody who moved there."""
    moved = connection.scalars(
        select(subject.c.subject).where(subject.c.moved_to == name).order_by(subject.c.subject)
    )
    return [name, *moved]


def home(connection: Connection, name: str) -> str:
    """Who a subject is by now."""
    moved = connection.scalar(select(subject.c.moved_to).where(subject.c.subject == name))
    return moved or name


def read_history(connection: Connection, names: Sequence[str]) -> list[Entry]:
    """The entries of all of these, oldest first."""
    rows = connection.execute(
        select(entry)
        .where(among(connection, entry.c.subject, names))
        .order_by(entry.c.subject, entry.c.number)
    ).mappings()
    return list(in_order([entry_of(row) for row in rows]))


def put_standing(connection: Connection, name: str) -> None:
    """Fold the history of a subject that is held, and keep what comes out beside its number."""
    put_standings(connection, [name])


def put_standings(connection: Connection, names: Iterable[str]) -> None:
    """The same of many at once."""
    roots = {name: name for name in names}
    moved = among(connection, subject.c.moved_to, roots)
    rows = connection.execute(select(subject.c.subject, subject.c.moved_to).where(moved))
    roots |= {row.subject: row.moved_to for row in rows}
    theirs: dict[str, list[Entry]] = {root: [] for root in roots.values()}
    for one in read_history(connection, list(roots)):
        theirs[roots[subject_text(one.subject)]].append(one)
    connection.execute(
        update(subject)
        .where(subject.c.subject == bindparam("of_subject"))
        .values({name: bindparam(f"new_{name}") for name in ("number", "stage", "standing")}),
        [_folded(root, entries) for root, entries in sorted(theirs.items())],
    )


def _folded(root: str, entries: Sequence[Entry]) -> dict[str, object]:
    folded = fold(entries, subject_of(root)) if entries else None
    return {
        "of_subject": root,
        "new_number": len(entries),
        "new_stage": None if folded is None else folded.stage.value,
        "new_standing": None if folded is None else to_text(STANDING, folded),
    }
