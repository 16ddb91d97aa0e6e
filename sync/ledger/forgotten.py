"""Knowing the forgotten again: keyed hashes of their addresses and ids.

What a hash is made of is never on file. Without the secret, that is a fact of this ledger, a hash says
nothing; with it, it says only that somebody with exactly this address or id was forgotten.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from connector.port import System
from sync.ledger.person_tables import forgotten
from sync.ledger.ringing import Ring
from sync.ledger.room import Room, slices
from sync.ledger.tables import address, fact, record

SECRET = "erasure_key"  # noqa: S105 - the name of a fact, not its value


class RecordNames(NamedTuple):
    """What a record can be known by: ids (its own, its partner's), and addresses in normal form."""

    ids: Sequence[tuple[System, str, str]]
    addresses: Sequence[str]


class Forgotten(Room):
    """Knows the forgotten again, and lets them in again where they wish."""

    def forgotten_among(self, records: dict[str, RecordNames]) -> set[str]:
        """Which of these records, by id, stand for somebody we have forgotten."""
        with self._look() as connection:
            if connection.scalar(select(forgotten.c.digest).limit(1)) is None:
                return set()
            key = connection.scalar(select(fact.c.value).where(fact.c.name == SECRET)) or ""
            owners: dict[str, set[str]] = {}
            for record_id, told in records.items():
                names = [f"address:{text}" for text in told.addresses]
                for name in [*names, *(id_text(*place) for place in told.ids)]:
                    owners.setdefault(digest_of(key, name), set()).add(record_id)
            known: set[str] = set()
            for some in slices(list(owners)):
                rows = connection.scalars(
                    select(forgotten.c.digest).where(forgotten.c.digest.in_(some))
                )
                known |= {record_id for digest in rows for record_id in owners[digest]}
        return known

    def release(self, text: str) -> bool:
        """Let an address in again; answers whether it was among the forgotten."""
        with self._begin() as connection:
            key = secret_of(connection)
            gone = connection.execute(
                delete(forgotten).where(forgotten.c.digest == digest_of(key, f"address:{text}"))
            ).rowcount
        return gone > 0

    def ring_for_address(self, text: str) -> list[Ring]:
        """Rings for the live records that carry an address."""
        of_record = and_(
            record.c.mapping == address.c.mapping,
            record.c.system == address.c.system,
            record.c.record_id == address.c.record_id,
        )
        with self._look() as connection:
            rows = connection.execute(
                select(record.c.system, record.c.object, record.c.record_id)
                .distinct()
                .select_from(address.join(record, of_record))
                .where(address.c.address == text, record.c.gone.is_(None))
            ).all()
        return [Ring(System(r.system), r.object, r.record_id) for r in rows]


def digest_of(key: str, text: str) -> str:
    """HMAC-SHA-256 in hex."""
    return hmac.digest(key.encode(), text.encode(errors="surrogatepass"), "sha256").hex()


def id_text(system: System, object_name: str, record_id: str) -> str:
    """Ids of HubSpot are unique within an object only."""
    kind = object_name if system is System.HUBSPOT else ""
    return f"id:{system.value}:{kind}:{record_id}"


def secret_of(connection: Connection) -> str:
    """This ledger's key, made when it is first needed."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(fact)
        .values(name=SECRET, value=secrets.token_hex(32))
        .on_conflict_do_nothing()
    )
    return str(connection.scalar(select(fact.c.value).where(fact.c.name == SECRET)))


def keep_digests(connection: Connection, digests: Iterable[str], erasure_id: int) -> None:
    rows = [{"digest": one, "erasure_id": erasure_id} for one in dict.fromkeys(digests)]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    if rows:
        connection.execute(dialect.insert(forgotten).on_conflict_do_nothing(), rows)
