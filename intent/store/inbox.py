"""Events as they come in: each id once, the first body wins, and all of them wait to be scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, delete, func, select

from database.room import from_json, to_json
from intent.model import Event, Identity, millis
from intent.port import AtHand, TakenIn
from intent.store.base import IntentRoom
from intent.store.naming import AccountOf, Named, names_in, trail_of
from intent.store.rows import among, arrays_of, insert_rows, inserting_arrays
from intent.store.tables import event, waiting
from intent.store.trails import put_trails

# Events that are looked at before they are scored: as many as are scored in one go.
AT_HAND = 2_000


class Body(NamedTuple):
    """An event, and what tells a repeat from something else under the same id."""

    event: Event
    digest: bytes


class Stored(NamedTuple):
    """An event as it is written; the fields are columns of its table."""

    event_id: str
    digest: bytes
    trail_id: int
    type: str
    at: int
    received_at: int
    told_at: int
    source: str
    basis: str
    topic: str
    glance: bool
    points: float | None
    page: str | None
    discard: str | None
    session: str | None
    title: str | None
    url: str | None
    identity: str
    properties: str | None


class Inbox(IntentRoom):
    """Takes events in, and counts those that wait."""

    def take_in(self, events: Sequence[Event]) -> TakenIn:
        """Put events on file, each id once; of two bodies the first one stands.

        Events that are to be discarded are kept, and never scored. An event that names nobody is refused
        with a `ValueError`: whoever takes events from outside has to answer for that.
        """
        first: dict[str, Body] = {}
        differing: list[str] = []
        for one in events:
            body = Body(one, digest_of(one))
            if first.setdefault(one.event_id, body).digest != body.digest:
                differing.append(one.event_id)
        with self._begin() as connection:
            known = _known(connection, first)
            rows = self._rows(connection, [b for i, b in first.items() if i not in known])
            accepted = _put(connection, rows, self._account_of)
            if len(accepted) < len(rows):  # another door was quicker
                known |= _known(connection, [row.event_id for row in rows])
            known = {i: digest for i, digest in known.items() if i not in accepted}
        differing += [i for i, digest in known.items() if digest != first[i].digest]
        return TakenIn(len(accepted), len(events) - len(accepted), tuple(dict.fromkeys(differing)))

    def unscored(self) -> int:
        """How many events nobody has scored yet."""
        with self._look() as connection:
            return connection.scalar(select(func.count()).select_from(waiting)) or 0

    def at_hand(self, *, part: int, parts: int) -> AtHand:
        """The events that are scored next, of this share of the people."""
        with self._look() as connection:
            rows = connection.execute(
                select(waiting.c.id, event.c.identity)
                .select_from(waiting.outerjoin(event, event.c.id == waiting.c.id))
                .where(waiting.c.trail_id % parts == part)
                .order_by(waiting.c.id)
                .limit(AT_HAND)
            ).all()
        people = {row.id: identity_of(row.identity) for row in rows if row.identity is not None}
        return AtHand(people, rows[-1].id if rows else 0)

    def drop(self, numbers: Sequence[int]) -> None:
        """Take events that wait off the file, as if they had never come."""
        with self._begin() as connection:
            still = connection.scalars(
                select(waiting.c.id)
                .where(among(connection, waiting.c.id, numbers))
                .order_by(waiting.c.id)
                .with_for_update()
            ).all()
            for table in (waiting, event):
                connection.execute(delete(table).where(among(connection, table.c.id, still)))

    def _rows(self, connection: Connection, bodies: Sequence[Body]) -> list[Stored]:
        names = [_trail_of(body.event, self._account_of) for body in bodies]
        seen: dict[Named, int] = {}
        for name, body in zip(names, bodies, strict=True):
            at = millis(body.event.occurred_at)
            seen[name] = min(seen.get(name, at), at)
        ids = put_trails(connection, seen, self._account_of)
        return [_row(body, ids[name]) for name, body in zip(names, bodies, strict=True)]


def digest_of(one: Event) -> bytes:
    """What an event says, in short: not when it came in, nor what we made of it."""
    said = [
        one.type,
        millis(one.told_at),
        tuple(one.identity),
        one.source,
        one.basis,
        one.url,
        one.title,
        one.points,
        one.session,
        dict(one.properties),
    ]
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def identity_of(text: str) -> Identity:
    """The inverse of how an identity is stored."""
    return Identity(*from_json(text))


def _trail_of(one: Event, account_of: AccountOf) -> Named:
    name = trail_of(one.identity, account_of)
    if name is None:
        raise ValueError(f"event {one.event_id} names nobody: refuse it where it comes in")
    return name


def _known(connection: Connection, event_ids: Iterable[str]) -> dict[str, bytes]:
    rows = connection.execute(
        select(event.c.event_id, event.c.digest).where(
            among(connection, event.c.event_id, event_ids)
        )
    )
    return {row.event_id: row.digest for row in rows}


def _row(body: Body, trail_id: int) -> Stored:
    one = body.event
    return Stored(
        one.event_id,
        body.digest,
        trail_id,
        one.type,
        millis(one.occurred_at),
        millis(one.received_at),
        millis(one.told_at),
        one.source,
        one.basis,
        one.topic,
        one.glance,
        one.points,
        one.page,
        one.discard,
        one.session,
        one.title,
        one.url,
        to_json(tuple(one.identity)),
        to_json(dict(one.properties)) if one.properties else None,
    )


def _put(connection: Connection, rows: Sequence[Stored], account_of: AccountOf) -> set[str]:
    """The ids of the events that are new. They wait from now on, but for what is discarded already."""
    if not rows:
        return set()
    new = _put_new(connection, rows)
    waits = [
        (new[row.event_id], row.trail_id, len(names_in(identity_of(row.identity), account_of)) > 1)
        for row in rows
        if row.event_id in new and row.discard is None
    ]
    insert_rows(connection, waiting, ("id", "trail_id", "named"), sorted(waits))
    return set(new)


def _put_new(connection: Connection, rows: Sequence[Stored]) -> dict[str, int]:
    """The numbers of those that are new, by id. On PostgreSQL another door may have been quicker."""
    wanted = (event.c.id, event.c.event_id)
    if connection.dialect.name == "postgresql":
        put = inserting_arrays(event, Stored._fields).on_conflict_do_nothing().returning(*wanted)
        # In one order, so that two doors with the same events never wait for each other crosswise.
        found = connection.execute(put, arrays_of(event, Stored._fields, sorted(rows)))
    else:
        insert_rows(connection, event, Stored._fields, rows)
        ids = [row.event_id for row in rows]
        found = connection.execute(select(*wanted).where(among(connection, event.c.event_id, ids)))
    return {row.event_id: row.id for row in found}
