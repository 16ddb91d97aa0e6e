"""Whether two `only` conditions can never hold for the same record, as far as their wording shows. Pure.

Two mappings may write the same field where no record is meant by both: calls and tasks of HubSpot both
become Tasks of Salesforce, told apart by `TaskSubtype`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mappings.operands import number

AND = re.compile(r"\s+and\s+")
QUOTED = r"'[^'\\]*'"
IS = re.compile(rf"\s*([\w.]+)\s+(is|is\s+not)\s+({QUOTED})\s*")
IN = re.compile(rf"\s*([\w.]+)\s+(in|not\s+in)\s*\[((?:\s*{QUOTED}\s*,?)+)\]\s*")


@dataclass(frozen=True, slots=True)
class Words:
    """What one part of a condition lets a field hold: these words, or everything `but` them."""

    field: str
    words: frozenset[str]
    but: bool

    def excludes(self, other: Words) -> bool:
        """Whether no value of the field fits both."""
        if self.field != other.field or (self.but and other.but):
            return False
        if self.but:
            return other.words <= self.words
        return self.words <= other.words if other.but else not self.words & other.words


def disjoint(one: str | None, other: str | None) -> bool:
    """Whether no record can fulfil both conditions. In doubt they may overlap."""
    return any(a.excludes(b) for a in _parts(one) for b in _parts(other))


def _parts(condition: str | None) -> list[Words]:
    """The parts that must all hold and are plain words about one field; others are passed over."""
    if condition is None or re.search(r"\bor\b", condition):
        return []
    found = (_part(text) for text in AND.split(condition))
    return [part for part in found if part is not None]


def _part(text: str) -> Words | None:
    match = IS.fullmatch(text) or IN.fullmatch(text)
    if match is None:
        return None
    name, verb, listed = match.groups()
    words = frozenset(word[1:-1].strip() for word in re.findall(QUOTED, listed))
    if any(not word or number(word) is not None for word in words):
        # 1 and 1.0 are the same number, and a blank is nothing that can be told apart.
        return None
    return Words(name, words, "not" in verb)
