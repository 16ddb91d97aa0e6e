"""What a person entered on a Lead that was converted before anybody heard of it. Pure.

A converted Lead is frozen and its Contact goes on. Where the org's mapping of Lead fields carries the verdict
over, the Contact says it by itself; where it does not, only the Lead holds it.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.port import Record, System, Values
from mappings.schema import Cell, Context, Fault, Line, OwnName, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.hearing import Heard
from sync.model import Pair
from sync.petitions import STAGE, VERDICT

SALESFORCE = System.SALESFORCE
ASKING = frozenset({STAGE, VERDICT})


def bequeathed(
    mapping: FieldMapping,
    pair: Pair,
    lead: Values,
    heir: Record,
    names: Sequence[OwnName],
    context: Context,
) -> Heard | None:
    """What the Lead of a pair asks for and its heir does not repeat; None: nothing.

    Nothing else that stands on the Lead counts as said, so no reason of an earlier time is taken for one.
    """
    repeated = {
        line.ledger_value: _said(line, heir.values, context)
        for line in _requests(mapping, heir.object)
    }
    entered: dict[str, Cell] = {}
    fields: list[str] = []
    asks = False
    for line in _requests(mapping, pair.salesforce_object):
        name, base = line.ledger_value or "", pair.baseline.get(line.id)
        cell, end = _said(line, lead, context), line.salesforce
        if base is None or base.line_hash != line.hash or end.normal(cell) is None:
            continue
        if end.normal(cell) == end.normal(base.of(SALESFORCE)):
            continue
        entered[name] = cell
        fields += end.fields
        asks |= name in ASKING and end.normal(repeated.get(name)) != end.normal(cell)
    if not asks:
        return None
    return Heard(
        mapping=mapping.name,
        pair_id=pair.id,
        system=SALESFORCE,
        object=pair.salesforce_object,
        record_id=pair.salesforce_id,
        names=tuple(names),
        entered=entered,
        fields=tuple(fields),
    )


def _requests(mapping: FieldMapping, object_name: str) -> list[Line]:
    lines = mapping.objects[object_name].lines
    return [one for one in lines if one.edits == "request" and one.salesforce.fields]


def _said(line: Line, values: Values, context: Context) -> Cell:
    cell = line.salesforce.read(values, context)
    return None if isinstance(cell, Fault | Skip | Pending) else cell
