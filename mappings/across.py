"""What must hold across lines and files: one writer per field, no circles, no name twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TypeVar

from connector.port import System
from mappings.document import Document
from mappings.faults import FaultList, Place
from mappings.fieldbook import HUBSPOT, SALESFORCE
from mappings.grammar import OWNERS
from mappings.schema import Line
from mappings.schema import Mapping as FieldMapping
from mappings.scopes import disjoint

_Thing = TypeVar("_Thing")
KEYS = "keys"
CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Made:
    """A compiled mapping and the document that it was made of."""

    document: Document
    mapping: FieldMapping

    def place_of(self, line_id: str) -> Place:
        """Where a line stands."""
        drafts = (d.place for d in self.document.lines if d.id == line_id)
        return next(drafts, self.document.place)


def check_names(documents: Iterable[Document], faults: FaultList) -> None:
    """Two mappings must not share a name."""
    first: dict[str, Document] = {}
    for document in documents:
        known = first.setdefault(document.name, document)
        if known is not document:
            place = document.place_of("name")
            faults.add("duplicate_name", place, document.name, other=known.place.file)


def check_writers(made: Iterable[Made], faults: FaultList) -> None:
    """Each (system, object, field) has one writer over all files.

    Keys and opt-outs count as writers beside a line; among themselves they agree by nature. Two files
    may share a field where their `only` says that no record is meant by both.
    """
    writers: dict[tuple[System, str, str], list[tuple[str, Document]]] = {}
    told: set[tuple[str, str]] = set()
    for one in made:
        for target, name, place in _targets(one):
            others = writers.setdefault(target, [])
            for other, document in others:
                if not _at_odds(name, one.document, other, document, target[0]):
                    continue
                if (name, other) not in told:
                    told.add((name, other))
                    system, object_name, field = target
                    found = f"{system.value} {object_name}.{field}"
                    faults.add("two_writers", place, found, other=other)
                break
            if (name, one.document) not in others:
                others.append((name, one.document))


def _at_odds(name: str, here: Document, other: str, there: Document, side: System) -> bool:
    """Whether two writers may meet at one record."""
    if other == name or {_nature(other), _nature(name)} in ({KEYS}, {CONSENT}):
        return False
    return here is there or not disjoint(here.only(side), there.only(side))


def _nature(writer: str) -> str:
    """`keys` or `consent` for those blocks, else the line's id."""
    return writer.split(".", 2)[1]


def _targets(one: Made) -> Iterable[tuple[tuple[System, str, str], str, Place]]:
    mapping = one.mapping
    for side, key in mapping.keys.items():
        for name in mapping.objects_of(side):
            yield (side, name, key), f"{mapping.name}.{KEYS}", one.document.place
    for object_name, lines in mapping.objects.items():
        objects = {HUBSPOT: mapping.hubspot_object, SALESFORCE: object_name}
        for consent in lines.consent:
            place = next(c.place for c in one.document.consent if c.name == consent.id)
            for side in System:
                target = (side, objects[side], consent.field(side))
                yield target, f"{mapping.name}.{CONSENT}.{consent.id}", place
        for line in lines.lines:
            for side in System:
                if not line.direction.goes_to(side):
                    continue
                for field in line.side(side).fields:
                    target = (side, objects[side], field)
                    yield target, f"{mapping.name}.{line.id}", one.place_of(line.id)


def lines_in_order(
    lines: Sequence[Line],
    wants: Mapping[str, frozenset[str]],
    place_of: Callable[[str], Place],
    faults: FaultList,
) -> tuple[Line, ...]:
    """Plain lines first; then those that read others' results, each after what it reads."""
    late = [line for line in lines if line.computed or line.ledger_value or line.only_if]
    writes = {
        line.id: {
            field
            for side in System
            if line.direction.goes_to(side)
            for field in line.side(side).fields
        }
        for line in late
    }
    needs = {
        line.id: [
            other.id
            for other in late
            if other is not line and wants.get(line.id, frozenset()) & writes[other.id]
        ]
        for line in late
    }
    by_id = {line.id: line for line in late}
    order = _sorted(
        needs, by_id, lambda ids: faults.add("line_cycle", place_of(ids[0]), _road(ids))
    )
    plain = [line for line in lines if line not in late]
    return (*plain, *order)


def mappings_in_order(
    made: Sequence[Made], known: Collection[str], faults: FaultList
) -> list[FieldMapping]:
    """Mappings that others refer to come first. `known` are all names, those of broken files too.

    Where they refer to each other in a circle, the references that a record cannot be born without
    come first, and the others are set in a second pass.
    """
    by_name = {one.mapping.name: one.mapping for one in made}
    needs: dict[str, list[str]] = {}
    for one in made:
        for draft in one.document.lines:
            if draft.link_to not in (None, OWNERS) and draft.link_to not in known:
                faults.add("unknown_mapping", draft.at("to"), draft.link_to or "", known)
        wanted = [n for n in one.mapping.depends_on if n in by_name and n != one.mapping.name]
        needs[one.mapping.name] = sorted(wanted, key=lambda n: n not in _required(one.mapping))
    while (circle := _circle(needs)) is not None:
        steps = list(pairwise(circle))
        spare = [step for step in steps if step[1] not in _required(by_name[step[0]])]
        name, need = (spare or steps)[-1]
        needs[name].remove(need)
    return [by_name[name] for name in TopologicalSorter(needs).static_order()]


def _required(mapping: FieldMapping) -> frozenset[str]:
    """The mappings without whose records one of this mapping cannot be born."""
    return frozenset(
        line.link_to
        for lines in mapping.objects.values()
        for line in lines.lines
        if line.link_to and not (line.hubspot.may_be_blank and line.salesforce.may_be_blank)
    )


def _circle(needs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Names that need each other in a circle, each the next, the first one twice; None: there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        # The second argument names the circle the other way round.
        return list(reversed(error.args[1]))
    return None


def _road(names: Sequence[str]) -> str:
    return " -> ".join(names)


def _sorted(
    needs: Mapping[str, Sequence[str]],
    things: Mapping[str, _Thing],
    on_circle: Callable[[list[str]], None],
) -> list[_Thing]:
    try:
        return [things[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        # The second argument names the circle, its first member twice; each needs the next.
        on_circle(list(reversed(error.args[1])))
        return list(things.values())
