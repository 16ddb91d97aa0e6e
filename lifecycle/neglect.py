"""Whom sales has and nobody looks after, and why; what becomes of clocks while nobody can. Pure.

Whoever was deleted in a system cannot be worked there: their clocks stop, and count neither way. They begin
anew with all of their time when the record is back. Source: domain sheet, section 2.6 (orphans).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from lifecycle.clocks import SALES_CLOCKS, WORKED, begun_anew, has_moved_on, is_twice_over
from lifecycle.definition import Clock, Definition
from lifecycle.model import Standing
from lifecycle.port import Timer

Why = Literal["deleted", "no_owner", "no_clock", "late"]
WHYS: Final[tuple[Why, ...]] = ("deleted", "no_owner", "no_clock", "late")


def neglected(
    definition: Definition,
    standing: Standing,
    running: Iterable[Timer],
    now: datetime,
    *,
    is_gone: bool = False,
) -> Why | None:
    """Why nobody looks after somebody: no record, no owner, no clock, or twice over its time.

    None: somebody does, or sales does not have them. `is_gone`: their record was deleted in a system.
    """
    if standing.stage not in WORKED:
        return None
    if is_gone:
        return "deleted"
    if not (standing.accepted_by or standing.handed_to):
        return "no_owner"
    watched = [one for one in running if one.stopped_at is None and one.clock in SALES_CLOCKS]
    if not watched:
        return "no_clock"
    return "late" if any(is_twice_over(definition, one, now) for one in watched) else None


def beginning_anew(
    definition: Definition, standing: Standing, timers: Sequence[Timer], now: datetime
) -> tuple[Timer, ...]:
    """The clocks that run again for somebody whose record is back. `timers`: all of theirs, oldest first.

    Those that stopped where they stand now because nothing was to be kept; what was kept or missed stays so.
    """
    if standing.stage not in WORKED or standing.since is None:
        return ()
    last = {one.clock: one for one in timers}
    return tuple(
        begun_anew(definition, one, now)
        for one in last.values()
        if one.is_void
        and one.stopped_at is not None
        and one.stopped_at >= standing.since
        and one.clock in definition.targets
        and not has_moved_on(definition, one, standing)
    )


def doubled(running: Iterable[Timer]) -> tuple[Timer, ...]:
    """Clocks of sales that run twice for one person, since two were handed over who turned out to be one.

    The one that is due first goes on: nobody is reminded of one lead by two clocks.
    """
    first: dict[Clock, Timer] = {}
    found: list[Timer] = []
    for one in sorted(running, key=lambda timer: (timer.due_at, timer.subject, timer.entry)):
        kept = first.setdefault(one.clock, one)
        if one.clock in SALES_CLOCKS and one.subject != kept.subject:
            found.append(one)
    return tuple(found)
