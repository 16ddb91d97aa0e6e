"""What whoever pressed a button is told, in their language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from lifecycle.model import Stage
from lifecycle.verdicts import decided, texts, waiting
from tests.lifecycle.letter_builders import DAY, EVIL, NOW, SHARED, standing


def test_an_acceptance_says_in_whose_name_it_was_given() -> None:
    """Whoever opens a colleague's letter sees for whom they decide."""
    found = decided(SHARED, standing(Stage.SAL, accepted_by="seller@example.com"), "Ann", "en")
    assert found.kind == "accepted"
    assert found.lines[0] == "You accepted Ann, in the name of seller@example.com."


def test_a_send_back_says_until_when_somebody_rests_and_who_hears() -> None:
    """A day that a person chose stands above the rest that the reason brings."""
    back = standing(Stage.RECYCLED, reason="timing", cool_until=NOW + 90 * DAY, hop="marketing")
    rests = decided(SHARED, back, "山田 花子", "ja")
    assert rests.kind == "sent_back"
    assert any("休止" in line for line in rests.lines)
    assert any("HubSpot" in line for line in rests.lines)
    chosen = decided(SHARED, replace(back, reactivate_on=date(2027, 4, 1)), "Ann", "en")
    assert "Look again on Thu 1 Apr 2027." in chosen.lines
    assert not any("Rests until" in line for line in chosen.lines)
    inside = decided(SHARED, replace(back, hop="is"), "Ann", "en")
    assert inside.lines[-1].startswith("Inside sales hears")


def test_a_reason_for_good_says_that_nobody_comes_back() -> None:
    """The page does not promise a rest that ends."""
    out = standing(Stage.DISQUALIFIED, reason="not_target", cool_until=NOW + DAY)
    found = decided(SHARED, out, "Ann", "en")
    assert found.kind == "put_out"
    assert not any("Rests" in line for line in found.lines)


def test_what_strangers_wrote_is_one_clean_line() -> None:
    """A comment steers nothing and links nowhere."""
    back = standing(Stage.RECYCLED, reason="timing", comment=EVIL)
    (line,) = [one for one in decided(SHARED, back, "Ann", "en").lines if "comment" in one]
    assert not re.search(r"[\r\n\u202e]|https://", line)


def test_every_sentence_is_there_in_both_languages_with_the_same_slots() -> None:
    """Nobody reads half a page in another language."""
    for one in sentences(texts()):
        assert one.keys() == {"en", "ja"}
        assert all(one.values())
        slots = [set(re.findall(r"{(\w+)}", text)) for text in one.values()]
        assert slots[0] == slots[1], one
    assert waiting("Ann", "ja").kind == "waits"


def sentences(found: dict[str, Any]) -> Iterator[dict[str, str]]:
    for value in found.values():
        if "en" in value:
            yield value
        else:
            yield from sentences(value)
