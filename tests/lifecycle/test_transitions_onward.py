"""The second half of the table: outcomes, the ways back, the fast path, erasure; and the table as a whole."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from lifecycle.definition import Preset
from lifecycle.guards import GUARDS
from lifecycle.machine import decide
from lifecycle.model import Evidence, Refusal, Role, Stage
from lifecycle.transitions import rows, skipped, transitions
from tests.lifecycle.builders import (
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
    gate,
    interested,
    raised,
    refused,
    request,
    standing,
)

both = pytest.mark.parametrize("preset", PRESETS)
LATER = NOW + HOUR
BLANK = gate()


@both
def test_t12_a_won_opportunity_makes_a_customer(preset: Preset) -> None:
    """By what Salesforce says, and by nobody's word."""
    where = standing(Stage.OPPORTUNITY, preset)
    asked = request(Stage.CUSTOMER, Role.RULE, at=LATER)
    [entry] = entered(where, asked, around(outcome="won"), preset)
    assert (entry.transition, entry.opportunity) == ("T12", "006A")
    assert refused(where, asked, around(), preset).words["lacks"] == "won"
    assert refused(where, request(Stage.CUSTOMER, Role.SALES), around(), preset).code == "role"


@both
@pytest.mark.parametrize("role", [Role.RULE, Role.SALES])
def test_t13_a_lost_opportunity_goes_back_with_its_reason(preset: Preset, role: Role) -> None:
    """Lost is no resting place; an open one is not lost."""
    where = standing(Stage.OPPORTUNITY, preset)
    asked = request(Stage.RECYCLED, role, reason="lost_price", at=LATER)
    lost = around(outcome="lost")
    [entry] = entered(where, asked, lost, preset)
    assert (entry.transition, entry.opportunity) == ("T13", "006A")
    assert entry.cool_until == LATER + 180 * DAY
    assert refused(where, asked, around(), preset).words["lacks"] == "lost"
    assert refused(where, request(Stage.RECYCLED, role, at=LATER), lost, preset).code == "no_reason"


@both
def test_t14_sales_puts_out_whom_an_opportunity_showed_to_be_wrong(preset: Preset) -> None:
    """For a hard reason, also where they only close it as lost."""
    where = standing(Stage.OPPORTUNITY, preset)
    for to in (Stage.DISQUALIFIED, Stage.RECYCLED):
        asked = request(to, Role.SALES, reason="competitor_person", at=LATER)
        [entry] = entered(where, asked, around(outcome="lost"), preset)
        assert (entry.transition, entry.stage) == ("T14", Stage.DISQUALIFIED)
    by_rule = request(Stage.DISQUALIFIED, Role.RULE, reason="competitor_person", at=LATER)
    assert refused(where, by_rule, preset=preset).code == "role"


@both
def test_t15_who_was_sent_back_returns_in_a_new_cycle(preset: Preset) -> None:
    """After the cool-off, on what happened since, with the reason before still to be seen."""
    where, then = standing(Stage.RECYCLED, preset), NOW + 91 * DAY
    asked = request(Stage.MQL, Role.RULE, at=then, handed_to=BEN_SELLS)
    since = around(then, evidence=interested(then, surge_at=then - DAY))
    [entry] = entered(where, asked, since, preset)
    now = after(where, [entry])
    assert (entry.transition, entry.cycle, entry.trigger) == ("T15", 2, "surge")
    assert (now.is_returned, now.reason, now.recycle_count) == (True, "timing", 1)
    assert (now.reactivated_at, now.handed_to, now.verdict) == (then, BEN_SELLS, "pending")


@pytest.mark.parametrize(
    ("days", "more", "code"),
    [
        (30, {}, "cooling_off"),
        (91, {"rules": ()}, "not_qualified"),
        (91, {"evidence": interested(NOW - DAY, surge_at=NOW - DAY)}, "not_qualified"),
        (91, {"consent": False}, "no_consent"),
        (91, {"exclusions": ("employee",)}, "excluded"),
        (91, {"gate": BLANK, "evidence": interested(NOW + 90 * DAY, items=1, days=1)}, "gate"),
    ],
)
def test_t15_needs_rest_and_something_new(days: int, more: dict[str, Any], code: str) -> None:
    """Old interest, missing consent or an unfinished cool-off bring nobody back."""
    then = NOW + days * DAY
    asked = request(Stage.MQL, Role.RULE, at=then)
    assert refused(standing(Stage.RECYCLED), asked, around(then, **more)).code == code


@pytest.mark.parametrize("role", [Role.RULE, Role.MARKETING, Role.SALES])
def test_t15_a_raised_hand_ends_every_cool_off(role: Role) -> None:
    """One that was raised before the send-back does not."""
    then = NOW + DAY
    asked = request(Stage.MQL, role, at=then, comment="asked for a demo")
    [entry] = entered(standing(Stage.RECYCLED), asked, around(then, evidence=raised(then)))
    assert (entry.trigger, entry.cycle) == ("hand_raise", 2)
    old = around(then, evidence=raised(NOW - HOUR))
    assert refused(standing(Stage.RECYCLED), asked, old).code == "cooling_off"


@pytest.mark.parametrize("role", [Role.MARKETING, Role.INSIDE_SALES, Role.SALES])
def test_t15_people_bring_back_with_words_and_after_the_rest(role: Role) -> None:
    """By hand, and not by any rule; nobody's word ends a cool-off."""
    where, then = standing(Stage.RECYCLED), NOW + 91 * DAY
    bare = around(then, rules=(), evidence=Evidence(), gate=BLANK)
    told = request(Stage.MQL, role, at=then, comment="new budget", handed_to=BEN_SELLS)
    [entry] = entered(where, told, bare)
    assert (entry.trigger, entry.rules) == ("by_hand", ())
    assert refused(where, request(Stage.MQL, role, at=then), bare).code == "no_reason"
    early = request(Stage.MQL, role, at=NOW + DAY, comment="new budget")
    assert refused(where, early, around(NOW + DAY)).code == "cooling_off"


@both
def test_t16_too_many_recycles_put_out(preset: Preset) -> None:
    """At once with the one too many; later by retention; not before."""
    where = standing(Stage.RECYCLED, preset)
    asked = request(Stage.DISQUALIFIED, Role.RULE, at=LATER)
    assert refused(where, asked, preset=preset).words["lacks"] == "recycles"
    [entry] = entered(where, asked, around(retention_over=True), preset)
    assert (entry.transition, entry.reason) == ("T16", "timing")
    by_sales = request(Stage.DISQUALIFIED, Role.SALES, at=LATER)
    assert refused(where, by_sales, preset=preset).code == "role"
    at = NOW
    for _ in range(3):
        at += DAY
        back = request(Stage.MQL, Role.RULE, at=at, handed_to=BEN_SELLS)
        where = after(where, entered(where, back, around(at, evidence=raised(at)), preset))
        at += DAY
        gone = request(Stage.RECYCLED, Role.SALES, at=at, reason="timing")
        found = entered(where, gone, around(at), preset)
        where = after(where, found)
    assert [one.transition for one in found] == ["T4", "T16"]
    assert (found[1].role, found[1].number) == (Role.RULE, found[0].number + 1)
    assert (where.stage, where.recycle_count, where.cycle) == (Stage.DISQUALIFIED, 4, 4)


@both
def test_t17_a_customer_is_a_lead_again_for_something_else(preset: Preset) -> None:
    """A new cycle of the same person, by the rules for customers; with consent, like anybody."""
    where = standing(Stage.CUSTOMER, preset)
    asked = request(Stage.MQL, Role.RULE, at=LATER)
    [entry] = entered(where, asked, preset=preset)
    assert (entry.transition, entry.cycle, entry.rules) == ("T17", 2, ("more",))
    assert after(where, [entry]).opportunity is None
    assert refused(where, asked, around(customer_rules=()), preset).code == "not_qualified"
    assert refused(where, asked, around(consent=False), preset).code == "no_consent"
    assert refused(where, request(Stage.MQL, Role.MARKETING), preset=preset).code == "role"


@both
def test_t18_who_was_put_out_is_a_lead_again_when_that_changed(preset: Preset) -> None:
    """A rule sees corrected data; everything else is for people, in words. The next MQL is a new cycle."""
    where = standing(Stage.DISQUALIFIED, preset)
    asked = request(Stage.LEAD, Role.RULE, at=LATER)
    [entry] = entered(where, asked, preset=preset)
    assert entry.transition == "T18"
    assert refused(where, asked, around(corrected=False), preset).words["lacks"] == "correction"
    now = after(where, [entry])
    assert (now.stage, now.reason) == (Stage.LEAD, None)
    [again] = entered(now, request(Stage.MQL, Role.RULE, at=LATER + HOUR), preset=preset)
    assert again.cycle == 2
    other = standing(Stage.DISQUALIFIED, preset, reason="not_target")
    assert refused(other, asked, preset=preset).code == "role"
    by_hand = request(Stage.LEAD, Role.REVOPS, at=LATER)
    assert refused(other, by_hand, preset=preset).code == "no_reason"
    told = request(Stage.LEAD, Role.REVOPS, at=LATER, comment="a subsidiary of a customer")
    assert entered(other, told, preset=preset)[0].stage is Stage.LEAD


def test_t18_who_did_not_want_to_be_contacted_has_to_say_yes_afresh() -> None:
    """Nobody's word replaces it, and no yes from before."""
    where = standing(Stage.DISQUALIFIED, reason="do_not_contact")
    told = request(Stage.LEAD, Role.REVOPS, at=LATER, comment="they called us")
    assert entered(where, told, around(LATER, opted_in_at=LATER))[0].transition == "T18"
    for more in ({"opted_in_at": NOW - DAY}, {"opted_in_at": None}, {"consent": False}):
        assert refused(where, told, around(LATER, **more)).code == "no_consent"


@both
@pytest.mark.parametrize("source", [Stage.LEAD, Stage.MQL])
def test_t19_a_seller_goes_straight_to_an_opportunity(preset: Preset, source: Stage) -> None:
    """The stages between are entered at the same time and say that they were skipped."""
    where, asked = standing(source, preset), request(Stage.OPPORTUNITY, Role.SALES, at=LATER)
    found = entered(where, asked, preset=preset)
    passed = skipped(preset, source)
    assert [one.stage for one in found] == [*passed, Stage.OPPORTUNITY]
    assert [one.skipped for one in found] == [True] * len(passed) + [False]
    assert {(one.transition, one.entered_at, one.request_id) for one in found} == {
        ("T19", LATER, asked.id)
    }
    assert [one.number for one in found] == [where.number + n + 1 for n in range(len(found))]
    assert [one.previous for one in found] == [source, *passed]
    now = after(where, found)
    assert (now.stage, now.opportunity, now.accepted_by) == (Stage.OPPORTUNITY, "006A", ANN_SELLS)
    assert refused(where, asked, around(opportunity=None), preset).words["lacks"] == "opportunity"
    by_marketing = request(Stage.OPPORTUNITY, Role.MARKETING, at=LATER)
    assert refused(where, by_marketing, preset=preset).code == "role"


@both
@pytest.mark.parametrize("source", [stage for stage in Stage if stage is not Stage.ERASED])
def test_t20_anybody_is_erased_from_anywhere(preset: Preset, source: Stage) -> None:
    """By the job for it alone, even where it was asked before the last turn; nothing follows."""
    where = standing(source, preset)
    asked = request(Stage.ERASED, Role.PRIVACY, at=NOW - 9 * DAY, comment="ticket 7")
    [entry] = entered(where, asked, preset=preset)
    assert (entry.transition, entry.comment, entry.reason) == ("T20", None, None)
    assert refused(where, request(Stage.ERASED, Role.REVOPS), preset=preset).code == "role"
    gone = after(where, [entry])
    for to, role in product(Stage, Role):
        later = request(to, role, at=LATER, reason="timing", comment="x")
        assert refused(gone, later, preset=preset).code in ("illegal", "overtaken")


@both
def test_whatever_stands_in_no_row_is_illegal(preset: Preset) -> None:
    """Every pair of stages and every role, with all guards held: an entry by a row, or a refusal."""
    for source, to, role in product(Stage, Stage, Role):
        hop = {"hop": "is"} if source is Stage.RECYCLED else {}
        where = standing(source, preset, **hop)
        code = _reason_to(source, to, role)
        asked = request(to, role, at=NOW + 999 * DAY, reason=code, comment="so")
        then = asked.at
        outcome = "lost" if to in (Stage.RECYCLED, Stage.DISQUALIFIED) else "won"
        rules = () if to is Stage.LEAD else ("score",)
        around_them = around(
            then, outcome=outcome, rules=rules, evidence=raised(then), retention_over=True
        )
        found = decide(where, asked, around_them, definition(preset))
        may = [row for row in rows(preset, source, to) if role in row.roles]
        if isinstance(found, Refusal):
            assert not may, (source, to, role, found)
            assert found.code != "illegal" or not rows(preset, source, to)
        else:
            assert may, (source, to, role)
            assert {one.transition for one in found} == {may[0].id}


def _reason_to(source: Stage, to: Stage, role: Role) -> str | None:
    if to is Stage.RECYCLED:
        is_timer = role is Role.RULE and source is Stage.MQL
        return "not_worked" if is_timer else "timing"
    return "bad_data" if to is Stage.DISQUALIFIED else None


@both
def test_the_table_is_whole(preset: Preset) -> None:
    """T1 to T20 are all there, each guard is known, and no two rows are for the same person and way."""
    table = transitions(preset)
    assert list(dict.fromkeys(row.id for row in table)) == [f"T{n}" for n in range(1, 21)]
    assert {guard for row in table for guard in row.guards} <= set(GUARDS)
    ways = [(row.source, row.to, role) for row in table for role in row.roles]
    assert len(ways) == len(set(ways))
