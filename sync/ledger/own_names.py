"""Records by the names under which our own values of them are found; see `sync.sighting`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import select

from connector.port import System
from mappings.schema import OwnName
from sync.ledger.claims import same_record
from sync.ledger.room import Room, slices
from sync.ledger.sightings import indexable
from sync.ledger.tables import match_key, record
from sync.sighting import OWN_NAMES

# System, object and id of a record.
Named: TypeAlias = tuple[System, str, str]


class OwnNames(Room):
    """Finds whose records these are."""

    def records_named(
        self, mappings: Sequence[str], names: Iterable[OwnName]
    ) -> Mapping[OwnName, Sequence[Named]]:
        """The live records of these mappings that bear each of these names, those without any left out."""
        keys = {indexable(str(name)): name for name in names}
        found: dict[OwnName, dict[Named, None]] = defaultdict(dict)
        with self._look() as connection:
            for some in slices(list(keys)):
                rows = connection.execute(
                    select(match_key.c.key, record.c.system, record.c.object, record.c.record_id)
                    .select_from(match_key.join(record, same_record(match_key)))
                    .where(
                        match_key.c.mapping.in_(mappings),
                        match_key.c.rule == OWN_NAMES,
                        match_key.c.key.in_(some),
                        record.c.gone.is_(None),
                    )
                )
                for key, system, object_name, record_id in rows:
                    found[keys[key]][System(system), object_name, record_id] = None
        return {name: list(places) for name, places in found.items()}
