"""Makes `schema.Line`s from lines as written: which fields, which normal form, which way to carry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector.port import FieldKind, FieldSchema, System
from mappings import linechecks
from mappings.conversions import Target, conversion
from mappings.document import Document, Objects
from mappings.faults import FaultList
from mappings.fieldbook import HUBSPOT, SALESFORCE, FieldBook
from mappings.grammar import OWNERS
from mappings.lineform import LineDraft
from mappings.money import in_currency
from mappings.normal import COMPARE_WORDS, normaliser
from mappings.picklists import Picklist, check_picklist, read_picklist
from mappings.projection import advances, known_stage, stage_order
from mappings.schema import (
    Carrier,
    Cell,
    Condition,
    Direction,
    Fault,
    Line,
    Normal,
    Normaliser,
    Reader,
    Side,
)
from mappings.sides import Recipe, never, nothing, of_these, reference, stored
from mappings.source import as_plain, items
from mappings.stages import StageBook
from mappings.transforms import (
    PLAIN_WORDS,
    Locale,
    Transform,
    is_argument,
    plain,
    with_argument,
)

# The first kind that either end has decides how the line compares.
COMPARED_BY_KIND: tuple[tuple[FieldKind, str], ...] = (
    ("bool", "bool"),
    ("set", "set"),
    ("number", "number"),
    ("date", "date"),
    ("datetime", "datetime"),
    ("email", "email"),
    ("phone", "phone"),
    ("url", "url"),
)
# Options that do not change what the line does to a pair, or that its ends say already.
REMARKS = frozenset({"note", "purpose", "mode", "id", "hubspot", "salesforce", "direction"})
LOCAL_COMPARES = frozenset({"date", "datetime", "phone"})


def infer_compare(left: FieldKind, right: FieldKind) -> str:
    """The normal form that fits both live types."""
    if "reference" in {left, right}:
        return "exact"
    for kind, word in COMPARED_BY_KIND:
        if kind in {left, right}:
            return word
    return "text"


def coarser_scale(*schemas: FieldSchema) -> int | None:
    """The coarser scale of the fields that tell one."""
    scales = [schema.scale for schema in schemas if schema.scale is not None]
    return min(scales) if scales else None


def digest(*meaning: object) -> str:
    """A stable hash of what something means."""
    told = json.dumps(meaning, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


@dataclass(slots=True)
class LineMaker:
    """Makes the lines of one document for each Salesforce object."""

    book: FieldBook
    document: Document
    locale: Locale
    faults: FaultList
    # The objects of every mapping of the folder, by its name: what a link may lead to.
    neighbours: Mapping[str, Objects] = field(default_factory=dict)
    # What a line's expressions read, by its id: computed lines are ordered by it.
    wants: dict[str, frozenset[str]] = field(default_factory=dict)
    # Text fields that are shorter than what HubSpot can hold, with their lengths, by object.
    short: dict[str, dict[str, int]] = field(default_factory=dict)

    def lines_for(self, object_name: str) -> list[Line]:
        """Lines that apply to this object, in the order of the file."""
        made: list[Line] = []
        ids: set[str] = set()
        for draft in self.document.lines:
            self._check_objects(draft)
            if not draft.applies_to(object_name):
                continue
            if draft.id in ids:
                self.faults.add("duplicate_line", draft.place, draft.id)
                continue
            ids.add(draft.id)
            line = self._line(draft, object_name)
            if line is not None:
                made.append(line)
        return made

    def _check_objects(self, draft: LineDraft) -> None:
        for name in draft.salesforce:
            if name and name not in self.document.salesforce_objects:
                self.faults.add(
                    "unknown_object", draft.place, name, self.document.salesforce_objects
                )

    def _line(self, draft: LineDraft, object_name: str) -> Line | None:
        ends = {HUBSPOT: draft.hubspot, SALESFORCE: draft.fields_of(object_name)}
        objects = {HUBSPOT: self.document.hubspot_object, SALESFORCE: object_name}
        known = [
            self.book.know(side, objects[side], name, draft.place)
            for side in System
            for name in ends[side]
        ]
        known += [
            self.book.know(side, objects[side], node.text or "", node.place)
            for side in System
            if (node := draft.currency(side)) is not None
        ]
        condition = self._condition(draft)
        if not all([*known, linechecks.check_own_value(draft, self.book, objects)]):
            return None
        schemas = {
            side: tuple(self.book.get(side, objects[side], name) for name in ends[side])
            for side in System
        }
        one = OneLine(self, draft, objects, schemas)
        return one.make(condition)

    def _condition(self, draft: LineDraft) -> Condition | None:
        node = draft.options.get("only_if")
        if node is None or node.text is None:
            return None
        sides = (SALESFORCE, HUBSPOT) if draft.direction == "<-" else (HUBSPOT, SALESFORCE)
        found = self.book.expression(node, *sides)
        if found is None:
            return None
        self.wants[draft.id] = self.wants.get(draft.id, frozenset()) | found.fields
        return found.condition()

    def reader(self, draft: LineDraft, side: System) -> Reader:
        """The expression of a `from:` line over the record of its source side."""
        if draft.source is None or draft.ledger_value is not None:
            return nothing
        found = self.book.expression(draft.source, side)
        if found is None:
            return nothing
        self.wants[draft.id] = self.wants.get(draft.id, frozenset()) | found.fields
        return found.reader()


@dataclass(slots=True)
class OneLine:
    """One line for one Salesforce object. `schemas` holds the fields that each end joins."""

    maker: LineMaker
    draft: LineDraft
    objects: dict[System, str]
    schemas: dict[System, tuple[FieldSchema, ...]]
    picklist: Picklist | None = None
    compare: str = ""
    placeholders: dict[System, Cell] = field(default_factory=dict)
    projected: bool = False

    def make(self, condition: Condition | None) -> Line | None:
        """The line; None where its direction is not even known."""
        draft, faults = self.draft, self.maker.faults
        option = draft.option
        direction = Direction(draft.direction)
        written = draft.option("compare")
        self.compare = written if written in COMPARE_WORDS else self._inferred()
        self.picklist = self._picklist()
        linechecks.check_union(draft, self.compare, faults)
        linechecks.check_currency(self)
        self.projected = linechecks.check_projection(self) and option("projection") == "high_water"
        linechecks.check_ends(self, direction)
        self.placeholders = {side: self._placeholder(side, direction) for side in System}
        return Line(
            id=draft.id,
            hash=self._hash(),
            direction=direction,
            hubspot=self._side(HUBSPOT, direction),
            salesforce=self._side(SALESFORCE, direction),
            both_changed=option("both_changed") or "newest",  # type: ignore[arg-type]  # checked in lineform.py
            first_pairing=option("first_pairing")
            or self.maker.document.text("first_pairing", "fill_blanks"),  # type: ignore[arg-type]  # checked in document.py
            mode=option("mode") or "live",  # type: ignore[arg-type]  # checked in lineform.py
            only_if=condition,
            computed=draft.source is not None and draft.ledger_value is None,
            ledger_value=draft.ledger_value,
            edits=option("edits") or "restore",  # type: ignore[arg-type]  # checked in lineform.py
            link_to=draft.link_to,
            is_set=self.compare == "set",
            purpose=option("purpose"),
            note=option("note"),
            location=f"{draft.place.file}:{draft.place.line}",
        )

    def _picklist(self) -> Picklist | None:
        """The map of `values`, or of the pipelines of a `stages:` block."""
        draft, faults, book = self.draft, self.maker.faults, self.maker.book
        if draft.stages:
            here, there = (book.described(side, self.objects[side]) for side in System)
            stage_field = self.schemas[SALESFORCE][-1].name
            return StageBook(draft, here, there, stage_field, faults).picklist()
        picklist = read_picklist(draft, faults)
        if picklist is not None:
            check_picklist(picklist, draft, self.schemas, faults)
        return picklist

    def kind(self, side: System) -> FieldKind:
        """The kind of an end; an end without a field is of the other's kind, a joined one text."""
        schemas = self.schemas[side] or self.schemas[side.other]
        return schemas[0].kind if len(schemas) == 1 else "text"

    def sources(self, side: System) -> tuple[FieldSchema, ...]:
        """What travels to an end: the fields of the other one, or a value of our own."""
        own = self.draft.own_value
        return self.schemas[side.other] if own is None else (own,)

    def _inferred(self) -> str:
        if self.draft.link_to is not None:
            return "exact"
        return infer_compare(self.kind(HUBSPOT), self.kind(SALESFORCE))

    def _scale(self) -> int | None:
        return coarser_scale(*self.schemas[HUBSPOT], *self.schemas[SALESFORCE])

    def _side(self, side: System, direction: Direction) -> Side:
        schemas = self.schemas[side]
        names = tuple(schema.name for schema in schemas)
        return Side(
            fields=names,
            read=self._reader(side, names),
            normal=self._normal(side),
            carry=self._carrier(side) if names and direction.goes_to(side) else never,
            when_blank=self._when_blank(side),  # type: ignore[arg-type]  # checked in lineform.py
            may_be_blank=not any(schema.required for schema in schemas),
            placeholder=self.placeholders[side] if self._fills(side, direction) else None,
            createable=all(schema.createable for schema in schemas),
            updateable=all(schema.updateable for schema in schemas),
            admits=self._admits(side),
        )

    def _reader(self, side: System, names: tuple[str, ...]) -> Reader:
        if not names:
            return self.maker.reader(self.draft, side)
        currency = self.draft.currency(side)
        read = stored(names)
        partners = self.maker.neighbours.get(self.draft.link_to or "")
        if side is SALESFORCE and partners is not None:
            return of_these(read, partners.salesforce)
        return read if currency is None else in_currency(read, currency.text or "")

    def _admits(self, side: System) -> Callable[[Cell, Cell], bool] | None:
        """With `high_water` a lifecycle stage in HubSpot only takes later ones."""
        if side is SALESFORCE or not self.projected:
            return None
        return advances(stage_order(self.schemas[HUBSPOT][0]))

    def _fills(self, side: System, direction: Direction) -> bool:
        """Whether `if_empty_on_create` is written there: to the end that needs it, if one does."""
        if direction is not Direction.BOTH:
            return direction.goes_to(side)
        needs = {s: any(schema.required for schema in self.schemas[s]) for s in System}
        return needs[side] or not needs[side.other]

    def _normal(self, side: System) -> Normaliser:
        """The normal form; the placeholder of `if_empty_on_create` counts as blank."""
        normal = normaliser(
            self.compare,
            timezone=self.maker.locale.timezone,
            region=self.maker.locale.region,
            scale=self._scale(),
            kind=self.kind(side),
        )
        empty = normal(self.placeholders[side])
        if empty is None:
            return normal

        def blank_or_normal(cell: Cell) -> Normal:
            found = normal(cell)
            return None if found == empty else found

        return blank_or_normal

    def _placeholder(self, side: System, direction: Direction) -> Cell:
        """`if_empty_on_create` as this end stores it. On the source side it counts as blank, too."""
        written = self.draft.option("if_empty_on_create")
        if written is None or len(self.schemas[side]) != 1:
            return None
        stored_as = conversion(self.target(side))(written)
        if not isinstance(stored_as, Fault):
            return stored_as
        if direction.goes_to(side):
            self.maker.faults.add(
                "bad_default",
                self.draft.at("if_empty_on_create"),
                written,
                [option.value for option in self.schemas[side][0].options],
                field=f"{self.objects[side]}.{self.schemas[side][0].name}",
            )
        return None

    def _when_blank(self, side: System) -> str:
        if self.draft.link_to == OWNERS:
            return "keep"
        return self.draft.towards("when_blank", side.value) or "clear"

    def targets(self, side: System) -> tuple[Target, ...]:
        """The fields of an end as targets of values from the other end."""
        locale, own = self.maker.locale, self.draft.own_value
        kind = self.kind(side.other) if own is None else own.kind
        return tuple(
            Target(side, self.objects[side], one, kind, locale.timezone, locale.language)
            for one in self.schemas[side]
        )

    def target(self, side: System) -> Target:
        """The one field of an end that joins no others."""
        return self.targets(side)[0]

    def _carrier(self, side: System) -> Carrier:
        """How a value of the other end becomes a value of this one."""
        draft = self.draft
        if draft.link_to is not None:
            otherwise = draft.towards("otherwise", side.value)
            return reference(draft.link_to, self.target(side), otherwise)
        values = None
        if self.picklist is not None:
            each = self.kind(side.other) == "set" or self.compare == "set"
            width = len(self.schemas[side])
            values = self.picklist.towards(side, draft, each=each, width=width)
        has_placeholder = self.placeholders[side.other] is not None
        carry = Recipe(
            targets=self.targets(side),
            transforms=tuple(self._transforms(side)),
            values=values,
            source_normal=self._normal(side.other) if has_placeholder else None,
        ).carrier()
        if self._admits(side) is None:
            return carry
        return known_stage(carry, stage_order(self.schemas[side][0]), self.target(side))

    def _transforms(self, side: System) -> list[Transform]:
        made: list[Transform] = []
        for node in items(self.draft.options.get(f"to_{side.value}"), FaultList(), single=True):
            # What is no transform is among the faults already.
            if node.text in PLAIN_WORDS:
                made.append(plain(node.text, self.maker.locale))
            elif isinstance(node.value, dict):
                made += [
                    with_argument(key, argument.text)
                    for key, argument in node.value.items()
                    if argument.text is not None and is_argument(key, argument.text)
                ]
        return made

    def _hash(self) -> str:
        locale = self.maker.locale
        local = [locale.timezone, locale.region] if self.compare in LOCAL_COMPARES else []
        return digest(
            self.draft.direction,
            [[s.name for s in self.schemas[side]] for side in System],
            [[s.kind for s in self.schemas[side]] for side in System],
            self.draft.link_to,
            {k: as_plain(n) for k, n in self.draft.options.items() if k not in REMARKS},
            self.compare,
            self._scale(),
            local,
            *self._looked_up(),
        )[:24]

    def _looked_up(self) -> list[object]:
        """What the live systems said about words of the line: it is part of what the line means."""
        found: list[object] = []
        if self.draft.stages and self.picklist is not None:
            found += [[dict(self.picklist.to[side]) for side in System]]
        if self.projected:
            found += [stage_order(self.schemas[HUBSPOT][0])]
        return found
