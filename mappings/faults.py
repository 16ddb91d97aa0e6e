"""Faults of mapping files: all at once, each with place, value found, what is allowed, nearest word.

The one catalogue of messages, English and Japanese, stands in `messages/sentences.yaml`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

Language = Literal["en", "ja"]
# A message lists this many of the allowed words; the JSON form has them all.
SHOWN = 12
CATALOGUE = Path(__file__).parent / "messages" / "sentences.yaml"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, line and column counted from 1, and the path in names."""

    file: str
    line: int
    column: int
    path: tuple[str, ...] = ()

    def at(self, *names: str) -> Place:
        """The same spot, further down the path."""
        return Place(self.file, self.line, self.column, (*self.path, *names))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFault:
    """One fault. `code` names its sentence in the catalogue, `words` fill it."""

    code: str
    place: Place
    found: str = ""
    allowed: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)

    @property
    def nearest(self) -> str | None:
        """The right word that looks most like the one found."""
        close = difflib.get_close_matches(self.found, self.allowed, n=1, cutoff=0.5)
        return close[0] if close else None

    def message(self, language: Language = "en") -> str:
        """The sentence a person reads."""
        more = ["…"] if len(self.allowed) > SHOWN else []
        allowed = ", ".join([*self.allowed[:SHOWN], *more])
        words = {**self.words, "found": self.found, "allowed": allowed}
        told = sentence(self.code, language, **words)
        if self.nearest is None:
            return told
        return told + sentence("nearest", language, nearest=self.nearest)

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """The contract's shape of a fault."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "path": " > ".join(self.place.path),
            "found": self.found,
            "allowed": list(self.allowed),
            "nearest": self.nearest,
            "message": self.message(language),
        }


class MappingFaults(Exception):
    """Everything that is wrong with the mapping files, in the order of the files."""

    def __init__(self, faults: Sequence[MappingFault]) -> None:
        super().__init__(f"{len(faults)} faults in the mapping files")
        self.faults = tuple(faults)


class FaultList:
    """Gathers faults and warnings while files are read."""

    def __init__(self) -> None:
        self.faults: list[MappingFault] = []
        self.warnings: list[MappingFault] = []

    def add(
        self, code: str, place: Place, found: str = "", allowed: Iterable[str] = (), **words: str
    ) -> None:
        """Note a fault."""
        fault = MappingFault(
            code=code, place=place, found=found, allowed=tuple(allowed), words=words
        )
        # A line is looked at once per Salesforce object; what is wrong with it is said once.
        if fault not in self.faults:
            self.faults.append(fault)

    def warn(
        self, code: str, place: Place, found: str = "", allowed: Iterable[str] = (), **words: str
    ) -> None:
        """Note something that works and still deserves a look."""
        warning = MappingFault(
            code=code, place=place, found=found, allowed=tuple(allowed), words=words
        )
        if warning not in self.warnings:
            self.warnings.append(warning)

    def raise_if_any(self) -> None:
        """Raise `MappingFaults` when there are faults."""
        if self.faults:
            ordered = sorted(
                self.faults, key=lambda f: (f.place.file, f.place.line, f.place.column)
            )
            raise MappingFaults(ordered)


def sentence(code: str, language: Language, **words: str) -> str:
    """A sentence of the catalogue with its words filled in.

    A word that is itself a key of the catalogue (``=a_list``) is told in the same language.
    """
    told = {
        name: str(catalogue()[word[1:]][language]) if word[1:] in catalogue() else word
        for name, word in words.items()
        if name != "found" and word.startswith("=")
    }
    return str(catalogue()[code][language]).format(**{**words, **told})


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All sentences: code -> language -> template."""
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(CATALOGUE.read_text("utf-8"))
    return found
