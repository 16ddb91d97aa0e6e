"""Forgetting what a website told of somebody: at their wish, when they are erased, or when a person says so.

What is on file is erased at once; both systems are rung for in the lane that nothing may hold up, and find
that there is nothing to hold any more (`sync.ledger_values`). Nothing is logged from here: it would be about
a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from intent.definition import Definition
from intent.model import Identity, Subject
from intent.port import IntentStore
from mappings.own_values import NAME_KINDS
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.lanes import Lane
from sync.ledger import Ledger, Ring
from sync.own_values import FORBIDDEN_BY

# Identifiers of people, beside the names that records bear.
PERSONAL = ("email", "hubspot_contact_id", "hubspotutk", "visitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawer:
    """Erases people from the store of website intent. `definition` and `mappings` answer those in force."""

    store: IntentStore
    ledger: Ledger
    definition: Callable[[], Definition]
    mappings: Callable[[], Sequence[FieldMapping]]
    clock: Callable[[], datetime]
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None

    def of_identities(self, identities: Iterable[Identity]) -> int:
        """Erase those that were named so; answers how many were on file."""
        return self.of_names(
            OwnName(kind, value)
            for who in identities
            for kind in PERSONAL
            if (value := getattr(who, kind)) is not None
        )

    def of_the_erased(self, names: Iterable[OwnName]) -> int:
        """Erase people whose records are gone from both systems: nobody is rung for."""
        found = self._people(names)
        for subject in found:
            self.store.erase(subject, self.definition(), self.clock())
        return len(found)

    def of_names(self, names: Iterable[OwnName]) -> int:
        """Erase the people who bear these names; answers how many were on file."""
        found = self._people(names)
        for subject in found:
            self.erase(subject)
        return len(found)

    def _people(self, names: Iterable[OwnName]) -> list[Subject]:
        by_kind: dict[str, dict[str, None]] = defaultdict(dict)
        for name in names:
            if name.kind in PERSONAL:
                by_kind[name.kind][name.value] = None
        found = {
            subject
            for kind, values in by_kind.items()
            for subject in self.store.subjects_by(kind, list(values)).values()
        }
        return sorted(found)

    def erase(self, subject: Subject) -> None:
        """Forget a subject, and ring for the records that hold something of theirs."""
        definition, now = self.definition(), self.clock()
        rings = rings_for(self.ledger, self.mappings(), names_of(self.store, subject), Lane.CONSENT)
        # Before the names are forgotten; whoever looks too early is rung for again.
        self.ledger.ring([one._replace(lane=Lane.LIVE) for one in rings], now, patience=True)
        self.store.erase(subject, definition, now)
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring((Lane.CONSENT,))

    def is_forbidden(self, subject: Subject) -> bool:
        """Whether some record of a person says that they must not be followed or scored."""
        if subject.kind != "person":
            return False
        positions = forbidding_positions(self.mappings())
        return bool(positions) and self.ledger.forbid(positions, names_of(self.store, subject))


def names_of(store: IntentStore, subject: Subject) -> list[OwnName]:
    """The names under which a subject's records are found."""
    return [
        OwnName(link.kind, link.value)
        for link in store.links_of(subject)
        if link.subject == subject and link.kind in NAME_KINDS
    ]


def rings_for(
    ledger: Ledger, mappings: Iterable[FieldMapping], names: Iterable[OwnName], lane: Lane
) -> list[Ring]:
    """Rings for the records that bear these names, of mappings that write values of ours."""
    writing = [mapping.name for mapping in mappings if mapping.own_names]
    found = ledger.records_named(writing, names) if writing else {}
    places = dict.fromkeys(place for places in found.values() for place in places)
    return [Ring(*place, lane) for place in places]


def forbidding_positions(mappings: Iterable[FieldMapping]) -> Mapping[str, int]:
    """By mapping, a bit for each consent line that forbids to follow or to score a person."""
    found: dict[str, int] = {}
    for mapping in mappings:
        lines = next(iter(mapping.objects.values())).consent if mapping.own_names else ()
        bits = sum(1 << at for at, line in enumerate(lines) if line.id in FORBIDDEN_BY)
        if bits:
            found[mapping.name] = bits
    return found
