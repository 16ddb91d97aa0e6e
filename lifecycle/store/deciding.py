"""What became of a request: entries or a refusal, and the clocks that start and stop, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from connector.port import System
from database.room import to_json, utc
from intent.store.naming import subject_text
from lifecycle.errands import Errand, errand_after, errands_after
from lifecycle.model import Brief, Entry, Refusal, Request, Subject
from lifecycle.port import Overtaken, Timer
from lifecycle.store.asking import request_row
from lifecycle.store.base import LifecycleRoom, hold, hold_known, insert_new, put_standing
from lifecycle.store.briefing import put_one
from lifecycle.store.outbox import put_errands
from lifecycle.store.ringing import put_timers
from lifecycle.store.tables import entry, refusal, request, subject, written
from lifecycle.store.values import entry_row


class Deciding(LifecycleRoom):
    """The one place where entries come to be."""

    def decide(
        self,
        request: Request,
        entries: Sequence[Entry],
        refusal: Refusal | None,
        timers: Sequence[Timer] = (),
        brief: Brief | None = None,
        letters: Sequence[Errand] = (),
    ) -> None:
        """Put what became of a request on file: entries or a refusal, the timers that start or stop, what is
        known of the lead by now, and whom it is news to; `letters` are owed besides.

        Exactly once: a request that was decided already changes nothing. Raises `Overtaken` where the first
        entry's number is not the next one of its subject, or where the subject is somebody else by now.
        """
        with self._begin() as connection:
            names = {subject_text(request.subject), *(subject_text(one.subject) for one in entries)}
            homes = hold(connection, *names)
            if not _is_open(connection, request):
                return
            for name in names:
                if homes[name] != name:
                    raise Overtaken(f"{name} is {homes[name]} by now: decide again")
            _add(connection, entries)
            if refusal is not None:
                _refuse(connection, refusal)
                told = errand_after(refusal)
                put_errands(connection, [] if told is None else [told])
            put_timers(connection, timers)
            if brief is not None:
                put_one(connection, brief)
            # With the entries or not at all: what was decided is never left untold.
            put_errands(connection, [*errands_after(entries), *letters])

    def written(self, subject: Subject, entry: int, system: System, at: datetime) -> None:
        """That a system holds what an entry says; the first time counts, and nothing of who was erased."""
        self.written_all([(subject, entry, system)], at)

    def written_all(self, seen: Sequence[tuple[Subject, int, System]], at: datetime) -> None:
        """The same of many at once: subject, number of the entry, system."""
        rows: list[dict[str, object]] = [
            {"subject": subject_text(one), "number": entry, "system": system.value, "at": utc(at)}
            for one, entry, system in sorted(seen, key=lambda one: (one[0], one[1], one[2].value))
        ]
        if not rows:
            return
        with self._begin() as connection:
            known = hold_known(connection, *(str(row["subject"]) for row in rows))
            insert_new(connection, written, *(row for row in rows if row["subject"] in known))


def _is_open(connection: Connection, asked: Request) -> bool:
    """Whether nobody has decided it so far; whoever asks decides it. It is on file afterwards."""
    insert_new(connection, request, request_row(asked))
    closed = update(request).where(request.c.id == asked.id, ~request.c.decided)
    return connection.execute(closed.values(decided=True)).rowcount == 1


def _add(connection: Connection, entries: Sequence[Entry]) -> None:
    """Entries behind those that are there, and the standing that follows from all of them."""
    by_subject: dict[str, list[Entry]] = {}
    for one in entries:
        by_subject.setdefault(subject_text(one.subject), []).append(one)
    for name, some in sorted(by_subject.items()):
        count = connection.scalar(select(subject.c.number).where(subject.c.subject == name)) or 0
        expected = list(range(count + 1, count + 1 + len(some)))
        if [one.number for one in some] != expected:
            raise Overtaken(
                f"{name} has {count} entries, and number {some[0].number} is not the next: decide again"
            )
        connection.execute(insert(entry), [entry_row(one) for one in some])
        put_standing(connection, name)


def _refuse(connection: Connection, found: Refusal) -> None:
    connection.execute(
        insert(refusal).values(
            request_id=found.request.id,
            subject=subject_text(found.request.subject),
            code=found.code,
            stood=found.stood.value,
            words=to_json(dict(found.words)),
        )
    )
