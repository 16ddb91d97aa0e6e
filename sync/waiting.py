"""Lines that wait: for the partner of what they refer to, for an owner, for a record that is locked. Pure.

Waiting is no fault. What waits is settled by itself as soon as its reason is gone: the ledger knows who
waits for whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.port import System
from mappings.schema import Cell, Context, Line
from sync.model import Awaited

# Reasons that are gone when somebody is bound or comes to work, and not by asking again and again.
PARTNER, OWNER = "partner", "owner"
# The record takes no writes now (`connector.errors.RecordLocked`).
LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line that has something to say once `awaited` records have partners."""

    line: str
    reason: str
    awaited: tuple[Awaited, ...] = ()


def waiting_of(line: Line, reason: str, held: Mapping[System, Cell], context: Context) -> Waiting:
    """A line that waits, and for whom: the records that its ends refer to and that have no partner."""
    if line.link_to is None:
        return Waiting(line.id, reason)
    wanted = [
        Awaited(line.link_to, side, str(cell))
        for side, cell in held.items()
        if cell is not None and line.direction.goes_to(side.other)
    ]
    return Waiting(line.id, reason, tuple(one for one in wanted if is_alone(one, context)))


def is_alone(one: Awaited, context: Context) -> bool:
    """Whether nobody on the other side is its partner, now or after this plan."""
    return context.refs.partner(one.mapping, one.system, one.record_id) is None


def why_waiting(waiting: Sequence[Waiting]) -> str | None:
    """The reason to name where several lines wait: that of the first."""
    return waiting[0].reason if waiting else None


def awaited_by(waiting: Iterable[Waiting]) -> tuple[Awaited, ...]:
    """Everybody whom these lines wait for, once."""
    return tuple(dict.fromkeys(one for line in waiting for one in line.awaited))
