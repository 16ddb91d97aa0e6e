"""What is kept no longer: somebody asked to be forgotten, or its time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from intent.definition import Definition
from intent.model import DAY, Card, Millis, Subject, millis
from intent.store.accounts import accounts_of, members_of
from intent.store.base import FORGOTTEN_UP_TO, IntentRoom, forgotten_until, put_fact
from intent.store.bonds import pairs_with
from intent.store.cards import card_json
from intent.store.counting import day_of
from intent.store.naming import subject_text
from intent.store.owners import change_owners
from intent.store.rows import among
from intent.store.settling import leave_to_count, lock_cards, mark_not_true
from intent.store.sums import count_site_days
from intent.store.tables import (
    bond,
    card,
    counted,
    daily,
    event,
    site_day,
    state,
    surge,
    touched,
    trail,
    turn,
    visit,
    waiting,
)
from intent.store.trails import Held, held_by_owner, lock_trails, lock_who_is_who

# Rows per transaction, so that nobody waits long for a night's cleaning.
AT_ONCE = 5_000
TRAILS_AT_ONCE = 500
# Events are dated at most so much later than they came in; see `intent.model.Event`.
AHEAD: Millis = 5 * 60 * 1000


class Leaving(IntentRoom):
    """Erases people, and forgets what has been kept long enough."""

    def erase(self, subject: Subject, now: datetime) -> None:
        """Forget events, states and links of a subject. The card told to the systems becomes empty.

        Whatever state the definition is in: what is to be counted anew by one is left to `count_left`.
        """
        text = subject_text(subject)
        with self._begin() as connection:
            lock_who_is_who(connection)
            was_told = _was_told(connection, text)
            around = _around(connection, text)
            ids = list(held_by_owner(connection, [text]))
            held = lock_trails(connection, ids, leaving=True)
            whole = {n: one for n, one in held.items() if one.owners == {text}}
            shared = {n: one for n, one in held.items() if n not in whole}
            accounts = {f"account:{one.claim.account}" for one in held.values() if one.claim}
            owners = {owner for one in held.values() for owner in one.owners}
            # Before anybody is touched: whoever tells locks them in this order, too.
            lock_cards(connection, sorted(around | accounts | owners))
            for one in shared.values():
                _drop_turns(connection, one, text)
            beside = {n for pair in pairs_with(connection, whole) for n in pair} - set(whole)
            _drop_trails(connection, list(whole))
            split = change_owners(connection, {*shared, *beside}, millis(now))
            leave_to_count(connection, {*shared, *split})
            _clear(connection, text)
            if was_told:
                _put_empty_card(connection, subject, now)
            mark_not_true(connection, (accounts | around) - {text}, millis(now))

    def forget(self, definition: Definition, now: datetime) -> Mapping[str, int]:
        """Delete what is kept no longer; how much of what: events, days, visitors, cards."""
        keeping, today = definition.keeping, day_of(millis(now))
        events_until = today - keeping.events
        with self._begin() as connection:
            known = forgotten_until(connection) // DAY
            put_fact(connection, FORGOTTEN_UP_TO, str(max(known, events_until)))
        visitors_until = (today - keeping.unlinked_visitors) * DAY
        return {
            "events": self._until_none(lambda c: _forget_events(c, events_until * DAY)),
            "days": self._until_none(lambda c: _forget_days(c, today - keeping.daily)),
            "visitors": self._until_none(lambda c: _forget_visitors(c, visitors_until)),
            "cards": self._until_none(lambda c: _forget_cards(c, events_until * DAY)),
        }

    def _until_none(self, forget_some: Callable[[Connection], int]) -> int:
        """One short transaction after the other."""
        gone = 0
        while True:
            with self._begin() as connection:
                some = forget_some(connection)
            if not some:
                return gone
            gone += some


def _drop_turns(connection: Connection, one: Held, owner: str) -> None:
    """Everything of a shared cookie that is somebody's, while it was theirs."""
    ends: list[Millis | None] = [*(since for since, _ in one.turns[1:]), None]
    for (since, whose), end in zip(one.turns, ends, strict=True):
        if whose != owner:
            continue
        theirs = (event.c.trail_id == one.id) & (event.c.at >= since)
        connection.execute(
            delete(event).where(theirs if end is None else theirs & (event.c.at < end))
        )
        counts = (counted.c.trail_id == one.id) & (counted.c.at >= since)
        connection.execute(
            delete(counted).where(counts if end is None else counts & (counted.c.at < end))
        )
        for table in (daily, state):
            connection.execute(
                delete(table).where(table.c.trail_id == one.id, table.c.since == since)
            )


def _around(connection: Connection, subject: str) -> set[str]:
    """Who may tell of a subject: the account, and people of it who were told or are being looked at."""
    account = accounts_of(connection, [subject]).get(subject)
    if account is None:
        return set()
    people = [one for one in members_of(connection, account) if one.startswith("person:")]
    found = {account}
    for table in (card, touched):
        known = select(table.c.subject).where(among(connection, table.c.subject, people))
        found.update(connection.scalars(known))
    return found


def _drop_trails(connection: Connection, ids: Sequence[int]) -> None:
    """Everything of these trails. What waits goes when somebody wants to score it."""
    days = connection.execute(
        select(visit.c.trail_id, visit.c.day).where(among(connection, visit.c.trail_id, ids))
    ).all()
    count_site_days(connection, {(row[0], row[1]): -1 for row in days})
    connection.execute(delete(bond).where(among(connection, bond.c.other_id, ids)))
    for table in (bond, counted, state, daily, visit, event, turn):
        connection.execute(delete(table).where(among(connection, table.c.trail_id, ids)))
    connection.execute(delete(trail).where(among(connection, trail.c.id, ids)))


def _was_told(connection: Connection, subject: str) -> bool:
    wanted = select(card.c.subject).where(card.c.subject == subject, card.c.body.is_not(None))
    return connection.scalar(wanted) is not None


def _clear(connection: Connection, subject: str) -> None:
    for table in (card, surge, touched):
        connection.execute(delete(table).where(table.c.subject == subject))


def _put_empty_card(connection: Connection, subject: Subject, now: datetime) -> None:
    """Both systems were told of somebody: what they are to be told now is nothing."""
    empty = card_json(Card(subject=subject, at=now, engagement=0.0))
    row = {"subject": subject_text(subject), "body": empty, "told_at": millis(now)}
    connection.execute(insert(card).values(row))


def _forget_events(connection: Connection, until: Millis) -> int:
    """Events in the order in which they came in, up to the first that is kept."""
    rows = connection.execute(
        select(event.c.id, event.c.trail_id, event.c.at, event.c.received_at)
        .order_by(event.c.id)
        .limit(AT_ONCE)
    ).all()
    old = [row for row in rows if row.received_at < until - AHEAD]
    ids = [row.id for row in old]
    connection.execute(
        delete(counted).where(
            among(connection, counted.c.trail_id, {row.trail_id for row in old}),
            among(connection, counted.c.at, {row.at for row in old}),
            among(connection, counted.c.id, ids),
        )
    )
    for table in (waiting, event):
        connection.execute(delete(table).where(among(connection, table.c.id, ids)))
    return len(old)


def _forget_days(connection: Connection, until: int) -> int:
    gone = 0
    for table in (daily, visit):
        gone += _forget_days_of(connection, table, until)
    connection.execute(delete(site_day).where(site_day.c.day < until))
    return gone


def _forget_days_of(connection: Connection, table: Table, until: int) -> int:
    old: Any = table.c.day < until
    ids = connection.scalars(
        select(table.c.trail_id).where(old).distinct().limit(TRAILS_AT_ONCE)
    ).all()
    if not ids:
        return 0
    return connection.execute(
        delete(table).where(among(connection, table.c.trail_id, ids), old)
    ).rowcount


def _forget_visitors(connection: Connection, until: Millis) -> int:
    """Cookies that were nobody, and have not come back for long."""
    later = select(event.c.id).where(event.c.trail_id == trail.c.id, event.c.at >= until)
    counts = select(daily.c.day).where(daily.c.trail_id == trail.c.id, daily.c.day >= until // DAY)
    rows = connection.execute(
        select(trail.c.id, trail.c.owner)
        .where(
            trail.c.owner.like("visitor:%"),
            trail.c.seen_at < until,
            ~later.exists(),
            ~counts.exists(),
        )
        .limit(TRAILS_AT_ONCE)
    ).all()
    held = lock_trails(connection, [row.id for row in rows], leaving=True)
    gone = {n: one for n, one in held.items() if all(o.startswith("visitor:") for o in one.owners)}
    _drop_trails(connection, list(gone))
    owners = sorted({owner for one in gone.values() for owner in one.owners})
    for owner in owners:
        _clear(connection, owner)
    return len(gone)


def _forget_cards(connection: Connection, until: Millis) -> int:
    """Cards that were told of somebody who is nobody any more: erased, or become somebody else."""
    known = select(trail.c.id).where(trail.c.owner == card.c.subject)
    held = select(turn.c.trail_id).where(turn.c.owner == card.c.subject)
    gone = connection.scalars(
        select(card.c.subject)
        .where(
            card.c.told_at < until,
            ~card.c.subject.like("account:%"),
            ~known.exists(),
            ~held.exists(),
        )
        .limit(AT_ONCE)
    ).all()
    connection.execute(delete(card).where(among(connection, card.c.subject, gone)))
    return len(gone)
