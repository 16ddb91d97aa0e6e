"""Letters of the lifecycle: what people are to be told, on file before it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
INDEXED = ("subject", "next_at", "ended_at")


def upgrade() -> None:
    op.create_table(
        "lifecycle_letter",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("whom", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=True),
        sa.Column("clock", sa.String(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("is_taken", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lifecycle_letter")),
    )
    for name in INDEXED:
        op.create_index(op.f(f"ix_lifecycle_letter_{name}"), "lifecycle_letter", [name])


def downgrade() -> None:
    op.drop_table("lifecycle_letter")
