"""What people entered in fields of ours where an edit is a request, and what stands there of ours. Pure.

A verdict, a stage, a reason: the mapping file says `edits: request` of those lines. Each record with such
edits becomes one `Heard`; who decides about it stands elsewhere (`sync.ushering`). It is handed on before the
edit counts as seen, so whoever dies in between hears of it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from connector.port import System, Value, Values
from mappings.schema import Cell, Context, Fault, Line, OwnName, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.model import Pair
from sync.reconcile import PairPlan


class Instead(NamedTuple):
    """The record of the same system that is kept in line instead of this one, and the names of its pair."""

    record_id: str
    names: tuple[OwnName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One record's edits. `entered` holds the edited values by our own names without their prefix, `held`
    what its other request fields hold at the same moment, `told` what we had said of all of them, `fields`
    the edited fields by the vendor. `names` are those of both records: they tell whom it is about. A record
    that has no partner, `pair_id` 0, is a further one, and another one stands `instead`.
    """

    mapping: str
    pair_id: int
    system: System
    object: str
    record_id: str
    names: tuple[OwnName, ...]
    entered: Mapping[str, Cell]
    fields: tuple[str, ...] = ()
    held: Mapping[str, Cell] = field(default_factory=dict)
    told: Mapping[str, Cell] = field(default_factory=dict)
    instead: Instead | None = None


class Edited(NamedTuple):
    """When something was entered, and by whom: an address, or the system's name where it does not say."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a system holds of our own values after a write, by our names without their prefix, as read back.

    `names` are those of both records of the pair.
    """

    system: System
    names: tuple[OwnName, ...]
    values: Mapping[str, Value]


def stored_in(
    mapping: FieldMapping,
    pair: Pair,
    values: Mapping[System, Values],
    stored: Mapping[System, Values],
) -> Iterator[Stored]:
    """What of ours stands on each side of a pair now; nothing where nothing of ours was written."""
    for side, found in stored.items():
        ours = {
            line.ledger_value: found[name]
            for line in mapping.objects[pair.salesforce_object].lines
            if line.ledger_value is not None
            for name in line.side(side).fields
            if name in found
        }
        if ours:
            yield Stored(system=side, names=_names(mapping, pair, values), values=ours)


def heard_in(
    mapping: FieldMapping,
    pair: Pair,
    plan: PairPlan,
    values: Mapping[System, Values],
    context: Context,
) -> Iterator[Heard]:
    """What was entered on each side of one pair; nothing where nobody edited anything of ours."""
    lines = mapping.objects[pair.salesforce_object].lines
    for side in System:
        entered = {one.name: one.cell for one in plan.requests if one.side is side}
        if not entered:
            continue
        object_name = mapping.hubspot_object if side is System.HUBSPOT else pair.salesforce_object
        yield Heard(
            mapping=mapping.name,
            pair_id=pair.id,
            system=side,
            object=object_name,
            record_id=pair.record_id(side),
            names=_names(mapping, pair, values),
            entered=entered,
            fields=_fields(mapping, pair, side, entered),
            held=held_in(lines, side, values[side], context),
            told=dict(plan.told),
        )


def _names(
    mapping: FieldMapping, pair: Pair, values: Mapping[System, Values]
) -> tuple[OwnName, ...]:
    objects = {
        System.HUBSPOT: mapping.hubspot_object,
        System.SALESFORCE: pair.salesforce_object,
    }
    found: list[OwnName] = []
    for side, object_name in objects.items():
        names = mapping.own_names.get((side, object_name))
        if names is not None:
            found += names(pair.record_id(side), values[side])
    return tuple(dict.fromkeys(found))


def _fields(
    mapping: FieldMapping, pair: Pair, side: System, entered: Mapping[str, Cell]
) -> tuple[str, ...]:
    return tuple(
        name
        for line in mapping.objects[pair.salesforce_object].lines
        if line.ledger_value in entered and line.edits == "request"
        for name in line.side(side).fields
    )


def held_in(
    lines: Iterable[Line], side: System, values: Values, context: Context
) -> dict[str, Cell]:
    """What the fields of these lines hold in which an edit is a request, by our own names."""
    found: dict[str, Cell] = {}
    for line in lines:
        end = line.side(side)
        if line.ledger_value is None or line.edits != "request" or not end.fields:
            continue
        cell = end.read(values, context)
        if not isinstance(cell, Fault | Skip | Pending) and end.normal(cell) is not None:
            found[line.ledger_value] = cell
    return found
