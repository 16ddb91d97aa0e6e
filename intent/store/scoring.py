"""Scores what waits: each event once, in one transaction with taking it off the list of those that wait.

What one batch costs does not depend on how much there is already: of a slot only the few that count are
read, of a visitor's days only the neighbours. Workers with different shares of the people touch
different rows; whatever their shares, trails are locked first, so that two never count the same set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select

from intent.definition import Definition
from intent.model import Millis, millis
from intent.store.base import forgotten_until, hold_definition
from intent.store.bonding import Bonding, until
from intent.store.counting import (
    Counts,
    Seen,
    Tally,
    Visit,
    candidates,
    joined,
    returned,
    settle,
    visits_in,
)
from intent.store.inbox import identity_of
from intent.store.naming import AccountOf, Claim, claim_in
from intent.store.rows import among
from intent.store.sums import (
    count_site_days,
    neighbours,
    put_counted,
    put_tally,
    put_visits,
    touch,
    visits_on,
)
from intent.store.tables import counted, event, waiting
from intent.store.trails import Held, is_better, lock_trails, put_claims, turns_of

# Events per transaction: enough that the costs of a statement hardly count, few enough to be short.
BATCH = 2_000
SEEN = (
    event.c.id,
    event.c.event_id,
    event.c.trail_id,
    event.c.at,
    event.c.type,
    event.c.page,
    event.c.topic,
    event.c.points,
    event.c.glance,
)


class Scoring(Bonding):
    """Turns waiting events into sums."""

    def score_some(
        self,
        definition: Definition,
        now: datetime,
        *,
        part: int,
        parts: int,
        up_to: int | None = None,
    ) -> int:
        """Score a batch of events of this share of the people; answers how many there were.

        Raises `OtherDefinition` where the sums are of another one: `rebuild` comes first.
        """
        self.name_some(definition, now, part=part, parts=parts, up_to=up_to)
        with self._begin() as connection:
            hold_definition(connection, definition)
            rows = connection.execute(_waiting(part, parts, up_to)).all()
            if rows:
                self._score(connection, definition, rows, millis(now))
            done = among(connection, waiting.c.id, [row.waiting_id for row in rows])
            connection.execute(delete(waiting).where(done))
        return len(rows)

    def _score(
        self,
        connection: Connection,
        definition: Definition,
        rows: Sequence[Row[Any]],
        now: Millis,
    ) -> None:
        held = lock_trails(connection, {row.trail_id for row in rows if row.trail_id})
        horizon = forgotten_until(connection)
        rows = [row for row in rows if row.trail_id in held and row.at >= horizon]
        rows = [row for row in rows if row.discard is None]
        seen = [Seen(*row[: len(SEEN)]) for row in rows]
        tally = Tally(definition, turns_of(held.values()))
        fresh = candidates(definition, seen)
        taken, dropped = settle(definition, _standing(connection, fresh), fresh)
        put_counted(connection, tally, taken, dropped)
        _note_visits(connection, tally, seen)
        put_tally(connection, tally)
        moved = _note_claims(connection, held, rows, self._account_of)
        owners = {held[place.trail_id].owner_at(place.since) for place in tally.sums}
        touch(connection, owners | moved, now)


def _waiting(part: int, parts: int, up_to: int | None) -> Select[Any]:
    # Whoever was erased in the meantime has no event any more; the row that waits goes all the same.
    return (
        select(*SEEN, event.c.discard, event.c.identity, waiting.c.id.label("waiting_id"))
        .select_from(waiting.outerjoin(event, event.c.id == waiting.c.id))
        .where(waiting.c.trail_id % parts == part, waiting.c.named.is_(False), until(up_to))
        .order_by(waiting.c.id)
        .limit(BATCH)
        .with_for_update(of=waiting, skip_locked=True)
    )


def _standing(connection: Connection, fresh: Iterable[Counts]) -> list[Counts]:
    """The events that count already in the slots of fresh ones: never more than may count."""
    slots = {one.slot for one in fresh if one.slot is not None}
    rows = connection.execute(
        select(*SEEN, counted.c.slot)
        .select_from(counted.join(event, event.c.id == counted.c.id))
        .where(among(connection, counted.c.slot, slots))
    )
    return [Counts(Seen(*row[: len(SEEN)]), row.slot) for row in rows]


def _note_visits(connection: Connection, tally: Tally, seen: Iterable[Seen]) -> None:
    """Longer and new days on the website, and the return visits that follow from them."""
    fresh = visits_in(seen)
    standing = visits_on(connection, fresh)
    changed = {
        key: joined(standing[key], new) if key in standing else new for key, new in fresh.items()
    }
    changed = {key: new for key, new in changed.items() if standing.get(key) != new}
    put_visits(connection, changed.values())
    count_site_days(connection, {key: 1 for key in changed if key not in standing})
    put_visits(connection, _returns(connection, tally, changed))


def _returns(
    connection: Connection, tally: Tally, changed: Mapping[tuple[int, int], Visit]
) -> list[Visit]:
    """The visits that are a return now, or no longer; the tally knows of it."""
    around = neighbours(connection, changed)
    after = {(key[0], day): key for key in changed if (day := around[key][1]) is not None}
    following = visits_on(connection, [key for key in after if key not in changed])
    judged = {key: returned(one, around[key][0]) for key, one in changed.items()}
    for key, before in after.items():
        if key not in changed:
            judged[key] = returned(following[key], changed[before].last_at)
    moved = []
    for key, new in judged.items():
        old = changed[key] if key in changed else following[key]
        if new.returned_at == old.returned_at:
            continue
        if old.returned_at is not None:
            tally.put_return(key[0], old.returned_at, -1)
        if new.returned_at is not None:
            tally.put_return(key[0], new.returned_at)
        moved.append(new)
    return moved


def _note_claims(
    connection: Connection,
    held: Mapping[int, Held],
    rows: Iterable[Row[Any]],
    account_of: AccountOf,
) -> set[str]:
    """Trails that count for another account now; answers the accounts that they left."""
    best: dict[int, Claim] = {}
    for row in rows:
        claim = claim_in(identity_of(row.identity), row.at, account_of)
        old = best.get(row.trail_id, held[row.trail_id].claim)
        if claim is not None and is_better(claim, old):
            best[row.trail_id] = claim
    put_claims(connection, best)
    left = {number: held[number].claim for number in best}
    return {
        f"account:{old.account}"
        for number, old in left.items()
        if old is not None and old.account != best[number].account
    }
