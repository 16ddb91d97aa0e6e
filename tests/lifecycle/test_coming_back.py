"""What becomes of a lead by the reason it was sent back with, and when and how it may come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.coming_back import (
    Held,
    comes_back,
    has_news,
    stands_in_for,
    within_cap,
)
from lifecycle.cooling import Told, cool_until, months_later, next_period
from lifecycle.definition import Coming
from lifecycle.model import Evidence, Role, Stage, Standing
from tests.lifecycle.builders import (
    ANN,
    ANN_SELLS,
    BEN_SELLS,
    BOB,
    CAT,
    CORE,
    DAY,
    HOUR,
    NOW,
    after,
    around,
    definition,
    entered,
    gate,
    history,
    interested,
    raised,
    reason,
    refused,
    request,
    shipped,
    standing,
)

TOKYO = ZoneInfo("Asia/Tokyo")
SOON = timedelta(minutes=1)
LOST = frozenset({"lost_price", "lost_competitor", "lost_no_decision"})


def day(year: int, month: int, number: int) -> datetime:
    """The beginning of a day where the sellers are."""
    return datetime(year, month, number, tzinfo=TOKYO)


def sent_back(code: str, **more: Any) -> Standing:
    """Ann, who was sent back at `NOW` for a reason; for a lost one out of an opportunity."""
    stage = Stage.OPPORTUNITY if code in LOST else Stage.MQL
    role = Role.RULE if code == "not_worked" else Role.SALES
    where = standing(stage)
    asked = request(Stage.RECYCLED, role, reason=code, at=NOW, **more)
    return after(where, entered(where, asked, around(outcome="lost")))


def looked_at(where: Standing, at: datetime, **evidence: Any) -> object:
    """What brings somebody back at an instant, or why nothing does; they qualify, and were seen just then."""
    seen = interested(at, **evidence)
    found = comes_back(where, around(at, evidence=seen, gate=gate()), definition())
    return found.code if isinstance(found, Held) else found


class Way(NamedTuple):
    """When a cool-off ends, and what brings back then: by surge, by topic, by a mere visit."""

    ends: datetime
    surge: str
    pricing: str
    other_topic: str
    visit: str


NO = "not_qualified"
# Every reason that recycles; a cool-off begins on the 24th of November 2026, at 18:00 in Tokyo.
WAYS = {
    "no_response": Way(NOW + 60 * DAY, "surge", NO, NO, NO),
    "timing": Way(NOW + 90 * DAY, "surge", "topic", "review_date", "review_date"),
    "no_budget": Way(day(2027, 4, 1), "review_date", "topic", "review_date", "review_date"),
    "no_authority": Way(NOW + 30 * DAY, NO, NO, NO, NO),
    "wrong_contact": Way(NOW, NO, NO, NO, NO),
    "competitor_locked": Way(NOW + 270 * DAY, "review_date", "topic", "topic", "review_date"),
    "no_need": Way(NOW + 180 * DAY, NO, "topic", "topic", NO),
    "incomplete_info": Way(NOW, NO, NO, NO, NO),
    "no_show": Way(NOW + 14 * DAY, "surge", "topic", "topic", "review_date"),
    "not_worked": Way(NOW, "reroute", "reroute", "reroute", "reroute"),
    "lost_price": Way(NOW + 180 * DAY, "surge", "review_date", "review_date", "review_date"),
    "lost_competitor": Way(NOW + 270 * DAY, "surge", "review_date", "review_date", "review_date"),
    "lost_no_decision": Way(NOW + 120 * DAY, "surge", "review_date", "review_date", "review_date"),
}


def test_every_recycling_reason_of_the_taxonomy_is_asked_for_here() -> None:
    """A reason that is added says here what becomes of it."""
    assert WAYS.keys() == {code for code, one in shipped().reasons.items() if one.kind == "recycle"}


@pytest.mark.parametrize("code", WAYS)
def test_a_reason_says_when_and_by_what_somebody_comes_back(code: str) -> None:
    """Nothing does before its end; afterwards what the taxonomy names."""
    where, way = sent_back(code), WAYS[code]
    assert (where.stage, where.cool_until, where.reason) == (Stage.RECYCLED, way.ends, code)
    then = way.ends + HOUR
    if way.ends > NOW:
        assert looked_at(where, way.ends - SOON, surge_at=way.ends - SOON) == "cooling_off"
    assert looked_at(where, then, surge_at=then) == way.surge
    assert looked_at(where, then, topic="pricing", topic_at=then) == way.pricing
    assert looked_at(where, then, topic="security", topic_at=then) == way.other_topic
    assert looked_at(where, then) == way.visit


@pytest.mark.parametrize("code", WAYS)
def test_a_raised_hand_brings_back_whatever_the_reason(code: str) -> None:
    """At once; and the lead is another cycle's, with the reason before still to be seen."""
    where, then = sent_back(code), NOW + SOON
    asked = request(Stage.MQL, Role.RULE, at=then, handed_to=BEN_SELLS)
    [entry] = entered(where, asked, around(then, evidence=raised(then)))
    now = after(where, [entry])
    assert (entry.trigger, now.cycle, now.is_returned, now.reason) == ("hand_raise", 2, True, code)


@pytest.mark.parametrize(
    "code", sorted(code for code, one in shipped().reasons.items() if one.kind != "recycle")
)
def test_every_other_reason_puts_out_and_no_rule_brings_back(code: str) -> None:
    """Also where a seller only pressed "send back", and also with a raised hand: that is for people."""
    where = standing(Stage.MQL)
    asked = request(Stage.RECYCLED, Role.SALES, reason=code, at=NOW + HOUR, handed_to=BEN_SELLS)
    [entry] = entered(where, asked)
    now, then = after(where, [entry]), NOW + 999 * DAY
    assert (entry.transition, now.stage, now.reason) == ("T5", Stage.DISQUALIFIED, code)
    assert (now.recycle_count, now.cool_until) == (0, None)
    back = request(Stage.MQL, Role.RULE, at=then)
    assert refused(now, back, around(then, evidence=raised(then))).code == "illegal"


def test_no_need_recycles_once_and_then_puts_out() -> None:
    """The second time, from whatever step of sales; another reason in between changes nothing."""
    where, then = sent_back("no_need"), NOW + DAY
    back = request(Stage.MQL, Role.RULE, at=then, handed_to=BEN_SELLS)
    where = after(where, entered(where, back, around(then, evidence=raised(then))))
    assert looked_at(sent_back("no_need"), NOW + 181 * DAY, topic="x", topic_at=NOW) == NO
    again = request(Stage.RECYCLED, Role.SALES, reason="no_need", at=then + HOUR)
    [entry] = entered(where, again)
    assert (entry.transition, entry.stage) == ("T5", Stage.DISQUALIFIED)
    hard = request(Stage.DISQUALIFIED, Role.SALES, reason="no_need", at=then + HOUR)
    assert entered(where, hard)[0].stage is Stage.DISQUALIFIED


def test_incomplete_information_comes_back_when_the_questions_are_answered() -> None:
    """Two of the three that count; without any rest."""
    where, then = sent_back("incomplete_info"), NOW + SOON
    seen = interested(then)
    for known, found in (((), NO), (CORE[:1], NO), (CORE[:2], "gate_filled")):
        said = comes_back(where, around(then, evidence=seen, gate=gate(*known)), definition())
        assert (said.code if isinstance(said, Held) else said) == found


def test_what_nobody_worked_goes_to_somebody_else_at_once() -> None:
    """Without any new evidence and past the gate it had passed, and not to who let it lie."""
    where, then = sent_back("not_worked"), NOW + SOON
    nothing_new = around(then, rules=(), rules_ever=("score",), evidence=Evidence(), gate=gate())
    asked = request(Stage.MQL, Role.RULE, at=then, handed_to=ANN_SELLS)
    assert refused(where, asked, nothing_new).code == "same_seller"
    [entry] = entered(where, replace(asked, handed_to=BEN_SELLS), nothing_new)
    assert (entry.trigger, entry.rules, entry.cycle) == ("reroute", ("score",), 2)


def test_nobody_gets_straight_back_what_they_sent_back() -> None:
    """Only with something to show that is new."""
    where, then = sent_back("timing"), NOW + 91 * DAY
    asked = request(Stage.MQL, Role.MARKETING, at=then, comment="again", handed_to=ANN_SELLS)
    assert refused(where, asked, around(then, evidence=Evidence())).code == "same_seller"
    assert refused(where, asked, around(then, evidence=interested(NOW - DAY))).code == "same_seller"
    assert entered(where, asked, around(then))[0].handed_to == ANN_SELLS


def test_a_day_that_somebody_named_counts_for_every_reason() -> None:
    """From its beginning in the sellers' zone, and only with interest in the last thirty days."""
    where = sent_back("no_response", reactivate_on=date(2026, 12, 10))
    begins = day(2026, 12, 10)
    assert (where.reactivate_on, where.cool_until) == (date(2026, 12, 10), begins)
    assert looked_at(where, begins - SOON) == "cooling_off"
    assert looked_at(where, begins) == "review_date"
    cold = interested(NOW + HOUR)
    found = comes_back(where, around(begins + 60 * DAY, evidence=cold), definition())
    assert isinstance(found, Held)
    assert found.code == NO


def test_a_new_definition_brings_back_whom_it_would_have_taken() -> None:
    """After the rest, a few each day; never who was the wrong person."""
    newer = replace(definition(), version=2)
    then = NOW + 181 * DAY
    old = around(then, rules=(), rules_ever=("score",), evidence=Evidence())
    assert comes_back(sent_back("no_need"), old, newer) == "definition"
    for code, versions in (("no_need", definition()), ("wrong_contact", newer)):
        assert isinstance(comes_back(sent_back(code), old, versions), Held)
    assert isinstance(comes_back(sent_back("no_need"), around(NOW + DAY), newer), Held)
    capped = replace(newer, coming=Coming(per_day=2))
    assert within_cap((ANN, BOB, CAT), 0, capped) == (ANN, BOB)
    assert within_cap((ANN, BOB, CAT), 1, capped) == (ANN,)
    assert within_cap((ANN, BOB, CAT), 5, capped) == ()


@pytest.mark.parametrize("code", ["wrong_contact", "no_authority"])
def test_another_person_of_the_account_takes_the_place(code: str) -> None:
    """Of those who were wrong, the one sent back last; nobody stands in for whom it is only too early."""
    gone = sent_back(code)
    earlier = replace(gone, subject=CAT, recycled_at=NOW - DAY)
    assert stands_in_for(BOB, [earlier, gone], definition()) == gone
    assert stands_in_for(ANN, [gone], definition()) is None
    assert stands_in_for(BOB, [sent_back("timing"), standing(Stage.LEAD)], definition()) is None
    asked = request(Stage.MQL, Role.RULE, subject=BOB, at=NOW + HOUR, trigger="new_person")
    lead = replace(standing(Stage.LEAD), subject=BOB)
    assert entered(lead, asked)[0].trigger == "new_person"


def test_after_too_many_recycles_not_even_a_raised_hand_brings_back() -> None:
    """Two histories that were merged may hold more than the limit; the next rule puts them out."""
    where, then = replace(sent_back("timing"), recycle_count=4), NOW + 91 * DAY
    asked = request(Stage.MQL, Role.RULE, at=then)
    found = refused(where, asked, around(then, evidence=raised(then)))
    assert (found.code, found.words) == ("too_often", {"count": "4", "most": "3"})
    out = request(Stage.DISQUALIFIED, Role.RULE, at=then)
    assert entered(where, out, around(then))[0].transition == "T16"


def test_a_reason_that_left_the_taxonomy_lets_back_by_hand_raise_only() -> None:
    """Its rest still counts, and nothing says what else would bring them back."""
    without = definition(reasons={})
    where, then = sent_back("timing"), NOW + 91 * DAY
    seen = interested(then, surge_at=then)
    assert isinstance(comes_back(where, around(then, evidence=seen), without), Held)
    assert comes_back(where, around(then, evidence=raised(then)), without) == "hand_raise"


# When a cool-off ends -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "told", "ends"),
    [
        ("competitor_locked", Told(renewal=date(2027, 9, 30)), day(2027, 6, 2)),
        ("competitor_locked", Told(renewal=date(2026, 12, 31)), NOW),
        ("competitor_locked", Told(), NOW + 270 * DAY),
        ("timing", Told(timeframe="3_6m"), day(2027, 2, 24)),
        ("timing", Told(timeframe="6_12m"), day(2027, 5, 24)),
        ("timing", Told(timeframe="gt_12m"), day(2027, 11, 24)),
        ("timing", Told(timeframe="undecided"), NOW + 90 * DAY),
        ("no_show", Told(timeframe="6_12m", renewal=date(2027, 9, 30)), NOW + 14 * DAY),
        ("timing", Told(review=date(2027, 1, 5), timeframe="gt_12m"), day(2027, 1, 5)),
        ("no_budget", Told(review=date(2026, 11, 1)), NOW),
    ],
)
def test_what_is_known_ends_a_cool_off(code: str, told: Told, ends: datetime) -> None:
    """A person's day before a contract, a time frame and a budget period; never before it began."""
    assert cool_until(reason(code), NOW, "Asia/Tokyo", told) == ends


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (day(2027, 3, 31), day(2027, 4, 1)),
        (day(2027, 4, 1), day(2027, 10, 1)),
        (day(2027, 10, 1) - SOON, day(2027, 10, 1)),
        (day(2027, 10, 2), day(2028, 4, 1)),
    ],
)
def test_no_budget_waits_for_the_next_budget_period(at: datetime, ends: datetime) -> None:
    """April or October, by the days of the sellers' zone."""
    assert cool_until(reason("no_budget"), at, "Asia/Tokyo", Told()) == ends


days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, 36_500).map(lambda days: NOW + timedelta(hours=7 * days)),
    review=st.none() | days,
    renewal=st.none() | days,
    timeframe=st.none() | st.sampled_from(["lt_3m", "3_6m", "gt_12m", "?"]),
    code=st.sampled_from(sorted(WAYS)),
)
def test_a_cool_off_never_ends_before_it_begins(
    at: datetime, review: date | None, renewal: date | None, timeframe: str | None, code: str
) -> None:
    """Whatever day anybody names."""
    ends = cool_until(reason(code), at, "Asia/Tokyo", Told(review, renewal, timeframe))
    assert ends is not None
    assert ends >= at


@settings(max_examples=60, deadline=None)
@given(
    today=days, months=st.lists(st.integers(1, 12), min_size=1).map(tuple), more=st.integers(0, 30)
)
def test_periods_and_months_lie_ahead(today: date, months: tuple[int, ...], more: int) -> None:
    """The next period begins within a year; months later is never another month."""
    begins = next_period(today, months)
    assert today < begins <= today + timedelta(days=366)
    assert (begins.day, begins.month in months) == (1, True)
    later = months_later(today, more)
    assert (later.year * 12 + later.month) - (today.year * 12 + today.month) == more
    assert later.day <= today.day


def test_news_are_what_happened_since() -> None:
    """Anything seen; of somebody who never was sent back everything is new."""
    gone, new = standing(Stage.RECYCLED), standing(Stage.LEAD)
    assert not has_news(gone, interested(NOW))
    assert has_news(gone, interested(NOW + SOON))
    assert has_news(new, interested(NOW - 99 * DAY))
    assert not has_news(new, Evidence())
    assert len(history(Stage.RECYCLED)) == 3
