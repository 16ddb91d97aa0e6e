"""Which half-life tells who comes back."""

from __future__ import annotations

from random import Random

import pytest

from intent.learning.half_life import Dated, study
from intent.learning.outcomes import NotEnough
from intent.model import DAY


def visits(people: int, days: int, dice: Random) -> list[Dated]:
    """People who are keen for weeks and then lose interest: old visits say little."""
    found = []
    for n in range(people):
        begin, keen = dice.randrange(days), dice.randrange(5, 40)
        found += [
            Dated(f"p{n}", day * DAY + dice.randrange(DAY))
            for day in range(begin, min(begin + keen, days))
            if dice.random() < 0.4
        ]
    return found


def test_where_interest_fades_a_fading_sum_beats_a_count() -> None:
    """And the best half-life is of the order of the time that interest lasts."""
    found = study(visits(600, 200, Random(5)), half_lives=(3, 14, 180), cuts=3)
    assert [cut.known for cut in found.cuts] == sorted(cut.known for cut in found.cuts)
    assert found.mean[found.best] > found.mean["count of all"] + 0.05
    assert found.best in {"half-life 3 d", "half-life 14 d"}
    assert list(found.mean)[:3] == ["count of all", "recency", "count of 30 days"]


def test_events_of_a_short_time_teach_no_half_life() -> None:
    """Nor do none."""
    with pytest.raises(NotEnough, match="span 20 days"):
        study(visits(50, 21, Random(5)))
    with pytest.raises(NotEnough, match="no events"):
        study([])


def test_where_hardly_anybody_returns_nothing_is_told() -> None:
    """An AUC of five people is a guess."""
    once = [Dated(f"p{n}", n * DAY) for n in range(100)]
    with pytest.raises(NotEnough, match="came back"):
        study(once)
