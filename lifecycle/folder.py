"""The definition files of a working folder: all of them checked at once, and the one that is meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from connector.port import ObjectSchema
from intent.definition import Definition as Interest
from lifecycle.definition import Definition
from lifecycle.load import load_definition
from mappings.faults import FaultList, MappingFault, MappingFaults, Place


class DefinitionFile(NamedTuple):
    """A file that is right, and what works in it and still deserves a look."""

    path: Path
    definition: Definition
    warnings: tuple[MappingFault, ...]


def read_definitions(
    folder: Path,
    interest: Interest,
    schemas: Mapping[str, ObjectSchema] | None = None,
) -> list[DefinitionFile]:
    """All definitions of a folder, the highest version last. Files in folders below are not loaded.

    Raises `mappings.faults.MappingFaults` with what is wrong in any of them; no file at all is a fault.
    """
    faults, found = FaultList(), []
    place = Place(str(folder), 1, 1)
    for path in sorted(folder.glob("*.yaml")):
        try:
            loaded = load_definition(path, interest, schemas=schemas)
        except MappingFaults as error:
            faults.faults += error.faults
        else:
            found.append(DefinitionFile(path, loaded.definition, loaded.warnings))
    if not found and not faults.faults:
        faults.add("no_definition", place, str(folder))
    _check_together(found, place, faults)
    faults.raise_if_any()
    return sorted(found, key=lambda one: one.definition.version)


def _check_together(found: list[DefinitionFile], place: Place, faults: FaultList) -> None:
    """Both departments share one definition, and each of its versions stands in one file."""
    names = sorted({one.definition.id for one in found})
    if len(names) > 1:
        faults.add("several_definitions", place, str(place.file), names)
    first: dict[tuple[str, int], Path] = {}
    for one in found:
        key = one.definition.id, one.definition.version
        if key in first:
            here = Place(str(one.path), 1, 1, (one.path.stem,))
            faults.add("duplicate_definition", here, one.definition.name, other=str(first[key]))
        first.setdefault(key, one.path)
