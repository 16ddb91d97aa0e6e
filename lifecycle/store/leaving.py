"""Two turn out to be one person, and somebody asked to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count

from sqlalchemy import Connection, delete, select, update

from database.room import to_json, utc
from intent.model import Subject
from intent.store.naming import subject_text
from intent.store.rows import among
from lifecycle.store.base import LifecycleRoom, family, hold, home, put_standing
from lifecycle.store.tables import brief, entry, letter, refusal, request, subject, timer, written

# What is left of an entry says what happened and when, and neither to whom nor by whom.
FORGOTTEN = {
    "actor": "",
    "sub_reason": None,
    "comment": None,
    "reactivate_on": None,
    "opportunity": None,
    "handed_to": None,
    "evidence": to_json(()),
    "conflict_with": None,
}


class Leaving(LifecycleRoom):
    """Merges, and the end of what is known of somebody."""

    def merge(self, loser: Subject, survivor: Subject, at: datetime) -> None:
        """Two are one person: both histories are the survivor's, in the order of time.

        Every row stays as it was written. Whoever was about to decide on one of the two is overtaken.
        """
        with self._begin() as connection:
            pair = _held(connection, subject_text(loser), subject_text(survivor))
            if pair[0] == pair[1]:
                return
            gone = family(connection, pair[0])
            connection.execute(
                update(subject)
                .where(among(connection, subject.c.subject, gone))
                .values(moved_to=pair[1], number=0, stage=None, standing=None)
            )
            put_standing(connection, pair[1])

    def erase(self, subject: Subject, pseudonym: str, at: datetime) -> None:
        """Nothing of a person stays but the stages and times, under a pseudonym; comments are dropped."""
        with self._begin() as connection:
            [now] = set(_held(connection, subject_text(subject), subject_text(subject)))
            names = family(connection, now)
            new = _free_names(connection, subject.kind, pseudonym)
            renamed = {name: next(new) for name in names}
            _forget(connection, names, at)
            for name, pseudonym_of in renamed.items():
                _rename(connection, name, pseudonym_of)
            _keep(connection, renamed, renamed[now])


def _held(connection: Connection, *names: str) -> tuple[str, ...]:
    """Who these are by now; nobody decides about any of them until the transaction ends."""
    homes = hold(connection, *names, *(home(connection, name) for name in names))
    # Somebody may have moved on between the look and the hold: whoever is held stays.
    found = tuple(homes[name] for name in names)
    if not set(found) <= set(homes):
        return _held(connection, *found)
    return found


def _forget(connection: Connection, names: list[str], at: datetime) -> None:
    # Nothing that is yet to be sent is sent any more, and no card is left.
    for table in (refusal, request, letter, brief):
        connection.execute(delete(table).where(among(connection, table.c.subject, names)))
    connection.execute(
        update(entry).where(among(connection, entry.c.subject, names)).values(FORGOTTEN)
    )
    theirs = among(connection, timer.c.subject, names)
    connection.execute(
        update(timer)
        .where(theirs, timer.c.stopped_at.is_(None))
        .values(stopped_at=utc(at), is_void=True)
    )
    connection.execute(update(timer).where(theirs).values(owner=""))


def _rename(connection: Connection, name: str, new: str) -> None:
    """Every row of a subject under another name; ids of requests may hold those of records."""
    for table in (entry, written, timer):
        connection.execute(update(table).where(table.c.subject == name).values(subject=new))
    for request_id in connection.scalars(
        select(entry.c.request_id).where(entry.c.subject == new).distinct()
    ).all():
        first = select(entry.c.number).where(
            entry.c.subject == new, entry.c.request_id == request_id
        )
        number = connection.scalars(first.order_by(entry.c.number)).first()
        connection.execute(
            update(entry)
            .where(entry.c.subject == new, entry.c.request_id == request_id)
            .values(request_id=f"{new}#{number}")
        )


def _keep(connection: Connection, renamed: dict[str, str], root: str) -> None:
    connection.execute(delete(subject).where(among(connection, subject.c.subject, [*renamed])))
    hold(connection, *renamed.values())
    others = [new for new in renamed.values() if new != root]
    connection.execute(
        update(subject).where(among(connection, subject.c.subject, others)).values(moved_to=root)
    )
    put_standing(connection, root)
    connection.execute(
        delete(subject).where(subject.c.subject == root, subject.c.standing.is_(None))
    )


def _free_names(connection: Connection, kind: str, pseudonym: str) -> Iterator[str]:
    """The pseudonym, and others like it where it is taken: the same person was erased before."""
    for number in count(1):
        name = f"{kind}:{pseudonym}" + (f"-{number}" if number > 1 else "")
        taken = select(subject.c.subject).where(subject.c.subject == name)
        if connection.scalar(taken) is None:
            yield name
