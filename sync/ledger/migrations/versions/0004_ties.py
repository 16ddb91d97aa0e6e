"""Ties of relations: who is tied, what was agreed about it, who held it when last seen."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tie",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("right_pair", ROW_ID, nullable=False),
        sa.Column("left_pair", ROW_ID, nullable=True),
        sa.Column("hubspot_left", sa.String(), nullable=True),
        sa.Column("hubspot_right", sa.String(), nullable=False),
        sa.Column("salesforce_left", sa.String(), nullable=True),
        sa.Column("salesforce_right", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=True),
        sa.Column("side", sa.String(), nullable=True),
        sa.Column("in_hubspot", sa.Boolean(), nullable=False),
        sa.Column("in_salesforce", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("baseline", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tie")),
        sa.UniqueConstraint(
            "relation", "right_pair", "left_pair", name=op.f("uq_tie_relation_right_pair_left_pair")
        ),
    )
    with op.batch_alter_table("tie", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tie_hubspot_left"), ["hubspot_left"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_tie_salesforce_left"), ["salesforce_left"], unique=False
        )


def downgrade() -> None:
    op.drop_table("tie")
