"""Records by the names under which our own values of them are found; see `sync.sighting`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import and_, select, true
from sqlalchemy.sql import ColumnElement

from connector.port import System
from mappings.schema import OwnName
from sync.ledger.claims import same_record
from sync.ledger.room import Room, slices
from sync.ledger.sightings import indexable
from sync.ledger.tables import TOMBSTONES, match_key, record
from sync.sighting import OWN_NAMES

# A name that so many rows bear is nobody's in particular.
MANY = 500
# System, object and id of a record.
Named: TypeAlias = tuple[System, str, str]


class OwnNames(Room):
    """Finds whose records these are."""

    def records_named(
        self, mappings: Sequence[str] | None, names: Iterable[OwnName]
    ) -> Mapping[OwnName, Sequence[Named]]:
        """The live records of these mappings (None: of all) that bear each of these names.

        Names that no record bears are left out.
        """
        return self._named(mappings, names, record.c.gone.is_(None))

    def working_named(
        self, mappings: Sequence[str], names: Iterable[OwnName]
    ) -> Mapping[OwnName, Sequence[Named]]:
        """The live ones that take writes: a converted Lead stays, and nobody can be worked there."""
        return self._named(mappings, names, and_(record.c.gone.is_(None), ~record.c.frozen))

    def deleted_named(
        self, mappings: Sequence[str], names: Iterable[OwnName]
    ) -> Mapping[OwnName, Sequence[Named]]:
        """The records that bore each of these names until people deleted them, or merged them into others:
        there is evidence of it.
        """
        return self._named(mappings, names, record.c.gone.in_(TOMBSTONES))

    def _named(
        self,
        mappings: Sequence[str] | None,
        names: Iterable[OwnName],
        chosen: ColumnElement[bool],
    ) -> Mapping[OwnName, Sequence[Named]]:
        keys = {indexable(str(name)): name for name in names}
        found: dict[OwnName, dict[Named, None]] = defaultdict(dict)
        with self._look() as connection:
            for some in slices(list(keys)):
                rows = connection.execute(
                    select(match_key.c.key, record.c.system, record.c.object, record.c.record_id)
                    .select_from(match_key.join(record, same_record(match_key)))
                    .where(
                        true() if mappings is None else match_key.c.mapping.in_(mappings),
                        match_key.c.rule == OWN_NAMES,
                        match_key.c.key.in_(some),
                        chosen,
                    )
                )
                for key, system, object_name, record_id in rows:
                    found[keys[key]][System(system), object_name, record_id] = None
        return {name: list(places) for name, places in found.items()}

    def bearers_of(self, mappings: Sequence[str], name: OwnName) -> Sequence[Collection[OwnName]]:
        """All names of each of those who bear this one: those of both records of a pair are one's.

        More than can be told apart are answered by the first of them.
        """
        other = match_key.alias()
        with self._look() as connection:
            rows = connection.execute(
                select(
                    record.c.mapping,
                    record.c.system,
                    record.c.record_id,
                    record.c.pair_id,
                    other.c.key,
                )
                .select_from(
                    match_key.join(record, same_record(match_key)).join(other, same_record(other))
                )
                .where(
                    match_key.c.mapping.in_(mappings),
                    match_key.c.rule == OWN_NAMES,
                    match_key.c.key == indexable(str(name)),
                    other.c.rule == OWN_NAMES,
                    record.c.gone.is_(None),
                )
                .order_by(record.c.id)
                .limit(MANY)
            ).all()
        found: dict[object, set[OwnName]] = defaultdict(set)
        for row in rows:
            alone = (row.mapping, row.system, row.record_id)
            kind, _, value = row.key.partition(":")
            found[alone if row.pair_id is None else row.pair_id].add(OwnName(kind, value))
        return list(found.values())

    def names_borne(self, mapping: str, system: System, record_ids: Sequence[str]) -> list[OwnName]:
        """The names that these records of a mapping bear, or bore until they went."""
        with self._look() as connection:
            rows = connection.execute(
                select(match_key.c.record_id, match_key.c.key)
                .where(
                    match_key.c.mapping == mapping,
                    match_key.c.system == system.value,
                    match_key.c.record_id.in_(record_ids),
                    match_key.c.rule == OWN_NAMES,
                )
                .order_by(match_key.c.key)
            ).all()
        rank = {record_id: place for place, record_id in enumerate(record_ids)}
        found = (key.partition(":") for _, key in sorted(rows, key=lambda row: rank[row[0]]))
        # What was too long for an index cannot be read back; no address or number is.
        return [OwnName(kind, value) for kind, colon, value in dict.fromkeys(found) if colon]
