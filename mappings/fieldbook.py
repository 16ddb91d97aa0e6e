"""Which fields a mapping speaks of, and what is known of each: the live schema, or stock knowledge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from connector.port import FieldKind, FieldSchema, ObjectSchema, System
from mappings import stock
from mappings.document import Document
from mappings.expressions import BadExpression, Expression, compile_expression
from mappings.faults import FaultList, Place
from mappings.own_values import OWN_VALUES, PREFIX, is_own
from mappings.source import Node

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
Schemas: TypeAlias = Mapping[tuple[System, str], ObjectSchema]
# Names that no describe lists: associations are read with the record and written by their own calls.
ASSOCIATIONS = "associations."


@dataclass(slots=True)
class FieldBook:
    """Looks fields up for one document, and notes every field that has to be read.

    `schemas` None means offline: standard fields are known, all others are taken for text.
    `volatile` becomes true when an expression uses today's date.
    """

    document: Document
    schemas: Schemas | None
    faults: FaultList
    reads: dict[tuple[System, str], set[str]] = field(default_factory=dict)
    volatile: bool = False

    def __post_init__(self) -> None:
        self.reads = {(side, name): set() for side in System for name in self.objects(side)}

    def objects(self, side: System) -> tuple[str, ...]:
        """The mapping's objects on that side."""
        if side is HUBSPOT:
            return (self.document.hubspot_object,)
        return self.document.salesforce_objects

    def check_objects(self) -> bool:
        """Objects that the live systems do not show us are faults; False where there is one."""
        if self.schemas is None:
            return True
        place = self.document.place_of("between")
        missing = [key for key in self.reads if key not in self.schemas]
        for side, name in missing:
            self.faults.add("no_object", place, name, system=title(side))
        return not missing

    def described(self, side: System, object_name: str) -> ObjectSchema | None:
        """The object as the live system describes it; None offline."""
        return None if self.schemas is None else self.schemas.get((side, object_name))

    def find(self, side: System, object_name: str, name: str) -> FieldSchema | None:
        """The field, or None where the live system shows us none of that name."""
        if side is HUBSPOT and name.startswith(ASSOCIATIONS):
            return FieldSchema(name=name, label=name, kind="reference")
        if is_own(name):
            return OWN_VALUES.get(name[len(PREFIX) :])
        if self.schemas is None:
            return stock.field_of(side, object_name, name)
        described = self.schemas.get((side, object_name))
        return None if described is None else described.fields.get(name)

    def get(self, side: System, object_name: str, name: str) -> FieldSchema:
        """The field; one that was found missing already counts as text."""
        found = self.find(side, object_name, name)
        return found or FieldSchema(name=name, label=name, kind="text")

    def has(self, side: System, object_name: str, name: str) -> bool:
        """Whether the object has the field; offline a standard object has standard and own ones."""
        if self.schemas is None and not is_own(name):
            return not stock.is_foreign(side, object_name, name)
        return self.find(side, object_name, name) is not None

    def names(self, side: System, object_name: str) -> tuple[str, ...]:
        """Every name known there, for the nearest right word."""
        if self.schemas is None:
            known = stock.salesforce_fields(object_name) if side is SALESFORCE else {}
            return tuple(sorted(known))
        described = self.schemas.get((side, object_name))
        return () if described is None else tuple(sorted(described.fields))

    def required(self, object_name: str) -> tuple[FieldSchema, ...]:
        """Salesforce fields without which a create is refused."""
        known: Mapping[str, FieldSchema] = stock.salesforce_fields(object_name)
        if self.schemas is not None:
            described = self.schemas.get((SALESFORCE, object_name))
            known = {} if described is None else described.fields
        return tuple(f for f in known.values() if f.required and f.createable)

    def know(self, side: System, object_name: str, name: str, place: Place) -> bool:
        """Note that a field is read, if it exists; see `exists`."""
        if not self.exists(side, object_name, name, place):
            return False
        self.reads[side, object_name].add(name)
        return True

    def exists(self, side: System, object_name: str, name: str, place: Place) -> bool:
        """Whether the object may have the field; a live one that has not is a fault.

        Offline nobody can be sure: what is not standard gets a warning.
        """
        if self.has(side, object_name, name):
            return True
        known = self.names(side, object_name)
        if self.schemas is None:
            self.faults.warn("not_standard", place, name, known, object=object_name)
            return True
        words = {"system": title(side), "object": object_name}
        self.faults.add("unknown_field", place, name, known, **words)
        return False

    def read_if_there(self, side: System, object_name: str, *names: str) -> None:
        """Fields that are read where they exist."""
        self.reads[side, object_name].update(n for n in names if self.has(side, object_name, n))

    def expression(self, node: Node, *sides: System) -> Expression | None:
        """Compile an expression over the record of a side, or of both, and note what it reads."""
        found = expression_at(
            node,
            self.faults,
            side=sides[0],
            links=self._links(sides[0]),
            kind_of=lambda name: self._kind(name, sides),
        )
        if found is None:
            return None
        self.volatile = self.volatile or found.volatile
        for name in sorted(found.fields):
            self._know_somewhere(sides, name, node.place)
        return found

    def _kind(self, name: str, sides: tuple[System, ...]) -> FieldKind:
        for side in sides:
            for object_name in self.objects(side):
                if self.has(side, object_name, name):
                    return self.get(side, object_name, name).kind
        return "text"

    def _know_somewhere(self, sides: tuple[System, ...], name: str, place: Place) -> None:
        """A field that an object does not have is empty there; one that nobody has is a fault."""
        places = [(side, o) for side in sides for o in self.objects(side)]
        there = [(side, o) for side, o in places if self.has(side, o, name)]
        if len(sides) > 1 and self.schemas is None:
            # Offline an own HubSpot name cannot be told from a misspelt one: read it on one side.
            foreign = [key for key in there if key[0] is SALESFORCE]
            there = foreign or there
        for side, object_name in there:
            self.reads[side, object_name].add(name)
        if there:
            return
        known = tuple(one for side, o in places for one in self.names(side, o))
        side, object_name = places[0]
        if self.schemas is None:
            self.faults.warn("not_standard", place, name, known, object=object_name)
            self.reads[side, object_name].add(name)
        else:
            words = {"system": title(side), "object": object_name}
            self.faults.add("unknown_field", place, name, known, **words)

    def _links(self, side: System) -> dict[str, str]:
        """The link fields of a side, and what each refers to."""
        found: dict[str, str] = {}
        for draft in self.document.lines:
            if draft.link_to is None:
                continue
            ends = [draft.hubspot] if side is HUBSPOT else list(draft.salesforce.values())
            found |= {name: draft.link_to for names in ends for name in names}
        return found


def expression_at(
    node: Node,
    faults: FaultList,
    *,
    side: System,
    links: Mapping[str, str] | None = None,
    kind_of: Callable[[str], FieldKind] | None = None,
) -> Expression | None:
    """Compile the expression that stands here; None with a fault at the very character otherwise."""
    source = node.text
    if source is None:
        faults.add("wrong_type", node.place, node.shown(), expected="=text")
        return None
    try:
        return compile_expression(source, side=side, links=links, kind_of=kind_of)
    except BadExpression as error:
        column = node.place.column + error.at + (1 if node.quoted else 0)
        place = Place(node.place.file, node.place.line, column, node.place.path)
        words = {"expression": source, "at": str(error.at + 1), **error.words}
        faults.add(error.code, place, words.pop("what", ""), error.allowed, **words)
        return None


def title(side: System) -> str:
    """The system's name as people write it."""
    return "HubSpot" if side is HUBSPOT else "Salesforce"
