"""The tables of the lifecycle, in the same database as the ledger. Subjects are one text, ``kind:key``.

Entries are only ever added. Who turns out to be somebody else (`subject.moved_to`) keeps the rows and the
numbers they were written with: whoever reads a history reads those of everybody who moved there.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from database.tables import RowId, metadata

# A time with its zone; SQLite hands it back without one (`database.room.aware`).
INSTANT = DateTime(timezone=True)

# Whom anything is on file about. `number` counts the entries, those of everybody who moved here too: who
# decides on another number was overtaken. `stage` and `standing` are the entries folded, for reading at once.
subject = Table(
    "lifecycle_subject",
    metadata,
    Column("subject", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("stage", String),
    Column("standing", Text),
    Column("moved_to", String),
    Index(None, "stage", "subject"),
)
Index(
    "ix_lifecycle_subject_moved_to",
    subject.c.moved_to,
    sqlite_where=text("moved_to IS NOT NULL"),
    postgresql_where=text("moved_to IS NOT NULL"),
)

# The columns have the names of `lifecycle.model.Entry`; `rules` and `evidence` are lists as JSON.
entry = Table(
    "lifecycle_entry",
    metadata,
    Column("subject", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cycle", Integer, nullable=False),
    Column("stage", String, nullable=False),
    Column("previous", String),
    Column("transition", String, nullable=False),
    Column("entered_at", INSTANT, nullable=False),
    Column("observed_at", INSTANT, nullable=False),
    Column("role", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("source", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("definition", String, nullable=False),
    Column("reason", String),
    Column("sub_reason", Text),
    Column("comment", Text),
    Column("reactivate_on", Date),
    Column("cool_until", INSTANT),
    Column("hop", String),
    Column("trigger", String),
    Column("opportunity", String),
    Column("handed_to", String),
    Column("rules", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("skipped", Boolean, nullable=False),
    Column("conflict_with", String),
    Index(None, "entered_at"),
)

# What is known of somebody by now beside where they stand, and the card of the last hand-over; `asked` and
# `missing` are lists of questions as JSON.
brief = Table(
    "lifecycle_brief",
    metadata,
    Column("subject", String, primary_key=True),
    Column("at", INSTANT, nullable=False),
    Column("completeness", Float, nullable=False),
    Column("asked", Text, nullable=False),
    Column("missing", Text, nullable=False),
    Column("card", Text),
)

# When a system was first seen to hold what an entry says.
written = Table(
    "lifecycle_written",
    metadata,
    Column("subject", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("system", String, primary_key=True),
    Column("at", INSTANT, nullable=False),
)

# What was asked, each id once; `decided` says that entries, a refusal or nothing came of it.
request = Table(
    "lifecycle_request",
    metadata,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("body", Text, nullable=False),
    Column("decided", Boolean, nullable=False),
    Index(None, "subject"),
)
Index(
    "ix_lifecycle_request_at",
    request.c.at,
    request.c.id,
    sqlite_where=text("NOT decided"),
    postgresql_where=text("NOT decided"),
)

refusal = Table(
    "lifecycle_refusal",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("request_id", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("code", String, nullable=False),
    Column("stood", String, nullable=False),
    Column("words", Text, nullable=False),
    UniqueConstraint("request_id"),
    Index(None, "subject"),
)

timer = Table(
    "lifecycle_timer",
    metadata,
    Column("subject", String, primary_key=True),
    Column("clock", String, primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("owner", String, nullable=False),
    Column("started_at", INSTANT, nullable=False),
    Column("due_at", INSTANT, nullable=False),
    Column("next_at", INSTANT),
    Column("step", Integer, nullable=False),
    Column("stopped_at", INSTANT),
    Column("is_void", Boolean, nullable=False),
    Index(None, "due_at"),
)
Index(
    "ix_lifecycle_timer_next_at",
    timer.c.next_at,
    sqlite_where=text("stopped_at IS NULL AND next_at IS NOT NULL"),
    postgresql_where=text("stopped_at IS NULL AND next_at IS NOT NULL"),
)

definition = Table(
    "lifecycle_definition",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("hash", String, nullable=False),
    Column("name", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("effective_from", INSTANT, nullable=False),
    Column("put_at", INSTANT, nullable=False),
    UniqueConstraint("hash"),
)

approval = Table(
    "lifecycle_approval",
    metadata,
    Column("hash", String, primary_key=True),
    Column("department", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", INSTANT, nullable=False),
)

# Links that decided something: none does so twice.
ticket = Table(
    "lifecycle_ticket",
    metadata,
    Column("ticket", String, primary_key=True),
    Column("at", INSTANT, nullable=False),
)

# What people are told, each once; the words are made when it is sent. `next_at`: when it may be taken to be
# sent, which whoever takes it moves on; none once it is over. `outcome` says how it ended.
letter = Table(
    "lifecycle_letter",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("whom", String, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("subject", String),
    Column("entry", Integer),
    Column("clock", String),
    Column("step", Integer, nullable=False),
    Column("is_taken", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", INSTANT),
    Column("outcome", String),
    Column("ended_at", INSTANT),
    Index(None, "subject"),
    Index(None, "next_at"),
    Index(None, "ended_at"),
)
