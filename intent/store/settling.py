"""Forgetting and merging need no definition: what is to be counted anew is left to whoever scores next.

Whoever is erased, or merged with somebody, leaves cookies behind that changed hands otherwise than was known.
Their sums are noted in the same transaction as no longer exact, and made anew out of events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from intent.definition import Definition
from intent.model import Millis, Subject, millis
from intent.store.base import IntentRoom, hold_definition
from intent.store.bonds import Said, allow_bonds, bonds_of, put_bonds
from intent.store.naming import SOMEBODY, SURE, Named, subject_of, subject_text
from intent.store.owners import MOVED, change_owners
from intent.store.recounting import recount
from intent.store.rows import among, put_rows
from intent.store.sums import touch
from intent.store.tables import card, fact, touched
from intent.store.trails import (
    held_by_id,
    held_by_name,
    lock_trails,
    lock_who_is_who,
    put_trails,
)

TO_COUNT = "to count:"
AT_ONCE = 200
# Instead of the time at which a card was told: it is not true any more.
NOT_TRUE: Millis = 0


class Settling(IntentRoom):
    """Joins people who are one, and counts what was left."""

    def join(self, names: Iterable[tuple[str, str]], now: datetime) -> None:
        """These names (kind, value) are one person's from now on, if any of them is on file."""
        people = [Named(*name) for name in names if name[0] in SOMEBODY]
        with self._begin() as connection:
            if len(people) < 2 or not held_by_name(connection, people):
                return
            lock_who_is_who(connection)
            self._join(connection, people, millis(now))

    def name_also(
        self, names: Iterable[tuple[tuple[str, str], tuple[str, str]]], now: datetime
    ) -> None:
        """Whoever bears the first name of these pairs bears the second, too, if that one is on file.

        What both systems were told stays true where nobody had the second name before: whoever asks found
        it on a record that is theirs already.
        """
        # Each in a transaction of its own: several would lock cards crosswise.
        for pair in names:
            first, second = (Named(*name) for name in pair)
            with self._begin() as connection:
                lock_who_is_who(connection)
                if held_by_name(connection, [first]):
                    self._join(connection, [first, second], millis(now), is_theirs=True)

    def _join(
        self,
        connection: Connection,
        people: Sequence[Named],
        at: Millis,
        *,
        is_theirs: bool = False,
    ) -> None:
        """Join these names. `is_theirs`: the records that bear new ones among them show what is told."""
        before = held_by_name(connection, people)
        ids = put_trails(connection, dict.fromkeys(people, at), self._account_of)
        newborn = {*ids.values()}.difference(one.id for one in before.values())
        first, *others = people
        said = [Said(name, first, at, SURE[name.kind], "merged", by_hand=True) for name in others]
        allow_bonds(connection, [(ids[one.name], ids[one.other]) for one in said])
        put_bonds(connection, [one for _, one in sorted(bonds_of(said, ids).items())])
        lock_cards(connection, _owners_of(connection, ids.values()))
        changed = change_owners(connection, ids.values(), at, newborn, is_quiet=is_theirs)
        leave_to_count(connection, changed)
        if not (is_theirs and len(before) == 1):
            mark_not_true(connection, _owners_of(connection, ids.values()), at)

    def moved(self, limit: int) -> Mapping[Subject, Subject]:
        """People who turned out to be somebody else, and who that is; until `forget_moves` hears of them."""
        begins = fact.c.name.startswith(MOVED, autoescape=True)
        with self._look() as connection:
            rows = connection.execute(
                select(fact.c.name, fact.c.value).where(begins).order_by(fact.c.name).limit(limit)
            )
            return {subject_of(name.removeprefix(MOVED)): subject_of(to) for name, to in rows}

    def forget_moves(self, subjects: Iterable[Subject]) -> None:
        """Whoever knew these people by their keys knows who they are by now."""
        names = [f"{MOVED}{subject_text(one)}" for one in subjects]
        with self._begin() as connection:
            connection.execute(delete(fact).where(among(connection, fact.c.name, names)))

    def count_left(self, definition: Definition, now: datetime) -> int:
        """Count the trails anew that `erase` and `join` left to be counted; answers how many there were.

        Raises `OtherDefinition`: `rebuild` first.
        """
        with self._begin() as connection:
            names: list[str] = list(connection.scalars(_to_count()))
            if not names:
                return 0
            hold_definition(connection, definition)
            held = lock_trails(connection, [int(name.removeprefix(TO_COUNT)) for name in names])
            recount(connection, definition, held)
            owners = {owner for one in held.values() for owner in one.owners}
            mark_not_true(connection, owners, millis(now))
            connection.execute(delete(fact).where(among(connection, fact.c.name, names)))
        return len(names)

    def not_true(self, subjects: Iterable[Subject]) -> set[Subject]:
        """Those of these subjects whose told card is not true any more: it is told anew, whatever changed."""
        texts = [subject_text(one) for one in subjects]
        with self._look() as connection:
            rows = connection.scalars(
                select(card.c.subject).where(
                    among(connection, card.c.subject, texts),
                    card.c.body.is_not(None),
                    card.c.told_at == NOT_TRUE,
                )
            )
            return {subject_of(text) for text in rows}


def _owners_of(connection: Connection, ids: Iterable[int]) -> list[str]:
    held = held_by_id(connection, ids)
    return sorted({owner for one in held.values() for owner in one.owners})


def leave_to_count(connection: Connection, ids: Iterable[int]) -> None:
    """These trails are to be counted anew by whoever knows the definition."""
    put_rows(connection, fact, ("name", "value"), sorted((f"{TO_COUNT}{n}", "") for n in set(ids)))


def mark_not_true(connection: Connection, subjects: Iterable[str], now: Millis) -> None:
    """What was told of these subjects is to be told anew; whoever looks at them right now looks again."""
    some = sorted(set(subjects))
    lock_cards(connection, some)
    put_rows(connection, card, ("subject", "told_at"), [(one, NOT_TRUE) for one in some])
    touch(connection, some, now)


def lock_cards(connection: Connection, subjects: Sequence[str]) -> None:
    """Nobody else changes these cards until the transaction ends; in one order, as everybody locks them."""
    connection.execute(
        select(card.c.subject)
        .where(among(connection, card.c.subject, subjects))
        .order_by(card.c.subject)
        .with_for_update()
    )


def still_not_true(connection: Connection, subjects: Sequence[str]) -> set[str]:
    """Those of them that were marked, or touched again, since somebody took them to be looked at."""
    return set(
        connection.scalars(
            select(card.c.subject)
            .join(touched, touched.c.subject == card.c.subject)
            .where(
                among(connection, card.c.subject, subjects),
                card.c.told_at == NOT_TRUE,
                touched.c.taken_until.is_(None),
            )
        )
    )


def _to_count() -> Select[Any]:
    begins = fact.c.name.startswith(TO_COUNT, autoescape=True)
    return select(fact.c.name).where(begins).order_by(fact.c.name).limit(AT_ONCE)
