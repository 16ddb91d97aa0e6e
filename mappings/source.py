"""Reads mapping files into nodes that know their place. All scalars are text; nothing is guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, nodes
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mappings.faults import FaultList, Place

# Characters of Japanese input methods and word processors that YAML does not take for its own.
FULL_WIDTH = {
    "：": ":",
    "　": " ",
    "＂": '"',
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "，": ",",
    "、": ",",
    "［": "[",
    "］": "]",
    "｛": "{",
    "｝": "}",
    "－": "-",
    "＃": "#",
}
# Where such a character surely stands for YAML's own: at the end of a key, as indentation, where a
# value or an item begins, around an arrow. Elsewhere it is text.
SUSPECTS = (
    re.compile(r"^[ \-]*[A-Za-z_][\w.+<>, \-]*?(：)"),
    re.compile(r"[{,]\s*[A-Za-z_][\w.]*(：)"),
    re.compile(r"^[ \-]*(　)"),
    re.compile(r"(?:[:\-,{\[]|<->|->|<-)\s*(　)"),
    re.compile(r"(　)\s*(?:<->|->|<-)"),
    re.compile(r"(?:^[ \-]*|[:,{\[]\s*|^ *-\s+)([“”＂‘’｛［－＃])"),
)
QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
COMMENT = re.compile(r"(?:^|\s)#.*$")
MOST_NESTED = 40
ARROW_SIGN = re.compile(r"\s*(?:<->|->|<-)\s*")


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML node: text, a list of nodes, or an ordered mapping of text to nodes."""

    value: str | list[Node] | dict[str, Node] | None
    place: Place
    keys: dict[str, Place] | None = None
    quoted: bool = False

    @property
    def text(self) -> str | None:
        """The text of a scalar; None for a blank scalar and for anything else."""
        return self.value if isinstance(self.value, str) else None

    def shown(self) -> str:
        """What stands here, in a word or two, for messages."""
        if isinstance(self.value, dict):
            return "{" + ", ".join(self.value) + "}"
        if isinstance(self.value, list):
            return "[" + ", ".join(item.shown() for item in self.value) + "]"
        return self.value or ""


def read_folder(folder: Path, faults: FaultList) -> Iterator[tuple[Path, Node]]:
    """The root node of every mapping file, in the order of names; files in folders are not loaded."""
    place = Place(str(folder), 1, 1)
    if not folder.is_dir():
        faults.add("no_folder", place, str(folder))
        return
    files = sorted(p for p in folder.glob("*.yaml") if not p.is_dir())
    if not files:
        faults.add("no_files", place, str(folder))
    for path in files:
        node = read_file(path, faults)
        if node is not None:
            yield path, node


def read_file(path: Path, faults: FaultList) -> Node | None:
    """The root node of one file; None when it could not be read, with the reason among the faults."""
    place = Place(str(path), 1, 1, (path.stem,))
    try:
        raw = path.read_bytes()
    except OSError as error:
        faults.add("unreadable", place, str(path), why=error.strerror or str(error))
        return None
    return read_bytes(raw, place, faults)


def read_bytes(raw: bytes, place: Place, faults: FaultList) -> Node | None:
    """The root node of what stands in a file; `place` is its beginning."""
    text = _decode(raw, place, faults)
    if text is None or not _plain_signs(text, place, faults):
        return None
    try:
        root = _composed(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        here = replace(place, line=mark.line + 1, column=mark.column + 1) if mark else place
        faults.add(
            "yaml_syntax", here, why=str(error.problem or error.context or "=unreadable_yaml")
        )
        return None
    except YAMLError as error:
        faults.add("yaml_syntax", place, why=str(error).splitlines()[0])
        return None
    except RecursionError:
        faults.add("too_deep", place)
        return None
    if root is None:
        faults.add("empty_file", place)
        return None
    return _node(root, replace(place, path=(_name_of(root) or place.path[-1],)), faults)


@lru_cache(maxsize=64)
def _composed(text: str) -> nodes.Node | None:
    """The nodes of a text, which nobody changes. A command reads the same files up to three times, and
    this takes most of the time that it needs to compile them.
    """
    found: nodes.Node | None = YAML(typ="rt", pure=True).compose(text)
    return found


def _name_of(root: nodes.Node) -> str | None:
    """The mapping's own name: the beginning of every path in messages."""
    if not isinstance(root, nodes.MappingNode):
        return None
    names = (value for key, value in root.value if key.value == "name")
    return next((str(v.value) for v in names if isinstance(v, nodes.ScalarNode) and v.value), None)


def _decode(raw: bytes, place: Place, faults: FaultList) -> str | None:
    """UTF-8 without a mark; other encodings are named, not guessed at."""
    if raw.startswith(codecs.BOM_UTF8):
        faults.add("byte_order_mark", place)
        raw = raw[len(codecs.BOM_UTF8) :]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if raw[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        faults.add("not_utf8", place, "UTF-16")
        return None
    for codec, name in (("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP")):
        try:
            raw.decode(codec)
        except UnicodeDecodeError:
            continue
        faults.add("not_utf8", place, name)
        return None
    faults.add("not_text", place)
    return None


def _plain_signs(text: str, place: Place, faults: FaultList) -> bool:
    """Full-width signs and tabs make YAML fail far from the cause, so they are named first."""
    good = True
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r" *\t", line):
            faults.add("tab", Place(place.file, number, 1, place.path))
            good = False
        bare = COMMENT.sub("", QUOTED.sub(lambda found: "q" * len(found.group()), line))
        for column in sorted({m.start(1) for s in SUSPECTS for m in s.finditer(bare)}):
            sign = bare[column]
            here = Place(place.file, number, column + 1, place.path)
            faults.add("full_width", here, sign, ascii=FULL_WIDTH[sign])
            good = False
    return good


def _node(raw: nodes.Node, parent: Place, faults: FaultList, depth: int = 0) -> Node:
    place = Place(parent.file, raw.start_mark.line + 1, raw.start_mark.column + 1, parent.path)
    if depth > MOST_NESTED:
        # An alias that contains itself would never end.
        faults.add("too_deep", place)
        return Node(None, place)
    if isinstance(raw, nodes.ScalarNode):
        blank = raw.value == "" or (raw.style is None and raw.value in {"~", "null"})
        return Node(None if blank else str(raw.value), place, quoted=raw.style in {"'", '"'})
    if isinstance(raw, nodes.SequenceNode):
        return Node([_item(n, i, place, faults, depth) for i, n in enumerate(raw.value)], place)
    found: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for key_node, value_node in raw.value:
        here = _key_place(key_node, place)
        if not isinstance(key_node, nodes.ScalarNode):
            faults.add("wrong_type", here, expected="=key_value")
            continue
        key = str(key_node.value)
        if key in found:
            faults.add("duplicate_key", here, key)
            continue
        keys[key] = here
        found[key] = _node(value_node, here, faults, depth + 1)
    return Node(found, place, keys)


def _key_place(key: nodes.Node, parent: Place) -> Place:
    """The path grows by the key; an arrow is named by its item already."""
    name = str(key.value) if isinstance(key, nodes.ScalarNode) else "?"
    path = parent.path if ARROW_SIGN.search(name) else (*parent.path, name)
    return Place(parent.file, key.start_mark.line + 1, key.start_mark.column + 1, path)


def _item(raw: nodes.Node, number: int, parent: Place, faults: FaultList, depth: int) -> Node:
    """A list item is named by what a person would call it: its id, its text, or its number."""
    label = str(number + 1)
    if isinstance(raw, nodes.ScalarNode) and raw.value:
        label = ARROW_SIGN.split(str(raw.value))[0][:40]
    elif isinstance(raw, nodes.MappingNode):
        label = _label(raw) or label
    return _node(raw, parent.at(label), faults, depth + 1)


def _label(raw: nodes.MappingNode) -> str | None:
    named = {str(key.value): value for key, value in raw.value}
    arrow = next((key for key in named if ARROW_SIGN.search(key)), None)
    if arrow is not None:
        return ARROW_SIGN.split(arrow)[0]
    for key in ("id", "name", "hubspot", "salesforce", "as"):
        if isinstance(named.get(key), nodes.ScalarNode):
            return str(named[key].value)
    return None


def entries(
    node: Node | None, allowed: Iterable[str] | None, faults: FaultList
) -> dict[str, Node] | None:
    """The entries of a mapping node; unknown keys are faults. None when it is no mapping."""
    if node is None or node.value is None:
        return {}
    if not isinstance(node.value, dict):
        faults.add("wrong_type", node.place, node.shown(), expected="=key_value")
        return None
    known = None if allowed is None else tuple(allowed)
    for key in node.value:
        if known is not None and key not in known:
            faults.add("unknown_key", (node.keys or {})[key], key, known)
    return {k: v for k, v in node.value.items() if known is None or k in known}


def items(node: Node | None, faults: FaultList, *, single: bool = False) -> list[Node]:
    """The items of a list node; with `single` one text alone is a list of one."""
    if node is None or node.value is None:
        return []
    if single and node.text is not None:
        return [node]
    if not isinstance(node.value, list):
        faults.add("wrong_type", node.place, node.shown(), expected="=a_list")
        return []
    return node.value


def choice(
    blocks: Mapping[str, Node], key: str, allowed: tuple[str, ...], faults: FaultList
) -> None:
    """A key whose value must be one of a few words."""
    node = blocks.get(key)
    if node is not None and node.text not in allowed:
        faults.add("not_allowed", node.place, node.shown(), allowed)


def as_plain(node: Node | None) -> Any:
    """The node as plain Python values, all scalars text."""
    if node is None:
        return None
    if isinstance(node.value, dict):
        return {key: as_plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [as_plain(item) for item in node.value]
    return node.value
