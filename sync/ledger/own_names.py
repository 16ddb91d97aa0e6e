"""Records by the names under which our own values of them are found; see `sync.sighting`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from connector.port import System
from mappings.schema import OwnName
from sync.lanes import Lane
from sync.ledger.claims import same_record
from sync.ledger.ringing import Ring
from sync.ledger.room import Room, slices
from sync.ledger.sightings import indexable
from sync.ledger.tables import match_key, record
from sync.sighting import OWN_NAMES


class OwnNames(Room):
    """Finds whose records these are."""

    def rings_for_names(
        self, mappings: Sequence[str], names: Iterable[OwnName], lane: Lane
    ) -> list[Ring]:
        """A ring for every live record of these mappings that bears one of these names."""
        keys = list(dict.fromkeys(indexable(str(name)) for name in names))
        found: dict[tuple[str, str, str], Ring] = {}
        with self._look() as connection:
            for some in slices(keys):
                rows = connection.execute(
                    select(record.c.system, record.c.object, record.c.record_id)
                    .select_from(match_key.join(record, same_record(match_key)))
                    .where(
                        match_key.c.mapping.in_(mappings),
                        match_key.c.rule == OWN_NAMES,
                        match_key.c.key.in_(some),
                        record.c.gone.is_(None),
                    )
                )
                for row in rows:
                    found[tuple(row)] = Ring(System(row.system), row.object, row.record_id, lane)
        return list(found.values())
