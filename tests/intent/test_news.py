"""What is worth a write to both systems: at once, in time, or never."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.definition import Telling
from intent.model import Card, Subject
from intent.news import News, Pace, news, pace

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TELLING = Telling()
HOURS = timedelta(hours=1)


def card(band: str | None = "B2", **more: Any) -> Card:
    """Ann's card of seven hours ago."""
    given_ = {
        "at": NOW - 7 * HOURS,
        "engagement": 30.0,
        "topics": (("pricing", 30.0),),
        "last_at": NOW,
        "mark": "before",
    }
    return Card(subject=Subject("person", "ann"), band=band, **{**given_, **more})


# Something happened; when it did is another matter: it may have come in late, or was taken back.
LATER: dict[str, Any] = {"mark": "after"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"band": "B1", "engagement": 70.0}, Pace.AT_ONCE),
        ({"band": "A2"}, Pace.AT_ONCE),
        ({"surge": True}, Pace.AT_ONCE),
        ({"band": "B3", "engagement": 20.0}, Pace.IN_TIME),
        ({"band": "C2"}, Pace.IN_TIME),
        ({"topics": (("security", 30.0),), **LATER}, Pace.IN_TIME),
        ({"engagement": 40.0, **LATER}, Pace.IN_TIME),
        ({"engagement": 39.0, **LATER}, Pace.NEVER),
        ({"engagement": 20.0}, Pace.NEVER),
        ({"topics": ()}, Pace.NEVER),
        ({"engagement": 0.0, "topics": ()}, Pace.IN_TIME),
    ],
)
def test_each_change_has_its_pace(change: dict[str, Any], expected: Pace) -> None:
    """The table of the module, row by row."""
    assert pace(card(), replace(card(), **change), TELLING, hard=False) is expected


@pytest.mark.parametrize(("last_at", "expected"), [(NOW, Pace.NEVER), (NOW + HOURS, Pace.IN_TIME)])
def test_a_card_of_old_without_a_mark_is_told_apart_by_its_last_sign_of_interest(
    last_at: datetime, expected: Pace
) -> None:
    """Until it is told for the next time."""
    new = replace(card(), engagement=40.0, last_at=last_at)
    assert pace(card(mark=None), new, TELLING, hard=False) is expected


def test_a_raised_hand_is_told_whatever_else_changed() -> None:
    """It triggers by itself."""
    assert news(card(), card(), TELLING, NOW, hard=True) == News(tell=True, at_once=True)


def test_what_can_wait_waits_for_the_hours_since_the_last_card() -> None:
    """Until exactly then."""
    told, new = card(at=NOW - 5 * HOURS), replace(card(), engagement=45.0, **LATER)
    assert news(told, new, TELLING, NOW, hard=False) == News(tell=False, wait_until=NOW + HOURS)
    assert news(told, new, TELLING, NOW + HOURS, hard=False) == News(tell=True)


@pytest.mark.parametrize(
    ("first", "is_told"),
    [
        ({"band": "A3", "engagement": 5.0, "topics": ()}, False),
        ({"band": "C3", "engagement": 10.0, "topics": ()}, True),
        ({"band": "C3", "engagement": 5.0}, True),
        ({"band": "C2", "engagement": 26.0, "topics": ()}, True),
    ],
)
@pytest.mark.parametrize("told", [None, card(None, engagement=0.0, topics=())])
def test_a_first_card_needs_more_than_a_good_fit(
    told: Card | None, first: dict[str, Any], is_told: bool
) -> None:
    """Nobody was told of anything before, or what was told is erased."""
    new = replace(card(), **{**first, **LATER})
    assert news(told, new, TELLING, NOW, hard=False).tell is is_told


cards = st.builds(
    lambda band, points, topic, surge: card(
        band, engagement=float(points), topics=((topic, 5.0),) if topic else (), surge=surge
    ),
    st.sampled_from([f"{letter}{digit}" for letter in "ABC" for digit in "123"]),
    st.integers(0, 100),
    st.sampled_from(["", "pricing", "security"]),
    st.booleans(),
)


@given(cards)
def test_what_was_told_is_no_news(told: Card) -> None:
    """Telling is over after one time."""
    assert news(told, told, TELLING, NOW, hard=False) == News(tell=False)


@given(cards, cards)
def test_a_wait_always_ends_in_telling(told: Card, new: Card) -> None:
    """Nothing is put off for ever."""
    found = news(replace(told, at=NOW), new, TELLING, NOW, hard=False)
    if found.wait_until is not None:
        assert news(replace(told, at=NOW), new, TELLING, found.wait_until, hard=False).tell
