"""What was told of people and accounts, in memory; and a bridge whose records carry it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from connector.port import System
from intent.model import Card, Subject
from mappings.own_values import PREFIX, person_names
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.lanes import Lane
from sync.ledger import Ring
from sync.own_values import informed
from sync.workbench import Workbench
from tests.sync.bridge import KEYS, START, people
from tests.sync.builders import line
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
SCORE = f"{PREFIX}intent.score"


@dataclass
class Cards:
    """The told cards of a store of website intent, found by names."""

    links: dict[OwnName, Subject] = field(default_factory=dict)
    cards: dict[Subject, Card] = field(default_factory=dict)

    def subjects_by(self, kind: str, values: Iterable[str]) -> Mapping[str, Subject]:
        wanted = {*values}
        return {
            name.value: subject
            for name, subject in self.links.items()
            if name.kind == kind and name.value in wanted
        }

    def told(self, subjects: Iterable[Subject]) -> Mapping[Subject, Card]:
        return {one: self.cards[one] for one in subjects if one in self.cards}

    def tell(self, email: str, score: float, **more: object) -> Card:
        """The card of whoever has this address."""
        subject = Subject("person", email)
        self.links[OwnName("email", email)] = subject
        card = Card(subject=subject, at=START, engagement=score, band="C3", **more)  # type: ignore[arg-type]  # its own fields
        self.cards[subject] = card
        return card


def scored(**more: object) -> FieldMapping:
    """People, with a line that writes the score to both sides."""
    title = replace(line("score"), ledger_value="intent.score")
    made = people(line("email"), line("first"), title)
    fields = {place: (*names, SCORE) for place, names in made.fields.items()}
    names = {
        place: person_names(place[0], key=KEYS[place[0]], mail="email") for place in made.fields
    }
    return replace(made, fields=fields, own_names=names, **more)  # type: ignore[arg-type]  # its own fields


@dataclass
class Knowing(Live):
    """Both twins, and records that carry what was told."""

    mapping: FieldMapping = field(default_factory=scored)

    @cached_property
    def cards(self) -> Cards:
        return Cards()

    @property
    def bench(self) -> Workbench:
        bench = super().bench
        told = informed(bench.connectors, self.cards, bench.mappings)
        return replace(bench, connectors=told)

    def ring_for(self, email: str, lane: Lane = Lane.LIVE) -> int:
        """Ring for everybody with this address, as whoever told a card does."""
        places = self.ledger.records_named(["people"], [OwnName("email", email)])
        rings = [Ring(*place, lane) for found in places.values() for place in found]
        return self.ledger.ring(rings, self.time())
