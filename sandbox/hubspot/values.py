"""What HubSpot makes of one property value: its stored text, or the reason why it is refused.

Everything is stored as text (reference sheet, section 7.3). ``""`` clears; null is no value at all and
never comes here. Pure: definitions in, text or `Problem` out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.hubspot.answers import Problem, from_iso, iso
from sandbox.hubspot.properties import Definition

LONGEST = 65_536
DAY = 86_400_000
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s.,;<>()]{2,}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MILLISECONDS = re.compile(r"-?\d{5,}")


def as_text(value: Any) -> str:
    """Raw JSON as text: booleans in lower case, numbers in plain decimals."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


def judge(rule: Definition, value: Any, before: str | None) -> str | Problem:
    """The text to store for a write through the API; `before` is what the record holds now."""
    if rule.read_only or rule.calculated:
        what = "is a calculated property; " if rule.calculated else "is a read only property; "
        text = f'"{rule.name}" {what}its value cannot be set.'
        return Problem(rule.name, "READ_ONLY_VALUE", text)
    return understand(rule, as_text(value), before)


def understand(rule: Definition, text: str, before: str | None) -> str | Problem:
    """The stored form of a text, read-only or not."""
    if text == "":
        return ""
    if rule.type in {"enumeration", "bool"}:
        return _option(rule, text, before)
    if rule.type == "number":
        return _number(rule, text)
    if rule.type == "date":
        return _date(rule, text)
    if rule.type == "datetime":
        return _datetime(rule, text)
    if rule.name == "email":
        return _email(rule, text)
    if len(text) > LONGEST:
        return Problem(rule.name, "INVALID_STRING", f"A value may have {LONGEST} characters.")
    return text


def _email(rule: Definition, text: str) -> str | Problem:
    if not _EMAIL.fullmatch(text):
        return Problem(rule.name, "INVALID_EMAIL", f"Email address {text} is invalid")
    return text.lower()


def _option(rule: Definition, text: str, before: str | None) -> str | Problem:
    if not rule.several:
        return text if rule.owner or text in rule.allowed else _not_allowed(rule, text)
    wanted = [part for part in text.split(";") if part]
    for part in wanted:
        if rule.allowed and part not in rule.allowed:
            return _not_allowed(rule, part)
    kept = (before or "").split(";") if text.startswith(";") else []
    return ";".join(dict.fromkeys(part for part in [*kept, *wanted] if part))


def _not_allowed(rule: Definition, text: str) -> Problem:
    told = ", ".join(_describe(rule.choices))
    message = f"{text} was not one of the allowed options: [{told}]"
    return Problem(rule.name, "INVALID_OPTION", message)


def _describe(choices: Iterable[Any]) -> Iterable[str]:
    for order, choice in enumerate(choices):
        yield (
            f'label: "{choice.label}"\nvalue: "{choice.value}"\ndisplay_order: {order}\n'
            f"hidden: {as_text(choice.hidden)}\n"
        )


def _number(rule: Definition, text: str) -> str | Problem:
    if _NUMBER.fullmatch(text):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return Problem(rule.name, "INVALID_INTEGER", f"{text} was not a valid number")
    return format(number, "f")


def _not_a_long(rule: Definition, text: str) -> Problem:
    return Problem(rule.name, "INVALID_LONG", f"{text} was not a valid long.")


def _date(rule: Definition, text: str) -> str | Problem:
    """``YYYY-MM-DD``, or milliseconds of exactly midnight UTC."""
    try:
        if _DATE.fullmatch(text):
            return iso(from_iso(f"{text}T00:00:00+00:00"))[:10]
        if _MILLISECONDS.fullmatch(text) and int(text) % DAY == 0:
            return iso(int(text))[:10]
    except (ValueError, OverflowError):
        return _not_a_long(rule, text)
    return _not_a_long(rule, text)


def _datetime(rule: Definition, text: str) -> str | Problem:
    try:
        if _MILLISECONDS.fullmatch(text):
            return iso(int(text))
        return iso(from_iso(text))
    except (ValueError, OverflowError):
        return _not_a_long(rule, text)
