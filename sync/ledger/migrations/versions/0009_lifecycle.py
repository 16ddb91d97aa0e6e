"""The lifecycle: who stands where and how they came there, what was asked, clocks, the shared definition."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _who_stands_where()
    _what_was_asked()
    _clocks()
    _definitions()


def _who_stands_where() -> None:
    op.create_table(
        "lifecycle_subject",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=True),
        sa.Column("moved_to", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_lifecycle_subject")),
    )
    op.create_index(
        op.f("ix_lifecycle_subject_stage_subject"), "lifecycle_subject", ["stage", "subject"]
    )
    op.create_index(
        "ix_lifecycle_subject_moved_to",
        "lifecycle_subject",
        ["moved_to"],
        sqlite_where=sa.text("moved_to IS NOT NULL"),
        postgresql_where=sa.text("moved_to IS NOT NULL"),
    )
    op.create_table(
        "lifecycle_entry",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=True),
        sa.Column("transition", sa.String(), nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("observed_at", INSTANT, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sub_reason", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("reactivate_on", sa.Date(), nullable=True),
        sa.Column("cool_until", INSTANT, nullable=True),
        sa.Column("hop", sa.String(), nullable=True),
        sa.Column("trigger", sa.String(), nullable=True),
        sa.Column("opportunity", sa.String(), nullable=True),
        sa.Column("handed_to", sa.String(), nullable=True),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.Column("conflict_with", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subject", "number", name=op.f("pk_lifecycle_entry")),
    )
    op.create_index(op.f("ix_lifecycle_entry_entered_at"), "lifecycle_entry", ["entered_at"])
    op.create_table(
        "lifecycle_written",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("subject", "number", "system", name=op.f("pk_lifecycle_written")),
    )


def _what_was_asked() -> None:
    op.create_table(
        "lifecycle_request",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycle_request")),
    )
    op.create_index(op.f("ix_lifecycle_request_subject"), "lifecycle_request", ["subject"])
    op.create_index(
        "ix_lifecycle_request_at",
        "lifecycle_request",
        ["at", "id"],
        sqlite_where=sa.text("NOT decided"),
        postgresql_where=sa.text("NOT decided"),
    )
    op.create_table(
        "lifecycle_refusal",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("stood", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycle_refusal")),
        sa.UniqueConstraint("request_id", name=op.f("uq_lifecycle_refusal_request_id")),
    )
    op.create_index(op.f("ix_lifecycle_refusal_subject"), "lifecycle_refusal", ["subject"])


def _clocks() -> None:
    op.create_table(
        "lifecycle_timer",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("stopped_at", INSTANT, nullable=True),
        sa.Column("is_void", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "clock", "entry", name=op.f("pk_lifecycle_timer")),
    )
    op.create_index(op.f("ix_lifecycle_timer_due_at"), "lifecycle_timer", ["due_at"])
    op.create_index(
        "ix_lifecycle_timer_next_at",
        "lifecycle_timer",
        ["next_at"],
        sqlite_where=sa.text("stopped_at IS NULL AND next_at IS NOT NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND next_at IS NOT NULL"),
    )
    op.create_table(
        "lifecycle_ticket",
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_lifecycle_ticket")),
    )


def _definitions() -> None:
    op.create_table(
        "lifecycle_definition",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("effective_from", INSTANT, nullable=False),
        sa.Column("put_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycle_definition")),
        sa.UniqueConstraint("hash", name=op.f("uq_lifecycle_definition_hash")),
    )
    op.create_table(
        "lifecycle_approval",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("hash", "department", name=op.f("pk_lifecycle_approval")),
    )


def downgrade() -> None:
    for name in (
        "approval",
        "definition",
        "ticket",
        "timer",
        "refusal",
        "request",
        "written",
        "entry",
        "subject",
    ):
        op.drop_table(f"lifecycle_{name}")
