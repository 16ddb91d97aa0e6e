"""The two ends of a line as closures: read, compare, carry over. Made once, called for every record.

Carrying runs in steps, each of which may refuse: the source's placeholder counts as blank, then
transforms, then the picklist map, then the target's type and limits. Links ask for a partner instead.
A blank carries to a blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from connector.port import Value, Values
from mappings.conversions import (
    ADDRESS,
    Conversion,
    Target,
    blank_at,
    conversion,
    is_checked_address,
    plain_limit,
)
from mappings.grammar import OWNERS
from mappings.normal import as_text
from mappings.schema import (
    Carried,
    Carrier,
    Cell,
    Context,
    Fault,
    Normaliser,
    Pending,
    Reader,
    Skip,
)
from mappings.transforms import Transform

NOT_RETURNED = Skip("the system did not return this field")
JOINED = " + "
# Carried values that cost more than a look at the type are remembered, per line and direction.
REMEMBERED = 4_096

# What Salesforce's ids of standard objects begin with (reference sheet, section 2.6).
KEY_PREFIXES = {
    "001": "Account",
    "003": "Contact",
    "006": "Opportunity",
    "00Q": "Lead",
    "00T": "Task",
    "00U": "Event",
    "500": "Case",
    "701": "Campaign",
}
SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
ELSEWHERE = Skip("it is about another kind of record")
OWNER_UNKNOWN = Skip("owner", waiting=True)

Step: TypeAlias = Callable[[Cell], Carried]
LonelyCarrier: TypeAlias = Callable[[str, Context], Carried]


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
        parts = tuple(None if values[name] == "" else values[name] for name in fields)
        return None if all(part is None for part in parts) else parts

    return read_all


def nothing(_values: Values, _context: Context) -> Carried:
    """Read an end that has no field of its own."""
    return None


def never(_cell: Cell, _context: Context) -> Carried:
    """Carry to an end that has no field of its own."""
    return Skip("nothing travels there")


def of_these(read: Reader, partners: Collection[str]) -> Reader:
    """Read an end of Salesforce that may name several kinds of records (``WhatId``, ``WhoId``).

    What is of another kind than `partners` is no value of this line: it is neither carried nor
    overwritten, and it is no change.
    """
    native = frozenset(prefix for prefix, name in KEY_PREFIXES.items() if name in partners)
    others = KEY_PREFIXES.keys() - native
    # The prefixes of custom objects differ from org to org; without one among the partners all are told.
    told = len(native) == len(frozenset(partners))

    def read_of_these(values: Values, context: Context) -> Carried:
        cell = read(values, context)
        if not isinstance(cell, str) or cell[:3] in native:
            return cell
        is_foreign = cell[:3] in others or (told and SALESFORCE_ID.fullmatch(cell) is not None)
        return ELSEWHERE if is_foreign else cell

    return read_of_these


def reference(to: str, target: Target, otherwise: str | None) -> Carrier:
    """Carry a record's id over to the id of its partner on the target side.

    Without a partner the line waits, except for owners, who are matched by e-mail or not at all.
    """
    side = target.system.other
    alone = _without_partner(to, target, otherwise)

    def carry(cell: Cell, context: Context) -> Carried:
        if cell is None:
            return None
        record_id = as_text(cell)
        found = context.refs.partner(to, side, record_id)
        return alone(record_id, context) if found is None else found

    return carry


def _without_partner(to: str, target: Target, otherwise: str | None) -> LonelyCarrier:
    if otherwise == "keep":
        return lambda _id, _context: Skip("the partner is not linked")
    if otherwise == "blank":
        return lambda _id, _context: None

    def park(record_id: str, _context: Context) -> Carried:
        return target.refuse("partner_not_linked", record_id, to=to)

    if otherwise is not None and "@" in otherwise:
        stand_in, side = f"{to}#{otherwise}", target.system.other

        def fall_back(record_id: str, context: Context) -> Carried:
            # An address of nobody active yet is no fault of the record: it waits for the person.
            found = context.refs.partner(stand_in, side, record_id)
            return OWNER_UNKNOWN if found is None else found

        return fall_back
    if otherwise == "park" or to == OWNERS:
        return park
    return lambda _id, _context: Skip("partner", waiting=True)


@dataclass(frozen=True, slots=True)
class ValueMap:
    """The picklist map in one direction of travel. `each` maps the choices of a multi-select one by one.

    `width` is how many fields the target joins, `advice` what helps where a value is not in the map.
    """

    pairs: Mapping[str, str]
    otherwise: str
    each: bool = False
    width: int = 1
    advice: str = "not_in_values"

    def step(self, target: Target) -> Step:
        """Carry over by the map; what it does not know is parked, passed on or blanked."""

        def one(held: str) -> Value | Fault:
            found = self.pairs.get(held)
            if found is not None:
                return found
            if self.otherwise == "pass":
                return held
            return (
                None
                if self.otherwise == "blank"
                else target.refuse("unknown_option", held, advice=self.advice)
            )

        if self.each:
            return lambda cell: _each(as_text(_whole(cell)), one)
        if self.width == 1:
            return lambda cell: one(_joined(cell))
        return lambda cell: _parts(one(_joined(cell)), self.width)


def _each(held: str, one: Callable[[str], Value | Fault]) -> Carried:
    found = [one(part.strip()) for part in held.split(";") if part.strip()]
    refused = next((part for part in found if isinstance(part, Fault)), None)
    return refused or ";".join(str(part) for part in found if part) or None


def _joined(cell: Cell) -> str:
    return JOINED.join(map(as_text, cell)) if isinstance(cell, tuple) else as_text(cell)


def _parts(found: Value | Fault, width: int) -> Carried:
    if found is None or isinstance(found, Fault):
        return found
    parts = [part.strip() for part in as_text(found).split("+", width - 1)]
    return tuple(part or None for part in [*parts, *[""] * (width - len(parts))])


def _whole(cell: Cell) -> Value:
    return _joined(cell) if isinstance(cell, tuple) else cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How values travel to one end: one target per field that the end joins."""

    targets: tuple[Target, ...]
    transforms: tuple[Transform, ...] = ()
    values: ValueMap | None = None
    source_normal: Normaliser | None = None

    def carrier(self) -> Carrier:
        """The fastest closure that does it. `source_normal` is set where a placeholder is blank."""
        convert = tuple(conversion(target) for target in self.targets)
        blank = blank_at(self.targets[0]) if len(self.targets) == 1 else None
        slow = lru_cache(REMEMBERED, typed=True)(self._steps(convert, blank))
        limit = None if self._does_more() else plain_limit(self.targets[0])
        if limit is None:
            return lambda cell, _context: slow(cell)
        if is_checked_address(self.targets[0]):
            return _address_carrier(limit, slow)

        def carry(cell: Cell, _context: Context) -> Carried:
            if cell is None:
                return blank
            if type(cell) is str and len(cell) <= limit:
                return cell
            return slow(cell)

        return carry

    def _does_more(self) -> bool:
        """Whether there is anything to do beyond the target's type."""
        more = self.transforms or self.values or self.source_normal
        return bool(more) or len(self.targets) != 1

    def _steps(self, convert: tuple[Conversion, ...], blank: Value) -> Step:
        transform = _transformer(self.transforms)
        mapped = None if self.values is None else self.values.step(self.targets[-1])
        source_normal = self.source_normal

        def carry(cell: Cell) -> Carried:
            if cell is None or (source_normal is not None and source_normal(cell) is None):
                return blank
            changed = transform(cell)
            found = changed if mapped is None or changed is None else mapped(changed)
            return blank if found is None else _convert(found, convert)

        return carry


def _address_carrier(limit: int, slow: Step) -> Carrier:
    is_address = ADDRESS.fullmatch

    def carry(cell: Cell, _context: Context) -> Carried:
        if cell is None:
            return None
        if type(cell) is str and len(cell) <= limit and is_address(cell):
            return cell
        return slow(cell)

    return carry


def _transformer(transforms: Sequence[Transform]) -> Callable[[Cell], Cell]:
    """Apply the transforms to the text of a single value."""
    if not transforms:
        return lambda cell: cell

    def transform(cell: Cell) -> Cell:
        if isinstance(cell, tuple):
            return cell
        text = as_text(cell)
        for one in transforms:
            text = one(text)
        return text or None

    return transform


def _convert(found: Carried, convert: tuple[Conversion, ...]) -> Carried:
    """Each value to the type of its field; the first that is refused refuses the whole cell."""
    if isinstance(found, Fault | Skip | Pending) or found is None:
        return found
    if len(convert) == 1:
        return convert[0](_whole(found))
    cell = found if isinstance(found, tuple) else (found,) + (None,) * (len(convert) - 1)
    parts: list[Value] = []
    for value, one in zip(cell, convert, strict=True):
        part = None if value is None else one(value)
        if isinstance(part, Fault):
            return part
        parts.append(part)
    return tuple(parts)
