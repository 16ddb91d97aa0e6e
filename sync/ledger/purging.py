"""Takes a person out of every table: values go, counts and runs stay, under a pseudonym."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, and_, cast, delete, func, or_, select, update
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.ledger.person_tables import consent
from sync.ledger.room import Room, slices, utc
from sync.ledger.tables import (
    address,
    bell,
    conflict,
    journal,
    match_key,
    pair,
    parked,
    plan_row,
    record,
)

FORGOTTEN = "erased"


class Trace(NamedTuple):
    """A record in one mapping, and what stands in the place of its id from now on.

    Ids of HubSpot are unique within an object only.
    """

    mapping: str
    system: System
    object: str
    record_id: str
    pseudonym: str


def pseudonym(digest: str) -> str:
    """What stands in the place of an id: enough to keep rows apart."""
    return f"{FORGOTTEN}-{digest[:16]}"


class Purging(Room):
    """Purges traces within one transaction."""

    def purge(
        self,
        connection: Connection,
        traces: Sequence[Trace],
        addresses: Sequence[str],
        now: datetime,
    ) -> None:
        """Leave nothing of these records behind but rows that count, under pseudonyms."""
        if connection.dialect.name == "sqlite":
            # What is deleted is overwritten in the file as well.
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        # Those first that quote others, while the ids can still be found by.
        _purge_quotes(connection, [trace.record_id for trace in traces], addresses)
        for trace in traces:
            _purge_pairs(connection, trace, now)
            _purge_journal(connection, trace)
            _purge_conflicts(connection, trace, now)
            _purge_small(connection, trace)
            _purge_record(connection, trace)


def _of(table: Any, trace: Trace) -> ColumnElement[bool]:
    return and_(
        table.c.mapping == trace.mapping,
        table.c.system == trace.system.value,
        table.c.record_id == trace.record_id,
    )


def _purge_quotes(connection: Connection, ids: Sequence[str], addresses: Sequence[str]) -> None:
    """Plans hold whole values, and advice may name the other record or quote a vendor's words."""
    bodies = [_quotes(plan_row.c.body, one) for one in (*ids, *addresses)]
    told = [_quotes(parked.c.advice, one) for one in (*ids, *addresses)]
    hints = [_quotes(record.c.claim_detail, one) for one in (*ids, *addresses)]
    if not bodies:
        return
    rows = connection.execute(select(plan_row.c.id, plan_row.c.body).where(or_(*bodies)))
    named = [row.id for row in rows if _names(row.body, ids) or _says(row.body, addresses)]
    for some in slices(named):
        connection.execute(delete(plan_row).where(plan_row.c.id.in_(some)))
    connection.execute(update(parked).where(or_(*told)).values(advice=""))
    connection.execute(update(record).where(or_(*hints)).values(claim_detail=None))
    for text in addresses:
        held = _quotes(cast(journal.c.changes, String), text)
        meant = _quotes(journal.c.meant, text)
        connection.execute(update(journal).where(or_(held, meant)).values(changes="[]", meant="{}"))
        lost = or_(
            _quotes(conflict.c.hubspot_value, text), _quotes(conflict.c.salesforce_value, text)
        )
        connection.execute(
            update(conflict).where(lost).values(hubspot_value="null", salesforce_value="null")
        )


def _names(body: str, ids: Sequence[str]) -> bool:
    """Whether one of the ids stands there, as a value or within advice; a longer one is another one."""
    return any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", body) for one in ids)


def _says(body: str, addresses: Sequence[str]) -> bool:
    return any(one.lower() in body.lower() for one in addresses)


def _quotes(column: Any, text: str) -> ColumnElement[bool]:
    return func.lower(column).contains(text.lower(), autoescape=True)


def _purge_pairs(connection: Connection, trace: Trace, now: datetime) -> None:
    column = pair.c.hubspot_id if trace.system is System.HUBSPOT else pair.c.salesforce_id
    connection.execute(
        update(pair)
        .where(pair.c.mapping == trace.mapping, column == trace.record_id)
        .values(
            {
                column: trace.pseudonym,
                pair.c.baseline: "{}",
                pair.c.hubspot_digest: None,
                pair.c.salesforce_digest: None,
                pair.c.waits: None,
                pair.c.clean: True,
                pair.c.unbound_at: func.coalesce(pair.c.unbound_at, utc(now)),
                pair.c.unbound_why: FORGOTTEN,
            }
        )
    )


def _purge_journal(connection: Connection, trace: Trace) -> None:
    blank = {"changes": "[]", "meant": "{}", "key": None}
    theirs = and_(
        journal.c.mapping == trace.mapping,
        journal.c.system == trace.system.other.value,
        journal.c.partner_id == trace.record_id,
    )
    connection.execute(
        update(journal).where(_of(journal, trace)).values(**blank, record_id=trace.pseudonym)
    )
    connection.execute(update(journal).where(theirs).values(**blank, partner_id=trace.pseudonym))


def _purge_conflicts(connection: Connection, trace: Trace, now: datetime) -> None:
    c = conflict.c
    column = c.hubspot_id if trace.system is System.HUBSPOT else c.salesforce_id
    connection.execute(
        update(conflict)
        .where(c.mapping == trace.mapping, column == trace.record_id)
        .values(
            {
                column: trace.pseudonym,
                c.hubspot_value: "null",
                c.salesforce_value: "null",
                c.closed_at: func.coalesce(c.closed_at, utc(now)),
                c.closed_how: FORGOTTEN,
            }
        )
    )


def _purge_small(connection: Connection, trace: Trace) -> None:
    for table in (parked, consent, match_key, address):
        connection.execute(delete(table).where(_of(table, trace)))
    rung = (bell.c.system == trace.system.value, bell.c.object == trace.object)
    connection.execute(delete(bell).where(bell.c.record_id == trace.record_id, *rung))


def _purge_record(connection: Connection, trace: Trace) -> None:
    """The row stays, as a tombstone that counts; whoever named this record names nobody any more."""
    c, other = record.c, trace.system.other.value
    here = c.mapping == trace.mapping
    named = and_(here, c.system == other, c.external_key == trace.record_id)
    connection.execute(update(record).where(named).values(external_key=trace.pseudonym))
    aimed = and_(here, c.system == other, c.claim_partner == trace.record_id)
    connection.execute(update(record).where(aimed).values(claim_partner=None))
    went = and_(here, c.system == trace.system.value, c.went_to == trace.record_id)
    connection.execute(update(record).where(went).values(went_to=trace.pseudonym))
    # Whoever was forgotten once before, and came out of the bin, is one tombstone.
    before = and_(here, c.system == trace.system.value, c.record_id == trace.pseudonym)
    connection.execute(delete(record).where(before))
    paired = select(c.pair_id).where(_of(record, trace), c.pair_id.is_not(None))
    connection.execute(update(record).where(c.pair_id.in_(paired)).values(pair_id=None))
    connection.execute(
        update(record)
        .where(_of(record, trace))
        .values(
            record_id=trace.pseudonym,
            digest=b"",
            payload=None,
            in_scope=False,
            external_key=None,
            consent=0,
            gone="deleted",
            went_to=None,
            state="deleted",
            reason="deleted",
            claim=None,
            claim_partner=None,
            claim_detail=None,
        )
    )
