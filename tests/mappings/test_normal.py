"""Normal forms: what counts as the same value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.normal import COMPARE_WORDS, normaliser

SAME = [
    ("text", "  Tokyo　", "Tokyo"),
    ("text", "a\r\nb", "a\nb"),
    ("ci", "ＡＢＣ", "abc"),
    ("email", " Ann@Example.COM ", "ann@example.com"),
    ("phone", "03-1234-5678", "+81 3 1234 5678"),
    ("phone", "０９０－１２３４－５６７８", "+819012345678"),
    ("number", "1,200.0", "1200"),
    ("number", "0.40000000000000002220446", "0.4"),
    ("date", "2026-01-02", "1767312000000"),
    ("date", "2026-01-01T20:00:00Z", "2026-01-02"),
    ("datetime", "2026-01-02T03:04:05.000+0000", "2026-01-02T03:04:05Z"),
    ("set", "b;a", "a; b"),
    ("bool", "false", ""),
    ("domain", "https://www.example.com/about", "example.com"),
    ("url", "HTTP://Example.com/", "https://example.com"),
    ("company", "㈱架け橋", "株式会社 架け橋"),
    ("person_name", "山田　太郎", "山田 太郎"),
    ("kana", "ﾔﾏﾀﾞ", "やまだ"),
    ("corporate_number", "1-2345-6789-0123", "1234567890123"),
]
OTHER = [
    ("text", "Tokyo", "tokyo"),
    ("text", "Ａ", "A"),
    ("company", "株式会社架け橋", "架け橋株式会社"),
    ("phone", "03-1234-5678", "03-1234-5679"),
    ("exact", "a", "a "),
]


def normal(word: str, value: str) -> object:
    return normaliser(word, timezone="Asia/Tokyo", region="JP", scale=3)(value)


@pytest.mark.parametrize(("word", "left", "right"), SAME)
def test_the_same(word: str, left: str, right: str) -> None:
    """Two ways to write one value."""
    assert normal(word, left) == normal(word, right)


@pytest.mark.parametrize(("word", "left", "right"), OTHER)
def test_not_the_same(word: str, left: str, right: str) -> None:
    """Differences that count."""
    assert normal(word, left) != normal(word, right)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(COMPARE_WORDS), st.text(max_size=30))
def test_any_text_has_a_hashable_normal_form(word: str, value: str) -> None:
    """No value of an admin's system may break a comparison."""
    hash(normal(word, value))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["text", "ci", "email", "company", "person_name", "kana"]), st.text(max_size=20)
)
def test_normal_forms_of_text_are_stable(word: str, value: str) -> None:
    """Normalising twice changes nothing."""
    once = normal(word, value)
    assert once is None or normal(word, str(once)) == once
