"""Which version of the shared definition both departments agreed to, looked up now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from lifecycle.approval import in_force
from lifecycle.definition import Definition
from lifecycle.load import Whole
from lifecycle.port import Definitions
from lifecycle.shelf import versions_of, whole_of
from mappings.faults import MappingFaults

log = structlog.get_logger()

# How often it is looked which version is in force; an approval is heard of that soon.
EVERY = timedelta(seconds=5)


@dataclass
class InForce:
    """Answers the version that both departments agreed to, or None. Safe to share between threads."""

    store: Definitions
    clock: Callable[[], datetime]
    _held: Whole | None = None
    _looked_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def whole(self) -> Whole | None:
        """It, with the definition of interest that it was approved with."""
        with self._lock:
            now = self.clock()
            if self._looked_at is None or abs(now - self._looked_at) >= EVERY:
                self._held = self._look(now)
                self._looked_at = now
            return self._held

    def definition(self) -> Definition | None:
        """The shared definition alone."""
        whole = self.whole()
        return None if whole is None else whole.definition

    def _look(self, now: datetime) -> Whole | None:
        kept = self.store.kept()
        if not kept:
            return None
        try:
            found = in_force(versions_of(self.store, kept), now)
        except MappingFaults as error:
            log.error("definition unreadable", reason=str(error))  # noqa: TRY400 - no bug of ours
            return self._held
        if found is None:
            return None
        if self._held is not None and self._held.definition.hash == found.definition.hash:
            return self._held
        return next(whole_of(one) for one in kept if one.hash == found.definition.hash)
