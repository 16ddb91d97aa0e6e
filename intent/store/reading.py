"""What is read of sums, evidence and days: for the price of those who are asked about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from intent.decay import State, merge
from intent.definition import Definition
from intent.model import UNKNOWN, Contribution, Millis, StateKey, Subject, millis
from intent.store.accounts import members_of, members_of_all
from intent.store.base import IntentRoom, need_definition
from intent.store.counting import day_of
from intent.store.evidence import newest_of
from intent.store.naming import subject_of, subject_text
from intent.store.rows import among
from intent.store.tables import daily, site_day, state, trail, turn, visit
from intent.store.trails import Held, held_by_id, held_by_owner
from intent.surge import DAYS, SHORT


class Reading(IntentRoom):
    """Answers what the scores are made of."""

    def states(
        self, subjects: Iterable[Subject], definition: Definition
    ) -> Mapping[StateKey, State]:
        """The decayed sums of these subjects; of an account: its own, and those of each of its members."""
        with self._look() as connection:
            need_definition(connection, definition)
            owners = _everybody(_with_members(connection, subjects))
            held = held_by_owner(connection, owners)
            return _merged(connection, held, owners, definition)

    def evidence(
        self, subject: Subject, definition: Definition, since: Millis, limit: int = 200
    ) -> Sequence[Contribution]:
        """What counted for a subject, newest first; of an account: of all its members too."""
        return self.evidence_of([subject], definition, since, limit)[subject]

    def evidence_of(
        self, subjects: Iterable[Subject], definition: Definition, since: Millis, limit: int = 200
    ) -> Mapping[Subject, Sequence[Contribution]]:
        """The same of many at once."""
        texts = {subject_text(one): one for one in subjects}
        with self._look() as connection:
            need_definition(connection, definition)
            owners = _with_members(connection, texts.values())
            held = held_by_owner(connection, _everybody(owners))
            found = newest_of(connection, definition, held, owners, since, limit)
        return {texts[text]: some for text, some in found.items()}

    def visitor_days(self, account: Subject, topic: str | None, until: datetime) -> Sequence[int]:
        """How many people or visitors of an account came on each of the last 97 days, oldest first."""
        last = day_of(millis(until))
        came: set[tuple[int, str]] = set()
        with self._look() as connection:
            owners = members_of(connection, subject_text(account))
            held = held_by_owner(connection, owners)
            for number, day, at in _days(connection, held, topic, last):
                came.add((day, held[number].owner_at(at)))
        counts = [0] * DAYS
        for day, owner in came:
            if owner in set(owners):
                counts[day - last + DAYS - 1] += 1
        return counts

    def topic_days(
        self, account: Subject, definition: Definition, until: datetime, also: Iterable[str] = ()
    ) -> Mapping[str, Sequence[int]]:
        """The same by topic, of topics that may surge; see `intent.port.Scores`."""
        last, wanted = day_of(millis(until)), set(also)
        with self._look() as connection:
            owners = set(members_of(connection, subject_text(account)))
            of_interest = _OfInterest(held_by_owner(connection, owners), owners, definition)
            week = of_interest.came(connection, range(last - SHORT + 1, last + 1))
            wanted |= {topic for topic, came in week.items() if _is_busy(definition, came)}
            # Most accounts end here, after the few rows of a week.
            span = range(last - DAYS + 1, last + 1)
            came = of_interest.came(connection, span, wanted) if wanted else {}
        counts = {topic: Counter(day for day, _ in came.get(topic, ())) for topic in sorted(wanted)}
        return {topic: [found[day] for day in span] for topic, found in counts.items()}

    def site_days(self, until: datetime) -> Sequence[int]:
        """The same of everybody, by device."""
        last = day_of(millis(until))
        with self._look() as connection:
            rows = connection.execute(
                select(site_day.c.day, func.sum(site_day.c.visitors))
                .where(site_day.c.day.between(last - DAYS + 1, last))
                .group_by(site_day.c.day)
            ).all()
        counts = dict.fromkeys(range(last - DAYS + 1, last + 1), 0)
        return list((counts | {row[0]: int(row[1]) for row in rows}).values())

    def days_of_people(self) -> Sequence[tuple[Subject, Millis]]:
        """Who was on the website on which days; see `intent.port.Scores`."""
        first: dict[tuple[str, int], Millis] = {}
        with self._look() as connection:
            ids = connection.scalars(select(turn.c.trail_id).distinct()).all()
            turned = held_by_id(connection, ids)
            rows = connection.execute(
                select(trail.c.owner, visit.c.trail_id, visit.c.day, visit.c.first_at).select_from(
                    visit.join(trail, trail.c.id == visit.c.trail_id)
                )
            )
            for row in rows:
                held = turned.get(row.trail_id)
                owner = row.owner if held is None else held.owner_at(row.first_at)
                if owner.startswith("person:"):
                    key = owner, row.day
                    first[key] = min(first.get(key, row.first_at), row.first_at)
        return [(subject_of(owner), at) for (owner, _), at in sorted(first.items())]


def _with_members(connection: Connection, subjects: Iterable[Subject]) -> dict[str, set[str]]:
    """Whom each of these stands for, as texts: itself, and its members."""
    texts = {subject_text(one) for one in subjects}
    accounts = {text for text in texts if text.startswith("account:")}
    members = members_of_all(connection, accounts) if accounts else {}
    return {text: {text, *members.get(text, ())} for text in texts}


def _everybody(owners: Mapping[str, Iterable[str]]) -> set[str]:
    return {one for some in owners.values() for one in some}


def _merged(
    connection: Connection,
    held: Mapping[int, Held],
    owners: set[str],
    definition: Definition,
) -> dict[StateKey, State]:
    found: dict[StateKey, State] = {}
    rows = connection.execute(
        select(state).where(among(connection, state.c.trail_id, held)).order_by(*state.primary_key)
    )
    for row in rows:
        owner = held[row.trail_id].owner_at(row.since)
        family = definition.families.get(row.family)
        if owner not in owners or family is None:
            continue
        key = StateKey(subject_of(owner), row.topic, row.family, definition.hash)
        new = State(row.value, row.at)
        found[key] = merge(found[key], new, family.half_life) if key in found else new
    return found


class _OfInterest(NamedTuple):
    """Who of these owners came for which topic on which day, as far as it speaks for a purchase."""

    held: Mapping[int, Held]
    owners: set[str]
    definition: Definition

    def came(
        self, connection: Connection, days: range, topics: Collection[str] | None = None
    ) -> Mapping[str, set[tuple[int, str]]]:
        """(day, owner) by topic; of all topics where none are named."""
        rows = connection.execute(
            select(daily.c.trail_id, daily.c.day, daily.c.since, daily.c.topic)
            .where(
                among(connection, daily.c.trail_id, self.held),
                daily.c.day.between(days[0], days[-1]),
                daily.c.topic != UNKNOWN
                if topics is None
                else among(connection, daily.c.topic, topics),
                among(connection, daily.c.type, self._types()),
                daily.c.times > 0,
            )
            .distinct()
        )
        found: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for row in rows:
            owner = self.held[row.trail_id].owner_at(row.since)
            if owner in self.owners:
                found[row.topic].add((row.day, owner))
        return found

    def _types(self) -> list[str]:
        families = {name: self.definition.family_of(name) for name in self.definition.kinds}
        return [name for name, one in families.items() if one is not None and not one.negative]


def _is_busy(definition: Definition, came: Collection[tuple[int, str]]) -> bool:
    """Whether a week has what a surge needs at least."""
    rule = definition.surge
    return len(came) >= rule.least and len({day for day, _ in came}) >= rule.least_days


def _days(
    connection: Connection, ids: Iterable[int], topic: str | None, last: int
) -> list[tuple[int, int, Millis]]:
    """(trail, day, an instant of it that tells whose day it was)."""
    if topic is None:
        rows = connection.execute(
            select(visit.c.trail_id, visit.c.day, visit.c.first_at).where(
                among(connection, visit.c.trail_id, ids), visit.c.day.between(last - DAYS + 1, last)
            )
        ).all()
    else:
        rows = connection.execute(
            select(daily.c.trail_id, daily.c.day, daily.c.since)
            .where(
                among(connection, daily.c.trail_id, ids),
                daily.c.day.between(last - DAYS + 1, last),
                daily.c.topic == topic,
                daily.c.times > 0,
            )
            .distinct()
        ).all()
    return [(row[0], row[1], row[2]) for row in rows]
