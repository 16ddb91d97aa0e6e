"""Whose card is to be looked at, what both systems were told, and who surges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, delete, or_, select, update
from sqlalchemy.sql import ColumnElement

from intent.model import Card, Millis, Subject, SurgeStanding, millis, moment
from intent.store.accounts import accounts_of, labels_of
from intent.store.base import IntentRoom
from intent.store.cards import card_json, card_of
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among, put_new_rows, put_rows
from intent.store.settling import NOT_TRUE, lock_cards, still_not_true
from intent.store.sums import order
from intent.store.tables import card, surge, touched

# Whoever looks at a card for longer has died.
TAKEN_FOR: Millis = 10 * 60 * 1000
SURGE = ("subject", "topic", "since", "surprise", "is_over")


class Telling(IntentRoom):
    """Hands out whose card is to be looked at, and keeps what was told."""

    def touched(self, limit: int, now: datetime) -> Sequence[Subject]:
        """Subjects whose scores changed since their card was last looked at, longest ago first."""
        at = millis(now)
        free = or_(touched.c.taken_until.is_(None), touched.c.taken_until < at)
        with self._begin() as connection:
            texts = list(
                connection.scalars(
                    select(touched.c.subject)
                    .where(free)
                    .order_by(touched.c.at, touched.c.subject)
                    .limit(limit)
                    .with_for_update(skip_locked=True)
                )
            )
            known = _known_accounts(connection, texts)
            accounts = accounts_of(connection, [one for one in texts if one not in known])
            found = dict.fromkeys([*(known.get(one, one) for one in texts), *accounts.values()])
            _give_up(connection, set(texts) - set(found))
            _take(connection, found, at)
        return [subject_of(text) for text in found]

    def due(self, now: datetime, limit: int) -> Sequence[Subject]:
        """Subjects whose card was to be looked at again at a time that has come."""
        at = millis(now)
        with self._begin() as connection:
            texts = list(
                connection.scalars(
                    select(card.c.subject)
                    .where(card.c.due_at <= at)
                    .order_by(card.c.due_at, card.c.subject)
                    .limit(limit)
                    .with_for_update(skip_locked=True)
                )
            )
            connection.execute(
                update(card)
                .where(among(connection, card.c.subject, texts))
                .values(due_at=at + TAKEN_FOR)
            )
        return [subject_of(text) for text in texts]

    def told(self, subjects: Iterable[Subject]) -> Mapping[Subject, Card]:
        """The cards as both systems were told last."""
        with self._look() as connection:
            rows = connection.execute(
                select(card.c.subject, card.c.body).where(
                    _one_of(connection, card, subjects), card.c.body.is_not(None)
                )
            ).all()
        return {subject_of(row.subject): card_of(row.body) for row in rows}

    def tell(
        self, cards: Sequence[Card], looked_at: Mapping[Subject, datetime | None], now: datetime
    ) -> None:
        """Put told cards on file, and when each subject is to be looked at again (None: when touched)."""
        again = {subject_text(one): at for one, at in looked_at.items()}
        for one in cards:
            again.setdefault(subject_text(one.subject), None)
        bodies = {subject_text(one.subject): card_json(one) for one in cards}
        with self._begin() as connection:
            lock_cards(connection, sorted(again))
            # Somebody was forgotten while these were looked at: they have to be told once more.
            at = dict.fromkeys(still_not_true(connection, sorted(bodies)), NOT_TRUE)
            _put_due(connection, {one: due for one, due in again.items() if one not in bodies})
            put_rows(
                connection,
                card,
                ("subject", "body", "told_at", "due_at"),
                [
                    (one, bodies[one], at.get(one, millis(now)), _millis(again[one]))
                    for one in sorted(bodies)
                ],
            )
            connection.execute(
                delete(touched).where(
                    among(connection, touched.c.subject, again), touched.c.taken_until.is_not(None)
                )
            )

    def look_again(self, at: Mapping[Subject, datetime | None], instead_of: datetime) -> None:
        """When to look again at those who were to be looked at again at just that time."""
        again = {subject_text(one): when for one, when in at.items()}
        with self._begin() as connection:
            lock_cards(connection, sorted(again))
            theirs = select(card.c.subject).where(
                among(connection, card.c.subject, again), card.c.due_at == millis(instead_of)
            )
            still = list(connection.scalars(theirs))
            _put_due(connection, {one: again[one] for one in still})

    def surges(self, subjects: Iterable[Subject]) -> Mapping[tuple[Subject, str], SurgeStanding]:
        """Who surges, on which topic (empty text: altogether)."""
        with self._look() as connection:
            rows = connection.execute(
                select(surge).where(_one_of(connection, surge, subjects))
            ).all()
        return {
            (subject_of(row.subject), row.topic): SurgeStanding(
                moment(row.since), row.surprise, row.is_over
            )
            for row in rows
        }

    def note_surges(self, surges: Mapping[tuple[Subject, str], SurgeStanding | None]) -> None:
        """Surges that began, grew or ended."""
        named = {(subject_text(who), topic): one for (who, topic), one in surges.items()}
        over = sorted(key for key, one in named.items() if one is None)
        rows = [
            (*key, millis(one.since), one.surprise, one.is_over)
            for key, one in named.items()
            if one is not None
        ]
        with self._begin() as connection:
            put_rows(connection, surge, SURGE, sorted(rows))
            for subject, topic in over:
                connection.execute(
                    delete(surge).where(surge.c.subject == subject, surge.c.topic == topic)
                )


def _one_of(
    connection: Connection, table: Table, subjects: Iterable[Subject]
) -> ColumnElement[bool]:
    return among(connection, table.c.subject, [subject_text(one) for one in subjects])


def _millis(at: datetime | None) -> Millis | None:
    return None if at is None else millis(at)


def _known_accounts(connection: Connection, texts: Iterable[str]) -> dict[str, str]:
    """Touched accounts under the name that they have now: domains may have become one account."""
    keys = {text.partition(":")[2]: text for text in texts if text.startswith("account:")}
    labels = labels_of(connection, keys)
    return {text: labels[key] for key, text in keys.items()}


def _give_up(connection: Connection, texts: Iterable[str]) -> None:
    connection.execute(delete(touched).where(among(connection, touched.c.subject, texts)))


def _take(connection: Connection, texts: Iterable[str], now: Millis) -> None:
    """Nobody else gets these for a while; whoever touches them meanwhile makes them free again."""
    some = sorted(texts, key=order)
    put_new_rows(connection, touched, ("subject", "at"), [(one, now) for one in some])
    connection.execute(
        update(touched)
        .where(among(connection, touched.c.subject, some))
        .values(taken_until=now + TAKEN_FOR)
    )


def _put_due(connection: Connection, again: Mapping[str, datetime | None]) -> None:
    """When to look again at those that are told nothing now; a card that was told stays as it is."""
    later = sorted((one, _millis(at)) for one, at in again.items() if at is not None)
    put_rows(connection, card, ("subject", "due_at"), later)
    never = [one for one, at in again.items() if at is None]
    theirs = among(connection, card.c.subject, never)
    connection.execute(update(card).where(theirs).values(due_at=None))
    connection.execute(delete(card).where(theirs, card.c.body.is_(None)))
