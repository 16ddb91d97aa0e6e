"""What whoever pressed a button is told: accepted, sent back and what follows, refused and why. Pure.

The sentences stand in `messages/verdicts.yaml`. Names and comments come from strangers: they are one clean
line here, and whoever renders them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from ruamel.yaml import YAML

from lifecycle.definition import Definition
from lifecycle.model import Refusal, Stage, Standing
from lifecycle.refusals import refusal_said
from lifecycle.wording import LONGEST_COMMENT, clean, day_of, on_day, reason_said
from mappings.faults import Language

TEXTS: Final = Path(__file__).parent / "messages" / "verdicts.yaml"
# `waits`: it is on file, and decided as soon as both systems can be asked.
Kind = Literal["accepted", "sent_back", "put_out", "refused", "waits"]
OUT: Final = frozenset({Stage.DISQUALIFIED})


class Answer(NamedTuple):
    """What became of a press."""

    kind: Kind
    title: str
    lines: tuple[str, ...]


def decided(definition: Definition, standing: Standing, name: str, language: Language) -> Answer:
    """Where somebody stands after what was asked for was followed."""
    if standing.stage is Stage.RECYCLED or standing.stage in OUT:
        kind: Kind = "put_out" if standing.stage in OUT else "sent_back"
        lines = tuple(_gone(definition, standing, kind, name, language))
        return Answer(kind, said("sent_back.title", language), lines)
    words = {"name": name, "by": clean(standing.accepted_by or standing.handed_to or "")}
    lines = (said("accepted.line", language, **words), said("accepted.told", language))
    return Answer("accepted", said("accepted.title", language), lines)


def _gone(
    definition: Definition, standing: Standing, kind: Kind, name: str, language: Language
) -> Iterator[str]:
    yield said(f"{kind}.line", language, name=name)
    yield said(
        "sent_back.reason", language, reason=reason_said(definition, standing.reason, language)
    )
    if standing.comment:
        yield said("sent_back.comment", language, comment=clean(standing.comment, LONGEST_COMMENT))
    if standing.reactivate_on is not None:
        day = on_day(standing.reactivate_on, language)
        yield said("sent_back.review", language, day=day)
    elif standing.cool_until is not None and kind == "sent_back":
        day = day_of(definition, standing.cool_until, language)
        yield said("sent_back.rests", language, day=day)
    whom = "is" if standing.hop == "is" and kind == "sent_back" else "marketing"
    yield said(f"sent_back.hears_{whom}", language)


def refused(definition: Definition, refusal: Refusal, language: Language) -> Answer:
    """Why what was asked for was not followed."""
    sentence = refusal_said(refusal, definition, language)
    lines = (sentence, said("refused.unchanged", language))
    return Answer("refused", said("refused.title", language), lines)


def waiting(name: str, language: Language) -> Answer:
    """It is on file and not decided yet."""
    lines = (said("waits.line", language, name=name),)
    return Answer("waits", said("waits.title", language), lines)


def said(key: str, language: Language, **words: object) -> str:
    """A sentence of the catalogue."""
    found: Any = texts()
    for step in key.split("."):
        found = found[step]
    return str(found[language]).format(**words)


@cache
def texts() -> dict[str, Any]:
    """Every sentence, in both languages."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
