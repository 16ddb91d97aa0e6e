"""The notice of what the tag sends, from the settings that are really in force."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

from intent.definition import Definition, Keeping
from intent.notice import COOKIE_DAYS, Language, Operator, notice, texts
from tests.intent.visits import DEFINITION
from webhooks.snippet import FILE

ROOT = Path(__file__).parents[2]
OPERATOR = Operator(
    name="株式会社アクメ",
    contact="privacy@example.com",
    collector="https://intent.example.com",
)


def test_the_notice_tells_what_is_sent_to_whom_and_why_in_both_languages() -> None:
    """With the parameters that stay, and how long what is kept."""
    definition = replace(DEFINITION, keeping=Keeping(events=99, daily=300))
    heads: dict[Language, str] = {"ja": "利用目的", "en": "What for"}
    for language, head in heads.items():
        text = notice(OPERATOR, definition, language)
        for told in (head, "株式会社アクメ", "https://intent.example.com", "privacy@example.com"):
            assert told in text
        for told in ("doc", "utm_*", "99", "300", "kakehashi_id", str(COOKIE_DAYS)):
            assert told in text
        assert "{" not in text
        assert len([line for line in text.splitlines() if line.startswith("|")]) == 2 + len(
            texts()["rows"]
        )


def test_a_site_that_sends_no_parameters_says_so() -> None:
    """Nothing is listed that is not sent."""
    bare = replace(DEFINITION, query=frozenset())
    assert "なし" in notice(OPERATOR, bare, "ja")
    assert "query only: none" in notice(OPERATOR, bare, "en")


def test_the_cookie_lives_as_long_as_the_notice_says() -> None:
    """The script holds the same number."""
    assert f"DAYS = {COOKIE_DAYS}" in FILE.read_text("utf-8")


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("name", [name for name, told in texts().items() if "en" in told])
def test_every_sentence_of_the_notice_stands_in_both_languages(name: str) -> None:
    """With the same places."""
    told = texts()[name]
    assert set(told) == {"en", "ja"}
    assert blanks(told["en"]) == blanks(told["ja"])


def test_every_row_of_the_notice_stands_in_both_languages() -> None:
    """With the same places."""
    for row in texts()["rows"]:
        for part in ("what", "purpose"):
            assert set(row[part]) == {"en", "ja"}
            assert blanks(row[part]["en"]) == blanks(row[part]["ja"])


@pytest.mark.parametrize(
    ("page", "language", "name"),
    [("intent-setup.md", "en", "Acme K.K."), ("intent-setup.ja.md", "ja", "株式会社アクメ")],
)
def test_the_example_in_the_docs_is_what_comes_out(
    page: str, language: Language, name: str
) -> None:
    """One level lower in headings, and otherwise word for word."""
    bare = Definition(version="1", hash="h", kinds={}, families={}, query=frozenset({"utm_*"}))
    operator = replace(OPERATOR, name=name)
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert text.endswith(f"\n#{notice(operator, bare, language)}")
