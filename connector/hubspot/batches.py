"""One outcome per row, although HubSpot refuses whole batches for one bad row. Knows no socket.

A refused batch wrote nothing, so its rows may be sent again in parts. A refusal that names properties
clears the rows that do not carry them; what is left is halved until the bad rows stand alone, which
costs about ``2 * log2(n)`` calls for each. Refusals of the schema (no such property, read-only) need no
search: every row that carries the property is as guilty. Reference sheet, section 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from more_itertools import chunked

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot.names import SYSTEM
from connector.hubspot.requests import BATCH
from connector.port import Outcome

Row: TypeAlias = dict[str, str]
Rows: TypeAlias = Mapping[str, Row]
Send: TypeAlias = Callable[[Rows], Mapping[str, Outcome]]

_OF_THE_SCHEMA = frozenset({"no_such_field", "read_only"})
BLOCKED_AFTER = 60.0
"""Seconds to stay away from a system that began to refuse us in the middle of a verb."""


def settle(rows: Rows, send: Send) -> dict[str, Outcome]:
    """The outcome of each row. `send` takes at most 100 rows, and answers for every one or raises.

    Raises `TryLater` and `SystemBlocked` only while nothing was written; after that the rows that are
    left are answered with a `TryLater`, so that no landed write goes unreported.
    """
    outcomes: dict[str, Outcome] = {}
    try:
        for some in chunked(rows, BATCH):
            _settle_batch({key: rows[key] for key in some}, send, outcomes)
    except (TryLater, SystemBlocked) as error:
        if not outcomes:
            raise
        left = as_outcome(error)
        return {key: outcomes.get(key, left) for key in rows}
    return outcomes


def _settle_batch(rows: Rows, send: Send, outcomes: dict[str, Outcome]) -> None:
    try:
        outcomes.update(send(rows))
    except OutcomeUnknown as lost:
        outcomes.update(dict.fromkeys(rows, lost))
    except Rejected as refused:
        if len(rows) == 1:
            outcomes.update(dict.fromkeys(rows, refused))
            return
        for part in _parts_to_send_again(rows, refused, outcomes):
            _settle_batch(part, send, outcomes)


def _parts_to_send_again(rows: Rows, refused: Rejected, outcomes: dict[str, Outcome]) -> list[Rows]:
    """What is left to try of a refused batch; rows that need no second try get their outcome."""
    guilty, rest = _parted(rows, refused)
    if guilty and refused.cause in _OF_THE_SCHEMA:
        outcomes.update({key: _narrowed(refused, row) for key, row in guilty.items()})
        return [rest] if rest else []
    return [guilty, rest] if guilty and rest else _halves(rows)


def _parted(rows: Rows, refused: Rejected) -> tuple[Rows, Rows]:
    """The rows that carry a refused property, and the others."""
    named = set(refused.fields)
    guilty = {key: row for key, row in rows.items() if named & row.keys()}
    return guilty, {key: row for key, row in rows.items() if key not in guilty}


def _halves(rows: Rows) -> list[Rows]:
    keys = list(rows)
    middle = (len(keys) + 1) // 2
    return [{k: rows[k] for k in keys[:middle]}, {k: rows[k] for k in keys[middle:]}]


def _narrowed(refused: Rejected, row: Row) -> Rejected:
    """The same refusal, naming only properties of this row."""
    return Rejected(
        refused.reason,
        system=SYSTEM,
        cause=refused.cause,
        fields=tuple(name for name in refused.fields if name in row),
        request_id=refused.request_id,
    )


def as_outcome(error: TryLater | SystemBlocked) -> TryLater:
    """How a row is answered that was not sent, or whose fate is open, when nothing may be raised."""
    if isinstance(error, TryLater):
        return error
    return TryLater(
        error.message,
        system=SYSTEM,
        after=error.until or BLOCKED_AFTER,
        request_id=error.request_id,
    )
