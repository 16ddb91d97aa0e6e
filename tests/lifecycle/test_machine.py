"""What people and systems ask that cannot be: each is refused with its reason, and nothing moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from lifecycle.definition import Preset
from lifecycle.machine import decide
from lifecycle.model import Entry, Evidence, Role, Stage, Standing
from lifecycle.situation import Situation
from lifecycle.standing import fold
from tests.lifecycle.builders import (
    ANN,
    ANN_SELLS,
    BEN_SELLS,
    DAY,
    HOUR,
    NOW,
    PRESETS,
    after,
    around,
    definition,
    entered,
    interested,
    raised,
    refused,
    request,
    standing,
)

LATER = NOW + HOUR
JST = timezone(timedelta(hours=9))


@pytest.mark.parametrize("stage", [Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY])
@pytest.mark.parametrize("to", [Stage.RECYCLED, Stage.DISQUALIFIED])
def test_a_reason_that_nobody_knows_is_refused(stage: Stage, to: Stage) -> None:
    """With the code as it came, so that the picklist can be put right."""
    asked = request(to, Role.SALES, reason="too_expensive", at=LATER)
    found = refused(standing(stage), asked, around(outcome="lost"))
    assert (found.code, found.words) == ("unknown_reason", {"reason": "too_expensive"})


@pytest.mark.parametrize("stage", [Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY])
@pytest.mark.parametrize("reason", [None, ""])
def test_a_send_back_without_a_reason_is_refused(stage: Stage, reason: str | None) -> None:
    """A comment is no reason."""
    asked = request(Stage.RECYCLED, Role.SALES, reason=reason, comment="no!", at=LATER)
    assert refused(standing(stage), asked, around(outcome="lost")).code == "no_reason"


def test_a_reason_nobody_knows_does_not_end_a_recycled_life_either() -> None:
    """There the last reason would do, but not an unknown one."""
    asked = request(Stage.DISQUALIFIED, Role.REVOPS, reason="bored", at=LATER)
    found = refused(standing(Stage.RECYCLED), asked, around(retention_over=True))
    assert found.code == "unknown_reason"


IMPOSSIBLE = [
    (Stage.KNOWN, Stage.CUSTOMER, ""),
    (Stage.LEAD, Stage.SQL, "opportunity"),
    (Stage.LEAD, Stage.RECYCLED, "opportunity"),
    (Stage.MQL, Stage.CUSTOMER, "sal, opportunity, recycled, disqualified"),
    (Stage.MQL, Stage.SQL, "sal, opportunity, recycled, disqualified"),
    (Stage.SQL, Stage.MQL, "opportunity, recycled, disqualified"),
    (Stage.OPPORTUNITY, Stage.LEAD, "recycled, disqualified"),
    (Stage.CUSTOMER, Stage.RECYCLED, ""),
    (Stage.DISQUALIFIED, Stage.SAL, ""),
]


@pytest.mark.parametrize(("stage", "to", "allowed"), IMPOSSIBLE)
def test_a_stage_set_by_hand_that_cannot_be_is_refused(
    stage: Stage, to: Stage, allowed: str
) -> None:
    """The answer says where somebody stands and what whoever asked could do instead, no rule's step."""
    asked = request(to, Role.SALES, reason="timing", comment="so", at=LATER, source="hubspot")
    found = refused(standing(stage), asked)
    assert (found.code, found.words) == ("illegal", {"to": to.value, "allowed": allowed})


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.KNOWN])
def test_a_stage_where_somebody_stands_already_is_no_news(stage: Stage) -> None:
    """An echo of our own write, or the same edit in the other system."""
    asked = request(stage, Role.SALES, reason="timing", comment="so", at=LATER)
    found = refused(standing(stage), asked)
    assert (found.code, found.words) == ("overtaken", {"stage": stage.value})


@pytest.mark.parametrize("to", [Stage.SAL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_lead_converted_while_in_cool_off_stays_at_rest(to: Stage, preset: Preset) -> None:
    """The answer says until when and why; afterwards the way leads over a hand-over, as for anybody."""
    where = standing(Stage.RECYCLED, preset)
    found = refused(where, request(to, Role.SALES, at=LATER), around(LATER), preset)
    assert found.code == "cooling_off"
    assert found.words == {"until": (NOW + 90 * DAY).isoformat(), "reason": "timing"}
    then = NOW + 91 * DAY
    rested = refused(where, request(to, Role.SALES, at=then), around(then), preset)
    assert (rested.code, rested.words["allowed"]) == (
        "illegal",
        "mql, recycled",
    )


def test_a_converted_lead_goes_on_where_a_hand_was_raised() -> None:
    """Its new cycle begins, and the seller's opportunity follows with what was skipped."""
    where, then = standing(Stage.RECYCLED), NOW + DAY
    back = request(Stage.MQL, Role.SALES, at=then, comment="called us", handed_to=ANN_SELLS)
    where = after(where, entered(where, back, around(then, evidence=raised(then))))
    found = entered(where, request(Stage.OPPORTUNITY, Role.SALES, at=then + HOUR))
    assert [(one.stage, one.cycle, one.skipped) for one in found] == [
        (Stage.SAL, 2, True),
        (Stage.SQL, 2, True),
        (Stage.OPPORTUNITY, 2, False),
    ]


@pytest.mark.parametrize("stage", [Stage.LEAD, Stage.RECYCLED, Stage.CUSTOMER])
@pytest.mark.parametrize("role", [Role.RULE, Role.MARKETING])
def test_an_opted_out_person_who_surges_stays_where_they_are(stage: Stage, role: Role) -> None:
    """Neither a surge nor a raised hand nor a marketer's word stands in for consent."""
    then = NOW + 91 * DAY
    asked = request(Stage.MQL, role, at=then, comment="hot")
    surging = raised(then)
    for evidence in (surging, interested(then, surge_at=then)):
        found = refused(standing(stage), asked, around(then, consent=False, evidence=evidence))
        assert found.code == (
            "role" if stage is Stage.CUSTOMER and role is not Role.RULE else "no_consent"
        )


def test_a_verdict_about_the_cycle_before_is_overtaken() -> None:
    """It was meant before the lead was sent back, or before it came back; nobody is judged by it now."""
    recycled, then = standing(Stage.RECYCLED), NOW + DAY
    old = request(Stage.MQL, Role.MARKETING, at=NOW - HOUR, comment="on my list")
    assert refused(recycled, old, around(LATER, evidence=raised(LATER))).code == "overtaken"
    back = request(Stage.MQL, Role.RULE, at=then, handed_to=BEN_SELLS)
    again = after(recycled, entered(recycled, back, around(then, evidence=raised(then))))
    late = request(Stage.RECYCLED, Role.SALES, at=LATER, reason="timing")
    found = refused(again, late)
    assert (found.code, found.words["at"]) == ("overtaken", LATER.isoformat())
    out = standing(Stage.DISQUALIFIED)
    assert refused(out, request(Stage.LEAD, Role.RULE, at=NOW - HOUR)).code == "overtaken"


def test_clocks_that_differ_turn_no_history_round() -> None:
    """A seller's clock that is late enters no stage before the one that came before it."""
    where = standing(Stage.MQL)
    slow = request(Stage.SAL, Role.SALES, at=NOW - timedelta(minutes=3))
    [entry] = entered(where, slow)
    assert (entry.entered_at, entry.observed_at) == (NOW, slow.observed_at)


def test_clocks_in_two_zones_are_one_time() -> None:
    """The same instant told in Tokyo and in UTC leads to the same standing."""
    where = standing(Stage.MQL)
    asked = request(Stage.RECYCLED, Role.SALES, id="r", reason="timing", at=LATER)
    tokyo = replace(asked, at=LATER.astimezone(JST), observed_at=asked.observed_at.astimezone(JST))
    assert entered(where, asked) == entered(where, tokyo)
    [entry] = entered(where, tokyo)
    assert entry.cool_until is not None
    assert entry.cool_until.utcoffset() == timedelta(0)


def test_everybody_who_is_handed_over_has_somebody() -> None:
    """The named seller, or the head of sales; who accepts has it; who goes past the hand-over too."""
    lead = standing(Stage.LEAD)
    [named] = entered(lead, request(Stage.MQL, Role.RULE, handed_to=BEN_SELLS))
    [unnamed] = entered(lead, request(Stage.MQL, Role.RULE))
    assert (named.handed_to, unnamed.handed_to) == (BEN_SELLS, definition().owners["sales"])
    passed = entered(lead, request(Stage.OPPORTUNITY, Role.SALES))
    assert passed[0].handed_to == ANN_SELLS


def test_every_decision_names_the_version_that_made_it() -> None:
    """Also where the definition changed on the way."""
    where = standing(Stage.MQL)
    newer = replace(definition(), version=8)
    found = decide(where, request(Stage.SAL, Role.SALES), around(), newer)
    assert isinstance(found, tuple)
    assert [one.definition for one in found] == ["qualified_lead v8"]


def test_a_definition_that_forbids_the_cool_off_itself_is_followed() -> None:
    """An exclusion that holds is not weighed: what both heads wrote stands."""
    then = NOW + DAY
    asked = request(Stage.MQL, Role.RULE, at=then)
    known = around(then, evidence=raised(then), exclusions=("in_cooloff",))
    found = refused(standing(Stage.RECYCLED), asked, known)
    assert (found.code, found.words["rules"]) == ("excluded", "in_cooloff")


def test_nothing_known_is_nothing_allowed() -> None:
    """A situation that nobody looked up lets no rule hand anybody over."""
    bare = Situation(now=LATER)
    for stage, to in (
        (Stage.KNOWN, Stage.LEAD),
        (Stage.LEAD, Stage.MQL),
        (Stage.CUSTOMER, Stage.MQL),
    ):
        assert refused(standing(stage), request(to, Role.RULE, at=LATER), bare).stood is stage
    assert bare.evidence == Evidence()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_whole_story_from_a_lead_over_a_send_back_to_a_customer(preset: Preset) -> None:
    """MQL, 差し戻し, a rest that no surge ends, 再活性化, SQL, won: two cycles of one person."""
    first, second = definition(preset).order[3:5]
    rested = NOW + 92 * DAY
    story: list[tuple[Stage, Role, datetime, dict[str, Any], Evidence, str | None]] = [
        (Stage.LEAD, Role.RULE, NOW, {}, interested(NOW), None),
        (Stage.MQL, Role.RULE, NOW, {"handed_to": ANN_SELLS}, interested(NOW), None),
        (Stage.RECYCLED, Role.SALES, LATER, {"reason": "timing"}, interested(NOW), None),
        (Stage.MQL, Role.RULE, NOW + DAY, {}, _surging(NOW + DAY), "cooling_off"),
        (Stage.MQL, Role.RULE, rested, {"handed_to": BEN_SELLS}, _surging(rested), None),
        (first, Role.INSIDE_SALES, rested + HOUR, {}, _surging(rested), None),
        (second, Role.SALES, rested + DAY, {}, _surging(rested), None),
        (Stage.OPPORTUNITY, Role.RULE, rested + 2 * DAY, {}, _surging(rested), None),
        (Stage.CUSTOMER, Role.RULE, rested + 30 * DAY, {}, _surging(rested), None),
    ]
    where, entries = Standing(subject=ANN), list[Entry]()
    for number, (to, role, at, said, evidence, code) in enumerate(story):
        asked = request(to, role, id=f"r{number}", at=at, **said)
        around_them = around(at, evidence=evidence, outcome="won")
        if code is not None:
            assert refused(where, asked, around_them, preset).code == code
            continue
        entries += entered(where, asked, around_them, preset)
        where = fold(entries)
    assert [(one.stage, one.cycle) for one in entries[1:]] == [
        (Stage.MQL, 1),
        (Stage.RECYCLED, 1),
        (Stage.MQL, 2),
        (first, 2),
        (second, 2),
        (Stage.OPPORTUNITY, 2),
        (Stage.CUSTOMER, 2),
    ]
    assert (where.is_returned, where.trigger, where.recycle_count) == (True, "surge", 1)
    assert (where.reason, where.rejected_by, where.handed_to) == ("timing", ANN_SELLS, BEN_SELLS)


def _surging(at: datetime) -> Evidence:
    return interested(at, surge_at=at)
