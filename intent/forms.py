"""How the values of a definition are read: a form is a table of words, the fields they fill, their readers.

A reader answers the value, or None after noting a fault. Sentences and places are those of `mappings`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

from intent.model import DAY, Millis
from mappings.faults import FaultList
from mappings.source import Node, entries, items

Read: TypeAlias = Callable[[Node, FaultList], Any]

NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,12})?")
WHOLE = re.compile(r"[0-9]{1,10}")
SPAN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([dhm])")
UNITS: dict[str, Millis] = {"d": DAY, "h": DAY // 24, "m": DAY // (24 * 60)}
LONGEST = 3660 * DAY
DOMAIN = re.compile(r"(?:[^\s@/:.]+\.)+[^\s@/:.]+")
# A pattern says at least two signs of the name, or it would let everything through.
PARAMETER = re.compile(r"[A-Za-z0-9_.\-]+|[A-Za-z0-9_.\-]{2,}\*")
# What a label must not hold: it may be read out to anybody.
ADDRESS = re.compile(r"://|\bwww\.|@", re.IGNORECASE)


class Word(NamedTuple):
    """A word of a block: the field that it fills, how its value is read, whether it must be there."""

    field: str
    read: Read
    required: bool = False


Form: TypeAlias = Mapping[str, Word]


def filled(node: Node | None, form: Form, faults: FaultList) -> dict[str, Any] | None:
    """The values of a block by field; None where one of them is missing or wrong."""
    written = entries(node, form, faults)
    if written is None:
        return None
    found: dict[str, Any] = {}
    good = True
    for name, word in form.items():
        if name not in written:
            if word.required and node is not None:
                faults.add("missing_key", node.place, name)
                good = False
            continue
        found[word.field] = word.read(written[name], faults)
        good = good and found[word.field] is not None
    return found if good else None


def number(least: float, most: float) -> Read:
    """A number within limits, both included."""

    def read(node: Node, faults: FaultList) -> float | None:
        if NUMBER.fullmatch(node.text or "") is None:
            _wrong(node, "=a_decimal", faults)
            return None
        return _within(node, float(node.text or ""), least, most, faults)

    return read


def whole(least: int, most: int) -> Read:
    """A whole number within limits, both included."""

    def read(node: Node, faults: FaultList) -> int | None:
        if WHOLE.fullmatch(node.text or "") is None:
            _wrong(node, "=a_number", faults)
            return None
        held = _within(node, float(node.text or ""), least, most, faults)
        return None if held is None else int(held)

    return read


def span(node: Node, faults: FaultList) -> Millis | None:
    """A time span like `14d`, in milliseconds."""
    told = SPAN.fullmatch(node.text or "")
    if told is None:
        _wrong(node, "=a_duration", faults)
        return None
    passed = round(float(told[1]) * UNITS[told[2]])
    if not 0 < passed <= LONGEST:
        faults.add("out_of_range", node.place, node.shown(), least="1m", most="3660d")
        return None
    return passed


def days(node: Node, faults: FaultList) -> int | None:
    """A time span in whole days, as a number of days."""
    found = span(node, faults)
    if found is not None and found % DAY:
        _wrong(node, "=whole_days", faults)
        return None
    return None if found is None else found // DAY


def flag(node: Node, faults: FaultList) -> bool | None:
    """`true` or `false`."""
    if node.text not in {"true", "false"}:
        _wrong(node, "=yes_or_no", faults)
        return None
    return node.text == "true"


def text(node: Node, faults: FaultList) -> str | None:
    """Any text that is not blank."""
    if node.text is None or not node.text.strip():
        _wrong(node, "=text", faults)
        return None
    return node.text.strip()


def label(node: Node, faults: FaultList) -> str | None:
    """A text that may be said to anybody."""
    found = text(node, faults)
    if found is not None and ADDRESS.search(found):
        faults.add("label_with_address", node.place, found)
        return None
    return found


def one_of(words: Collection[str]) -> Read:
    """One of the words that are known."""

    def read(node: Node, faults: FaultList) -> str | None:
        if node.text not in words:
            faults.add("not_allowed", node.place, node.shown(), words)
            return None
        return node.text

    return read


def path(node: Node, faults: FaultList) -> str | None:
    """A glob over the path of a page."""
    found = text(node, faults)
    if found is not None and (not found.startswith(("/", "*")) or "://" in found):
        faults.add("bad_path", node.place, found)
        return None
    return found


def network(node: Node, faults: FaultList) -> str | None:
    """A network in CIDR notation."""
    try:
        return str(ipaddress.ip_network(node.text or "", strict=False))
    except ValueError:
        _wrong(node, "=a_network", faults)
        return None


def domain(node: Node, faults: FaultList) -> str | None:
    """A domain, in small letters."""
    if DOMAIN.fullmatch(node.text or "") is None:
        _wrong(node, "=a_domain", faults)
        return None
    return (node.text or "").lower()


def parameter(node: Node, faults: FaultList) -> str | None:
    """The name of a query parameter; a star may stand for its end."""
    if PARAMETER.fullmatch(node.text or "") is None:
        _wrong(node, "=a_parameter", faults)
        return None
    return node.text


def many(read_one: Read) -> Read:
    """A list of them; one alone is a list of one."""

    def read(node: Node, faults: FaultList) -> tuple[Any, ...] | None:
        if node.value is not None and node.text is None and not isinstance(node.value, list):
            _wrong(node, "=a_list", faults)
            return None
        found = tuple(read_one(one, faults) for one in items(node, faults, single=True))
        return None if None in found else found

    return read


def _within(node: Node, value: float, least: float, most: float, faults: FaultList) -> float | None:
    if least <= value <= most:
        return value
    faults.add("out_of_range", node.place, node.shown(), least=f"{least:g}", most=f"{most:g}")
    return None


def _wrong(node: Node, expected: str, faults: FaultList) -> None:
    faults.add("wrong_type", node.place, node.shown(), expected=expected)
