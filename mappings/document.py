"""A mapping file as written: its blocks and lines, checked for keys and types but not for fields.

Tables of keys in here *are* the grammar; the JSON Schema for editors is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.faults import FaultList, Place
from mappings.normal import COMPARE_WORDS
from mappings.source import Node
from mappings.transforms import ARGUMENT_WORDS, PLAIN_WORDS

TOP_KEYS = (
    "version",
    "name",
    "between",
    "mode",
    "only",
    "match",
    "first_pairing",
    "create",
    "when_deleted_in",
    "limits",
    "consent",
    "keys",
    "fields",
    "links",
    "tests",
    "stages",
    "relation",
    "projection",
)
LATER_KEYS = ("stages", "relation", "projection")
MODES = ("live", "observe", "off")
FIRST_PAIRING = ("fill_blanks", "hubspot", "salesforce", "newest", "park")
BOTH_CHANGED = ("newest", "hubspot", "salesforce", "park", "larger", "smaller", "union")
WHEN_BLANK = ("clear", "keep", "fill_only")
OTHERWISE = ("park", "pass", "blank", "keep")
SEVERAL = ("park", "latest_activity", "oldest")
WHEN_DELETED = ("unlink", "delete", "park")
ARROWS = ("<->", "->", "<-")
BY_DIRECTION = ("to_hubspot", "to_salesforce")
LINE_KEYS = (
    "hubspot",
    "salesforce",
    "from",
    "direction",
    "to",
    "both_changed",
    "when_blank",
    "first_pairing",
    "if_empty_on_create",
    "values",
    "otherwise",
    "compare",
    "to_salesforce",
    "to_hubspot",
    "only_if",
    "mode",
    "purpose",
    "note",
    "id",
    "edits",
)
LINE_CHOICES: dict[str, tuple[str, ...]] = {
    "direction": ARROWS,
    "both_changed": BOTH_CHANGED,
    "first_pairing": FIRST_PAIRING,
    "compare": COMPARE_WORDS,
    "mode": MODES,
    "edits": ("restore", "request"),
}
TEST_KEYS = ("name", "agreed", "now", "at", "expect")
EXPECT_WORDS = ("create", "conflicts", "parked", "open", "filtered")
ARROW = re.compile(r"^\s*(.+?)\s*(<->|->|<-)\s*(.+?)\s*$")


@dataclass(slots=True)
class LineDraft:
    """A line as written. `salesforce` maps each object to its field ('' = every listed object)."""

    place: Place
    id: str = ""
    direction: str = ""
    hubspot: tuple[str, ...] = ()
    salesforce: dict[str, tuple[str, ...]] = field(default_factory=dict)
    source: str | None = None
    link_to: str | None = None
    options: dict[str, Node] = field(default_factory=dict)

    def option(self, name: str) -> str | None:
        """The text of an option."""
        node = self.options.get(name)
        return None if node is None else node.text


@dataclass(slots=True)
class Document:
    """A mapping file as written."""

    place: Place
    name: str = ""
    hubspot_object: str = ""
    salesforce_objects: tuple[str, ...] = ()
    blocks: dict[str, Node] = field(default_factory=dict)
    lines: list[LineDraft] = field(default_factory=list)
    consent: dict[str, tuple[str, str, Place]] = field(default_factory=dict)
    match: list[tuple[Node, bool]] = field(default_factory=list)

    def text(self, key: str, default: str) -> str:
        """The text of a top-level block."""
        node = self.blocks.get(key)
        return default if node is None or node.text is None else node.text


def read_document(root: Node, faults: FaultList) -> Document | None:
    """Check the shape of a file; None where nothing sensible can be read on."""
    blocks = entries(root, TOP_KEYS, faults)
    if blocks is None:
        return None
    document = Document(place=root.place, blocks=blocks)
    for key in LATER_KEYS:
        if key in blocks:
            faults.add("later", blocks[key].place, key)
    document.name = _required_text(root, blocks, "name", faults)
    version = blocks.get("version")
    if version is None:
        faults.add("missing_key", root.place, "version")
    elif version.text != "1":
        faults.add("bad_version", version.place, version.shown())
    choice(blocks, "mode", MODES, faults)
    choice(blocks, "first_pairing", FIRST_PAIRING, faults)
    if not _read_between(root, document, faults):
        return None
    for key, with_links in (("fields", False), ("links", True)):
        for node in items(blocks.get(key), faults):
            line = _read_line(node, faults, link=with_links)
            if line is not None:
                document.lines.append(line)
    _read_consent(document, faults)
    _read_match(document, faults)
    _check_tests(document, faults)
    return document


def entries(
    node: Node | None, allowed: Iterable[str] | None, faults: FaultList
) -> dict[str, Node] | None:
    """The entries of a mapping node; unknown keys are faults. None when it is no mapping."""
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        if node.value is None:
            return {}
        faults.add("wrong_type", node.place, node.shown(), expected="key: value")
        return None
    known = None if allowed is None else tuple(allowed)
    for key in node.value:
        if known is not None and key not in known:
            faults.add("unknown_key", (node.keys or {})[key], key, known)
    return {k: v for k, v in node.value.items() if known is None or k in known}


def items(node: Node | None, faults: FaultList) -> list[Node]:
    """The items of a list node; a fault and nothing when it is no list."""
    if node is None or node.value is None:
        return []
    if not isinstance(node.value, list):
        faults.add("wrong_type", node.place, node.shown(), expected="a list")
        return []
    return node.value


def choice(
    blocks: Mapping[str, Node], key: str, allowed: tuple[str, ...], faults: FaultList
) -> None:
    """A key whose value must be one of a few words."""
    node = blocks.get(key)
    if node is not None and node.text not in allowed:
        faults.add("not_allowed", node.place, node.shown(), allowed)


def _required_text(root: Node, blocks: Mapping[str, Node], key: str, faults: FaultList) -> str:
    node = blocks.get(key)
    if node is None:
        faults.add("missing_key", root.place, key)
        return root.place.path[0] if root.place.path else ""
    if node.text is None:
        faults.add("wrong_type", node.place, node.shown(), expected="text")
        return ""
    return node.text


def _read_between(root: Node, document: Document, faults: FaultList) -> bool:
    node = document.blocks.get("between")
    if node is None:
        faults.add("missing_key", root.place, "between")
        return False
    sides = entries(node, ("hubspot", "salesforce"), faults)
    if sides is None:
        return False
    for side in ("hubspot", "salesforce"):
        if side not in sides:
            faults.add("missing_key", node.place, side)
            return False
    hubspot, salesforce = sides["hubspot"], sides["salesforce"]
    if hubspot.text is None:
        faults.add("wrong_type", hubspot.place, hubspot.shown(), expected="one object")
        return False
    names = [salesforce] if salesforce.text else items(salesforce, faults)
    document.hubspot_object = hubspot.text
    document.salesforce_objects = tuple(name.text for name in names if name.text)
    if hubspot.text in {"list memberships", "associations"}:
        faults.add("later", hubspot.place, hubspot.text)
        return False
    return bool(document.salesforce_objects)


def _read_line(node: Node, faults: FaultList, *, link: bool) -> LineDraft | None:
    """`A <-> B`, `A <-> B: {options}`, or the long form."""
    line = LineDraft(place=node.place)
    if node.text is not None:
        return line if _read_arrow(line, node.text, node.place, faults) else None
    if not isinstance(node.value, dict):
        faults.add("bad_line", node.place, node.shown())
        return None
    arrow = next((key for key in node.value if ARROW.match(key)), None)
    if arrow is not None:
        place = (node.keys or {})[arrow]
        for key in node.value:
            if key != arrow:
                faults.add("unknown_key", (node.keys or {})[key], key, ())
        options = entries(node.value[arrow], LINE_KEYS, faults) or {}
        if not _read_arrow(line, arrow, place, faults):
            return None
    else:
        options = entries(node, LINE_KEYS, faults) or {}
        if not _read_long_form(line, node, options, faults):
            return None
    return _read_options(line, options, faults, link=link)


def _read_arrow(line: LineDraft, text: str, place: Place, faults: FaultList) -> bool:
    found = ARROW.match(text)
    if found is None:
        faults.add("bad_line", place, text)
        return False
    left, line.direction, right = found.groups()
    line.hubspot = _names(left)
    line.salesforce = _targets(right)
    line.id = left
    return True


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("+") if part.strip())


def _targets(text: str) -> dict[str, tuple[str, ...]]:
    """`Title` on every object, `Lead.State, Contact.MailingState` one each."""
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        name, dot, rest = part.strip().partition(".")
        found[name if dot else ""] = _names(rest if dot else name)
    return found


def _read_long_form(
    line: LineDraft, node: Node, options: dict[str, Node], faults: FaultList
) -> bool:
    hubspot, salesforce = options.get("hubspot"), options.get("salesforce")
    source = options.get("from")
    line.source = None if source is None else source.text
    line.direction = (options["direction"].text or "") if "direction" in options else ""
    if hubspot is not None:
        names = [n.text for n in hubspot.value] if isinstance(hubspot.value, list) else None
        line.hubspot = (
            tuple(n for n in names if n) if names is not None else _names(hubspot.text or "")
        )
    if salesforce is not None:
        line.salesforce = _targets(salesforce.text or "")
    if not line.hubspot and not line.salesforce:
        faults.add("bad_line", node.place, node.shown())
        return False
    line.id = (line.hubspot or next(iter(line.salesforce.values()), ("",)))[0]
    return _check_direction(line, node, faults)


def _check_direction(line: LineDraft, node: Node, faults: FaultList) -> bool:
    """A `from:` line goes to the side it names; the ledger's values go to both."""
    ledger = bool(line.source and line.source.startswith("kakehashi."))
    if line.source is None:
        if not line.hubspot or not line.salesforce:
            missing = "hubspot" if not line.hubspot else "salesforce"
            faults.add("missing_key", node.place, missing)
            return False
        if not line.direction:
            faults.add("no_direction", node.place)
            return False
        return True
    if not line.direction:
        line.direction = "<->" if ledger else "->" if line.salesforce else "<-"
    if not ledger and line.hubspot and line.salesforce:
        if line.direction == "->":
            line.hubspot = ()
        elif line.direction == "<-":
            line.salesforce = {}
    return True


def _read_options(
    line: LineDraft, options: dict[str, Node], faults: FaultList, *, link: bool
) -> LineDraft:
    for key, allowed in LINE_CHOICES.items():
        choice(options, key, allowed, faults)
    for key, words in (("when_blank", WHEN_BLANK), ("otherwise", OTHERWISE)):
        for node in _by_direction(options.get(key), faults):
            if node.text not in words:
                faults.add("not_allowed", node.place, node.shown(), words)
    for key in BY_DIRECTION:
        for node in items(options.get(key), faults):
            _check_transform(node, faults)
    if "id" in options and options["id"].text:
        line.id = options["id"].text
    line.link_to = options["to"].text if "to" in options else None
    if link and line.link_to is None:
        faults.add("missing_key", line.place, "to")
    line.options = options
    return line


def _by_direction(node: Node | None, faults: FaultList) -> list[Node]:
    if node is None:
        return []
    if isinstance(node.value, dict):
        return list((entries(node, BY_DIRECTION, faults) or {}).values())
    return [node]


def _check_transform(node: Node, faults: FaultList) -> None:
    if node.text is not None:
        if node.text not in PLAIN_WORDS:
            faults.add("not_allowed", node.place, node.text, (*PLAIN_WORDS, *ARGUMENT_WORDS))
        return
    for key, argument in (entries(node, ARGUMENT_WORDS, faults) or {}).items():
        if key == "truncate" and not (argument.text or "").isdigit():
            faults.add("wrong_type", argument.place, argument.shown(), expected="a number")


def _read_consent(document: Document, faults: FaultList) -> None:
    for name, node in (entries(document.blocks.get("consent"), None, faults) or {}).items():
        sides = entries(node, ("hubspot", "salesforce"), faults) or {}
        left, right = (sides.get(side) for side in ("hubspot", "salesforce"))
        if left is None or right is None or not left.text or not right.text:
            faults.add("missing_key", node.place, "hubspot" if left is None else "salesforce")
            continue
        document.consent[name] = (left.text, right.text, node.place)


def _read_match(document: Document, faults: FaultList) -> None:
    match = entries(document.blocks.get("match"), ("by", "ignore", "several"), faults) or {}
    choice(match, "several", SEVERAL, faults)
    for node in items(match.get("by"), faults):
        if node.text is not None:
            document.match.append((node, False))
            continue
        rule = entries(node, ("all", "then"), faults) or {}
        choice(rule, "then", ("suggest", "pair"), faults)
        if "all" in rule:
            then = rule.get("then")
            document.match.append((rule["all"], then is not None and then.text == "suggest"))
        else:
            faults.add("missing_key", node.place, "all")


def _check_tests(document: Document, faults: FaultList) -> None:
    records = ("hubspot", *document.salesforce_objects)
    for node in items(document.blocks.get("tests"), faults):
        case = entries(node, TEST_KEYS, faults) or {}
        for key in ("name", "expect"):
            if key not in case:
                faults.add("missing_key", node.place, key)
        for key in ("agreed", "now", "at"):
            entries(case.get(key), records, faults)
        entries(case.get("expect"), (*records, *EXPECT_WORDS), faults)


def as_plain(node: Node | None) -> Any:
    """The node as plain Python values, all scalars text."""
    if node is None:
        return None
    if isinstance(node.value, dict):
        return {key: as_plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [as_plain(item) for item in node.value]
    return node.value
