"""When somebody of ours last spoke to a person, as both systems have it logged. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Final, NamedTuple

from connector.port import Value, Values

# HubSpot's own: when somebody was last called, mailed or met, as logged by people.
TOUCHED: Final = "notes_last_contacted"
# Salesforce keeps the day of the last activity on each person.
LAST_ACTIVITY: Final = "LastActivityDate"


class Talk(NamedTuple):
    """That somebody was spoken to: no sooner than `first`, no later than `last`. `day`: all that is known."""

    first: datetime
    last: datetime
    day: date | None = None

    def stops(self, started_at: datetime, due_at: datetime) -> datetime | None:
        """When a clock stops by it; None: it was before. In doubt it was in time: nobody wrote down more."""
        if self.last < started_at:
            return None
        return max(self.first, min(self.last, due_at))


def talk_of(person: Values, sfa: Values, zone: tzinfo, now: datetime) -> Talk | None:
    """When somebody of ours last spoke to them, as either system has it logged.

    Salesforce says no more than on which day: that may have been at any time of it which is past. Of a task
    that was completed early it names the due date (Salesforce Help, "Last Activity Date"); nobody has spoken
    to them on a day that is to come, so that is today at the latest.
    """
    at = moment_of(text_of(person.get(TOUCHED)) or "")
    day = day_of(sfa.get(LAST_ACTIVITY))
    found = [] if at is None else [Talk(at, at)]
    if day is not None:
        day = min(day, now.astimezone(zone).date())
        begins = datetime.combine(day, time(), zone)
        ends = datetime.combine(day, time.max, zone)
        found.append(Talk(begins, max(begins, min(ends, now)), day))
    # What is told to the minute says more than the day that it was on.
    return max(
        found, key=lambda one: (one.last.astimezone(zone).date(), one.day is None), default=None
    )


def text_of(value: Value) -> str | None:
    return str(value).strip() or None if value is not None else None


def moment_of(text: str) -> datetime | None:
    """An instant as both systems write it; None: it is none, or says no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def day_of(value: Value) -> date | None:
    try:
        return None if value is None else date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
