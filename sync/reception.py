"""What the doors hand in: notices become rings, each in the lane that its matter asks for.

Nothing is fetched and nothing is decided here. A notice without the names of fields is taken for an
ordinary change, unless the door's address says more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.port import Notice, System
from mappings.schema import Mapping as FieldMapping
from sync.clerk import Clerk
from sync.lanes import Lane
from sync.ledger import Handover, Ledger, Ring
from sync.ringer import Ringer


@dataclass(frozen=True, slots=True)
class Reception:
    """Puts what came in on file, and wakes workers. `mappings` answers those in force."""

    ledger: Ledger
    ringer: Ringer | None
    mappings: Callable[[], Sequence[FieldMapping]]
    _clerk: Clerk[tuple[Handover, datetime]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_clerk", Clerk(self._put_on_file))

    def _put_on_file(self, handed: Sequence[tuple[Handover, datetime]]) -> None:
        self.ledger.take_in([one for one, _ in handed], max(at for _, at in handed))

    def wants(self, system: System, object_name: str) -> bool:
        """Whether some mapping speaks of these records."""
        return any(object_name in mapping.objects_of(system) for mapping in self.mappings())

    def remember(
        self, system: System, notices: Sequence[Notice], lane: Lane | None, now: datetime
    ) -> frozenset[Lane]:
        """Every record's number goes up, and the receipt stands beside it, in one transaction; so does
        whom we have to forget.

        Deliveries that come at the same moment share it. Answers the lanes to ring in. Raises
        `LedgerError`; then nothing is on file.
        """
        consent = self._consent_fields(system)
        rings = [
            Ring(system, notice.object, record_id, lane or lane_of(notice, consent))
            for notice in notices
            for record_id in (notice.record_id, *notice.others)
        ]
        erased = [(one.object, one.record_id) for one in notices if one.kind == "erased"]
        self._clerk.put((Handover(system, rings, len(notices), erased), now))
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


def lane_of(notice: Notice, consent: frozenset[str]) -> Lane:
    """A wish of the person's own goes before everything else."""
    urgent = notice.kind == "erased" or consent.intersection(notice.fields)
    return Lane.CONSENT if urgent else Lane.LIVE
