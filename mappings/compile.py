"""From mapping files to `schema.Mapping`: fields looked up, kinds inferred, closures made, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.port import System
from mappings import policies
from mappings.across import Made, check_names, check_writers, lines_in_order, mappings_in_order
from mappings.blocks import Blocks
from mappings.document import Document, Objects, read_document
from mappings.faults import FaultList, MappingFault
from mappings.fieldbook import HUBSPOT, SALESFORCE, FieldBook, Schemas
from mappings.grammar import OWNERS
from mappings.linemaker import LineMaker, digest
from mappings.matching import emails, ignored
from mappings.relationmaker import make_relation
from mappings.relationtests import as_mapping
from mappings.schema import CreateRule, ObjectLines, Relation
from mappings.schema import Mapping as FieldMapping
from mappings.source import as_plain, read_folder
from mappings.transforms import Locale

__all__ = ["Compiled", "Locale", "Schemas", "compile_folder", "missing_keys", "objects_needed"]

# Blocks that do not change what is done to a record.
REMARKS = frozenset({"version", "tests", "fields", "links"})
# Options of a line that are for people, or stand in its own hash whichever way they are written.
NOTES = frozenset({"note", "purpose", "id", "hubspot", "salesforce", "direction"})


@dataclass(frozen=True, slots=True)
class Compiled:
    """All mappings of a folder, those that others refer to first, and what deserves a look.

    `relations` come after all mappings, since each ties pairs of two of them.
    """

    mappings: tuple[FieldMapping, ...]
    warnings: tuple[MappingFault, ...]
    relations: tuple[Relation, ...] = ()

    @property
    def rehearsed(self) -> tuple[FieldMapping, ...]:
        """Everything that may have `tests:`; a relation rehearses its own fields like a mapping."""
        return (*self.mappings, *map(as_mapping, self.relations))


def objects_needed(folder: Path) -> set[tuple[System, str]]:
    """The objects that the mappings of a folder speak of: what has to be described.

    Of ties only Salesforce's are objects there.
    """
    return {
        (side, name)
        for document in _documents(folder, FaultList())
        for side, names in (
            (HUBSPOT, () if document.relation else (document.hubspot_object,)),
            (SALESFORCE, document.salesforce_objects),
        )
        for name in names
    }


def compile_folder(folder: Path, schemas: Schemas | None, locale: Locale) -> Compiled:
    """Compile every mapping of a folder; raises `MappingFaults` with all faults of all files.

    Without `schemas` (offline) standard fields are known by name and everything else is text.
    """
    faults = FaultList()
    documents = _documents(folder, faults)
    check_names(documents, faults)
    neighbours = {one.name: one.objects for one in documents if one.relation is None}
    made = [
        Made(document, mapping)
        for document in documents
        if document.relation is None
        and (mapping := _compile(document, neighbours, schemas, locale, faults)) is not None
    ]
    relations = [
        relation
        for document in documents
        if document.relation is not None
        and (
            relation := make_relation(
                document, document.relation, neighbours, schemas, locale, faults
            )
        )
    ]
    check_writers(made, faults)
    ordered = mappings_in_order(made, neighbours, faults)
    faults.raise_if_any()
    return Compiled(tuple(ordered), tuple(faults.warnings), tuple(relations))


def missing_keys(compiled: Compiled, schemas: Schemas) -> list[tuple[System, str, str]]:
    """External-key fields that the live systems lack: (system, object, field)."""
    return [
        (system, name, key)
        for mapping in compiled.mappings
        for system, key in mapping.keys.items()
        for name in mapping.objects_of(system)
        if (known := schemas.get((system, name))) is not None and key not in known.fields
    ]


def _documents(folder: Path, faults: FaultList) -> list[Document]:
    found = (read_document(root, faults) for _, root in read_folder(folder, faults))
    return [document for document in found if document is not None]


def _compile(
    document: Document,
    neighbours: Mapping[str, Objects],
    schemas: Schemas | None,
    locale: Locale,
    faults: FaultList,
) -> FieldMapping | None:
    """One document; faults are noted on the way. None where not even its objects exist."""
    book = FieldBook(document, schemas, faults)
    if not book.check_objects():
        return None
    blocks = Blocks(document, book, locale, faults)
    maker = LineMaker(book, document, locale, faults, neighbours)
    objects = {name: _object_lines(name, maker, blocks) for name in document.salesforce_objects}
    in_salesforce = blocks.create("in_salesforce", HUBSPOT)
    in_hubspot = blocks.create("in_hubspot", SALESFORCE)
    _check_required(maker, in_salesforce, blocks.guarded)
    _warn_of_short_fields(maker)
    blocks.note_conversion()
    keys = blocks.keys()
    creates = {HUBSPOT: in_hubspot, SALESFORCE: in_salesforce}
    own_names = blocks.own_names(keys)
    return FieldMapping(
        name=document.name,
        hash=_hash(document, objects, keys, locale),
        mode=document.text("mode", "live"),  # type: ignore[arg-type]  # checked in document.py
        hubspot_object=document.hubspot_object,
        salesforce_objects=document.salesforce_objects,
        only=blocks.only(),
        match=tuple(blocks.match()),
        match_ignore=ignored(blocks.ignore()),
        several=blocks.several(),  # type: ignore[arg-type]  # checked in document.py
        first_pairing=document.text("first_pairing", "fill_blanks"),  # type: ignore[arg-type]  # likewise
        create_in_salesforce=tuple(in_salesforce),
        create_in_hubspot=tuple(in_hubspot),
        when_deleted_in=policies.when_deleted(document, faults),
        when_merged_in=policies.when_merged(document, faults),
        when_erased_in=policies.when_erased(document, faults),
        use_duplicates=document.text("duplicates", "park") == "use",
        limits=policies.limits(document, faults),
        keys=keys,
        natural_keys=blocks.natural_keys(keys, creates),
        objects=objects,
        address=blocks.addresses(),
        depends_on=_depends_on(document),
        tests=policies.tests(document, book, faults),
        path=document.place.file,
        # Last, since everything above notes what it reads.
        fields={key: tuple(sorted(names)) for key, names in book.reads.items()},
        email=emails(book.reads),
        own_names=own_names,
        volatile=book.volatile,
    )


def _object_lines(object_name: str, maker: LineMaker, blocks: Blocks) -> ObjectLines:
    drafts = {draft.id: draft for draft in maker.document.lines}
    lines = maker.lines_for(object_name)
    return ObjectLines(
        salesforce_object=object_name,
        lines=lines_in_order(lines, maker.wants, lambda name: drafts[name].place, maker.faults),
        consent=blocks.consent(object_name),
    )


def _depends_on(document: Document) -> tuple[str, ...]:
    links = (draft.link_to for draft in document.lines)
    apart = {None, OWNERS, document.name}
    return tuple(dict.fromkeys(to for to in links if to is not None and to not in apart))


def _check_required(
    maker: LineMaker, rules: list[CreateRule], guarded: Mapping[str, frozenset[str]]
) -> None:
    """Fields that an object needs on create must have a line that surely fills them."""
    document, faults = maker.document, maker.faults
    for object_name in dict.fromkeys(rule.object for rule in rules):
        fillers = {
            name: draft
            for draft in document.lines
            if draft.direction in {"<->", "->"} and draft.applies_to(object_name)
            for name in draft.fields_of(object_name)
        }
        for schema in maker.book.required(object_name):
            draft = fillers.get(schema.name)
            place = document.place_of("create")
            if draft is None:
                faults.add("required_without_source", place, schema.name, object=object_name)
            elif "if_empty_on_create" in draft.options or draft.source is not None:
                continue
            elif not guarded[object_name] & {*draft.hubspot}:
                faults.warn("required_may_be_blank", draft.place, schema.name, object=object_name)


def _warn_of_short_fields(maker: LineMaker) -> None:
    """One warning per object: HubSpot's texts know no short limit, so every line would get one."""
    for object_name, fields in maker.short.items():
        told = ", ".join(f"{name} ({length})" for name, length in fields.items())
        place = maker.document.place_of("fields")
        maker.faults.warn("maybe_too_short", place, told, object=object_name)


def _hash(
    document: Document,
    objects: dict[str, ObjectLines],
    keys: dict[System, str],
    locale: Locale,
) -> str:
    """Changes with every meaning of the file, not with layout, comments, notes or tests."""
    blocks = {key: as_plain(n) for key, n in document.blocks.items() if key not in REMARKS}
    options = [
        {key: as_plain(node) for key, node in draft.options.items() if key not in NOTES}
        for draft in document.lines
    ]
    lines = {
        name: [[line.id, line.hash] for line in found.lines] for name, found in objects.items()
    }
    named_keys = {side.value: name for side, name in keys.items()}
    return digest(blocks, options, lines, named_keys, locale.timezone, locale.region)
