"""`values` and `otherwise` of a line: read, checked for the way back, one map per direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.port import FieldSchema, System
from mappings.faults import FaultList
from mappings.fieldbook import title
from mappings.lineform import LineDraft
from mappings.sides import JOINED, ValueMap
from mappings.source import Node, entries

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@dataclass(frozen=True, slots=True)
class Picklist:
    """The pairs of a line. `to` maps each side to the pairs that carry values there."""

    to: Mapping[System, Mapping[str, str]]

    def towards(self, side: System, draft: LineDraft, *, each: bool, width: int) -> ValueMap:
        """The map for values that travel to `side`."""
        otherwise = draft.towards("otherwise", side.value) or "park"
        advice = "not_in_stages" if draft.stages else "not_in_values"
        return ValueMap(self.to[side], otherwise, each=each, width=width, advice=advice)


def read_picklist(draft: LineDraft, faults: FaultList) -> Picklist | None:
    """The pairs as written, HubSpot's value on the left, or our own; None where the line has none.

    A value of our own goes to the one end of its line, and nothing of it comes back.
    """
    node = draft.options.get("values")
    if node is None:
        return None
    forward: dict[str, str] = {}
    backward: dict[str, str] = {}
    for left, value in (entries(node, None, faults) or {}).items():
        if value.text is None:
            faults.add("wrong_type", value.place, value.shown(), expected="=text")
            continue
        key, right = _joined(left), _joined(value.text)
        if right in backward and draft.direction != "->" and draft.ledger_value is None:
            faults.add("not_one_to_one", value.place, right, other=backward[right])
        forward[key] = right
        backward.setdefault(right, key)
    back = backward if draft.ledger_value is None else forward
    return Picklist({SALESFORCE: forward, HUBSPOT: back})


def _joined(text: str) -> str:
    """Joined values are told apart by ``+``, whatever blanks stand around it."""
    return JOINED.join(part.strip() for part in text.split("+")) if " + " in text else text


def check_picklist(
    picklist: Picklist,
    draft: LineDraft,
    schemas: Mapping[System, tuple[FieldSchema, ...]],
    faults: FaultList,
) -> None:
    """What passes must be able to come back, and every value must be a choice of its field."""
    node = draft.options["values"]
    for side in System:
        _check_pass(picklist, draft, side, schemas, faults, node)
        if len(schemas[side]) == 1:
            is_left = side is HUBSPOT and draft.ledger_value is None
            _check_options(side, schemas[side][0], faults, node, is_left=is_left)


def _check_pass(
    picklist: Picklist,
    draft: LineDraft,
    side: System,
    schemas: Mapping[System, tuple[FieldSchema, ...]],
    faults: FaultList,
    node: Node,
) -> None:
    """A value passed on as it is must not look like a mapped one when it comes back.

    A mapped value at the target that the source could also hold of its own would arrive there twice.
    """
    if draft.direction != "<->" or draft.towards("otherwise", side.value) != "pass":
        return
    pairs = picklist.to[side]
    possible = _choices(schemas[side.other])
    for value in pairs.values():
        if value not in pairs and (possible is None or value in possible):
            faults.add("pass_not_one_to_one", node.place, value)


def _choices(schemas: tuple[FieldSchema, ...]) -> frozenset[str] | None:
    """Everything the field can hold, where that is known."""
    if len(schemas) != 1 or not schemas[0].closed or not schemas[0].options:
        return None
    return frozenset(option.value for option in schemas[0].options)


def _check_options(
    side: System, schema: FieldSchema, faults: FaultList, node: Node, *, is_left: bool
) -> None:
    if not schema.options:
        return
    allowed = tuple(option.value for option in schema.options)
    written = node.value if isinstance(node.value, dict) else {}
    for left, value in written.items():
        word = left if is_left else value.text or ""
        if word not in allowed:
            place = (node.keys or {})[left] if is_left else value.place
            faults.add(
                "unknown_option", place, word, allowed, system=title(side), field=schema.name
            )
