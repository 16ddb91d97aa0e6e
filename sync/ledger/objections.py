"""Who said at the website's doors that they must not be followed or scored, and who said otherwise later.

A block is a keyed hash of one name (an address, an id, a cookie) and what it forbids; what it is made of is
never on file. It outlives whatever else is known of the person. What their records have fields for goes on
file as a statement besides, and spreads as any opt-out does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Table, and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from connector.port import System
from mappings.own_values import NAME_KINDS, PEOPLE
from mappings.schema import OwnName
from sync.lanes import Lane
from sync.ledger.claims import same_record
from sync.ledger.consents import look_anew, put_said
from sync.ledger.forgotten import SECRET, digest_of, id_text, secret_of
from sync.ledger.person_tables import forgotten, objection
from sync.ledger.ringing import Ring
from sync.ledger.room import Room, slices, utc
from sync.ledger.sightings import indexable
from sync.ledger.tables import address, fact, match_key, record
from sync.model import Said
from sync.sighting import OWN_NAMES

# What a name may be forbidden to be used for: labels of consent lines.
ABOUT = ("tracking", "profiling")


class Objections(Room):
    """Blocks names, lets them in again, and knows them."""

    def bar(self, about: Collection[str], names: Iterable[OwnName], now: datetime) -> None:
        """From now on these names stand for somebody who must not be followed or scored."""
        with self._begin() as connection:
            key = secret_of(connection)
            rows = [
                {"digest": digest_of(key, text), "at": utc(now)} for text in _texts(about, names)
            ]
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            statement = dialect.insert(objection)
            if rows:
                connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["digest"], set_={"at": statement.excluded.at}
                    ),
                    sorted(rows, key=lambda row: str(row["digest"])),
                )

    def unbar(self, about: Collection[str], names: Iterable[OwnName], since: datetime) -> int:
        """Somebody said yes at `since`: what they had said before then holds no more. Answers how much that
        was; it is nothing where a no came later.
        """
        with self._begin() as connection:
            key = secret_of(connection)
            digests = [digest_of(key, text) for text in _texts(about, names)]
            return connection.execute(
                delete(objection).where(
                    objection.c.digest.in_(digests), objection.c.at < utc(since)
                )
            ).rowcount

    def barred(self, names: Iterable[OwnName]) -> set[OwnName]:
        """Those of these names that are blocked, or are of somebody whom we were asked to forget."""
        found: set[OwnName] = set()
        with self._look() as connection:
            tables = [one for one in (objection, forgotten) if _holds_any(connection, one)]
            if not tables:
                return found
            key = connection.scalar(select(fact.c.value).where(fact.c.name == SECRET)) or ""
            known = {digest_of(key, text): name for name in names for text in _texts_of(name)}
            for some in slices(list(known)):
                for table in tables:
                    rows = connection.scalars(
                        select(table.c.digest).where(table.c.digest.in_(some))
                    )
                    found |= {known[digest] for digest in rows}
        return found

    def forbidden(self, lines: Mapping[str, int], names: Iterable[OwnName]) -> set[OwnName]:
        """Those of these names that a record bears which holds an opt-out.

        `lines` are a bit per consent line that counts, by mapping.
        """
        told = [name for name in names if name.kind in NAME_KINDS]
        found: set[OwnName] = set()
        if not told:
            return found
        with self._look() as connection:
            for mapping, bits in lines.items():
                out = and_(record.c.mapping == mapping, record.c.consent.op("&")(bits) != 0)
                found |= _bearing(connection, mapping, out, told)
        return found

    def anybody_barred(self) -> bool:
        """Whether there is anybody at all whom we have blocked or forgotten."""
        with self._look() as connection:
            return any(_holds_any(connection, one) for one in (objection, forgotten))

    def say(self, mapping: str, said: Said, names: Iterable[OwnName]) -> list[Ring]:
        """Put on file what somebody said, for each record of theirs; answers the rings for these.

        They are the live records with one of these addresses, and the contacts with one of these ids.
        """
        told = list(names)
        mails = [name.value for name in told if name.kind == "email"]
        ids = [name.value for name in told if name.kind == "hubspot_contact_id"]
        carrying = (
            select(address.c.record_id)
            .where(
                address.c.mapping == mapping,
                address.c.system == record.c.system,
                address.c.record_id == record.c.record_id,
                address.c.address.in_(mails),
            )
            .exists()
        )
        theirs = and_(
            record.c.mapping == mapping, record.c.gone.is_(None), or_(carrying, _contacts(ids))
        )
        with self._begin() as connection:
            rows = connection.execute(
                select(record.c.id, record.c.system, record.c.object, record.c.record_id).where(
                    theirs
                )
            ).all()
            for system in System:
                here = [row for row in rows if row.system == system.value]
                put_said(connection, mapping, system, [(row.record_id, said) for row in here])
                look_anew(connection, system, record.c.id.in_([row.id for row in here]))
        return [Ring(System(r.system), r.object, r.record_id, Lane.CONSENT) for r in rows]


def _texts(about: Iterable[str], names: Iterable[OwnName]) -> list[str]:
    return [f"{one}:{name.kind}:{name.value}" for name in dict.fromkeys(names) for one in about]


def _texts_of(name: OwnName) -> list[str]:
    """Under what a name may be on file: blocked, or as one of the forgotten."""
    if name.kind == "email":
        return [*_texts(ABOUT, [name]), f"address:{name.value}"]
    if name.kind == "hubspot_contact_id":
        return [*_texts(ABOUT, [name]), id_text(System.HUBSPOT, PEOPLE, name.value)]
    return _texts(ABOUT, [name])


def _holds_any(connection: Connection, table: Table) -> bool:
    return connection.scalar(select(table.c.digest).limit(1)) is not None


def _bearing(
    connection: Connection, mapping: str, out: ColumnElement[bool], names: list[OwnName]
) -> set[OwnName]:
    """The names among these that a record with an opt-out bears, by whatever the ledger knows it."""
    found: set[OwnName] = set()
    keys = {indexable(str(name)): name for name in names}
    mails = {name.value: name for name in names if name.kind == "email"}
    ids = {name.value: name for name in names if name.kind == "hubspot_contact_id"}
    for asked, wanted, told in (
        (
            match_key.c.key,
            select(match_key.c.key)
            .select_from(match_key.join(record, same_record(match_key)))
            .where(match_key.c.mapping == mapping, match_key.c.rule == OWN_NAMES, out),
            keys,
        ),
        (
            address.c.address,
            select(address.c.address)
            .select_from(address.join(record, same_record(address)))
            .where(address.c.mapping == mapping, out),
            mails,
        ),
        (
            record.c.record_id,
            select(record.c.record_id).where(
                record.c.system == System.HUBSPOT.value, record.c.object == PEOPLE, out
            ),
            ids,
        ),
    ):
        for some in slices(list(told)):
            found |= {told[one] for one in connection.scalars(wanted.where(asked.in_(some)))}
    return found


def _contacts(ids: list[str]) -> ColumnElement[bool]:
    return and_(
        record.c.system == System.HUBSPOT.value,
        record.c.object == PEOPLE,
        record.c.record_id.in_(ids),
    )
