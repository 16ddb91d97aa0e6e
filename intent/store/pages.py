"""The room of pages: what each is about, what people said of them, and which ones nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from database.room import Room, from_json, slices, to_json
from intent.model import Millis
from intent.pages import Seen, Unknown
from intent.store.page_tables import label, page
from intent.store.tables import event
from intent.topics import Finding, Page


class PageRoom(Room):
    """Keeps the promises of `intent.pages.PageShelf` in the ledger's database."""

    def pages(self, names: Iterable[str]) -> Mapping[str, Seen]:
        """What is on file about these pages."""
        found: dict[str, Seen] = {}
        with self._look() as connection:
            for some in slices(list(names)):
                rows = connection.execute(select(page).where(page.c.page.in_(some)))
                found |= {row.page: _seen(row) for row in rows}
        return found

    def all_pages(self) -> Sequence[str]:
        """The names of all pages on file."""
        with self._look() as connection:
            return connection.scalars(select(page.c.page).order_by(page.c.page)).all()

    def put_pages(self, seen: Sequence[Seen], now: Millis) -> None:
        """Put findings on file; what stood there of the same pages goes."""
        rows = [
            {
                "page": one.page.page,
                "titles": to_json(one.page.titles),
                "fingerprint": one.fingerprint,
                **one.finding._asdict(),
                "seen_at": now,
            }
            for one in sorted(seen, key=lambda one: one.page.page)
        ]
        with self._begin() as connection:
            _replace(connection, page, rows)

    def forget_pages(self, until: Millis) -> int:
        """Take pages off the file that were found before then; answers how many."""
        with self._begin() as connection:
            return connection.execute(delete(page).where(page.c.seen_at < until)).rowcount

    def labels(self) -> Mapping[str, str]:
        """What people said: a page or a pattern of pages -> topic, empty for none."""
        with self._look() as connection:
            return {row.page: row.topic for row in connection.execute(select(label))}

    def put_label(self, pattern: str, topic: str | None, now: Millis) -> None:
        """Put a person's label on file; None takes it back."""
        with self._begin() as connection:
            if topic is None:
                connection.execute(delete(label).where(label.c.page == pattern))
            else:
                _replace(connection, label, [{"page": pattern, "topic": topic, "at": now}])

    def unknown_pages(self, since: Millis, limit: int) -> Sequence[Unknown]:
        """The pages that nothing tells, most visited since then first."""
        visits = (
            select(event.c.page, func.count().label("visits"))
            .where(event.c.at >= since, event.c.discard.is_(None))
            .group_by(event.c.page)
            .subquery()
        )
        count = func.coalesce(visits.c.visits, 0)
        wanted = (
            select(page, count.label("visits"))
            .outerjoin(visits, visits.c.page == page.c.page)
            .where(page.c.how == "unknown")
            .order_by(count.desc(), page.c.page)
            .limit(limit)
        )
        with self._look() as connection:
            return [
                Unknown(row.page, " / ".join(from_json(row.titles)), row.visits, row.margin)
                for row in connection.execute(wanted)
            ]


def _seen(row: Row[Any]) -> Seen:
    return Seen(
        Page(row.page, tuple(from_json(row.titles))),
        row.fingerprint,
        Finding(row.topic, row.how, row.margin),
    )


def _replace(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of one primary key column, new or instead of those that are there."""
    if not rows:
        return
    [key] = table.primary_key.columns
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name != key.name}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[key], set_=changed), list(rows)
    )
