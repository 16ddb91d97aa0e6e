"""What a plan costs, with and without a budget to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.port import System
from sync.budget import Facts, hubspot_quota, salesforce_quota
from sync.lanes import Lane
from sync.price import Speed, price_of, speed_of

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()  # noon in Tokyo
PLAN = {(System.HUBSPOT, "contacts"): 250, (System.SALESFORCE, "Lead"): 1_000}


def test_batches_are_what_costs() -> None:
    """250 contacts are three writes with a read before and after; 1,000 leads are five."""
    assert price_of(PLAN) == {
        "hubspot": {"reads": 6, "writes": 3, "seconds": 0.9},
        "salesforce": {"reads": 10, "writes": 5, "seconds": 3.0},
    }


def test_a_plan_that_fits_says_how_much_of_the_day_it_takes() -> None:
    """On a calm day the price is as fast as without a budget."""
    speed = speed_of(salesforce_quota(), Facts(now=NOON, limit=15_000, used=100))
    assert price_of(PLAN, {System.SALESFORCE: speed})["salesforce"] == {
        "reads": 10,
        "writes": 5,
        "seconds": 3.0,
        "percent_of_day": 0.1,
        "fits_today": True,
    }


def test_a_plan_that_does_not_fit_waits_for_midnight() -> None:
    """What is not left today is priced from the account's midnight on."""
    quota = hubspot_quota("free", "Asia/Tokyo")
    facts = Facts(now=NOON, limit=1_000, used=680, burst_limit=100)
    cost = price_of({(System.HUBSPOT, "contacts"): 3_000}, {System.HUBSPOT: speed_of(quota, facts)})
    assert cost["hubspot"]["fits_today"] is False
    assert cost["hubspot"]["seconds"] == pytest.approx(12 * 3_600 + 90 / 9.0)


def test_a_spaced_lane_is_priced_at_its_spacing() -> None:
    """A hungry day makes the same plan slower."""
    quota = replace(hubspot_quota("free", "Asia/Tokyo"), daily=100_000)
    facts = Facts(now=NOON, limit=100_000, used=18_000, burst_limit=100)
    hungry = replace(facts, rates={**facts.rates, Lane.RESYNC: 10.0})
    assert speed_of(quota, hungry).per_second == pytest.approx(50_000 / 43_200)


@given(st.integers(0, 5_000), st.integers(0, 100), st.integers(1, 100), st.integers(0, 5_000))
def test_more_calls_never_take_less_time(calls: int, left: int, per_day: int, more: int) -> None:
    """Over the turns of days too, as long as a day's calls fit into a day."""
    speed = Speed(per_second=1.0, left=left, per_day=per_day, wait=43_200.0, limit=1_000)
    assert speed.seconds(calls + more) >= speed.seconds(calls)
