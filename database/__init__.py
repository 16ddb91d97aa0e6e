"""What every store stands on: short transactions on SQLite and PostgreSQL, errors that name the cure."""
