"""The association types of an account: HubSpot's own, those of its custom objects, its people's labels.

Each direction of a pair of kinds has type ids of its own. Reference sheet, section 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sandbox.hubspot.answers import Refusal, invalid_request

HUBSPOT, PEOPLE = "HUBSPOT_DEFINED", "USER_DEFINED"


class LinkType(NamedTuple):
    """One association type."""

    category: str
    type_id: int


Types = frozenset[LinkType]
Pair = tuple[str, str]

# From the kind in front to those of the columns: the unlabelled type, and the primary one after "/".
_COLUMNS = "contacts companies deals leads tasks notes meetings calls"
_ROWS = """
contacts  449     279/1   4      609       203  201  199  193
companies 280/2   450     342/6  611       191  189  187  181
deals     3       341/5   451    1038/583  215  213  211  205
leads     608/578 610/580 1037/582  -      646  854  600  596
tasks     204     192     216    647
notes     202     190     214    855
meetings  200     188     212    601
calls     194     182     206    597
"""
# In these directions a record has one primary at most; the other way round many may bear the mark.
ONE_PRIMARY = frozenset(
    {
        ("contacts", "companies"),
        ("deals", "companies"),
        ("leads", "contacts"),
        ("leads", "companies"),
        ("leads", "deals"),
    }
)
# A lead lives as long as one of these primaries does (section 7.5).
ANCHORS = {"leads": (("leads", "contacts"), ("leads", "companies"))}
# Pages of portals show that the first company becomes the primary one; no document says so.
FIRST_IS_PRIMARY = frozenset({("contacts", "companies"), ("deals", "companies")})
FIRST_OF_PEOPLE = 101

_SETS: dict[Types, Types] = {}


def shared(types: Iterable[LinkType]) -> Types:
    """The one set that all pairs with these types share."""
    wanted = frozenset(types)
    return _SETS.setdefault(wanted, wanted)


def back(pair: Pair) -> Pair:
    return pair[1], pair[0]


class LinkTypes:
    """Which types there are between kinds, in both directions."""

    def __init__(self) -> None:
        self._plain: dict[Pair, LinkType] = {}
        self._primary: dict[Pair, LinkType] = {}
        self._labels: dict[Pair, dict[LinkType, str]] = {}
        self._inverse: dict[tuple[Pair, LinkType], LinkType] = {}
        self._next = FIRST_OF_PEOPLE
        for row in filter(None, _ROWS.splitlines()):
            near, *cells = row.split()
            for far, cell in zip(_COLUMNS.split(), cells, strict=False):
                self._own(near, far, cell)

    def _own(self, near: str, far: str, cell: str) -> None:
        plain, _, primary = cell.partition("/")
        if plain != "-":
            self._plain[near, far] = LinkType(HUBSPOT, int(plain))
        if primary:
            self._primary[near, far] = LinkType(HUBSPOT, int(primary))

    def plain(self, pair: Pair) -> LinkType | None:
        """The default, unlabelled type of a pair of kinds, if they can be associated at all."""
        return self._plain.get(pair)

    def primary(self, pair: Pair) -> LinkType | None:
        return self._primary.get(pair)

    def label(self, pair: Pair, one: LinkType) -> str | None:
        """What people read on an association; None on the unlabelled one."""
        if one == self._primary.get(pair):
            return "Primary"
        return self._labels.get(pair, {}).get(one)

    def of(self, pair: Pair) -> list[LinkType]:
        """Every type of a pair of kinds."""
        own = [one for one in (self.plain(pair), self.primary(pair)) if one is not None]
        return own + list(self._labels.get(pair, ()))

    def pairs(self, kind: str) -> Iterator[Pair]:
        """The pairs of kinds that begin with this one."""
        return (pair for pair in self._plain if pair[0] == kind)

    def connect(self, kind: str, other: str) -> None:
        """Let a custom kind be associated with another one; the types are this account's."""
        for pair in dict.fromkeys([(kind, other), (other, kind)]):
            self._plain.setdefault(pair, LinkType(PEOPLE, self._number()))

    def define(self, pair: Pair, label: str, inverse: str | None = None) -> list[LinkType]:
        """A label of people's own, and how it reads from the other end; the new types."""
        if label in self._labels.get(pair, {}).values():
            raise Refusal(409, f"An association label {label} already exists.", "CONFLICT")
        if self.plain(pair) is None:
            raise invalid_request(f"No association types between {pair[0]} and {pair[1]}")
        there = LinkType(PEOPLE, self._number())
        home = there if inverse is None else LinkType(PEOPLE, self._number())
        self._labels.setdefault(pair, {})[there] = label
        self._labels.setdefault(back(pair), {})[home] = inverse or label
        self._inverse[pair, there], self._inverse[back(pair), home] = home, there
        return [there, home]

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def reverse(self, pair: Pair, types: Iterable[LinkType]) -> Types:
        """The types as they read from the other end.

        A primary one that the other end does not know as such reads as the unlabelled one there.
        """
        there = back(pair)
        usual = self._plain[there]
        counterpart = {self._plain[pair]: usual}
        if pair in self._primary:
            counterpart[self._primary[pair]] = self._primary.get(there, usual)
        return shared(counterpart.get(one) or self._inverse.get((pair, one), one) for one in types)
