"""What is counted of clocks, and that no clock is ever nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.clocks import (
    Attainment,
    attainment,
    latest,
    ring,
    sla_status,
    timers_after,
)
from lifecycle.definition import Definition
from lifecycle.model import Evidence, Role, Stage
from lifecycle.port import Timer
from tests.lifecycle.clock_builders import (
    HOUR,
    IS_FS,
    MINUTE,
    NOW,
    SHARED,
    entry,
    standing,
    started,
)

# Figures ------------------------------------------------------------------------------------------


def test_an_open_clock_that_is_late_is_a_breach() -> None:
    """To leave out those that nobody has answered would flatter exactly those who answer nobody."""
    timer = started("verdict", Stage.MQL)
    kept = timer._replace(stopped_at=NOW + HOUR)
    late = timer._replace(stopped_at=timer.due_at + MINUTE)
    later = timer.due_at + HOUR
    assert attainment([kept, late, timer], later) == Attainment(met=1, missed=2, open=0)
    assert attainment([kept, timer], NOW) == Attainment(met=1, missed=0, open=1)
    assert attainment([kept, late, timer], later).share == pytest.approx(1 / 3)
    assert attainment([timer], NOW).share is None


def test_the_status_of_a_person_is_that_of_the_most_urgent_clock() -> None:
    """Of those that run; else of the one that ended last. What machines and marketing owe is not sales'."""
    verdict, touch = started("verdict", Stage.MQL), started("first_touch", Stage.MQL)
    assert sla_status([], NOW) == "none"
    assert sla_status([verdict, touch], NOW) == "on_time"
    assert sla_status([verdict, touch._replace(step=1)], NOW) == "at_risk"
    assert sla_status([verdict, touch], NOW + 2 * HOUR) == "overdue"
    ended = [verdict._replace(stopped_at=NOW), touch._replace(stopped_at=NOW + 3 * HOUR)]
    assert sla_status(ended, NOW + 4 * HOUR) == "missed"
    assert sla_status([started("write_back", Stage.RECYCLED)], NOW + HOUR) == "none"
    assert latest([touch, verdict], "first_touch") == touch


# Whatever happens ---------------------------------------------------------------------------------

STAGES = st.lists(st.sampled_from(list(Stage)), min_size=1, max_size=12)


@given(STAGES, st.booleans(), st.sampled_from([SHARED, IS_FS]))
def test_no_clock_is_nobodys_and_none_outlives_its_stage(
    stages: list[Stage], hard: bool, by: Definition
) -> None:
    """Whatever way somebody goes: every clock that runs has an owner, and watches where they stand."""
    running: dict[tuple[object, ...], Timer] = {}
    for number, stage in enumerate(stages, 1):
        at = NOW + number * HOUR
        found = timers_after(
            by,
            standing(Stage.LEAD, number - 1),
            [entry(stage, number, at, handed_to=None, role=Role.RULE)],
            Evidence(hard_at=at) if hard else None,
            running.values(),
        )
        running |= {one[:3]: one for one in found}
        running = {key: one for key, one in running.items() if one.stopped_at is None}
        for timer in running.values():
            assert timer.owner
            assert timer.started_at <= timer.due_at
            over = ring(by, timer, standing(stage, number), timer.started_at)
            assert over is None, (timer, stage)
