"""Pages on file: looked at once per content, labelled by people, reviewed by how often they are visited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from console.topics import topics
from intent.definition import Definition, TopicRule
from intent.load import SHIPPED, load_definition
from intent.model import millis
from intent.pages import PageTopics, rule_of
from intent.store import SqlIntentStore
from intent.store.pages import PageRoom
from intent.topics import Page
from sync.ledger import Ledger
from tests.contract.intent_builders import NOW, emptied, event, opened
from tests.intent.compass import SpokenMeaning
from tests.machine.postgres import running_postgres
from tests.sync.bridge import sqlite_url

AT = millis(NOW)
PRICING = TopicRule(id="pricing", label_ja="料金", label_en="pricing", words=("料金",))
DEFINITION = Definition(version="1", hash="1", kinds={}, families={}, topics={"pricing": PRICING})
COSTS, OTHER = Page("a.example/costs", ("料金表",)), Page("a.example/other", ("月々いくら",))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The same promises on both databases."""
    if request.param == "sqlite":
        with opened(f"sqlite:///{tmp_path_factory.mktemp('pages') / 'ledger.db'}") as found:
            yield found
    else:
        with running_postgres() as url, opened(url) as found:
            yield found


@pytest.fixture
def store(engine: Engine) -> SqlIntentStore:
    return emptied(engine)


@pytest.fixture
def room(store: SqlIntentStore, engine: Engine) -> PageRoom:
    return PageRoom(engine)


def told(room: PageRoom, name: str) -> tuple[str, str]:
    finding = room.pages([name])[name].finding
    return finding.topic, finding.how


def test_a_page_is_looked_at_once_per_content(room: PageRoom) -> None:
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


def test_a_view_without_a_title_leaves_what_is_known(room: PageRoom) -> None:
    """In the same batch, too."""
    pages = PageTopics(room, DEFINITION)
    bare = Page(COSTS.page)
    assert pages.topics_of([bare, COSTS, bare], AT) == {COSTS.page: "pricing"}
    assert pages.topics_of([bare], AT) == {COSTS.page: "pricing"}
    assert pages.topics_of([Page("a.example/new")], AT) == {"a.example/new": ""}


def test_another_definition_or_meaning_looks_again(room: PageRoom) -> None:
    """What was found by the old one does not hold any more."""
    PageTopics(room, DEFINITION).topics_of([OTHER], AT)
    meaning = SpokenMeaning({"料金": [1, 0], "月々": [0.9, 0.1], "": [0, 1]})
    again = PageTopics(room, DEFINITION, meaning)
    assert again.topics_of([Page(OTHER.page)], AT) == {OTHER.page: "pricing"}
    assert told(room, OTHER.page) == ("pricing", "meaning")


def test_what_a_person_says_becomes_a_rule(room: PageRoom) -> None:
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


def test_a_topic_that_the_definition_does_not_know_is_refused(room: PageRoom) -> None:
    """Nothing is on file afterwards."""
    with pytest.raises(ValueError, match="prices"):
        PageTopics(room, DEFINITION).label("a.example/*", "prices", AT)
    assert room.labels() == {}


def test_the_review_list_begins_with_what_is_visited_most(
    room: PageRoom, store: SqlIntentStore
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


def test_forgotten_pages_are_found_anew(room: PageRoom) -> None:
    """It costs one look."""
    pages = PageTopics(room, DEFINITION)
    pages.topics_of([COSTS], AT)
    room.forget_pages([COSTS.page])
    assert room.all_pages() == []
    assert pages.topics_of([COSTS], AT) == {COSTS.page: "pricing"}


def test_a_label_reads_as_a_line_of_the_definition() -> None:
    """Paste it, and the definition loads and tells the page by rule."""
    assert rule_of("a.example/Blog/*", "pricing") == '- {path: "/blog/*", topic: pricing}'
    text = SHIPPED.read_text("utf-8").replace(
        "pages:\n", f"pages:\n  {rule_of('a.example/Blog/*', 'pricing')}\n"
    )
    assert load_definition(text).pages[0].path == "/blog/*"


# The commands -------------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(topics, words)
    return done.exit_code, done.output


def test_a_person_reviews_and_labels_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list shrinks by what is labelled; a wrong topic is told with the right ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", sqlite_url(tmp_path))
    ledger = Ledger.open(sqlite_url(tmp_path))
    PageTopics(PageRoom(ledger.engine), load_definition(SHIPPED)).topics_of(
        [Page("a.example/x", ("謎",)), COSTS], AT
    )
    assert run("--json")[0] == 0
    code, listed = run("--unknown", "--json")
    assert (code, [one["page"] for one in json.loads(listed)]) == (1, ["a.example/x"])
    code, said = run("label", "a.example/x", "prices")
    assert code == 2
    assert "pricing" in said
    code, said = run("label", "a.example/*", "security")
    assert (code, '{path: "/*", topic: security}' in said) == (0, True)
    code, said = run("--unknown")
    assert (code, "Nothing to review" in said) == (0, True)
    assert "security" in run()[1]
    assert run("label", "a.example/*")[0] == 2
    assert run("label", "a.example/*", "--forget")[0] == 0
