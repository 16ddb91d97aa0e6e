"""Where a record went (merged into, converted to), what a pair waits for, and who waits for whom."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


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
    op.create_table(
        "awaited",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("pair_id", ROW_ID, nullable=True),
        sa.Column("row_id", ROW_ID, nullable=True),
        sa.Column("mapping", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited")),
    )
    with op.batch_alter_table("awaited", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_awaited_record_id_mapping"), ["record_id", "mapping"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_awaited_pair_id"), ["pair_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_awaited_row_id"), ["row_id"], unique=False)


def downgrade() -> None:
    op.drop_table("awaited")
    with op.batch_alter_table("pair", schema=None) as batch_op:
        batch_op.drop_column("waits")
    op.drop_index("ix_record_went_to", "record")
    with op.batch_alter_table("record", schema=None) as batch_op:
        batch_op.drop_column("went_to")
