"""The ledger's tables about what a person said: opt-outs and opt-ins, and the wish to be forgotten; and who
looked at one in detail."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, String, Table, UniqueConstraint

from database.tables import RowId, metadata

OUT, IN, REFUSED = "out", "in", "refused"
# What a record said about a consent line: `said` is ``out``, ``in`` (with evidence), or ``refused``: an
# opt-out that its system would not take, `source` then being the cause. The latest of each kind is kept.
consent = Table(
    "consent",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("mapping", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("system", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("said", String, nullable=False),
    Column("at", DateTime(timezone=True)),
    Column("source", String),
    Column("basis", String),
    UniqueConstraint("mapping", "system", "record_id", "kind", "said"),
)

# Somebody asked to be forgotten. `record_id` is blanked once that is done; `reason` says why it is not
# done yet. `own`: the record itself is for us to erase too, since a person said so here. `allowed` and
# `records`: how many records may be, and were, erased for it.
erasure = Table(
    "erasure",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("system", String, nullable=False),
    Column("object", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("tries", Integer, nullable=False),
    Column("allowed", Integer),
    Column("records", Integer),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True)),
    UniqueConstraint("record_id", "object", "system"),
)

# Keyed hashes of the addresses and ids of whom we have forgotten: enough to know them again, and no more.
forgotten = Table(
    "forgotten",
    metadata,
    Column("digest", String, primary_key=True),
    Column("erasure_id", RowId, nullable=False),
)

# Keyed hashes of the names of whom said at the website's doors that they must not be followed or scored, and
# when they said so last.
objection = Table(
    "objection",
    metadata,
    Column("digest", String, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

# Who looked at what of whom, where that is to be answered for. `whom` is our own opaque name.
audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("whom", String, nullable=False),
)
