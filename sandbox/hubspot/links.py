"""Associations: which record hangs on which, under which types. Both directions appear at once.

Reference sheet, section 11. A pair's types are a frozenset of (category, type id), shared between pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sandbox.hubspot.link_types import ONE_PRIMARY, LinkType, LinkTypes, Pair, Types, back, shared

_NOBODY: Mapping[int, Types] = {}


class Freed(NamedTuple):
    """An association that ended because the record at one end of it went."""

    pair: Pair
    other: int
    types: Types


class Links:
    """All associations of the org."""

    def __init__(self, types: LinkTypes) -> None:
        self.known = types
        self._ends: dict[Pair, dict[int, dict[int, Types]]] = {}

    def of(self, pair: Pair, number: int) -> Mapping[int, Types]:
        """The records at the other end, in the order in which they were associated."""
        return self._ends.get(pair, {}).get(number, _NOBODY)

    def types(self, pair: Pair, number: int, other: int) -> Types:
        return self.of(pair, number).get(other, frozenset())

    def set(self, pair: Pair, number: int, other: int, types: Iterable[LinkType]) -> None:
        """Make these the types of a pair, in both directions; none at all removes the pair.

        A primary mark that only the other end knows stays, as long as the pair does.
        """
        wanted, there = shared(types), back(pair)
        told = set(self.known.reverse(pair, wanted))
        mark = self.known.primary(there)
        if wanted and self.known.primary(pair) is None and mark is not None:
            told |= {mark} & self.types(there, other, number)
        self._put(pair, number, other, wanted)
        self._put(there, other, number, shared(told))

    def primary_of(self, pair: Pair, number: int) -> int | None:
        """The one record that is the primary at the other end; None where a pair knows no primary."""
        wanted = self.known.primary(pair)
        return next((o for o, types in self.of(pair, number).items() if wanted in types), None)

    def make_primary(self, pair: Pair, number: int, other: int | None) -> None:
        """Move the primary mark to `other` (associating it), or take it away."""
        mark, usual = self.known.primary(pair), self.known.plain(pair)
        if mark is None or usual is None:
            raise ValueError(f"{pair[0]} have no primary {pair[1]}")
        held = self.primary_of(pair, number)
        if held is not None and held != other:
            self.set(pair, number, held, self.types(pair, number, held) - {mark})
        if other is not None:
            self.set(pair, number, other, self.types(pair, number, other) | {mark, usual})

    def drop(self, kind: str, number: int) -> list[Freed]:
        """Remove everything that hangs on a record; answers what it was."""
        freed = [
            Freed(pair, other, types)
            for pair in list(self._ends)
            if pair[0] == kind
            for other, types in self.of(pair, number).items()
        ]
        for one in freed:
            self.set(one.pair, number, one.other, ())
        return freed

    def move(self, kind: str, old: int, new: int) -> None:
        """Hang what hangs on `old` on `new` instead; primaries that `new` has stay."""
        for pair in [pair for pair in self._ends if pair[0] == kind]:
            for other, types in list(self.of(pair, old).items()):
                marks = self._back_mark(pair, old, other)
                self.set(pair, old, other, ())
                kept = set(types)
                mark = self.known.primary(pair)
                if pair in ONE_PRIMARY and self.primary_of(pair, new) is not None:
                    kept -= {mark} if mark else set()
                self.set(pair, new, other, self.types(pair, new, other) | kept)
                if marks:
                    there = back(pair)
                    self.set(there, other, new, self.types(there, other, new) | marks)

    def _back_mark(self, pair: Pair, number: int, other: int) -> Types:
        """The mark that only the other end knows: a lead's primary contact, seen from the contact."""
        there = back(pair)
        mark = self.known.primary(there)
        if mark is None or self.known.primary(pair) is not None:
            return frozenset()
        return frozenset({mark}) & self.types(there, other, number)

    def _put(self, pair: Pair, number: int, other: int, types: Types) -> None:
        ends = self._ends.setdefault(pair, {})
        if types:
            ends.setdefault(number, {})[other] = types
            return
        held = ends.get(number, {})
        held.pop(other, None)
        if not held:
            ends.pop(number, None)
