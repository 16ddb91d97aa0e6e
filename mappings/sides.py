"""The two ends of a line as closures: read, compare, carry over. Made once, called for every record.

Carrying runs in steps, each of which may refuse: partner or picklist map, transforms, the target's
type, the target's limits. A blank carries to a blank (to false where the target knows no null).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from connector.port import FieldKind, FieldSchema, System, Value, Values
from mappings.normal import as_text, local_date, moment, number
from mappings.schema import Carried, Carrier, Cell, Context, Fault, Pending, Reader, Skip
from mappings.transforms import Locale, Transform

NOT_RETURNED = Skip("the system did not return this field")
SALESFORCE_TIME = "%Y-%m-%dT%H:%M:%S.000+0000"
HUBSPOT_TIME = "%Y-%m-%dT%H:%M:%S.000Z"


@dataclass(frozen=True, slots=True)
class Target:
    """The field that a carrier writes: what it takes, and how to name it in advice."""

    system: System
    label: str
    kind: FieldKind
    schema: FieldSchema | None


def stored(fields: Sequence[str]) -> Reader:
    """Read an end that stands in the record: one field's value, or a tuple of several."""
    if len(fields) == 1:
        name = fields[0]

        def read_one(values: Values, _context: Context) -> Carried:
            value = values.get(name, NOT_RETURNED)
            return None if value == "" else value

        return read_one

    def read_all(values: Values, _context: Context) -> Carried:
        if any(name not in values for name in fields):
            return NOT_RETURNED
        parts = tuple(values[name] or None for name in fields)
        return None if all(part is None for part in parts) else parts

    return read_all


def blank_cell(values: Values, context: Context) -> Carried:
    """An end that holds nothing of its own."""
    return None


def reference(mapping: str, target: System, otherwise: str) -> Carrier:
    """Carry a record's id over to the id of its partner on the target side."""

    def carry(cell: Cell, context: Context) -> Carried:
        if cell is None:
            return None
        partner = context.refs.partner(mapping, target.other, as_text(cell))
        if partner is not None:
            return partner
        if otherwise == "park":
            return Fault(
                "partner_not_linked", f"link the {mapping} record {as_text(cell)} first, or map it"
            )
        if otherwise == "blank":
            return None
        keep = otherwise == "keep" or mapping == "owners"
        return Skip(f"the {mapping} record is not linked", waiting=not keep)

    return carry


def value_map(pairs: Mapping[str, str], otherwise: str, target: Target, width: int) -> Carrier:
    """Carry over by the picklist map; what it does not know is parked, passed on or blanked."""

    def carry(cell: Cell, context: Context) -> Carried:
        if cell is None:
            return None
        held = " + ".join(map(as_text, cell)) if isinstance(cell, tuple) else as_text(cell)
        if held in pairs:
            found = pairs[held]
            return tuple(part.strip() for part in found.split("+")) if width > 1 else found
        if otherwise == "pass":
            return held
        if otherwise == "blank":
            return None
        if otherwise == "keep":
            return Skip("the value is not in `values`")
        return Fault(
            "unknown_option",
            f"{held!r} is not in the line's `values` for {target.label}: add it there, or say "
            "`otherwise: pass` or `blank`",
        )

    return carry


def chain(steps: Sequence[Carrier]) -> Carrier:
    """Run steps one after the other; the first that refuses ends it."""
    if len(steps) == 1:
        return steps[0]

    def carry(cell: Cell, context: Context) -> Carried:
        for step in steps:
            found = step(cell, context)
            if isinstance(found, Fault | Skip | Pending):
                return found
            cell = found
        return cell

    return carry


def transformed(transforms: Sequence[Transform]) -> Carrier:
    """Apply the transforms to the text of a single value."""

    def carry(cell: Cell, _context: Context) -> Carried:
        if cell is None or isinstance(cell, tuple):
            return cell
        text = as_text(cell)
        for transform in transforms:
            text = transform(text)
        return text or None

    return carry


def typed(target: Target, locale: Locale) -> Carrier:
    """Turn the value into what the target's JSON holds, and check the target's limits."""
    convert = _converter(target, locale)
    check = _checker(target)

    def carry(cell: Cell, _context: Context) -> Carried:
        if cell is None:
            return False if _no_null(target) else None
        if isinstance(cell, tuple):
            return cell
        found = convert(cell)
        if isinstance(found, Fault) or check is None:
            return found
        return check(found) or found

    return carry


def _no_null(target: Target) -> bool:
    return target.kind == "bool" and target.system is System.SALESFORCE


def _converter(target: Target, locale: Locale) -> Callable[[Value], Value | Fault]:
    to_salesforce = target.system is System.SALESFORCE
    if target.kind == "bool":
        return _to_bool if to_salesforce else (lambda v: as_text(_to_bool(v)))
    if target.kind == "number":
        return lambda v: _to_number(v, target)
    if target.kind == "date":
        return lambda v: _to_date(v, target, locale.timezone)
    if target.kind == "datetime":
        return lambda v: _to_time(v, target)
    return lambda v: v if isinstance(v, str) else as_text(v)


def _to_bool(value: Value) -> bool:
    return as_text(value).strip().lower() in {"true", "yes", "1"}


def _to_number(value: Value, target: Target) -> Value | Fault:
    found = number(as_text(value), None)
    if not isinstance(found, Decimal):
        return Fault("invalid_value", f"{target.label} takes numbers only: correct the value")
    if target.system is System.HUBSPOT:
        return format(found, "f")
    return int(found) if found == found.to_integral_value() else float(found)


def _to_date(value: Value, target: Target, timezone: str) -> Value | Fault:
    found = moment(as_text(value))
    if found is None:
        return Fault("invalid_value", f"{target.label} takes dates only: correct the value")
    return local_date(found, timezone).isoformat()


def _to_time(value: Value, target: Target) -> Value | Fault:
    found = moment(as_text(value))
    if found is None:
        return Fault("invalid_value", f"{target.label} takes times only: correct the value")
    form = SALESFORCE_TIME if target.system is System.SALESFORCE else HUBSPOT_TIME
    return found.astimezone(UTC).strftime(form)


def _checker(target: Target) -> Callable[[Value], Fault | None] | None:
    schema = target.schema
    if schema is None:
        return None
    if schema.closed and schema.options:
        allowed = frozenset(option.value for option in schema.options)
        several = target.kind == "set"
        return lambda v: _check_options(as_text(v), allowed, several, target)
    if schema.length is not None and target.kind not in {"bool", "number", "date", "datetime"}:
        length = schema.length
        return lambda v: (
            Fault(
                "too_long",
                f"{target.label} takes {length} characters: shorten the value, or let the line cut "
                f"it with {{truncate: {length}}}",
            )
            if len(as_text(v)) > length
            else None
        )
    return None


def _check_options(
    value: str, allowed: frozenset[str], several: bool, target: Target
) -> Fault | None:
    parts = value.split(";") if several else [value]
    unknown = next((part for part in parts if part and part not in allowed), None)
    if unknown is None:
        return None
    return Fault(
        "unknown_option",
        f"{target.label} has no choice {unknown!r}: add it there, or map it with `values:`",
    )
