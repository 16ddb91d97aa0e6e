"""Whom the names of records mean: the surest one that is known, else somebody new."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from intent.model import Identity, Subject
from intent.port import IntentStore
from mappings.schema import OwnName
from sync.beholding import named
from sync.withdrawing import PERSONAL, contact_in


def recognised(
    people: IntentStore,
    several: Sequence[Sequence[OwnName]],
    unwilling: Callable[[Sequence[OwnName]], Collection[OwnName]] = lambda _names: (),
) -> list[Subject | None]:
    """Whom each of these names mean, asked for together; None: they name nobody in particular.

    Whoever is not known yet is put on file; `unwilling` answers the names of those who must not be, and are
    known by their contact alone.
    """
    every = [[one for one in names if one.kind in PERSONAL] for names in several]
    no = unwilling([one for names in every for one in names])
    alone = [any(one in no for one in names) for names in every]
    found = _known(people, [[] if out else names for names, out in zip(every, alone, strict=True)])
    return [
        contact_in(names) if out else who
        for names, out, who in zip(every, alone, found, strict=True)
    ]


def _known(people: IntentStore, personal: Sequence[Sequence[OwnName]]) -> list[Subject | None]:
    known: dict[OwnName, Subject] = {}
    for kind, values in named(one for names in personal for one in names).items():
        found = people.subjects_by(kind, values)
        known |= {OwnName(kind, value): who for value, who in found.items()}
    return [
        next((known[one] for one in names if one in known), None) or _newcomer(people, names)
        for names in map(_by_kind, personal)
    ]


def _newcomer(people: IntentStore, names: Sequence[OwnName]) -> Subject | None:
    by_kind = named(names)
    who = Identity(
        email=next(iter(by_kind.get("email", ())), None),
        hubspot_contact_id=next(iter(by_kind.get("hubspot_contact_id", ())), None),
    )
    if who.is_empty:
        return None
    subjects = people.resolve([who])[who]
    return next((one for one in subjects if one.kind == "person"), None)


def _by_kind(names: Iterable[OwnName]) -> list[OwnName]:
    """In the order in which their kinds first come."""
    return [OwnName(kind, value) for kind, some in named(names).items() for value in some]
