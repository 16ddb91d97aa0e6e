"""What the commands about the definition work on: the files of the folder, and what is on file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from connector.port import ObjectSchema, System
from console.language import language, say
from console.session import Session
from intent.definition import Definition as Interest
from intent.load import FILE_NAME as INTEREST_FILE
from intent.load import SHIPPED as SHIPPED_INTEREST
from intent.load import definition_of
from lifecycle.approval import look
from lifecycle.definition import Definition
from lifecycle.folder import DefinitionFile, read_definitions
from lifecycle.load import Whole
from lifecycle.shelf import versions_of, whole_of
from lifecycle.store import SqlLifecycleStore
from sync.histories import Histories
from sync.interest import intent_store
from sync.wiring import Bridge

OBJECTS = ("contacts", "companies")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the commands work on: the files of the folder, and what is on file about versions."""

    session: Session
    bridge: Bridge
    interest: Interest
    files: list[DefinitionFile]

    @classmethod
    def of(cls, session: Session, *, online: bool = False) -> Desk:
        """Raises `mappings.faults.MappingFaults` with everything that is wrong in the files."""
        bridge = session.bridge()
        interest = definition_of(session.folder)
        folder = session.folder / bridge.settings.definitions
        schemas = _schemas(bridge) if online else None
        return cls(session, bridge, interest, read_definitions(folder, interest, schemas))

    @property
    def store(self) -> SqlLifecycleStore:
        return SqlLifecycleStore(self.bridge.ledger.engine)

    def file(self, name: str | None) -> DefinitionFile:
        """The file that is meant: the one of that name, or the one with the highest version."""
        if name is None:
            return self.files[-1]
        found = next((one for one in self.files if one.path.name == Path(name).name), None)
        if found is None:
            known = ", ".join(one.path.name for one in self.files)
            lang = language(self.session.output.lang)
            raise click.UsageError(say("definition.no_such", lang, name=name, known=known))
        return found

    def histories(self) -> Histories:
        """What is on file about everybody."""
        hubspot = self.bridge.connectors[System.HUBSPOT]
        events = intent_store(self.bridge.ledger)
        return Histories(hubspot, events, self.store, self.interest)

    def interest_file(self) -> Path:
        own = self.session.folder / INTEREST_FILE
        return own if own.exists() else SHIPPED_INTEREST

    def kept(self, which: str | None, but: Definition) -> Whole | None:
        """The version on file of a number; without one, that in force, or else the last one on file."""
        kept = list(self.store.kept())
        if which is not None:
            name = f"{but.id} v{which.removeprefix('v')}"
            named = [one for one in kept if one.name == name]
            if not named:
                known = ", ".join(dict.fromkeys(one.name for one in kept)) or "-"
                lang = language(self.session.output.lang)
                raise click.UsageError(say("definition.no_version", lang, name=name, known=known))
            approved = {one.definition.hash for one in versions_of(self.store) if not one.missing}
            named.sort(key=lambda one: one.hash in approved)
            return whole_of(named[-1])
        valid = look(but, versions_of(self.store), self.bridge.clock()).in_force
        if valid is None:
            return None
        return whole_of(next(one for one in kept if one.hash == valid.definition.hash))


def _schemas(bridge: Bridge) -> dict[str, ObjectSchema]:
    """HubSpot's live objects, for the properties that rules name."""
    hubspot = bridge.connectors[System.HUBSPOT]
    return {name: hubspot.describe(name) for name in OBJECTS}
