"""Who has whom, what a week was like, and what lies open: read off the ledger of stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from more_itertools import chunked

from connector.port import System
from lifecycle.clocks import WORKED
from lifecycle.definition import Definition
from lifecycle.model import Stage, Standing, Subject
from lifecycle.neglect import Why, neglected
from lifecycle.notes import Week
from lifecycle.port import LifecycleStore, Timer
from lifecycle.weeks import week

AT_ONCE: Final = 500
DAY: Final = timedelta(days=1)
# What stands on a seller's list; an opportunity is worked in the CRM.
LISTED: Final = (Stage.MQL, Stage.SAL, Stage.SQL)


# Answers in which systems the record of each of these was deleted (`sync.gone`).
Gone: TypeAlias = Callable[[Sequence[Subject]], Mapping[Subject, tuple[System, ...]]]


class Orphan(NamedTuple):
    """Somebody whom sales has and nobody looks after, and why. `gone`: where their record was deleted."""

    standing: Standing
    timers: tuple[Timer, ...]
    why: Why
    gone: tuple[System, ...] = ()


def everybody_in(store: LifecycleStore, stages: Iterable[Stage]) -> Iterator[Standing]:
    """All who stand in these stages, a batch at a time."""
    for stage in stages:
        after: Subject | None = None
        while some := store.in_stage(stage.value, AT_ONCE, after):
            yield from some
            after = some[-1].subject


def seller_of(standing: Standing) -> str | None:
    """Who has somebody."""
    return standing.accepted_by or standing.handed_to


def sellers(store: LifecycleStore) -> list[str]:
    """Everybody who has a lead, each once."""
    found = {seller_of(one) for one in everybody_in(store, LISTED)}
    return sorted(one for one in found if one)


def leads_of(store: LifecycleStore, seller: str) -> list[Standing]:
    """Whom a seller has."""
    return [one for one in everybody_in(store, LISTED) if seller_of(one) == seller]


def last_week(definition: Definition, now: datetime) -> tuple[date, date]:
    """Monday and Sunday of the week before, in the zone in which people work."""
    today = now.astimezone(ZoneInfo(definition.calendar.zone)).date()
    monday = today - DAY * (today.weekday() + 7)
    return monday, monday + 6 * DAY


def week_of(
    store: LifecycleStore,
    definition: Definition,
    first: date,
    last: date,
    now: datetime,
    gone: Gone,
) -> Week:
    """The figures from `first` to `last`."""
    zone = ZoneInfo(definition.calendar.zone)
    since = datetime.combine(first, time(), zone)
    until = datetime.combine(last + DAY, time(), zone)
    entered = store.entered(since, until)
    handed = dict.fromkeys(one.subject for one in entered if one.stage is Stage.MQL)
    # Those who are one person by now have one history.
    now_are = {
        standing.subject if (standing := found.get(subject)) else subject
        for found in [store.standings(handed)]
        for subject in handed
    }
    return week(
        definition,
        first,
        last,
        [store.history(one) for one in sorted(now_are)],
        store.timers_due(since, until),
        sum(1 for _ in orphans(store, definition, now, gone)),
        now,
    )


def orphans(
    store: LifecycleStore, definition: Definition, now: datetime, gone: Gone
) -> Iterator[Orphan]:
    """Whom sales has and nobody looks after: deleted, no owner, no clock, or twice over its time."""
    for batch in chunked(everybody_in(store, sorted(WORKED)), AT_ONCE):
        subjects = [one.subject for one in batch]
        running, lost = store.running_of(subjects), gone(subjects)
        for standing in batch:
            timers = tuple(running.get(standing.subject, ()))
            where = lost.get(standing.subject, ())
            why = neglected(definition, standing, timers, now, is_gone=bool(where))
            if why is not None:
                yield Orphan(standing, timers, why, where)
