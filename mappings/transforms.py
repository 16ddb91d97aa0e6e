"""Named transforms of `to_salesforce` and `to_hubspot`: text in, text out. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from mappings.faults import Language
from mappings.normal import calendar_date, corporate_number, local_midnight, moment, number, phone

Transform = Callable[[str], str]

PLAIN_WORDS = (
    "trim",
    "collapse",
    "lower",
    "upper",
    "title",
    "nfkc",
    "digits",
    "phone_e164",
    "date_to_datetime",
    "datetime_to_date",
    "to_number",
)
ARGUMENT_WORDS = ("truncate", "split", "join")


@dataclass(frozen=True, slots=True)
class Locale:
    """Business time zone, phone region and the language of advice, from the settings."""

    timezone: str = "Asia/Tokyo"
    region: str = "JP"
    language: Language = "en"


def plain(word: str, locale: Locale) -> Transform:
    """A transform without an argument; `word` is one of `PLAIN_WORDS`."""
    table: dict[str, Transform] = {
        "trim": str.strip,
        "collapse": lambda value: re.sub(r"\s+", " ", value).strip(),
        "lower": str.lower,
        "upper": str.upper,
        "title": str.title,
        "nfkc": lambda value: unicodedata.normalize("NFKC", value),
        "digits": lambda value: corporate_number(value) or "",
        "phone_e164": lambda value: _phone(value, locale.region),
        "date_to_datetime": lambda value: _to_datetime(value, locale.timezone),
        "datetime_to_date": lambda value: _to_date(value, locale.timezone),
        "to_number": _to_number,
    }
    return table[word]


def is_argument(word: str, argument: str) -> bool:
    """Whether the word takes this argument: a length in characters, or a separator."""
    if word == "truncate":
        return argument.isascii() and argument.isdigit() and int(argument[:9]) > 0
    return word in ARGUMENT_WORDS and bool(argument)


def with_argument(word: str, argument: str) -> Transform:
    """`truncate` cuts, `split` makes a multi-select of text, `join` text of a multi-select."""
    if word == "truncate":
        length = int(argument)
        return lambda value: value[:length]
    if word == "split":
        return lambda value: ";".join(p.strip() for p in value.split(argument) if p.strip())
    return lambda value: argument.join(p.strip() for p in value.split(";") if p.strip())


def _to_number(value: str) -> str:
    """Full-width digits, thousands separators and tails of zeros are gone; other text stays."""
    found = number(value, None)
    return format(found, "f") if isinstance(found, Decimal) else value


def _phone(value: str, region: str) -> str:
    found = phone(value, region)
    return found if found is not None and found.startswith("+") else value


def _to_datetime(value: str, timezone: str) -> str:
    found = moment(value)
    if found is None:
        return value
    return local_midnight(found, timezone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_date(value: str, timezone: str) -> str:
    return value if moment(value) is None else str(calendar_date(value, timezone, "datetime"))
