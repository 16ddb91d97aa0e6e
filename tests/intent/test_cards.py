"""What a card knows beside its numbers: whether something happened since, whose hand is up, and when."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from intent.cards import Known, card_of, is_hard
from intent.decay import State, merge
from intent.model import Card, Contribution, StateKey, Subject, moment
from intent.store import cards as filed
from tests.intent.definitions import ANN, DEFINITION, NOW, contribution, histories, states_of

SOME = settings(max_examples=30, deadline=None)


def card(*evidence: Contribution, days: float = 0) -> Card:
    """Ann's card, so many days after `NOW`."""
    return card_of(
        DEFINITION, Known(ANN, states_of(evidence), evidence), moment(NOW) + timedelta(days=days)
    )


@SOME
@given(histories(), st.floats(0, 60))
def test_a_mark_does_not_change_by_fading(evidence: list[Contribution], days: float) -> None:
    """It is that of what happened, not that of what is left of it."""
    assert card(*evidence, days=days).mark == card(*evidence).mark


@SOME
@given(histories(most=8), st.floats(0, 60))
def test_whatever_comes_in_or_is_taken_back_changes_the_mark(
    evidence: list[Contribution], days: float
) -> None:
    """However late it is."""
    late = contribution("late", "pricing_view", days, topic="pricing")
    assert card(*evidence, late).mark != card(*evidence).mark


@SOME
@given(histories(), st.randoms())
def test_neither_order_nor_the_number_of_devices_changes_the_mark(
    evidence: list[Contribution], dice: object
) -> None:
    """The sums are the same, and so is what happened."""
    states = states_of(evidence)
    whole = card(*evidence).mark
    shuffled = list(evidence)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    half = len(shuffled) // 2
    phone = states_of(shuffled[half:], Subject("visitor", "phone"))
    both: dict[StateKey, State] = {**states_of(shuffled[:half]), **phone}
    at = moment(NOW)
    assert card_of(DEFINITION, Known(ANN, both, ()), at).mark == whole
    assert (
        card_of(DEFINITION, Known(ANN, dict(reversed(list(states.items()))), ()), at).mark == whole
    )
    assert merge(State(0, 0), State(1, 0), 1) == State(1, 0)


def test_a_hand_is_told_once_however_late_it_is_heard_of() -> None:
    """Lists of who came to a webinar and asked for a call come days later."""
    view = contribution("view", "pricing_view", 0)
    hand = contribution("hand", "form_submit_handraise", 3)
    assert not is_hard(DEFINITION, [view], None)
    assert is_hard(DEFINITION, [view, hand], None)
    assert is_hard(DEFINITION, [view, hand], card(view))
    assert not is_hard(DEFINITION, [view, hand], card(view, hand))
    second = contribution("second", "form_submit_handraise", 9)
    assert is_hard(DEFINITION, [view, hand, second], card(view, hand))


def test_a_card_comes_back_from_its_file_as_it_was() -> None:
    """Its mark and its hands with it; one of old has neither, and goes by its last sign of interest."""
    told = card(contribution("hand", "form_submit_handraise", 3))
    assert filed.card_of(filed.card_json(told)) == told
    text = filed.card_json(told)
    old = filed.card_of(text.replace('"mark"', '"x"').replace('"raised"', '"y"'))
    assert (old.mark, old.raised) == (None, None)
    assert not is_hard(DEFINITION, [contribution("hand", "form_submit_handraise", 3)], old)
    assert is_hard(DEFINITION, [contribution("new", "form_submit_handraise", 2)], old)


def test_nobody_was_last_seen_in_a_time_to_come() -> None:
    """A sender's clock may be ahead."""
    ahead = contribution("ahead", "page_view", -1 / 300)
    assert card(ahead).last_at == moment(NOW)
