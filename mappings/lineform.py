"""One line of `fields:` or `links:` as written: its ends, its arrow, its options checked for form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.port import FieldSchema, System
from mappings import grammar
from mappings.faults import FaultList, Place
from mappings.grammar import ARROW
from mappings.own_values import OWN_VALUES, PREFIX
from mappings.source import Node, choice, entries, items
from mappings.transforms import ARGUMENT_WORDS, PLAIN_WORDS, is_argument

if TYPE_CHECKING:
    from mappings.stageform import StagePipeline


@dataclass(slots=True)
class LineDraft:
    """A line as written. `salesforce` maps each object to its fields ('' = every listed object).

    `stages` are the pipelines of a line that stands for a `stages:` block.
    """

    place: Place
    id: str = ""
    direction: str = ""
    hubspot: tuple[str, ...] = ()
    salesforce: dict[str, tuple[str, ...]] = field(default_factory=dict)
    source: Node | None = None
    link_to: str | None = None
    options: dict[str, Node] = field(default_factory=dict)
    stages: tuple[StagePipeline, ...] = ()

    @property
    def ledger_value(self) -> str | None:
        """The name of the ledger's value that the line writes, without the prefix."""
        text = None if self.source is None else self.source.text
        return text[len(PREFIX) :] if text is not None and text.startswith(PREFIX) else None

    @property
    def own_value(self) -> FieldSchema | None:
        """The ledger's value as the source of this line; None where the line has another one."""
        return OWN_VALUES.get(self.ledger_value or "")

    def option(self, name: str) -> str | None:
        """The text of an option."""
        node = self.options.get(name)
        return None if node is None else node.text

    def currency(self, side: System) -> Node | None:
        """The field that tells the currency of the amount on that side."""
        node = self.options.get("currency")
        found = node.value.get(side.value) if node and isinstance(node.value, dict) else None
        return found if found is not None and found.text is not None else None

    def at(self, name: str) -> Place:
        """Where an option stands, or the line."""
        return self.options[name].place if name in self.options else self.place

    def towards(self, name: str, side: str) -> str | None:
        """The text of an option that may be given by direction, for values that go to `side`."""
        node = self.options.get(name)
        if node is not None and isinstance(node.value, dict):
            chosen = node.value.get(f"to_{side}")
            return None if chosen is None else chosen.text
        return None if node is None else node.text

    def fields_of(self, object_name: str) -> tuple[str, ...]:
        """The Salesforce fields of this line on one object."""
        return self.salesforce.get(object_name) or self.salesforce.get("", ())

    def applies_to(self, object_name: str) -> bool:
        """A line without a Salesforce end of its own applies to every object."""
        return not self.salesforce or bool({"", object_name} & self.salesforce.keys())


def read_line(node: Node, faults: FaultList, *, link: bool) -> LineDraft | None:
    """`A <-> B`, `A <-> B: {options}`, or the long form. None where it cannot be read on."""
    line = LineDraft(place=node.place)
    keys = grammar.LINK_KEYS if link else grammar.FIELD_KEYS
    if node.text is not None:
        options: dict[str, Node] = {}
        good = _read_arrow(line, node.text, node.place, faults)
    elif isinstance(node.value, dict):
        arrow = next((key for key in node.value if _looks_like_arrow(key)), None)
        if arrow is None:
            options = entries(node, keys, faults) or {}
            good = _read_long_form(line, node, options, faults)
        else:
            options, good = _read_short_form(line, node, arrow, keys, faults)
    else:
        faults.add("bad_line", node.place, node.shown())
        return None
    _read_options(line, options, faults, link=link)
    return line if good else None


def _looks_like_arrow(key: str) -> bool:
    return ARROW.match(key) is not None or any(sign in key for sign in grammar.PASTED_ARROWS)


def _read_short_form(
    line: LineDraft, node: Node, arrow: str, keys: tuple[str, ...], faults: FaultList
) -> tuple[dict[str, Node], bool]:
    assert isinstance(node.value, dict)  # noqa: S101 - the caller looked
    places = node.keys or {}
    for key in node.value:
        if key != arrow:
            # Options stand below the arrow; YAML reads a missing indent as a neighbour.
            faults.add("option_beside_arrow", places[key], key, arrow=arrow)
    options = entries(node.value[arrow], keys, faults) or {}
    for end in ("hubspot", "salesforce", "direction", "from"):
        if end in options:
            faults.add("said_twice", options[end].place, end)
    return options, _read_arrow(line, arrow, places[arrow], faults)


def _read_arrow(line: LineDraft, text: str, place: Place, faults: FaultList) -> bool:
    pasted = next((sign for sign in text if sign in grammar.PASTED_ARROWS), None)
    if pasted is not None:
        faults.add("full_width", place, pasted, ascii=grammar.PASTED_ARROWS[pasted])
        return False
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
    line.source = options.get("from")
    line.direction = (options["direction"].text or "") if "direction" in options else ""
    line.hubspot = _names(_listed(options.get("hubspot"), "+", faults))
    salesforce = _listed(options.get("salesforce"), ",", faults)
    line.salesforce = _targets(salesforce) if salesforce else {}
    if not line.hubspot and not line.salesforce:
        faults.add("bad_line", node.place, node.shown())
        return False
    line.id = (line.hubspot or next(iter(line.salesforce.values()), ("",)))[0]
    return _check_direction(line, node, faults)


def _listed(node: Node | None, joint: str, faults: FaultList) -> str:
    """The text of a node that may also be a list of names."""
    if node is None or node.value is None:
        return ""
    if isinstance(node.value, list):
        return joint.join(item.text or "" for item in node.value)
    if node.text is None:
        faults.add("wrong_type", node.place, node.shown(), expected="=text")
    return node.text or ""


def _check_direction(line: LineDraft, node: Node, faults: FaultList) -> bool:
    """A `from:` line goes to the side it names; the ledger's values go to both."""
    if line.source is None:
        for side, names in (("hubspot", line.hubspot), ("salesforce", line.salesforce)):
            if not names:
                faults.add("missing_key", node.place, side)
                return False
        if not line.direction:
            faults.add("no_direction", node.place)
        return bool(line.direction)
    both = bool(line.hubspot and line.salesforce)
    if line.ledger_value is not None:
        line.direction = line.direction or ("<->" if both else "->" if line.salesforce else "<-")
        return True
    if both and line.direction not in {"->", "<-"}:
        faults.add("no_direction", node.place)
        return False
    line.direction = line.direction or ("->" if line.salesforce else "<-")
    if line.direction == "->":
        line.hubspot = ()
    elif line.direction == "<-":
        line.salesforce = {}
    if not line.hubspot and not line.salesforce:
        faults.add("no_direction", node.place)
    return bool(line.hubspot or line.salesforce)


def _read_options(
    line: LineDraft, options: dict[str, Node], faults: FaultList, *, link: bool
) -> None:
    line.options = options
    for key, allowed in grammar.LINE_CHOICES.items():
        choice(options, key, allowed, faults)
    otherwise = grammar.LINK_OTHERWISE if link else grammar.OTHERWISE
    for key, words in (("when_blank", grammar.WHEN_BLANK), ("otherwise", otherwise)):
        for node in _by_direction(options.get(key), faults):
            if node.text not in words and not _is_fallback(key, node, options):
                faults.add("not_allowed", node.place, node.shown(), words)
    entries(options.get("currency"), grammar.SIDES, faults)
    for key in ("id", "note", "purpose", "only_if", "from", "if_empty_on_create", "to"):
        if key in options and options[key].text is None:
            node = options[key]
            faults.add("wrong_type", node.place, node.shown(), expected="=text")
    for key in grammar.BY_DIRECTION:
        _check_transforms(options.get(key), faults)
    line.id = line.option("id") or line.id
    line.link_to = line.option("to")
    if link and "to" not in options:
        faults.add("missing_key", line.place, "to")
    _warn_of_idle_options(line, faults)


def _is_fallback(key: str, node: Node, options: dict[str, Node]) -> bool:
    """Whether this names the owner of records whose own owner is nobody on the other side."""
    to = options.get("to")
    owners = to is not None and to.text == grammar.OWNERS
    return key == "otherwise" and owners and grammar.MAIL.match(node.text or "") is not None


def _warn_of_idle_options(line: LineDraft, faults: FaultList) -> None:
    """Options that can have no effect on this line are most likely a misunderstanding."""
    options = line.options
    idle = {
        "both_changed": line.direction in {"->", "<-"},
        "edits": line.ledger_value is None,
        "otherwise": line.link_to is None and "values" not in options,
        "to_hubspot": line.direction == "->",
        "to_salesforce": line.direction == "<-",
    }
    for key, useless in idle.items():
        if useless and key in options:
            faults.warn("idle_option", options[key].place, key)


def _by_direction(node: Node | None, faults: FaultList) -> list[Node]:
    if node is None:
        return []
    if isinstance(node.value, dict):
        return list((entries(node, grammar.BY_DIRECTION, faults) or {}).values())
    return [node]


def _check_transforms(node: Node | None, faults: FaultList) -> None:
    for one in items(node, faults, single=True):
        if one.text is not None:
            if one.text not in PLAIN_WORDS:
                faults.add("not_allowed", one.place, one.text, (*PLAIN_WORDS, *ARGUMENT_WORDS))
            continue
        for key, argument in (entries(one, ARGUMENT_WORDS, faults) or {}).items():
            if not is_argument(key, argument.text or ""):
                expected = "=a_number" if key == "truncate" else "=text"
                faults.add("wrong_type", argument.place, argument.shown(), expected=expected)
