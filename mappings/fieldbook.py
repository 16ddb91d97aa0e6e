"""Which fields a mapping speaks of, and what is known of each: live schema, or stock knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.port import FieldKind, FieldSchema, ObjectSchema, System
from mappings.document import Document
from mappings.expressions import BadExpression, Expression, compile_expression
from mappings.faults import FaultList, Place
from mappings.source import Node
from mappings.stock import is_required, kind_of

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
Schemas = Mapping[tuple[System, str], ObjectSchema]


@dataclass(slots=True)
class FieldBook:
    """Looks fields up for one document, and notes every field that has to be read.

    `volatile` becomes true when an expression uses today's date.
    """

    document: Document
    schemas: Schemas | None
    faults: FaultList
    reads: dict[tuple[System, str], set[str]] = field(default_factory=dict)
    volatile: bool = False

    def __post_init__(self) -> None:
        self.reads = {
            (HUBSPOT, self.document.hubspot_object): set(),
            **{(SALESFORCE, name): set() for name in self.document.salesforce_objects},
        }

    def schema_of(self, system: System, object_name: str, name: str) -> FieldSchema | None:
        """The live field; None offline or where there is none."""
        known = (self.schemas or {}).get((system, object_name))
        return None if known is None else known.fields.get(name)

    def kind(self, system: System, object_name: str, name: str) -> FieldKind:
        found = self.schema_of(system, object_name, name)
        return kind_of(name) if found is None else found.kind

    def required(self, system: System, object_name: str, name: str) -> bool:
        found = self.schema_of(system, object_name, name)
        if found is None:
            return is_required(system, object_name, name)
        return found.required

    def know(self, system: System, object_name: str, name: str, place: Place) -> bool:
        """Note that a field is read; a field that does not exist is a fault."""
        schema = (self.schemas or {}).get((system, object_name))
        if schema is not None and name not in schema.fields:
            self.faults.add(
                "unknown_field",
                place,
                name,
                sorted(schema.fields),
                system=system.value,
                object=object_name,
            )
            return False
        self.reads[system, object_name].add(name)
        return True

    def read_if_there(self, system: System, object_name: str, *names: str) -> None:
        """Fields that are read where they exist."""
        schema = (self.schemas or {}).get((system, object_name))
        for name in names:
            if schema is None or name in schema.fields:
                self.reads[system, object_name].add(name)

    def expression(self, node: Node, side: System, *, text: str | None = None) -> Expression | None:
        """Compile an expression and note the fields it reads."""
        source = text if text is not None else node.text or ""
        try:
            found = compile_expression(source, side=side, links=self._links(side))
        except BadExpression as error:
            self.faults.add("bad_expression", node.place, source, why=str(error))
            return None
        self.volatile = self.volatile or found.volatile
        for name in found.fields:
            self._know_somewhere(side, name, node.place)
        return found

    def _know_somewhere(self, side: System, name: str, place: Place) -> None:
        """A field that an object does not have is empty there; one that nobody has is a fault."""
        objects = self.objects(side)
        there = [
            o
            for o in objects
            if self.schemas is None or name in getattr(self.schemas.get((side, o)), "fields", {})
        ]
        if not there:
            self.know(side, objects[0], name, place)
        for object_name in there:
            self.reads[side, object_name].add(name)

    def objects(self, side: System) -> tuple[str, ...]:
        if side is HUBSPOT:
            return (self.document.hubspot_object,)
        return self.document.salesforce_objects

    def _links(self, side: System) -> dict[str, str]:
        found: dict[str, str] = {}
        for draft in self.document.lines:
            if draft.link_to:
                names = (
                    draft.hubspot
                    if side is HUBSPOT
                    else tuple(n for fields in draft.salesforce.values() for n in fields)
                )
                found |= dict.fromkeys(names, draft.link_to)
        return found
