"""The safety net under the doorbells: ask both systems what changed, and ring for it.

Hits of a listing or a search are hints: nothing is taken over from them but the question whether a
record still holds what its pair agreed on. Everything else is rung for, and read by id in a round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connector.port import Page, System
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync.lanes import Lane
from sync.ledger import Known, Ring
from sync.sighting import Lookout
from sync.workbench import Workbench

# Where the look-out for deletions stands is kept beside the cursor for changes.
DELETIONS = "#deleted"
# States that are a decision about exactly the values seen: the same values change nothing.
DECIDED = frozenset({"unpaired", "filtered", "parked"})


class Place(NamedTuple):
    """One object of a mapping on one side, and where the poll of it stands (None: never listed)."""

    mapping: FieldMapping
    system: System
    object: str
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Poll:
    """Rings for what changed since the cursors, place by place."""

    bench: Workbench
    lane: Lane = Lane.LIVE

    def unlisted(self, names: Sequence[str] = ()) -> list[str]:
        """Mappings that were never listed whole: polling cannot begin before a resync has been."""
        found = {p.mapping.name for p in self.places(names) if p.cursor is None}
        return [m.name for m in self.bench.mappings if m.name in found]

    def places(self, names: Sequence[str] = ()) -> list[Place]:
        """Everything that there is to poll, of these mappings or of all."""
        return [
            Place(mapping, system, name, self.bench.ledger.cursor(mapping.name, system, name))
            for mapping in self.bench.mappings
            if mapping.mode != "off" and (not names or mapping.name in names)
            for system in System
            for name in mapping.objects_of(system)
        ]

    def changes(self, place: Place) -> int:
        """Ring for what was changed there; answers how many records that were."""
        mapping, system, object_name, cursor = place
        if cursor is None:
            return 0
        ledger, connector = self.bench.ledger, self.bench.connectors[system]
        context, _ = self.bench.context(planning=False)
        lookout = Lookout(mapping, system, object_name)
        fields, rung = mapping.fields[system, object_name], 0
        for page in connector.changed_since(object_name, fields, cursor):
            rings = self._moved(mapping, system, lookout, page, context)
            rung += ledger.ring(rings, self.bench.clock()) if rings else 0
            # Only now: what a killed poll had not rung for yet, the next one meets again.
            if page.cursor is not None:
                ledger.set_cursor(mapping.name, system, object_name, page.cursor)
        return rung

    def _moved(
        self,
        mapping: FieldMapping,
        system: System,
        lookout: Lookout,
        page: Page,
        context: Context,
    ) -> list[Ring]:
        glances = {record.id: lookout.glance(record, context) for record in page.records}
        objects = {record.id: record.object for record in page.records}
        known = self.bench.ledger.known(mapping.name, system, list(glances))
        return [
            Ring(system, objects[i], i, self.lane)
            for i, glance in glances.items()
            if not _same(known.get(i), glance.digest)
        ]

    def deletions(self, place: Place) -> bool:
        """Ring for what was deleted there; False where only a full compare can be sure: it is due."""
        mapping, system, object_name, _ = place
        ledger, connector = self.bench.ledger, self.bench.connectors[system]
        stands = f"{object_name}{DELETIONS}"
        cursor = ledger.cursor(mapping.name, system, stands)
        if cursor is None:
            # A resync moves this cursor; before the first one there is nobody to miss.
            ledger.set_cursor(mapping.name, system, stands, connector.cursor_at(self.bench.clock()))
            return True
        gone = connector.deleted_since(object_name, cursor)
        known = ledger.known(mapping.name, system, gone.ids)
        rings = [
            Ring(system, object_name, i, self.lane)
            for i, one in known.items()
            if one.gone is None and one.object == object_name
        ]
        if rings:
            ledger.ring(rings, self.bench.clock())
        if not gone.complete:
            # Before the cursor moves on: the next look will know nothing of this.
            self.bench.must_be_compared(mapping)
        ledger.set_cursor(mapping.name, system, stands, gone.cursor)
        return gone.complete


def _same(known: Known | None, digest: bytes) -> bool:
    """Whether these values are what the record was left with."""
    if known is None or known.gone is not None:
        return False
    if known.in_line:
        return digest == known.agreed
    return known.pair_id is None and known.state in DECIDED and digest == known.digest


def ring_for_waiting(bench: Workbench, limit: int = 1_000) -> int:
    """Ring for records that nobody has rung for: those that wait, refuse an opt-out, or are to be
    forgotten. Answers how many they are.
    """
    found: Mapping[str, list[Ring]] = {
        mapping.name: bench.ledger.unrung(mapping.name, limit=limit)
        + bench.ledger.unrung_refusals(mapping.name, limit=limit)
        for mapping in bench.mappings
        if mapping.mode == "live"
    }
    every = [*found.values(), bench.ledger.unrung_erasures()]
    return sum(bench.ledger.ring(rings, bench.clock()) for rings in every if rings)
