"""`definitions/*.yaml` -> `Definition`; every fault of the file at once, with its place and nearest word.

The grammar is in the tables of `lifecycle.forms`, `lifecycle.blocks` and below, as in `intent.load`. The hash
covers what the file means and what ``intent.yaml`` means: comments and the order of keys change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import asdict, replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from connector.port import ObjectSchema, System
from intent.definition import Definition as Interest
from intent.forms import Form, Word, filled, text
from lifecycle import blocks as read
from lifecycle import taxonomy
from lifecycle.definition import Calendar, Coming, Definition, Gate, Rule
from lifecycle.facts import FactBook, book
from lifecycle.taxonomy import Taxonomy
from mappings.document import check_version
from mappings.faults import FaultList, MappingFault, MappingFaults, Place
from mappings.fieldbook import expression_at
from mappings.source import Node, entries, items, read_bytes, read_file

FOLDER = "definitions"
SHIPPED_FOLDER = Path(__file__).parent / FOLDER
SHIPPED = SHIPPED_FOLDER / "qualified-lead.yaml"
REQUIRED = ("definition", "mql", "gate")
BLOCKS = (
    "version",
    *REQUIRED,
    "consent",
    "customer",
    "reasons",
    "calendar",
    "sla",
    "routes",
    "sellers",
    "coming_back",
)
MQL, CUSTOMER = ("any", "none"), ("any",)
RULE: Form = {
    "id": Word("id", text, required=True),
    "when": Word("when", text, required=True),
}


class Whole(NamedTuple):
    """A definition and the definition of interest that it stands on."""

    definition: Definition
    interest: Interest


class Loaded(NamedTuple):
    """A definition, and what works in it and still deserves a look."""

    definition: Definition
    warnings: tuple[MappingFault, ...] = ()


def load_definition(
    source: Path | str,
    interest: Interest,
    *,
    reasons: Path | str = taxonomy.SHIPPED,
    schemas: Mapping[str, ObjectSchema] | None = None,
    kept: bool = False,
) -> Loaded:
    """The definition in a file, or in a text, over a definition of interest.

    `reasons` is the taxonomy that it changes, `schemas` are HubSpot's live objects by name (contacts,
    companies); None: nobody asked HubSpot. `kept`: it was approved once, and means what it meant.
    Raises `mappings.faults.MappingFaults` with everything that is wrong.
    """
    faults = FaultList()
    root = _root(source, SHIPPED.name, faults)
    parts = None if root is None else entries(root, BLOCKS, faults)
    if root is None or parts is None:
        raise MappingFaults(faults.faults)
    check_version(root, parts.get("version"), faults)
    for name in REQUIRED:
        if name not in parts:
            faults.add("missing_key", root.place, name)
    wording = Taxonomy(tuple(interest.topics))
    is_shipped = reasons == taxonomy.SHIPPED
    listed = _shipped_reasons() if is_shipped else _root(reasons, taxonomy.FILE_NAME, faults)
    known = wording.shipped(listed, faults)
    found = _definition(
        parts,
        wording.changed(parts.get("reasons"), known, faults),
        partial(book, interest, schemas=schemas, kept=kept),
        faults,
    )
    faults.raise_if_any()
    if found is None:
        raise MappingFaults(faults.faults)
    return Loaded(replace(found, hash=hash_of(found, interest)), tuple(faults.warnings))


def hash_of(definition: Definition, interest: Interest) -> str:
    """Names everything that was approved: SHA-256 of the meaning of both, in hexadecimal digits."""
    gate = definition.gate
    sorted_gate = replace(gate, questions=tuple(sorted(gate.questions)))
    plainly = asdict(replace(definition, hash="", gate=sorted_gate))
    if definition.coming.keep_days is None:
        # A text from before this word could be said means what it meant when it was approved.
        del plainly["coming"]["keep_days"]
    told = {"definition": plainly, "interest": interest.hash}
    plain = json.dumps(told, ensure_ascii=False, sort_keys=True, default=_plain)
    return sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _shipped_reasons() -> Node | None:
    """The taxonomy of this release, read once."""
    faults = FaultList()
    root = read_file(taxonomy.SHIPPED, faults)
    faults.raise_if_any()
    return root


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, Set) else str(value)


def _root(source: Path | str, name: str, faults: FaultList) -> Node | None:
    if isinstance(source, Path):
        return read_file(source, faults)
    beginning = Place(name, 1, 1, (Path(name).stem,))
    return read_bytes(source.encode("utf-8", "surrogatepass"), beginning, faults)


def _definition(
    parts: Mapping[str, Node],
    reasons: Mapping[str, Any],
    book_of: Callable[[Collection[str], Collection[str]], FactBook],
    faults: FaultList,
) -> Definition | None:
    """Whatever could be read; where there are faults it is thrown away."""
    questions = read.names(parts, "gate", "questions")
    facts = book_of(questions, tuple(reasons))
    head = read.head(parts.get("definition"), faults)
    calendar = read.calendar(parts.get("calendar"), faults) or Calendar()
    mql, customer = (
        _rules(parts, "mql", MQL, facts, faults),
        _rules(parts, "customer", CUSTOMER, facts, faults),
    )
    if "mql" in parts and not mql["any"]:
        faults.add("missing_key", parts["mql"].place, "any")
    sellers = read.sellers(parts.get("sellers"), faults)
    routes = read.routes(parts.get("routes"), faults)
    for node in items(parts.get("routes"), FaultList()):
        _condition((entries(node, None, FaultList()) or {}).get("when"), facts, faults)
    gate = read.gate(parts.get("gate"), questions, faults) or Gate()
    targets = read.targets(parts.get("sla"), calendar, faults)
    consent = read.consent(parts.get("consent"), faults)
    coming = read.coming(parts.get("coming_back"), faults) or Coming()
    if head is None:
        return None
    return Definition(
        hash="",
        **head,
        consent=consent,
        mql_any=mql["any"],
        mql_none=mql["none"],
        customer_any=customer["any"],
        gate=gate,
        reasons=dict(reasons),
        calendar=calendar,
        targets=targets,
        routes=routes,
        coming=coming,
        **sellers,
    )


def _rules(
    parts: Mapping[str, Node], block: str, lists: Sequence[str], facts: FactBook, faults: FaultList
) -> dict[str, tuple[Rule, ...]]:
    """The rules of each list of a block. Each has a name of its own: the ledger tells by which one it was."""
    written = entries(parts.get(block), lists, faults) or {}
    seen: set[str] = set()
    found: dict[str, tuple[Rule, ...]] = {}
    for name in lists:
        rules = []
        for node in items(written.get(name), faults):
            values = filled(node, RULE, faults)
            _condition((entries(node, None, FaultList()) or {}).get("when"), facts, faults)
            if values is None:
                continue
            rule = Rule(**values)
            if rule.id in seen:
                faults.add("duplicate_rule", node.place, rule.id)
            seen.add(rule.id)
            rules.append(rule)
        found[name] = tuple(rules)
    return found


def _condition(node: Node | None, facts: FactBook, faults: FaultList) -> None:
    """Compile a condition to see that it can be, and that everything in it is known."""
    if node is None or node.text is None:
        return  # noted where its form was read
    found = expression_at(node, faults, side=System.HUBSPOT, kind_of=facts.kind_of)
    if found is None:
        return
    for name in sorted(found.fields):
        if not facts.knows(name):
            faults.add("unknown_fact", node.place, name, facts.near(name))
    for one in found.compared:
        words = facts.words(one.field)
        if words is not None and one.text not in words:
            column = node.place.column + one.at + (1 if node.quoted else 0)
            place = replace(node.place, column=column)
            faults.add("unknown_word", place, one.text, words, fact=one.field)
