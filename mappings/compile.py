"""From mapping files to `schema.Mapping`: fields looked up, kinds inferred, closures made, once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.port import System
from mappings.document import Document, as_plain, entries, items, read_document
from mappings.faults import FaultList, MappingFault
from mappings.fieldbook import FieldBook, Schemas
from mappings.linemaker import LineMaker
from mappings.matching import (
    EQUALS,
    MORE_EMAILS,
    NATIVE_IDS,
    KeyPart,
    Keys,
    addresses,
    ignored,
    match_rule,
    native_rule,
)
from mappings.normal import normaliser
from mappings.schema import (
    Condition,
    ConsentLine,
    CreateRule,
    Limits,
    MatchRule,
    ObjectLines,
    TestCase,
    WhenDeleted,
)
from mappings.schema import Mapping as FieldMapping
from mappings.source import Node, read_folder
from mappings.transforms import Locale

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
DEFAULT_KEYS = {HUBSPOT: "salesforce_id", SALESFORCE: "HubSpot_Id__c"}
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Compiled:
    """All mappings of a folder, those that others refer to first, and what deserves a look."""

    mappings: tuple[FieldMapping, ...]
    warnings: tuple[MappingFault, ...]


def objects_needed(folder: Path) -> set[tuple[System, str]]:
    """The objects that the mappings of a folder speak of: what has to be described."""
    faults = FaultList()
    found: set[tuple[System, str]] = set()
    for _, root in read_folder(folder, faults):
        document = read_document(root, faults)
        if document is not None:
            found.add((HUBSPOT, document.hubspot_object))
            found |= {(SALESFORCE, name) for name in document.salesforce_objects}
    return found


def compile_folder(folder: Path, schemas: Schemas | None, locale: Locale) -> Compiled:
    """Compile every mapping of a folder; raises `MappingFaults` with all faults of all files.

    Without `schemas` (offline) standard fields are known by name and everything else is text.
    """
    faults = FaultList()
    documents = [
        document
        for _, root in read_folder(folder, faults)
        if (document := read_document(root, faults)) is not None
    ]
    _check_names(documents, faults)
    made = [_Compiler(document, schemas, locale, faults).mapping() for document in documents]
    _check_writers(documents, made, faults)
    faults.raise_if_any()
    ordered = _in_order(documents, made, faults)
    faults.raise_if_any()
    return Compiled(tuple(ordered), tuple(faults.warnings))


def missing_keys(compiled: Compiled, schemas: Schemas) -> list[tuple[System, str, str]]:
    """External-key fields that the live systems lack: (system, object, field)."""
    return [
        (system, name, mapping.keys[system])
        for mapping in compiled.mappings
        for system in System
        for name in mapping.objects_of(system)
        if (known := schemas.get((system, name))) is not None
        and mapping.keys[system] not in known.fields
    ]


def _check_names(documents: Iterable[Document], faults: FaultList) -> None:
    first: dict[str, Document] = {}
    for document in documents:
        known = first.setdefault(document.name, document)
        if known is not document:
            faults.add("duplicate_name", document.place, document.name, other=known.place.file)


def _check_writers(
    documents: Iterable[Document], made: Iterable[FieldMapping], faults: FaultList
) -> None:
    """Each (system, object, field) has one writer over all files."""
    writers: dict[tuple[System, str, str], str] = {}
    for document, mapping in zip(documents, made, strict=True):
        drafts = {draft.id: draft for draft in document.lines}
        told: set[str] = set()
        for name, lines in mapping.objects.items():
            for line in lines.lines:
                for system in System:
                    if not line.direction.goes_to(system):
                        continue
                    object_name = mapping.hubspot_object if system is HUBSPOT else name
                    for api_name in line.side(system).fields:
                        target = (system, object_name, api_name)
                        here = f"{mapping.name}.{line.id}"
                        other = writers.setdefault(target, here)
                        if other != here and line.id not in told:
                            told.add(line.id)
                            found = f"{system.value} {object_name}.{api_name}"
                            faults.add("two_writers", drafts[line.id].place, found, other=other)


def _in_order(
    documents: list[Document], made: list[FieldMapping], faults: FaultList
) -> list[FieldMapping]:
    """Mappings that others refer to come first; a circle is a fault."""
    by_name = {mapping.name: mapping for mapping in made}
    ordered: list[FieldMapping] = []
    state: dict[str, str] = {}

    def visit(mapping: FieldMapping, road: tuple[str, ...]) -> None:
        if state.get(mapping.name) == "done":
            return
        if mapping.name in road:
            place = next(d.place for d in documents if d.name == mapping.name)
            faults.add("cycle", place, " -> ".join([*road, mapping.name]))
            return
        for name in mapping.depends_on:
            if name in by_name:
                visit(by_name[name], (*road, mapping.name))
        state[mapping.name] = "done"
        ordered.append(mapping)

    for mapping in made:
        visit(mapping, ())
    return ordered


@dataclass(slots=True)
class _Compiler:
    """Compiles one document."""

    document: Document
    schemas: Schemas | None
    locale: Locale
    faults: FaultList
    book: FieldBook = field(init=False)

    def __post_init__(self) -> None:
        self.book = FieldBook(self.document, self.schemas, self.faults)

    def mapping(self) -> FieldMapping:
        """Everything together; faults are noted on the way."""
        document, keys = self.document, self._keys()
        maker = LineMaker(self.book, document, self.locale, self.faults)
        objects = {
            name: ObjectLines(
                salesforce_object=name,
                lines=maker.lines_for(name),
                consent=self._consent(name),
            )
            for name in document.salesforce_objects
        }
        only = {
            System(side): condition
            for side, node in self._sides("only").items()
            if (condition := self._condition(node, System(side))) is not None
        }
        match, several, patterns = self._match()
        create_in_salesforce = self._create("in_salesforce", HUBSPOT)
        create_in_hubspot = self._create("in_hubspot", SALESFORCE)
        maker.check_required([rule.object for rule in create_in_salesforce])
        for system, name in list(self.book.reads):
            self.book.read_if_there(system, name, keys[system])
        address = self._addresses()
        if "Lead" in document.salesforce_objects:
            self.book.read_if_there(SALESFORCE, "Lead", "IsConverted")
        return FieldMapping(
            name=document.name,
            hash=self._hash(objects, keys),
            mode=document.text("mode", "live"),  # type: ignore[arg-type]  # checked in document.py
            hubspot_object=document.hubspot_object,
            salesforce_objects=document.salesforce_objects,
            only=only,
            match=tuple(match),
            match_ignore=ignored(patterns),
            several=several,  # type: ignore[arg-type]  # checked in document.py
            first_pairing=document.text("first_pairing", "fill_blanks"),  # type: ignore[arg-type]  # likewise
            create_in_salesforce=tuple(create_in_salesforce),
            create_in_hubspot=tuple(create_in_hubspot),
            when_deleted_in=self._when_deleted(),
            limits=self._limits(),
            keys=keys,
            objects=objects,
            fields={key: tuple(sorted(names)) for key, names in self.book.reads.items()},
            address=address,
            depends_on=tuple(
                dict.fromkeys(
                    draft.link_to
                    for draft in document.lines
                    if draft.link_to is not None and draft.link_to != "owners"
                )
            ),
            volatile=self.book.volatile,
            tests=self._tests(),
            path=document.place.file,
        )

    def _sides(self, key: str) -> dict[str, Node]:
        node = self.document.blocks.get(key)
        return entries(node, ("hubspot", "salesforce"), self.faults) or {}

    def _condition(self, node: Node, side: System) -> Condition | None:
        found = self.book.expression(node, side)
        return None if found is None else found.condition()

    def _keys(self) -> dict[System, str]:
        written = self._sides("keys")
        return {
            side: (written[side.value].text if side.value in written else None)
            or DEFAULT_KEYS[side]
            for side in System
        }

    def _consent(self, object_name: str) -> tuple[ConsentLine, ...]:
        found = []
        for name, (left, right, place) in self.document.consent.items():
            here = self.book.know(HUBSPOT, self.document.hubspot_object, left, place)
            there = self.book.know(SALESFORCE, object_name, right, place)
            if here and there:
                found.append(ConsentLine(id=name, hubspot=left, salesforce=right))
        return tuple(found)

    def _match(self) -> tuple[list[MatchRule], str, list[str]]:
        rules = []
        for node, suggest in self.document.match:
            if node.text == "native ids":
                hubspot_object = self.document.hubspot_object
                self.book.read_if_there(HUBSPOT, hubspot_object, *NATIVE_IDS)
                rules.append(native_rule())
                continue
            parts = [
                part
                for one in (items(node, self.faults) if node.text is None else [node])
                if (part := self._key_part(one)) is not None
            ]
            if parts:
                rules.append(match_rule(node.shown(), parts, suggest=suggest))
        block = self.document.blocks.get("match")
        written = block.value if block is not None and isinstance(block.value, dict) else {}
        several = written["several"].text if "several" in written else "park"
        patterns = [n.text for n in items(written.get("ignore"), self.faults) if n.text]
        return rules, several or "park", patterns

    def _key_part(self, node: Node) -> KeyPart | None:
        found = EQUALS.match(node.text or "")
        if found is None:
            self.faults.add("bad_expression", node.place, node.shown(), why="write `a = B`")
            return None
        left, right = found.groups()
        name, dot, rest = right.partition(".")
        objects = [name] if dot else list(self.document.salesforce_objects)
        if dot and name not in self.document.salesforce_objects:
            self.faults.add("unknown_object", node.place, name, self.document.salesforce_objects)
            return None
        api_name = rest if dot else right
        self.book.know(HUBSPOT, self.document.hubspot_object, left, node.place)
        if left == "email":
            self.book.read_if_there(HUBSPOT, self.document.hubspot_object, MORE_EMAILS)
        good = [o for o in objects if self.book.know(SALESFORCE, o, api_name, node.place)]
        kind = self.book.kind(HUBSPOT, self.document.hubspot_object, left)
        word = {"email": "email", "phone": "phone", "url": "domain"}.get(kind, "ci")
        word = {"domain": "domain", "name": "company", "company": "company"}.get(left, word)
        normal = normaliser(word, timezone=self.locale.timezone, region=self.locale.region)
        return KeyPart(left, dict.fromkeys(good, api_name), normal) if good else None

    def _create(self, key: str, source: System) -> list[CreateRule]:
        block = entries(
            self.document.blocks.get("create"), ("in_salesforce", "in_hubspot"), self.faults
        )
        node = (block or {}).get(key)
        if node is None or node.text == NEVER:
            return []
        targets = self.book.objects(source.other)
        if node.text is not None:
            if node.text not in targets:
                self.faults.add("not_allowed", node.place, node.text, (*targets, NEVER))
                return []
            return [CreateRule(node.text)]
        rules = []
        for item in items(node, self.faults):
            written = entries(item, ("as", "when"), self.faults) or {}
            name = written["as"].text if "as" in written else None
            if name not in targets:
                self.faults.add("not_allowed", item.place, name or item.shown(), targets)
                continue
            when = self._condition(written["when"], source) if "when" in written else None
            rules.append(CreateRule(name, when))
        return rules

    def _when_deleted(self) -> dict[System, WhenDeleted]:
        found: dict[System, WhenDeleted] = dict.fromkeys(System, "unlink")
        for side, node in self._sides("when_deleted_in").items():
            if node.text == "delete":
                self.faults.add("deletions_not_followed", node.place, "delete", ("unlink", "park"))
            elif node.text == "park":
                found[System(side)] = "park"
            elif node.text != "unlink":
                allowed = ("unlink", "delete", "park")
                self.faults.add("not_allowed", node.place, node.shown(), allowed)
        return found

    def _limits(self) -> Limits:
        block = entries(
            self.document.blocks.get("limits"), ("creates", "deletes", "blanked"), self.faults
        )
        numbers: dict[str, int] = {}
        for name, node in (block or {}).items():
            if not (node.text or "").isdigit():
                self.faults.add("wrong_type", node.place, node.shown(), expected="a number")
                continue
            numbers[name] = int(node.text or "0")
        return Limits(**numbers)

    def _addresses(self) -> dict[tuple[System, str], Keys]:
        """Whose opt-outs follow the address: contacts, and Salesforce objects with an e-mail."""
        found: dict[tuple[System, str], Keys] = {}
        if not self.document.consent:
            return found
        for system, name in self.book.reads:
            api_name = "email" if system is HUBSPOT else "Email"
            schema = (self.schemas or {}).get((system, name))
            if schema is not None and api_name not in schema.fields:
                continue
            self.book.read_if_there(system, name, api_name)
            if system is HUBSPOT:
                self.book.read_if_there(system, name, MORE_EMAILS)
            found[system, name] = addresses(system, api_name)
        return found

    def _tests(self) -> tuple[TestCase, ...]:
        return tuple(
            TestCase(
                name=str((as_plain(node) or {}).get("name", "")),
                spec=as_plain(node) or {},
                location=f"{node.place.file}:{node.place.line}",
            )
            for node in items(self.document.blocks.get("tests"), self.faults)
            if isinstance(node.value, dict)
        )

    def _hash(self, objects: Mapping[str, ObjectLines], keys: Mapping[System, str]) -> str:
        """Changes with every meaning of the file, not with comments, notes or tests."""
        meaning = {
            key: as_plain(node)
            for key, node in self.document.blocks.items()
            if key not in {"tests", "limits", "fields", "links"}
        }
        lines = {name: [line.hash for line in found.lines] for name, found in objects.items()}
        told = json.dumps(
            [meaning, lines, {side.value: name for side, name in keys.items()}], sort_keys=True
        )
        return hashlib.sha256(told.encode()).hexdigest()
