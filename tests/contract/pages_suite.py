"""What the room of pages promises, on every database: one look per content, labels, a review list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from intent.definition import Definition, TopicRule
from intent.model import millis
from intent.pages import PageTopics
from intent.store import SqlIntentStore
from intent.store.pages import PageRoom
from intent.topics import Page
from tests.contract.intent_builders import NOW, emptied, event
from tests.intent.compass import SpokenMeaning

AT = millis(NOW)
PRICING = TopicRule(id="pricing", label_ja="料金", label_en="pricing", words=("料金",))
DEFINITION = Definition(version="1", hash="1", kinds={}, families={}, topics={"pricing": PRICING})
COSTS, OTHER = Page("a.example/costs", ("料金表",)), Page("a.example/other", ("月々いくら",))


def told(room: PageRoom, name: str) -> tuple[str, str]:
    finding = room.pages([name])[name].finding
    return finding.topic, finding.how


class PagesContract:
    """Everything that the room of pages promises; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        """An empty store: pages are reviewed by the visits on file there."""
        return emptied(engine)

    @pytest.fixture
    def room(self, store: SqlIntentStore, engine: Engine) -> PageRoom:
        return PageRoom(engine)

    def test_a_page_is_looked_at_once_per_content(self, room: PageRoom) -> None:
        """A second visit asks nothing; a new title does."""
        meaning = SpokenMeaning({"料金": [1, 0], "月々": [0.9, 0.1], "": [0, 1]})
        pages = PageTopics(room, DEFINITION, meaning)
        assert pages.topics_of([OTHER, COSTS], AT) == {OTHER.page: "pricing", COSTS.page: "pricing"}
        asked = len(meaning.asked)
        assert pages.topics_of([OTHER, OTHER], AT) == {OTHER.page: "pricing"}
        assert len(meaning.asked) == asked
        changed = OTHER._replace(titles=("会社概要",))
        assert pages.topics_of([changed], AT) == {OTHER.page: ""}
        assert room.pages([OTHER.page])[OTHER.page].page == changed

    def test_a_view_without_a_title_leaves_what_is_known(self, room: PageRoom) -> None:
        """In the same batch, too."""
        pages = PageTopics(room, DEFINITION)
        bare = Page(COSTS.page)
        assert pages.topics_of([bare, COSTS, bare], AT) == {COSTS.page: "pricing"}
        assert pages.topics_of([bare], AT) == {COSTS.page: "pricing"}
        assert pages.topics_of([Page("a.example/new")], AT) == {"a.example/new": ""}

    def test_another_definition_or_meaning_looks_again(self, room: PageRoom) -> None:
        """What was found by the old one does not hold any more."""
        PageTopics(room, DEFINITION).topics_of([OTHER], AT)
        meaning = SpokenMeaning({"料金": [1, 0], "月々": [0.9, 0.1], "": [0, 1]})
        again = PageTopics(room, DEFINITION, meaning)
        assert again.topics_of([Page(OTHER.page)], AT) == {OTHER.page: "pricing"}
        assert told(room, OTHER.page) == ("pricing", "meaning")

    def test_what_a_person_says_becomes_a_rule(self, room: PageRoom) -> None:
        """For pages on file at once, for others when they come; and it may be taken back."""
        pages = PageTopics(room, DEFINITION)
        pages.topics_of([OTHER, COSTS], AT)
        assert pages.label("a.example/*", "", AT) == 2
        assert told(room, COSTS.page) == ("", "person")
        assert pages.label(OTHER.page, "pricing", AT) == 1
        assert told(room, OTHER.page) == ("pricing", "person")
        assert pages.topics_of([Page("a.example/late", ("料金",))], AT) == {"a.example/late": ""}
        assert pages.label("a.example/*", None, AT) == 3
        assert told(room, COSTS.page) == ("pricing", "words")
        assert told(room, OTHER.page) == ("pricing", "person")

    def test_a_topic_that_the_definition_does_not_know_is_refused(self, room: PageRoom) -> None:
        """Nothing is on file afterwards."""
        with pytest.raises(ValueError, match="prices"):
            PageTopics(room, DEFINITION).label("a.example/*", "prices", AT)
        assert room.labels() == {}

    def test_the_review_list_begins_with_what_is_visited_most(
        self, room: PageRoom, store: SqlIntentStore
    ) -> None:
        """Pages that somebody told, and visits long ago, do not count."""
        pages = PageTopics(room, DEFINITION)
        names = ["a.example/x", "a.example/y", "a.example/z"]
        pages.topics_of([COSTS, *(Page(name, ("?",)) for name in names)], AT)
        days = timedelta(days=1)
        store.take_in(
            [event(visitor="v", page=names[1], ago=n * days) for n in range(2)]
            + [event(visitor="v", page=names[2], ago=40 * days)] * 5
            + [event(visitor="v", page=names[0])]
        )
        listed = room.unknown_pages(AT - 30 * 24 * 3600 * 1000, 10)
        assert [(one.page, one.visits) for one in listed] == [
            (names[1], 2),
            (names[0], 1),
            (names[2], 0),
        ]
        pages.label(names[1], "", AT)
        assert len(room.unknown_pages(AT, 1)) == 1

    def test_forgotten_pages_are_found_anew(self, room: PageRoom) -> None:
        """It costs one look. What was found later stays, and so does what people said."""
        pages = PageTopics(room, DEFINITION)
        pages.topics_of([COSTS], AT)
        pages.topics_of([OTHER], AT + 1)
        pages.label(COSTS.page, "pricing", AT)
        assert room.forget_pages(AT + 1) == 1
        assert room.all_pages() == [OTHER.page]
        assert pages.topics_of([Page(COSTS.page)], AT + 2) == {COSTS.page: "pricing"}
        assert told(room, COSTS.page) == ("pricing", "person")
