"""`init`: put the shipped files where the admin edits them, and the key fields where they belong."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import mappings
from connector.errors import SystemBlocked
from connector.port import Connector, NewField, System
from intent.load import FILE_NAME as INTENT_FILE
from intent.load import SHIPPED as SHIPPED_INTENT
from mappings.schema import Mapping as FieldMapping

SHIPPED = Path(mappings.__file__).parent
LABELS = {System.HUBSPOT: "Salesforce id (Kakehashi)", System.SALESFORCE: "HubSpot Id"}
HOW = {
    System.HUBSPOT: "create a unique single-line text property {field!r} on {object}, or give the "
    "token the scope crm.schemas.{object}.write and run `kakehashi init` again",
    System.SALESFORCE: "create a text field {field} (64, External ID, Unique, case-insensitive) on "
    "{object} and let the integration user's permission set read and edit it, or give the user "
    "'Customize Application' and run `kakehashi init` again",
}


def copy_mappings(folder: Path) -> list[str]:
    """Copy the shipped files that are not there yet; answers the names copied."""
    folder.mkdir(parents=True, exist_ok=True)
    copied = []
    for source in sorted(SHIPPED.glob("*.yaml")):
        target = folder / source.name
        if not target.exists():
            shutil.copyfile(source, target)
            copied.append(source.name)
    return copied


def copy_intent(folder: Path) -> list[str]:
    """Copy the shipped definition of website intent into the working folder, unless one is there."""
    target = folder / INTENT_FILE
    if target.exists():
        return []
    shutil.copyfile(SHIPPED_INTENT, target)
    return [INTENT_FILE]


def create_keys(
    connectors: Mapping[System, Connector], compiled: Iterable[FieldMapping]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Create the external-key fields that are missing; answers (created, missing with the way).

    Raises what the connectors raise, except for missing rights: those are answered as `missing`.
    """
    created: list[dict[str, str]] = []
    missing: list[dict[str, str]] = []
    for system, object_name, name in _wanted(compiled):
        connector = connectors[system]
        where = {"system": system.value, "object": object_name, "field": name}
        if name in connector.describe(object_name).fields:
            continue
        field = NewField(
            object=object_name,
            name=name,
            label=LABELS[system],
            unique=True,
            description="The partner's id in the other system. Kakehashi needs it to never make "
            "a twin; do not edit it.",
        )
        try:
            connector.create_field(field)
        except SystemBlocked as error:
            if error.cause != "permission":
                raise
            missing.append({**where, "how": HOW[system].format(**where)})
        else:
            created.append(where)
    return created, missing


def _wanted(compiled: Iterable[FieldMapping]) -> list[tuple[System, str, str]]:
    return list(
        dict.fromkeys(
            (system, name, key)
            for mapping in compiled
            for system, key in mapping.keys.items()
            for name in mapping.objects_of(system)
        )
    )


def write_steps(folder: Path, missing: Iterable[Mapping[str, str]]) -> Path | None:
    """The steps for a person who has the rights, as a page to hand over; None when nothing is missing."""
    steps = [f"- {row['system']} {row['object']}: {row['how']}" for row in missing]
    if not steps:
        return None
    path = folder / "fields-to-create.md"
    path.write_text("# Fields that Kakehashi needs\n\n" + "\n".join(steps) + "\n", "utf-8")
    return path
