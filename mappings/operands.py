"""What expressions compute with: blanks, text, numbers and flags, and the functions over them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from mappings.normal import as_text

Operand: TypeAlias = str | Decimal | bool | None

PLAIN_NUMBER = re.compile(r"[+-]?(?:\d{1,40}\.?\d{0,60}|\.\d{1,60})", re.ASCII)


def operand(value: object) -> Operand:
    """A wire value as an operand."""
    if value is None or isinstance(value, bool | str):
        return value
    return Decimal(str(value)) if isinstance(value, int | float) else str(value)


def numeric(value: object) -> Operand:
    """The value of a field of kind `number`, which HubSpot holds as text."""
    held = operand(value)
    found = number(held)
    return held if found is None else found


def blank(value: Operand) -> bool:
    """None, and text of blanks only."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(value: Operand) -> str:
    """An operand as text: numbers without a tail of zeros, flags in HubSpot's words."""
    if isinstance(value, Decimal):
        told = format(value, "f")
        told = told.rstrip("0").rstrip(".") if "." in told else told
        return "0" if told == "-0" else told
    return as_text(value)


def truth(value: Operand) -> bool:
    """Whether an operand counts as true."""
    if isinstance(value, str):
        return value.strip().lower() not in {"", "false"}
    return bool(value)


def number(value: Operand) -> Decimal | None:
    """The number that an operand is, or reads as."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and PLAIN_NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    return None


def same(left: Operand, right: Operand) -> bool:
    """Equality; a blank equals nothing, not even another blank."""
    if blank(left) or blank(right):
        return False
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return number(left) == number(right) and number(left) is not None
    return text(left).strip() == text(right).strip()


def calculate(x: Decimal | None, sign: str, y: Decimal | None) -> Operand:
    """Arithmetic with a blank or with text is blank."""
    if x is None or y is None:
        return None
    try:
        return {"+": x + y, "-": x - y, "*": x * y}[sign] if sign != "/" else x / y
    except ArithmeticError:
        return None


def _substr(value: Operand, start: Operand, length: Operand = None) -> Operand:
    told, first = text(value), max(0, int(number(start) or 0))
    many = number(length)
    return told[first:] if many is None else told[first : first + max(0, int(many))]


def _coalesce(*values: Operand) -> Operand:
    return next((value for value in values if not blank(value)), None)


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Operand]]] = {
    "lower": (1, 1, lambda value: text(value).lower()),
    "upper": (1, 1, lambda value: text(value).upper()),
    "trim": (1, 1, lambda value: text(value).strip()),
    "len": (1, 1, lambda value: Decimal(len(text(value)))),
    "contains": (2, 2, lambda value, part: text(part) in text(value)),
    "startswith": (2, 2, lambda value, part: text(value).startswith(text(part))),
    "endswith": (2, 2, lambda value, part: text(value).endswith(text(part))),
    "replace": (3, 3, lambda value, old, new: text(value).replace(text(old), text(new))),
    "substr": (2, 3, _substr),
    "coalesce": (1, 20, _coalesce),
}
