"""The figures of a week, counted from the ledger: what became of whom was handed over in it. Pure.

Every MQL of the week is followed to its verdict, whenever that came: a week looks better with time, and never
worse. Who was withdrawn before a seller saw them, or erased, is left out of the hand-over. Clocks count by
when they were due, so that the ones nobody has stopped are among them (domain sheet, 2.6 and 4.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from lifecycle.clocks import attainment
from lifecycle.definition import NOT_WORKED, Definition
from lifecycle.model import Entry, Role, Stage
from lifecycle.notes import Week
from lifecycle.port import Timer

SENT_BACK = frozenset({Stage.RECYCLED, Stage.DISQUALIFIED})
# Taken back before anybody judged it.
NO_HAND_OVER = frozenset({Stage.LEAD, Stage.ERASED})


def week(
    definition: Definition,
    first: date,
    last: date,
    histories: Iterable[Sequence[Entry]],
    timers: Iterable[Timer],
    orphans: int,
    now: datetime,
) -> Week:
    """The week from `first` to `last`, in the zone in which people work.

    `histories`: all entries of everybody who became an MQL in it, oldest first. `timers`: those due in it.
    `orphans`: leads that nobody looks after, now.
    """
    zone = ZoneInfo(definition.calendar.zone)
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    returned = 0
    for history in histories:
        for mql, after in _handed_over(history):
            if not first <= mql.entered_at.astimezone(zone).date() <= last:
                continue
            outcome = _outcome(after)
            if outcome is None:
                continue
            outcomes[outcome] += 1
            returned += mql.transition == "T15"
            if outcome == "sent_back" and after is not None:
                reasons[after.reason or ""] += 1
    by_clock = _by_clock(timers)
    return Week(
        first=first,
        last=last,
        mqls=outcomes.total(),
        accepted=outcomes["accepted"],
        sent_back=outcomes["sent_back"],
        not_worked=outcomes["not_worked"],
        open=outcomes["open"],
        returned=returned,
        reasons=dict(reasons),
        first_touch=attainment(by_clock.get("first_touch", ()), now),
        verdict=attainment(by_clock.get("verdict", ()), now),
        write_back=attainment(by_clock.get("write_back", ()), now),
        orphans=orphans,
    )


def _handed_over(history: Sequence[Entry]) -> Iterable[tuple[Entry, Entry | None]]:
    """Every MQL that was not only gone past, with the entry that ended it."""
    for place, entry in enumerate(history, 1):
        if entry.stage is Stage.MQL and not entry.skipped:
            yield entry, history[place] if place < len(history) else None


def _outcome(after: Entry | None) -> str | None:
    """What became of a hand-over; None: there was none after all."""
    if after is None or after.stage is Stage.MQL:
        return "open"
    if after.stage in NO_HAND_OVER:
        return None
    if after.stage not in SENT_BACK:
        return "accepted"
    is_ours = after.reason == NOT_WORKED and after.role is Role.RULE
    return "not_worked" if is_ours else "sent_back"


def _by_clock(timers: Iterable[Timer]) -> Mapping[str, list[Timer]]:
    found: dict[str, list[Timer]] = {}
    for timer in timers:
        found.setdefault(timer.clock, []).append(timer)
    return found
