"""What native fields say: the seller's status follows stage and reason, HubSpot's stage never falls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.model import Entry, Stage
from lifecycle.projections import lead_status, native_stage
from lifecycle.standing import fold
from mappings.own_values import LEAD_STATUSES, NATIVE_STAGES
from tests.lifecycle.builders import (
    ANN,
    BOB,
    DAY,
    HOUR,
    NOW,
    PRESETS,
    definition,
    history,
    standing,
)

STATUSES = [
    (Stage.KNOWN, None),
    (Stage.LEAD, "NEW"),
    (Stage.MQL, "OPEN"),
    (Stage.SAL, "IN_PROGRESS"),
    (Stage.SQL, "CONNECTED"),
    (Stage.OPPORTUNITY, "OPEN_DEAL"),
    (Stage.CUSTOMER, None),
    (Stage.ERASED, None),
]
STAGES = [
    (Stage.KNOWN, "subscriber"),
    (Stage.LEAD, "lead"),
    (Stage.MQL, "marketingqualifiedlead"),
    (Stage.SAL, "marketingqualifiedlead"),
    (Stage.SQL, "salesqualifiedlead"),
    (Stage.OPPORTUNITY, "opportunity"),
    (Stage.CUSTOMER, "customer"),
    (Stage.RECYCLED, "marketingqualifiedlead"),
    (Stage.DISQUALIFIED, "marketingqualifiedlead"),
    (Stage.ERASED, None),
]
# The column of the domain sheet, section 2.7; what it leaves open is nobody's lead.
BY_REASON = {
    "no_response": "ATTEMPTED_TO_CONTACT",
    "timing": "BAD_TIMING",
    "no_budget": "BAD_TIMING",
    "no_authority": "UNQUALIFIED",
    "wrong_contact": "UNQUALIFIED",
    "competitor_locked": "BAD_TIMING",
    "no_need": "UNQUALIFIED",
    "incomplete_info": "OPEN",
    "no_show": "ATTEMPTED_TO_CONTACT",
    "not_worked": "NEW",
    "lost_price": "BAD_TIMING",
    "lost_competitor": "BAD_TIMING",
    "lost_no_decision": "BAD_TIMING",
    "not_target": "UNQUALIFIED",
    "bad_data": "UNQUALIFIED",
    "duplicate": "UNQUALIFIED",
    "student_job_vendor": "UNQUALIFIED",
    "competitor_person": "UNQUALIFIED",
    "existing_customer": "UNQUALIFIED",
    "partner": "UNQUALIFIED",
    "do_not_contact": "UNQUALIFIED",
}


@pytest.mark.parametrize(("stage", "told"), STATUSES)
def test_each_stage_has_its_status(stage: Stage, told: str | None) -> None:
    """Whoever is nobody's lead has none."""
    assert lead_status(standing(stage), definition()) == told


def test_every_reason_of_the_taxonomy_has_its_status() -> None:
    """Whoever was sent back or put out stands there with the code that the reason names."""
    shared = definition()
    back = {"recycle": Stage.RECYCLED}
    found = {
        code: lead_status(
            replace(standing(back.get(one.kind, Stage.DISQUALIFIED)), reason=code), shared
        )
        for code, one in shared.reasons.items()
    }
    assert found == BY_REASON
    assert {*found.values(), *(told for _, told in STATUSES)} - {None} == {*LEAD_STATUSES}


def test_an_own_reason_without_a_status_is_told_by_its_stage() -> None:
    """Not now, or not at all."""
    back = replace(standing(Stage.RECYCLED), reason="ours")
    out = replace(standing(Stage.DISQUALIFIED), reason="ours")
    found = [lead_status(one, definition()) for one in (back, out)]
    assert found == ["BAD_TIMING", "UNQUALIFIED"]


@pytest.mark.parametrize(("stage", "told"), STAGES)
def test_each_stage_has_its_place_in_hubspots_order(stage: Stage, told: str | None) -> None:
    """Whoever is sent back stays as far as they came."""
    assert native_stage(standing(stage)) == told


@pytest.mark.parametrize("stage", [Stage.SAL, Stage.SQL])
def test_where_sql_comes_first_it_is_sql_at_once(stage: Stage) -> None:
    """In the other order of the stages field sales accepts whom inside sales has qualified."""
    assert native_stage(standing(stage, "jp_is_fs")) == "salesqualifiedlead"


HISTORIES = st.builds(
    lambda stage, preset, days, who: history(stage, preset, at=NOW + days * DAY, who=who),
    st.sampled_from([one for one in Stage if one is not Stage.ERASED]),
    st.sampled_from(PRESETS),
    st.integers(0, 9),
    st.sampled_from([ANN, BOB]),
)


def rank(entries: tuple[Entry, ...]) -> int:
    return NATIVE_STAGES.index(native_stage(fold(entries, ANN)) or "")


@given(HISTORIES, HISTORIES)
@settings(max_examples=100, deadline=None)
def test_the_stage_never_falls_whatever_is_said_or_merged(
    mine: tuple[Entry, ...], others: tuple[Entry, ...]
) -> None:
    """No entry takes it back, and of two who turn out to be one the further one counts."""
    anns = tuple(replace(one, subject=ANN) for one in mine)
    bobs = tuple(replace(one, subject=BOB, entered_at=one.entered_at + HOUR) for one in others)
    ranks = [rank(anns[:count]) for count in range(len(anns) + 1)]
    assert ranks == sorted(ranks)
    alone = rank(tuple(replace(one, subject=ANN) for one in others))
    assert rank((*anns, *bobs)) == max(rank(anns), alone)
