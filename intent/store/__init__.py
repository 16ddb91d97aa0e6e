"""Where events, identities and scores are kept: rooms over SQLite and PostgreSQL, one contract."""
