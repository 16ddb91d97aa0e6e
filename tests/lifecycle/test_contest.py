"""Several requests about one subject at once: one is followed, none is lost, the last writer does not win."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.contest import Settled, settle
from lifecycle.definition import Preset
from lifecycle.model import Request, Role, Stage, Standing
from lifecycle.situation import Situation
from tests.lifecycle.builders import (
    ACTORS,
    ANN_SELLS,
    BEN_SELLS,
    DAY,
    HOUR,
    NOW,
    PRESETS,
    after,
    around,
    definition,
    raised,
    request,
    standing,
)

THEN = NOW + HOUR
SECOND = timedelta(seconds=1)


def all_holds(asked: Request, where: Standing) -> Situation:
    return around(asked.at)


def settled(
    where: Standing,
    *requests: Request,
    preset: Preset = "waterfall",
    **situation: Any,
) -> dict[str, Settled]:
    """What became of each request, by its id; the same in whatever order they were read."""

    def look(asked: Request, stood: Standing) -> Situation:
        return around(asked.at, **situation)

    found = [settle(where, some, look, definition(preset)) for some in permutations(requests)]
    assert all(one == found[0] for one in found)
    return {one.request.id: one for one in found[0]}


def verdict(to: Stage, name: str, **more: Any) -> Request:
    return request(to, Role.SALES, **{"id": name, "at": THEN, **more})


ACCEPT = verdict(Stage.SAL, "accept")
REJECT = verdict(Stage.RECYCLED, "reject", source="hubspot", actor=BEN_SELLS, reason="timing")


@pytest.mark.parametrize(
    ("later", "winner"), [(1, "accept"), (-1, "reject"), (0, "accept"), (-0.3, "accept")]
)
def test_of_two_verdicts_from_both_systems_the_earlier_counts(later: float, winner: str) -> None:
    """In the same second that of the sellers' own tool; the other one is kept as a conflict."""
    accept = replace(ACCEPT, at=THEN + SECOND / 2)
    reject = replace(REJECT, at=accept.at + later * SECOND)
    found = settled(standing(Stage.MQL), accept, reject)
    loser = "reject" if winner == "accept" else "accept"
    [entry] = found[winner].entries
    refusal = found[loser].refusal
    assert entry.conflict_with == loser
    assert refusal is not None
    assert (refusal.code, refusal.stood) == ("overtaken", Stage.MQL)
    assert (refusal.words["winner"], refusal.words["agrees"]) == (winner, "no")


def test_two_who_want_the_same_do_not_contradict_each_other() -> None:
    """One entry, no conflict; the second is told that it stands there already."""
    second = verdict(Stage.SAL, "too", source="hubspot", actor=BEN_SELLS, at=THEN + SECOND)
    found = settled(standing(Stage.MQL), ACCEPT, second)
    assert [one.conflict_with for one in found["accept"].entries] == [None]
    refusal = found["too"].refusal
    assert refusal is not None
    assert (refusal.code, refusal.words["agrees"]) == ("overtaken", "yes")


@pytest.mark.parametrize("preset", PRESETS)
def test_legality_goes_before_time(preset: Preset) -> None:
    """A step that is only possible after another is taken after it, though it was heard of as earlier."""
    first, second = definition(preset).order[3:5]
    one = verdict(first, "one")
    two = verdict(second, "two", actor=BEN_SELLS, source="hubspot", at=THEN - SECOND)
    found = settled(standing(Stage.MQL, preset), one, two, preset=preset)
    entries = (*found["one"].entries, *found["two"].entries)
    assert [(entry.stage, entry.conflict_with) for entry in entries] == [
        (first, None),
        (second, None),
    ]
    assert [entry.entered_at for entry in entries] == [THEN, THEN]
    assert [entry.number for entry in entries] == [3, 4]


def test_a_late_word_wakes_no_lead_that_was_sent_back() -> None:
    """Marketing's list was older than the send-back, or younger: either way the lead rests."""
    where = standing(Stage.MQL)
    for at in (THEN - SECOND, THEN + SECOND):
        again = request(Stage.MQL, Role.MARKETING, id="again", at=at, comment="on my list")
        found = settled(where, replace(REJECT, at=THEN), again)
        now = after(where, found["reject"].entries)
        assert (now.stage, found["again"].entries) == (Stage.RECYCLED, ())


@pytest.mark.parametrize(
    ("stage", "mine", "others", "winner"),
    [
        # Sales wins where it is about the verdict or a step of its own ...
        (Stage.MQL, (Stage.SAL, {}), (Stage.DISQUALIFIED, {"reason": "not_target"}), Role.SALES),
        (Stage.LEAD, (Stage.OPPORTUNITY, {}), (Stage.MQL, {"comment": "fair"}), Role.SALES),
        # ... and marketing where it is about who becomes a lead again.
        (
            Stage.RECYCLED,
            (Stage.MQL, {"comment": "they called", "handed_to": ANN_SELLS}),
            (Stage.MQL, {"comment": "they wrote", "handed_to": BEN_SELLS}),
            Role.MARKETING,
        ),
    ],
)
def test_at_the_same_time_the_owner_of_the_stage_goes_first(
    stage: Stage,
    mine: tuple[Stage, dict[str, Any]],
    others: tuple[Stage, dict[str, Any]],
    winner: Role,
) -> None:
    """Whatever the requests are called."""
    then = NOW + DAY
    for names in (("a", "b"), ("b", "a")):
        sales = request(mine[0], Role.SALES, id=names[0], at=then, **mine[1])
        marketing = request(others[0], Role.MARKETING, id=names[1], at=then, **others[1])
        found = settled(standing(stage), sales, marketing, evidence=raised(then))
        [followed] = [one.request.role for one in found.values() if one.entries]
        assert followed is winner


def test_what_one_person_does_in_one_tool_is_a_sequence() -> None:
    """Accepted, and then sent back after all: both are in the ledger, and nothing is in dispute."""
    back = verdict(Stage.RECYCLED, "back", reason="no_show", at=THEN + SECOND)
    found = settled(standing(Stage.MQL), ACCEPT, back)
    entries = (*found["accept"].entries, *found["back"].entries)
    assert [(one.transition, one.conflict_with) for one in entries] == [("T3", None), ("T9", None)]


def test_a_waiting_verdict_shows_that_the_lead_was_seen() -> None:
    """A rule takes nothing out of the hands of a seller who is just deciding."""
    withdrawn = request(Stage.LEAD, Role.RULE, id="withdrawn", at=THEN - SECOND)
    found = settled(standing(Stage.MQL), ACCEPT, withdrawn, rules=())
    assert [one.stage for one in found["accept"].entries] == [Stage.SAL]
    refusal = found["withdrawn"].refusal
    assert refusal is not None
    assert refusal.code == "illegal"
    alone = settled(standing(Stage.MQL), withdrawn, rules=())
    assert [one.stage for one in alone["withdrawn"].entries] == [Stage.LEAD]


def test_an_erasure_goes_before_everything() -> None:
    """However early anything else was meant."""
    erase = request(Stage.ERASED, Role.PRIVACY, id="erase", at=THEN + DAY)
    found = settled(standing(Stage.MQL), ACCEPT, erase, REJECT)
    [entry] = found["erase"].entries
    assert (entry.stage, entry.conflict_with) == (Stage.ERASED, "accept")
    assert found["accept"].refusal is not None
    assert found["reject"].refusal is not None


def test_of_many_losers_each_has_its_own_refusal() -> None:
    """The entry names the first; the refusals name the winner."""
    third = verdict(Stage.DISQUALIFIED, "third", source="kakehashi", actor="c", reason="not_target")
    late = [replace(REJECT, at=THEN + SECOND), replace(third, at=THEN + 2 * SECOND)]
    found = settled(standing(Stage.MQL), ACCEPT, *late)
    assert found["accept"].entries[-1].conflict_with == "reject"
    for name in ("reject", "third"):
        refusal = found[name].refusal
        assert refusal is not None
        assert refusal.words["winner"] == "accept"


ROLES = st.sampled_from(list(Role))


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    """A few requests within seconds, from several hands."""
    found = []
    for number in range(draw(st.integers(1, 5))):
        role = draw(ROLES)
        found.append(
            request(
                draw(st.sampled_from(list(Stage))),
                role,
                id=f"r{number}",
                at=THEN + draw(st.integers(-2, 2)) * SECOND,
                actor=draw(st.sampled_from([ACTORS[role], "other"])),
                source=draw(st.sampled_from(["hubspot", "salesforce", "kakehashi"])),
                reason=draw(st.sampled_from([None, "timing", "not_target", "not_worked", "?"])),
                comment=draw(st.sampled_from([None, "so"])),
            )
        )
    return found


@settings(max_examples=80, deadline=None)
@given(
    asked=requests(),
    stage=st.sampled_from(list(Stage)),
    preset=st.sampled_from(PRESETS),
    order=st.randoms(use_true_random=False),
)
def test_every_request_is_settled_once_in_whatever_order_they_are_read(
    asked: list[Request], stage: Stage, preset: Preset, order: Any
) -> None:
    """Entries or one refusal each; the numbers go on; who is named as a loser has a refusal."""
    where, mixed = standing(stage, preset), list(asked)
    order.shuffle(mixed)
    found = settle(where, asked, all_holds, definition(preset))
    assert found == settle(where, mixed, all_holds, definition(preset))
    assert sorted(one.request.id for one in found) == sorted(one.id for one in asked)
    assert all(bool(one.entries) is (one.refusal is None) for one in found)
    entries = [entry for one in found for entry in one.entries]
    assert [one.number for one in entries] == [where.number + n + 1 for n in range(len(entries))]
    refused = {one.request.id for one in found if one.refusal is not None}
    assert {one.conflict_with for one in entries} - {None} <= refused
