"""Who does not want to be followed or scored any more, out of what a server told of them. Pure.

A wish forbids at once, whatever else stands in the same event, and needs no type and no time: the most
restrictive reading wins (domain sheet, section 5.2). Only whoever is named can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from intent.intake import FORBIDDING, who_of
from intent.model import Identity

DIMENSIONS: Final = ("tracking", "profiling")
# What people write for a no; `unknown` and nothing at all is no wish.
NO: Final = FORBIDDING | {"denied", "withdrawn", "false", "no"}
UNSUBSCRIBE: Final = "unsubscribe"


def withdrawn_in(rows: Sequence[object]) -> Iterator[Identity]:
    """The people of one request whose wish it is, as they were named."""
    for row in rows:
        if isinstance(row, Mapping) and _is_a_no(row):
            who = who_of(row, None)._replace(company_domain=None, corporate_number=None)
            if not who.is_empty:
                yield who


def _is_a_no(row: Mapping[Any, Any]) -> bool:
    consent = row.get("consent")
    said = consent if isinstance(consent, Mapping) else {}
    if any(str(said.get(name, "")).strip().lower() in NO for name in DIMENSIONS):
        return True
    return row.get("type") == UNSUBSCRIBE
