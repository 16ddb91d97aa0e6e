"""What is kept of a version, so that it can be read again years later: all of its texts.

A definition stands on two further texts: the definition of interest, whose points it names, and the taxonomy
of reasons that it changes. They are kept together with it, since both files go on being edited.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from intent.load import load_definition as load_interest
from lifecycle import taxonomy
from lifecycle.approval import Version, begin_of
from lifecycle.definition import Definition, Kept
from lifecycle.load import Whole, load_definition
from lifecycle.port import Definitions


class Texts(NamedTuple):
    """The texts of a version, as they were written."""

    definition: str
    interest: str
    reasons: str


def texts_of(definition: Path, interest: Path, reasons: Path = taxonomy.SHIPPED) -> Texts:
    """The texts of files that were loaded before."""
    return Texts(*(one.read_text("utf-8") for one in (definition, interest, reasons)))


def packed(texts: Texts) -> str:
    """All of them in one text, as it is kept."""
    return json.dumps(texts._asdict(), ensure_ascii=False, sort_keys=True)


def unpacked(kept: str) -> Texts:
    """The texts in a kept one."""
    return Texts(**json.loads(kept))


def whole_of(kept: Kept) -> Whole:
    """A kept version as it is used. Its hash is the one that was approved.

    Raises `mappings.faults.MappingFaults` where this release cannot read it any more.
    """
    found, interest = _read(kept.text)
    return Whole(replace(found, hash=kept.hash), interest)


@lru_cache(maxsize=64)
def _read(text: str) -> Whole:
    """A kept text is read once: it never changes."""
    texts = unpacked(text)
    interest = load_interest(texts.interest)
    found = load_definition(texts.definition, interest, reasons=texts.reasons, kept=True).definition
    return Whole(found, interest)


class ChangedMeanwhile(Exception):
    """A file was written to while it was read: what stands in it now is not what was checked."""


def kept_of(definition: Definition, texts: Texts, at: datetime) -> Kept:
    """A version as it is put on file. Raises `ChangedMeanwhile` where the texts do not say what it says."""
    text = packed(texts)
    again = _read(text).definition
    if again.hash != definition.hash:
        raise ChangedMeanwhile(
            f"{definition.name} changed while it was read; run the command again"
        )
    return Kept(definition.name, definition.hash, text, begin_of(definition), at)


def versions_of(store: Definitions, kept: Iterable[Kept] | None = None) -> list[Version]:
    """All versions on file with the words that were given to them, oldest first."""
    found = store.kept() if kept is None else kept
    return [
        Version(definition=whole_of(one).definition, approvals=tuple(store.approvals(one.hash)))
        for one in found
    ]
