"""Whatever people and systems do to records: both sides end up in line, and nobody's word is lost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import randrange

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sync.life_machine import Life

# Steps in one history, and histories in one go.
STEPS, HISTORIES = 40, 14
# As many parts, so that machines with several cores share them.
PARTS = range(2)
# By day and by night; `tests/conftest.py` names the profile.
ENOUGH, NIGHTLY = 1_000, 10_000


def search(histories: type[Life], number: int, *, how_many: int = HISTORIES) -> None:
    """Live through histories drawn from this number, the same ones every time."""
    run_state_machine_as_test(
        seed(number)(histories),
        settings=settings(
            max_examples=how_many,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(3 * 3600)  # a night is longer than a day's tests may be
@pytest.mark.parametrize("part", PARTS)
def test_any_history_ends_in_line(
    tmp_path: Path, part: int, record_property: Callable[[str, object], None]
) -> None:
    """At least 1,000 steps altogether, and 10,000 others with `--hypothesis-profile=nightly`."""
    is_night = settings().max_examples >= NIGHTLY
    wanted = (NIGHTLY if is_night else ENOUGH) // len(PARTS)
    first = randrange(10**9) if is_night else part * 100

    class Histories(Life):
        folder = tmp_path
        steps = 0

    record_property("numbers from", first)
    for number in count(first):
        if Histories.steps >= wanted:
            break
        try:
            search(Histories, number)
        except BaseException as error:
            error.add_note(f"found in the histories of number {number}")
            raise
    record_property("steps", Histories.steps)
    assert Histories.steps >= wanted
