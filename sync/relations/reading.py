"""The ties of one relation as both systems hold them now, by the pairs that they tie.

Right-hand records are read in heaps: as many together as keep memory flat, so that a hundred deals cost
one call and a list of a hundred thousand members is read alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.port import System
from connector.relations import Relations, Tie
from mappings.schema import Relation
from sync.ledger import Ledger
from sync.model import KnownTie, Partner

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

# Right-hand records that are read together at most, and ties of both sides that a heap should hold.
RIGHTS_AT_ONCE = 100
TIES_AT_ONCE = 20_000


class TieKey(NamedTuple):
    """Which tie it is: two pairs. Where the left record has no partner, its side and its own id."""

    right_pair: int
    left_pair: int | None
    side: System | None = None
    left_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Seen:
    """One tie: its partners, what each side holds of it, and what the ledger knows.

    A side holds a tie several times where records that were merged or converted still have theirs.
    """

    right: Partner
    left: Partner | None
    ties: dict[System, list[Tie]] = field(default_factory=dict)
    known: KnownTie | None = None

    def tie(self, side: System) -> Tie | None:
        """What that side holds: the partner's own tie before those of records that went into it."""
        ties = self.ties.get(side, [])
        if not ties or self.left is None:
            return ties[0] if ties else None
        ours = self.left.record_id(side)
        return next((one for one in ties if one.left == ours), ties[0])

    @property
    def held(self) -> frozenset[System]:
        return frozenset(side for side in System if self.ties.get(side))


@dataclass(slots=True)
class Heap:
    """Some right-hand pairs with all ties that end at them; of those that are not fit, nothing is read."""

    rights: list[Partner]
    seen: dict[TieKey, Seen] = field(default_factory=dict)
    # Ties that are on file and that no side holds any more, or at rights that are not fit.
    unread: list[KnownTie] = field(default_factory=list)


class _TooMany(Exception):
    """More ties than are to be held at once: fewer right-hand records have to be read together."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the ties of a relation from both systems. Raises what the systems raise."""

    ledger: Ledger
    systems: Mapping[System, Relations]
    relation: Relation

    def all(self) -> Iterator[Heap]:
        """Every bound right-hand pair, by rising id."""
        name = self.relation.right
        return self._heaps(
            lambda after, limit: self.ledger.bound_partners(name, after_id=after, limit=limit)
        )

    def of(self, right_pairs: Collection[int]) -> Iterator[Heap]:
        """These right-hand pairs, as far as they are bound still."""
        ids = sorted(right_pairs)

        def some(after: int, limit: int) -> list[Partner]:
            wanted = [i for i in ids if i > after]
            found: list[Partner] = []
            # Pairs that ended meanwhile must not look like the end of the list.
            while wanted and not found:
                found = list(
                    self.ledger.partners_by_pair(self.relation.right, wanted[:limit]).values()
                )
                wanted = wanted[limit:]
            return sorted(found)

        return self._heaps(some)

    def _heaps(self, rights_after: Callable[[int, int], list[Partner]]) -> Iterator[Heap]:
        after, together = 0, RIGHTS_AT_ONCE
        while rights := rights_after(after, together):
            try:
                heap = self.read(rights)
            except _TooMany:
                together = max(1, len(rights) // 2)
                continue
            yield heap
            after = rights[-1].pair_id
            if len(heap.seen) < TIES_AT_ONCE // 4:
                together = min(RIGHTS_AT_ONCE, together * 2)

    def read(self, rights: Sequence[Partner]) -> Heap:
        """The ties at these right-hand pairs, whatever number there is if it is only one."""
        fit = [right for right in rights if right.fitness == "fit"]
        heap = Heap(list(rights))
        for side in System if fit else ():
            self._read_side(heap, side, {right.record_id(side): right for right in fit})
        self._add_known(heap, {right.pair_id for right in fit})
        return heap

    def _read_side(self, heap: Heap, side: System, rights: Mapping[str, Partner]) -> None:
        relation, count = self.relation, 0
        pages = self.systems[side].ties(relation.word(side), list(rights), relation.fields[side])
        for page in pages:
            count += len(page)
            if count > TIES_AT_ONCE // 2 and len(rights) > 1:
                raise _TooMany
            lefts = self.ledger.partners_of(relation.left, side, (tie.left for tie in page))
            for tie in page:
                right, left = rights[tie.right], lefts.get(tie.left)
                key = _key(right, left, side, tie.left)
                one = heap.seen.setdefault(key, Seen(right=right, left=left))
                one.ties.setdefault(side, []).append(tie)

    def _add_known(self, heap: Heap, fit: Collection[int]) -> None:
        pairs = [right.pair_id for right in heap.rights]
        for known in self.ledger.ties_of(self.relation.name, pairs):
            found = heap.seen.get(_key_of(known)) if known.right_pair in fit else None
            if found is None:
                heap.unread.append(known)
            else:
                found.known = known


def _key(right: Partner, left: Partner | None, side: System, left_id: str) -> TieKey:
    if left is None:
        return TieKey(right.pair_id, None, side, left_id)
    return TieKey(right.pair_id, left.pair_id)


def _key_of(known: KnownTie) -> TieKey:
    if known.left_pair is not None:
        return TieKey(known.right_pair, known.left_pair)
    if known.hubspot_left is not None:
        return TieKey(known.right_pair, None, HUBSPOT, known.hubspot_left)
    return TieKey(known.right_pair, None, SALESFORCE, known.salesforce_left)
