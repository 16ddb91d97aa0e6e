"""Who looked at what of whom, where that has to be answered for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select

from sync.ledger.person_tables import audit
from sync.ledger.room import Room, aware, utc


class Look(NamedTuple):
    """One look: when, by whom, at what. `whom` is our own opaque name of the subject."""

    at: datetime
    who: str
    what: str
    whom: str


class Audits(Room):
    """Notes looks, and tells them."""

    def note_look(self, who: str, what: str, whom: str, now: datetime) -> None:
        """Put a look on file; what was looked at is to be shown only afterwards."""
        with self._begin() as connection:
            connection.execute(insert(audit).values(at=utc(now), who=who, what=what, whom=whom))

    def looks(self, what: str, limit: int = 1_000) -> list[Look]:
        """Who looked at this, the latest first."""
        with self._look() as connection:
            rows = connection.execute(
                select(audit).where(audit.c.what == what).order_by(audit.c.id.desc()).limit(limit)
            ).all()
        return [Look(aware(row.at) or row.at, row.who, row.what, row.whom) for row in rows]
