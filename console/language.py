"""What the console says, in English and Japanese, from one catalogue (`messages.yaml`).

A sentence has a key and named places: ``say("plan.carry_out", "ja", plan_id="p-7")``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ja")
CATALOGUE = Path(__file__).parent / "messages.yaml"


def say(key: str, lang: Language, **values: object) -> str:
    """The sentence of a key with its places filled. An unknown key or a place left open is our bug.

    Raises `KeyError`.
    """
    return catalogue()[key][lang].format_map(values)


def language(wanted: str | None) -> Language:
    """The language asked for, English where we don't speak it; ``ja_JP.UTF-8`` is Japanese."""
    return "ja" if (wanted or "").lower().startswith("ja") else "en"


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """Every sentence: key -> language -> template."""
    told: dict[str, dict[Language, str]] = YAML(typ="safe").load(CATALOGUE.read_text("utf-8"))
    return told
