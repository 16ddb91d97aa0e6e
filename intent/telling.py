"""Why one event is not taken: a code of the contract, and a sentence in English or Japanese. Pure.

The sentences stand in `messages/refusals.yaml`. They never quote an address, a name or a key.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML

from intent.model import RejectionCode

Language = Literal["en", "ja"]
SENTENCES = Path(__file__).parent / "messages" / "refusals.yaml"


class Refused(Exception):
    """One event cannot be taken: `code` is the contract's, `why` names the sentence, `words` fill it."""

    def __init__(self, code: RejectionCode, why: str, **words: str) -> None:
        super().__init__(code, why)
        self.code = code
        self.why = why
        self.words = words

    def message(self, language: Language = "en") -> str:
        """The sentence a person reads."""
        return sentences()[f"{self.code}.{self.why}"][language].format(**self.words)


@cache
def sentences() -> dict[str, dict[Language, str]]:
    """Every sentence: ``code.why`` -> language -> template."""
    found: dict[str, dict[Language, str]] = YAML(typ="safe").load(SENTENCES.read_text("utf-8"))
    return found
