"""Who is paired with whom: bound, and unbound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connector.port import System
from sync.ledger.room import AlreadyBound, Room, baseline_of, slices, utc
from sync.ledger.tables import pair, record
from sync.model import Pair


class Binding(Room):
    """Binds and unbinds. A record is in one pair of a mapping at a time."""

    def bind_many(self, mapping: str, pairs: Sequence[Pair], now: datetime) -> list[int]:
        """Bind pairs; answers their ids in input order. Not clean until they agree.

        A pair that is bound already keeps its id. Raises `AlreadyBound`, and binds none of them,
        where one of the records has another partner.
        """
        ids: list[int] = []
        with self._begin() as connection:
            for some in slices(pairs):
                bound = _insert_unbound(connection, mapping, some, now)
                if len(bound) < len(some):
                    bound |= _bound_already(connection, mapping, some)
                found = [bound[new.hubspot_id, new.salesforce_id] for new in some]
                tie_records(connection, mapping, some, found)
                ids += found
        return ids

    def bind(self, new: Pair, now: datetime) -> int:
        """Bind one pair; see `bind_many`."""
        return self.bind_many(new.mapping, [new], now)[0]

    def unbind(self, pair_id: int, why: str, now: datetime) -> None:
        """End a pair; the row stays as history, both records are `unpaired` for this reason."""
        with self._begin() as connection:
            connection.execute(
                update(pair)
                .where(pair.c.id == pair_id, pair.c.unbound_at.is_(None))
                .values(unbound_at=utc(now), unbound_why=why)
            )
            connection.execute(
                update(record)
                .where(record.c.pair_id == pair_id)
                .values(pair_id=None, claim="unpaired", claim_partner=None, claim_detail=why)
            )


def _insert_unbound(
    connection: Connection, mapping: str, pairs: Sequence[Pair], now: datetime
) -> dict[tuple[str, str], int]:
    """Insert pairs of which neither record is bound; answers the ids of those, by both records."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(pair).on_conflict_do_nothing()
    rows = connection.execute(
        statement.returning(pair.c.hubspot_id, pair.c.salesforce_id, pair.c.id),
        [
            {
                "mapping": mapping,
                "hubspot_id": new.hubspot_id,
                "salesforce_object": new.salesforce_object,
                "salesforce_id": new.salesforce_id,
                "clean": False,
                "bound_at": utc(now),
                "baseline": "{}",
            }
            for new in pairs
        ],
    )
    return {(row.hubspot_id, row.salesforce_id): row.id for row in rows}


def _bound_already(
    connection: Connection, mapping: str, pairs: Sequence[Pair]
) -> dict[tuple[str, str], int]:
    """The ids of these pairs, by both records. Raises `AlreadyBound` for one that is not bound."""
    rows = connection.execute(
        select(pair.c.hubspot_id, pair.c.salesforce_id, pair.c.id).where(
            pair.c.mapping == mapping,
            pair.c.unbound_at.is_(None),
            pair.c.hubspot_id.in_([new.hubspot_id for new in pairs]),
        )
    )
    bound = {(row.hubspot_id, row.salesforce_id): row.id for row in rows}
    for new in pairs:
        if (new.hubspot_id, new.salesforce_id) not in bound:
            refuse_bound(connection, new)
    return bound


def refuse_bound(connection: Connection, new: Pair) -> None:
    """Raise `AlreadyBound` if one of the two records is in another pair."""
    other = connection.execute(
        select(pair.c.hubspot_id, pair.c.salesforce_object, pair.c.salesforce_id).where(
            pair.c.mapping == new.mapping,
            pair.c.unbound_at.is_(None),
            or_(pair.c.hubspot_id == new.hubspot_id, pair.c.salesforce_id == new.salesforce_id),
            not_(
                and_(pair.c.hubspot_id == new.hubspot_id, pair.c.salesforce_id == new.salesforce_id)
            ),
            pair.c.id != new.id,
        )
    ).first()
    if other is not None:
        raise AlreadyBound(
            f"HubSpot {new.hubspot_id} and Salesforce {new.salesforce_id} cannot be paired in "
            f"{new.mapping}: HubSpot {other.hubspot_id} and {other.salesforce_object} "
            f"{other.salesforce_id} are paired already; unlink those first"
        )


def tie_records(
    connection: Connection, mapping: str, pairs: Sequence[Pair], ids: Sequence[int]
) -> None:
    """Note in which pair the records are, and that each one's key names the other from now on.

    The key is written to the systems with the pair's first writes; what the ledger knows must not hang
    on when their echo is seen, or a partner that goes before that would leave no tombstone.
    """
    rows = [
        {
            "of_system": side.value,
            "of_record": new.record_id(side),
            "in_pair": pair_id,
            "its_key": new.record_id(side.other),
        }
        for new, pair_id in zip(pairs, ids, strict=True)
        for side in System
    ]
    connection.execute(
        update(record)
        .where(
            record.c.mapping == mapping,
            record.c.system == bindparam("of_system"),
            record.c.record_id == bindparam("of_record"),
        )
        .values(
            pair_id=bindparam("in_pair"),
            external_key=bindparam("its_key"),
            claim=None,
            claim_partner=None,
            claim_detail=None,
        ),
        rows,
    )


def pair_of_row(row: Row[Any]) -> Pair:
    """A row of the pair table."""
    return Pair(
        id=row.id,
        mapping=row.mapping,
        hubspot_id=row.hubspot_id,
        salesforce_object=row.salesforce_object,
        salesforce_id=row.salesforce_id,
        baseline=baseline_of(row.baseline),
    )
