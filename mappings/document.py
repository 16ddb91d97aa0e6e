"""A mapping file as written: its blocks and lines, checked for keys and types but not for fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mappings import grammar
from mappings.faults import FaultList, Place
from mappings.lineform import LineDraft, read_line
from mappings.source import Node, choice, entries, items


@dataclass(slots=True)
class Document:
    """A mapping file as written. `consent` holds (name, HubSpot field, Salesforce field, place)."""

    place: Place
    name: str = ""
    hubspot_object: str = ""
    salesforce_objects: tuple[str, ...] = ()
    blocks: dict[str, Node] = field(default_factory=dict)
    lines: list[LineDraft] = field(default_factory=list)
    consent: list[tuple[str, str, str, Place]] = field(default_factory=list)
    match: list[tuple[Node, bool]] = field(default_factory=list)

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
    for key in grammar.LATER_KEYS:
        if key in blocks:
            faults.add("later", blocks[key].place, key)
    document.name = _required_text(root, blocks, "name", faults)
    _check_version(root, blocks.get("version"), faults)
    choice(blocks, "mode", grammar.MODES, faults)
    choice(blocks, "first_pairing", grammar.FIRST_PAIRING, faults)
    good = _read_between(root, document, faults)
    for key, with_links in (("fields", False), ("links", True)):
        for node in items(blocks.get(key), faults):
            line = read_line(node, faults, link=with_links)
            if line is not None:
                document.lines.append(line)
    _read_consent(document, faults)
    _read_match(document, faults)
    if good:
        _check_tests(document, faults)
    return document if good else None


def _check_version(root: Node, version: Node | None, faults: FaultList) -> None:
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
        elif one.text in grammar.LATER_HUBSPOT_OBJECTS + grammar.LATER_SALESFORCE_OBJECTS:
            faults.add("later", one.place, one.text)
            return False
    if not names:
        faults.add("wrong_type", salesforce.place, salesforce.shown(), expected="=an_object")
    document.hubspot_object = hubspot.text or ""
    document.salesforce_objects = tuple(dict.fromkeys(n.text for n in names if n.text))
    return bool(document.hubspot_object and document.salesforce_objects)


def _read_consent(document: Document, faults: FaultList) -> None:
    for name, node in (entries(document.blocks.get("consent"), None, faults) or {}).items():
        sides = entries(node, grammar.SIDES, faults) or {}
        texts = [sides[side].text if side in sides else None for side in grammar.SIDES]
        for side, text in zip(grammar.SIDES, texts, strict=True):
            if text is None:
                faults.add("missing_key", node.place, side)
        left, right = texts
        if left is not None and right is not None:
            document.consent.append((name, left, right, node.place))


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
        for key in ("agreed", "now", "at"):
            for record in (entries(case.get(key), records, faults) or {}).values():
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
