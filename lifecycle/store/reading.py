"""Where people stand, how they came there, and what was refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, or_, select

from connector.port import System
from database.room import aware, utc
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among
from lifecycle.keeping import WAITS
from lifecycle.model import Entry, Refusal, Standing, Subject
from lifecycle.store.base import LifecycleRoom, family, home, read_history
from lifecycle.store.tables import entry, refusal, request, subject, written
from lifecycle.store.values import entry_of, refusal_of, request_of, standing_of


class Reading(LifecycleRoom):
    """Looks that change nothing."""

    def standings(self, subjects: Iterable[Subject]) -> Mapping[Subject, Standing]:
        """Where these stand; nobody without an entry is in it.

        Who is somebody else by now stands where that one does, and the standing says who that is.
        """
        names = sorted({subject_text(one) for one in subjects})
        now = subject.alias("now")
        with self._look() as connection:
            rows = connection.execute(
                select(subject.c.subject, now.c.standing)
                .join(now, now.c.subject == func.coalesce(subject.c.moved_to, subject.c.subject))
                .where(among(connection, subject.c.subject, names), now.c.standing.is_not(None))
            ).all()
        return {subject_of(row.subject): standing_of(row.standing) for row in rows}

    def history(self, subject: Subject) -> Sequence[Entry]:
        """All entries of a subject, oldest first; those of merged subjects as they were written."""
        with self._look() as connection:
            now = home(connection, subject_text(subject))
            return read_history(connection, family(connection, now))

    def written_at(self, subject: Subject) -> Mapping[tuple[Subject, int, System], datetime]:
        """Since when each system holds what each entry of a subject says."""
        with self._look() as connection:
            names = family(connection, home(connection, subject_text(subject)))
            rows = connection.execute(
                select(written).where(among(connection, written.c.subject, names))
            ).all()
        return {
            (subject_of(row.subject), row.number, System(row.system)): at
            for row in rows
            if (at := aware(row.at)) is not None
        }

    def held_by(
        self, system: System, entries: Iterable[tuple[Subject, int]]
    ) -> frozenset[tuple[Subject, int]]:
        """Which of these entries (subject, number) a system holds."""
        wanted = set(entries)
        with self._look() as connection:
            names = {subject_text(one) for one, _ in wanted}
            rows = connection.execute(
                select(written.c.subject, written.c.number).where(
                    among(connection, written.c.subject, names), written.c.system == system.value
                )
            ).all()
        return frozenset((subject_of(row.subject), row.number) for row in rows) & wanted

    def entered(self, since: datetime, until: datetime) -> Sequence[Entry]:
        """All entries of a time, by when they were meant in their source: `since` included, `until` not."""
        with self._look() as connection:
            rows = connection.execute(
                select(entry)
                .where(entry.c.entered_at >= utc(since), entry.c.entered_at < utc(until))
                .order_by(entry.c.entered_at, entry.c.subject, entry.c.number)
            ).mappings()
            return [entry_of(row) for row in rows]

    def refusals(self, limit: int, subject: Subject | None = None) -> Sequence[Refusal]:
        """Requests that were not followed, newest first."""
        wanted = (
            select(refusal, request.c.body)
            .join(request, request.c.id == refusal.c.request_id)
            .order_by(refusal.c.id.desc())
            .limit(limit)
        )
        with self._look() as connection:
            if subject is not None:
                names = family(connection, home(connection, subject_text(subject)))
                wanted = wanted.where(among(connection, refusal.c.subject, names))
            rows = connection.execute(wanted).mappings().all()
        return [
            refusal_of(row, replace(request_of(row["body"]), subject=subject_of(row["subject"])))
            for row in rows
        ]

    def refusals_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[Refusal]]:
        """All of each of these, newest first; nobody without one is in it."""
        names = {subject_text(one): one for one in subjects}
        asked, moved = subject.alias("asked"), subject.alias("moved")
        now = func.coalesce(asked.c.moved_to, asked.c.subject)
        found: dict[Subject, list[Refusal]] = defaultdict(list)
        with self._look() as connection:
            rows = connection.execute(
                select(refusal, request.c.body, asked.c.subject.label("asked"))
                .select_from(asked)
                .join(moved, or_(moved.c.subject == now, moved.c.moved_to == now))
                .join(refusal, refusal.c.subject == moved.c.subject)
                .join(request, request.c.id == refusal.c.request_id)
                .where(among(connection, asked.c.subject, names))
                .order_by(refusal.c.id.desc())
            ).mappings()
            for row in rows:
                said = replace(request_of(row["body"]), subject=subject_of(row["subject"]))
                found[names[row["asked"]]].append(refusal_of(row, said))
        return found

    def waiting_words(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[Refusal]]:
        """What was entered ahead of a verdict, the oldest first."""
        names = {subject_text(one): one for one in subjects}
        found: dict[Subject, list[Refusal]] = defaultdict(list)
        with self._look() as connection:
            rows = connection.execute(
                select(refusal, request.c.body)
                .join(request, request.c.id == refusal.c.request_id)
                .where(among(connection, refusal.c.subject, sorted(names)))
                .where(refusal.c.code == WAITS)
                .order_by(refusal.c.id)
            ).mappings()
            for row in rows:
                who = names[row["subject"]]
                asked = replace(request_of(row["body"]), subject=who)
                found[who].append(refusal_of(row, asked))
        return found

    def in_stage(self, stage: str, limit: int, after: Subject | None = None) -> Sequence[Standing]:
        """Who stands there, in the order of their keys, for going through all of them."""
        wanted = select(subject.c.standing).where(subject.c.stage == stage)
        if after is not None:
            wanted = wanted.where(subject.c.subject > subject_text(after))
        with self._look() as connection:
            texts = connection.scalars(wanted.order_by(subject.c.subject).limit(limit)).all()
        return [standing_of(text) for text in texts if text is not None]
