"""Reads mapping files into nodes that know their place. All scalars are text; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML, nodes
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mappings.faults import FaultList, Place

FULL_WIDTH = {"：": ":", "　": " ", "＂": '"', "“": '"', "”": '"', "，": ",", "［": "[", "］": "]"}
# A full-width colon where a key should end, or full-width blanks as indentation.
FULL_WIDTH_KEY = re.compile(r"^[ \-]*[A-Za-z_.]+(：)|^([ ]*　)")


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML node: text, a list of nodes, or an ordered mapping of text to nodes."""

    value: str | list[Node] | dict[str, Node] | None
    place: Place
    keys: dict[str, Place] | None = None

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
    files = sorted(p for p in folder.glob("*.yaml") if p.is_file())
    if not files:
        faults.add("no_files", place, str(folder))
    for path in files:
        node = read_file(path, faults)
        if node is not None:
            yield path, node


def read_file(path: Path, faults: FaultList) -> Node | None:
    """The root node of one file; None when it could not be read, with the reason among the faults."""
    place = Place(str(path), 1, 1)
    try:
        raw = path.read_bytes()
    except OSError as error:
        faults.add("unreadable", place, str(path), why=error.strerror or str(error))
        return None
    text = _decode(raw, place, faults)
    if text is None or not _looks_ascii(text, place, faults):
        return None
    try:
        root = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        here = Place(str(path), mark.line + 1, mark.column + 1) if mark else place
        faults.add("yaml_syntax", here, why=str(error.problem or error.context or "unreadable"))
        return None
    except YAMLError as error:
        faults.add("yaml_syntax", place, why=str(error).splitlines()[0])
        return None
    if root is None:
        faults.add("missing_key", place, "name")
        return None
    return _node(root, Place(str(path), 1, 1, (path.stem,)), faults)


def _decode(raw: bytes, place: Place, faults: FaultList) -> str | None:
    """A BOM is dropped; other encodings are named, not guessed at."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    for codec, name in (("utf-16", "UTF-16"), ("cp932", "Shift_JIS")):
        if codec == "utf-16" and raw[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
            continue
        try:
            raw.decode(codec)
        except UnicodeDecodeError:
            continue
        faults.add("not_utf8", place, name)
        return None
    faults.add("not_utf8", place, "another encoding")
    return None


def _looks_ascii(text: str, place: Place, faults: FaultList) -> bool:
    """Full-width punctuation and tabs make YAML fail far from the cause, so they are named first."""
    good = True
    for number, line in enumerate(text.splitlines(), start=1):
        found = FULL_WIDTH_KEY.match(line)
        if found:
            group = 1 if found.group(1) else 2
            char = line[found.end(group) - 1]
            here = Place(place.file, number, found.end(group))
            faults.add("full_width", here, char, ascii=FULL_WIDTH[char])
            good = False
        elif line.startswith("\t") or re.match(r" *\t", line):
            faults.add("tab", Place(place.file, number, 1))
            good = False
    return good


def _node(raw: nodes.Node, parent: Place, faults: FaultList) -> Node:
    place = Place(parent.file, raw.start_mark.line + 1, raw.start_mark.column + 1, parent.path)
    if isinstance(raw, nodes.ScalarNode):
        blank = raw.value == "" or (raw.style is None and raw.value in {"~", "null"})
        return Node(None if blank else str(raw.value), place)
    if isinstance(raw, nodes.SequenceNode):
        return Node([_item(n, i, place, faults) for i, n in enumerate(raw.value)], place)
    found: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for key_node, value_node in raw.value:
        key = str(key_node.value)
        here = Place(
            place.file,
            key_node.start_mark.line + 1,
            key_node.start_mark.column + 1,
            (*place.path, key),
        )
        if key in found:
            faults.add("duplicate_key", here, key)
            continue
        keys[key] = here
        value = _node(value_node, here, faults)
        found[key] = value
    return Node(found, place, keys)


def _item(raw: nodes.Node, number: int, parent: Place, faults: FaultList) -> Node:
    """A list item is named by what a person would call it: its text, its id, or its number."""
    label = str(number + 1)
    if isinstance(raw, nodes.ScalarNode) and raw.value:
        label = re.split(r"\s*(?:<->|->|<-)\s*", str(raw.value))[0][:40]
    elif isinstance(raw, nodes.MappingNode):
        named = {str(k.value): v for k, v in raw.value}
        for key in ("id", "name", "hubspot", "as"):
            if key in named and isinstance(named[key], nodes.ScalarNode):
                label = str(named[key].value)
                break
        else:
            arrow = next((key for key in named if re.search(r"<->|->|<-", key)), None)
            label = re.split(r"\s*(?:<->|->|<-)\s*", arrow)[0] if arrow else label
    return _node(raw, parent.at(label), faults)
