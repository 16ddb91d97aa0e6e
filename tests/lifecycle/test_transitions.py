"""The first half of the table: from nobody to an opportunity, and out of the hands of sales again."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from lifecycle.definition import Preset
from lifecycle.machine import decide
from lifecycle.model import Evidence, Refusal, Role, Stage
from tests.lifecycle.builders import (
    ACTORS,
    ANN_SELLS,
    DAY,
    HOUR,
    NOW,
    OWNER,
    PRESETS,
    after,
    around,
    definition,
    entered,
    gate,
    raised,
    refused,
    request,
    standing,
)

both = pytest.mark.parametrize("preset", PRESETS)
LATER = NOW + HOUR
BLANK = gate()


def test_t1_known_becomes_a_lead_who_can_be_contacted() -> None:
    """By a rule or by marketing; nobody whose address or company is unknown."""
    where = standing(Stage.KNOWN)
    for role in (Role.RULE, Role.MARKETING):
        [entry] = entered(where, request(Stage.LEAD, role))
        assert (entry.transition, entry.previous, entry.number, entry.cycle) == ("T1", None, 1, 1)
    why = refused(where, request(Stage.LEAD, Role.RULE), around(contactable=False))
    assert (why.code, why.words["lacks"]) == ("no_evidence", "contactable")
    assert refused(where, request(Stage.LEAD, Role.SALES)).code == "role"


def test_t2_a_lead_becomes_an_mql_by_the_definition() -> None:
    """With the rules that hold, the evidence, and somebody who gets it."""
    asked = request(Stage.MQL, Role.RULE, handed_to=ANN_SELLS, at=LATER)
    [entry] = entered(standing(Stage.LEAD), asked)
    assert (entry.transition, entry.stage, entry.cycle) == ("T2", Stage.MQL, 1)
    assert (entry.rules, entry.evidence) == (("score",), ("e1", "e2"))
    assert (entry.handed_to, entry.definition) == (ANN_SELLS, "qualified_lead v1")
    where = after(standing(Stage.LEAD), [entry])
    assert (where.verdict, where.handed_to, where.is_returned) == ("pending", ANN_SELLS, False)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"rules": ()}, "not_qualified"),
        ({"consent": False}, "no_consent"),
        ({"exclusions": ("employee",)}, "excluded"),
        ({"gate": BLANK, "evidence": Evidence(items=1, days=1)}, "gate"),
    ],
)
def test_t2_asks_for_rule_consent_exclusions_and_gate(missing: dict[str, Any], code: str) -> None:
    """Each of them alone holds a lead back."""
    asked = request(Stage.MQL, Role.RULE)
    assert refused(standing(Stage.LEAD), asked, around(**missing)).code == code


def test_t2_marketing_hands_over_by_hand_only_with_words() -> None:
    """Who says why stands in for the rule and the gate; nobody stands in for consent or exclusions."""
    where, bare = standing(Stage.LEAD), around(rules=(), gate=BLANK, evidence=Evidence())
    assert refused(where, request(Stage.MQL, Role.MARKETING), bare).code == "no_reason"
    asked = request(Stage.MQL, Role.MARKETING, comment="met at the fair")
    [entry] = entered(where, asked, bare)
    assert (entry.transition, entry.comment, entry.handed_to) == ("T2", "met at the fair", OWNER)
    assert refused(where, asked, around(consent=False)).code == "no_consent"
    assert refused(where, asked, around(exclusions=("employee",))).code == "excluded"


def test_t2_a_raised_hand_passes_the_gate() -> None:
    """There the gate only informs."""
    bare = around(gate=BLANK, evidence=raised(NOW), rules=("hand_raise",))
    [entry] = entered(standing(Stage.LEAD), request(Stage.MQL, Role.RULE), bare)
    assert entry.rules == ("hand_raise",)


@pytest.mark.parametrize(("preset", "source"), [("waterfall", Stage.MQL), ("jp_is_fs", Stage.SQL)])
def test_t3_sales_accepts(preset: Preset, source: Stage) -> None:
    """After the hand-over, or after inside sales judged it worth tossing up."""
    where = standing(source, preset)
    [entry] = entered(where, request(Stage.SAL, Role.SALES, at=LATER), preset=preset)
    assert (entry.transition, entry.previous) == ("T3", source)
    now = after(where, [entry])
    assert (now.stage, now.verdict) == (Stage.SAL, "accept")
    assert (
        refused(where, request(Stage.SAL, Role.MARKETING, at=LATER), preset=preset).code == "role"
    )
    assert refused(where, request(Stage.SAL, Role.RULE, at=LATER), preset=preset).code == "role"


def test_t3_inside_sales_accepts_only_what_is_handed_to_it() -> None:
    """In the Japanese order the acceptance is field sales' own."""
    asked = request(Stage.SAL, Role.INSIDE_SALES, at=LATER)
    [entry] = entered(standing(Stage.MQL), asked)
    assert after(standing(Stage.MQL), [entry]).accepted_by == ACTORS[Role.INSIDE_SALES]
    assert refused(standing(Stage.SQL, "jp_is_fs"), asked, preset="jp_is_fs").code == "role"


@both
def test_t4_a_seller_sends_an_mql_back_with_a_reason(preset: Preset) -> None:
    """It rests with marketing, and the ledger knows why, who, how often and until when."""
    where = standing(Stage.MQL, preset)
    asked = request(
        Stage.RECYCLED, Role.SALES, reason="timing", sub_reason="来期", comment="April", at=LATER
    )
    [entry] = entered(where, asked, preset=preset)
    assert (entry.transition, entry.hop, entry.cycle) == ("T4", "marketing", 1)
    assert entry.cool_until == LATER + 90 * DAY
    now = after(where, [entry])
    assert (now.stage, now.verdict, now.reason, now.sub_reason) == (
        Stage.RECYCLED,
        "reject",
        "timing",
        "来期",
    )
    assert (now.recycle_count, now.recycled_at, now.recycled_by) == (1, LATER, ANN_SELLS)
    assert (now.rejected_by, dict(now.reasons)) == (ANN_SELLS, {"timing": 1})
    assert refused(where, request(Stage.RECYCLED, Role.SALES), preset=preset).code == "no_reason"
    by_marketing = request(Stage.RECYCLED, Role.MARKETING, reason="timing", at=LATER)
    assert refused(where, by_marketing, preset=preset).code == "role"


def test_t4_inside_sales_hands_on_to_marketing_what_field_sales_gave_back() -> None:
    """Two hops are one send-back: it counts once, and rests anew from the second."""
    first = standing(Stage.SAL, "jp_is_fs")
    back = request(Stage.RECYCLED, Role.SALES, reason="no_need", at=LATER)
    where = after(first, entered(first, back, preset="jp_is_fs"))
    assert (where.stage, where.hop, where.recycle_count) == (Stage.RECYCLED, "is", 1)
    on = request(Stage.RECYCLED, Role.INSIDE_SALES, reason="no_need", at=LATER + HOUR)
    [entry] = entered(where, on, preset="jp_is_fs")
    now = after(where, [entry])
    assert (entry.transition, entry.previous, now.hop) == ("T4", Stage.RECYCLED, "marketing")
    assert (now.recycle_count, dict(now.reasons)) == (1, {"no_need": 1})
    assert refused(now, on, preset="jp_is_fs").code == "overtaken"


@both
@pytest.mark.parametrize("role", [Role.INSIDE_SALES, Role.SALES, Role.MARKETING])
def test_t5_an_mql_is_put_out_for_a_hard_reason(preset: Preset, role: Role) -> None:
    """A soft one puts nobody out."""
    where = standing(Stage.MQL, preset)
    hard = request(Stage.DISQUALIFIED, role, reason="not_target", at=LATER)
    [entry] = entered(where, hard, preset=preset)
    assert (entry.transition, entry.reason) == ("T5", "not_target")
    soft = request(Stage.DISQUALIFIED, role, reason="timing", at=LATER)
    assert refused(where, soft, preset=preset).code == "wrong_class"
    bare = request(Stage.DISQUALIFIED, role, at=LATER)
    assert refused(where, bare, preset=preset).code == "no_reason"


@both
def test_t6_an_mql_that_nobody_saw_is_withdrawn_where_it_does_not_qualify(preset: Preset) -> None:
    """That is no rejection; a seller who saw it keeps it."""
    where, asked = standing(Stage.MQL, preset), request(Stage.LEAD, Role.RULE, at=LATER)
    [entry] = entered(where, asked, around(rules=()), preset)
    now = after(where, [entry])
    assert (entry.transition, now.stage, now.verdict, now.recycle_count) == (
        "T6",
        Stage.LEAD,
        None,
        0,
    )
    assert refused(where, asked, around(rules=(), seen=True), preset).code == "seen_by_sales"
    assert refused(where, asked, around(), preset).code == "no_evidence"
    [again] = entered(now, request(Stage.MQL, Role.RULE, at=LATER + HOUR), preset=preset)
    assert again.cycle == 1


@both
def test_t7_what_nobody_worked_goes_back_by_the_rule_alone(preset: Preset) -> None:
    """Only after the timer and its ladder, and to nobody's blame but sales'."""
    where = standing(Stage.MQL, preset)
    asked = request(Stage.RECYCLED, Role.RULE, reason="not_worked", at=LATER)
    [entry] = entered(where, asked, preset=preset)
    now = after(where, [entry])
    assert (entry.transition, now.verdict, now.rejected_by) == ("T7", None, ANN_SELLS)
    assert entry.cool_until == LATER
    early = refused(where, asked, around(verdict_expired=False), preset)
    assert (early.code, early.words["lacks"]) == ("no_evidence", "accept_timer")
    by_hand = request(Stage.RECYCLED, Role.SALES, reason="not_worked", at=LATER)
    assert refused(where, by_hand, preset=preset).code == "role"
    other = request(Stage.RECYCLED, Role.RULE, reason="timing", at=LATER)
    assert refused(where, other, preset=preset).code == "role"


@pytest.mark.parametrize(("preset", "source"), [("waterfall", Stage.SAL), ("jp_is_fs", Stage.MQL)])
def test_t8_a_talk_and_the_gate_make_an_sql(preset: Preset, source: Stage) -> None:
    """The problem, the next step, and two things more have to be known."""
    where, asked = standing(source, preset), request(Stage.SQL, Role.INSIDE_SALES, at=LATER)
    [entry] = entered(where, asked, preset=preset)
    assert (entry.transition, entry.previous) == ("T8", source)
    silent = refused(where, asked, around(talked_at=None), preset)
    assert (silent.code, silent.words["lacks"]) == ("no_evidence", "meeting")
    vague = refused(where, asked, around(gate=gate("need_problem", "budget")), preset)
    assert vague.code == "gate"
    assert vague.words["missing"] == "next_step, timeframe, decision_maker, authority"
    assert refused(where, request(Stage.SQL, Role.MARKETING), preset=preset).code == "role"


@both
@pytest.mark.parametrize(("source", "row"), [(Stage.SAL, "T9"), (Stage.SQL, "T11")])
def test_t9_and_t11_lead_out_of_the_hands_of_sales(preset: Preset, source: Stage, row: str) -> None:
    """Back with a soft reason, out with a hard one; of the second step field sales alone decides."""
    where = standing(source, preset)
    order = definition(preset).order
    for role, to, code in product(
        (Role.SALES, Role.INSIDE_SALES, Role.MARKETING),
        (Stage.RECYCLED, Stage.DISQUALIFIED),
        ("no_budget", "competitor_person", None),
    ):
        found = decide(
            where, request(to, role, reason=code, at=LATER), around(LATER), definition(preset)
        )
        may = role is Role.SALES or (role is Role.INSIDE_SALES and source is order[3])
        if code is None:
            assert isinstance(found, Refusal)
            assert found.code == "no_reason"
        elif code == "no_budget" and to is Stage.DISQUALIFIED:
            assert isinstance(found, Refusal)
            assert found.code == "wrong_class"
        elif not may:
            assert isinstance(found, Refusal)
            assert found.code == "role"
        else:
            assert not isinstance(found, Refusal)
            kind = Stage.RECYCLED if code == "no_budget" else Stage.DISQUALIFIED
            assert [(one.transition, one.stage) for one in found] == [(row, kind)]


@pytest.mark.parametrize(("preset", "hop"), [("waterfall", "marketing"), ("jp_is_fs", "is")])
@pytest.mark.parametrize("source", [Stage.SAL, Stage.SQL])
def test_t9_and_t11_go_back_one_hop(preset: Preset, hop: str, source: Stage) -> None:
    """To inside sales where these judged first, unless the seller says where to."""
    where = standing(source, preset)
    asked = request(Stage.RECYCLED, Role.SALES, reason="timing", at=LATER)
    assert entered(where, asked, preset=preset)[0].hop == hop
    other = request(Stage.RECYCLED, Role.SALES, reason="timing", hop="marketing", at=LATER)
    assert entered(where, other, preset=preset)[0].hop == "marketing"


@pytest.mark.parametrize(("preset", "source"), [("waterfall", Stage.SQL), ("jp_is_fs", Stage.SAL)])
@pytest.mark.parametrize("role", [Role.SALES, Role.RULE])
def test_t10_an_opportunity_with_this_person_on_it(
    preset: Preset, source: Stage, role: Role
) -> None:
    """It has to exist, to name the person, and to be about something."""
    where, asked = standing(source, preset), request(Stage.OPPORTUNITY, role, at=LATER)
    [entry] = entered(where, asked, preset=preset)
    assert (entry.transition, entry.opportunity, entry.previous) == ("T10", "006A", source)
    assert after(where, [entry]).opportunity == "006A"
    for missing, lacks in (
        ({"opportunity": None}, "opportunity"),
        ({"has_contact_role": False}, "contact_role"),
    ):
        assert refused(where, asked, around(**missing), preset).words["lacks"] == lacks
    assert refused(where, asked, around(gate=gate("need_problem")), preset).code == "gate"
