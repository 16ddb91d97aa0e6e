"""What people are to be told: on file before it is sent, taken by one worker at a time, and then over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from database.room import aware, utc
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among
from lifecycle.errands import LETTERS, Errand, Kind
from lifecycle.port import Unsent
from lifecycle.store.base import LifecycleRoom, hold_known, insert_new
from lifecycle.store.tables import letter

SENT: Final = "sent"
# It is no news any more: somebody decided, or the clock stopped.
MOOT: Final = "moot"


class Outbox(LifecycleRoom):
    """Letters that are owed. Whoever dies with one leaves it to the next: late, perhaps twice, never lost."""

    def put_letters(self, errands: Sequence[Errand]) -> int:
        """Put errands on file, each id once; answers how many are new. None about who was erased."""
        with self._begin() as connection:
            names = {subject_text(one.subject) for one in errands if one.subject is not None}
            known = hold_known(connection, *names) if names else frozenset()
            return put_errands(
                connection,
                [
                    one
                    for one in errands
                    if one.subject is None or subject_text(one.subject) in known
                ],
            )

    def take_letters(
        self, now: datetime, until: datetime, limit: int, kinds: Sequence[Kind] = LETTERS
    ) -> Sequence[Errand]:
        """Errands to be done now, longest waiting first; nobody else gets them before `until`."""
        due = and_(letter.c.next_at <= utc(now), letter.c.kind.in_(kinds))
        # Asked every second by every worker: who finds nothing keeps nobody from writing.
        with self._look() as connection:
            if connection.scalar(select(letter.c.id).where(due).limit(1)) is None:
                return []
        with self._begin() as connection:
            rows = connection.execute(
                select(letter)
                .where(due)
                .order_by(letter.c.next_at, letter.c.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            connection.execute(
                update(letter)
                .where(among(connection, letter.c.id, [row.id for row in rows]))
                .values(next_at=utc(until), tries=letter.c.tries + 1)
            )
        return [_errand_of(row)._replace(tries=row.tries + 1) for row in rows]

    def owed(self, limit: int, kinds: Sequence[Kind] = LETTERS) -> Sequence[Errand]:
        """Errands that are not over, longest waiting first; looking takes none of them."""
        is_open = and_(letter.c.next_at.is_not(None), letter.c.kind.in_(kinds))
        with self._look() as connection:
            rows = connection.execute(
                select(letter).where(is_open).order_by(letter.c.at, letter.c.id).limit(limit)
            ).all()
        return [_errand_of(row) for row in rows]

    def again(self, errand: Errand, at: datetime) -> None:
        """That it could not be sent now, and when to try again."""
        with self._begin() as connection:
            connection.execute(update(letter).where(_open(errand)).values(next_at=utc(at)))

    def end(self, errand: Errand, outcome: str, at: datetime) -> None:
        """That it is over: `sent`, `moot`, or why it reaches nobody. The first end counts."""
        with self._begin() as connection:
            connection.execute(
                update(letter)
                .where(_open(errand))
                .values(next_at=None, outcome=outcome, ended_at=utc(at))
            )

    def unsent(self, since: datetime, limit: int) -> Sequence[Unsent]:
        """Letters that reached nobody, the newest first."""
        with self._look() as connection:
            rows = connection.execute(
                select(letter)
                .where(letter.c.ended_at >= utc(since), letter.c.outcome.not_in((SENT, MOOT)))
                .order_by(letter.c.ended_at.desc(), letter.c.id)
                .limit(limit)
            ).all()
        return [
            Unsent(_errand_of(row), row.outcome, at)
            for row in rows
            if (at := aware(row.ended_at)) is not None
        ]

    def forget_letters(self, before: datetime) -> int:
        """Drop what was over before; answers how many that were."""
        with self._begin() as connection:
            return connection.execute(
                delete(letter).where(letter.c.ended_at < utc(before))
            ).rowcount


def put_errands(connection: Connection, errands: Iterable[Errand]) -> int:
    """Errands that are not on file yet, to be done at once."""
    return insert_new(connection, letter, *map(_row, errands))


def _open(errand: Errand) -> ColumnElement[bool]:
    return (letter.c.id == errand.id) & letter.c.ended_at.is_(None)


def _row(errand: Errand) -> dict[str, object]:
    subject = None if errand.subject is None else subject_text(errand.subject)
    at = utc(errand.at)
    return {**errand._asdict(), "subject": subject, "at": at, "next_at": at}


def _errand_of(row: Row[Any]) -> Errand:
    said = {name: getattr(row, name) for name in Errand._fields}
    subject = None if row.subject is None else subject_of(row.subject)
    return Errand(**{**said, "subject": subject, "at": aware(row.at)})
