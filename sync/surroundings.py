"""Whom our own writes concern besides: records that share a key with one that changed or went.

Plans are made over the keys that were seen. Where a write changes one, or a record goes with its pair, a
further record of that person, which waited for a merge or had been told off as a twin, may be somebody
of its own by now: it is rung for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.port import Record, System, Values
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync.ledger import Ledger, Ring
from sync.model import Sighting
from sync.readback import Aftermath
from sync.sighting import Lookout


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Rings for the neighbours of records that one run has written or ended."""

    ledger: Ledger
    context: Context
    clock: Callable[[], datetime]
    run_id: int

    def ring_around(self, mapping: str, places: Collection[tuple[System, str]]) -> None:
        """Ring for the unpaired records that a key of these touches."""
        if rings := self.ledger.around(mapping, places):
            self.ledger.ring(rings, self.clock())

    def ask_after(self, mapping: str, places: Iterable[tuple[System, str, str]]) -> None:
        """Somebody has to find out what became of these records: deleted, merged, converted? Of those that
        went, or vanished, as far as is known, it was found out: asking again would not end.
        """
        rings = [Ring(*place) for place in places]
        known = {
            side: self.ledger.known(mapping, side, [r.record_id for r in rings if r.system is side])
            for side in System
        }
        gone = {(side, i) for side in System for i, one in known[side].items() if one.gone}
        if due := [ring for ring in rings if (ring.system, ring.record_id) not in gone]:
            self.ledger.ring(due, self.clock())

    def note_keys_let_go(
        self, mapping: FieldMapping, read: Iterable[Mapping[System, Record]], aftermath: Aftermath
    ) -> None:
        """Some of these records were given other external keys: whoever was refused an old one gets it now.

        Told after what was refused is on file: it may have been so in the same batch.
        """
        freed: dict[System, list[str]] = defaultdict(list)
        for records in read:
            for side, name in mapping.keys.items():
                before = records[side]
                held, stored = before.values.get(name), aftermath.stored.get((side, before.id), {})
                if held is not None and stored.get(name, held) != held:
                    freed[side].append(str(held))
        for side, keys in freed.items():
            if due := self.ledger.retry_keys(mapping.name, side, keys):
                self.ledger.ring([Ring(side, *place) for place in due], self.clock())

    def note_new_keys(
        self, mapping: FieldMapping, read: Iterable[Mapping[System, Record]], aftermath: Aftermath
    ) -> None:
        """Put on file which keys the written ones of these records hold by now, where those changed."""
        moved: dict[tuple[System, str], list[Sighting]] = defaultdict(list)
        for records in read:
            for side, before in records.items():
                stored = aftermath.stored.get((side, before.id))
                if stored and (now := self._moved(mapping, side, before, stored)) is not None:
                    moved[side, before.object].append(now)
        for (side, name), sightings in moved.items():
            places = [(side, one.record_id) for one in sightings]
            self.ring_around(mapping.name, places)
            self.ledger.note_sightings(self.run_id, mapping.name, side, name, sightings)
            self.ring_around(mapping.name, places)

    def _moved(
        self, mapping: FieldMapping, side: System, before: Record, stored: Values
    ) -> Sighting | None:
        """The record as it is now, where its keys are others than before."""
        lookout = Lookout(mapping, side, before.object)
        after = before._replace(values={**before.values, **stored})
        was, now = (lookout.sight(one, self.context) for one in (before, after))
        return now if (was.match_keys, was.addresses) != (now.match_keys, now.addresses) else None
