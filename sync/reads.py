"""Reads by id, remembered for two seconds: what was just read is not asked for once more.

The engine acts on nothing older than that. Kept by fields asked for, forgotten when written to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.port import Connector, Record, System

# What was read longer ago than this is read again before it is acted upon.
FRESH = timedelta(seconds=2)
# Records on a shelf before the stale ones are cleared away: memory stays flat.
KEPT = 1_000

Shelf = tuple[System, str, tuple[str, ...]]


@dataclass(slots=True)
class Reads:
    """Fresh records of one run. Not for sharing between threads."""

    connectors: Mapping[System, Connector]
    clock: Callable[[], datetime]
    _shelves: dict[Shelf, dict[str, tuple[Record, datetime]]] = field(default_factory=dict)

    def get_many(
        self, system: System, object_name: str, ids: Iterable[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        """The live records among `ids` as they stood at most two seconds ago; others are missing."""
        shelf = self._shelves.setdefault((system, object_name, tuple(fields)), {})
        now = self.clock()
        wanted = list(dict.fromkeys(ids))
        found = {i: shelf[i][0] for i in wanted if i in shelf and now - shelf[i][1] <= FRESH}
        missing = [i for i in wanted if i not in found]
        if missing:
            fresh = self.connectors[system].get_many(object_name, missing, fields)
            if len(shelf) > KEPT:
                for stale in [i for i, (_, at) in shelf.items() if now - at > FRESH]:
                    del shelf[stale]
            shelf |= {i: (record, now) for i, record in fresh.items()}
            found |= fresh
        return found

    def forget(self, system: System, record_id: str) -> None:
        """It was written to."""
        for (of, _, _), shelf in self._shelves.items():
            if of is system:
                shelf.pop(record_id, None)
