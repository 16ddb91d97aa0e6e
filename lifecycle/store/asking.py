"""What is asked of the lifecycle, and what nobody has decided yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import func, or_, select

from database.room import utc
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among
from lifecycle.model import Request, Subject
from lifecycle.store.base import LifecycleRoom, insert_new
from lifecycle.store.tables import request, subject
from lifecycle.store.values import REQUEST, request_of, to_text


class Asking(LifecycleRoom):
    """Requests as they came in."""

    def ask(self, requests: Sequence[Request]) -> int:
        """Put requests on file, each id once; answers how many are new."""
        rows = sorted((request_row(one) for one in requests), key=lambda row: str(row["id"]))
        with self._begin() as connection:
            return insert_new(connection, request, *rows)

    def asked(self, limit: int, besides: Collection[Subject] = ()) -> Sequence[Request]:
        """Requests that nobody has decided yet, longest ago first; of who moved, about who they are now.

        None about those in `besides`.
        """
        now = func.coalesce(subject.c.moved_to, request.c.subject).label("now")
        with self._look() as connection:
            names = [subject_text(one) for one in besides]
            others = [
                ~among(connection, request.c.subject, names),
                or_(subject.c.moved_to.is_(None), ~among(connection, subject.c.moved_to, names)),
            ]
            rows = connection.execute(
                select(request.c.body, now)
                .outerjoin(subject, subject.c.subject == request.c.subject)
                .where(~request.c.decided, *(others if names else ()))
                .order_by(request.c.at, request.c.id)
                .limit(limit)
            ).all()
        return [replace(request_of(row.body), subject=subject_of(row.now)) for row in rows]


def request_row(one: Request) -> dict[str, object]:
    """A request that is yet to be decided, as a row."""
    return {
        "id": one.id,
        "subject": subject_text(one.subject),
        "at": utc(one.at),
        "body": to_text(REQUEST, one),
        "decided": False,
    }
