"""SOQL as text: escaped, chunked below the length that a URL may have. No socket in here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from simple_salesforce.format import quote_soql_value

# The REST guide answers 414 above 16,384 bytes of URI; the rest is left for host and path.
URI_BYTES = 14_000


def select(
    fields: Sequence[str],
    object_name: str,
    where: str = "",
    order: str = "",
    limit: int | None = None,
) -> str:
    """A SELECT. `fields` and `where` are trusted, values in `where` must be quoted by `literal`."""
    text = f"SELECT {', '.join(dict.fromkeys(fields))} FROM {object_name}"  # noqa: S608 - see above
    if where:
        text += f" WHERE {where}"
    if order:
        text += f" ORDER BY {order}"
    return text if limit is None else f"{text} LIMIT {limit}"


def literal(value: str) -> str:
    """A quoted text literal."""
    return str(quote_soql_value(value))


def timestamp(moment: datetime) -> str:
    """A datetime literal, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chunks(values: Sequence[str], fixed: str) -> Iterator[list[str]]:
    """Values in lists that fit an `IN (...)` of one URL beside the `fixed` text of the statement."""
    room = URI_BYTES - len(quote(fixed))
    chunk: list[str] = []
    used = 0
    for value in values:
        size = len(quote(literal(value))) + 3
        if chunk and used + size > room:
            yield chunk
            chunk, used = [], 0
        chunk.append(value)
        used += size
    if chunk:
        yield chunk
