"""Versions of the shared definition, who agreed to them, and links that were used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from database.room import aware, utc
from lifecycle.port import Approval, Kept
from lifecycle.store.base import LifecycleRoom, insert_new
from lifecycle.store.tables import approval, definition, ticket


class Defining(LifecycleRoom):
    """What both departments put down, and that a link decides once."""

    def put(self, kept: Kept) -> None:
        """Put a version on file; the same hash once."""
        row = kept._asdict() | {
            "effective_from": utc(kept.effective_from),
            "put_at": utc(kept.put_at),
        }
        with self._begin() as connection:
            insert_new(connection, definition, row)

    def kept(self) -> Sequence[Kept]:
        """All versions, oldest first."""
        with self._look() as connection:
            rows = connection.execute(select(definition).order_by(definition.c.id)).all()
        return [
            Kept(row.name, row.hash, row.text, since, put_at)
            for row in rows
            if (since := aware(row.effective_from)) and (put_at := aware(row.put_at))
        ]

    def approve(self, approval: Approval) -> None:
        """That a department agrees; once per hash and department."""
        with self._begin() as connection:
            insert_new(connection, _approvals, approval._asdict() | {"at": utc(approval.at)})

    def approvals(self, of: str) -> Sequence[Approval]:
        """Who agreed to the text with this hash, the first one first."""
        wanted = select(_approvals).where(_approvals.c.hash == of)
        with self._look() as connection:
            rows = connection.execute(
                wanted.order_by(_approvals.c.at, _approvals.c.department)
            ).all()
        return [
            Approval(row.hash, row.department, row.by, at) for row in rows if (at := aware(row.at))
        ]

    def spend(self, ticket: str, at: datetime) -> bool:
        """Whether this ticket is used now for the first time."""
        with self._begin() as connection:
            return insert_new(connection, _tickets, {"ticket": ticket, "at": utc(at)}) == 1


# The methods above name what they are given as the tables are named.
_approvals, _tickets = approval, ticket
