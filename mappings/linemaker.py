"""Makes `schema.Line`s from lines as written: which fields, which normal form, which way to carry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from connector.port import FieldKind, FieldSchema, System
from mappings.document import Document, LineDraft, as_plain, items
from mappings.faults import FaultList
from mappings.fieldbook import FieldBook
from mappings.normal import normaliser, text
from mappings.schema import Carrier, Cell, Direction, Line, Normal, Normaliser, Reader, Side
from mappings.sides import (
    Target,
    blank_cell,
    chain,
    reference,
    stored,
    transformed,
    typed,
    value_map,
)
from mappings.source import Node
from mappings.transforms import Locale, Transform, plain, with_argument

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
LEDGER = "kakehashi."
# Options that do not change what a line means.
REMARKS = frozenset({"note", "purpose", "mode"})
# Fields that HubSpot's own Salesforce app writes.
APP_FIELDS = ("salesforce", "hs_salesforce")


@dataclass(slots=True)
class LineMaker:
    """Makes the lines of one document for each Salesforce object."""

    fields: FieldBook
    document: Document
    locale: Locale
    faults: FaultList

    def lines_for(self, object_name: str) -> tuple[Line, ...]:
        """Lines that apply to this object; computed ones last, as they see the planned record."""
        made: list[Line] = []
        ids: set[str] = set()
        for draft in self.document.lines:
            if not self._applies(draft, object_name):
                continue
            if draft.id in ids:
                self.faults.add("duplicate_line", draft.place, draft.id)
                continue
            ids.add(draft.id)
            line = self._line(draft, object_name)
            if line is not None:
                made.append(line)
        return tuple(sorted(made, key=lambda line: line.computed or bool(line.ledger_value)))

    def _applies(self, draft: LineDraft, object_name: str) -> bool:
        for name in draft.salesforce:
            if name and name not in self.document.salesforce_objects:
                first = object_name == self.document.salesforce_objects[0]
                if first:
                    allowed = self.document.salesforce_objects
                    self.faults.add("unknown_object", draft.place, name, allowed)
        return not draft.salesforce or bool({"", object_name} & draft.salesforce.keys())

    def _line(self, draft: LineDraft, object_name: str) -> Line | None:
        hubspot = draft.hubspot
        salesforce = draft.salesforce.get(object_name) or draft.salesforce.get("", ())
        good = [
            self.fields.know(HUBSPOT, self.document.hubspot_object, n, draft.place) for n in hubspot
        ] + [self.fields.know(SALESFORCE, object_name, n, draft.place) for n in salesforce]
        if not all(good):
            return None
        maker = _OneLine(self, draft, object_name, hubspot, salesforce)
        return maker.make()

    def check_required(self, created: Sequence[str]) -> None:
        """Fields that an object needs on create must have a line that fills them."""
        for object_name in created:
            schema = (self.fields.schemas or {}).get((SALESFORCE, object_name))
            if schema is None:
                continue
            filled = {
                name
                for draft in self.document.lines
                if draft.direction in {"<->", "->"}
                for name in draft.salesforce.get(object_name, draft.salesforce.get("", ()))
            }
            for name, field in schema.fields.items():
                if field.required and field.createable and name not in filled:
                    self.faults.add(
                        "required_without_source",
                        self.document.place,
                        name,
                        object=object_name,
                    )


@dataclass(slots=True)
class _OneLine:
    """One line for one object."""

    maker: LineMaker
    draft: LineDraft
    object_name: str
    hubspot: tuple[str, ...]
    salesforce: tuple[str, ...]

    def names(self, side: System) -> tuple[str, ...]:
        return self.hubspot if side is HUBSPOT else self.salesforce

    def object_of(self, side: System) -> str:
        return self.maker.document.hubspot_object if side is HUBSPOT else self.object_name

    def schema(self, side: System) -> FieldSchema | None:
        names = self.names(side)
        if len(names) != 1:
            return None
        return self.maker.fields.schema_of(side, self.object_of(side), names[0])

    def kind(self, side: System) -> FieldKind:
        names = self.names(side)
        if not names:
            return self.kind(side.other)
        return self.maker.fields.kind(side, self.object_of(side), names[0])

    def make(self) -> Line | None:
        draft, faults = self.draft, self.maker.faults
        direction = Direction(draft.direction or "<->")
        compare = draft.option("compare") or self._compare()
        if draft.option("both_changed") == "union" and "set" not in {
            self.kind(HUBSPOT),
            self.kind(SALESFORCE),
        }:
            faults.add("union_needs_set", draft.place, draft.id)
        self._check_link()
        source = draft.source
        is_ledger = source is not None and source.startswith(LEDGER)
        computed = source is not None and not is_ledger
        only_if = draft.options.get("only_if")
        condition = None
        if only_if is not None:
            side = SALESFORCE if direction is Direction.TO_HUBSPOT else HUBSPOT
            found = self.maker.fields.expression(only_if, side)
            condition = None if found is None else found.condition()
        option = draft.option
        return Line(
            id=draft.id,
            hash=self._hash(compare),
            direction=direction,
            hubspot=self._side(HUBSPOT, direction, compare),
            salesforce=self._side(SALESFORCE, direction, compare),
            both_changed=option("both_changed") or "newest",  # type: ignore[arg-type]  # checked in document.py
            first_pairing=option("first_pairing")
            or self.maker.document.text("first_pairing", "fill_blanks"),  # type: ignore[arg-type]  # likewise
            mode=option("mode") or "live",  # type: ignore[arg-type]  # likewise
            only_if=condition,
            computed=computed,
            ledger_value=source.removeprefix(LEDGER) if is_ledger and source else None,
            edits=option("edits") or "restore",  # type: ignore[arg-type]  # likewise
            link_to=draft.link_to,
            is_set=compare == "set",
            purpose=option("purpose"),
            note=option("note"),
            location=f"{draft.place.file}:{draft.place.line}",
        )

    def _check_link(self) -> None:
        to = self.draft.link_to
        if to is not None and to not in {"companies", "owners"}:
            node = self.draft.options["to"]
            self.maker.faults.add("later", node.place, to)

    def _compare(self) -> str:
        """The normal form that fits both live types."""
        kinds = {self.kind(HUBSPOT), self.kind(SALESFORCE)}
        if self.draft.link_to is not None:
            return "exact"
        for word in ("bool", "set", "number", "date", "datetime", "email", "phone", "url"):
            if word in kinds:
                return word
        return "text"

    def _scale(self) -> int | None:
        """The coarser scale of the two systems, where they tell."""
        scales = [s.scale for side in System if (s := self.schema(side)) and s.scale is not None]
        return min(scales) if scales else None

    def _side(self, side: System, direction: Direction, compare: str) -> Side:
        names = self.names(side)
        schema = self.schema(side)
        word = compare
        normal = normaliser(
            word,
            timezone=self.maker.locale.timezone,
            region=self.maker.locale.region,
            scale=self._scale(),
        )
        placeholder = self._placeholder(side, direction)
        target = direction.goes_to(side) and bool(names)
        if target:
            self._check_target(side)
        return Side(
            fields=names,
            read=self._reader(side),
            normal=_blank_too(normal, placeholder),
            carry=self._carrier(side) if names else chain([_as_it_is]),
            when_blank=self._when_blank(side),  # type: ignore[arg-type]  # checked in document.py
            may_be_blank=not self._required(side),
            placeholder=placeholder,
            createable=schema is None or schema.createable,
            updateable=schema is None or schema.updateable,
        )

    def _required(self, side: System) -> bool:
        return any(
            self.maker.fields.required(side, self.object_of(side), n) for n in self.names(side)
        )

    def _placeholder(self, side: System, direction: Direction) -> Cell:
        """`if_empty_on_create` serves the side that needs it; if none does, every target."""
        written = self.draft.option("if_empty_on_create")
        if written is None or not direction.goes_to(side) or not self.names(side):
            return None
        if direction is Direction.BOTH and self._required(side.other) and not self._required(side):
            return None
        return written

    def _when_blank(self, side: System) -> str:
        if self.draft.link_to == "owners":
            return "keep"
        return self._by_direction("when_blank", side) or "clear"

    def _by_direction(self, key: str, side: System) -> str | None:
        node = self.draft.options.get(key)
        if node is not None and isinstance(node.value, dict):
            chosen = node.value.get(f"to_{side.value}")
            return None if chosen is None else chosen.text
        return None if node is None else node.text

    def _reader(self, side: System) -> Reader:
        draft = self.draft
        names = self.names(side)
        if names:
            return stored(names)
        if draft.source is None or draft.source.startswith(LEDGER):
            return blank_cell
        node = draft.options["from"]
        found = self.maker.fields.expression(node, side, text=draft.source)
        return blank_cell if found is None else found.reader()

    def _carrier(self, side: System) -> Carrier:
        """How a value of the other side becomes a value of this side."""
        names = self.names(side)
        label = f"{side.value} {self.object_of(side)}.{'+'.join(names)}"
        target = Target(side, label, self.kind(side), self.schema(side))
        otherwise = self._by_direction("otherwise", side)
        if self.draft.link_to is not None:
            default = "keep" if self.draft.link_to == "owners" else "wait"
            return reference(self.draft.link_to, side, otherwise or default)
        steps: list[Carrier] = []
        pairs = self._pairs(side)
        if pairs:
            steps.append(value_map(pairs, otherwise or "park", target, len(names)))
        transforms = self._transforms(side)
        if transforms:
            steps.append(transformed(transforms))
        steps.append(typed(target, self.maker.locale))
        return chain(steps)

    def _pairs(self, side: System) -> dict[str, str]:
        node = self.draft.options.get("values")
        if node is None or not isinstance(node.value, dict):
            return {}
        forward = {key: value.text or "" for key, value in node.value.items()}
        backward: dict[str, str] = {}
        for key, value in forward.items():
            if value in backward and self.draft.direction == "<->" and side is SALESFORCE:
                self.maker.faults.add("not_one_to_one", node.place, value)
            backward.setdefault(value, key)
        self._check_pass(node, forward, backward, side)
        self._check_options(node, forward, backward, side)
        return forward if side is SALESFORCE else backward

    def _check_pass(
        self, node: Node, forward: dict[str, str], backward: dict[str, str], side: System
    ) -> None:
        """A value passed on as it is must not be taken for a mapped one on its way back."""
        if self.draft.direction != "<->" or self._by_direction("otherwise", side) != "pass":
            return
        results, sources = (
            (forward.values(), forward) if side is SALESFORCE else (backward.values(), backward)
        )
        for value in results:
            if value not in sources:
                self.maker.faults.add("pass_not_one_to_one", node.place, value)

    def _check_options(
        self, node: Node, forward: dict[str, str], backward: dict[str, str], side: System
    ) -> None:
        schema = self.schema(side)
        if schema is None or not schema.closed or not schema.options:
            return
        allowed = [option.value for option in schema.options]
        for value in forward.values() if side is SALESFORCE else backward.values():
            if value not in allowed and self.draft.direction in {"<->", _arrow_to(side)}:
                self.maker.faults.add(
                    "unknown_option",
                    node.place,
                    value,
                    allowed,
                    system=side.value,
                    field=schema.name,
                )

    def _transforms(self, side: System) -> list[Transform]:
        made: list[Transform] = []
        for node in items(self.draft.options.get(f"to_{side.value}"), FaultList()):
            if node.text is not None:
                made.append(plain(node.text, self.maker.locale))
            elif isinstance(node.value, dict):
                made += [with_argument(key, n.text or "") for key, n in node.value.items()]
        return made

    def _check_target(self, side: System) -> None:
        draft, faults = self.draft, self.maker.faults
        for name in self.names(side):
            schema = self.maker.fields.schema_of(side, self.object_of(side), name)
            if side is HUBSPOT and name.startswith(APP_FIELDS):
                faults.warn("salesforce_app_field", draft.place, name)
            if schema is None:
                continue
            if not schema.updateable and not schema.createable:
                faults.add(
                    "read_only",
                    draft.place,
                    name,
                    system=side.value,
                    object=self.object_of(side),
                )
            self._check_length(side, schema)

    def _check_length(self, side: System, schema: FieldSchema) -> None:
        """A text that may be longer than its target: a fault where the source's length is known."""
        source = self.schema(side.other)
        cut = any(
            "truncate" in str(as_plain(n)) for n in [self.draft.options.get(f"to_{side.value}")]
        )
        if schema.length is None or cut or self._pairs_given():
            return
        if schema.kind not in {"text", "long_text", "email", "url", "phone"}:
            return
        longest = None if source is None else source.length
        if longest is not None and schema.length < longest < 60_000 and side is HUBSPOT:
            self.maker.faults.add(
                "too_short",
                self.draft.place,
                schema.name,
                length=str(schema.length),
                source=str(longest),
            )

    def _pairs_given(self) -> bool:
        return "values" in self.draft.options or self.draft.link_to is not None

    def _hash(self, compare: str) -> str:
        options = {k: as_plain(n) for k, n in self.draft.options.items() if k not in REMARKS}
        meaning = [
            self.draft.direction,
            self.hubspot,
            self.salesforce,
            self.draft.source,
            self.draft.link_to,
            options,
            compare,
            self.kind(HUBSPOT),
            self.kind(SALESFORCE),
            self._scale(),
        ]
        told = json.dumps(meaning, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:24]


def _arrow_to(side: System) -> str:
    return "->" if side is SALESFORCE else "<-"


def _as_it_is(cell: Cell, _context: object) -> Cell:
    return cell


def _blank_too(normal: Normaliser, placeholder: Cell) -> Normaliser:
    """The placeholder counts as blank when it is read back."""
    if placeholder is None:
        return normal
    empty = text(str(placeholder))

    def blank_or_normal(cell: Cell) -> Normal:
        return None if isinstance(cell, str) and text(cell) == empty else normal(cell)

    return blank_or_normal
