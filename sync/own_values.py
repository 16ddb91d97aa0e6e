"""Our own values beside those of the systems: what was told last of the person or the account of a record.

A connector that is `Informed` answers records that carry them. So a value of ours is part of a record's
digest: when it changes, the pair is due like after an edit, whoever looks, and a plan that was carried out
leaves nothing to do. Only what was *told* counts (`sync.telling`): a score moves with every minute, and both
systems need to hold the same one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, cast

import orjson

from connector.port import Connector, Page, Record, System, Value
from intent.model import Card, Subject
from mappings.own_values import (
    DENIED_BY_MAIL,
    INTEREST,
    NAME_KINDS,
    OWN_VALUES,
    PREFIX,
    SENTENCE,
    TOPIC_SCORES,
    is_followed,
    is_own,
    vendor_fields,
)
from mappings.schema import Mapping as FieldMapping
from mappings.schema import Names, OwnName
from sync.reconcile import is_true

# Consent lines of these names forbid every value of ours about a person.
FORBIDDEN_BY = frozenset({"tracking", "profiling"})
# One of this name says no to mail.
MAIL = frozenset({"email"})


class ToldCards(Protocol):
    """What is asked of the store of website intent."""

    def subjects_by(self, kind: str, values: Iterable[str]) -> Mapping[str, Subject]: ...

    def told(self, subjects: Iterable[Subject]) -> Mapping[Subject, Card]: ...


def values_of(card: Card) -> dict[str, Value]:
    """A told card as values for the systems, by our own names without their prefix.

    Times are ISO 8601 in UTC. The card of somebody who was forgotten is blank in all of them.
    """
    if is_blank(card):
        return dict.fromkeys(name for name in OWN_VALUES if name.startswith(INTEREST))
    return {
        "intent.score": card.engagement,
        "intent.fit": card.fit,
        "intent.band": card.band,
        "intent.top_topic": card.top_topic,
        "intent.topic_scores": topics_told(card.topics),
        "intent.last_at": _time(card.last_at),
        "intent.surge": card.surge,
        "intent.surge_at": _time(card.surge_at),
        "intent.reason_internal_ja": _short(card.reason_internal_ja),
        "intent.reason_internal_en": _short(card.reason_internal_en),
        "intent.reason_outward_ja": _short(card.reason_outward_ja),
        "intent.reason_outward_en": _short(card.reason_outward_en),
        "intent.active_persons": card.active_persons,
    }


def is_blank(card: Card) -> bool:
    """Whether a card says nothing at all: not a score of 0, but that there is none."""
    return card.band is None and card.fit is None and not card.engagement and not card.topics


def topics_told(topics: Sequence[tuple[str, float]]) -> str | None:
    """The topics with their scores as JSON of at most 1,000 bytes; the weakest are left out first."""
    told = list(topics)
    while told:
        text = orjson.dumps(dict(told))
        if len(text) <= TOPIC_SCORES:
            return text.decode()
        told.pop()
    return None


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= SENTENCE else text[: SENTENCE - 1] + "…"


class ToldLives(Protocol):
    """What is asked of whoever knows where people stand between the departments."""

    def lives(self, subjects: Iterable[Subject]) -> Mapping[Subject, Mapping[str, Value]]:
        """The values of these, by our own names without their prefix; nobody of whom nothing is said."""


class NoLives:
    """Nobody stands anywhere: no shared definition is in force."""

    def lives(self, subjects: Iterable[Subject]) -> Mapping[Subject, Mapping[str, Value]]:
        """Nothing."""
        return {}


@dataclass(frozen=True, slots=True)
class OwnValues:
    """Knows what was told of the people and accounts of records."""

    cards: ToldCards
    places: ToldLives = field(default_factory=NoLives)

    def of(self, named: Mapping[str, Sequence[OwnName]]) -> dict[str, dict[str, Value]]:
        """Our values by record, of those whose names somebody's card is found by; the surest name wins."""
        subjects = self._subjects(name for names in named.values() for name in names)
        everybody = list(dict.fromkeys(subjects.values()))
        told = self.cards.told(everybody) if everybody else {}
        lives = self.places.lives(everybody) if everybody else {}
        found: dict[str, dict[str, Value]] = {}
        for record_id, names in named.items():
            known = [subjects[name] for name in names if name in subjects]
            card = next((told[one] for one in known if one in told), None)
            life = next((lives[one] for one in known if one in lives), None)
            if card is not None or life is not None:
                found[record_id] = {**({} if card is None else values_of(card)), **(life or {})}
        return found

    def _subjects(self, names: Iterable[OwnName]) -> dict[OwnName, Subject]:
        by_kind: dict[str, dict[str, OwnName]] = defaultdict(dict)
        for name in names:
            if name.kind in NAME_KINDS:
                by_kind[name.kind][name.value] = name
        found: dict[OwnName, Subject] = {}
        for kind, values in by_kind.items():
            known = self.cards.subjects_by(kind, list(values))
            found |= {values[value]: subject for value, subject in known.items() if value in values}
        return found


@dataclass(frozen=True, slots=True)
class Bearer:
    """How records of one object bear our values: by which names, and which of their fields forbid it.

    `forbidden_by` forbid what is known by following somebody, `no_mail` what makes them get mail.
    """

    names: Names
    forbidden_by: frozenset[str] = frozenset()
    no_mail: frozenset[str] = frozenset()

    @property
    def asked(self) -> frozenset[str]:
        """All fields that tell what may be borne."""
        return self.forbidden_by | self.no_mail


def bearers_of(mappings: Iterable[FieldMapping], side: System) -> dict[str, Bearer]:
    """The objects of a side whose records bear values of ours, over all mappings."""
    found: dict[str, Bearer] = {}
    for mapping in mappings:
        for (system, object_name), names in mapping.own_names.items():
            if system is not side:
                continue
            known = found.get(object_name)
            before = known or Bearer(names)
            found[object_name] = Bearer(
                names,
                before.forbidden_by | flags(mapping, side, FORBIDDEN_BY),
                before.no_mail | flags(mapping, side, MAIL),
            )
    return found


def flags(mapping: FieldMapping, side: System, names: frozenset[str]) -> frozenset[str]:
    """The fields of a side in which a person says no, by the names of consent lines."""
    return frozenset(
        line.field(side)
        for lines in mapping.objects.values()
        for line in lines.consent
        if line.id in names
    )


def informed(
    connectors: Mapping[System, Connector],
    cards: ToldCards,
    mappings: Sequence[FieldMapping],
    forbidden: Callable[[Sequence[OwnName]], object] = lambda _names: None,
    places: ToldLives | None = None,
) -> Mapping[System, Connector]:
    """The connectors, informed where some mapping writes values of ours; else as they are."""
    if not any(mapping.own_names for mapping in mappings):
        return connectors
    own = OwnValues(cards, places or NoLives())
    return {
        side: cast("Connector", Informed(one, own, bearers_of(mappings, side), forbidden))
        for side, one in connectors.items()
    }


@dataclass(slots=True)
class Informed:
    """A connector whose records carry our own values. Writing and everything else is the inner one's.

    It satisfies `connector.port.Connector`: what is not about reading records is handed through.
    """

    inner: Connector
    own: OwnValues
    bearers: Mapping[str, Bearer]
    # Told of records that forbid it, with the names by which we know them.
    forbidden: Callable[[Sequence[OwnName]], object] = field(default=lambda _names: None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        """See the port."""
        for page in self.inner.list_all(object_name, self._asked(object_name, fields), after):
            yield self._page(object_name, fields, page)

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        """See the port."""
        asked = self._asked(object_name, fields)
        for page in self.inner.changed_since(object_name, asked, cursor):
            yield self._page(object_name, fields, page)

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        """See the port."""
        found = self.inner.get_many(object_name, ids, self._asked(object_name, fields))
        told = self._told(object_name, fields, list(found.values()))
        return dict(zip(found, told, strict=True))

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        """See the port."""
        asked = self._asked(object_name, fields)
        found = self.inner.find_many(object_name, field, values, asked)
        return {key: self._told(object_name, fields, records) for key, records in found.items()}

    def _asked(self, object_name: str, fields: Sequence[str]) -> tuple[str, ...]:
        """What the system knows of these fields, and what may forbid that ours are told."""
        asked, bearer = vendor_fields(fields), self.bearers.get(object_name)
        if bearer is None or len(asked) == len(fields):
            return asked
        return (*asked, *sorted(bearer.asked - {*asked}))

    def _page(self, object_name: str, fields: Sequence[str], page: Page) -> Page:
        return Page(self._told(object_name, fields, page.records), page.cursor)

    def _told(
        self, object_name: str, fields: Sequence[str], records: Sequence[Record]
    ) -> list[Record]:
        """The records with those of our values that were asked for and that there are."""
        wanted = [name for name in fields if is_own(name)]
        bearer = self.bearers.get(object_name)
        if bearer is None or not wanted or not records:
            return list(records)
        named = {one.id: bearer.names(one.id, one.values) for one in records}
        known = self.own.of(named)
        for record_id in _saying_no(records, bearer.no_mail):
            if record_id in known:
                known[record_id] |= dict.fromkeys(DENIED_BY_MAIL)
        forbidding = _saying_no(records, bearer.forbidden_by)
        if forbidding:
            self.forbidden([name for record_id in forbidding for name in named[record_id]])
            known |= {record_id: _unfollowed(known.get(record_id, {})) for record_id in forbidding}
        return [
            one._replace(values={**one.values, **_chosen(wanted, known[one.id])})
            if one.id in known
            else one
            for one in records
        ]


def _saying_no(records: Iterable[Record], fields: Iterable[str]) -> list[str]:
    """The records that hold an opt-out in one of these fields."""
    names = tuple(fields)
    return [one.id for one in records if any(is_true(one.values.get(name)) for name in names)]


def _unfollowed(known: Mapping[str, Value]) -> dict[str, Value]:
    """What may still be said of somebody who must not be followed."""
    return {name: value for name, value in known.items() if not is_followed(name)}


def _chosen(wanted: Iterable[str], known: Mapping[str, Value]) -> dict[str, Value]:
    """The values asked for, under their full names; blank where nothing is known or may be."""
    return {name: known.get(name[len(PREFIX) :]) for name in wanted}
