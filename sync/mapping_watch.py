"""The mapping files as they are now: an edited folder is noticed, checked, and switched between batches.

Faults never stop a running worker: the version in force stays, and what is wrong is told. A switched
mapping is compared whole once, so that lines without a baseline follow `first_pairing` and what was
parked is tried again.

Editors write a file in pieces or put another one in its place, and `git checkout` takes a moment: a
folder is compiled only when it was the same at two looks. What is compared is the content, since times
and sizes may both stay the same, and both may change with nothing edited.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import structlog

from connector.errors import ConnectorError, TryLater
from mappings.compile import Compiled
from mappings.faults import Language, MappingFaults

log = structlog.get_logger()

# How often the folder is looked at: a few files are read, which takes less than a millisecond.
EVERY = timedelta(seconds=2)
# After a change was seen it must stay so for this long.
SETTLES = timedelta(seconds=1)
# An unchanged folder that could not be taken is tried again: the cure may lie in one of the systems.
AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Switch:
    """The names of the mappings that mean something else from now on, each in the order of the new
    version. Layout, comments and tests of a file are no change.
    """

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added or self.removed)

    @property
    def to_compare(self) -> tuple[str, ...]:
        """What has to be compared whole."""
        return (*self.changed, *self.added)

    @classmethod
    def between(cls, before: Compiled, fresh: Compiled) -> Switch:
        """What a version changes."""
        old = {mapping.name: mapping.hash for mapping in before.mappings}
        new = {mapping.name: mapping.hash for mapping in fresh.mappings}
        return cls(
            changed=tuple(name for name in new if name in old and new[name] != old[name]),
            added=tuple(name for name in new if name not in old),
            removed=tuple(name for name in old if name not in new),
        )


def unheard(switch: Switch) -> None:
    """Nobody wants to know."""


def stamp_of(folder: Path) -> bytes:
    """A fingerprint of the files: names and content. A file that cannot be read has one too."""
    digest = blake2b(digest_size=16)
    for path in sorted(folder.glob("*.yaml")):
        try:
            held = path.read_bytes()
        except OSError:
            held = b"\0"
        digest.update(f"{path.name}\0{len(held)}\0".encode())
        digest.update(held)
    return digest.digest()


@dataclass
class MappingWatch:
    """Keeps the compiled mappings of a folder. May be asked by several threads at once.

    `switched` is told before a version comes into force; if it raises, the version before stays, and
    the next look tries again. The first version is not told: nothing was in force before.
    `faults` is the text of what is wrong with the folder while an older version is in force.
    `also` answers what else the mappings depend on: where it changed, they are compiled again.
    `refusals` are further errors of `compile` that a person has to mend.
    """

    folder: Path
    compile: Callable[[], Compiled]
    clock: Callable[[], datetime]
    switched: Callable[[Switch], None] = unheard
    language: Language = "en"
    also: Callable[[], str] = str
    refusals: tuple[type[Exception], ...] = ()
    faults: str = ""
    _compiled: Compiled | None = field(default=None, init=False, repr=False)
    _stamp: bytes = field(default=b"", init=False, repr=False)
    """Of the folder that is in force, or whose faults are told."""
    _seen: bytes = field(default=b"", init=False, repr=False)
    """Of the folder at the last look."""
    _looked: datetime | None = field(default=None, init=False, repr=False)
    _wait: timedelta = field(default=EVERY, init=False, repr=False)
    """Until the next look."""
    _again: datetime | None = field(default=None, init=False, repr=False)
    """When a folder that could not be taken is tried again."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def now(self) -> Compiled:
        """The mappings in force.

        Raises `MappingFaults` and `ConnectorError` only where there never was a good version, and
        what `switched` raises.
        """
        if self._compiled is None:
            with self._lock:
                return self._compiled or self._first()
        # While one thread looks, the others go on with what is in force.
        if self._lock.acquire(blocking=False):
            try:
                self._look(self.clock())
            finally:
                self._lock.release()
        return self._compiled

    def _first(self) -> Compiled:
        self._looked = self.clock()
        stamp = self._stamp_now()
        self._compiled = self.compile()
        # What was edited meanwhile may be in it or not: the next look compiles again.
        self._stamp = self._seen = stamp if self._stamp_now() == stamp else b""
        return self._compiled

    def _look(self, at: datetime) -> None:
        # A clock that was set back must not stop us from looking.
        if self._looked is not None and self._looked <= at < self._looked + self._wait:
            return
        self._looked, self._wait = at, EVERY
        stamp, before = self._stamp_now(), self._seen
        self._seen = stamp
        if stamp != before:
            self._wait = SETTLES
        elif stamp != self._stamp or (self._again is not None and at >= self._again):
            self._try(stamp, at)

    def _stamp_now(self) -> bytes:
        return stamp_of(self.folder) + self.also().encode()

    def _try(self, stamp: bytes, at: datetime) -> None:
        """Compile what was seen twice, and take it if it is still there."""
        try:
            fresh: Compiled | None = self.compile()
            faults, after = "", timedelta()
        except MappingFaults as found:
            fresh, faults, after = None, _told(found, self.language), AGAIN
        except Exception as error:  # which ones a person can mend, the caller says
            if not isinstance(error, (ConnectorError, OSError, *self.refusals)):
                raise
            fresh, faults, after = None, _reason(error), max(AGAIN, _wish(error))
        if self._stamp_now() != stamp:
            return
        if fresh is not None:
            self._take(fresh)
        elif faults != self.faults:
            log.warning("mappings cannot be taken; the version before stays in force")
        self._stamp, self.faults = stamp, faults
        self._again = at + after if fresh is None else None

    def _take(self, fresh: Compiled) -> None:
        assert self._compiled is not None  # noqa: S101 - the first version is not switched to
        switch = Switch.between(self._compiled, fresh)
        if switch:
            self.switched(switch)
            log.info(
                "mappings switched",
                changed=switch.changed,
                added=switch.added,
                removed=switch.removed,
            )
        self._compiled = fresh


def _told(found: MappingFaults, language: Language) -> str:
    places = ((fault, fault.place) for fault in found.faults)
    return "\n".join(
        f"{place.file}:{place.line}:{place.column}: {fault.message(language)}"
        for fault, place in places
    )


def _reason(error: Exception) -> str:
    return f"{error.system}: {error.message}" if isinstance(error, ConnectorError) else str(error)


def _wish(error: Exception) -> timedelta:
    return timedelta(seconds=error.after if isinstance(error, TryLater) else 0)
