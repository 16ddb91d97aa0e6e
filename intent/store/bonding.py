"""Who is who: identifiers that were named together, and what follows for whose trail is whose.

What is said is kept as bonds, and whose a trail is follows from the set of them: addresses and contact ids
that were named together are one person, a cookie belongs to the last person who was named with it, and up
to the first one to that one. So the order in which bonds arrive does not matter, and one can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select, true, update
from sqlalchemy.sql import ColumnElement

from intent.definition import Definition
from intent.model import Millis, millis
from intent.store.base import IntentRoom, hold_definition
from intent.store.bonds import Said, allow_bonds, bonds_of, news_among, put_bonds, said_in
from intent.store.inbox import identity_of
from intent.store.naming import Named
from intent.store.owners import settle_owners
from intent.store.rows import among
from intent.store.tables import event, waiting
from intent.store.trails import find_trails, lock_who_is_who, put_trails

BATCH = 2_000


class Bonding(IntentRoom):
    """Finds out who is who from what events say, before they are scored."""

    def name_some(
        self,
        definition: Definition,
        now: datetime,
        *,
        part: int,
        parts: int,
        up_to: int | None = None,
    ) -> int:
        """Take in what a batch of waiting events says about who is who; answers how many there were."""
        with self._begin() as connection:
            hold_definition(connection, definition)
            rows = connection.execute(
                select(waiting.c.id, event.c.at, event.c.type, event.c.identity)
                .select_from(waiting.join(event, event.c.id == waiting.c.id))
                .where(waiting.c.trail_id % parts == part, waiting.c.named.is_(True), until(up_to))
                .order_by(waiting.c.id)
                .limit(BATCH)
                .with_for_update(of=waiting, skip_locked=True)
            ).all()
            said = [
                one
                for row in rows
                for one in said_in(identity_of(row.identity), row.at, row.type, self._account_of)
            ]
            self.take_said(connection, said, definition, millis(now))
            done = among(connection, waiting.c.id, [row.id for row in rows])
            connection.execute(update(waiting).where(done).values(named=False))
        return len(rows)

    def take_said(
        self, connection: Connection, said: Sequence[Said], definition: Definition, now: Millis
    ) -> None:
        """Put on file what was said, and let whose trail is whose follow from it."""
        seen = _first_seen(said)
        # Mostly it is known already, and nobody has to wait.
        ids = find_trails(connection, seen)
        known = len(ids) == len(seen) and not any(one.by_hand for one in said)
        if known and not news_among(connection, bonds_of(said, ids)):
            return
        lock_who_is_who(connection)
        before = find_trails(connection, seen)
        ids = put_trails(connection, seen, self._account_of)
        again = [(ids[one.name], ids[one.other]) for one in said if one.by_hand]
        allow_bonds(connection, again)
        news = news_among(connection, bonds_of(said, ids))
        put_bonds(connection, news)
        concerned = {number for one in news for number in one.pair}
        newborn = {*ids.values()}.difference(before.values())
        settle_owners(connection, concerned, definition, now, newborn)


def until(up_to: int | None) -> ColumnElement[bool]:
    """Events that wait, none of them of a higher number."""
    return true() if up_to is None else waiting.c.id <= up_to


def _first_seen(said: Iterable[Said]) -> dict[Named, Millis]:
    found: dict[Named, Millis] = {}
    for one in said:
        for name in (one.name, one.other):
            found[name] = min(found.get(name, one.at), one.at)
    return found
