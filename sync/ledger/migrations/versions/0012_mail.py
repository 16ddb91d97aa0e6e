"""Whether somebody takes mail is told by their records alone, at the moment when these are read."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lifecycle_brief") as batch_op:
        batch_op.drop_column("takes_mail")


def downgrade() -> None:
    with op.batch_alter_table("lifecycle_brief") as batch_op:
        batch_op.add_column(
            sa.Column("takes_mail", sa.Boolean(), nullable=False, server_default=sa.true())
        )
