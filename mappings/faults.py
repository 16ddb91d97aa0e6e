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
        sentence = str(catalogue()[self.code][language]).format(
            found=self.found, allowed=", ".join(self.allowed[:12]), **self.words
        )
        if self.nearest is None:
            return sentence
        return sentence + str(catalogue()["nearest"][language]).format(nearest=self.nearest)

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
        self.faults.append(
            MappingFault(code=code, place=place, found=found, allowed=tuple(allowed), words=words)
        )

    def warn(
        self, code: str, place: Place, found: str = "", allowed: Iterable[str] = (), **words: str
    ) -> None:
        """Note something that works and still deserves a look."""
        self.warnings.append(
            MappingFault(code=code, place=place, found=found, allowed=tuple(allowed), words=words)
        )

    def raise_if_any(self) -> None:
        """Raise `MappingFaults` when there are faults."""
        if self.faults:
            ordered = sorted(
                self.faults, key=lambda f: (f.place.file, f.place.line, f.place.column)
            )
            raise MappingFaults(ordered)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All sentences: code -> language -> template."""
    found: dict[str, dict[str, str]] = YAML(typ="safe").load(CATALOGUE.read_text("utf-8"))
    return found
