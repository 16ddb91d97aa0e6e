"""When somebody was spoken to: to the minute, or on a day of which nobody wrote down more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync.talked import Talk, talk_of

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 24, 12, tzinfo=TOKYO)
HOUR = timedelta(hours=1)
TODAY = {"LastActivityDate": "2026-11-24"}


def test_a_day_is_any_time_of_it_that_is_past() -> None:
    """In business time, from midnight until now; of a day that is over, until its end."""
    found = talk_of({}, TODAY, TOKYO, NOON)
    assert found == Talk(NOON - 12 * HOUR, NOON, date(2026, 11, 24))
    later = talk_of({}, TODAY, TOKYO, NOON + 24 * HOUR)
    assert later is not None
    assert later.last.date() == date(2026, 11, 24)


def test_nobody_was_spoken_to_on_a_day_that_is_to_come() -> None:
    """A task that is completed early is evidence of today, and no clock stops ahead of time."""
    ahead = {"LastActivityDate": "2026-11-30"}
    found = talk_of({}, ahead, TOKYO, NOON)
    assert found == talk_of({}, TODAY, TOKYO, NOON)
    assert found is not None
    assert found.stops(NOON - HOUR, NOON + 90 * HOUR) == NOON


@pytest.mark.parametrize(
    ("started", "due", "stopped"),
    [
        (-1, 3, 0),  # a call of today may have been since the clock started
        (-2, -1, -1),  # and before it ran out: in doubt it was in time
        (-40, -20, -12),  # it ran out yesterday: no call of today was in time
        (1, 3, None),  # it has not started yet
    ],
)
def test_in_doubt_a_call_of_the_day_was_in_time(
    started: int, due: int, stopped: int | None
) -> None:
    """Hours from noon; a clock never stops before that day began."""
    found = talk_of({}, TODAY, TOKYO, NOON)
    assert found is not None
    at = found.stops(NOON + started * HOUR, NOON + due * HOUR)
    assert at == (None if stopped is None else NOON + stopped * HOUR)


def test_what_is_told_to_the_minute_goes_before_the_day_that_it_was_on() -> None:
    """HubSpot tells when; a later day in Salesforce is another call."""
    at = (NOON - HOUR).astimezone(UTC)
    person = {"notes_last_contacted": at.isoformat()}
    assert talk_of(person, TODAY, TOKYO, NOON) == Talk(at, at)
    tomorrow = talk_of(person, {"LastActivityDate": "2026-11-25"}, TOKYO, NOON + 24 * HOUR)
    assert tomorrow is not None
    assert tomorrow.day == date(2026, 11, 25)


def test_nothing_logged_is_no_talk() -> None:
    """Neither is what cannot be read."""
    assert talk_of({}, {}, TOKYO, NOON) is None
    assert talk_of({"notes_last_contacted": "soon"}, {"LastActivityDate": "?"}, TOKYO, NOON) is None
