"""Pages tell their topic before the events on them go on file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intent.load import SHIPPED, load_definition
from intent.model import UNKNOWN, Event, Identity, millis
from intent.pages import PageTopics
from intent.port import TakenIn
from intent.store.pages import PageRoom
from sync.ledger import Ledger
from sync.page_topics import NoMeaning, TopicInbox
from tests.sync.bridge import sqlite_url

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
DEFINITION = load_definition(SHIPPED)


@dataclass
class Kept:
    """An inbox that keeps what it is given."""

    events: list[Event] = field(default_factory=list)

    def take_in(self, events: Sequence[Event]) -> TakenIn:
        self.events += events
        return TakenIn(len(events), 0)


def view(page: str, title: str | None, *, points: float | None = None, topic: str = "") -> Event:
    return Event(
        event_id=f"{page} {title}",
        type="page_view",
        occurred_at=NOW,
        received_at=NOW,
        told_at=NOW,
        identity=Identity(visitor="v"),
        source="site",
        page=page,
        title=title,
        points=points,
        topic=topic,
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[[], PageRoom]:
    ledger = Ledger.open(sqlite_url(tmp_path))
    return lambda: PageRoom(ledger.engine)


def topics(shelf: Callable[[], PageRoom], *events: Event) -> list[str]:
    """The topics under which these events went on file."""
    kept = Kept()
    inbox = TopicInbox(kept, shelf, lambda: DEFINITION, lambda: NOW)
    assert inbox.take_in(events).accepted == len(events)
    return [one.topic for one in kept.events]


def test_a_title_tells_the_topic_of_its_page(shelf: Callable[[], PageRoom]) -> None:
    """And a later view of it needs no title; what nothing tells stays unknown."""
    assert topics(shelf, view("a.example/x1", "料金プランのご案内")) == ["pricing"]
    assert topics(shelf, view("a.example/x1", None)) == ["pricing"]
    assert topics(shelf, view("a.example/x2", "ようこそ")) == [UNKNOWN]


def test_what_a_person_says_of_a_page_comes_first(shelf: Callable[[], PageRoom]) -> None:
    """For all events from then on."""
    PageTopics(shelf(), DEFINITION).label("a.example/x1", "security", millis(NOW))
    assert topics(shelf, view("a.example/x1", "料金プランのご案内")) == ["security"]


def test_what_a_third_party_says_of_a_topic_stays(shelf: Callable[[], PageRoom]) -> None:
    """It saw more than a title."""
    told = view("a.example/x1", "料金プランのご案内", points=5.0, topic="security")
    assert topics(shelf, told) == ["security"]


def test_meaning_that_is_not_installed_is_told_by_its_setting(
    shelf: Callable[[], PageRoom], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the cure."""
    monkeypatch.setattr("intent.meaning.is_installed", lambda: False)
    inbox = TopicInbox(Kept(), shelf, lambda: DEFINITION, lambda: NOW, by_meaning=True)
    with pytest.raises(NoMeaning, match=r"KAKEHASHI_INTENT__MEANING.*kakehashi\[topics\]"):
        inbox.take_in([view("a.example/x1", "x")])
