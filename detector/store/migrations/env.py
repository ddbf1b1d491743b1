"""Alembic runs this: one connection is given, SQLite changes tables by copying them."""

from alembic import context

from detector.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True, compare_type=True
)
with context.begin_transaction():
    context.run_migrations()
