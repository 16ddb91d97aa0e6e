"""Where a record went (merged into, converted to), and what a pair waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("record", schema=None) as batch_op:
        batch_op.add_column(sa.Column("went_to", sa.String(), nullable=True))
    op.create_index(
        "ix_record_went_to",
        "record",
        ["went_to", "mapping"],
        sqlite_where=sa.text("went_to IS NOT NULL"),
        postgresql_where=sa.text("went_to IS NOT NULL"),
    )
    with op.batch_alter_table("pair", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waits", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("pair", schema=None) as batch_op:
        batch_op.drop_column("waits")
    op.drop_index("ix_record_went_to", "record")
    with op.batch_alter_table("record", schema=None) as batch_op:
        batch_op.drop_column("went_to")
