"""After a write: is what the system now stores our value, and what becomes the baseline? Pure.

Systems change case, cut text and round numbers, sometimes they take a write and store nothing, and
sometimes a person edits between our write and our read. The rules are design rule 5.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Literal

from connector.port import Edit, Value
from mappings.schema import Cell, Side


class Landing(Enum):
    """What was found after a write."""

    STORED = "stored"  # our value, or a known weakening of it: the stored value is the baseline
    IGNORED = "ignored"  # still the old value: the system took the write and kept what it had
    FOREIGN = "foreign"  # something else: a person edited meanwhile; the baseline is what we meant


Writer = Literal["us", "person", "unknown"]


def last_writer(edit: Edit | None, read_before_at: datetime | None) -> Writer:
    """Who wrote last, judged by the vendor's own clock: an edit newer than what we had read.

    `read_before_at` is the record's time of last change as read before the write.
    """
    if edit is None or edit.by_us is None:
        return "unknown"
    if edit.by_us:
        return "us"
    if edit.at is not None and read_before_at is not None and edit.at > read_before_at:
        return "person"
    return "unknown"


def landing(side: Side, intended: Cell, before: Cell, stored: Cell, writer: Writer) -> Landing:
    """Judge one written cell as it was read back; the order of the questions matters."""
    meant, now = side.normal(intended), side.normal(stored)
    if now == meant:
        return Landing.STORED
    if writer == "person":
        return Landing.FOREIGN
    if is_weakening(intended, stored):
        return Landing.STORED
    if now == side.normal(before):
        return Landing.IGNORED
    return Landing.STORED if writer == "us" else Landing.FOREIGN


def is_weakening(intended: Cell, stored: Cell) -> bool:
    """Whether `stored` is `intended` in other case or width, cut off, or rounded."""
    if isinstance(intended, tuple) or isinstance(stored, tuple):
        return (
            isinstance(intended, tuple)
            and isinstance(stored, tuple)
            and len(intended) == len(stored)
            and all(a == b or is_weakening(a, b) for a, b in zip(intended, stored, strict=True))
        )
    if intended is None or stored is None:
        return False
    return _text_weakened(str(intended), str(stored)) or _rounded(intended, stored)


def _text_weakened(intended: str, stored: str) -> bool:
    meant, now = _fold(intended), _fold(stored)
    if not now:
        return False
    return meant == now or (len(now) < len(meant) and meant.startswith(now) and len(now) >= 3)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _rounded(intended: Value, stored: Value) -> bool:
    if isinstance(intended, bool) or isinstance(stored, bool):
        return False
    try:
        meant, now = Decimal(str(intended)), Decimal(str(stored))
        step = Decimal(1).scaleb(int(now.as_tuple().exponent))
        return meant.is_finite() and abs(meant - now) <= step / 2 and step < abs(meant)
    except (InvalidOperation, ValueError, TypeError):
        return _time_rounded(str(intended), str(stored))


def _time_rounded(intended: str, stored: str) -> bool:
    try:
        meant, now = datetime.fromisoformat(intended), datetime.fromisoformat(stored)
    except ValueError:
        return False
    if (meant.tzinfo is None) != (now.tzinfo is None):
        return False
    if isinstance(now, date) and len(stored) == len("2026-01-01"):
        return meant.date() == now.date()
    return abs((meant - now).total_seconds()) < 1
