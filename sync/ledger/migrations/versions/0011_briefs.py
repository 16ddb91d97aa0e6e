"""Briefs of leads: what is known of the questions of the gate, and the card of the last hand-over."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lifecycle_brief",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completeness", sa.Float(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("takes_mail", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_lifecycle_brief")),
    )


def downgrade() -> None:
    op.drop_table("lifecycle_brief")
