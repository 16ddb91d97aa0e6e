"""Website intent: what came in, who it was, and what it adds up to."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "intent_bond",
        sa.Column("trail_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("other_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("trail_id", "other_id", "slot", name=op.f("pk_intent_bond")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_intent_bond_other_id"), "intent_bond", ["other_id"], unique=False)
    op.create_table(
        "intent_card",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_intent_card")),
    )
    op.create_index(
        "ix_intent_card_due_at",
        "intent_card",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "intent_counted",
        sa.Column("trail_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("trail_id", "at", "id", name=op.f("pk_intent_counted")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_intent_counted_slot",
        "intent_counted",
        ["slot"],
        unique=False,
        sqlite_where=sa.text("slot IS NOT NULL"),
        postgresql_where=sa.text("slot IS NOT NULL"),
    )
    op.create_table(
        "intent_daily",
        sa.Column("trail_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("glances", sa.Integer(), nullable=False),
        sa.Column("weighed", sa.Integer(), nullable=False),
        sa.Column("own", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint(
            "trail_id", "day", "since", "type", "topic", name=op.f("pk_intent_daily")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intent_event",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("trail_id", ROW_ID, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("glance", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("page", sa.String(), nullable=True),
        sa.Column("discard", sa.String(), nullable=True),
        sa.Column("session", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent_event")),
        sa.UniqueConstraint("event_id", name=op.f("uq_intent_event_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_intent_event_trail_id_at"), "intent_event", ["trail_id", "at"], unique=False
    )
    op.create_table(
        "intent_fact",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_intent_fact")),
    )
    op.create_table(
        "intent_site_day",
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "slot", name=op.f("pk_intent_site_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intent_state",
        sa.Column("trail_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "trail_id", "since", "topic", "family", name=op.f("pk_intent_state")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intent_surge",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("surprise", sa.Float(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "topic", name=op.f("pk_intent_surge")),
    )
    op.create_table(
        "intent_touched",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("taken_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_intent_touched")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_intent_touched_at"), "intent_touched", ["at"], unique=False)
    op.create_table(
        "intent_trail",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("account_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent_trail")),
        sa.UniqueConstraint("name", name=op.f("uq_intent_trail_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_intent_trail_account",
        "intent_trail",
        ["account"],
        unique=False,
        sqlite_where=sa.text("account IS NOT NULL"),
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.create_index(op.f("ix_intent_trail_owner"), "intent_trail", ["owner"], unique=False)
    op.create_table(
        "intent_turn",
        sa.Column("trail_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("trail_id", "since", name=op.f("pk_intent_turn")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_intent_turn_owner"), "intent_turn", ["owner"], unique=False)
    op.create_table(
        "intent_visit",
        sa.Column("trail_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("returned_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("trail_id", "day", name=op.f("pk_intent_visit")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intent_waiting",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("trail_id", ROW_ID, nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent_waiting")),
    )


def downgrade() -> None:
    op.drop_table("intent_waiting")
    op.drop_table("intent_visit")
    op.drop_table("intent_turn")
    op.drop_table("intent_trail")
    op.drop_table("intent_touched")
    op.drop_table("intent_surge")
    op.drop_table("intent_state")
    op.drop_table("intent_site_day")
    op.drop_table("intent_fact")
    op.drop_table("intent_event")
    op.drop_table("intent_daily")
    op.drop_table("intent_counted")
    op.drop_table("intent_card")
    op.drop_table("intent_bond")
