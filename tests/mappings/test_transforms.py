"""Transforms of values on their way."""

from __future__ import annotations

import pytest

from mappings.transforms import PLAIN_WORDS, Locale, plain, with_argument

TOKYO = Locale("Asia/Tokyo", "JP")


@pytest.mark.parametrize(
    ("word", "value", "expected"),
    [
        ("trim", " 　a b　 ", "a b"),
        ("collapse", " a 　 b ", "a b"),
        ("lower", "ABC", "abc"),
        ("upper", "abc", "ABC"),
        ("title", "ann lee", "Ann Lee"),
        ("nfkc", "ｱﾝ㈱１", "アン(株)1"),
        ("digits", "1-2345-６７", "1234567"),
        ("phone_e164", "03-1234-5678", "+81312345678"),
        ("phone_e164", "no phone", "no phone"),
        ("date_to_datetime", "2026-01-02", "2026-01-01T15:00:00Z"),
        ("datetime_to_date", "2026-01-01T15:00:00Z", "2026-01-02"),
        ("datetime_to_date", "soon", "soon"),
        ("to_number", "１，２００．５０", "1200.5"),
        ("to_number", "1000", "1000"),
        ("to_number", "0", "0"),
        ("to_number", "many", "many"),
    ],
)
def test_a_transform_does_what_its_name_says(word: str, value: str, expected: str) -> None:
    """What it cannot read it leaves alone."""
    assert plain(word, TOKYO)(value) == expected


@pytest.mark.parametrize(
    ("word", "argument", "value", "expected"),
    [
        ("truncate", "3", "日本橋本店", "日本橋"),
        ("split", ",", "a, b,,c", "a;b;c"),
        ("join", " / ", "a;b; c", "a / b / c"),
    ],
)
def test_a_transform_takes_an_argument(word: str, argument: str, value: str, expected: str) -> None:
    """Lengths count characters; sets are parted by ``;`` in both systems."""
    assert with_argument(word, argument)(value) == expected


@pytest.mark.parametrize("word", PLAIN_WORDS)
@pytest.mark.parametrize("value", ["", "ａ", "２０２６年", "\x00", "9" * 400, "-"])
def test_no_value_breaks_a_transform(word: str, value: str) -> None:
    """Records hold anything."""
    assert isinstance(plain(word, TOKYO)(value), str)
