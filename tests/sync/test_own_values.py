"""Our own values reach both systems like a field: at once, at the next compare, and never twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.port import System
from intent.model import Card, Subject
from lifecycle.model import Standing
from mappings.own_values import OWN_VALUES, TOPIC_SCORES
from mappings.schema import ConsentLine
from sync import lives
from sync.own_values import is_blank, topics_told, values_of
from tests.lifecycle.letter_builders import SHARED
from tests.sync.bridge import START, sqlite_url
from tests.sync.cards import Knowing, scored

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ANN = "ann@example.com"


@pytest.fixture
def knowing(tmp_path: Path) -> Knowing:
    return Knowing(sqlite_url(tmp_path))


def paired(knowing: Knowing) -> tuple[str, str]:
    """Ann, in line on both sides."""
    left = knowing.hubspot.seed("contacts", {"email": ANN})
    right = knowing.salesforce.seed("Lead", {"email": ANN})
    knowing.resync()
    return left, right


def scores(knowing: Knowing, left: str, right: str) -> tuple[object, object]:
    return (
        knowing.hubspot.records("contacts")[left].get("score"),
        knowing.salesforce.records("Lead")[right].get("score"),
    )


def test_a_told_value_that_rang_reaches_both_sides(knowing: Knowing) -> None:
    """Both records are rung by the address; the second plan is empty."""
    left, right = paired(knowing)
    knowing.cards.tell(ANN, 72)
    assert knowing.ring_for(ANN) == 2
    knowing.round()
    assert scores(knowing, left, right) == (72, 72)
    assert knowing.bells() == 0
    assert knowing.planned() == []


def test_a_full_compare_finds_news_that_nobody_rang_for(knowing: Knowing) -> None:
    """The records are the same as ever, and the pair is due all the same."""
    left, right = paired(knowing)
    knowing.cards.tell(ANN, 72)
    assert [entry["action"] for entry in knowing.planned()] == ["update", "update"]
    knowing.resync()
    assert scores(knowing, left, right) == (72, 72)
    assert knowing.planned() == []


def test_news_during_a_look_are_seen_by_the_next_one(knowing: Knowing) -> None:
    """What was agreed on is the older value, so a bell that rang meanwhile finds a difference."""
    left, right = paired(knowing)
    knowing.cards.tell(ANN, 50)
    knowing.ring_for(ANN)
    knowing.round()
    knowing.cards.tell(ANN, 72)
    knowing.ring_for(ANN)
    knowing.round()
    assert scores(knowing, left, right) == (72, 72)


def test_nothing_told_leaves_what_stands_there(knowing: Knowing) -> None:
    """A score that somebody else's tool wrote is none of our business until we have one."""
    left = knowing.hubspot.seed("contacts", {"email": ANN, "score": 7})
    knowing.salesforce.seed("Lead", {"email": ANN})
    knowing.resync()
    assert knowing.hubspot.records("contacts")[left]["score"] == 7
    assert knowing.planned() == []


def test_what_was_told_and_is_not_known_any_more_is_taken_back(knowing: Knowing) -> None:
    """Somebody was forgotten: both sides are blank again."""
    left, right = paired(knowing)
    knowing.cards.tell(ANN, 72)
    knowing.resync()
    knowing.cards.cards.clear()
    knowing.resync()
    assert scores(knowing, left, right) == (None, None)
    assert knowing.planned() == []


def test_an_edit_of_our_value_is_put_back(knowing: Knowing) -> None:
    """It is ours: whoever changes it in one system finds it restored."""
    left, right = paired(knowing)
    knowing.cards.tell(ANN, 72)
    knowing.resync()
    knowing.salesforce.edit("Lead", right, {"score": 99})
    knowing.ring(SALESFORCE, "Lead", right)
    knowing.round()
    assert scores(knowing, left, right) == (72, 72)


def test_somebody_new_is_born_with_what_we_know(knowing: Knowing) -> None:
    """On the new record, and on the one that it is made from; the plan says both, the second is empty."""
    left = knowing.hubspot.seed("contacts", {"email": ANN})
    knowing.cards.tell(ANN, 72)
    told = {entry["action"]: entry["fields"] for entry in knowing.planned()}
    assert {name for fields in told.values() for name in _set(fields)} >= {"score"}
    assert all("score" in _set(fields) for fields in told.values())
    knowing.resync()
    (right,) = knowing.salesforce.records("Lead")
    assert scores(knowing, left, right) == (72, 72)
    assert knowing.planned() == []


def _set(fields: object) -> dict[str, object]:
    return {one["api_name"]: one["to"] for one in fields}  # type: ignore[attr-defined]  # rows of a plan


def test_whoever_forbids_it_has_no_value_on_either_side(tmp_path: Path) -> None:
    """An opt-out of being followed in one system blanks both, although a card stands there still."""
    made = scored()
    lines = {
        name: replace(
            of, consent=(ConsentLine(id="tracking", hubspot="optout", salesforce="OptOut"),)
        )
        for name, of in made.objects.items()
    }
    knowing = Knowing(sqlite_url(tmp_path), mapping=replace(made, objects=lines))
    left, right = paired(knowing)
    knowing.cards.tell(ANN, 72)
    knowing.resync()
    knowing.salesforce.edit("Lead", right, {"OptOut": True})
    knowing.ring(SALESFORCE, "Lead", right)
    knowing.round()
    assert scores(knowing, left, right) == (None, None)
    knowing.resync()
    assert knowing.planned() == []


def card(**more: object) -> Card:
    return Card(subject=Subject("person", "p"), at=START, **{"engagement": 0.0, **more})  # type: ignore[arg-type]  # its own fields


def test_every_name_of_the_language_has_a_value() -> None:
    """`check` knows exactly what there is."""
    told = values_of(card(engagement=3.0, band="C3", last_at=datetime(2026, 1, 2, tzinfo=UTC)))
    stood = Standing(subject=Subject("person", "p"))
    lived = lives.values_of(stood, (), SHARED) | lives.briefed(stood, None, SHARED, "en")
    assert {*told, *lived} == {*OWN_VALUES}
    assert told["intent.last_at"] == "2026-01-02T00:00:00Z"


def test_a_forgotten_persons_card_is_blank_and_a_faded_one_says_zero() -> None:
    """No score is not a score of 0."""
    assert set(values_of(card()).values()) == {None}
    faded = card(band="C3")
    assert not is_blank(faded)
    assert values_of(faded)["intent.score"] == 0.0


@given(st.lists(st.tuples(st.text(max_size=80), st.floats(0, 100)), unique_by=lambda row: row[0]))
def test_topics_fit_into_their_field_and_keep_the_strongest(
    topics: list[tuple[str, float]],
) -> None:
    """JSON of at most 1,000 bytes, cut at the weak end."""
    text = topics_told(tuple(topics))
    told = {} if text is None else orjson.loads(text)
    assert len((text or "").encode()) <= TOPIC_SCORES
    assert list(told) == [name for name, _ in topics][: len(told)]
