"""Makes `schema.Relation`s from files with a `relation:` block: the ends looked up, the lines compiled."""

from __future__ import annotations

from collections.abc import Mapping

from connector.port import FieldSchema, ObjectSchema, System
from mappings import policies
from mappings.across import lines_in_order
from mappings.document import Document, Objects
from mappings.faults import FaultList
from mappings.fieldbook import HUBSPOT, SALESFORCE, FieldBook, Schemas, title
from mappings.linemaker import LineMaker, digest
from mappings.relationform import HUBSPOT_TIES, SALESFORCE_TIES, EndKinds, RelationDraft, SideTies
from mappings.schema import Direction, Line, Relation
from mappings.source import Node, as_plain
from mappings.transforms import Locale

ASSOCIATIONS = "associations"
# Blocks that do not change what is done to a tie, or that stand in their own hash.
REMARKS = frozenset({"version", "tests", "fields"})


def make_relation(
    document: Document,
    draft: RelationDraft,
    neighbours: Mapping[str, Objects],
    schemas: Schemas | None,
    locale: Locale,
    faults: FaultList,
) -> Relation | None:
    """One file; faults are noted on the way. None where its ends do not fit."""
    kinds = {
        HUBSPOT: HUBSPOT_TIES[document.hubspot_object],
        SALESFORCE: SALESFORCE_TIES[document.salesforce_objects[0]],
    }
    left, right = (_neighbour(node, neighbours, faults) for node in (draft.left, draft.right))
    lefts = {
        side: _fitting(document, draft.left, left, side, kinds[side].left, faults)
        for side in System
    }
    rights = {
        side: _fitting(document, draft.right, right, side, kinds[side].right, faults)
        for side in System
    }
    book = FieldBook(document, _with_ties(document, schemas), faults)
    if not book.check_objects():
        return None
    _check_own_fields(document, kinds[HUBSPOT], faults)
    lines = _lines(document, book, locale, faults)
    whole = all((*lefts.values(), *rights.values()))
    if left is None or right is None or not whole:
        return None
    return Relation(
        name=document.name,
        hash=_hash(document, lines, left, right, locale),
        mode=document.text("mode", "live"),  # type: ignore[arg-type]  # checked in document.py
        left=draft.left.text or "",
        right=draft.right.text or "",
        hubspot=_word(document.hubspot_object, left, right),
        salesforce=document.salesforce_objects[0],
        left_objects=lefts,
        right_objects={side: objects[0] for side, objects in rights.items()},
        direction=Direction(draft.direction),
        lines=lines,
        fields={
            side: tuple(sorted({name for one in lines for name in one.side(side).fields}))
            for side in System
        },
        when_ended_in=policies.when_ended(document, faults),
        limits=policies.limits(document, faults),
        tests=policies.tests(document, book, faults),
        path=document.place.file,
    )


def _neighbour(node: Node, neighbours: Mapping[str, Objects], faults: FaultList) -> Objects | None:
    found = neighbours.get(node.text or "")
    if found is None:
        faults.add("unknown_mapping", node.place, node.text or "", neighbours)
    return found


def _fitting(
    document: Document,
    node: Node,
    neighbour: Objects | None,
    side: System,
    kinds: EndKinds,
    faults: FaultList,
) -> tuple[str, ...]:
    """Those of a mapping's objects that may stand at one end of the ties of one system."""
    if neighbour is None:
        # That there is no such mapping has been told.
        return ()
    there = (neighbour.hubspot,) if side is HUBSPOT else neighbour.salesforce
    found = kinds.among(there)
    if not found:
        tie = document.hubspot_object if side is HUBSPOT else document.salesforce_objects[0]
        words = {"system": title(side), "tie": tie, "kinds": ", ".join(there)}
        faults.add("relation_does_not_fit", node.place, node.text or "", kinds.only, **words)
    return found


def _word(hubspot: str, left: Objects, right: Objects) -> str:
    """What `connector.relations` calls it: associations differ by the two objects that they tie."""
    return f"{hubspot} {left.hubspot} {right.hubspot}" if hubspot == ASSOCIATIONS else hubspot


def _with_ties(document: Document, schemas: Schemas | None) -> Schemas | None:
    """HubSpot describes no ties, so their few fields are known here."""
    if schemas is None:
        return None
    word = document.hubspot_object
    fields = {
        name: FieldSchema(name=name, label=name, kind="text") for name in HUBSPOT_TIES[word].fields
    }
    return {**schemas, (HUBSPOT, word): ObjectSchema(HUBSPOT, word, fields)}


def _check_own_fields(document: Document, kind: SideTies, faults: FaultList) -> None:
    """Offline every HubSpot name could be an own one; ties have no own ones."""
    for draft in document.lines:
        for name in draft.hubspot:
            if name not in kind.fields:
                words = {"system": title(HUBSPOT), "object": document.hubspot_object}
                faults.add("unknown_field", draft.place, name, kind.fields, **words)


def _lines(
    document: Document, book: FieldBook, locale: Locale, faults: FaultList
) -> tuple[Line, ...]:
    maker = LineMaker(book, document, locale, faults)
    places = {draft.id: draft.place for draft in document.lines}
    made = maker.lines_for(document.salesforce_objects[0])
    return lines_in_order(made, maker.wants, lambda name: places[name], faults)


def _hash(
    document: Document, lines: tuple[Line, ...], left: Objects, right: Objects, locale: Locale
) -> str:
    """Changes with every meaning of the file, not with layout, comments, notes or tests."""
    blocks = {key: as_plain(node) for key, node in document.blocks.items() if key not in REMARKS}
    told = [[line.id, line.hash, line.mode] for line in lines]
    return digest(blocks, told, left, right, locale.timezone, locale.region)
