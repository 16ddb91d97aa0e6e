"""When somebody of ours last spoke to a person, as both systems have it logged. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Final

from connector.port import Value, Values

# HubSpot's own: when somebody was last called, mailed or met, as logged by people.
TOUCHED: Final = "notes_last_contacted"
# Salesforce keeps the day of the last activity on each person.
LAST_ACTIVITY: Final = "LastActivityDate"


def talked_at(person: Values, sfa: Values, zone: tzinfo) -> datetime | None:
    """When somebody of ours last spoke to them, as either system has it logged."""
    told = text_of(person.get(TOUCHED))
    day = day_of(sfa.get(LAST_ACTIVITY))
    times = [moment_of(told)] if told else []
    times += [datetime.combine(day, time(), zone)] if day else []
    return max((one for one in times if one is not None), default=None)


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
