"""Where somebody stands: entries folded, also those of two who turn out to be one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.model import Entry, Role, Stage, Standing
from lifecycle.standing import fold, set_aside, step
from tests.lifecycle.builders import (
    ANN,
    ANN_SELLS,
    BEN_SELLS,
    BOB,
    DAY,
    HOUR,
    INSIDE,
    NOW,
    after,
    around,
    entered,
    history,
    raised,
    refused,
    request,
    standing,
)


def merged(mine: tuple[Entry, ...], others: tuple[Entry, ...]) -> Standing:
    """Ann, after Bob turned out to be her."""
    return fold((*mine, *others), ANN)


def test_nobodys_entries_say_nothing() -> None:
    """Who has none is known, in the first cycle; without a name there is nobody."""
    assert fold((), ANN) == Standing(subject=ANN)
    with pytest.raises(ValueError, match="nobody"):
        fold(())


def test_entries_are_folded_in_their_order_however_they_come() -> None:
    """The number tells; the result is that of going along with them."""
    entries = history(Stage.RECYCLED)
    running = after(Standing(subject=ANN), entries)
    assert all(fold(some) == running for some in permutations(entries))
    assert (running.number, running.stage, running.previous) == (3, Stage.RECYCLED, Stage.MQL)
    assert (running.since, running.definition) == (NOW, "qualified_lead v1")


def test_a_way_to_the_customer_keeps_who_took_it() -> None:
    """The seller who accepted, the opportunity, and the verdict."""
    won = standing(Stage.CUSTOMER)
    assert (won.accepted_by, won.handed_to, won.opportunity) == (ANN_SELLS, ANN_SELLS, "006A")
    assert (won.verdict, won.cycle, won.recycle_count) == ("accept", 1, 0)


def test_a_new_cycle_starts_with_clean_hands_and_an_old_reason() -> None:
    """Nobody has accepted the lead that came back; how it was sent back is not forgotten."""
    where = standing(Stage.SAL)
    gone = request(Stage.RECYCLED, Role.SALES, reason="timing", comment="April", at=NOW + HOUR)
    where = after(where, entered(where, gone))
    assert (where.accepted_by, where.rejected_by) == (ANN_SELLS, ANN_SELLS)
    then = NOW + DAY
    back = request(Stage.MQL, Role.RULE, handed_to=BEN_SELLS, at=then)
    now = after(where, entered(where, back, around(then, evidence=raised(then))))
    assert (now.accepted_by, now.handed_to, now.opportunity) == (None, BEN_SELLS, None)
    assert (now.reason, now.comment, now.recycled_at) == ("timing", "April", NOW + HOUR)
    lost = request(Stage.RECYCLED, Role.INSIDE_SALES, reason="no_show", at=then + HOUR)
    again = after(now, entered(now, lost))
    assert (again.is_returned, again.recycle_count) == (False, 2)
    assert dict(again.reasons) == {"timing": 1, "no_show": 1}
    assert again.rejected_by == INSIDE


def test_who_sent_a_lead_back_is_kept_through_what_follows_from_it() -> None:
    """The end after too many recycles is nobody's rejection; nor is a marketer's word a seller's."""
    where = replace(standing(Stage.MQL), recycle_count=3)
    asked = request(Stage.RECYCLED, Role.INSIDE_SALES, reason="no_show", comment="twice", at=NOW)
    now = after(where, entered(where, asked))
    assert (now.stage, now.reason, now.comment) == (Stage.DISQUALIFIED, "no_show", "twice")
    assert (now.rejected_by, now.recycled_by, now.recycle_count) == (INSIDE, INSIDE, 4)
    by_marketing = request(Stage.DISQUALIFIED, Role.MARKETING, reason="competitor_person", at=NOW)
    out = after(standing(Stage.MQL), entered(standing(Stage.MQL), by_marketing))
    assert (out.rejected_by, out.verdict, out.reason) == (None, None, "competitor_person")


# Two who turn out to be one ---------------------------------------------------------------------------

# Where both stood, and since when, in hours from `NOW`; which of the two stands, by the strength of its word.
MERGES = [
    (Stage.LEAD, -9, Stage.MQL, -5, Stage.MQL),
    (Stage.SAL, -9, Stage.LEAD, -1, Stage.SAL),
    (Stage.SAL, -9, Stage.MQL, -1, Stage.SAL),
    (Stage.SQL, -9, Stage.SAL, -1, Stage.SAL),
    (Stage.RECYCLED, -9, Stage.MQL, -1, Stage.RECYCLED),
    (Stage.RECYCLED, -9, Stage.LEAD, -1, Stage.RECYCLED),
    (Stage.RECYCLED, -9, Stage.SAL, -1, Stage.SAL),
    (Stage.SAL, -9, Stage.RECYCLED, -1, Stage.RECYCLED),
    (Stage.DISQUALIFIED, -9, Stage.MQL, -1, Stage.DISQUALIFIED),
    (Stage.DISQUALIFIED, -9, Stage.OPPORTUNITY, -1, Stage.OPPORTUNITY),
    (Stage.CUSTOMER, -9, Stage.DISQUALIFIED, -1, Stage.CUSTOMER),
    (Stage.DISQUALIFIED, -9, Stage.CUSTOMER, -1, Stage.CUSTOMER),
    (Stage.CUSTOMER, -9, Stage.RECYCLED, -1, Stage.CUSTOMER),
    (Stage.ERASED, -9, Stage.CUSTOMER, -1, Stage.ERASED),
]


@pytest.mark.parametrize(("mine", "since", "others", "later", "stands"), MERGES)
def test_the_stronger_word_stands_and_of_two_judgements_the_later(
    mine: Stage, since: int, others: Stage, later: int, stands: Stage
) -> None:
    """No merge wakes a lead that was sent back, and none takes a lead out of a seller's hands by a rule."""
    anns = history(mine, at=NOW + since * HOUR)
    bobs = history(others, at=NOW + later * HOUR, who=BOB)
    found = merged(anns, bobs)
    assert found.stage is stands
    assert found.subject == ANN
    assert found.number == len(anns) + len(bobs)
    other = fold((*anns, *bobs), BOB)
    assert other.stage is stands


def test_what_a_merge_did_not_follow_is_told_with_its_reason() -> None:
    """For the page that shows somebody's life."""
    anns, bobs = history(Stage.SAL), history(Stage.LEAD, who=BOB, at=NOW + HOUR)
    [aside] = set_aside((*anns, *bobs), ANN)
    assert (aside.entry, aside.stood, aside.why) == (bobs[0], Stage.SAL, "weaker")
    assert set_aside(anns, ANN) == ()


def test_recycles_and_reasons_of_both_count() -> None:
    """And the cycle is never lower than in either history."""
    bobs = history(Stage.RECYCLED, who=BOB, at=NOW - 9 * DAY, reason="no_need")
    where = fold(bobs)
    then = NOW - 5 * DAY
    back = request(Stage.MQL, Role.RULE, subject=BOB, at=then)
    bobs += entered(where, back, around(then, evidence=raised(then)))
    found = merged(history(Stage.RECYCLED), bobs)
    assert (found.stage, found.recycle_count, found.cycle) == (Stage.RECYCLED, 2, 2)
    assert dict(found.reasons) == {"timing": 1, "no_need": 1}
    assert (found.reason, found.recycled_at) == ("timing", NOW)
    again = request(Stage.MQL, Role.RULE, at=NOW + DAY, handed_to=BEN_SELLS)
    since = around(NOW + DAY, evidence=raised(NOW + DAY))
    [entry] = entered(found, again, since)
    assert (entry.number, entry.cycle) == (found.number + 1, 3)


def test_a_merged_history_goes_on_from_where_both_stand() -> None:
    """What was decided after the merge is followed, however strong the word before was."""
    anns = history(Stage.MQL, at=NOW - 2 * HOUR)
    bobs = history(Stage.RECYCLED, who=BOB, at=NOW - DAY)
    where = merged(anns, bobs)
    assert where.stage is Stage.RECYCLED
    then = NOW + HOUR
    back = request(Stage.MQL, Role.RULE, at=then, handed_to=BEN_SELLS)
    more = entered(where, back, around(then, evidence=raised(then)))
    now = fold((*anns, *bobs, *more), ANN)
    assert (now.stage, now.cycle, now.handed_to) == (Stage.MQL, 2, BEN_SELLS)
    assert now == after(where, more)


def test_a_double_that_was_put_out_as_one_takes_nobody_with_it() -> None:
    """Its history is the other one's now, and that one goes on."""
    anns = history(Stage.SAL, at=NOW - DAY)
    bobs = history(Stage.DISQUALIFIED, who=BOB, reason="duplicate")
    found = merged(anns, bobs)
    assert found.stage is Stage.SAL
    assert [one.why for one in set_aside((*anns, *bobs), ANN)] == ["weaker", "weaker", "duplicate"]
    assert fold(bobs).stage is Stage.DISQUALIFIED


def test_too_many_recycles_of_two_histories_put_out_by_the_table() -> None:
    """The merge itself does not; nobody comes back meanwhile."""
    bobs = tuple(
        replace(one, number=n * 3 + k + 1, entered_at=one.entered_at - (4 - n) * DAY, cycle=n + 1)
        for n in range(3)
        for k, one in enumerate(history(Stage.RECYCLED, who=BOB))
    )
    found = merged(history(Stage.RECYCLED), bobs)
    assert (found.stage, found.recycle_count) == (Stage.RECYCLED, 4)
    then = NOW + 99 * DAY
    asked = request(Stage.MQL, Role.RULE, at=then)
    assert refused(found, asked, around(then)).code == "too_often"
    out = request(Stage.DISQUALIFIED, Role.RULE, at=then)
    assert entered(found, out, around(then))[0].transition == "T16"


STAGES = st.sampled_from([stage for stage in Stage if stage is not Stage.KNOWN])


@settings(max_examples=60, deadline=None)
@given(mine=STAGES, others=STAGES, apart=st.integers(-20, 20))
def test_a_merge_counts_everything_once(mine: Stage, others: Stage, apart: int) -> None:
    """Whatever both were: all entries, all recycles, the higher cycle; and it is the fold of its steps."""
    anns = history(mine)
    bobs = history(others, who=BOB, at=NOW + timedelta(minutes=20 * apart + 1))
    left, right = fold(anns), fold(bobs)
    found = merged(anns, bobs)
    assert found.stage in (left.stage, right.stage)
    assert found.cycle == max(left.cycle, right.cycle)
    assert found.recycle_count == left.recycle_count + right.recycle_count
    assert found.number == left.number + right.number
    assert sum(found.reasons.values()) == sum(left.reasons.values()) + sum(right.reasons.values())
    ordered = sorted((*anns, *bobs), key=lambda one: one.entered_at)
    running = Standing(subject=ANN)
    for entry in ordered:
        running = step(running, entry)
    assert running == found
