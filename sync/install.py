"""`init`: put the shipped files where the admin edits them, and the key fields where they belong."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import mappings
from connector.errors import SystemBlocked
from connector.port import Connector, FieldKind, FieldSchema, NewField, System
from intent.load import FILE_NAME as INTENT_FILE
from intent.load import SHIPPED as SHIPPED_INTENT
from mappings.own_values import OWN_VALUES
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


class ConsentField(NamedTuple):
    """How a field of a consent line is made."""

    label: str
    kind: FieldKind
    description: str


_PROOF = "Proves an opt-in, together with the other two; see Kakehashi's page on privacy."
CONSENT = {
    "opt-out": ConsentField(
        "opt-out",
        "bool",
        "Set: the person has opted out, in both systems. An untick alone lifts nothing.",
    ),
    "at": ConsentField("opted in at", "datetime", _PROOF),
    "source": ConsentField("opted in by", "text", _PROOF),
    "basis": ConsentField("opted in on what basis", "text", _PROOF),
}
HOW_OWN = {
    System.HUBSPOT: "create a property {field!r} of the kind {kind} on {object}, or give the token the scope "
    "crm.schemas.{object}.write and run `kakehashi init` again",
    System.SALESFORCE: "create a field {field} of the kind {kind} on {object} and let the integration user's "
    "permission set read and edit it, or give the user 'Customize Application' and run `kakehashi init` "
    "again",
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


def copy_samples(folder: Path, names: Iterable[str]) -> None:
    """Put the samples with website intent where the shipped files of these names would go.

    A file that somebody has changed stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        target, shipped = folder / f"{name}.yaml", SHIPPED / f"{name}.yaml"
        if not target.exists() or target.read_bytes() == shipped.read_bytes():
            shutil.copyfile(SHIPPED / "samples" / f"{name}-with-intent.yaml", target)


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
    """Create the fields that we need and that are missing; answers (created, missing with the way).

    These are the external keys, the fields that lines write values of our own to, and own fields about
    consent. Raises what the connectors raise, except for missing rights: those are answered as `missing`.
    """
    created: list[dict[str, str]] = []
    missing: list[dict[str, str]] = []
    for system, field in _wanted(compiled):
        connector = connectors[system]
        where = {"system": system.value, "object": field.object, "field": field.name}
        if field.name in connector.describe(field.object).fields:
            continue
        try:
            connector.create_field(field)
        except SystemBlocked as error:
            if error.cause != "permission":
                raise
            how = HOW[system] if field.unique else HOW_OWN[system]
            missing.append({**where, "how": how.format(**where, kind=_told(field))})
        else:
            created.append(where)
    return created, missing


def fields_of_ours(compiled: Iterable[FieldMapping]) -> set[tuple[str, str]]:
    """Object and name of each field that `create_keys` would make."""
    return {(field.object, field.name) for _, field in _wanted(compiled)}


def _wanted(compiled: Iterable[FieldMapping]) -> list[tuple[System, NewField]]:
    mappings = list(compiled)
    fields = [*_keys(mappings), *_own_fields(mappings), *_consent_fields(mappings)]
    return list(dict.fromkeys(fields))


def _keys(mappings: Iterable[FieldMapping]) -> Iterator[tuple[System, NewField]]:
    for mapping in mappings:
        for system, key in mapping.keys.items():
            for name in mapping.objects_of(system):
                yield (
                    system,
                    NewField(
                        object=name,
                        name=key,
                        label=LABELS[system],
                        unique=True,
                        description="The partner's id in the other system. Kakehashi needs it to never "
                        "make a twin; do not edit it.",
                    ),
                )


def _own_fields(mappings: Iterable[FieldMapping]) -> Iterator[tuple[System, NewField]]:
    """One field for each end of a line that writes a value of ours."""
    for mapping in mappings:
        for object_name, lines in mapping.objects.items():
            for line in lines.lines:
                own = OWN_VALUES.get(line.ledger_value or "")
                for system, name in (
                    (System.HUBSPOT, mapping.hubspot_object),
                    (System.SALESFORCE, object_name),
                ):
                    if own is not None:
                        for field in line.side(system).fields:
                            yield system, _own_field(name, field, own)


def _consent_fields(mappings: Iterable[FieldMapping]) -> Iterator[tuple[System, NewField]]:
    """A checkbox for each end of a consent line that no vendor brings along, and what proves an opt-in."""
    for mapping in mappings:
        for object_name, lines in mapping.objects.items():
            objects = {System.HUBSPOT: mapping.hubspot_object, System.SALESFORCE: object_name}
            for line in lines.consent:
                for system, name in objects.items():
                    told = {"opt-out": line.field(system), **(line.evidence or {}).get(system, {})}
                    yield from (
                        (system, _consent_field(name, field, line.id, what))
                        for what, field in told.items()
                        if _may_be_ours(system, field)
                    )


def _may_be_ours(system: System, field: str) -> bool:
    """The vendors keep these names to themselves: properties that begin with ``hs_`` (HubSpot, "Properties"),
    fields that do not end in ``__c`` (Salesforce, "Custom Fields")."""
    return not field.startswith("hs_") if system is System.HUBSPOT else field.endswith("__c")


def _consent_field(object_name: str, name: str, line: str, what: str) -> NewField:
    return NewField(
        object=object_name,
        name=name,
        label=f"{line[:1].upper()}{line[1:]} {CONSENT[what].label}",
        kind=CONSENT[what].kind,
        length=255,
        description=CONSENT[what].description,
    )


def _own_field(object_name: str, name: str, own: FieldSchema) -> NewField:
    words = own.label.replace(".", " ").replace("_", " ")
    return NewField(
        object=object_name,
        name=name,
        label=f"{words[:1].upper()}{words[1:]} (Kakehashi)",
        kind=own.kind,
        length=own.length or 64,
        description="Written by Kakehashi; an edit is put back.",
    )


def _told(field: NewField) -> str:
    """The kind of a field in words."""
    return f"{field.kind} ({field.length})" if field.kind in {"text", "long_text"} else field.kind


def write_steps(folder: Path, missing: Iterable[Mapping[str, str]]) -> Path | None:
    """The steps for a person who has the rights, as a page to hand over; None when nothing is missing."""
    steps = [f"- {row['system']} {row['object']}: {row['how']}" for row in missing]
    if not steps:
        return None
    path = folder / "fields-to-create.md"
    path.write_text("# Fields that Kakehashi needs\n\n" + "\n".join(steps) + "\n", "utf-8")
    return path
