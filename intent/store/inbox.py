"""Events as they come in: each id once, the first body wins, and all of them wait to be scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, func, insert, select

from database.room import from_json, slices, to_json
from intent.model import Event, Identity, millis
from intent.port import TakenIn
from intent.store.base import IntentRoom
from intent.store.naming import AccountOf, Named, names_in, trail_of
from intent.store.tables import event, waiting
from intent.store.trails import put_trails
from intent.store.upserts import inserting


class Body(NamedTuple):
    """An event, and what tells a repeat from something else under the same id."""

    event: Event
    digest: bytes


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
            accepted = _put(connection, rows)
            if len(accepted) < len(rows):  # another door was quicker
                known |= _known(connection, [r["event_id"] for r in rows])
            known = {i: digest for i, digest in known.items() if i not in accepted}
        differing += [i for i, digest in known.items() if digest != first[i].digest]
        return TakenIn(len(accepted), len(events) - len(accepted), tuple(dict.fromkeys(differing)))

    def unscored(self) -> int:
        """How many events nobody has scored yet."""
        with self._look() as connection:
            return connection.scalar(select(func.count()).select_from(waiting)) or 0

    def _rows(self, connection: Connection, bodies: Sequence[Body]) -> list[dict[str, Any]]:
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
    found: dict[str, bytes] = {}
    for some in slices(list(event_ids)):
        rows = connection.execute(
            select(event.c.event_id, event.c.digest).where(event.c.event_id.in_(some))
        )
        found |= {row.event_id: row.digest for row in rows}
    return found


def _row(body: Body, trail_id: int) -> dict[str, Any]:
    one = body.event
    return {
        "event_id": one.event_id,
        "digest": body.digest,
        "trail_id": trail_id,
        "type": one.type,
        "at": millis(one.occurred_at),
        "received_at": millis(one.received_at),
        "told_at": millis(one.told_at),
        "source": one.source,
        "basis": one.basis,
        "topic": one.topic,
        "glance": one.glance,
        "points": one.points,
        "page": one.page,
        "discard": one.discard,
        "session": one.session,
        "title": one.title,
        "url": one.url,
        "identity": to_json(tuple(one.identity)),
        "properties": to_json(dict(one.properties)) if one.properties else None,
    }


def _put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """The ids of the events that are new. They wait from now on, but for what is discarded already."""
    if not rows:
        return set()
    put = inserting(connection, event).on_conflict_do_nothing(index_elements=["event_id"])
    new = connection.execute(put.returning(event.c.id, event.c.event_id), list(rows)).all()
    by_event = {row["event_id"]: row for row in rows}
    waits = [
        {"id": row_id, "trail_id": given["trail_id"], "named": _names_several(given)}
        for row_id, event_id in new
        if (given := by_event[event_id])["discard"] is None
    ]
    if waits:
        connection.execute(insert(waiting), waits)
    return {row.event_id for row in new}


def _names_several(row: Mapping[str, Any]) -> bool:
    return len(names_in(identity_of(row["identity"]), lambda domain: domain)) > 1
