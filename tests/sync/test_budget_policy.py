"""The budget's policy: who may call, who slows down, who stops; as properties over any day."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import budget
from sync.budget import Facts, Quota, hubspot_quota, salesforce_quota
from sync.lanes import URGENT, Lane

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()  # noon in Tokyo
LOWER = [lane for lane in Lane if lane not in URGENT]

rates = st.floats(0, 50)
quotas = st.builds(
    Quota,
    system=st.just("any"),
    daily=st.integers(1, 1_000_000),
    own_daily=st.none() | st.integers(1, 1_000_000),
    zone=st.sampled_from([None, "Asia/Tokyo", "America/New_York"]),
    reserve=st.integers(1, 90),
)


@st.composite
def days(draw: st.DrawFn) -> tuple[Quota, Facts]:
    """A system and any moment of its day."""
    quota = draw(quotas)
    facts = Facts(
        now=NOON + draw(st.floats(0, 86_400)),
        limit=quota.daily,
        used=draw(st.floats(0, quota.daily * 1.2)),
        ours={lane: draw(st.floats(0, quota.daily / 5)) for lane in Lane},
        rates={lane: draw(rates) for lane in Lane},
        others=draw(rates),
    )
    return quota, facts


@given(days())
def test_lower_lanes_stop_before_the_hard_limit(day: tuple[Quota, Facts]) -> None:
    """Where live, resync or backfill may still call, more than that one call is left."""
    quota, facts = day
    for lane in LOWER:
        if budget.left_for(lane, quota, facts) >= 1:
            assert budget.left_for(Lane.HANDOFF, quota, facts) > 1


@given(days())
def test_urgent_lanes_are_served_at_once_while_anything_is_left(day: tuple[Quota, Facts]) -> None:
    """Consent and hand-offs are never spaced, and stop only where the system itself stops."""
    quota, facts = day
    for lane in URGENT:
        assert budget.spacing(lane, quota, facts) == 0
        assert (budget.left_for(lane, quota, facts) >= 1) is not budget.is_exhausted(quota, facts)


@given(days())
def test_a_more_urgent_lane_always_has_at_least_as_much_left(day: tuple[Quota, Facts]) -> None:
    """The ceilings are in the order of urgency."""
    quota, facts = day
    left = [budget.left_for(lane, quota, facts) for lane in Lane]
    assert left == sorted(left, reverse=True)


@given(days(), st.floats(0, 1_000), st.floats(0, 10), st.sampled_from(list(Lane)))
def test_spacing_grows_with_use_and_demand(
    day: tuple[Quota, Facts], more: float, faster: float, lane: Lane
) -> None:
    """Nobody is let through more often because more was used, or because more is wanted."""
    quota, facts = day
    before = budget.spacing(lane, quota, facts)
    used = replace(facts, used=facts.used + more)
    wanted = replace(facts, rates={**facts.rates, lane: facts.rates[lane] + faster})
    crowded = replace(facts, others=facts.others + faster)
    for after in (used, wanted, crowded):
        assert budget.spacing(lane, quota, after) >= before * (1 - 1e-9)


@given(days())
def test_spaced_calls_last_until_the_day_ends(day: tuple[Quota, Facts]) -> None:
    """A lane that keeps to its spacing does not use up what is left for it before the reset."""
    quota, facts = day
    for lane in LOWER:
        wait = budget.spacing(lane, quota, facts)
        if 0 < wait < math.inf:
            calls = budget.seconds_left(quota, facts) / wait
            assert calls <= budget.left_for(lane, quota, facts) * (1 + 1e-9)


def test_the_shares_of_a_day() -> None:
    """The reserve is kept for consent and hand-offs; resync gets 80, backfill 60 percent of the rest."""
    quota = hubspot_quota("professional", "Asia/Tokyo", reserve=15)
    assert [quota.share(lane) for lane in Lane] == [1000, 1000, 850, 680, 510]


def test_a_calm_day_is_not_spaced() -> None:
    """A lane whose calls last as they come is left alone."""
    facts = Facts(now=NOON, limit=625_000, used=100_000)
    calm = replace(facts, rates={**facts.rates, Lane.LIVE: 5.0})
    quota = hubspot_quota("professional", "Asia/Tokyo")
    assert budget.spacing(Lane.LIVE, quota, calm) == 0
    assert budget.state_of(quota, calm) == "ok"


def test_a_hungry_day_is_spaced_evenly() -> None:
    """At noon with 50,000 calls left and twice that wanted, each call gets its part of the afternoon."""
    quota = replace(hubspot_quota("free", "Asia/Tokyo"), daily=100_000)
    facts = Facts(now=NOON, limit=100_000, used=35_000)
    hungry = replace(facts, rates={**facts.rates, Lane.LIVE: 100_000 / 43_200})
    assert budget.spacing(Lane.LIVE, quota, hungry) == pytest.approx(43_200 / 50_000)
    assert budget.state_of(quota, hungry) == "slowing"


def test_live_calls_come_before_a_resync() -> None:
    """What live will want is not given away to the resync, which keeps a tenth all the same."""
    quota = replace(hubspot_quota("free", "Asia/Tokyo"), daily=100_000)
    facts = Facts(now=NOON, limit=100_000, used=18_000)
    both = replace(facts, rates={**facts.rates, Lane.LIVE: 10.0, Lane.RESYNC: 10.0})
    assert budget.spacing(Lane.RESYNC, quota, both) == pytest.approx(43_200 / 5_000)


def test_a_days_end_is_the_accounts_midnight() -> None:
    """The day of an account in New York that turns its clocks back has 25 hours."""
    start, end = budget.day_of(
        datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp(), "America/New_York"
    )
    assert end - start == 25 * 3_600
    assert datetime.fromtimestamp(start, UTC) == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_our_own_cap_counts_our_own_calls() -> None:
    """With 1,000 calls of our own a day, other people's calls do not count against them."""
    quota = salesforce_quota(own_daily=1_000)
    facts = Facts(now=NOON, limit=100_000, used=50_000)
    ours = replace(facts, ours={**facts.ours, Lane.LIVE: 849.0})
    assert budget.left_for(Lane.LIVE, quota, ours) == 1
    assert budget.left_for(Lane.RESYNC, quota, ours) < 0
    assert budget.left_for(Lane.CONSENT, quota, ours) == 151


def test_a_lane_without_calls_is_put_off_until_they_come_back() -> None:
    """A fixed day says when; a rolling one is asked again within the hour."""
    fixed, rolling = hubspot_quota("free", "Asia/Tokyo"), salesforce_quota()
    over = Facts(now=NOON, limit=15_000, used=14_000)
    assert budget.comes_back(Lane.LIVE, fixed, over) == 43_200
    assert 600 <= budget.comes_back(Lane.LIVE, rolling, over) <= 3_600
    assert budget.state_of(rolling, over) == "lane_stopped"
    assert budget.state_of(rolling, replace(over, used=15_000)) == "exhausted"
