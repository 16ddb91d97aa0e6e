"""Whose wish it is not to be followed, and who allows it again, as a request tells it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.consents import Statement
from intent.model import Identity
from intent.withdrawals import Grant, Wish, granted_in, withdrawn_in
from tests.intent.visits import NOW, rejected, told

ANN = {"email": "Ann@Acme.example"}
WHO = Identity(email="ann@acme.example")
BOTH = ("tracking", "profiling")


@pytest.mark.parametrize(
    ("row", "about"),
    [
        ({"consent": {"tracking": "denied"}}, ("tracking",)),
        ({"consent": {"tracking": "Opted_Out"}}, ("tracking",)),
        ({"consent": {"tracking": "granted", "profiling": "objected"}}, ("profiling",)),
        ({"consent": {"tracking": False, "profiling": "no"}}, BOTH),
        ({"type": "unsubscribe"}, BOTH),
        ({"consent": {"tracking": "granted"}, "type": "page_view"}, ()),
        ({"consent": {"tracking": "unknown", "profiling": ["denied"]}}, ()),
        ({"consent": "denied"}, ()),
        ({}, ()),
    ],
)
def test_a_no_is_heard_and_silence_is_none(row: dict[str, Any], about: tuple[str, ...]) -> None:
    """In any of the words that people write for it, and for what it was said of."""
    found = list(withdrawn_in([{**ANN, **row}]))
    assert found == ([Wish(WHO, about)] if about else [])  # type: ignore[arg-type]  # words of the table


@pytest.mark.parametrize("said", ["denied", "Objected", False, "no"])
def test_an_event_that_brings_a_no_along_is_not_taken(said: object) -> None:
    """Whatever it says of tracking."""
    consent = {"tracking": "granted", "profiling": said}
    assert rejected(told(consent=consent)).code == "no_consent"


@pytest.mark.parametrize("row", ["denied", None, 7, [], {"consent": {"tracking": "denied"}}])
def test_nobody_is_forgotten_who_is_not_named(row: object) -> None:
    """Nor for a company's domain alone."""
    assert list(withdrawn_in([row])) == []
    company = {"company_domain": "acme.example", "consent": {"tracking": "denied"}}
    assert list(withdrawn_in([company])) == []


def test_a_name_that_cannot_be_read_spoils_no_other() -> None:
    """The address is heard although the cookie is nonsense."""
    row = {**ANN, "visitor": "v\x00" * 300, "consent": {"tracking": "denied"}}
    assert list(withdrawn_in([row])) == [Wish(WHO, ("tracking",))]


# A yes after a no ------------------------------------------------------------------------------------

YES = {
    "tracking": "granted",
    "given_at": NOW.isoformat(),
    "source": "preference page",
    "basis": "consent",
}


def test_a_yes_counts_with_its_evidence() -> None:
    """When it was said, by what, on which basis; for what it was said of."""
    proof = Statement(out=False, at=NOW, source="preference page", basis="consent")
    assert list(granted_in([{**ANN, "consent": YES}], NOW)) == [Grant(WHO, ("tracking",), proof)]
    both = {**YES, "profiling": "granted"}
    assert [one.about for one in granted_in([{**ANN, "consent": both}], NOW)] == [BOTH]


@pytest.mark.parametrize(
    "less",
    [
        {"given_at": None},
        {"given_at": "yesterday"},
        {"given_at": (NOW + timedelta(hours=1)).isoformat()},
        {"source": ""},
        {"basis": None},
        {"tracking": "unknown"},
        {"profiling": "objected"},
    ],
)
def test_a_yes_without_evidence_lifts_nothing(less: dict[str, Any]) -> None:
    """Its sender may not have heard of the no: what is merely granted is no news."""
    assert list(granted_in([{**ANN, "consent": YES | less}], NOW)) == []


def test_a_browser_need_not_say_by_what() -> None:
    """It is the page of a site, and nobody there knows more than that it was agreed to."""
    row = {"visitor": "v1", "consent": {"tracking": "granted", "given_at": NOW.isoformat()}}
    [found] = granted_in([row], NOW, source="https://www.example.com", basis="tracking_granted")
    assert (found.who, found.proof.source) == (Identity(visitor="v1"), "https://www.example.com")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.text(max_size=8), below),
    max_leaves=4,
)
ROWS = st.dictionaries(
    st.sampled_from(["type", "email", "visitor", "consent", "hubspotutk"]),
    JSON | st.dictionaries(st.sampled_from([*BOTH, "given_at", "source", "basis"]), JSON),
)


@given(st.lists(JSON | ROWS, max_size=3))
def test_no_row_makes_it_fall_and_none_is_both(rows: list[Any]) -> None:
    """Whoever says no and yes at once says no."""
    for row in rows:
        no, yes = list(withdrawn_in([row])), list(granted_in([row], NOW))
        assert not (no and yes)
