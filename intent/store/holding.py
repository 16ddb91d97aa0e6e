"""Whose a trail is, as it follows from the set of bonds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from intent.model import Millis

Turn: TypeAlias = tuple[Millis, str]


class Naming(NamedTuple):
    """That a cookie was named with an identifier, and whose that is. Of one instant the last name holds."""

    at: Millis
    name: str
    owner: str


def plan_of(namings: Iterable[Naming], nobody: str) -> tuple[Turn, ...]:
    """The turns of a cookie: from each time on at which somebody else was named with it, and before the
    first time that one's too. `nobody` is the cookie itself, for one that was named with nobody.
    """
    last = {one.at: one.owner for one in sorted(namings)}
    turns: list[Turn] = []
    for at, owner in last.items():
        if not turns or turns[-1][1] != owner:
            turns.append((max(at, 1) if turns else 0, owner))
    return tuple(turns) or ((0, nobody),)


def groups(members: Iterable[int], pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The members that hang together by pairs, each group and all of them in rising order."""
    root = {one: one for one in sorted(members)}

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for left, right in pairs:
        if left in root and right in root:
            low, high = sorted((find(left), find(right)))
            root[high] = low
    found: dict[int, list[int]] = {}
    for one in root:
        found.setdefault(find(one), []).append(one)
    return [found[first] for first in sorted(found)]


def people_of(
    hanging: Sequence[Sequence[int]], owners: Mapping[int, str], new: Callable[[], str]
) -> dict[int, str]:
    """Who each group is: whoever its first member was, unless an earlier group is that one already."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for group in hanging:
        owner = next((owners[one] for one in group if owners[one] not in taken), None) or new()
        taken.add(owner)
        found |= dict.fromkeys(group, owner)
    return found
