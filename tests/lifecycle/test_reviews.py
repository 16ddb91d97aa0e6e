"""Another day for looking again: whoever chooses it later wins, and nothing else of a send-back changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from lifecycle import clocks
from lifecycle.contest import settle
from lifecycle.errands import errands_after
from lifecycle.machine import decide
from lifecycle.model import Refusal, Request, Role, Stage
from lifecycle.refusals import refusal_said
from lifecycle.standing import fold
from tests.lifecycle.builders import (
    DAY,
    HOUR,
    NOW,
    after,
    around,
    definition,
    entered,
    history,
    refused,
    request,
    standing,
)

SPRING, SUMMER = date(2027, 4, 1), date(2027, 7, 1)


def another_day(role: Role, day: date, hours: int = 1, **more: Any) -> Request:
    return request(Stage.RECYCLED, role, at=NOW + hours * HOUR, reactivate_on=day, **more)


@pytest.mark.parametrize("role", [Role.MARKETING, Role.INSIDE_SALES, Role.SALES, Role.REVOPS])
def test_people_of_both_departments_may_choose_another_day(role: Role) -> None:
    """The stage, its reason, who sent back and when stay; the rest ends with the new day."""
    before = standing(Stage.RECYCLED)
    (entry,) = entered(before, another_day(role, SPRING))
    now = after(before, [entry])
    assert (entry.stage, entry.previous, entry.is_review) == (Stage.RECYCLED, Stage.RECYCLED, True)
    assert now.reactivate_on == SPRING
    assert now.cool_until is not None
    assert now.cool_until.isoformat() == "2027-03-31T15:00:00+00:00"
    for name in ("stage", "since", "recycled_at", "recycled_by", "recycle_count", "reason"):
        assert getattr(now, name) == getattr(before, name)
    assert (now.reasons, now.hop, now.comment) == (before.reasons, before.hop, before.comment)


def test_a_rule_chooses_no_day() -> None:
    """Only people do; a rule would need a reason as for any send-back."""
    asked = another_day(Role.RULE, SPRING)
    assert refused(standing(Stage.RECYCLED), asked).code == "no_reason"


def test_a_day_that_is_over_is_nobody_s_choice() -> None:
    """A mistyped year ends no rest; where the day before is still today, it may be named."""
    rests, pending = standing(Stage.RECYCLED), standing(Stage.MQL)
    for day in (date(2020, 1, 1), NOW.date() - 2 * DAY):
        found = refused(rests, another_day(Role.SALES, day))
        assert (found.code, found.words) == ("past_day", {"day": day.isoformat()})
        sends_back = another_day(Role.SALES, day, reason="timing")
        assert refused(pending, sends_back).code == "past_day"
    for day in (NOW.date() - DAY, NOW.date()):
        assert entered(rests, another_day(Role.SALES, day))[0].reactivate_on == day


def test_an_earlier_choice_that_is_heard_later_is_overtaken() -> None:
    """Between people the later one counts; what was meant before the send-back is about another round."""
    before = standing(Stage.RECYCLED)
    now = after(before, entered(before, another_day(Role.MARKETING, SUMMER, 3)))
    assert refused(now, another_day(Role.SALES, SPRING, 2)).code == "overtaken"
    assert refused(before, another_day(Role.SALES, SPRING, -1)).code == "overtaken"
    assert after(now, entered(now, another_day(Role.SALES, SPRING, 4))).reactivate_on == SPRING


def no_day(role: Role, hours: int = 1) -> Request:
    return request(Stage.RECYCLED, role, at=NOW + hours * HOUR, drops_day=True)


@pytest.mark.parametrize("role", [Role.MARKETING, Role.SALES])
def test_a_day_that_is_taken_away_leaves_the_rest_to_the_reason(role: Role) -> None:
    """Counted from the send-back, as if nobody had named a day; a time frame that is known counts again."""
    before = standing(Stage.RECYCLED)
    named = after(before, entered(before, another_day(Role.MARKETING, SUMMER)))
    (entry,) = entered(named, no_day(role, 2))
    now = after(named, [entry])
    assert entry.is_review
    assert now.reactivate_on is None
    assert before.recycled_at is not None
    assert now.cool_until == before.recycled_at + 90 * DAY
    assert (now.stage, now.reason, now.recycle_count) == (Stage.RECYCLED, "timing", 1)
    (later,) = entered(named, no_day(role, 2), around(NOW + 2 * HOUR, timeframe="3_6m"))
    assert later.reactivate_on == date(2027, 2, 24)


def test_a_day_cannot_be_taken_away_where_nothing_else_ends_the_rest() -> None:
    """Without an end the lead would be left lying: refused, and the refusal says so in both languages."""
    endless = replace(definition().reasons["timing"], cool_off=None)
    for reasons in ({"timing": endless}, {}):
        shared = definition(reasons=reasons)
        asked = no_day(Role.MARKETING)
        found = decide(standing(Stage.RECYCLED), asked, around(asked.at), shared)
        assert isinstance(found, Refusal)
        assert (found.code, found.words["lacks"]) == ("no_evidence", "end")
        assert "left lying" in refusal_said(found, shared, "en")
        assert "放置" in refusal_said(found, shared, "ja")


def test_whoever_chooses_or_takes_away_later_wins() -> None:
    """A day taken away before another one was chosen does not take that one away."""
    before = standing(Stage.RECYCLED)
    named = after(before, entered(before, another_day(Role.SALES, SPRING, 3)))
    assert refused(named, no_day(Role.MARKETING, 2)).code == "overtaken"
    none = after(named, entered(named, no_day(Role.MARKETING, 4)))
    assert none.reactivate_on is None
    assert after(none, entered(none, another_day(Role.SALES, SUMMER, 5))).reactivate_on == SUMMER


@pytest.mark.parametrize("turned", [False, True])
def test_two_days_at_once_are_both_entered_and_the_later_counts(turned: bool) -> None:
    """There is no contest: nobody is refused, in whatever order they are read."""
    asked = [another_day(Role.SALES, SPRING, 2), another_day(Role.MARKETING, SUMMER, 1)]
    before = standing(Stage.RECYCLED)
    found = settle(
        before,
        asked[::-1] if turned else asked,
        lambda one, _where: around(one.at),
        definition(),
    )
    entries = [entry for one in found for entry in one.entries]
    assert [one.refusal for one in found] == [None, None]
    assert after(before, entries).reactivate_on == SPRING


def test_another_day_does_not_stand_against_somebody_who_is_brought_back() -> None:
    """Whoever comes back in the same moment comes back; a day for later is then too late."""
    before = standing(Stage.RECYCLED)
    day = another_day(Role.MARKETING, NOW.date() + 200 * DAY, 24 * 200)
    back = request(Stage.MQL, Role.SALES, at=day.at + HOUR, comment="called me")
    found = settle(before, [day, back], lambda one, _where: around(one.at), definition())
    assert [one.refusal for one in found] == [None, None]
    assert after(before, [entry for one in found for entry in one.entries]).stage is Stage.MQL


def test_clocks_and_letters_go_on_as_if_nothing_had_happened() -> None:
    """No second letter of a send-back, no clock that starts anew or stops."""
    before = standing(Stage.RECYCLED)
    entries = entered(before, another_day(Role.MARKETING, SPRING))
    running = clocks.timers_after(definition(), before, history(Stage.RECYCLED)[-1:], None, ())
    assert {one.clock for one in running} == {"write_back", "nurture"}
    assert clocks.timers_after(definition(), before, entries, None, running) == ()
    assert list(errands_after(entries)) == []


def test_after_a_merge_it_moves_only_somebody_who_still_rests() -> None:
    """A day that was chosen for a double that was sent back does not stop a customer."""
    rests = history(Stage.RECYCLED, at=NOW)
    day = entered(fold(rests), another_day(Role.MARKETING, SPRING))
    sold = standing(Stage.CUSTOMER)
    assert after(sold, day).stage is Stage.CUSTOMER
    assert after(sold, day).reactivate_on is None
    assert fold((*rests, *day)).reactivate_on == SPRING
    assert fold(rests).recycled_at is not None
    assert day[0].entered_at - rests[-1].entered_at < DAY
