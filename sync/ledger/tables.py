"""The ledger's tables. Times are UTC; JSON is text made by orjson; ids of vendors are text.

A record is known by (mapping, system, record id). Cells of baselines are JSON values, a joined
line's cell is a JSON list.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
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

fact = Table(
    "fact",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String, nullable=False),
    Column("mappings", Text, nullable=False),
    Column("trigger", String, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("outcome", String),
    Column("totals", Text),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("run_id", RowId, primary_key=True),
    Column("stage", String, primary_key=True),
    Column("cursor", Text, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("mapping", String, nullable=False),
    Column("system", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("object", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary),
    Column("in_scope", Boolean, nullable=False),
    Column("frozen", Boolean, nullable=False),
    Column("external_key", String),
    Column("consent", Integer, nullable=False),
    Column("modified_at", DateTime(timezone=True)),
    Column("seen", RowId, nullable=False),
    Column("gone", String),
    # The id of the record that this one was merged into or converted to.
    Column("went_to", String),
    Column("state", String),
    Column("reason", String),
    Column("pair_id", RowId),
    Column("claim", String),
    Column("claim_partner", String),
    Column("claim_detail", String),
    UniqueConstraint("mapping", "system", "record_id"),
    Index(None, "pair_id"),
)

# What `gone` says of a record of the state `deleted`: it is dead, or it lives on in another one.
TOMBSTONES = ("deleted", "merged")

# Few records hold a key of which the partner is unknown; those are looked up by it.
Index(
    "ix_record_external_key",
    record.c.external_key,
    record.c.mapping,
    sqlite_where=text("external_key IS NOT NULL"),
    postgresql_where=text("external_key IS NOT NULL"),
)

# Few records were merged or converted; those that name them are pointed on.
Index(
    "ix_record_went_to",
    record.c.went_to,
    record.c.mapping,
    sqlite_where=text("went_to IS NOT NULL"),
    postgresql_where=text("went_to IS NOT NULL"),
)

match_key = Table(
    "match_key",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("mapping", String, nullable=False),
    Column("rule", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("system", String, nullable=False),
    Column("record_id", String, nullable=False),
    Index(None, "mapping", "rule", "key"),
    Index(None, "mapping", "system", "record_id"),
)

address = Table(
    "address",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("mapping", String, nullable=False),
    Column("address", String, nullable=False),
    Column("system", String, nullable=False),
    Column("record_id", String, nullable=False),
    Index(None, "mapping", "address"),
    Index(None, "mapping", "system", "record_id"),
)

pair = Table(
    "pair",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("mapping", String, nullable=False),
    Column("hubspot_id", String, nullable=False),
    Column("salesforce_object", String, nullable=False),
    Column("salesforce_id", String, nullable=False),
    Column("hubspot_digest", LargeBinary),
    Column("salesforce_digest", LargeBinary),
    Column("clean", Boolean, nullable=False),
    # Why a pair that is not clean waits (`partner`, `owner`, `locked`); null: it is due.
    Column("waits", String),
    Column("bound_at", DateTime(timezone=True), nullable=False),
    Column("agreed_at", DateTime(timezone=True)),
    Column("unbound_at", DateTime(timezone=True)),
    Column("unbound_why", String),
    # The widest column comes last: a scan for what is due reads past it.
    Column("baseline", Text, nullable=False),
)

BOUND = text("unbound_at IS NULL")
# A record is in one pair of a mapping at a time; ended pairs stay as history. The record's id leads:
# an index that begins with the mapping tempts planners without statistics to read all of its pairs.
for side in ("hubspot_id", "salesforce_id"):
    Index(
        f"uq_pair_bound_{side}",
        pair.c[side],
        pair.c.mapping,
        unique=True,
        sqlite_where=BOUND,
        postgresql_where=BOUND,
    )

# Who waits for whom: a pair, or the row of a record that cannot be born yet, and the record without a
# partner that it refers to.
awaited = Table(
    "awaited",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("pair_id", RowId),
    Column("row_id", RowId),
    Column("mapping", String, nullable=False),
    Column("system", String, nullable=False),
    Column("record_id", String, nullable=False),
    Index(None, "record_id", "mapping"),
    Index(None, "pair_id"),
    Index(None, "row_id"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("run_id", RowId, nullable=False),
    Column("mapping", String, nullable=False),
    Column("system", String, nullable=False),
    Column("object", String, nullable=False),
    Column("record_id", String),
    Column("partner_id", String),
    Column("action", String, nullable=False),
    Column("changes", Text, nullable=False),
    Column("meant", Text, nullable=False),
    Column("key", String),
    Column("trigger", String, nullable=False),
    Column("state", String, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("request_id", String),
    Index(None, "system", "record_id"),
    Index(None, "run_id"),
)

IN_FLIGHT = text("state IN ('intended', 'unknown')")
# Few writes are in flight; the index holds only those.
Index(
    "ix_journal_in_flight",
    journal.c.mapping,
    journal.c.sent_at,
    sqlite_where=IN_FLIGHT,
    postgresql_where=IN_FLIGHT,
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("run_id", RowId, nullable=False),
    Column("mapping", String, nullable=False),
    Column("line", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("hubspot_object", String, nullable=False),
    Column("hubspot_id", String, nullable=False),
    Column("hubspot_value", Text, nullable=False),
    Column("salesforce_object", String, nullable=False),
    Column("salesforce_id", String, nullable=False),
    Column("salesforce_value", Text, nullable=False),
    Column("policy", String, nullable=False),
    Column("winner", String),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_how", String),
    Index(None, "mapping", "hubspot_id"),
    Index(None, "kind", "closed_at"),
)

parked = Table(
    "parked",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("mapping", String, nullable=False),
    Column("system", String, nullable=False),
    Column("object", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("line", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("advice", Text, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),
    UniqueConstraint("mapping", "system", "record_id", "line"),
)

plan = Table(
    "plan",
    metadata,
    Column("plan_id", String, primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("hash", String),
    Column("totals", Text),
    Column("cost", Text),
    Column("meta", Text),
)

plan_row = Table(
    "plan_row",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("plan_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "plan_id", "kind", "id"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("mapping", String, primary_key=True),
    Column("system", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("cursor", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

# A record that somebody rang for. The row goes away once the record was looked at and `number` stood
# still meanwhile; `taken_by` is the worker that looks now.
bell = Table(
    "bell",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("system", String, nullable=False),
    Column("object", String, nullable=False),
    Column("record_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("latest_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("taken_by", String),
    Column("taken_until", DateTime(timezone=True)),
    UniqueConstraint("record_id", "object", "system"),
    Index(None, "lane", "due_at"),
)

# One row per delivery that a door has answered with yes.
receipt = Table(
    "receipt",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("system", String, nullable=False),
    Column("events", Integer, nullable=False),
)

# One tie of a relation. A tie that neither side holds any more has no row: whoever makes it again makes
# a new one. Without a left pair the left record has no partner, and the tie waits.
tie = Table(
    "tie",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("relation", String, nullable=False),
    Column("right_pair", RowId, nullable=False),
    Column("left_pair", RowId),
    Column("hubspot_left", String),
    Column("hubspot_right", String, nullable=False),
    Column("salesforce_left", String),
    Column("salesforce_right", String, nullable=False),
    Column("standing", String),
    Column("side", String),
    Column("in_hubspot", Boolean, nullable=False),
    Column("in_salesforce", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("baseline", Text, nullable=False),
    # Rows without a left pair differ from each other: null equals nothing.
    UniqueConstraint("relation", "right_pair", "left_pair"),
    Index(None, "hubspot_left"),
    Index(None, "salesforce_left"),
)
