"""One search filter as a function from a stored value (None: blank) to whether it matches.

Case does not matter except on enumerations; IN and NOT_IN on texts match lower-case values only, and
NEQ and NOT_IN pass over blanks (reference sheet, section 9).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from sandbox.hubspot.answers import from_iso, invalid_request
from sandbox.hubspot.properties import Definition

Test: TypeAlias = Callable[[str | None], bool]
Comparable: TypeAlias = float | str
_WORD = re.compile(r"\w+")


def compile_filter(rule: Definition, given: Mapping[str, Any]) -> Test:
    """The test of one filter. 400 for an unknown operator or a value that cannot be compared."""
    operator = str(given.get("operator", ""))
    make = _OPERATORS.get(operator)
    if make is None:
        raise invalid_request(f"Unknown operator {operator}")
    try:
        return make(rule, given)
    except (KeyError, TypeError, ValueError) as error:
        text = f"Filter on {rule.name} has no usable value for {operator}"
        raise invalid_request(text) from error


@lru_cache(maxsize=1 << 16)
def _milliseconds(text: str) -> float:
    """A walk by time meets the same texts on every page."""
    if text.lstrip("-").isdigit():
        return float(text)
    return float(from_iso(text if "T" in text else f"{text}T00:00:00+00:00"))


def _comparable(rule: Definition, value: Any) -> Comparable:
    """Dates as milliseconds (ISO or milliseconds in), numbers as numbers, texts without case."""
    text = str(value)
    if rule.type in {"date", "datetime"}:
        return _milliseconds(text)
    if rule.type == "number":
        return float(text)
    return text if rule.type in {"enumeration", "bool"} else text.lower()


def _against(rule: Definition, compare: Callable[[Any], bool]) -> Test:
    return lambda held: held is not None and compare(_comparable(rule, held))


def _required(given: Mapping[str, Any], key: str) -> Any:
    value = given[key]
    if value is None:
        raise ValueError(key)
    return value


def _equal(rule: Definition, given: Mapping[str, Any]) -> Test:
    wanted = _comparable(rule, _required(given, "value"))
    return _against(rule, lambda held: held == wanted)


def _unequal(rule: Definition, given: Mapping[str, Any]) -> Test:
    wanted = _comparable(rule, _required(given, "value"))
    return _against(rule, lambda held: held != wanted)


def _ordered(
    compare: Callable[[Any, Any], bool],
) -> Callable[[Definition, Mapping[str, Any]], Test]:
    def make(rule: Definition, given: Mapping[str, Any]) -> Test:
        bound = _comparable(rule, _required(given, "value"))
        return _against(rule, lambda held: compare(held, bound))

    return make


def _between(rule: Definition, given: Mapping[str, Any]) -> Test:
    low = _comparable(rule, _required(given, "value"))
    high = _comparable(rule, _required(given, "highValue"))
    return _against(rule, lambda held: bool(low <= held <= high))


def _among(rule: Definition, given: Mapping[str, Any]) -> frozenset[Comparable]:
    """Texts are taken as they come: an upper-case letter in them matches nothing."""
    listed = _required(given, "values")
    if rule.type == "string":
        return frozenset(str(value) for value in listed)
    return frozenset(_comparable(rule, value) for value in listed)


def _in(rule: Definition, given: Mapping[str, Any]) -> Test:
    wanted = _among(rule, given)
    return _against(rule, lambda held: held in wanted)


def _not_in(rule: Definition, given: Mapping[str, Any]) -> Test:
    wanted = _among(rule, given)
    return _against(rule, lambda held: held not in wanted)


def _has(_rule: Definition, _given: Mapping[str, Any]) -> Test:
    return lambda held: held is not None


def _has_not(_rule: Definition, _given: Mapping[str, Any]) -> Test:
    return lambda held: held is None


def _token(_rule: Definition, given: Mapping[str, Any]) -> Test:
    """A word of the text, or with ``*`` a pattern over its words or the whole."""
    wanted = str(_required(given, "value")).lower()
    pattern = re.compile(".*".join(re.escape(part) for part in wanted.split("*")))

    def holds(held: str | None) -> bool:
        text = (held or "").lower()
        whole = bool(text) and pattern.fullmatch(text) is not None
        return whole or any(pattern.fullmatch(word) for word in _WORD.findall(text))

    return holds


def _no_token(rule: Definition, given: Mapping[str, Any]) -> Test:
    holds = _token(rule, given)
    return lambda held: not holds(held)


_OPERATORS: dict[str, Callable[[Definition, Mapping[str, Any]], Test]] = {
    "EQ": _equal,
    "NEQ": _unequal,
    "LT": _ordered(lambda held, bound: bool(held < bound)),
    "LTE": _ordered(lambda held, bound: bool(held <= bound)),
    "GT": _ordered(lambda held, bound: bool(held > bound)),
    "GTE": _ordered(lambda held, bound: bool(held >= bound)),
    "BETWEEN": _between,
    "IN": _in,
    "NOT_IN": _not_in,
    "HAS_PROPERTY": _has,
    "NOT_HAS_PROPERTY": _has_not,
    "CONTAINS_TOKEN": _token,
    "NOT_CONTAINS_TOKEN": _no_token,
}
