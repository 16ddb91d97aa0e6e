"""Whatever visitors, sellers, marketers and dying workers do: no illegal stage, and no verdict is lost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import randrange

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sync.verdict_machine import Verdicts

# Steps in one history, and histories in one go.
STEPS, HISTORIES = 51, 3
# By day and by night; `tests/conftest.py` names the profile.
ENOUGH, NIGHTLY = 300, 10_000


def search(histories: type[Verdicts], number: int) -> None:
    """Live through histories drawn from this number, the same ones every time."""
    run_state_machine_as_test(
        seed(number)(histories),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(3 * 3600)  # a night is longer than a day's tests may be
def test_any_history_of_hand_offs_ends_as_the_ledger_says(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """At least 300 steps, and 10,000 others with `--hypothesis-profile=nightly`."""
    is_night = settings().max_examples >= NIGHTLY
    wanted = NIGHTLY if is_night else ENOUGH
    first = randrange(10**9) if is_night else 0

    class Histories(Verdicts):
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
