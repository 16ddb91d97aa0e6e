"""Website intent has no order: shuffled, doubled, in pieces and by many workers the same comes out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from intent.model import Event, millis
from intent.store import SqlIntentStore

pytest.register_assert_rewrite("tests.contract.intent_picture")

from tests.contract.intent_builders import (  # noqa: E402
    ANN,
    BOB,
    FIRST,
    LATER,
    NOW,
    emptied,
    event,
    opened,
    score,
)
from tests.contract.intent_picture import Picture, assert_same, picture  # noqa: E402

# Few of each, so that everything meets everything.
EVENTS = st.builds(
    lambda kind, hours, email, visitor, cookie, network, page, glance: event(
        kind,
        ago=timedelta(hours=hours, seconds=hours % 7),
        email=email,
        visitor=visitor,
        hubspotutk=cookie,
        network=network,
        page=page,
        topic="pricing" if page == "/b" else "",
        glance=glance,
    ),
    st.sampled_from(["page_view", "page_view", "page_view", "pricing_view", "form"]),
    st.integers(0, 120),
    st.sampled_from([None, None, None, ANN, BOB]),
    st.sampled_from(["v1", "v1", "v2"]),
    st.sampled_from([None, None, "u1"]),
    st.sampled_from([None, "acme.example", "beta.example"]),
    st.sampled_from(["/a", "/a", "/b", None]),
    st.booleans(),
)
MANY = st.lists(EVENTS, min_size=1, max_size=25)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One file for all examples."""
    with opened(f"sqlite:///{tmp_path_factory.mktemp('order') / 'ledger.db'}") as found:
        yield found


def scored(engine: Engine, *events: Event) -> tuple[SqlIntentStore, Picture]:
    """A store to which these came in, all at once."""
    store = emptied(engine)
    score(store, *events)
    return store, seen(engine)


def seen(engine: Engine) -> Picture:
    return picture(engine, FIRST, millis(LATER))


@settings(max_examples=12, deadline=None)
@given(events=MANY, seed=st.integers(0, 1_000))
def test_any_order_any_pieces_and_any_repeats_give_the_same(
    engine: Engine, events: list[Event], seed: int
) -> None:
    """Scored by four workers, whose turn it is by chance."""
    _, expected = scored(engine, *events)
    dice, store = Random(seed), emptied(engine)
    twice = dice.sample([*events, *events], 2 * len(events))
    for start in range(0, len(twice), 7):
        store.take_in(twice[start : start + 7])
        store.score_some(FIRST, NOW, part=dice.randrange(4), parts=4)
    score(store, parts=4)
    assert_same(expected, seen(engine))


@settings(max_examples=12, deadline=None)
@given(events=MANY, others=MANY)
def test_what_is_retracted_never_was(
    engine: Engine, events: list[Event], others: list[Event]
) -> None:
    """But for who is who, which crawlers do not say: here they name themselves alone."""
    crawler = [event(e.type, ago=NOW - e.occurred_at, visitor="v1", page=e.page) for e in others]
    _, expected = scored(engine, *events)
    store, _ = scored(engine, *crawler, *events)
    store.retract([one.event_id for one in crawler], "crawler", FIRST)
    found = seen(engine)
    if "visitor:v1" in {name for who in expected[1]["who"] for name, _ in who}:  # type: ignore[attr-defined]
        assert_same(expected, found)
    else:
        assert found[0] == expected[0]


@settings(max_examples=12, deadline=None)
@given(events=MANY)
def test_whoever_is_erased_leaves_exact_sums_behind(engine: Engine, events: list[Event]) -> None:
    """Without a definition; what was left to be counted is what a rebuild makes of it."""
    store, _ = scored(engine, *events, event("form", visitor="v1", email=ANN))
    for subject in store.subjects_by("email", [ANN]).values():
        store.erase(subject, LATER)
        assert not store.links_of(subject)
    store.count_left(FIRST, LATER)
    found = seen(engine)
    store.rebuild(FIRST, NOW)
    assert_same(seen(engine), found)


@settings(max_examples=12, deadline=None)
@given(events=MANY)
def test_counting_anew_changes_nothing(engine: Engine, events: list[Event]) -> None:
    """Event by event or all of them at once: it is the same set."""
    store = emptied(engine)
    for start in range(0, len(events), 3):
        score(store, *events[start : start + 3])
    expected = seen(engine)
    store.rebuild(FIRST, NOW)
    assert_same(expected, seen(engine))
