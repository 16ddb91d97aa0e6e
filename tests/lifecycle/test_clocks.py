"""Clocks of the hand-off: what starts and stops each, whose it is, and what happens when it runs out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle.clocks import (
    Attainment,
    Ring,
    attainment,
    hand_raised,
    is_enrolled,
    is_written,
    late_by,
    ring,
    status,
    touched,
    twice_the_median,
    voided,
)
from lifecycle.definition import Clock
from lifecycle.model import Role, Stage, Standing
from lifecycle.port import Timer
from lifecycle.worktime import add
from tests.lifecycle.clock_builders import (
    AMERICA,
    HOUR,
    IS_FS,
    MARKETER,
    MINUTE,
    NEW_YORK,
    NOW,
    SELLER,
    SHARED,
    TOKYO,
    WORKING_DAY,
    after,
    entry,
    standing,
    started,
)

# Each clock ---------------------------------------------------------------------------------------


def test_first_touch_runs_from_the_form_to_the_first_call() -> None:
    """One working hour; the call stops it, and an acceptance does not."""
    form = NOW - 20 * MINUTE
    timer = after(entry(Stage.MQL), hard_at=form)["first_touch"]
    assert (timer.owner, timer.started_at, timer.due_at) == (SELLER, form, form + HOUR)
    assert after(entry(Stage.SAL, 2), running=[timer]).get("first_touch") is None
    [stopped] = touched([timer], NOW + 10 * MINUTE)
    assert status(stopped, NOW) == "met"
    assert status(touched([timer], NOW + HOUR)[0], NOW) == "missed"


def test_first_touch_starts_with_raised_hands_only() -> None:
    """A lead by score waits for the verdict; a hand that is raised later starts it then."""
    assert set(after(entry(Stage.MQL))) == {"verdict"}
    later = hand_raised(SHARED, standing(Stage.SAL, 2, accepted_by=SELLER), NOW)
    assert later is not None
    assert (later.clock, later.entry, later.owner) == ("first_touch", 2, SELLER)
    assert hand_raised(SHARED, standing(Stage.SQL, 3), NOW) is None


def test_first_touch_of_a_lead_that_was_sent_back_in_time_counts_neither_way() -> None:
    """Nobody is left to be called; sent back too late, it was missed all the same."""
    timer = started("first_touch", Stage.MQL)
    back = after(entry(Stage.RECYCLED, 2, NOW + HOUR / 2), running=[timer])["first_touch"]
    late = after(entry(Stage.RECYCLED, 2, NOW + 2 * HOUR), running=[timer])["first_touch"]
    assert (status(back, NOW), status(late, NOW)) == ("none", "missed")


def test_verdict_runs_from_the_hand_over_to_the_answer() -> None:
    """A working day, and a returned lead has a new one; accepting and sending back both stop it."""
    timer = started("verdict", Stage.MQL)
    assert timer.due_at == NOW + timedelta(days=1)
    for stage in (Stage.SAL, Stage.RECYCLED, Stage.DISQUALIFIED, Stage.OPPORTUNITY):
        stopped = after(entry(stage, 2, NOW + HOUR), running=[timer])["verdict"]
        assert (stopped.stopped_at, status(stopped, NOW + HOUR)) == (NOW + HOUR, "met")
    again = after(entry(Stage.MQL, 3, NOW + 5 * HOUR, transition="T15"))["verdict"]
    assert again.entry == 3


def test_verdict_of_a_withdrawn_lead_counts_neither_way() -> None:
    """No seller had seen it."""
    timer = started("verdict", Stage.MQL)
    withdrawn = entry(Stage.LEAD, 2, NOW + HOUR, transition="T6")
    assert status(after(withdrawn, running=[timer])["verdict"], NOW) == "none"


def test_qualify_runs_from_accepted_to_qualified() -> None:
    """Five working days; they are the seller's who accepted."""
    timer = started("qualify", Stage.SAL)
    assert (timer.owner, timer.due_at) == (SELLER, add(SHARED.calendar, NOW, 5 * WORKING_DAY))
    stopped = after(entry(Stage.SQL, 2, NOW + HOUR), running=[timer])
    assert status(stopped["qualify"], NOW + HOUR) == "met"
    assert set(stopped) == {"qualify", "create_opportunity"}


def test_create_opportunity_runs_from_qualified_to_an_opportunity() -> None:
    """A rule may see the opportunity: the clock that starts then is still the seller's."""
    timer = started("create_opportunity", Stage.SQL)
    seen = entry(Stage.OPPORTUNITY, 2, NOW + HOUR, role=Role.RULE, actor="kakehashi")
    stood = standing(Stage.SQL, 1, accepted_by=SELLER)
    found = after(seen, running=[timer], stood=stood)
    assert status(found["create_opportunity"], NOW + HOUR) == "met"
    assert found["stale"].owner == SELLER


def test_write_back_runs_until_hubspot_holds_it_and_at_night_too() -> None:
    """Five minutes, whatever the seller's hours are; a later entry brings an earlier one along."""
    night = datetime(2026, 11, 27, 23, tzinfo=TOKYO)
    timer = started("write_back", Stage.RECYCLED, at=night, number=4)
    assert (timer.owner, timer.due_at) == ("ops", night + 5 * MINUTE)
    assert after(entry(Stage.MQL, 5), running=[timer]).get("write_back") is None
    assert is_written([timer], 3, night + MINUTE) == ()
    assert [status(one, night) for one in is_written([timer], 5, night + MINUTE)] == ["met"]


def test_nurture_runs_until_somebody_is_enrolled() -> None:
    """Marketing's; who rests with inside sales is on nobody's list."""
    timer = started("nurture", Stage.RECYCLED)
    assert timer.owner == MARKETER
    assert "nurture" not in after(entry(Stage.RECYCLED, hop="is"))
    assert [status(one, NOW) for one in is_enrolled([timer], NOW + HOUR)] == ["met"]
    back = after(entry(Stage.MQL, 2, NOW + HOUR), running=[timer])
    assert back["nurture"].stopped_at == NOW + HOUR


def test_stale_runs_as_long_as_opportunities_take_twice() -> None:
    """The definition's target where too few have left the stage so far."""
    few = [(NOW, add(SHARED.calendar, NOW, WORKING_DAY))] * 4
    many = [*few, (NOW, add(SHARED.calendar, NOW, 100 * WORKING_DAY))]
    assert twice_the_median(SHARED, few) is None
    assert twice_the_median(SHARED, many) == 2 * WORKING_DAY
    plain = started("stale", Stage.OPPORTUNITY)
    assert plain.due_at == add(SHARED.calendar, NOW, 30 * WORKING_DAY)
    usual = after(entry(Stage.OPPORTUNITY), stale_after=2 * WORKING_DAY)["stale"]
    assert usual.due_at == NOW + timedelta(days=4)  # over a weekend
    assert "stale" in after(entry(Stage.CUSTOMER, 2), running=[plain])


def test_a_stage_that_was_gone_past_starts_nothing() -> None:
    """Straight to an opportunity: what ran before stops, what was skipped never ran."""
    timer = started("verdict", Stage.MQL)
    fast = [
        entry(Stage.SAL, 2, skipped=True),
        entry(Stage.SQL, 3, skipped=True),
        entry(Stage.OPPORTUNITY, 4),
    ]
    assert set(after(*fast, running=[timer])) == {"verdict", "stale"}


def test_where_inside_sales_judges_first_the_clocks_follow_the_stages() -> None:
    """MQL, SQL, SAL: field sales has to accept, and then to make an opportunity."""
    assert set(after(entry(Stage.SQL), by=IS_FS)) == {"qualify"}
    assert set(after(entry(Stage.SAL), by=IS_FS)) == {"create_opportunity"}


def test_a_clock_without_a_target_does_not_run() -> None:
    """Both departments agreed on none."""
    assert after(entry(Stage.MQL), by=replace(SHARED, targets={})) == {}


def test_who_is_erased_has_no_clock_and_spoils_no_figure() -> None:
    """Whatever ran ends, and counts neither way."""
    running = [started("verdict", Stage.MQL), started("write_back", Stage.RECYCLED)]
    gone = after(entry(Stage.ERASED, 2, NOW + 99 * HOUR), running=running)
    assert all(one.is_void and one.stopped_at for one in gone.values())
    assert attainment(gone.values(), NOW + 99 * HOUR) == Attainment(0, 0, 0)


# Time ---------------------------------------------------------------------------------------------


def test_a_holiday_in_the_middle_of_a_clock_is_no_time() -> None:
    """Handed over on Friday at 17:00 before Labour Thanksgiving Day: due on Tuesday at 17:00."""
    friday = datetime(2026, 11, 20, 17, tzinfo=TOKYO)
    timer = started("verdict", Stage.MQL, at=friday)
    assert timer.due_at == datetime(2026, 11, 24, 17, tzinfo=TOKYO)
    assert late_by(SHARED, timer, datetime(2026, 11, 25, 10, tzinfo=TOKYO)) == 2 * HOUR
    assert late_by(SHARED, timer, friday) == timedelta(0)
    assert status(timer._replace(stopped_at=timer.due_at), NOW) == "met"


def test_clocks_of_two_zones_are_each_due_in_their_own_day() -> None:
    """The same form, at 19:00 in New York, which is 9:00 in Tokyo; the day after is Thanksgiving."""
    form = datetime(2026, 11, 26, 0, tzinfo=UTC)
    mql = entry(Stage.MQL, at=form)
    tokyo = after(mql, hard_at=form)["first_touch"]
    america = after(mql, hard_at=form, by=AMERICA)["first_touch"]
    assert tokyo.due_at == datetime(2026, 11, 26, 10, tzinfo=TOKYO)
    assert america.due_at == datetime(2026, 11, 27, 10, tzinfo=NEW_YORK)


# Escalation ---------------------------------------------------------------------------------------


def rings(timer: Timer, stood: Standing, *moments: datetime) -> list[Ring | None]:
    """What is done at each of these moments, each step being told."""
    found: list[Ring | None] = []
    for now in moments:
        one = ring(SHARED, timer, stood, now)
        found.append(one)
        if one is not None:
            timer = timer._replace(step=one.step, next_at=one.next_at)
    return found


def test_first_touch_tells_the_owner_then_the_manager_then_takes_the_lead_away() -> None:
    """At half, at the whole and at twice the time, each once."""
    timer = started("first_touch", Stage.MQL)
    assert timer.next_at == NOW + HOUR / 2
    early, half, again, due, twice = rings(
        timer, standing(Stage.MQL), NOW + 29 * MINUTE, NOW + HOUR / 2, NOW + 31 * MINUTE,
        NOW + HOUR, NOW + 2 * HOUR,
    )  # fmt: skip
    assert (early, again) == (None, None)
    assert half and (half.step, half.whom, half.ask, half.next_at) == (1, "owner", None, NOW + HOUR)
    assert due and (due.step, due.whom, due.share) == (2, "manager", 1)
    assert twice and (twice.whom, twice.next_at) == ("reassign", None)
    assert twice.ask and (twice.ask.to, twice.ask.reason) == (Stage.RECYCLED, "not_worked")


def test_a_lead_that_somebody_accepted_is_taken_away_by_a_person_only() -> None:
    """The manager is told instead."""
    timer = started("first_touch", Stage.MQL)._replace(step=2)
    found = ring(SHARED, timer, standing(Stage.SAL, 2), NOW + 2 * HOUR)
    assert found and (found.whom, found.ask) == ("manager", None)


def test_verdict_asks_for_the_lead_back_after_its_last_step() -> None:
    """In the name of no person; asked twice it is one request."""
    timer = started("verdict", Stage.MQL)
    first, last = rings(
        timer, standing(Stage.MQL), timer.due_at, add(SHARED.calendar, timer.due_at, WORKING_DAY)
    )
    assert first and (first.whom, first.ask) == ("manager", None)
    assert last and last.ask
    assert (last.ask.role, last.ask.id) == (Role.RULE, "not_worked:person:ann:1")
    assert last.ask.rules == ("sla.verdict",)


def test_steps_that_were_slept_through_are_told_one_after_the_other() -> None:
    """A week without us: nobody loses a lead before the manager was told."""
    timer = started("verdict", Stage.MQL)
    week = NOW + timedelta(days=7)
    first, second, third = rings(timer, standing(Stage.MQL), week, week, week)
    assert first and second and third is None
    assert (first.ask, second.ask is not None) == (None, True)


@pytest.mark.parametrize(
    ("clock", "began", "stands"),
    [
        ("verdict", Stage.MQL, Stage.SAL),
        ("first_touch", Stage.MQL, Stage.OPPORTUNITY),
        ("qualify", Stage.SAL, Stage.CUSTOMER),
        ("nurture", Stage.RECYCLED, Stage.MQL),
        ("stale", Stage.OPPORTUNITY, Stage.ERASED),
        ("write_back", Stage.RECYCLED, Stage.ERASED),
    ],
)
def test_a_clock_of_somebody_who_is_elsewhere_by_now_rings_for_nobody(
    clock: Clock, began: Stage, stands: Stage
) -> None:
    """After a merge a history may be further than its clocks know."""
    timer = started(clock, began)
    found = ring(SHARED, timer, standing(stands, 9), NOW + timedelta(days=90))
    assert found and found.is_over
    assert status(voided(timer, NOW), NOW) == "none"
