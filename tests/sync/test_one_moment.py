"""What is said of a hand-off is said of one moment, whenever both records of a pair were read."""

from __future__ import annotations

import pytest

from connector.port import Value
from mappings.schema import Context
from sync.ledger_values import knowing
from tests.sync.builders import CONTEXT

BEFORE: dict[str, Value] = {
    "kakehashi.lifecycle.stage_since": "2026-11-28T09:00:00Z",
    "kakehashi.lifecycle.verdict": "pending",
    "kakehashi.lifecycle.recycle_reason": None,
    "kakehashi.intent.score": 40,
}
AFTER: dict[str, Value] = {
    "kakehashi.lifecycle.stage_since": "2026-11-28T09:00:05Z",
    "kakehashi.lifecycle.verdict": "reject",
    "kakehashi.lifecycle.recycle_reason": "timing",
    "kakehashi.intent.score": 40,
}


def said(context: Context) -> tuple[object, object]:
    return context.ledger["lifecycle.verdict"], context.ledger["lifecycle.recycle_reason"]


@pytest.mark.parametrize(("left", "right"), [(BEFORE, AFTER), (AFTER, BEFORE), (AFTER, AFTER)])
def test_a_verdict_comes_with_its_reason_when_it_was_decided_between_two_reads(
    left: dict[str, Value], right: dict[str, Value]
) -> None:
    """The later entry counts: a rejection that blanks its reason would be refused by the org, and parked."""
    assert said(knowing(CONTEXT, left, right)) == ("reject", "timing")


def test_of_whoever_is_forgotten_nothing_is_said_whatever_the_other_record_carries() -> None:
    """Somebody may have forbidden it: that wins."""
    gone: dict[str, Value] = dict.fromkeys(AFTER)
    for records in ((gone, AFTER), (AFTER, gone)):
        assert set(knowing(CONTEXT, *records).ledger.values()) == {None}


def test_a_score_goes_by_the_first_record_as_ever() -> None:
    """Nothing but the hand-off is one thing."""
    right = {**AFTER, "kakehashi.intent.score": 50}
    assert knowing(CONTEXT, BEFORE, right).ledger["intent.score"] == 40


@pytest.mark.parametrize("left", [True, False, None])
@pytest.mark.parametrize("right", [True, False, None])
def test_who_opted_out_of_mail_in_either_record_is_not_nurtured(
    left: bool | None, right: bool | None
) -> None:
    """A record that says no bears a blank; neither the other one nor a later entry talks it down."""
    name = "kakehashi.lifecycle.nurture"
    records = {**BEFORE, name: left}, {**AFTER, name: right}
    told = knowing(CONTEXT, *records).ledger["lifecycle.nurture"]
    assert told is (False if None in (left, right) else right)
