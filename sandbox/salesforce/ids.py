"""Record ids: 15 case-sensitive characters, and three more that tell their case (sheet, section 2.6)."""

from __future__ import annotations

import re

_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_INSTANCE = "5g0"
_FIRST = 62**4
_BLOCKS = (0, 5, 10)


def to18(short: str) -> str:
    """The 18 characters of a 15-character id: one check character per block of five."""
    return short + "".join(
        _CHECK[sum(1 << place for place in range(5) if short[block + place].isupper())]
        for block in _BLOCKS
    )


def normal_id(text: object) -> str | None:
    """The 18-character form of a well-formed id of 15 or 18, None for anything else."""
    if not isinstance(text, str) or not _ID.fullmatch(text):
        return None
    if len(text) == 15:
        return to18(text)
    return text if to18(text[:15]) == text else None


class Mint:
    """Makes the ids of one key prefix, in ascending order of their characters."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix + _INSTANCE
        self._next = _FIRST

    def make(self) -> str:
        number, text = self._next, ""
        self._next += 1
        for _ in range(9):
            number, digit = divmod(number, 62)
            text = _DIGITS[digit] + text
        return to18(self._prefix + text)
