"""Consent in the ledger: who is the same person, and what was said.

A bit of `record.consent` says that a record holds an opt-out now. The table `consent` says since when,
and which opt-ins are proved; it is what outlives a flag that somebody unticked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from connector.consents import Statement
from connector.port import System
from sync.lanes import Lane
from sync.ledger.claims import same_record
from sync.ledger.person_tables import IN, OUT, REFUSED, consent
from sync.ledger.ringing import Ring
from sync.ledger.room import aware, utc
from sync.ledger.spreading import Spreading
from sync.ledger.states import RUNG
from sync.ledger.tables import address, pair, record
from sync.model import Said, Sighting

Place = tuple[System, str]
# A shared mailbox may tie many records together; nobody has more of their own.
PERSON_AT_MOST = 200
# The cause with which HubSpot refuses to opt out a contact that has no address (`RejectionCause`).
NO_ADDRESS = "required_blank"


class PersonRecord(NamedTuple):
    """One record of a person. `consent` holds a bit per line; `writable` ones are live and not frozen."""

    system: System
    object: str
    record_id: str
    consent: int
    writable: bool
    modified_at: datetime | None

    def holds(self, position: int) -> bool:
        """Whether it holds the opt-out of this line."""
        return bool(self.consent >> position & 1)


class Consents(Spreading):
    """Who is who, and what they said."""

    def person(self, mapping: str, system: System, record_id: str) -> list[PersonRecord]:
        """All records of the person behind this one, itself included."""
        found: dict[int, Row[Any]] = {}
        with self._look() as connection:
            fresh = connection.execute(
                _records_of(mapping).where(
                    record.c.system == system.value, record.c.record_id == record_id
                )
            ).all()
            while fresh and len(found) < PERSON_AT_MOST:
                found |= {row.id: row for row in fresh}
                around = connection.execute(
                    _records_of(mapping).where(_beside(mapping, fresh)).limit(PERSON_AT_MOST)
                )
                fresh = [row for row in around if row.id not in found]
        return [_person_record(row) for row in found.values()]

    def statements(
        self, mapping: str, kind: str, places: Sequence[Place]
    ) -> dict[Place, list[Statement]]:
        """What these records have said about one line."""
        named = [(system.value, record_id) for system, record_id in places]
        found: dict[Place, list[Statement]] = {}
        with self._look() as connection:
            rows = connection.execute(
                select(consent).where(
                    consent.c.mapping == mapping,
                    consent.c.kind == kind,
                    consent.c.said != REFUSED,
                    tuple_(consent.c.system, consent.c.record_id).in_(named),
                )
            ).all()
        for row in rows:
            told = Statement(row.said == OUT, aware(row.at), row.source, row.basis)
            found.setdefault((System(row.system), row.record_id), []).append(told)
        return found

    # What comes of it ---------------------------------------------------------------------------

    def hold_opt_out(self, mapping: str, system: System, record_id: str, said: Said) -> None:
        """The record holds the opt-out now, since we wrote it; it is not refused any more."""
        with self._begin() as connection:
            _flip(connection, mapping, system, record_id, said.position, out=True)
            put_said(connection, mapping, system, [(record_id, said)])
            _drop_refusal(connection, mapping, system, record_id, said.line)

    def let_in(self, mapping: str, system: System, record_id: str, said: Said) -> None:
        """Put the evidence on file under which a record's opt-out is about to be lifted.

        From here on the record is believed to hold none, so that one which is found there later is a
        new one: nothing that a person says after this moment can be mistaken for what was lifted.
        """
        with self._begin() as connection:
            _flip(connection, mapping, system, record_id, said.position, out=False)
            put_said(connection, mapping, system, [(record_id, said)])

    def note_proof(
        self, mapping: str, position: int, line: str, proof: Statement, places: Sequence[Place]
    ) -> None:
        """Put on file under which records an opt-in is proved that no flag has to be lifted for."""
        with self._begin() as connection:
            for system in System:
                ids = [record_id for side, record_id in places if side is system]
                said = Said(position, line, proof)
                put_said(connection, mapping, system, [(record_id, said) for record_id in ids])

    def still_out(self, mapping: str, system: System, record_id: str, position: int) -> None:
        """The opt-out was not lifted after all; it is the one that we know of."""
        with self._begin() as connection:
            _flip(connection, mapping, system, record_id, position, out=True)

    def refuse_opt_out(
        self, mapping: str, system: System, record_id: str, line: str, cause: str, now: datetime
    ) -> None:
        """The system would not take an opt-out; the first time of asking is kept."""
        row = {"mapping": mapping, "kind": line, "system": system.value, "record_id": record_id}
        with self._begin() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            statement = dialect.insert(consent).values(
                **row, said=REFUSED, at=utc(now), source=cause
            )
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=list(UNIQUE), set_={"source": statement.excluded.source}
                )
            )

    def refused_opt_outs(self) -> dict[str, int]:
        """How many records refuse an opt-out, by mapping; without any: not named.

        Somebody without an address cannot be written to, and so is not counted.
        """
        with self._look() as connection:
            rows = connection.execute(
                select(consent.c.mapping, func.count())
                .where(_refuses(), _is_live())
                .group_by(consent.c.mapping)
            ).all()
        return {row[0]: row[1] for row in rows}

    def without_address(self, mapping: str) -> set[tuple[System, str]]:
        """Records that an opt-out cannot reach since there is no address that could be written to."""
        with self._look() as connection:
            rows = connection.execute(
                select(consent.c.system, consent.c.record_id).where(
                    consent.c.mapping == mapping,
                    consent.c.said == REFUSED,
                    consent.c.source == NO_ADDRESS,
                )
            ).all()
        return {(System(row.system), row.record_id) for row in rows}

    def unrung_refusals(self, mapping: str, *, limit: int) -> list[Ring]:
        """Records that refuse an opt-out, and for which nobody has rung."""
        c = record.c
        of_record = and_(
            consent.c.mapping == c.mapping,
            consent.c.system == c.system,
            consent.c.record_id == c.record_id,
        )
        with self._look() as connection:
            rows = connection.execute(
                select(c.system, c.object, c.record_id)
                .distinct()
                .select_from(record.join(consent, of_record))
                .where(
                    c.mapping == mapping,
                    _refuses(),
                    c.gone.is_(None),
                    c.frozen.is_(False),
                    ~RUNG,
                )
                .limit(limit)
            ).all()
        return [Ring(System(r.system), r.object, r.record_id, Lane.CONSENT) for r in rows]


UNIQUE = ("mapping", "system", "record_id", "kind", "said")


def put_said(
    connection: Connection, mapping: str, system: System, said: Iterable[tuple[str, Said]]
) -> None:
    """Note what records said, within a transaction under way; of each kind the latest is kept."""
    rows = [
        {
            "mapping": mapping,
            "kind": one.line,
            "system": system.value,
            "record_id": record_id,
            "said": OUT if one.statement.out else IN,
            "at": utc(one.statement.at),
            "source": one.statement.source,
            "basis": one.statement.basis,
        }
        for record_id, one in said
    ]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(consent)
    new = statement.excluded
    later = or_(new.at.is_(None), consent.c.at < new.at)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(UNIQUE),
            set_={name: case((later, new[name]), else_=consent.c[name]) for name in KEPT},
        ),
        rows,
    )


KEPT = ("at", "source", "basis")


def put_sightings(
    connection: Connection,
    mapping: str,
    system: System,
    seen: Iterable[Sighting],
    held: dict[str, int],
) -> None:
    """Note what is news of consent in a page of records; `held` are the bits known before.

    An opt-out that was known keeps its time: the record may have changed for another reason since.
    """
    news = [
        (sighting.record_id, one)
        for sighting in seen
        for one in sighting.said
        if not one.statement.out or _is_news(one, held.get(sighting.record_id, 0))
    ]
    put_said(connection, mapping, system, news)


def _is_news(said: Said, held: int) -> bool:
    return said.statement.at is not None and not held >> said.position & 1


def _flip(
    connection: Connection,
    mapping: str,
    system: System,
    record_id: str,
    position: int,
    *,
    out: bool,
) -> None:
    """Note what we are about to write, or wrote; the record has to be looked at anew then.

    Its digest is that of the values before. Somebody who undoes what we wrote would bring exactly those
    back, and nobody would notice.
    """
    bit, held = 1 << position, record.c.consent
    ours = and_(
        record.c.mapping == mapping,
        record.c.system == system.value,
        record.c.record_id == record_id,
    )
    connection.execute(
        update(record).where(ours).values(consent=held.op("|")(bit) if out else held.op("&")(~bit))
    )
    look_anew(connection, system, ours)


def look_anew(connection: Connection, system: System, ours: ColumnElement[bool]) -> None:
    """Whatever these records hold is news when they are read again."""
    connection.execute(update(record).where(ours).values(digest=b""))
    agreed = pair.c.hubspot_digest if system is System.HUBSPOT else pair.c.salesforce_digest
    theirs = select(record.c.pair_id).where(ours, record.c.pair_id.is_not(None))
    connection.execute(update(pair).where(pair.c.id.in_(theirs)).values({agreed: None}))


def _drop_refusal(
    connection: Connection, mapping: str, system: System, record_id: str, line: str
) -> None:
    connection.execute(
        delete(consent).where(
            consent.c.mapping == mapping,
            consent.c.system == system.value,
            consent.c.record_id == record_id,
            consent.c.kind == line,
            consent.c.said == REFUSED,
        )
    )


def _refuses() -> ColumnElement[bool]:
    return and_(consent.c.said == REFUSED, consent.c.source != NO_ADDRESS)


def _is_live() -> ColumnElement[bool]:
    """The row's record was neither deleted nor converted since."""
    return (
        select(record.c.id)
        .where(
            record.c.mapping == consent.c.mapping,
            record.c.system == consent.c.system,
            record.c.record_id == consent.c.record_id,
            record.c.gone.is_(None),
            record.c.frozen.is_(False),
        )
        .exists()
    )


# Who is the same person -------------------------------------------------------------------------


def _records_of(mapping: str) -> Any:
    c = record.c
    return select(
        c.id, c.system, c.object, c.record_id, c.consent, c.frozen, c.gone, c.went_to, c.pair_id,
        c.modified_at,
    ).where(c.mapping == mapping, or_(c.gone.is_(None), c.went_to.is_not(None)))  # fmt: skip


def _beside(mapping: str, rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
    """Records that an address, a pair or a merge ties to these."""
    carried = (
        select(address.c.address)
        .select_from(address.join(record, same_record(address)))
        .where(record.c.id.in_([row.id for row in rows]))
        .correlate(None)
    )
    holders = (
        select(address.c.system, address.c.record_id)
        .where(address.c.mapping == mapping, address.c.address.in_(carried))
        .correlate(None)
    )
    pairs = [row.pair_id for row in rows if row.pair_id is not None]
    here = [(row.system, row.record_id) for row in rows]
    onward = [(row.system, row.went_to) for row in rows if row.went_to is not None]
    place = tuple_(record.c.system, record.c.record_id)
    return or_(
        place.in_(holders),
        record.c.pair_id.in_(pairs),
        place.in_(onward),
        tuple_(record.c.system, record.c.went_to).in_(here),
    )


def _person_record(row: Row[Any]) -> PersonRecord:
    return PersonRecord(
        System(row.system),
        row.object,
        row.record_id,
        row.consent,
        writable=row.gone is None and not row.frozen,
        modified_at=aware(row.modified_at),
    )
