"""What the doors hand in: notices become rings, each in the lane that its matter asks for.

Nothing is fetched and nothing is decided here. A notice without the names of fields is taken for an
ordinary change, unless the door's address says more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.port import Notice, System
from mappings.schema import Mapping as FieldMapping
from sync.lanes import Lane
from sync.ledger import Ledger, Ring
from sync.ringer import Ringer


@dataclass(frozen=True, slots=True)
class Reception:
    """Puts what came in on file, and wakes workers. `mappings` answers those in force."""

    ledger: Ledger
    ringer: Ringer | None
    mappings: Callable[[], Sequence[FieldMapping]]

    def wants(self, system: System, object_name: str) -> bool:
        """Whether some mapping speaks of these records."""
        return any(object_name in mapping.objects_of(system) for mapping in self.mappings())

    def remember(
        self, system: System, notices: Sequence[Notice], lane: Lane | None, now: datetime
    ) -> frozenset[Lane]:
        """One transaction: every record's number goes up, and the receipt stands beside it.

        Answers the lanes to ring in. Raises `LedgerError`; then nothing is on file.
        """
        consent = self._consent_fields(system)
        rings = [
            Ring(system, notice.object, record_id, lane or _lane(notice, consent))
            for notice in notices
            for record_id in (notice.record_id, *notice.others)
        ]
        self.ledger.ring(rings, now, door=system, events=len(notices))
        return frozenset(ring.lane for ring in rings)

    def ring(self, lanes: Iterable[Lane]) -> bool:
        """Wake workers; False where they could not be, and will look by themselves."""
        return self.ringer is not None and self.ringer.ring(lanes)

    def _consent_fields(self, system: System) -> frozenset[str]:
        return frozenset(
            line.field(system)
            for mapping in self.mappings()
            for lines in mapping.objects.values()
            for line in lines.consent
        )


def _lane(notice: Notice, consent: frozenset[str]) -> Lane:
    return Lane.CONSENT if consent.intersection(notice.fields) else Lane.LIVE
