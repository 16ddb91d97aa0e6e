"""`init`: put the shipped files where the admin edits them, and the key fields where they belong."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import mappings
from connector.errors import Rejected, SystemBlocked
from connector.port import Connector, FieldKind, NewField, ObjectSchema, System
from intent.load import FILE_NAME as INTENT_FILE
from intent.load import SHIPPED as SHIPPED_INTENT
from lifecycle.load import SHIPPED_FOLDER as SHIPPED_DEFINITIONS
from mappings.own_values import OWN_VALUES
from mappings.schema import Line
from mappings.schema import Mapping as FieldMapping
from sync.desk import KEY as TASK_KEY
from sync.desk import TASK
from sync.field_choices import PLAIN, Wording, question_of, told, verdict_field
from sync.petitions import REASON

SHIPPED = Path(mappings.__file__).parent
# Where the files to deploy are put, in the working folder.
TO_DEPLOY = "salesforce-fields"
# Where it stands who somebody is handed to.
HANDED_TO = "lifecycle.handed_to"
LABELS = {System.HUBSPOT: "Salesforce id (Kakehashi)", System.SALESFORCE: "HubSpot Id"}


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


def copy_samples(folder: Path, samples: Mapping[str, str]) -> None:
    """Put samples where the shipped files of these names would go; a file that somebody has changed stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sample in samples.items():
        target, shipped = folder / f"{name}.yaml", SHIPPED / f"{name}.yaml"
        if not target.exists() or target.read_bytes() == shipped.read_bytes():
            shutil.copyfile(SHIPPED / "samples" / f"{sample}.yaml", target)


def copy_intent(folder: Path) -> list[str]:
    """Copy the shipped definition of website intent into the working folder, unless one is there."""
    target = folder / INTENT_FILE
    if target.exists():
        return []
    shutil.copyfile(SHIPPED_INTENT, target)
    return [INTENT_FILE]


def copy_definitions(folder: Path) -> list[str]:
    """Copy the shipped definition of "qualified" and its samples, unless a definition is there."""
    if any(folder.glob("*.yaml")):
        return []
    copied = []
    for source in sorted(SHIPPED_DEFINITIONS.rglob("*.yaml")):
        name = source.relative_to(SHIPPED_DEFINITIONS)
        target = folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            copied.append(name.as_posix())
    return copied


def create_keys(
    connectors: Mapping[System, Connector],
    compiled: Iterable[FieldMapping],
    wording: Wording = PLAIN,
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Create the fields that we need and that are missing; answers (created, missing with the way).

    These are the external keys, the fields that lines write values of our own to, those for the questions of
    a hand-off, and own fields about consent. Raises what the connectors raise, except for missing rights:
    those are answered as `missing`; and what `wording` raises.
    """
    created: list[dict[str, str]] = []
    missing: list[dict[str, str]] = []
    known: dict[tuple[System, str], ObjectSchema] = {}
    for system, wanted in _wanted(compiled, wording):
        connector = connectors[system]
        where = {"system": system.value, "object": wanted.object, "field": wanted.name}
        try:
            if (system, wanted.object) not in known:
                known[system, wanted.object] = connector.describe(wanted.object)
            if wanted.name in known[system, wanted.object].fields:
                continue
            connector.create_field(_fitting(connector, wanted))
        except (SystemBlocked, Rejected) as error:
            if not _is_hidden(error):
                raise
            missing.append({**where, "how": _how(system, wanted, wording)})
        else:
            created.append(where)
    return created, missing


def _is_hidden(error: SystemBlocked | Rejected) -> bool:
    """Whether we lack a right: to make fields, or to see the object at all."""
    is_object = isinstance(error, Rejected) and error.cause == "no_such_field"
    return is_object or (isinstance(error, SystemBlocked) and error.cause == "permission")


def deployable(
    connectors: Mapping[System, Connector],
    compiled: Iterable[FieldMapping],
    missing: Iterable[Mapping[str, str]],
    wording: Wording = PLAIN,
) -> dict[str, str]:
    """The files, path -> text, with which somebody who has the rights makes what is `missing`; maybe none."""
    places = {(row["system"], row["object"], row["field"]) for row in missing}
    wanted = _wanted(compiled, wording)
    files: dict[str, str] = {}
    for system, connector in connectors.items():
        ours = [field for side, field in wanted if side is system]
        lacking = [one for one in ours if (system.value, one.object, one.name) in places]
        files |= connector.deployable([_fitting(connector, one) for one in lacking], ours)
    return files


def _how(system: System, field: NewField, wording: Wording) -> str:
    key = f"how.{system.value}_key" if field.unique else f"how.{system.value}"
    return wording.say(key, field=field.name, object=field.object, kind=told(field))


def _fitting(connector: Connector, field: NewField) -> NewField:
    """Choices hang on another field's only where that one is a picklist; it may be somebody's text by now."""
    if field.companion is None:
        return field
    other = connector.describe(field.object).fields.get(field.companion.field)
    return field if other is None or other.kind == "picklist" else replace(field, companion=None)


def fields_of_ours(compiled: Iterable[FieldMapping]) -> set[tuple[str, str]]:
    """Object and name of each field that `create_keys` would make."""
    return {(field.object, field.name) for _, field in _wanted(compiled, PLAIN)}


def _wanted(compiled: Iterable[FieldMapping], wording: Wording) -> list[tuple[System, NewField]]:
    """Every field once; what hangs on another one comes after all others."""
    mappings = list(compiled)
    fields = [
        *_keys(mappings),
        *_lines(mappings, wording),
        *_consent_fields(mappings),
        *_task_field(mappings),
    ]
    found = list(dict.fromkeys(fields))
    return sorted(found, key=lambda one: one[1].companion is not None)


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


def _task_field(mappings: Iterable[FieldMapping]) -> Iterator[tuple[System, NewField]]:
    """Where a task of ours bears the hand-over that it is about, if people are handed over at all."""
    lines = (line for one in mappings for each in one.objects.values() for line in each.lines)
    if any(line.ledger_value == HANDED_TO for line in lines):
        yield (
            System.SALESFORCE,
            NewField(
                object=TASK,
                name=TASK_KEY,
                label="Hand-over (Kakehashi)",
                unique=True,
                description="The hand-over that this task is about. Kakehashi needs it to never make "
                "a second task; do not edit it.",
            ),
        )


def _lines(mappings: Iterable[FieldMapping], wording: Wording) -> Iterator[tuple[System, NewField]]:
    """A field for each end of a line that writes a value of ours, or that carries a question of the gate."""
    for mapping in mappings:
        for object_name, lines in mapping.objects.items():
            for line in lines.lines:
                for system, name in (
                    (System.HUBSPOT, mapping.hubspot_object),
                    (System.SALESFORCE, object_name),
                ):
                    for field in _line(line, lines.lines, system, name, wording):
                        yield system, field


def _line(
    line: Line, others: tuple[Line, ...], system: System, object_name: str, wording: Wording
) -> Iterator[NewField]:
    question, names = question_of(line), line.side(system).fields
    if question is not None:
        yield from (wording.question(object_name, name, question) for name in names)
    if line.ledger_value not in OWN_VALUES:
        return
    verdict = verdict_field(others, system)
    for name in names:
        field = wording.own_field(object_name, name, line)
        hangs = line.ledger_value == REASON and verdict is not None and bool(field.options)
        yield replace(field, companion=wording.companion(verdict or "")) if hangs else field


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


def write_steps(
    folder: Path,
    missing: Iterable[Mapping[str, str]],
    files: Mapping[str, str] = MappingProxyType({}),
    wording: Wording = PLAIN,
) -> Path | None:
    """The steps for a person who has the rights, as a page to hand over, with the `files` to deploy beside it
    in a folder of their own; None when nothing is missing.
    """
    steps = [f"- {row['system']} {row['object']}: {row['how']}" for row in missing]
    if not steps:
        return None
    for name, text in files.items():
        target = folder / TO_DEPLOY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    deploy = [wording.say("steps.deploy", folder=TO_DEPLOY), wording.say("steps.assign")]
    parts = [f"# {wording.say('steps.title')}", *(deploy if files else []), "\n".join(steps)]
    path = folder / "fields-to-create.md"
    path.write_text("\n\n".join(parts) + "\n", "utf-8")
    return path
