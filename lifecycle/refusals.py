"""Why a request was not followed, as people read it, in English and Japanese. Pure.

The sentences stand in `messages/refusals.yaml`, one for each code. What strangers or other systems wrote,
like a code that nobody knows, is one clean line in them.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from lifecycle.definition import Definition
from lifecycle.model import Refusal, Stage
from lifecycle.wording import at_time, clean, reason_said
from mappings.faults import Language

TEXTS: Final = Path(__file__).parent / "messages" / "refusals.yaml"
COMMA: Final[dict[Language, str]] = {"en": ", ", "ja": "、"}


def refusal_said(refusal: Refusal, definition: Definition, language: Language) -> str:
    """One sentence or two: what stands in the way, and what helps where anything does."""
    known = {key: _said(key, word, definition, language) for key, word in refusal.words.items()}
    known["stood"] = _named("stages", refusal.stood.value, language)
    known["code"] = clean(refusal.words.get("reason", ""))
    sentence = str(texts()["codes"][refusal.code][language])
    return sentence.format_map(_Known(known))


def stage_said(stage: Stage, language: Language) -> str:
    """A stage as people call it."""
    return _named("stages", stage.value, language)


def _said(key: str, word: str, definition: Definition, language: Language) -> str:
    """One word of a refusal as people call it."""
    if key == "allowed" and not word:
        return str(texts()["none"][key][language])
    if key in ("to", "stage", "allowed"):
        return _each("stages", word, language)
    if key == "roles":
        return _each("roles", word, language)
    if key == "lacks":
        return _named("lacks", word, language)
    if key == "reason":
        return reason_said(definition, word, language)
    if key == "missing":
        labels = {
            one.key: one.ja if language == "ja" else one.en for one in definition.gate.questions
        }
        return COMMA[language].join(labels.get(one, one) for one in word.split(", "))
    if key == "until":
        return at_time(definition, datetime.fromisoformat(word), language) if word else "-"
    return clean(word)


def _each(kind: str, words: str, language: Language) -> str:
    return COMMA[language].join(_named(kind, one, language) for one in words.split(", "))


def _named(kind: str, word: str, language: Language) -> str:
    """What the catalogue calls something; what it does not know keeps its own name."""
    found: Any = texts()[kind].get(word)
    return clean(word) if found is None else str(found[language])


class _Known(dict[str, str]):
    """What fills a sentence; a word that a refusal does not say is left open."""

    def __missing__(self, key: str) -> str:
        return "-"


@cache
def texts() -> dict[str, Any]:
    """Every sentence, in both languages."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
