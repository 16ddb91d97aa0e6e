"""The notice of what the tag sends, in English and Japanese, made from what it really sends. Pure.

Japan: 外部送信規律 (Telecommunications Business Act, art. 27-12): what is sent, to whom, for what purpose.
The rows stand in `messages/notice.yaml`; a test holds them against the snippet itself. This is a text to
start from, no legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from intent.definition import Definition

Language = Literal["en", "ja"]
TEXTS = Path(__file__).parent / "messages" / "notice.yaml"
# As the snippet sets it.
COOKIE_DAYS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who answers for the site: its name, where to reach it, and where the tag sends to."""

    name: str
    contact: str
    collector: str


def notice(operator: Operator, definition: Definition, language: Language) -> str:
    """The notice as Markdown."""
    told = texts()
    words = {
        "operator": operator.name,
        "contact": operator.contact,
        "collector": operator.collector,
        "query": _listed(sorted(definition.query), language),
        "cookie_days": str(COOKIE_DAYS),
        "events_days": str(definition.keeping.events),
        "daily_days": str(definition.keeping.daily),
    }
    heads = [told["heads"][name][language] for name in ("what", "purpose")]
    rows = [
        f"| {row['what'][language].format(**words)} | {row['purpose'][language].format(**words)} |"
        for row in told["rows"]
    ]
    table = [f"| {heads[0]} | {heads[1]} |", "| --- | --- |", *rows]
    before = [told[name][language].format(**words) for name in ("title", "to_whom", "consent")]
    after = [told[name][language].format(**words) for name in ("kept", "contact")]
    return "\n\n".join([*before, "\n".join(table), *after]) + "\n"


def names_told() -> frozenset[str]:
    """The names of everything that the notice tells of, as they stand in what the tag sends."""
    return frozenset(str(name) for row in texts()["rows"] for name in row["names"])


def _listed(names: Sequence[str], language: Language) -> str:
    if names:
        return ("、" if language == "ja" else ", ").join(names)
    return str(texts()["nothing"][language])


@cache
def texts() -> dict[str, Any]:
    """The catalogue."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
