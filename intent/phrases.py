"""The sentences of a reason: slots bound to the events that ground them, told in Japanese and English. Pure.

The words stand in ``phrases.yaml``. Nothing is said that is not a slot of a clause.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from intent.definition import Definition
from intent.identity import registered_domain
from mappings.faults import Language

CATALOGUE = Path(__file__).parent / "phrases.yaml"
LONGEST_TITLE = 60
# What a title must not hold when it is said to somebody: addresses, and signs of a program.
UNSPEAKABLE = re.compile(r"://|\bwww\.|[\w-]\.[a-z]{2,}|[@<>{}\\/]", re.IGNORECASE)
# What it must not hold even when it is only quoted to a seller: tags, placeholders, links, mail addresses.
UNQUOTABLE = re.compile(
    r"[<>{}\\]|://|\bwww\.|\]\(|\]\[|\w@\w|\b(?:javascript|data):|&#?\w+;", re.IGNORECASE
)
# What may be the name of a computer: it is one where its end is a public suffix.
HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+", re.ASCII)
OTHER = "other"


class Slot(NamedTuple):
    """What was filled in, and the ids of the events that ground it. A topic is told by its id."""

    name: str
    value: str | int | float
    grounds: tuple[str, ...]


class Clause(NamedTuple):
    """A phrase of the catalogue, by its path, with its slots."""

    phrase: tuple[str, ...]
    slots: tuple[Slot, ...] = ()


class Reason(NamedTuple):
    """A sentence in both languages, and every slot in it, in the order of the Japanese one."""

    text_ja: str
    text_en: str
    slots: tuple[Slot, ...]


def phrase_of(event_type: str) -> str:
    """The name of the phrase that tells an event type."""
    return str(_catalogue()["types"].get(event_type, OTHER))


def variants(phrase: str) -> Mapping[str, Any]:
    """The ways to tell something: `topic`, `titled`, `titled_more`, `plain`."""
    found: Mapping[str, Any] = _catalogue()["phrases"][phrase]
    return found


def told(definition: Definition, clause: Clause, language: Language, **more: str) -> str:
    """A clause in one language; `more` are parts that were told already."""
    template: Any = _catalogue()
    for name in clause.phrase:
        template = template[name]
    once = any(slot.name == "times" and slot.value == 1 for slot in clause.slots)
    shown = {slot.name: _shown(definition, slot, language, once=once) for slot in clause.slots}
    return str(template[language]).format(**shown, **more)


def joined(definition: Definition, clauses: Sequence[Clause], language: Language) -> str:
    """Several clauses in one row."""
    joint = str(_catalogue()["joint"][language])
    return joint.join(told(definition, clause, language) for clause in clauses)


def quotable(title: str | None) -> str | None:
    """A title as it may stand between quotation marks: one line, no invisible signs, not too long.

    None for one that holds markup, a placeholder or an address: anybody may send a title, and mails and pages
    that are made of the sentence might follow it.
    """
    plain = "".join(
        " " if sign.isspace() else sign
        for sign in title or ""
        if sign.isspace() or not unicodedata.category(sign).startswith("C")
    )
    plain = " ".join(plain.translate(str.maketrans("「」“”", "『』''")).split())
    if UNQUOTABLE.search(plain) or any(registered_domain(one) for one in HOST.findall(plain)):
        return None
    if len(plain) > LONGEST_TITLE:
        plain = plain[: LONGEST_TITLE - 1] + "…"
    return plain or None


def speakable(title: str | None) -> str | None:
    """A title that may be said to anybody: no address in it, and no digit, which could be a count."""
    found = quotable(title)
    if found is None or UNSPEAKABLE.search(found) or any(sign.isdigit() for sign in found):
        return None
    return found


def _shown(definition: Definition, slot: Slot, language: Language, *, once: bool) -> str:
    counted = _catalogue()["counted"].get(slot.name)
    if counted is not None:
        forms = counted[language]
        fitting = {"once": once, "one": slot.value == 1, "many": True}
        name = next(name for name, fits in fitting.items() if fits and name in forms)
        return str(forms[name]).format(n=slot.value)
    if slot.name == "topic":
        topic = definition.topics[str(slot.value)]
        return topic.label_ja if language == "ja" else topic.label_en
    return f"{slot.value:.1f}" if isinstance(slot.value, float) else str(slot.value)


@cache
def _catalogue() -> Mapping[str, Any]:
    found: Mapping[str, Any] = YAML(typ="safe").load(CATALOGUE.read_text("utf-8"))
    return found
