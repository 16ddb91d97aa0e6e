"""What the website's doors and the reading of HubSpot's behaviour data are made of, over one installation.

The definition and the files about third parties are looked at again and again: an edit is taken as it is
right, with faults the version before stays in force and what is wrong is told in the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import structlog

from connector.port import Connector, Page
from intent.behaviour import (
    CONTACTS,
    FIELDS,
    OCCURRENCE,
    OCCURRENCE_FIELDS,
    WHO,
    Behaviour,
)
from intent.definition import Definition
from intent.identity import Network
from intent.intake import Intake, nothing_known
from intent.load import FILE_NAME, definition_of
from intent.model import Event, Identity, Rejection
from intent.network import NetworkBook, UnreadableNetworks
from intent.port import TakenIn
from intent.sources import Source, read_sources
from mappings.faults import FaultList, Language, MappingFaults
from sync.ledger import Ledger
from sync.settings import IntentSettings
from sync.settings_faults import ConfigurationError

log = structlog.get_logger()

# How often files are looked at: a few are read, which takes less than a millisecond.
EVERY: Final = timedelta(seconds=2)
# How far back HubSpot is asked at the first time. Older behaviour hardly counts any more.
FIRST_LOOK: Final = timedelta(days=30)
CURSOR: Final = "website:hubspot"

T = TypeVar("T")


class NoNetworks(ConfigurationError):
    """The file about networks cannot be read."""


class Inbox(Protocol):
    """Puts website events on file; `intent.port.Events` does."""

    def take_in(self, events: Sequence[Event]) -> TakenIn: ...


@dataclass
class Watched(Generic[T]):
    """What stands in files, read again when they changed. Safe to share between threads.

    `read` answers the content and what is wrong with it, or raises `MappingFaults`.
    """

    files: Callable[[], Sequence[Path]]
    read: Callable[[], tuple[T, MappingFaults | None]]
    clock: Callable[[], datetime]
    language: Language = "en"
    _held: T | None = None
    _mark: bytes | None = None
    _looked_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> T:
        """The version in force. Raises `MappingFaults` while there never was a right one."""
        with self._lock:
            at = self.clock()
            if self._held is None or self._looked_at is None or at - self._looked_at >= EVERY:
                self._look()
                self._looked_at = at
            assert self._held is not None  # noqa: S101 -- `_look` raises otherwise
            return self._held

    def _look(self) -> None:
        mark = _mark_of(self.files())
        if self._held is not None and mark == self._mark:
            return
        try:
            self._held, faults = self.read()
        except MappingFaults as found:
            if self._held is None:
                raise
            faults = found
        self._mark = mark
        for fault in () if faults is None else faults.faults:
            where = f"{fault.place.file}:{fault.place.line}:{fault.place.column}"
            log.error("fault", where=where, what=fault.message(self.language))


def _mark_of(files: Sequence[Path]) -> bytes:
    """Equal for equal contents; a file that is away is another content."""
    mark = blake2b(digest_size=16)
    for file in files:
        mark.update(str(file).encode() + b"\0")
        if file.is_file():
            mark.update(file.read_bytes())
    return mark.digest()


@dataclass
class Website:
    """All of it for one process. `ring` wakes who scores what is on file."""

    settings: IntentSettings
    folder: Path
    clock: Callable[[], datetime]
    inbox: Inbox
    ring: Callable[[], object] = lambda: None
    language: Language = "en"

    @cached_property
    def _definition(self) -> Watched[Definition]:
        return Watched(
            lambda: [self.folder / FILE_NAME],
            lambda: (definition_of(self.folder), None),
            self.clock,
            self.language,
        )

    @cached_property
    def _sources(self) -> Watched[Mapping[str, Source]]:
        return Watched(
            lambda: [self.folder / FILE_NAME, *sorted(self.sources_folder.glob("*.yaml"))],
            self._read_sources,
            self.clock,
            self.language,
        )

    @property
    def sources_folder(self) -> Path:
        """Where the files about third parties stand."""
        return self.folder / self.settings.sources

    def definition(self) -> Definition:
        """The definition in force. Raises `MappingFaults` while there never was a right one."""
        return self._definition.now()

    def sources(self) -> Mapping[str, Source]:
        """The third parties in force: files that are right."""
        return self._sources.now()

    def _read_sources(self) -> tuple[Mapping[str, Source], MappingFaults | None]:
        """A file with faults is left out, and the others are used."""
        faults = FaultList()
        found = read_sources(self.sources_folder, self.definition().topics, faults)
        return found, MappingFaults(faults.faults) if faults.faults else None

    @cached_property
    def look_up(self) -> Callable[[str], Network | None]:
        """The company behind a network address. Raises `NoNetworks`."""
        file = self.settings.network_file
        if file is None:
            return nothing_known
        try:
            return NetworkBook(self.folder / file).look_up
        except UnreadableNetworks as error:
            raise NoNetworks(str(error)) from error

    @property
    def write_key(self) -> str | None:
        """The secret of servers that send events."""
        key = self.settings.write_key
        return None if key is None else key.get_secret_value()

    def behaviour(self) -> Behaviour:
        """Reads HubSpot's behaviour data by the definition in force."""
        return Behaviour(
            intake=Intake(definition=self.definition(), look_up=self.look_up),
            basis=self.settings.hubspot_basis,
            pages=self.settings.hubspot == "roll_ups",
        )


@dataclass(frozen=True, slots=True)
class HubSpotLook:
    """Asks HubSpot what its contacts did since the last look. A look that is cut off is made again."""

    website: Website
    hubspot: Connector
    ledger: Ledger
    clock: Callable[[], datetime]
    # Those of these people who must not be followed or scored.
    unwilling: Callable[[Iterable[Identity]], Collection[Identity]] = lambda _people: ()

    def look(self) -> TakenIn:
        """Put what is new on file; answers how much that was. Raises the connector's errors."""
        behaviour = self.website.behaviour()
        taken = self._walk(CONTACTS, FIELDS, lambda page: self._of_contacts(page, behaviour))
        if self.website.settings.hubspot == "events":
            visits = self._walk(
                OCCURRENCE, OCCURRENCE_FIELDS, lambda page: self._of_visits(page, behaviour)
            )
            taken = _sum(taken, visits)
        if taken.accepted:
            self.website.ring()
        return taken

    def _walk(
        self, name: str, fields: Sequence[str], read: Callable[[Page], list[Event | Rejection]]
    ) -> TakenIn:
        """Everything of one kind since the last look."""
        fact = f"{CURSOR}:{name}"
        cursor = self.ledger.fact(fact) or self.hubspot.cursor_at(self.clock() - FIRST_LOOK)
        taken, without_basis = TakenIn(0, 0), 0
        for page in self.hubspot.changed_since(name, fields, cursor):
            found = read(page)
            events = [one for one in found if isinstance(one, Event)]
            unwilling = self.unwilling({one.identity for one in events})
            events = [one for one in events if one.identity not in unwilling]
            if events:
                taken = _sum(taken, self.website.inbox.take_in(events))
            without_basis += sum(
                isinstance(one, Rejection) and one.code == "no_consent" for one in found
            )
            # Only now: what a killed look had not put on file, the next one meets again.
            if page.cursor is not None:
                self.ledger.set_fact(fact, page.cursor)
        if without_basis:
            log.warning("behaviour without a basis", kind=name, count=without_basis)
        return taken

    def _of_contacts(self, page: Page, behaviour: Behaviour) -> list[Event | Rejection]:
        now = self.clock()
        return [
            one
            for record in page.records
            for one in behaviour.of_contact(record.id, record.values, now)
        ]

    def _of_visits(self, page: Page, behaviour: Behaviour) -> list[Event | Rejection]:
        """Who it was is read by id; a contact that is not there any more has no basis either."""
        now = self.clock()
        whose = {record.id: str(record.values.get("objectId")) for record in page.records}
        who = self.hubspot.get_many(CONTACTS, sorted(set(whose.values())), WHO) if whose else {}
        known = {number: record.values for number, record in who.items()}
        return [
            behaviour.of_occurrence(one.id, one.values, known.get(whose[one.id], {}), now)
            for one in page.records
        ]


def _sum(one: TakenIn, other: TakenIn) -> TakenIn:
    return TakenIn(one.accepted + other.accepted, one.duplicates + other.duplicates)
