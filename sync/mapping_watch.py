"""The mapping files as they are now: an edited folder is noticed, checked, and switched between batches.

Faults never stop a running worker: the version in force stays, and what is wrong is told. A switched
mapping is compared whole once, so that lines without a baseline follow `first_pairing` and what was
parked is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import structlog

from connector.errors import ConnectorError
from mappings.compile import Compiled
from mappings.faults import MappingFaults

log = structlog.get_logger()

# How often the folder is looked at.
EVERY = timedelta(seconds=2)


def stamp_of(folder: Path) -> bytes:
    """A fingerprint of the files: names, times and sizes."""
    digest = blake2b(digest_size=16)
    for path in sorted(folder.glob("*.yaml")):
        try:
            told = path.stat()
        except OSError:
            continue
        digest.update(f"{path.name}\0{told.st_mtime_ns}\0{told.st_size}\n".encode())
    return digest.digest()


@dataclass
class MappingWatch:
    """Keeps the compiled mappings of a folder. `switched` is told of the names that changed.

    `faults` is the text of what is wrong with the folder while an older version is in force.
    """

    folder: Path
    compile: Callable[[], Compiled]
    clock: Callable[[], datetime]
    switched: Callable[[list[str]], None] = lambda names: None
    faults: str = ""
    _stamp: bytes = b""
    _looked: datetime | None = None
    _compiled: Compiled | None = field(default=None, repr=False)

    def now(self) -> Compiled:
        """The mappings in force. Raises `MappingFaults` only where there never was a good version."""
        at = self.clock()
        if self._compiled is not None and self._looked is not None and at - self._looked < EVERY:
            return self._compiled
        self._looked = at
        stamp = stamp_of(self.folder)
        if self._compiled is None or stamp != self._stamp:
            self._try(stamp)
        if self._compiled is None:
            raise RuntimeError("there are no mappings")  # `_try` raised before
        return self._compiled

    def _try(self, stamp: bytes) -> None:
        try:
            fresh = self.compile()
        except MappingFaults as faults:
            if self._compiled is None:
                raise
            self._stamp, self.faults = stamp, str(faults)
            log.warning("mappings have faults; the version before stays in force")
            return
        except (ConnectorError, OSError) as error:
            if self._compiled is None:
                raise
            # Not looked at yet: the schemas could not be read. The next look tries again.
            log.warning("mappings cannot be checked now", reason=type(error).__name__)
            return
        before = {m.name: m.hash for m in self._compiled.mappings} if self._compiled else None
        self._compiled, self._stamp, self.faults = fresh, stamp, ""
        if before is not None:
            changed = [m.name for m in fresh.mappings if before.get(m.name) != m.hash]
            if changed:
                log.info("mappings switched", count=len(changed))
                self.switched(changed)
