"""A mapping file as written: its blocks and lines, checked for keys and types but not for fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from connector.port import System
from mappings import grammar
from mappings.faults import FaultList, Place
from mappings.lineform import LineDraft, read_line
from mappings.relationform import RelationDraft, check_between, is_relation, read_relation
from mappings.source import Node, choice, entries, items
from mappings.stageform import read_stages


class Objects(NamedTuple):
    """The objects of a mapping: HubSpot has one, Salesforce one or several."""

    hubspot: str
    salesforce: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentDraft:
    """One kind of consent as written. `evidence` maps a side to (what -> the node of its field)."""

    place: Place
    name: str
    hubspot: str
    salesforce: str
    evidence: dict[str, dict[str, Node]] | None = None


@dataclass(slots=True)
class Document:
    """A mapping file as written. `relation` is set where it is about ties instead of records."""

    place: Place
    name: str = ""
    hubspot_object: str = ""
    salesforce_objects: tuple[str, ...] = ()
    blocks: dict[str, Node] = field(default_factory=dict)
    lines: list[LineDraft] = field(default_factory=list)
    consent: list[ConsentDraft] = field(default_factory=list)
    match: list[tuple[Node, bool]] = field(default_factory=list)
    relation: RelationDraft | None = None

    @property
    def objects(self) -> Objects:
        return Objects(self.hubspot_object, self.salesforce_objects)

    def only(self, side: System) -> str | None:
        """The condition of one side, as written."""
        block = entries(self.blocks.get("only"), None, FaultList()) or {}
        node = block.get(side.value)
        return None if node is None else node.text

    def text(self, key: str, default: str) -> str:
        """The text of a top-level block."""
        node = self.blocks.get(key)
        return default if node is None or node.text is None else node.text

    def place_of(self, key: str) -> Place:
        """Where a block stands, or the file's beginning."""
        return self.blocks[key].place if key in self.blocks else self.place


def read_document(root: Node, faults: FaultList) -> Document | None:
    """Check the shape of a file; None where nothing sensible can be read on."""
    blocks = entries(root, grammar.TOP_KEYS, faults)
    if blocks is None:
        return None
    document = Document(place=root.place, blocks=blocks)
    document.name = _required_text(root, blocks, "name", faults)
    check_version(root, blocks.get("version"), faults)
    choice(blocks, "mode", grammar.MODES, faults)
    choice(blocks, "first_pairing", grammar.FIRST_PAIRING, faults)
    choice(blocks, "duplicates", grammar.DUPLICATES, faults)
    if is_relation(blocks):
        document.relation = read_relation(blocks, faults)
    elif grammar.WHEN_ENDED_KEY in blocks:
        node = blocks[grammar.WHEN_ENDED_KEY]
        faults.add("only_for_relations", node.place, grammar.WHEN_ENDED_KEY)
    good = _read_between(root, document, faults)
    stages = read_stages(
        blocks.get("stages"), document.hubspot_object, document.salesforce_objects, faults
    )
    document.lines += [] if stages is None else [stages]
    for key, with_links in (("fields", False), ("links", True)):
        for node in items(blocks.get(key), faults):
            line = read_line(node, faults, link=with_links)
            if line is not None:
                document.lines.append(line)
    _read_consent(document, faults)
    _read_match(document, faults)
    if good:
        _check_tests(document, faults)
    return document if good and is_relation(blocks) == (document.relation is not None) else None


def check_version(root: Node, version: Node | None, faults: FaultList) -> None:
    """Every file says which version of its language it is written in."""
    if version is None:
        faults.add("missing_key", root.place, "version")
    elif version.text != "1":
        faults.add("bad_version", version.place, version.shown())


def _required_text(root: Node, blocks: dict[str, Node], key: str, faults: FaultList) -> str:
    node = blocks.get(key)
    if node is None:
        faults.add("missing_key", root.place, key)
        return root.place.path[0] if root.place.path else ""
    if node.text is None:
        faults.add("wrong_type", node.place, node.shown(), expected="=text")
        return ""
    return node.text


def _read_between(root: Node, document: Document, faults: FaultList) -> bool:
    node = document.blocks.get("between")
    if node is None:
        faults.add("missing_key", root.place, "between")
        return False
    sides = entries(node, grammar.SIDES, faults)
    if sides is None:
        return False
    for side in grammar.SIDES:
        if side not in sides:
            faults.add("missing_key", node.place, side)
    if len(sides) < len(grammar.SIDES):
        return False
    hubspot, salesforce = sides["hubspot"], sides["salesforce"]
    names = items(salesforce, faults, single=True)
    for one in (hubspot, *names):
        if one.text is None:
            faults.add("wrong_type", one.place, one.shown(), expected="=an_object")
    if not check_between(hubspot, names, faults, relation=is_relation(document.blocks)):
        return False
    if not names:
        faults.add("wrong_type", salesforce.place, salesforce.shown(), expected="=an_object")
    document.hubspot_object = hubspot.text or ""
    document.salesforce_objects = tuple(dict.fromkeys(n.text for n in names if n.text))
    return bool(document.hubspot_object and document.salesforce_objects)


def _read_consent(document: Document, faults: FaultList) -> None:
    for name, node in (entries(document.blocks.get("consent"), None, faults) or {}).items():
        sides = entries(node, grammar.CONSENT_KEYS, faults) or {}
        texts = [sides[side].text if side in sides else None for side in grammar.SIDES]
        for side, text in zip(grammar.SIDES, texts, strict=True):
            if text is None:
                faults.add("missing_key", node.place, side)
        left, right = texts
        if left is not None and right is not None:
            evidence = _read_evidence(sides.get("evidence"), faults)
            document.consent.append(ConsentDraft(node.place, name, left, right, evidence))


def _read_evidence(node: Node | None, faults: FaultList) -> dict[str, dict[str, Node]] | None:
    """By side and kind of evidence, the fields that hold it."""
    if node is None:
        return None
    found: dict[str, dict[str, Node]] = {}
    for side, fields in (entries(node, grammar.SIDES, faults) or {}).items():
        found[side] = entries(fields, grammar.EVIDENCE_KEYS, faults) or {}
        for field_node in found[side].values():
            if field_node.text is None:
                faults.add("wrong_type", field_node.place, field_node.shown(), expected="=text")
    return found


def _read_match(document: Document, faults: FaultList) -> None:
    match = entries(document.blocks.get("match"), grammar.MATCH_KEYS, faults) or {}
    choice(match, "several", grammar.SEVERAL, faults)
    for node in items(match.get("by"), faults):
        if node.text is not None:
            document.match.append((node, False))
            continue
        rule = entries(node, grammar.RULE_KEYS, faults) or {}
        choice(rule, "then", grammar.THEN, faults)
        if "all" in rule:
            then = rule.get("then")
            document.match.append((rule["all"], then is not None and then.text == "suggest"))
        elif isinstance(node.value, dict):
            faults.add("missing_key", node.place, "all")


def _check_tests(document: Document, faults: FaultList) -> None:
    records = ("hubspot", *document.salesforce_objects)
    names: set[str] = set()
    for node in items(document.blocks.get("tests"), faults):
        case = entries(node, grammar.TEST_KEYS, faults)
        if case is None:
            continue
        for key in grammar.REQUIRED_TEST_KEYS:
            if key not in case:
                faults.add("missing_key", node.place, key)
        if "name" in case and case["name"].text in names:
            faults.add("duplicate_test", case["name"].place, case["name"].shown())
        names.add(case["name"].text or "" if "name" in case else "")
        held = (*records, grammar.OWN_SECTION)
        for key, known in (("agreed", held), ("now", held), ("at", records)):
            for record in (entries(case.get(key), known, faults) or {}).values():
                _check_values(record, faults)
        for record in (entries(case.get("at"), None, FaultList()) or {}).values():
            _check_times(record, faults)
        _check_expectation(case.get("expect"), document, records, faults)


def _check_values(record: Node, faults: FaultList) -> None:
    for value in (entries(record, None, faults) or {}).values():
        if value.value is not None and value.text is None:
            faults.add("wrong_type", value.place, value.shown(), expected="=text")


def _check_times(record: Node, faults: FaultList) -> None:
    """Edit times need a zone, or they could not be told earlier and later."""
    for value in (entries(record, None, FaultList()) or {}).values():
        try:
            told = datetime.fromisoformat(value.text or "")
        except ValueError:
            told = None
        if told is None or told.tzinfo is None:
            faults.add("wrong_type", value.place, value.shown(), expected="=a_time")


def _check_expectation(
    node: Node | None, document: Document, records: tuple[str, ...], faults: FaultList
) -> None:
    expected = entries(node, (*records, *grammar.EXPECT_WORDS), faults) or {}
    for record in records:
        if record in expected:
            _check_values(expected[record], faults)
    choice(expected, "filtered", ("true", "false"), faults)
    choice(expected, "create", (*document.salesforce_objects, document.hubspot_object), faults)
    for word, keys in grammar.FOUND_KEYS.items():
        for one in items(expected.get(word), faults):
            entries(one, keys, faults)
    for one in items(expected.get("open"), faults):
        if one.text is None:
            faults.add("wrong_type", one.place, one.shown(), expected="=text")
