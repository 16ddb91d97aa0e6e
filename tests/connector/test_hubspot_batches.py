"""One outcome per row, whatever HubSpot does to the batch."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot.batches import Rows, Send, settle
from connector.port import Outcome, Written


def rows(count: int) -> dict[str, dict[str, str]]:
    return {str(n): {"text": str(n)} for n in range(count)}


class Portal:
    """Refuses a batch as a whole for one bad row, as HubSpot does; keeps what it took."""

    def __init__(self, bad: set[str], *, telling: bool = False) -> None:
        self.bad = bad
        self.telling = telling
        self.stored: list[str] = []
        self.calls = 0

    def __call__(self, some: Rows) -> Mapping[str, Outcome]:
        assert 0 < len(some) <= 100
        self.calls += 1
        if self.bad & some.keys():
            fields = ("odd",) if self.telling else ()
            raise Rejected("bad", system="hubspot", cause="invalid_value", fields=fields)
        self.stored += some
        return {key: Written(key) for key in some}


@given(st.integers(0, 230), st.sets(st.integers(0, 229)))
def test_bad_rows_are_refused_and_all_others_written_once(count: int, bad: set[int]) -> None:
    """Each row has an outcome; the good ones are stored exactly once."""
    portal = Portal({str(n) for n in bad if n < count})
    outcomes = settle(rows(count), portal)
    assert set(outcomes) == set(rows(count))
    refused = {key for key, outcome in outcomes.items() if isinstance(outcome, Rejected)}
    assert refused == portal.bad
    assert sorted(portal.stored) == sorted(set(rows(count)) - portal.bad)


def test_one_bad_row_of_a_hundred_costs_a_few_calls() -> None:
    """Halving: about twice the logarithm."""
    portal = Portal({"37"})
    settle(rows(100), portal)
    assert portal.calls <= 15


def test_a_refusal_that_names_a_field_clears_the_rows_without_it() -> None:
    """The suspect stands alone at once: one call that failed, one for the others, one for it."""
    portal = Portal({"37"}, telling=True)
    some = rows(100) | {"37": {"odd": "x"}}
    outcomes = settle(some, portal)
    assert isinstance(outcomes["37"], Rejected)
    assert portal.calls == 3


def test_a_property_that_is_gone_is_not_searched_for_row_by_row() -> None:
    """Every row that carries it is guilty; the others are written."""
    calls = []

    def send(some: Rows) -> Mapping[str, Outcome]:
        calls.append(len(some))
        if any("gone" in row for row in some.values()):
            raise Rejected("x", system="hubspot", cause="no_such_field", fields=("gone", "else"))
        return {key: Written(key) for key in some}

    some = {str(n): {"gone" if n % 2 else "text": "x"} for n in range(100)}
    outcomes = settle(some, send)
    assert calls == [100, 50]
    [refused, taken] = outcomes["1"], outcomes["2"]
    assert isinstance(refused, Rejected)
    assert refused.fields == ("gone",)
    assert isinstance(taken, Written)


def failing_at(call: int, error: ConnectorError) -> Send:
    """A portal that fails at its n-th call (from 0)."""
    left = [call]

    def send(some: Rows) -> Mapping[str, Outcome]:
        left[0] -= 1
        if left[0] < 0:
            raise error
        return {key: Written(key) for key in some}

    return send


@pytest.mark.parametrize(
    "error",
    [
        TryLater("busy", system="hubspot", after=9.0),
        SystemBlocked("full", system="hubspot", cause="quota", advice="wait", until=9.0),
    ],
)
def test_nothing_written_means_that_the_fault_is_raised(error: ConnectorError) -> None:
    """Later it is told per row, so that no landed write goes unreported."""
    with pytest.raises(type(error)):
        settle(rows(150), failing_at(0, error))
    outcomes = settle(rows(150), failing_at(1, error))
    kinds = [type(outcomes[str(n)]) for n in range(150)]
    assert kinds == [Written] * 100 + [TryLater] * 50
    left = outcomes["149"]
    assert isinstance(left, TryLater)
    assert left.after == 9.0


def test_a_lost_answer_concerns_its_own_batch_only() -> None:
    """The next batch is sent all the same."""
    lost = OutcomeUnknown("lost", system="hubspot")
    calls = []

    def send(some: Rows) -> Mapping[str, Outcome]:
        calls.append(len(some))
        if len(calls) == 1:
            raise lost
        return {key: Written(key) for key in some}

    outcomes = settle(rows(150), send)
    assert [type(outcomes[str(n)]) for n in range(150)] == [OutcomeUnknown] * 100 + [Written] * 50
