"""`init`, `check`, `test`: the commands around the mapping files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from console.language import language, say
from console.output import Output
from console.session import Session, command
from intent.load import FILE_NAME as INTENT_FILE
from intent.load import definition_of, load_definition
from intent.sources import read_sources
from lifecycle.definition import Reason
from lifecycle.folder import read_definitions
from lifecycle.load import SHIPPED_FOLDER
from mappings.compile import Compiled, missing_keys
from mappings.faults import FaultList, MappingFault, MappingFaults, Place
from mappings.schema import Mapping as FieldMapping
from sync.field_choices import Wording
from sync.install import (
    copy_definitions,
    copy_intent,
    copy_mappings,
    create_keys,
    deployable,
    fields_of_ours,
    write_steps,
)
from sync.rehearsal import rehearse
from sync.wiring import Bridge


@command()
@click.option("--folder", type=click.Path(path_type=Path), help="Where the mapping files go.")
def init(session: Session, folder: Path | None) -> int:
    """Copy the shipped mappings and intent.yaml here and create the key fields where we may."""
    bridge = session.bridge()
    target = folder or bridge.mappings_folder
    copied = [target / name for name in copy_mappings(target)]
    copied += [session.folder / name for name in copy_intent(session.folder)]
    definitions = session.folder / bridge.settings.definitions
    copied += [definitions / name for name in copy_definitions(definitions)]
    compiled = bridge.compile(offline=True)
    bridge.pin()
    wording = wording_of(bridge, session.output.lang)
    created, missing = create_keys(bridge.connectors, compiled.mappings, wording)
    files = deployable(bridge.connectors, compiled.mappings, missing, wording)
    steps = write_steps(session.folder, missing, files, wording)
    faults = _faults_of(bridge)
    if session.output.json:
        told = {"created": created, "missing": missing, "copied": [path.name for path in copied]}
        session.output.document(
            {**told, "faults": [fault.as_json(session.output.lang) for fault in faults]}
        )
    else:
        for path in copied:
            session.output.say("init.copied", file=path)
        for row in created:
            session.output.say("init.created", **row)
        for row in missing:
            session.output.error(say("init.missing", session.output.lang, **row))
        if steps is not None:
            session.output.say("init.steps", file=steps)
        if faults:
            _tell_misfits(session.output, target, faults)
        elif not missing:
            session.output.say("init.ready")
    return 1 if missing or faults else 0


def wording_of(bridge: Bridge, lang: str | None) -> Wording:
    """Fields are made in this language, with the reasons of the folder's definition, or the shipped ones."""

    def reasons() -> Mapping[str, Reason]:
        own = bridge.folder / bridge.settings.definitions
        folder = own if any(own.glob("*.yaml")) else SHIPPED_FOLDER
        return read_definitions(folder, definition_of(bridge.folder))[-1].definition.reasons

    return Wording(language(lang), reasons)


def _faults_of(bridge: Bridge) -> tuple[MappingFault, ...]:
    """What the files say that these two systems do not have: a pipeline, a field."""
    try:
        bridge.compile()
    except MappingFaults as error:
        return tuple(error.faults)
    return ()


def _tell_misfits(output: Output, folder: Path, faults: tuple[MappingFault, ...]) -> None:
    """The shipped files speak of what both systems begin with; an org may have put it away."""
    show_faults(output, faults, ())
    names = ", ".join(sorted({Path(fault.place.file).name for fault in faults}))
    output.error(say("init.misfit", output.lang, names=names, folder=folder))


@command()
@click.option("--offline", is_flag=True, help="Files only, without asking the systems.")
def check(session: Session, offline: bool) -> int:
    """Check the files against the grammar and, unless offline, against both live systems."""
    bridge = session.bridge()
    if not offline:
        bridge.pin()
    faults = intent_faults(session.folder, bridge.settings.intent.sources)
    try:
        compiled = bridge.compile(offline=offline)
    except MappingFaults as error:
        faults = (*_folded(bridge, error.faults), *faults)
    faults += _definition_faults(session.folder, bridge.settings.definitions)
    if faults:
        show_faults(session.output, faults, ())
        return 2
    warnings = list(compiled.warnings)
    if not offline:
        warnings += _missing_key_warnings(bridge, compiled)
    show_faults(session.output, (), tuple(warnings))
    if not session.output.json and not warnings:
        _tell_all_right(session.output, len(compiled.mappings), len(compiled.relations))
    for key in _untold(bridge, compiled):
        session.output.error(say(key, session.output.lang))
    return 1 if any(w.code == "missing_key_field" for w in warnings) else 0


def _untold(bridge: Bridge, compiled: Compiled) -> tuple[str, ...]:
    """What people will miss once leads are handed over; nothing where no mapping speaks of it."""
    settings = bridge.settings
    if not any(_hands_over(mapping) for mapping in compiled.mappings):
        return ()
    if not settings.handoff.configured:
        return ("check.nobody_is_told",)
    if settings.mode == "observe":
        return ("check.letters_held",)
    has_links = settings.handoff.secrets and settings.web.public_url
    return () if has_links else ("check.no_links",)


def _hands_over(mapping: FieldMapping) -> bool:
    """Whether a mapping writes where people stand between the departments."""
    return any(
        (line.ledger_value or "").startswith("lifecycle.")
        for lines in mapping.objects.values()
        for line in lines.lines
    )


def _folded(bridge: Bridge, faults: Sequence[MappingFault]) -> tuple[MappingFault, ...]:
    """The same, with one fault a file for all the fields that `init` makes by itself."""
    try:
        ours = fields_of_ours(bridge.compile(offline=True).mappings)
    except MappingFaults:
        return tuple(faults)
    missing: dict[str, list[MappingFault]] = defaultdict(list)
    others: list[MappingFault] = []
    for one in faults:
        is_ours = one.code == "unknown_field" and (one.words.get("object", ""), one.found) in ours
        (missing[one.place.file] if is_ours else others).append(one)
    firsts = [
        MappingFault(
            code="fields_of_ours",
            place=replace(some[0].place, path=some[0].place.path[:1]),
            words={"count": str(len({(one.words["object"], one.found) for one in some}))},
        )
        for some in missing.values()
    ]
    return (*others, *firsts)


def intent_faults(folder: Path, sources: Path) -> tuple[MappingFault, ...]:
    """What is wrong with the definition of website intent and with the third parties' files in a working
    folder; nothing where there are none.
    """
    faults, topics, file = FaultList(), None, folder / INTENT_FILE
    try:
        topics = load_definition(file).topics if file.exists() else None
    except MappingFaults as error:
        faults.faults += error.faults
    read_sources(folder / sources, topics, faults)
    return tuple(faults.faults)


def _definition_faults(folder: Path, definitions: Path) -> tuple[MappingFault, ...]:
    """What is wrong with the shared definition; nothing where there is none, or no points to name."""
    if not any((folder / definitions).glob("*.yaml")):
        return ()
    try:
        interest = definition_of(folder)
    except MappingFaults:
        return ()  # told already
    try:
        read_definitions(folder / definitions, interest)
    except MappingFaults as error:
        return error.faults
    return ()


def _tell_all_right(output: Output, mappings: int, relations: int) -> None:
    """One, several or none of the latter."""
    key = (
        "check.right"
        if not relations
        else f"check.right_with_{'one' if relations == 1 else 'more'}"
    )
    output.say(key, count=mappings, relations=relations)


def _missing_key_warnings(bridge: Bridge, compiled: Any) -> list[MappingFault]:
    return [
        MappingFault(
            code="missing_key_field",
            place=Place(str(bridge.mappings_folder), 1, 1, (name,)),
            found=key,
            words={"system": system.value, "object": name},
        )
        for system, name, key in missing_keys(compiled, bridge.schemas())
    ]


def show_faults(
    output: Output, faults: tuple[MappingFault, ...], warnings: tuple[MappingFault, ...]
) -> None:
    """All faults with place, path and cure."""
    language = output.lang
    if output.json:
        output.document(
            {
                "faults": [fault.as_json(language) for fault in faults],
                "warnings": [fault.as_json(language) for fault in warnings],
            }
        )
        return
    for kind, rows in (("fault", faults), ("warning", warnings)):
        for row in rows:
            place = row.place
            where = f"{_from_here(place.file)}:{place.line}:{place.column}"
            road = " > ".join(place.path)
            told = (kind, where, road, row.message(language))
            output.error(": ".join(part for part in told if part))


def _from_here(file: str) -> str:
    """A file of the working folder without the road to that; any other as it is."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def explain_faults(faults: Sequence[MappingFault], lang: str | None, *, as_json: bool) -> None:
    """What is wrong in the files, whichever command came upon it, as `check` tells it."""
    output = Output(json=as_json, terminal=False, lang=language(lang))
    session = Session(Path.cwd(), output, lang)
    show_faults(output, _folded(session.bridge(), faults), ())


@command("test")
def test_(session: Session) -> int:
    """Run the `tests:` of the mapping files, and name lines that no test touches."""
    bridge = session.bridge()
    compiled = bridge.compile(offline=True)
    done = rehearse(compiled.rehearsed, bridge.clock().date())
    if session.output.json:
        session.output.document(
            {
                "passed": done.passed,
                "failed": [{"test": f.test, "diff": list(f.diff)} for f in done.failed],
                "untouched": list(done.untouched),
            }
        )
    else:
        for failure in done.failed:
            told = {"test": failure.test, "location": failure.location}
            session.output.error(say("test.failed", session.output.lang, **told))
            for line in failure.diff:
                session.output.line(f"    {line}")
        session.output.say("test.done", passed=done.passed, failed=len(done.failed))
        for line in done.untouched:
            session.output.say("test.untouched", line=line)
    return 1 if done.failed else 0
