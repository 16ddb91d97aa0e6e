"""The tables of what pages are about: findings, and what people said."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, String, Table, Text

from database.tables import metadata

# `titles`: JSON, as cleaned as those of events. `fingerprint`: from what it was found. `how`: person, rule,
# words, meaning, unknown. `seen_at`: when it was found.
page = Table(
    "intent_page",
    metadata,
    Column("page", String, primary_key=True),
    Column("titles", Text, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("how", String, nullable=False),
    Column("margin", Float, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

# A page or a pattern of pages, and what a person said that it is about; empty: nothing of the definition.
label = Table(
    "intent_page_label",
    metadata,
    Column("page", String, primary_key=True),
    Column("topic", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)
