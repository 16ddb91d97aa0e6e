"""What is known of leads beside where they stand: open questions of the gate, and the hand-over card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from database.room import aware, from_json, to_json, utc
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among
from lifecycle.model import Brief, Subject
from lifecycle.store.base import LifecycleRoom, hold_known
from lifecycle.store.tables import brief as table
from lifecycle.store.tables import subject as subject_table


class Briefing(LifecycleRoom):
    """Briefs; that of a merged subject keeps its name, and whoever reads takes what was put last."""

    def briefs(self, subjects: Iterable[Subject]) -> Mapping[Subject, Brief]:
        """Those of these; of a merged subject what was put last of any of them, and their last card."""
        names = sorted({subject_text(one) for one in subjects})
        asked, moved = subject_table.alias("asked"), subject_table.alias("moved")
        now = func.coalesce(asked.c.moved_to, asked.c.subject)
        found: dict[Subject, Brief] = {}
        with self._look() as connection:
            rows = connection.execute(
                select(table, asked.c.subject.label("asked_for"), now.label("now"))
                .select_from(asked)
                .join(moved, or_(moved.c.subject == now, moved.c.moved_to == now))
                .join(table, table.c.subject == moved.c.subject)
                .where(among(connection, asked.c.subject, names))
                .order_by(table.c.at, table.c.subject)
            ).all()
        for row in rows:
            at = aware(row.at)
            assert at is not None  # noqa: S101 - the column is not nullable
            who = subject_of(row.asked_for)
            before = found.get(who)
            found[who] = Brief(
                subject=subject_of(row.now),
                at=at,
                completeness=row.completeness,
                asked=tuple(from_json(row.asked)),
                missing=tuple(from_json(row.missing)),
                card=row.card if row.card is not None or before is None else before.card,
            )
        return found

    def put_brief(self, brief: Brief) -> None:
        """What is known by now without a decision; nothing of who was erased, and nothing older than it."""
        with self._begin() as connection:
            if hold_known(connection, subject_text(brief.subject)):
                put_one(connection, brief)


def put_one(connection: Connection, brief: Brief) -> None:
    """What is known by now. A card is replaced by a newer one and by nothing else."""
    row = {
        "subject": subject_text(brief.subject),
        "at": utc(brief.at),
        "completeness": brief.completeness,
        "asked": to_json(brief.asked),
        "missing": to_json(brief.missing),
        "card": brief.card,
    }
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = kind.insert(table).values(row)
    changed = {name: statement.excluded[name] for name in row if name != "subject"}
    changed["card"] = func.coalesce(statement.excluded.card, table.c.card)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subject"], set_=changed, where=table.c.at <= statement.excluded.at
        )
    )
