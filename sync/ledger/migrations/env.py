"""Alembic's entry: migrations run on the connection that `Ledger.open` hands over."""

from alembic import context

import intent.store.page_tables
import intent.store.tables  # noqa: F401 - brought up to date together with the ledger's
import lifecycle.store.tables  # noqa: F401
import sync.ledger.tables  # noqa: F401
from database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
