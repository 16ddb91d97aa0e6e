"""What can be wrong with the settings: all of it at once, each with name, value found and cure.

The sentences, English and Japanese, stand in `messages/settings.yaml`. A fault never holds the
value of a secret: whoever makes one passes `HIDDEN` or a masked address instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

Language = Literal["en", "ja"]
SENTENCES = Path(__file__).parent / "messages" / "settings.yaml"
HIDDEN = "(hidden)"


class ConfigurationError(Exception):
    """What the person who set us up wrote is wrong: the message names the thing and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFault:
    """One fault. `code` names its sentence, `words` fill it.

    `name` is what has to be changed, as the person wrote it: an environment variable, or
    ``kakehashi.yaml:3 hubspot.base_url``. `allowed` lists right words where they can be listed.
    """

    code: str
    name: str
    found: str = ""
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    def message(self, language: Language = "en") -> str:
        """The sentence a person reads, without the name it stands after."""
        text = sentences()[self.code][language].format(
            found=self.found, allowed=", ".join(self.allowed), **self.words
        )
        if self.nearest is None:
            return text
        return text + sentences()["nearest"][language].format(nearest=self.nearest)

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """The shape that `kakehashi check --json` uses for faults, without a place in a mapping."""
        return {
            "name": self.name,
            "found": self.found,
            "allowed": list(self.allowed),
            "nearest": self.nearest,
            "message": self.message(language),
        }


class SettingsFaults(ConfigurationError):
    """Everything that is wrong with the settings; `language` is the one the person asked for."""

    def __init__(self, faults: Sequence[SettingsFault], language: Language = "en") -> None:
        self.faults = tuple(faults)
        self.language: Language = language
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """One line for each fault: what to change, and the sentence about it."""
        return [f"{fault.name}: {fault.message(self.language)}" for fault in self.faults]


def nearest(word: str, words: Sequence[str]) -> str | None:
    """The right word that looks most like this one."""
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return close[0] if close else None


@cache
def sentences() -> dict[str, dict[Language, str]]:
    """Every sentence: code -> language -> template."""
    found: dict[str, dict[Language, str]] = YAML(typ="safe").load(SENTENCES.read_text("utf-8"))
    return found
