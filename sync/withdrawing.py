"""Forgetting what a website told of somebody: at their wish, when they are erased, or when a person says so;
and not taking in more of it.

A wish leaves a block on everything that they are known by (`sync.ledger.objections`), and goes on file for
their records where a mapping has a line for it. What is on file of them is erased at once; both systems are
rung for in the lane that nothing may hold up, and find that there is nothing to hold any more
(`sync.ledger_values`). Nothing is logged from here: it would be about a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.consents import Statement
from connector.port import System
from intent.model import Dimension, Identity, Subject
from intent.port import IntentStore
from intent.withdrawals import Grant, Wish
from mappings.own_values import NAME_KINDS
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.lanes import Lane
from sync.ledger import Ledger, Ring
from sync.model import Said
from sync.own_values import FORBIDDEN_BY

# Identifiers of people, beside the names that records bear: those of somebody, and those of a browser.
CONTACT_ID = "hubspot_contact_id"
SOMEBODY, COOKIES = ("email", CONTACT_ID), ("hubspotutk", "visitor")
PERSONAL = (*SOMEBODY, *COOKIES)
# By what an opt-out came in, as its statement says.
SOURCE = "website"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawer:
    """Erases people from the store of website intent, and knows who must not come in again.

    `mappings` answers those in force. Erasing asks neither them nor a definition: a wish must not hang on a
    file that may be broken, or on scores that are being made anew.
    """

    store: IntentStore
    ledger: Ledger
    mappings: Callable[[], Sequence[FieldMapping]]
    clock: Callable[[], datetime]
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None
    # Told of whoever is forgotten, with the names that their records bear, while these are on file still.
    let_go: Callable[[Subject, Sequence[OwnName]], object] = lambda _subject, _names: None

    # Wishes ---------------------------------------------------------------------------------------

    def withdraw(self, wishes: Iterable[Wish], *, in_systems: bool = True) -> int:
        """Hear people who must not be followed or scored any more; answers how many were on file.

        `in_systems`: the lines of mappings for it are set on their records. A browser's word is not
        enough for that: anybody can send what a browser can send.
        """
        told: dict[tuple[Dimension, ...], list[list[OwnName]]] = defaultdict(list)
        for wish in wishes:
            told[wish.about].append(_names_in(wish.who))
        return sum(self._forbid(about, named, in_systems) for about, named in told.items())

    def _forbid(
        self, about: Sequence[Dimension], named: Iterable[Sequence[OwnName]], in_systems: bool
    ) -> int:
        sure: list[OwnName] = []
        loose: list[OwnName] = []
        for some in named:
            (sure if any(one.kind in SOMEBODY for one in some) else loose).extend(some)
        people = sorted({*self._whose(sure), *self._whose(loose, by_cookie=True)})
        names = [*sure, *loose, *(name for some in self._held_by(people).values() for name in some)]
        # The block comes first: whoever is killed after it is told again, and nothing comes in meanwhile.
        self.ledger.bar(about, names, self.clock())
        if in_systems:
            self._say(about, names, Statement(True, self.clock(), SOURCE))
        for subject in people:
            self.erase(subject)
        return len(people)

    def let_in(self, grants: Iterable[Grant], *, in_systems: bool = True) -> None:
        """Lift what people had forbidden before they allowed it again, for the names that they are named by.

        Without `in_systems` only a browser's own names are let in, and no record is touched.
        """
        for grant in grants:
            names = _names_in(grant.who)
            if not in_systems:
                names = [name for name in names if name.kind in COOKIES]
            if grant.proof.at is None or not names:
                continue
            lifted = self.ledger.unbar(grant.about, names, grant.proof.at)
            if in_systems and (lifted or self._forbidden(names)):
                self._say(grant.about, names, grant.proof)

    def unwilling(self, people: Iterable[Identity]) -> Mapping[Identity, Sequence[OwnName]]:
        """Those of these people who must not be followed or scored, with the names that say so."""
        named = {who: _names_in(who) for who in people}
        names = dict.fromkeys(name for some in named.values() for name in some)
        bad = self.ledger.barred(names) | self._forbidden(names) if names else frozenset()
        found = {who: [name for name in some if name in bad] for who, some in named.items()}
        return {who: some for who, some in found.items() if some}

    def is_needed(self) -> bool:
        """Whether anybody may be unwilling at all."""
        return bool(forbidding_positions(self.mappings())) or self.ledger.anybody_barred()

    def forbidden_of(self, subjects: Iterable[Subject]) -> list[Subject]:
        """The people among these who must not be followed or scored: they said so, or a record of theirs."""
        held = self._held_by([one for one in subjects if one.kind == "person"])
        names = dict.fromkeys(name for some in held.values() for name in some)
        bad = self.ledger.barred(names) | self._forbidden(names) if names else frozenset()
        return [who for who, some in held.items() if not bad.isdisjoint(some)]

    def _forbidden(self, names: Iterable[OwnName]) -> set[OwnName]:
        positions = forbidding_positions(self.mappings())
        return self.ledger.forbidden(positions, names) if positions else set()

    def _say(self, about: Sequence[Dimension], names: Sequence[OwnName], told: Statement) -> None:
        """Put it on file for their records, and let the engine spread it."""
        rings: list[Ring] = []
        for mapping in self.mappings():
            for position, line in _lines_of(mapping):
                if line in about and mapping.mode != "off":
                    rings += self.ledger.say(mapping.name, Said(position, line, told), names)
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring((Lane.CONSENT,))

    # Erasing --------------------------------------------------------------------------------------

    def of_the_erased(self, names: Iterable[OwnName]) -> int:
        """Erase people whose records are gone from both systems: nobody is rung for."""
        found = self._whose(names)
        for subject in found:
            self.store.erase(subject, self.clock())
        return len(found)

    def of_names(self, names: Iterable[OwnName]) -> int:
        """Erase the people who bear these names; answers how many were on file."""
        found = self._whose(names)
        for subject in found:
            self.erase(subject)
        return len(found)

    def _whose(self, names: Iterable[OwnName], *, by_cookie: bool = False) -> list[Subject]:
        """The people whom these names stand for.

        A cookie may be in somebody else's hands by now: only with `by_cookie` it stands for a person.
        """
        by_kind: dict[str, dict[str, None]] = defaultdict(dict)
        for name in names:
            if name.kind in PERSONAL:
                by_kind[name.kind][name.value] = None
        found = {
            subject
            for kind, values in by_kind.items()
            for subject in self.store.subjects_by(kind, list(values)).values()
            if kind in SOMEBODY or subject.kind == "visitor" or by_cookie
        }
        return sorted(found)

    def _held_by(self, subjects: Sequence[Subject]) -> dict[Subject, list[OwnName]]:
        """Everything that each of these is known by now."""
        named = self.store.names_of(subjects)
        # A cookie that two people share is the last one's.
        last: dict[tuple[str, str], Subject] = {}
        for kind in COOKIES:
            values = [value for some in named.values() for of, value in some if of == kind]
            known = self.store.subjects_by(kind, values) if values else {}
            last |= {(kind, value): who for value, who in known.items()}
        return {
            who: [OwnName(*name) for name in some if name[0] in SOMEBODY or last.get(name) == who]
            for who, some in named.items()
        }

    def erase(self, subject: Subject) -> None:
        """Forget a subject, and ring for the records that hold something of theirs."""
        now = self.clock()
        names = names_of(self.store, subject)
        rings = rings_for_all(self.ledger, names, Lane.CONSENT)
        # Before the names are forgotten; whoever looks too early is rung for again.
        self.ledger.ring([one._replace(lane=Lane.LIVE) for one in rings], now, patience=True)
        self.let_go(subject, names)
        self.store.erase(subject, now)
        if rings:
            self.ledger.ring(rings, self.clock())
            self.ring((Lane.CONSENT,))


def names_of(store: IntentStore, subject: Subject) -> list[OwnName]:
    """The names under which a subject's records are found."""
    return names_of_all(store, [subject])[subject]


def names_of_all(store: IntentStore, subjects: Iterable[Subject]) -> dict[Subject, list[OwnName]]:
    """The same of many at once. Whoever must not be followed is known by their contact alone."""
    found = list(subjects)
    known = store.names_of([one for one in found if one.kind != "contact"])
    alone = {one: [OwnName(CONTACT_ID, one.key)] for one in found if one.kind == "contact"}
    return alone | {
        subject: [OwnName(kind, value) for kind, value in names if kind in NAME_KINDS]
        for subject, names in known.items()
    }


def contact_in(names: Iterable[OwnName]) -> Subject | None:
    """Whoever must not be followed, by the contact among these names; None: there is none."""
    found = next((one.value for one in names if one.kind == CONTACT_ID), None)
    return None if found is None else Subject("contact", found)


def forbidden_among(
    ledger: Ledger, mappings: Iterable[FieldMapping], names: Iterable[OwnName]
) -> set[OwnName]:
    """Those of these names that stand for somebody who must not be followed or scored."""
    told = list(names)
    positions = forbidding_positions(mappings)
    return ledger.barred(told) | (ledger.forbidden(positions, told) if positions else set())


def rings_for(
    ledger: Ledger, mappings: Iterable[FieldMapping], names: Iterable[OwnName], lane: Lane
) -> list[Ring]:
    """Rings for the records that bear these names, of mappings that write values of ours."""
    writing = [mapping.name for mapping in mappings if mapping.own_names]
    return _rings(ledger.records_named(writing, names), lane) if writing else []


def rings_for_all(ledger: Ledger, names: Iterable[OwnName], lane: Lane) -> list[Ring]:
    """The same for records of every mapping that the ledger knows by such names."""
    return _rings(ledger.records_named(None, names), lane)


def _rings(found: Mapping[OwnName, Sequence[tuple[System, str, str]]], lane: Lane) -> list[Ring]:
    places = dict.fromkeys(place for places in found.values() for place in places)
    return [Ring(*place, lane) for place in places]


def forbidding_positions(mappings: Iterable[FieldMapping]) -> Mapping[str, int]:
    """By mapping, a bit for each consent line that forbids to follow or to score a person."""
    found: dict[str, int] = {}
    for mapping in mappings:
        bits = sum(1 << at for at, line in _lines_of(mapping) if line in FORBIDDEN_BY)
        if bits:
            found[mapping.name] = bits
    return found


def _lines_of(mapping: FieldMapping) -> Iterator[tuple[int, str]]:
    """The consent lines of a mapping, with their places."""
    lines = next(iter(mapping.objects.values())).consent
    return enumerate(line.id for line in lines)


def _names_in(who: Identity) -> list[OwnName]:
    found = ((kind, getattr(who, kind)) for kind in PERSONAL)
    return [OwnName(kind, value) for kind, value in found if value is not None]
