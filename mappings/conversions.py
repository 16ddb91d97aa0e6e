"""From one system's wire value to the other's: the target's type, and what the target refuses. Pure.

A conversion answers the value to store, or a `Fault` that parks the line with advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from connector.port import FieldKind, FieldSchema, System, Value
from mappings.faults import Language, sentence
from mappings.normal import PLAIN_DATE, as_text, calendar_date, local_midnight, moment, number
from mappings.schema import Fault

SALESFORCE_TIME = "%Y-%m-%dT%H:%M:%S.000+0000"
HUBSPOT_TIME = "%Y-%m-%dT%H:%M:%S.000Z"
TRUE_WORDS = frozenset({"true", "yes", "1"})
FALSE_WORDS = frozenset({"false", "no", "0", ""})
# Salesforce checks the syntax of addresses and answers INVALID_EMAIL_ADDRESS (reference sheet, 2.7).
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+"
    r"@(?:[A-Za-z0-9-]++\.)++[A-Za-z][A-Za-z0-9-]++"
)
UNLIMITED = 1 << 30
PLAIN_KINDS: frozenset[FieldKind] = frozenset(
    {"text", "long_text", "phone", "url", "picklist", "id", "email"}
)

Conversion: TypeAlias = Callable[[Value], Value | Fault]


@dataclass(frozen=True, slots=True)
class Target:
    """The field that a value travels to, the kind of the one it comes from, and how to advise."""

    system: System
    object: str
    schema: FieldSchema
    source_kind: FieldKind
    timezone: str
    language: Language = "en"

    @property
    def kind(self) -> FieldKind:
        return self.schema.kind

    @property
    def label(self) -> str:
        return f"{self.object}.{self.schema.name}"

    def refuse(
        self, cause: str, found: Value = None, *, advice: str | None = None, **words: str
    ) -> Fault:
        """Park the line; the advice is the catalogue's sentence ``advice_<advice or cause>``."""
        words = {"field": self.label, "found": "" if found is None else as_text(found), **words}
        return Fault(cause, sentence(f"advice_{advice or cause}", self.language, **words))


def conversion(target: Target, *, checked: bool = True) -> Conversion:
    """To the target's type, then against its limits. Never called with a blank."""
    convert = _converter(target)
    check = _checker(target) if checked else None
    if check is None:
        return convert

    def convert_and_check(value: Value) -> Value | Fault:
        found = convert(value)
        if isinstance(found, Fault):
            return found
        return check(found) or found

    return convert_and_check


def blank_at(target: Target) -> Value:
    """What a blank is at the target: Salesforce knows no null in a checkbox."""
    return False if target.kind == "bool" and target.system is System.SALESFORCE else None


def _converter(target: Target) -> Conversion:
    by_kind: dict[FieldKind, Callable[[Value, Target], Value | Fault]] = {
        "bool": _to_bool,
        "number": _to_number,
        "date": _to_date,
        "datetime": _to_time,
        "set": _to_set,
    }
    special = by_kind.get(target.kind)
    if special is None:
        return lambda value: value if isinstance(value, str) else as_text(value)
    return lambda value: special(value, target)


def _to_bool(value: Value, target: Target) -> Value | Fault:
    word = as_text(value).strip().lower()
    if word not in TRUE_WORDS and word not in FALSE_WORDS:
        return target.refuse("invalid_value", value, advice="invalid_flag")
    held = word in TRUE_WORDS
    return held if target.system is System.SALESFORCE else as_text(held)


def _to_number(value: Value, target: Target) -> Value | Fault:
    found = number(as_text(value), None)
    if not isinstance(found, Decimal):
        return target.refuse("invalid_value", value, advice="invalid_number")
    if target.schema.scale is not None:
        # The vendor would refuse or round more decimals; the line compares at this scale anyway.
        found = found.quantize(Decimal(1).scaleb(-target.schema.scale), ROUND_HALF_UP)
    if target.system is System.HUBSPOT:
        return format(found.normalize() + 0, "f")
    return int(found) if found == found.to_integral_value() else float(found)


def _to_date(value: Value, target: Target) -> Value | Fault:
    text = as_text(value)
    if moment(text) is None:
        return target.refuse("invalid_value", value, advice="invalid_date")
    return str(calendar_date(text, target.timezone, target.source_kind))


def _to_time(value: Value, target: Target) -> Value | Fault:
    """A date becomes the midnight with which it begins in the business time zone."""
    text = as_text(value)
    found = moment(text)
    if found is None:
        return target.refuse("invalid_value", value, advice="invalid_date")
    if target.source_kind == "date" or PLAIN_DATE.fullmatch(text.strip()):
        found = local_midnight(found, target.timezone)
    form = SALESFORCE_TIME if target.system is System.SALESFORCE else HUBSPOT_TIME
    return found.astimezone(UTC).strftime(form)


def _to_set(value: Value, _target: Target) -> Value | Fault:
    """Without blanks and without a leading ``;``, which HubSpot reads as "append"."""
    return ";".join(dict.fromkeys(p.strip() for p in as_text(value).split(";") if p.strip()))


def _checker(target: Target) -> Callable[[Value], Fault | None] | None:
    schema = target.schema
    if schema.closed and schema.options:
        return _option_checker(target)
    if target.kind in {"bool", "number", "date", "datetime", "reference", "id"}:
        return None
    if is_checked_address(target):
        return lambda value: _check_address(as_text(value), target)
    if schema.length is None:
        return None
    return lambda value: _check_length(as_text(value), target)


def _check_length(value: str, target: Target) -> Fault | None:
    length = target.schema.length
    if length is None or len(value) <= length:
        return None
    return target.refuse("too_long", length=str(length))


def _check_address(value: str, target: Target) -> Fault | None:
    if ADDRESS.fullmatch(value.strip()) is None:
        return target.refuse("invalid_email")
    return _check_length(value, target)


def plain_limit(target: Target) -> int | None:
    """The length up to which text needs no conversion at all; None where every value needs a look."""
    schema = target.schema
    if schema.kind not in PLAIN_KINDS or (schema.closed and schema.options):
        return None
    return UNLIMITED if schema.length is None else schema.length


def is_checked_address(target: Target) -> bool:
    """Whether the target refuses what is no e-mail address."""
    return target.kind == "email" and target.system is System.SALESFORCE


def _option_checker(target: Target) -> Callable[[Value], Fault | None]:
    allowed = frozenset(option.value for option in target.schema.options)
    several = target.kind == "set"

    def check(value: Value) -> Fault | None:
        text = as_text(value)
        parts = text.split(";") if several else [text]
        unknown = next((part for part in parts if part not in allowed), None)
        return None if unknown is None else target.refuse("unknown_option", unknown)

    return check
