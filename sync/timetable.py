"""When what is done by the clock: every so often, or daily at a time of the business day. Pure.

A chore that was missed, because nothing ran at that moment, is due at once, and once only: it does not
matter how often it was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sync.lanes import Lane

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something to do again and again, for a lane: `every` so often, or daily `at` a time of the day."""

    name: str
    lane: Lane
    every: timedelta | None = None
    at: time | None = None

    def __post_init__(self) -> None:
        if (self.every is None) == (self.at is None):
            raise ValueError(f"the chore {self.name!r} needs either `every` or `at`")


@dataclass(frozen=True, slots=True)
class Done:
    """How a chore went: when it `began`, in one word how it ended, and from when it is `again` due.

    `again` is None where the timetable says when; `last` is when the last one began that was done.
    """

    began: datetime
    outcome: str
    last: datetime | None
    again: datetime | None = None


def next_due(chore: Chore, done: Done | None, zone: ZoneInfo, now: datetime) -> datetime:
    """When a chore is due next; not after `now` where it is due already.

    A clock that was set back puts a chore off for its own period at most.
    """
    if done is None or done.began - now > (chore.every or DAY):
        return now
    if done.again is not None:
        return done.again
    if done.last is None:
        return now
    if chore.every is not None:
        return done.last + chore.every
    return first_after(chore.at or time(), done.last, zone)


def first_after(at: time, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first occurrence of a time of day after `moment`, by the calendar of the zone."""
    day = moment.astimezone(zone).date() - DAY
    while True:
        found = datetime.combine(day, at, zone).astimezone(moment.tzinfo)
        if found > moment:
            return found
        day += DAY


def timetable(
    *,
    poll_every: int,
    deletions_every: int,
    resync_at: time,
    relations_every: int | None = None,
    behaviour_every: int | None = None,
    notes_at: time | None = None,
    roles_every: int | None = None,
) -> tuple[Chore, ...]:
    """Everything that is done by the clock; seconds, and a time of the business day.

    Without `relations_every` relations are looked at in whole compares only; without `behaviour_every`
    HubSpot's behaviour data is not read; without `notes_at` nobody gets a note in the morning; without
    `roles_every` whoever is put on an opportunity later waits for the hourly look.
    """
    ties = () if relations_every is None else (timedelta(seconds=relations_every),)
    written = () if notes_at is None else (notes_at,)
    watched = () if behaviour_every is None else (timedelta(seconds=behaviour_every),)
    named_later = () if roles_every is None else (timedelta(seconds=roles_every),)
    return (
        Chore(name="changes", lane=Lane.LIVE, every=timedelta(seconds=poll_every)),
        Chore(name="deletions", lane=Lane.LIVE, every=timedelta(seconds=deletions_every)),
        Chore(name="compare", lane=Lane.RESYNC, at=resync_at),
        Chore(name="schemas", lane=Lane.RESYNC, every=timedelta(hours=1)),
        Chore(name="housekeeping", lane=Lane.BACKFILL, every=timedelta(hours=1)),
        *(Chore(name="relations", lane=Lane.RESYNC, every=every) for every in ties),
        *(Chore(name="behaviour", lane=Lane.LIVE, every=every) for every in watched),
        *(Chore(name="notes", lane=Lane.LIVE, at=at) for at in written),
        *(Chore(name="roles", lane=Lane.LIVE, every=every) for every in named_later),
    )


def named(chores: Sequence[Chore], name: str) -> Chore | None:
    """The chore of this name, if there is one."""
    return next((chore for chore in chores if chore.name == name), None)
