"""What became of a request: entries or a refusal, and the clocks that start and stop, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from connector.port import System
from database.room import to_json, utc
from intent.store.naming import subject_text
from intent.store.rows import among
from lifecycle.errands import Errand, errand_after, errands_after
from lifecycle.model import Brief, Entry, Refusal, Request, Subject
from lifecycle.port import Decided, Overtaken, Timer
from lifecycle.store.asking import request_row
from lifecycle.store.base import LifecycleRoom, hold, hold_known, insert_new, put_standings
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
        decided = Decided(request, entries, refusal, timers, brief, letters)
        if overtaken := self.decide_all([decided]):
            raise Overtaken(f"{overtaken}: decide again")

    def decide_all(self, decided: Sequence[Decided]) -> frozenset[Subject]:
        """The same of many at once; answers of whom nothing more went on file, since they were overtaken."""
        if not decided:
            return frozenset()
        with self._begin() as connection:
            homes = hold(connection, *(name for one in decided for name in _names(one)))
            taken, overtaken = _still_next(
                _of_open(connection, decided), homes, _numbers(connection, homes)
            )
            _close(connection, [one.request for one in taken])
            _add(connection, [entry for one in taken for entry in one.entries])
            refused = [one.refusal for one in taken if one.refusal is not None]
            _refuse(connection, refused)
            told = [errand_after(one) for one in refused]
            put_errands(connection, [one for one in told if one is not None])
            for one in taken:
                put_timers(connection, one.timers)
                if one.brief is not None:
                    put_one(connection, one.brief)
            # With the entries or not at all: what was decided is never left untold.
            put_errands(connection, [new for one in taken for new in _news(one)])
        return overtaken

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


def _news(one: Decided) -> list[Errand]:
    """What people are to be told of it."""
    return [*errands_after(one.entries), *one.letters]


def _names(one: Decided) -> set[str]:
    """Everybody whom a decision is about."""
    return {subject_text(one.request.subject), *(subject_text(e.subject) for e in one.entries)}


def _of_open(connection: Connection, decided: Sequence[Decided]) -> list[Decided]:
    """Those whose request nobody has decided so far, each once."""
    ids = among(connection, request.c.id, {one.request.id for one in decided})
    closed = set(
        connection.scalars(
            select(request.c.id)
            .where(ids, request.c.decided)
            .order_by(request.c.id)
            .with_for_update()
        )
    )
    first: dict[str, Decided] = {}
    for one in decided:
        if one.request.id not in closed:
            first.setdefault(one.request.id, one)
    return list(first.values())


def _numbers(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(
        select(subject.c.subject, subject.c.number).where(
            among(connection, subject.c.subject, names)
        )
    )
    return {row.subject: row.number for row in rows}


def _still_next(
    decided: Iterable[Decided], homes: Mapping[str, str], numbers: Mapping[str, int]
) -> tuple[list[Decided], frozenset[Subject]]:
    """What was decided by all that is on file, and about whom something was not."""
    count, overtaken = dict(numbers), set[Subject]()
    taken: list[Decided] = []
    for one in decided:
        new = dict(count)
        is_next = all(homes[name] == name for name in _names(one))
        for entry_ in one.entries:
            name = subject_text(entry_.subject)
            new[name] += 1
            is_next = is_next and entry_.number == new[name]
        if is_next and one.request.subject not in overtaken:
            count = new
            taken.append(one)
        else:
            overtaken.add(one.request.subject)
    return taken, frozenset(overtaken)


def _close(connection: Connection, decided: Sequence[Request]) -> None:
    """These are decided, and on file afterwards; whoever asks decides. Raises `Overtaken`."""
    insert_new(connection, request, *map(request_row, decided))
    ids = among(connection, request.c.id, [one.id for one in decided])
    closed = connection.execute(update(request).where(ids, ~request.c.decided).values(decided=True))
    if closed.rowcount != len(decided):
        raise Overtaken("somebody else decided at the same moment: decide again")


def _add(connection: Connection, entries: Sequence[Entry]) -> None:
    """Entries behind those that are there, and the standings that follow from all of them."""
    if entries:
        connection.execute(insert(entry), [entry_row(one) for one in entries])
        put_standings(connection, {subject_text(one.subject) for one in entries})


def _refuse(connection: Connection, refused: Iterable[Refusal]) -> None:
    rows = [
        {
            "request_id": found.request.id,
            "subject": subject_text(found.request.subject),
            "code": found.code,
            "stood": found.stood.value,
            "words": to_json(dict(found.words)),
        }
        for found in refused
    ]
    if rows:
        connection.execute(insert(refusal), rows)
