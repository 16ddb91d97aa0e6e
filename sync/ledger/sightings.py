"""What listings saw: one row per record of a mapping, with its match keys and addresses.

Fast on purpose: a nightly compare of records that did not change only moves their `seen` mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from connector.port import System, Values
from sync.ledger.consents import put_sightings
from sync.ledger.moves import forget_alias, resolve_aliases
from sync.ledger.room import IDS_AT_ONCE, Room, from_json, slices, utc
from sync.ledger.runs import put
from sync.ledger.tables import address, checkpoint, match_key, record
from sync.model import Glanced, Sighting

# Characters of a key that is stored as it is; at most four bytes each.
LONGEST_KEY = 500
KEPT_ON_CONFLICT = ("mapping", "system", "record_id")


class Missing(NamedTuple):
    """A live record that the listing no longer showed."""

    record_id: str
    object: str
    pair_id: int | None


class SeenRecord(NamedTuple):
    """A record as the ledger knows it."""

    record_id: str
    object: str
    in_scope: bool
    state: str | None
    reason: str | None
    pair_id: int | None
    gone: str | None
    # The record of the same system that this one was converted to or merged into.
    went_to: str | None = None


def indexable(key: str) -> str:
    """A key as every database can index it: PostgreSQL takes no NUL, and no row above 2,700 bytes.

    Equal keys stay equal, and different ones different.
    """
    if len(key) <= LONGEST_KEY and "\0" not in key:
        return key
    return sha256(key.encode(errors="surrogatepass")).hexdigest()


def _still_there(is_frozen: Any) -> ColumnElement[Any]:
    """Who can be read again went nowhere; but converted Leads stay, and are frozen."""
    return case((is_frozen, record.c.went_to))


def _later(one: Any, other: Any) -> ColumnElement[Any]:
    """The later of two runs: while one lists everything, others read single records."""
    return case((one > other, one), else_=other)


class Sightings(Room):
    """Notes what was seen, and answers what was not."""

    def note_sightings(
        self,
        run_id: int,
        mapping: str,
        system: System,
        object_name: str,
        sightings: Sequence[Glanced],
        checkpoint_at: tuple[str, str] | None = None,
    ) -> None:
        """Put a page on file, together with the checkpoint behind it."""
        with self._begin_losable() as connection:
            for page in slices(sightings):
                self._note_page(connection, run_id, mapping, system, object_name, page)
            if checkpoint_at is not None:
                stage, at = checkpoint_at
                put(
                    connection,
                    checkpoint,
                    ["run_id", "stage"],
                    {"run_id": run_id, "stage": stage, "cursor": at},
                )

    def _note_page(
        self,
        connection: Connection,
        run_id: int,
        mapping: str,
        system: System,
        object_name: str,
        page: Sequence[Glanced],
    ) -> None:
        known = {
            row.record_id: row
            for row in connection.execute(
                select(
                    record.c.id,
                    record.c.record_id,
                    record.c.digest,
                    record.c.object,
                    record.c.went_to,
                    record.c.frozen,
                    record.c.consent,
                ).where(
                    record.c.mapping == mapping,
                    record.c.system == system.value,
                    record.c.record_id.in_([sighting.record_id for sighting in page]),
                )
            )
        }
        back = [row for row in known.values() if row.went_to is not None and not row.frozen]
        for one in back:
            forget_alias(connection, mapping, system, one.went_to)
        same: list[int] = []
        news: list[Sighting] = []
        for sighting in page:
            row = known.get(sighting.record_id)
            if row is not None and row.digest == sighting.digest and row.object == object_name:
                same.append(row.id)
            else:
                news.append(sighting.whole())
        if same:
            connection.execute(
                update(record)
                .where(record.c.id.in_(same))
                .values(
                    seen=_later(record.c.seen, run_id),
                    gone=None,
                    went_to=_still_there(record.c.frozen),
                )
            )
        if news:
            self._write(connection, run_id, mapping, system, object_name, news, known)

    def _write(
        self,
        connection: Connection,
        run_id: int,
        mapping: str,
        system: System,
        object_name: str,
        news: Sequence[Sighting],
        known: dict[str, Any],
    ) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(record)
        fresh = {
            name: statement.excluded[name]
            for name in (
                "object",
                "digest",
                "payload",
                "in_scope",
                "frozen",
                "external_key",
                "consent",
                "modified_at",
                "gone",
            )
        } | {
            "seen": _later(record.c.seen, statement.excluded.seen),
            "went_to": _still_there(statement.excluded.frozen),
        }
        rows = [
            {
                "mapping": mapping,
                "system": system.value,
                "record_id": s.record_id,
                "object": object_name,
                "digest": s.digest,
                "payload": s.payload,
                "in_scope": s.in_scope,
                "frozen": s.frozen,
                "external_key": s.external_key and indexable(s.external_key),
                "consent": s.consent,
                "modified_at": utc(s.modified_at),
                "seen": run_id,
                "gone": None,
            }
            for s in news
        ]
        connection.execute(
            statement.on_conflict_do_update(index_elements=list(KEPT_ON_CONFLICT), set_=fresh),
            rows,
        )
        named = [s.record_id for s in news if s.external_key is not None]
        if named:
            resolve_aliases(connection, mapping, system, named)
        self._replace_keys(connection, mapping, system, news, known)
        held = {record_id: row.consent for record_id, row in known.items()}
        put_sightings(connection, mapping, system, news, held)

    def _replace_keys(
        self,
        connection: Connection,
        mapping: str,
        system: System,
        news: Sequence[Sighting],
        known: dict[str, Any],
    ) -> None:
        old = [s.record_id for s in news if s.record_id in known]
        for table in (match_key, address):
            if old:
                connection.execute(
                    delete(table).where(
                        table.c.mapping == mapping,
                        table.c.system == system.value,
                        table.c.record_id.in_(old),
                    )
                )
        of_record = {"mapping": mapping, "system": system.value}
        keys = [
            {**of_record, "record_id": s.record_id, "rule": rule, "key": indexable(key)}
            for s in news
            for rule, key in dict.fromkeys(s.match_keys)
        ]
        addresses = [
            {**of_record, "record_id": s.record_id, "address": indexable(one)}
            for s in news
            for one in dict.fromkeys(s.addresses)
        ]
        if keys:
            connection.execute(insert(match_key), keys)
        if addresses:
            connection.execute(insert(address), addresses)

    def unseen(self, run_id: int, mapping: str, system: System) -> Iterator[Missing]:
        """Records believed live that this run's listing did not show."""
        after = 0
        while True:
            with self._look() as connection:
                rows = connection.execute(
                    select(record.c.record_id, record.c.object, record.c.pair_id, record.c.id)
                    .where(
                        record.c.mapping == mapping,
                        record.c.system == system.value,
                        record.c.seen < run_id,
                        record.c.gone.is_(None),
                        record.c.id > after,
                    )
                    .order_by(record.c.id)
                    .limit(IDS_AT_ONCE)
                ).all()
            for row in rows:
                yield Missing(row.record_id, row.object, row.pair_id)
            if len(rows) < IDS_AT_ONCE:
                return
            after = rows[-1].id

    def mark_gone(self, mapping: str, system: System, ids: Sequence[str], kind: str) -> None:
        """`deleted` (with evidence) or `not_visible`."""
        with self._begin() as connection:
            for some in slices(ids):
                connection.execute(
                    update(record)
                    .where(
                        record.c.mapping == mapping,
                        record.c.system == system.value,
                        record.c.record_id.in_(some),
                    )
                    .values(gone=kind)
                )

    def live_count(self, mapping: str, system: System, object_name: str | None = None) -> int:
        """Records believed live, of all objects of this side or of one."""
        live = record.c.gone.is_(None)
        chosen = live if object_name is None else and_(live, record.c.object == object_name)
        return self._count(mapping, system, chosen)

    def seen_count(self, run_id: int, mapping: str, system: System) -> int:
        """Records that this run's listing showed, or that somebody has read since it began."""
        return self._count(mapping, system, record.c.seen >= run_id)

    def _count(self, mapping: str, system: System, condition: Any) -> int:
        with self._look() as connection:
            return int(
                connection.scalar(
                    select(func.count()).where(
                        record.c.mapping == mapping, record.c.system == system.value, condition
                    )
                )
                or 0
            )

    def payloads(self, mapping: str, system: System, ids: Sequence[str]) -> dict[str, Values]:
        """The mapped values that the listing saw, of records that are not in line."""
        found: dict[str, Values] = {}
        with self._look() as connection:
            for some in slices(ids):
                rows = connection.execute(
                    select(record.c.record_id, record.c.payload).where(
                        record.c.mapping == mapping,
                        record.c.system == system.value,
                        record.c.record_id.in_(some),
                        record.c.payload.is_not(None),
                    )
                )
                found |= {row.record_id: from_json(row.payload) for row in rows}
        return found

    def record(self, mapping: str, system: System, record_id: str) -> SeenRecord | None:
        """One record as last seen."""
        c = record.c
        with self._look() as connection:
            row = connection.execute(
                select(
                    c.record_id,
                    c.object,
                    c.in_scope,
                    c.state,
                    c.reason,
                    c.pair_id,
                    c.gone,
                    c.went_to,
                ).where(c.mapping == mapping, c.system == system.value, c.record_id == record_id)
            ).one_or_none()
        return None if row is None else SeenRecord(*row)

    def mappings_of(self, system: System, object_name: str, record_id: str) -> list[str]:
        """The mappings that have seen this record."""
        with self._look() as connection:
            return list(
                connection.scalars(
                    select(record.c.mapping).where(
                        record.c.system == system.value,
                        record.c.object == object_name,
                        record.c.record_id == record_id,
                    )
                )
            )
