"""`intent.yaml` -> `Definition`; every fault of the file at once, each with its place and the nearest word.

The tables below are the grammar. What a word means stands beside it in the shipped file and in
`intent.definition`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from connector.port import System
from intent.definition import (
    AccountRule,
    Bands,
    Definition,
    EventKind,
    Family,
    Filters,
    FitRule,
    Keeping,
    PageRule,
    SurgeRule,
    Telling,
    TopicRule,
)
from intent.fitting import kinds_on
from intent.forms import (
    Form,
    Word,
    days,
    domain,
    filled,
    flag,
    label,
    many,
    network,
    number,
    one_of,
    parameter,
    path,
    span,
    text,
    whole,
)
from mappings.document import check_version
from mappings.faults import FaultList, MappingFaults, Place
from mappings.fieldbook import expression_at
from mappings.source import Node, entries, items, read_bytes, read_file

T = TypeVar("T")

FILE_NAME = "intent.yaml"
SHIPPED = Path(__file__).parent / FILE_NAME
REQUIRED = ("definition", "families", "events")
BLOCKS = (
    "version",
    *REQUIRED,
    "pages",
    "topics",
    "query",
    "fit",
    "bands",
    "surge",
    "account",
    "filters",
    "keeping",
    "telling",
)
FIT_ON = ("contacts", "companies")
# Both systems are told the name of the definition; the shorter field there takes 40 characters.
LONGEST_NAME = 40
HASH_DIGITS = 16

score = number(0, 100)
points = number(0, 1000)
FAMILY: Form = {
    "half_life": Word("half_life", span, required=True),
    "cap": Word("cap", number(0.1, 1000), required=True),
    "negative": Word("negative", flag),
}
TOPIC: Form = {
    "ja": Word("label_ja", label, required=True),
    "en": Word("label_en", label, required=True),
    "words": Word("words", many(text)),
    "about": Word("about", text),
    "sensitive": Word("sensitive", flag),
}
FIT: Form = {
    "when": Word("when", text, required=True),
    "points": Word("points", number(-100, 100), required=True),
    "on": Word("on", one_of(FIT_ON), required=True),
}
BANDS: Form = {
    "A": Word("fit_a", score),
    "B": Word("fit_b", score),
    "1": Word("one", score),
    "2": Word("two", score),
}
SURGE: Form = {
    "tail": Word("tail", number(1e-9, 0.5)),
    "ratio": Word("ratio", number(1, 1000)),
    "exit_ratio": Word("exit_ratio", number(0, 1000)),
    "least": Word("least", whole(1, 10_000)),
    "least_days": Word("least_days", whole(1, 7)),
    "quiet_days": Word("quiet_days", whole(1, 365)),
    "louder": Word("louder", number(0, 300)),
}
ACCOUNT: Form = {
    "person_cap": Word("person_cap", number(0.1, 100)),
    "anonymous_share": Word("anonymous_share", number(0, 1)),
    "active_points": Word("active_points", score),
    "active_within": Word("active_within", span),
}
FILTERS: Form = {
    "networks": Word("networks", many(network)),
    "employee_domains": Word("employee_domains", many(domain)),
    "data_centre_asns": Word("data_centre_asns", many(whole(1, 4_294_967_295))),
    "burst_pages": Word("burst_pages", whole(1, 1_000_000)),
    "burst_within": Word("burst_within", span),
}
KEEPING: Form = {
    "events": Word("events", days),
    "daily": Word("daily", days),
    "unlinked_visitors": Word("unlinked_visitors", days),
    "pages": Word("pages", days),
}
TELLING: Form = {
    "points": Word("points", score),
    "every": Word("every", span),
    "evidence_days": Word("evidence_days", whole(1, 365)),
    "evidence_items": Word("evidence_items", whole(1, 1000)),
}


def definition_of(folder: Path) -> Definition:
    """The definition of a working folder, or the shipped one where there is none.

    Raises `mappings.faults.MappingFaults`.
    """
    own = folder / FILE_NAME
    return load_definition(own if own.exists() else SHIPPED)


def load_definition(source: Path | str) -> Definition:
    """The definition in a file, or in a text.

    Raises `mappings.faults.MappingFaults` with everything that is wrong.
    """
    faults = FaultList()
    root = _read(source, faults)
    blocks = None if root is None else entries(root, BLOCKS, faults)
    if root is None or blocks is None:
        raise MappingFaults(faults.faults)
    _check_head(root, blocks, faults)
    found = _definition(blocks, faults)
    faults.raise_if_any()
    return replace(found, hash=_hash(found))


def _read(source: Path | str, faults: FaultList) -> Node | None:
    if isinstance(source, Path):
        return read_file(source, faults)
    beginning = Place(FILE_NAME, 1, 1, (Path(FILE_NAME).stem,))
    return read_bytes(source.encode("utf-8", "surrogatepass"), beginning, faults)


def _check_head(root: Node, blocks: Mapping[str, Node], faults: FaultList) -> None:
    check_version(root, blocks.get("version"), faults)
    for name in REQUIRED:
        if name not in blocks:
            faults.add("missing_key", root.place, name)


def _definition(blocks: Mapping[str, Node], faults: FaultList) -> Definition:
    """Whatever could be read; where there are faults it is thrown away."""
    families = _names(blocks.get("families"))
    kinds = _names(blocks.get("events"))
    topics = _names(blocks.get("topics"))
    query = blocks.get("query")
    return Definition(
        version=_version(blocks.get("definition"), faults),
        hash="",
        families=_named(blocks.get("families"), FAMILY, _family, faults),
        kinds=_named(blocks.get("events"), _event_form(families), _kind, faults),
        topics=_named(blocks.get("topics"), TOPIC, _topic, faults),
        pages=tuple(_pages(blocks.get("pages"), kinds, topics, faults)),
        fit=tuple(_fit(blocks.get("fit"), faults)),
        bands=_ordered(_block(blocks, "bands", BANDS, Bands, faults), blocks, faults),
        surge=_above_its_exit(_block(blocks, "surge", SURGE, SurgeRule, faults), blocks, faults),
        account=_block(blocks, "account", ACCOUNT, AccountRule, faults),
        filters=_block(blocks, "filters", FILTERS, Filters, faults),
        keeping=_block(blocks, "keeping", KEEPING, Keeping, faults),
        telling=_block(blocks, "telling", TELLING, Telling, faults),
        query=frozenset() if query is None else frozenset(many(parameter)(query, faults) or ()),
    )


def _version(node: Node | None, faults: FaultList) -> str:
    found = None if node is None else text(node, faults)
    if node is not None and found is not None and len(found) > LONGEST_NAME:
        faults.add("out_of_range", node.place, found, least="1", most=f"{LONGEST_NAME} characters")
    return found or ""


def _names(node: Node | None) -> tuple[str, ...]:
    """The names that a block defines, right or wrong: what refers to them is judged by these."""
    return tuple(entries(node, None, FaultList()) or {})


def _named(
    node: Node | None,
    form: Form,
    make: Callable[[str, Node, dict[str, Any], FaultList], T],
    faults: FaultList,
) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, one in (entries(node, None, faults) or {}).items():
        if not name.strip():
            faults.add("wrong_type", one.place, name, expected="=text")
        values = filled(one, form, faults)
        if values is not None:
            found[name] = make(name, one, values, faults)
    return found


def _family(name: str, _node: Node, values: dict[str, Any], _faults: FaultList) -> Family:
    return Family(name=name, **values)


def _topic(name: str, _node: Node, values: dict[str, Any], _faults: FaultList) -> TopicRule:
    return TopicRule(id=name, **values)


def _event_form(families: Collection[str]) -> Form:
    return {
        "points": Word("points", points, required=True),
        "family": Word("family", one_of(families)),
        "hard": Word("hard", flag),
        "glance": Word("glance", points),
        "at_most": Word("at_most", whole(1, 1000)),
    }


def _kind(name: str, node: Node, values: dict[str, Any], faults: FaultList) -> EventKind:
    """What has points has a family; what has none is known, and never scores."""
    if values["points"] > 0 and "family" not in values:
        faults.add("missing_key", node.place, "family")
    return EventKind(name=name, **{"family": "", **values})


def _pages(
    node: Node | None, kinds: Collection[str], topics: Collection[str], faults: FaultList
) -> list[PageRule]:
    form: Form = {
        "path": Word("path", path, required=True),
        "type": Word("type", one_of(kinds)),
        "topic": Word("topic", one_of(topics)),
    }
    found = []
    for one in items(node, faults):
        values = filled(one, form, faults)
        if values is None:
            continue
        if len(values) == 1:
            faults.add("page_without_effect", one.place, values["path"])
        found.append(PageRule(**values))
    return found


def _fit(node: Node | None, faults: FaultList) -> list[FitRule]:
    """Conditions are compiled to see that they can be; `intent.fitting` compiles them for use."""
    found = []
    for one in items(node, faults):
        values = filled(one, FIT, faults)
        if values is None or not isinstance(one.value, dict):
            continue
        rule = FitRule(**values)
        kind_of = kinds_on(rule.on)
        expression_at(one.value["when"], faults, side=System.HUBSPOT, kind_of=kind_of)
        found.append(rule)
    return found


def _block(
    blocks: Mapping[str, Node], name: str, form: Form, make: Callable[..., T], faults: FaultList
) -> T:
    """A block whose words all have defaults."""
    return make(**(filled(blocks.get(name), form, faults) or {}))


def _ordered(bands: Bands, blocks: Mapping[str, Node], faults: FaultList) -> Bands:
    for high, low, what, than in (
        (bands.fit_a, bands.fit_b, "A", "B"),
        (bands.one, bands.two, "1", "2"),
    ):
        if "bands" in blocks and high <= low:
            faults.add("wrong_order", blocks["bands"].place, what=what, than=than)
    return bands


def _above_its_exit(rule: SurgeRule, blocks: Mapping[str, Node], faults: FaultList) -> SurgeRule:
    if "surge" in blocks and rule.ratio <= rule.exit_ratio:
        faults.add("wrong_order", blocks["surge"].place, what="ratio", than="exit_ratio")
    return rule


def _hash(definition: Definition) -> str:
    """Names everything that a score depends on, however it is laid out in the file."""
    blocks = asdict(definition)
    # No score depends on how long the titles of pages are kept.
    del blocks["keeping"]["pages"]
    told = json.dumps(_canonical(blocks), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def _canonical(value: Any) -> Any:
    """Plain JSON values; a number has one form, whether it was written or is a default."""
    if isinstance(value, Mapping):
        return {key: _canonical(one) for key, one in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Set):
        return sorted(value)
    if isinstance(value, Sequence):
        return [_canonical(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
