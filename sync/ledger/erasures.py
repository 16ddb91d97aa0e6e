"""Whom we were asked to forget: noted at the door, worked off later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.port import System
from sync.lanes import Lane
from sync.ledger.forgotten import Forgotten, digest_of, id_text, keep_digests, secret_of
from sync.ledger.person_tables import erasure
from sync.ledger.purging import Purging, Trace, pseudonym
from sync.ledger.ringing import Ring
from sync.ledger.room import IN_FLIGHT_STATES, aware, utc
from sync.ledger.tables import address, bell, journal, pair, record

PENDING, DONE = "pending", "done"
# Why an erasure waits that nothing is wrong with.
IN_FLIGHT = "in_flight"


class Erasure(NamedTuple):
    """Somebody to forget. `own`: the record itself has to be erased by us as well.

    `allowed` is how many records a person has allowed to be erased for it, None where nobody was asked.
    """

    id: int
    system: System
    object: str
    record_id: str
    own: bool
    tries: int
    allowed: int | None
    at: datetime


class Carrier(NamedTuple):
    """A record of somebody to forget, in one mapping. `origin`: the one that was erased to begin with."""

    mapping: str
    system: System
    object: str
    record_id: str
    origin: bool


class Erasures(Forgotten, Purging):
    """Notes, finds, forgets."""

    def ask_to_erase(
        self, system: System, object_name: str, record_id: str, now: datetime, *, own: bool
    ) -> None:
        """Put on file that somebody is to be forgotten; twice is once."""
        with self._begin() as connection:
            note_erasures(connection, [(system, object_name, record_id)], now, own=own)

    def pending_erasures(self, limit: int = 1_000) -> list[Erasure]:
        """Whom we have still to forget, in the order in which we were asked."""
        with self._look() as connection:
            rows = connection.execute(
                select(erasure)
                .where(erasure.c.state == PENDING)
                .order_by(erasure.c.id)
                .limit(limit)
            ).all()
        return [_erasure(row) for row in rows]

    def unrung_erasures(self) -> list[Ring]:
        """Records of pending erasures for which nobody has rung."""
        rung = (
            select(bell.c.id)
            .where(
                bell.c.system == erasure.c.system,
                bell.c.object == erasure.c.object,
                bell.c.record_id == erasure.c.record_id,
            )
            .exists()
        )
        with self._look() as connection:
            rows = connection.execute(
                select(erasure.c.system, erasure.c.object, erasure.c.record_id).where(
                    erasure.c.state == PENDING, ~rung
                )
            ).all()
        return [Ring(System(r.system), r.object, r.record_id, Lane.CONSENT) for r in rows]

    def failed_erasures(self) -> int:
        """How many are not done although they were tried; a write on its way is no failure yet."""
        tried = and_(erasure.c.reason.is_not(None), erasure.c.reason != IN_FLIGHT)
        with self._look() as connection:
            count = select(func.count()).where(erasure.c.state == PENDING, tried)
            return int(connection.scalar(count) or 0)

    def erasure_counts(self) -> dict[str, int]:
        """How many are pending and done, and for what reasons they wait."""
        state = func.coalesce(erasure.c.reason, erasure.c.state)
        with self._look() as connection:
            rows = connection.execute(select(state, func.count()).group_by(state)).all()
        return {PENDING: 0, DONE: 0} | {row[0]: row[1] for row in rows}

    def carriers(
        self, one: Erasure, ignored: Iterable[tuple[str, str]] = ()
    ) -> tuple[list[Carrier], list[str]]:
        """The records of somebody to forget that the ledger knows, and the addresses they carry.

        They are the record itself, whoever it is or was paired with until it was deleted, and on the
        other side whoever carries one of its addresses, or its key. `ignored` are (mapping, address) that
        belong to nobody (``info@...``). Nothing where the ledger has never seen the record.
        """
        skipped = set(ignored)
        with self._look() as connection:
            origins = _origins(connection, one)
            if not origins:
                return [], []
            carried = [
                (mapping, text)
                for mapping, text in _addresses(connection, origins)
                if (mapping, text) not in skipped
            ]
            others = _partners(connection, one, {place.mapping for place in origins})
            others |= _holders(connection, one.system.other.value, carried)
            others |= _namers(connection, one.system.other.value, origins)
            found = origins + _everywhere(connection, _seen(connection, sorted(others)))
            found += _aliases(connection, found)
        return found, sorted({text for _, text in carried})

    def addresses_of(self, one: Erasure) -> list[tuple[str, str]]:
        """(mapping, address) that the record itself carries, for a caller who knows which to ignore."""
        with self._look() as connection:
            return _addresses(connection, _origins(connection, one))

    def writes_under_way(self, carriers: Sequence[Carrier], since: datetime) -> bool:
        """Whether a write sent since then, to one of these records or for one, may land yet."""
        places = [(one.mapping, one.system.value, one.record_id) for one in carriers]
        sources = [(one.mapping, one.system.other.value, one.record_id) for one in carriers]
        c = journal.c
        with self._look() as connection:
            found = connection.scalar(
                select(c.id)
                .where(
                    c.state.in_(IN_FLIGHT_STATES),
                    c.sent_at > utc(since),
                    or_(
                        tuple_(c.mapping, c.system, c.record_id).in_(places),
                        tuple_(c.mapping, c.system, c.partner_id).in_(sources),
                    ),
                )
                .limit(1)
            )
        return found is not None

    def postpone_erasure(self, erasure_id: int, reason: str) -> None:
        """It could not be done now; the reason is shown until it is."""
        with self._begin() as connection:
            connection.execute(
                update(erasure)
                .where(erasure.c.id == erasure_id)
                .values(tries=erasure.c.tries + 1, reason=reason)
            )

    def allow_erasures(self, count: int) -> int:
        """A person lets each pending erasure go up to so many records; answers how many wait."""
        with self._begin() as connection:
            return connection.execute(
                update(erasure).where(erasure.c.state == PENDING).values(allowed=count)
            ).rowcount

    def erased_since(self, moment: datetime) -> int:
        """How many records were erased in the systems since then."""
        with self._look() as connection:
            found = connection.scalar(
                select(func.sum(erasure.c.records)).where(erasure.c.done_at >= utc(moment))
            )
        return int(found or 0)

    def forget(
        self,
        one: Erasure,
        carriers: Sequence[Carrier],
        addresses: Sequence[str],
        records: int,
        now: datetime,
    ) -> None:
        """Purge the person from every table, keep the keyed hashes, and close the erasure.

        `records` is how many were erased in the systems. All in one transaction: it is gone, or it
        is asked for again.
        """
        with self._begin() as connection:
            key = secret_of(connection)
            digests = [digest_of(key, f"address:{text}") for text in addresses]
            digests += [digest_of(key, id_text(*carrier[1:4])) for carrier in carriers]
            keep_digests(connection, digests, one.id)
            traces = [
                Trace(*carrier[:4], pseudonym(digest_of(key, id_text(*carrier[1:4]))))
                for carrier in carriers
            ]
            self.purge(connection, traces, addresses, now)
            connection.execute(
                update(erasure)
                .where(erasure.c.id == one.id)
                .values(
                    state=DONE,
                    reason=None,
                    records=records,
                    done_at=utc(now),
                    record_id=f"{pseudonym(digest_of(key, one.record_id))}-{one.id}",
                )
            )


def note_erasures(
    connection: Connection,
    places: Iterable[tuple[System, str, str]],
    now: datetime,
    *,
    own: bool = False,
) -> None:
    """Put erasures on file within a transaction that is under way."""
    rows = [
        {
            "system": system.value,
            "object": object_name,
            "record_id": record_id,
            "own": own,
            "state": PENDING,
            "tries": 0,
            "at": utc(now),
        }
        for system, object_name, record_id in dict.fromkeys(places)
    ]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(erasure).on_conflict_do_nothing(), rows)


def _origins(connection: Connection, one: Erasure) -> list[Carrier]:
    """The record itself, in every mapping that has seen it."""
    c = record.c
    rows = connection.execute(
        select(c.mapping, c.system, c.object, c.record_id)
        .where(c.system == one.system.value, c.object == one.object, c.record_id == one.record_id)
        .order_by(c.id)
    ).all()
    return [_carrier(row, origin=True) for row in rows]


def _seen(connection: Connection, places: Sequence[tuple[str, str, str]]) -> list[Carrier]:
    """These records (mapping, system, id) as the ledger knows them."""
    c = record.c
    rows = connection.execute(
        select(c.mapping, c.system, c.object, c.record_id)
        .where(tuple_(c.mapping, c.system, c.record_id).in_(list(places)))
        .order_by(c.id)
    ).all()
    return [_carrier(row, origin=False) for row in rows]


def _everywhere(connection: Connection, found: Sequence[Carrier]) -> list[Carrier]:
    """These records in every mapping that has seen them."""
    c = record.c
    places = {(one.system.value, one.object, one.record_id) for one in found}
    rows = connection.execute(
        select(c.mapping, c.system, c.object, c.record_id)
        .where(tuple_(c.system, c.object, c.record_id).in_(sorted(places)))
        .order_by(c.id)
    ).all()
    return [_carrier(row, origin=False) for row in rows]


def _aliases(connection: Connection, found: Sequence[Carrier]) -> list[Carrier]:
    """Whoever was merged into these or converted to them: as much the person as they are."""
    c = record.c
    into = {(one.mapping, one.system.value, one.record_id): one.origin for one in found}
    rows = connection.execute(
        select(c.mapping, c.system, c.object, c.record_id, c.went_to)
        .where(tuple_(c.mapping, c.system, c.went_to).in_(sorted(into)))
        .order_by(c.id)
    ).all()
    known = into.keys()
    return [
        _carrier(row, origin=into[row.mapping, row.system, row.went_to])
        for row in rows
        if (row.mapping, row.system, row.record_id) not in known
    ]


def _carrier(row: Any, *, origin: bool) -> Carrier:
    return Carrier(row.mapping, System(row.system), row.object, row.record_id, origin)


def _addresses(connection: Connection, carriers: Sequence[Carrier]) -> list[tuple[str, str]]:
    named = [(one.mapping, one.system.value, one.record_id) for one in carriers]
    a = address.c
    rows = connection.execute(
        select(a.mapping, a.address)
        .distinct()
        .where(tuple_(a.mapping, a.system, a.record_id).in_(named))
    ).all()
    return [(row.mapping, row.address) for row in rows]


def _partners(
    connection: Connection, one: Erasure, mappings: Collection[str]
) -> set[tuple[str, str, str]]:
    """Whom it is paired with, or was until the deletion that came with the erasure."""
    here, there = pair.c.hubspot_id, pair.c.salesforce_id
    if one.system is System.SALESFORCE:
        here, there = there, here
    rows = connection.execute(
        select(pair.c.mapping, there).where(
            pair.c.mapping.in_(list(mappings)),
            here == one.record_id,
            or_(pair.c.unbound_at.is_(None), pair.c.unbound_why == "partner_deleted"),
        )
    )
    return {(row[0], one.system.other.value, row[1]) for row in rows}


def _holders(
    connection: Connection, system: str, carried: Sequence[tuple[str, str]]
) -> set[tuple[str, str, str]]:
    """Records of a side that carry one of these addresses, in the same mapping."""
    rows = connection.execute(
        select(address.c.mapping, address.c.system, address.c.record_id)
        .distinct()
        .where(
            address.c.system == system, tuple_(address.c.mapping, address.c.address).in_(carried)
        )
    ).all()
    return {(row.mapping, row.system, row.record_id) for row in rows}


def _namers(
    connection: Connection, system: str, origins: Sequence[Carrier]
) -> set[tuple[str, str, str]]:
    """Records of a side whose external key names one of these."""
    c = record.c
    rows = connection.execute(
        select(c.mapping, c.system, c.record_id).where(
            c.system == system,
            tuple_(c.mapping, c.external_key).in_([(o.mapping, o.record_id) for o in origins]),
        )
    ).all()
    return {(row.mapping, row.system, row.record_id) for row in rows}


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        row.id,
        System(row.system),
        row.object,
        row.record_id,
        row.own,
        row.tries,
        row.allowed,
        aware(row.at) or row.at,
    )
