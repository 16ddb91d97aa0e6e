"""The tables of website intent, in the same database as the ledger. Instants are milliseconds since 1970.

A *trail* is what one identifier left behind: an address, a contact id, a cookie, a company's domain. What is
counted is counted by trail; whose trail it is may change at any time, and no sum is touched by that. Only
where a cookie passes from one person to another (`intent_turn`) are the sums of one trail kept apart.
Trails and subjects are named in one text, ``kind:value``; see `intent.store.naming`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from database.tables import RowId, metadata

# What is true of all of it: the definition in force, up to which day events are forgotten, and which trails
# are still to be counted anew.
fact = Table(
    "intent_fact",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

# `owner` is whose trail it is, up to its first turn. `account` is the domain that it counts for, `rank` how
# sure that is, `account_at` when it was said: of equally sure ones the latest holds.
trail = Table(
    "intent_trail",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("account", String),
    Column("rank", Integer, nullable=False),
    Column("account_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    UniqueConstraint("name"),
    Index(None, "owner"),
    sqlite_autoincrement=True,
)
Index(
    "ix_intent_trail_account",
    trail.c.account,
    sqlite_where=text("account IS NOT NULL"),
    postgresql_where=text("account IS NOT NULL"),
)

# From `since` on a cookie is in the hands of somebody else.
turn = Table(
    "intent_turn",
    metadata,
    Column("trail_id", RowId, primary_key=True, autoincrement=False),
    Column("since", BigInteger, primary_key=True),
    Column("owner", String, nullable=False),
    Index(None, "owner"),
    sqlite_with_rowid=False,
)

# Two trails that were named together at `at`, the earliest of the hour `slot`. In slot -1: it was taken back
# at `at`, and what was said until then says nothing any more.
bond = Table(
    "intent_bond",
    metadata,
    Column("trail_id", RowId, primary_key=True, autoincrement=False),
    Column("other_id", RowId, primary_key=True, autoincrement=False),
    Column("slot", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("why", String, nullable=False),
    Index(None, "other_id"),
    sqlite_with_rowid=False,
)

# `discard`: why it does not count, and who said so; see `intent.store.judgements`.
event = Table(
    "intent_event",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("event_id", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("trail_id", RowId, nullable=False),
    Column("type", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("basis", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("glance", Boolean, nullable=False),
    Column("points", Float),
    Column("page", String),
    Column("discard", String),
    Column("session", String),
    Column("title", Text),
    Column("url", Text),
    Column("identity", Text, nullable=False),
    Column("properties", Text),
    UniqueConstraint("event_id"),
    Index(None, "trail_id", "at"),
    # Rows that wait may outlive their event: a number is given once.
    sqlite_autoincrement=True,
)

# Events that nobody has scored yet. `named`: who was named together in it is still to be looked at.
waiting = Table(
    "intent_waiting",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("trail_id", RowId, nullable=False),
    Column("named", Boolean, nullable=False),
)

# What counts: the evidence of every sum whose events are kept. `slot` is the hash of what may count only so
# often: trail, type, page and day.
counted = Table(
    "intent_counted",
    metadata,
    Column("trail_id", RowId, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True),
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("points", Float, nullable=False),
    Column("slot", BigInteger),
    sqlite_with_rowid=False,
)
Index(
    "ix_intent_counted_slot",
    counted.c.slot,
    sqlite_where=text("slot IS NOT NULL"),
    postgresql_where=text("slot IS NOT NULL"),
)

# The decayed sums. `since` tells the turns of a trail apart; 0 is up to the first.
state = Table(
    "intent_state",
    metadata,
    Column("trail_id", RowId, primary_key=True, autoincrement=False),
    Column("since", BigInteger, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("family", String, primary_key=True),
    Column("value", Float, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How much of what counted on a day: `times`, `glances` of them where nobody stayed, `weighed` of them
# with points of their sender's own, `own` altogether. Longer kept than events: new sums are made of it.
daily = Table(
    "intent_daily",
    metadata,
    Column("trail_id", RowId, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("type", String, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("glances", Integer, nullable=False),
    Column("weighed", Integer, nullable=False),
    Column("own", Float, nullable=False),
    sqlite_with_rowid=False,
)

# On which days somebody was on the website, from when to when; `returned_at`: it was a return visit.
visit = Table(
    "intent_visit",
    metadata,
    Column("trail_id", RowId, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("returned_at", BigInteger),
    sqlite_with_rowid=False,
)

# How many trails were on the website on a day. `slot` keeps workers out of each other's way.
site_day = Table(
    "intent_site_day",
    metadata,
    Column("day", Integer, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("visitors", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Whose scores changed since somebody looked; `taken_until`: somebody is looking now.
touched = Table(
    "intent_touched",
    metadata,
    Column("subject", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("taken_until", BigInteger),
    Index(None, "at"),
    sqlite_with_rowid=False,
)

# What both systems were told last (`body`), and when to look again. Told at 0: it is not true any more.
card = Table(
    "intent_card",
    metadata,
    Column("subject", String, primary_key=True),
    Column("body", Text),
    Column("told_at", BigInteger),
    Column("due_at", BigInteger),
)
Index(
    "ix_intent_card_due_at",
    card.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)

surge = Table(
    "intent_surge",
    metadata,
    Column("subject", String, primary_key=True),
    Column("topic", String, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("surprise", Float, nullable=False),
    Column("is_over", Boolean, nullable=False),
)
