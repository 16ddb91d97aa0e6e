"""The timetable: nothing is skipped, nothing is done twice, whatever clocks and calendars do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.lanes import Lane
from sync.timetable import DAY, Chore, Done, first_after, named, next_due, timetable

BERLIN, NEW_YORK, TOKYO = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Asia/Tokyo"))
# Half an hour of difference at the change, no change at all, and a whole day that never was.
ZONES = (BERLIN, NEW_YORK, TOKYO, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia"))
HOURLY = Chore(name="hourly", lane=Lane.LIVE, every=timedelta(hours=1))

zones = st.sampled_from(ZONES)
times_of_day = st.times().map(lambda at: at.replace(second=0, microsecond=0))
BEGIN = datetime(2011, 12, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=6600)).map(lambda later: BEGIN + later)
# From a look in the same second to a weekend with everything switched off.
pauses = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=3))


def daily(at: time) -> Chore:
    return Chore(name="daily", lane=Lane.RESYNC, at=at)


def done(began: datetime, **more: datetime | None) -> Done:
    return Done(began, "done", more.get("last", began), more.get("again"))


def occurrences(at: time, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """When a daily chore is to be done between two moments, by the calendar alone."""
    days = range((end - begin).days + 4)
    first = begin.astimezone(zone).date() - DAY
    found = {datetime.combine(first + day * DAY, at, zone).astimezone(UTC) for day in days}
    return sorted(moment for moment in found if begin < moment <= end)


# Daily -------------------------------------------------------------------------------------------


@given(zones, times_of_day, moments, st.lists(pauses, min_size=1, max_size=30))
def test_a_daily_chore_is_neither_skipped_nor_done_twice(
    zone: ZoneInfo, at: time, begin: datetime, waits: list[timedelta]
) -> None:
    """Looked at any moments: after each look everything until now is done, each occurrence once."""
    chore, last, now = daily(at), done(begin), begin
    for wait in waits:
        now += wait
        missed = occurrences(at, zone, last.began, now)
        is_due = next_due(chore, last, zone, now) <= now
        assert is_due == bool(missed)
        if is_due:
            last = done(now)
        assert next_due(chore, last, zone, now) > now


@given(zones, times_of_day, moments)
def test_the_next_occurrence_is_the_first_one_by_the_calendar(
    zone: ZoneInfo, at: time, moment: datetime
) -> None:
    """None lies between, and it is told in the zone of whoever asks."""
    found = first_after(at, moment, zone)
    assert occurrences(at, zone, moment, found) == [found]
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        # The clocks of Berlin go from 02:00 to 03:00 on 29 March 2026: 02:30 is there 03:30.
        (BERLIN, "2026-03-28T12:00+00:00", "2026-03-29T01:30+00:00"),
        (BERLIN, "2026-03-29T01:30+00:00", "2026-03-30T00:30+00:00"),
        # They show 02:30 twice on 25 October: the first one counts, the second one is no other.
        (BERLIN, "2026-10-24T12:00+00:00", "2026-10-25T00:30+00:00"),
        (BERLIN, "2026-10-25T00:30+00:00", "2026-10-26T01:30+00:00"),
        (NEW_YORK, "2026-03-07T12:00+00:00", "2026-03-08T07:30+00:00"),
        (NEW_YORK, "2026-03-08T07:30+00:00", "2026-03-09T06:30+00:00"),
        (NEW_YORK, "2026-10-31T12:00+00:00", "2026-11-01T07:30+00:00"),
        (TOKYO, "2026-10-24T12:00+00:00", "2026-10-24T17:30+00:00"),
    ],
)
def test_half_past_two_on_the_days_when_clocks_change(
    zone: ZoneInfo, after: str, expected: str
) -> None:
    """Once a day, also where that time is missing or comes twice."""
    found = first_after(time(2, 30), datetime.fromisoformat(after), zone)
    assert found == datetime.fromisoformat(expected)


def test_a_week_of_nights_that_nobody_was_up_is_caught_up_once() -> None:
    """Due at once, and then not before the next night."""
    chore = daily(time(2))
    last = done(datetime(2026, 11, 2, 2, tzinfo=TOKYO))
    now = datetime(2026, 11, 9, 12, tzinfo=TOKYO)
    assert next_due(chore, last, TOKYO, now) <= now
    assert next_due(chore, done(now), TOKYO, now) == datetime(2026, 11, 10, 2, tzinfo=TOKYO)


# Every so often ----------------------------------------------------------------------------------


@given(st.timedeltas(timedelta(seconds=1), DAY), moments, st.lists(pauses, max_size=20))
def test_a_chore_is_due_when_its_time_has_passed_and_not_before(
    every: timedelta, begin: datetime, waits: list[timedelta]
) -> None:
    """However long it was missed, it is due once."""
    chore, last, now = Chore(name="some", lane=Lane.LIVE, every=every), done(begin), begin
    for wait in waits:
        now += wait
        is_due = next_due(chore, last, TOKYO, now) <= now
        assert is_due == (now - last.began >= every)
        if is_due:
            last = done(now)


@pytest.mark.parametrize("chore", [HOURLY, daily(time(2))])
def test_what_was_never_done_is_due(chore: Chore) -> None:
    """The first start does everything; one whose only try failed is due when it was put off to."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert next_due(chore, None, TOKYO, now) == now
    assert next_due(chore, done(now, last=None), TOKYO, now) == now
    later = now + timedelta(minutes=5)
    assert next_due(chore, done(now, last=None, again=later), TOKYO, now) == later


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(days=9)))
def test_a_time_that_was_named_wins_over_the_timetable(now: datetime, wait: timedelta) -> None:
    """Sooner or later than the regular time: a system said when to come again."""
    for chore in (HOURLY, daily(time(2))):
        told = done(now, last=now - 2 * DAY, again=now + wait)
        assert next_due(chore, told, BERLIN, now) == now + wait
        assert next_due(chore, told, BERLIN, now + wait) <= now + wait


# Clocks ------------------------------------------------------------------------------------------


@given(
    st.sampled_from([HOURLY, daily(time(2)), daily(time(2, 30))]),
    zones,
    moments,
    st.timedeltas(timedelta(), timedelta(days=4000)),
    st.one_of(st.none(), st.timedeltas(timedelta(seconds=1), timedelta(hours=1))),
)
def test_a_clock_set_back_puts_a_chore_off_for_its_own_period_at_most(
    chore: Chore, zone: ZoneInfo, began: datetime, back: timedelta, wait: timedelta | None
) -> None:
    """By whatever it was wrong: time goes on, and the chore is due after two of its periods."""
    period = chore.every or DAY
    again = None if wait is None else began + wait
    told = done(began, last=None if again else began, again=again)
    now = began - back
    # A day of the calendar may have an hour more.
    longest = 2 * period + timedelta(hours=1)
    later = now + longest
    due = next_due(chore, told, zone, now)
    assert due <= later
    # Set back by more than its period it is due at once, and asked about later it was done by then.
    assert due <= now or next_due(chore, told, zone, later) <= later


def test_a_clock_set_back_by_an_hour_does_not_repeat_the_night() -> None:
    """The occurrence of today was dealt with, although its time comes again."""
    last = done(datetime(2026, 11, 24, 2, 0, 30, tzinfo=TOKYO))
    now = datetime(2026, 11, 24, 1, 30, tzinfo=TOKYO)
    assert next_due(daily(time(2)), last, TOKYO, now) == datetime(2026, 11, 25, 2, tzinfo=TOKYO)


# The table ---------------------------------------------------------------------------------------


def test_the_timetable_follows_the_settings() -> None:
    """Seconds for the polls, a time of the day for the compare, and an hour for the rest."""
    table = timetable(poll_every=60, deletions_every=600, resync_at=time(2, 30))
    assert {chore.name: chore.every or chore.at for chore in table} == {
        "changes": timedelta(minutes=1),
        "deletions": timedelta(minutes=10),
        "compare": time(2, 30),
        "schemas": timedelta(hours=1),
        "housekeeping": timedelta(hours=1),
    }
    assert named(table, "compare") is table[2]
    assert named(table, "breakfast") is None


@pytest.mark.parametrize("when", [{}, {"every": DAY, "at": time(2)}])
def test_a_chore_says_when_in_one_way(when: dict[str, object]) -> None:
    """Neither nothing nor two things: a mistake in the code, told when it is made."""
    with pytest.raises(ValueError, match="needs either `every` or `at`"):
        Chore(name="odd", lane=Lane.LIVE, **when)  # type: ignore[arg-type]  # both are wrong
