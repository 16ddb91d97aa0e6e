"""What a page is about: who decides, what counts as a word, and when the honest answer is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.topics import quality, read_labelled
from intent.definition import Definition, PageRule, TopicRule
from intent.load import SHIPPED, load_definition
from intent.meaning import SentenceMeaning
from intent.topics import (
    Finding,
    Page,
    by_label,
    by_rule,
    by_words,
    count_words,
    find_topics,
    fingerprint,
    folded,
    path_of,
    without_site,
)
from tests.intent.compass import SpokenMeaning

PRICES = ("料金", "無料プラン", "プラン", "plan")
SAFETY = ("セキュリティ", "SSO", "audit log")
TOPICS = (
    TopicRule(id="pricing", label_ja="料金", label_en="pricing", words=PRICES),
    TopicRule(id="security", label_ja="安全", label_en="security", words=SAFETY),
)
DEFINITION = Definition(
    version="1",
    hash="first",
    kinds={},
    families={},
    topics={one.id: one for one in TOPICS},
    pages=(PageRule(path="/old/*", type="page_view"), PageRule(path="/料金*", topic="pricing")),
)


def found(page: str, *titles: str, labels: dict[str, str] | None = None) -> Finding:
    [answer] = find_topics([Page(page, titles)], DEFINITION, labels or {})
    return answer


# Who decides --------------------------------------------------------------------------------------


def test_a_person_is_heard_before_rules_and_words() -> None:
    """Even where the person says that it is none of the topics."""
    page = ("example.com/料金/faq", "セキュリティ")
    assert found(*page, labels={page[0]: ""}) == ("", "person", 0)
    assert found(*page) == ("pricing", "rule", 0)


def test_a_rule_is_heard_before_words() -> None:
    """The path is compared as people read it, whatever it was escaped to."""
    assert found("example.com/%E6%96%99%E9%87%91?id=1", "SSO") == ("pricing", "rule", 0)
    assert found("example.com/product", "SSO") == ("security", "words", 0)


def test_a_rule_without_a_topic_says_nothing_of_it() -> None:
    """Another one may."""
    rules = (PageRule(path="/a/*", type="page_view"), PageRule(path="/a/b", topic="pricing"))
    assert by_rule("example.com/a/b", rules) == "pricing"


def test_the_longest_label_that_fits_is_the_one_meant() -> None:
    """A page of its own beats a pattern."""
    labels = ["example.com/*", "example.com/blog/*", "example.com/blog/x"]
    assert by_label("example.com/blog/x", labels) == "example.com/blog/x"
    assert by_label("example.com/blog/y", labels) == "example.com/blog/*"
    assert by_label("other.example/blog/x", labels) is None


def test_nothing_that_tells_it_is_unknown() -> None:
    """A topic is not guessed."""
    assert found("example.com/company", "会社概要") == ("", "unknown", 0)
    assert found("example.com/company") == ("", "unknown", 0)


@pytest.mark.parametrize(
    ("page", "path"),
    [
        ("example.com/", "/"),
        ("example.com/Plans/", "/plans"),
        ("example.com/a?b=/c", "/a"),
        ("example.com", "/"),
    ],
)
def test_the_path_of_a_page_is_what_stands_behind_its_host(page: str, path: str) -> None:
    """Without query and closing slash."""
    assert path_of(page) == path


# Words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("料金のご案内", "pricing"),
        ("ﾌﾟﾗﾝ一覧", "pricing"),  # half-width
        ("ＳＳＯの設定", "security"),  # full-width
        ("Plans and more", "pricing"),
        ("The planet", None),
        ("Explain SSOs", "security"),
        ("SSO料金", None),  # one word each
        ("料金プランとSSO", "pricing"),
        ("Reading the Audit  Log", "security"),
        ("", None),
    ],
)
def test_the_topic_with_the_most_words_wins_alone(title: str, topic: str | None) -> None:
    """Width and case do not matter, a Latin word stands by itself, a draw tells nothing."""
    assert by_words([title], TOPICS) == topic


def test_the_name_of_the_website_tells_nothing_about_a_page() -> None:
    """It stands last in nearly every title."""
    assert without_site("会社概要｜無料プランのツナグ") == "会社概要"
    assert by_words(["会社概要 | 無料プランのツナグ"], TOPICS) is None
    assert by_words(["料金 - SSO for you"], TOPICS) == "pricing"
    assert without_site("|") == "|"


def test_the_first_title_with_a_word_decides() -> None:
    """A heading is asked where the title says nothing."""
    assert by_words(["会社概要", "料金", "SSO"], TOPICS) == "pricing"


def test_a_word_within_a_longer_one_counts_once() -> None:
    """Words that overlap are one place."""
    assert count_words("無料プラン", ("無料プラン", "プラン")) == 1
    assert count_words("無料プランとプラン", ("無料プラン", "プラン")) == 2


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=4), max_size=5))
def test_places_of_words_never_overlap(text: str, words: list[str]) -> None:
    """However words repeat, there are no more places than letters."""
    assert 0 <= count_words(text, words) <= len(text)


@given(st.text())
def test_folding_twice_changes_nothing_that_matters(text: str) -> None:
    """A title found in a store is folded as the one it came from."""
    assert folded(without_site(folded(text))) is not None
    assert " ".join(folded(text).split()) == folded(text)


# Meaning ------------------------------------------------------------------------------------------

MEANING = SpokenMeaning({"料金": [1, 0, 0], "pricing": [1, 0, 0], "安全": [0, 1, 0], "security": [0, 1, 0],
                         "会社": [0, 0, 1], "About": [0, 0, 1], "月々": [0.9, 0.1, 0],
                         "半々": [0.5, 0.5, 0]})  # fmt: skip


def meant(title: str, least: float = 0.05) -> Finding:
    [answer] = find_topics([Page("example.com/x", (title,))], DEFINITION, {}, MEANING, least)
    return answer


def test_meaning_is_asked_where_rules_and_words_say_nothing() -> None:
    """And answers with how far ahead it was."""
    answer = meant("月々いくら")
    assert answer[:2] == ("pricing", "meaning")
    assert answer.margin > 0.05


def test_meaning_keeps_silent_where_two_topics_are_as_near() -> None:
    """The margin it lacked is kept for whoever reviews the page."""
    answer = meant("半々")
    assert answer[:2] == ("", "unknown")
    assert answer.margin < 0.05


def test_a_page_that_is_nearer_to_what_every_website_has_is_unknown() -> None:
    """However clear that is."""
    assert meant("会社の歴史")[:2] == ("", "unknown")


def test_pages_without_a_title_are_not_asked_about() -> None:
    """There is nothing to compare."""
    meaning = SpokenMeaning({"料金": [1, 0]})
    assert find_topics([Page("example.com/x")], DEFINITION, {}, meaning) == [("", "unknown", 0)]
    assert meaning.asked == []


def test_a_fingerprint_changes_with_all_that_a_finding_depends_on() -> None:
    """And with nothing else: not with width, case or blanks of a title."""
    page = Page("example.com/x", ("Plans",))
    first = fingerprint(page, DEFINITION, "a")
    assert fingerprint(page._replace(titles=("ｐｌａｎｓ ",)), DEFINITION, "a") == first
    assert fingerprint(page._replace(titles=("Plan",)), DEFINITION, "a") != first
    assert fingerprint(page, DEFINITION, "b") != first


# As shipped ---------------------------------------------------------------------------------------


def test_the_shipped_words_are_right_nearly_always_when_they_answer() -> None:
    """On the titles of our own: precision above coverage, and the measured figures do not rot."""
    labelled = read_labelled()
    assert len(labelled) >= 240
    held_out = [one for one in labelled if one.is_held_out]
    assert 100 < len(held_out) < 160
    definition = load_definition(SHIPPED)
    got = quality(held_out, find_topics([one.page for one in held_out], definition, {}))
    assert got.precision > 0.9
    assert got.coverage > 0.4


def test_the_encoder_of_the_extra_knows_both_languages_without_a_network() -> None:
    """Titles that hold no word of any list."""
    definition = load_definition(SHIPPED)
    pages = [
        Page("", ("お支払い方法と請求書について",)),
        Page("", ("Annual or monthly: which subscription fits you?",)),
    ]
    meaning = SentenceMeaning()
    assert [one.topic for one in find_topics(pages, definition, {}, meaning, 0)] == ["pricing"] * 2
    assert meaning.vectors([]) == []
