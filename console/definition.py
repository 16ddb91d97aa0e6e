"""`kakehashi definition`: what "qualified" means, who agreed to it, and what another one would change."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import click

from console.checking import show_faults
from console.desk import Desk
from console.language import language, say
from console.session import Session, command
from console.trying import dry_run_
from lifecycle.approval import DEPARTMENTS, Finding, Version, look, never_begins, objection
from lifecycle.definition import Approval, Definition, Department
from lifecycle.difference import Change, difference
from lifecycle.folder import DefinitionFile
from lifecycle.load import Whole
from lifecycle.shelf import kept_of, texts_of, versions_of
from mappings.faults import MappingFault

# So many digits of a hash are shown, and are enough to name one.
SHOWN = 12


@click.group()
def definition() -> None:
    """The shared definition of "qualified": check, compare, try and approve it."""


@command("check")
@click.argument("file", required=False)
@click.option("--offline", is_flag=True, help="Files only, without asking HubSpot.")
def check(session: Session, file: str | None, offline: bool) -> int:
    """Check the definition, and tell whether it is in force.

    Exit code 1: it is right, and not in force as it stands here.
    """
    desk = Desk.of(session, online=not offline)
    one = desk.file(file)
    versions = versions_of(desk.store)
    found = look(one.definition, versions, desk.bridge.clock())
    overtaken = never_begins(versions)
    if session.output.json:
        told = _state_json(one.definition, found)
        lang = session.output.lang
        session.output.document(
            {
                "faults": [],
                "warnings": [warning.as_json(lang) for warning in one.warnings],
                "file": one.path.name,
                "definition": told,
                "overtaken": [version.definition.name for version in overtaken],
            }
        )
    else:
        now = desk.bridge.clock().astimezone(desk.bridge.settings.zone)
        _tell_state(session, one, found, now)
        for version in overtaken:
            session.output.error(
                say("definition.overtaken", session.output.lang, name=version.definition.name)
            )
    return 0 if found.state == "in_force" else 1


@command("diff")
@click.argument("file", required=False)
@click.option("--against", metavar="VERSION", help="A version on file; else the one in force.")
def diff(session: Session, file: str | None, against: str | None) -> int:
    """What a file says differently from a version on file. Exit code 1: there is a difference."""
    desk = Desk.of(session)
    new = desk.file(file).definition
    old = desk.kept(against, new)
    if old is None:
        return _nothing_in_force(session)
    changes = difference(old, Whole(new, desk.interest))
    if session.output.json:
        session.output.document(
            {
                "old": _name_json(old.definition),
                "new": _name_json(new),
                "changes": [change_json(one, session) for one in changes],
            }
        )
        return 1 if changes else 0
    session.output.say("definition.diff", old=_named(old.definition), new=_named(new))
    _tell_changes(session, changes)
    return 1 if changes else 0


@command("approve")
@click.argument("file", required=False)
@click.option(
    "--for", "department", required=True, type=click.Choice(DEPARTMENTS), help="Your department."
)
@click.option("--by", required=True, help="Who you are, as `owners:` has it.")
@click.option("--hash", "seen", metavar="DIGITS", help="Only if it is still the text you read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def approve(
    session: Session, file: str | None, department: Department, by: str, seen: str | None, yes: bool
) -> int:
    """Agree to exactly this text, together with intent.yaml. It is in force once both owners did.

    Exit code 1: the other department has not agreed yet.
    """
    desk = Desk.of(session)
    one, now, lang = desk.file(file), desk.bridge.clock(), language(session.output.lang)
    found = one.definition
    versions = versions_of(desk.store)
    _refuse_early(one, seen, session)
    why = objection(found, department, by, versions)
    if why == "approved_already":
        session.output.say("definition.approved_already", name=_named(found))
        return _after(desk, found, now)
    if why is not None:
        words = {"by": by, "name": found.name, "department": say(f"department.{department}", lang)}
        owner = found.owners[department]
        raise click.UsageError(say(f"definition.refused.{why}", lang, owner=owner, **words))
    kept = kept_of(found, texts_of(one.path, desk.interest_file()), now)
    if not yes:
        _ask(desk, one, found)
    store = desk.store
    store.put(kept)
    store.approve(Approval(found.hash, department, by, now))
    return _after(desk, found, now)


def _refuse_early(one: DefinitionFile, seen: str | None, session: Session) -> None:
    """An example owner agrees to nothing, and nobody agrees to another text than they read."""
    lang = language(session.output.lang)
    examples = [warning for warning in one.warnings if warning.code == "example_owner"]
    if examples:
        raise click.UsageError(" ".join(warning.message(lang) for warning in examples))
    if seen is not None and (len(seen) < SHOWN or not one.definition.hash.startswith(seen)):
        shown = one.definition.hash[:SHOWN]
        raise click.UsageError(say("definition.other_text", lang, seen=seen, hash=shown))


def _ask(desk: Desk, one: DefinitionFile, found: Definition) -> None:
    session, lang = desk.session, language(desk.session.output.lang)
    if session.output.json or not (sys.stdin.isatty() and session.output.terminal):
        raise click.UsageError(say("definition.nobody_to_ask", lang))
    old = desk.kept(None, found)
    if old is not None:
        _tell_changes(session, difference(old, Whole(found, desk.interest)))
    click.confirm(say("definition.confirm", lang, name=_named(found), file=one.path), abort=True)


def _after(desk: Desk, found: Definition, now: datetime) -> int:
    """Where it stands after an approval."""
    standing = look(found, versions_of(desk.store), now)
    if desk.session.output.json:
        desk.session.output.document({"definition": _state_json(found, standing)})
    else:
        _tell_standing(desk.session, found, standing, desk.bridge.settings.zone)
    return 1 if standing.missing else 0


def _tell_state(session: Session, one: DefinitionFile, found: Finding, now: datetime) -> None:
    _show_warnings(session, one.warnings)
    session.output.say("definition.right", file=one.path.name, name=_named(one.definition))
    if found.begins_at is None and one.definition.effective_from < now.date():
        session.output.say("definition.backdated", date=one.definition.effective_from)
    _tell_standing(session, one.definition, found, now.tzinfo or UTC)


def _show_warnings(session: Session, warnings: Sequence[MappingFault]) -> None:
    show_faults(session.output, (), tuple(warnings))


def _tell_standing(session: Session, one: Definition, found: Finding, zone: tzinfo) -> None:
    lang = session.output.lang
    missing = _departments(session, found.missing)
    begins = "" if found.begins_at is None else f"{found.begins_at.astimezone(zone):%Y-%m-%d %H:%M}"
    session.output.say(
        f"definition.state.{found.state}", name=_named(one), missing=missing, begins=begins
    )
    if found.elsewhere and found.state != "edited":
        departments = _departments(session, found.elsewhere)
        session.output.say("definition.elsewhere", departments=departments)
    if found.state != "in_force":
        if found.in_force is None:
            session.output.line(say("definition.none_in_force", lang))
        else:
            session.output.say("definition.meanwhile", name=_named(found.in_force.definition))


def _nothing_in_force(session: Session) -> int:
    lang = session.output.lang
    if session.output.json:
        session.output.document({"old": None, "new": None, "changes": []})
    else:
        session.output.line(say("definition.none_in_force", lang))
    return 1


def _tell_changes(session: Session, changes: Sequence[Change]) -> None:
    lang = language(session.output.lang)
    for one in changes:
        session.output.line(f"  {one.words(lang)}")
    if not changes:
        session.output.say("definition.no_difference")


def _departments(session: Session, names: Sequence[Department]) -> str:
    told = [say(f"department.{name}", session.output.lang) for name in names]
    return ("、" if session.output.lang == "ja" else ", ").join(told)


def _named(one: Definition) -> str:
    return f"{one.name} ({one.hash[:SHOWN]})"


def _name_json(one: Definition) -> dict[str, Any]:
    return {"name": one.name, "hash": one.hash}


def _state_json(one: Definition, found: Finding) -> dict[str, Any]:
    valid: Version | None = found.in_force
    return {
        **_name_json(one),
        "effective_from": one.effective_from.isoformat(),
        "state": found.state,
        "missing": list(found.missing),
        "approved_another_text": list(found.elsewhere),
        "begins_at": None if found.begins_at is None else found.begins_at.isoformat(),
        "in_force": None if valid is None else _name_json(valid.definition),
    }


def change_json(one: Change, session: Session) -> dict[str, Any]:
    """One difference for a program, with its sentence."""
    return {**one._asdict(), "words": one.words(language(session.output.lang))}


for _one in (check, diff, approve, dry_run_):
    definition.add_command(_one)
