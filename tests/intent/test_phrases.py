"""What of a title may be said, to a seller and aloud."""

from __future__ import annotations

import pytest

from intent.phrases import quotable, speakable


@pytest.mark.parametrize(
    ("title", "shown", "aloud"),
    [
        ("導入　ガイド\n", "導入 ガイド", "導入 ガイド"),
        ("a\u202eb\x00c", "abc", "abc"),
        ("「連携」の本", "『連携』の本", "『連携』の本"),
        ("x" * 61, "x" * 59 + "…", "x" * 59 + "…"),
        ("第３章", "第３章", None),
        ("R&D / CI", "R&D / CI", None),
        ("Node.js と SAP連携", "Node.js と SAP連携", None),
        ("<img src=x onerror=alert(1)>", None, None),
        ("[[ann]](x)", None, None),
        ("see example.com", None, None),
        ("see evil\u200b.co.jp", None, None),
        ("https://localhost/a", None, None),
        ("ask ann@acme", None, None),
        ("{{contact.email}}", None, None),
        ("  ", None, None),
        (None, None, None),
    ],
)
def test_a_title_is_made_fit_to_stand_in_a_sentence(
    title: str | None, shown: str | None, aloud: str | None
) -> None:
    """It comes from a web page and may hold anything."""
    assert quotable(title) == shown
    assert speakable(title) == aloud
