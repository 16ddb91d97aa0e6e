"""Associations: which record hangs on which, under which types. Both directions appear at once.

Reference sheet, section 11. A pair's types are a frozenset of (category, type id), shared between pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sandbox.hubspot.kinds import PLAIN_TYPES, PRIMARY_TYPES

HUBSPOT = "HUBSPOT_DEFINED"


class LinkType(NamedTuple):
    """One association type."""

    category: str
    type_id: int


Types = frozenset[LinkType]
Pair = tuple[str, str]

_NOBODY: Mapping[int, Types] = {}
_PLAIN = {pair: LinkType(HUBSPOT, number) for pair, number in PLAIN_TYPES.items()}
_PRIMARY = {pair: LinkType(HUBSPOT, number) for pair, number in PRIMARY_TYPES.items()}
_SETS: dict[Types, Types] = {}


def _shared(types: Iterable[LinkType]) -> Types:
    wanted = frozenset(types)
    return _SETS.setdefault(wanted, wanted)


def plain(pair: Pair) -> LinkType | None:
    """The default, unlabelled type of a pair of kinds, if they can be associated at all."""
    return _PLAIN.get(pair)


def primary(pair: Pair) -> LinkType | None:
    return _PRIMARY.get(pair)


def reverse(pair: Pair, types: Iterable[LinkType]) -> Types:
    """The types as they read from the other end; labels of the user keep their number."""
    back = (pair[1], pair[0])
    counterpart = {_PLAIN[pair]: _PLAIN[back]}
    if pair in _PRIMARY:
        counterpart[_PRIMARY[pair]] = _PRIMARY[back]
    return _shared(counterpart.get(one, one) for one in types)


class Links:
    """All associations of the org."""

    def __init__(self) -> None:
        self._ends: dict[Pair, dict[int, dict[int, Types]]] = {}

    def of(self, pair: Pair, number: int) -> Mapping[int, Types]:
        """The records at the other end, in the order in which they were associated."""
        return self._ends.get(pair, {}).get(number, _NOBODY)

    def types(self, pair: Pair, number: int, other: int) -> Types:
        return self.of(pair, number).get(other, frozenset())

    def set(self, pair: Pair, number: int, other: int, types: Iterable[LinkType]) -> None:
        """Make these the types of a pair, in both directions; none at all removes the pair."""
        wanted = _shared(types)
        self._put(pair, number, other, wanted)
        self._put((pair[1], pair[0]), other, number, reverse(pair, wanted))

    def primary_of(self, pair: Pair, number: int) -> int | None:
        """The one record that is the primary at the other end; None where a pair knows no primary."""
        wanted = _PRIMARY.get(pair)
        return next((o for o, types in self.of(pair, number).items() if wanted in types), None)

    def make_primary(self, pair: Pair, number: int, other: int | None) -> None:
        """Move the primary mark to `other` (associating it), or take it away."""
        mark, usual = _PRIMARY[pair], _PLAIN[pair]
        held = self.primary_of(pair, number)
        if held is not None and held != other:
            self.set(pair, number, held, self.types(pair, number, held) - {mark})
        if other is not None:
            self.set(pair, number, other, self.types(pair, number, other) | {mark, usual})

    def drop(self, kind: str, number: int) -> list[tuple[str, int]]:
        """Remove everything that hangs on a record; answers the (kind, id) of the other ends."""
        freed: list[tuple[str, int]] = []
        for pair in [pair for pair in self._ends if pair[0] == kind]:
            for other in list(self.of(pair, number)):
                self.set(pair, number, other, ())
                freed.append((pair[1], other))
        return freed

    def move(self, kind: str, old: int, new: int) -> None:
        """Hang what hangs on `old` on `new` instead; primaries that `new` has stay."""
        for pair in [pair for pair in self._ends if pair[0] == kind]:
            for other, types in list(self.of(pair, old).items()):
                self.set(pair, old, other, ())
                kept = set(types)
                if pair[1] == "companies" and self.primary_of(pair, new) is not None:
                    kept -= {_PRIMARY[pair]}
                self.set(pair, new, other, self.types(pair, new, other) | kept)

    def _put(self, pair: Pair, number: int, other: int, types: Types) -> None:
        ends = self._ends.setdefault(pair, {})
        if types:
            ends.setdefault(number, {})[other] = types
            return
        held = ends.get(number, {})
        held.pop(other, None)
        if not held:
            ends.pop(number, None)
