"""Who comes back that was sent back, and why; who must not, and why not. Pure.

A raised hand always does. All others rest until their cool-off is over, and then need something that was
not there when they were sent back: a surge, a topic, the day for looking again with fresh interest, answers
that were missing, or a definition that has changed. Whom nobody worked comes back as they are, to somebody
else. A person who was the wrong one never comes back by a rule: another person of the account does. Source:
domain sheet, section 2.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from lifecycle.cooling import day_in
from lifecycle.definition import Coming, Definition, Reason
from lifecycle.gate import core_known
from lifecycle.model import Evidence, RefusalCode, Stage, Standing, Subject, Trigger
from lifecycle.situation import Situation


class Held(NamedTuple):
    """Why somebody stays where they are; `words` fill the sentence."""

    code: RefusalCode
    words: Mapping[str, str] = {}


_Asked = Callable[[Standing, Situation, Definition, Reason | None], bool]


def comes_back(standing: Standing, situation: Situation, definition: Definition) -> Trigger | Held:
    """What brings a recycled person back now by a rule, or what holds them.

    Consent and exclusions are not asked here: the table asks them of everybody (`lifecycle.transitions`).
    """
    held = may_return(standing, situation, definition)
    if held is not None:
        return held
    if hand_raise(standing, situation.evidence):
        return "hand_raise"
    reason = definition.reasons.get(standing.reason or "")
    for trigger, asked in TRIGGERS:
        if asked(standing, situation, definition, reason):
            return trigger
    return Held("not_qualified", {"reason": standing.reason or ""})


def may_return(standing: Standing, situation: Situation, definition: Definition) -> Held | None:
    """What keeps a recycled person away whoever asks; None: nothing does.

    Too many recycles do, even with a raised hand; a cool-off does without one.
    """
    most = definition.coming.most
    if standing.recycle_count > most:
        return Held("too_often", {"count": str(standing.recycle_count), "most": str(most)})
    if hand_raise(standing, situation.evidence) or not cools(standing, situation.now):
        return None
    until = standing.cool_until.isoformat() if standing.cool_until else ""
    return Held("cooling_off", {"until": until, "reason": standing.reason or ""})


def cools(standing: Standing, now: datetime) -> bool:
    """Whether somebody who was sent back still rests. Without an end it does not end by itself."""
    if standing.recycled_at is None:
        return False
    return standing.cool_until is None or now < standing.cool_until


def hand_raise(standing: Standing, evidence: Evidence) -> bool:
    """Whether somebody raised a hand since they were last sent back."""
    return evidence.hard_event is not None and _is_after(evidence.hard_at, standing)


def has_news(standing: Standing, evidence: Evidence) -> bool:
    """Whether anything was seen of somebody since they were last sent back."""
    found = (evidence.hard_at, evidence.surge_at, evidence.topic_at, evidence.last_at)
    return any(_is_after(at, standing) for at in found)


def straight_back(standing: Standing, evidence: Evidence, handed_to: str | None) -> bool:
    """Whether a lead would go to the very seller who sent it back, with nothing new to show."""
    if standing.rejected_by is None or handed_to != standing.rejected_by:
        return False
    return not has_news(standing, evidence)


def needs_a_yes(standing: Standing, definition: Definition) -> bool:
    """Whether somebody was put out at their own wish: nothing but a fresh yes of theirs undoes it."""
    reason = definition.reasons.get(standing.reason or "")
    is_out = standing.stage is Stage.DISQUALIFIED
    return is_out and reason is not None and reason.kind == "suppress"


def kept_long_enough(standing: Standing, evidence: Evidence, coming: Coming, now: datetime) -> bool:
    """Whether somebody has rested, and shown no interest, for as long as anybody is kept."""
    if coming.keep_days is None or standing.recycled_at is None:
        return False
    last = max(standing.recycled_at, evidence.last_at or standing.recycled_at)
    return last + timedelta(days=coming.keep_days) <= now


def within_cap(
    found: Sequence[Subject], came_today: int, definition: Definition
) -> tuple[Subject, ...]:
    """Whom a new definition brings back today, of those it would; the others wait for another day."""
    return tuple(found[: max(0, definition.coming.per_day - came_today)])


def stands_in_for(
    other: Subject, recycled: Sequence[Standing], definition: Definition
) -> Standing | None:
    """Whose place another person of the same account takes who qualifies now; None: nobody's.

    Of those who were the wrong person or could not decide, it is the one who was sent back last; its
    history is shown with the new one.
    """
    gone = [
        one
        for one in recycled
        if one.stage is Stage.RECYCLED and one.recycled_at is not None and one.subject != other
        if "new_person" in _triggers(definition.reasons.get(one.reason or ""))
    ]
    return max(gone, key=lambda one: (one.recycled_at, one.subject), default=None)


def _is_after(at: datetime | None, standing: Standing) -> bool:
    return at is not None and (standing.recycled_at is None or at > standing.recycled_at)


def _triggers(reason: Reason | None) -> frozenset[Trigger]:
    return reason.triggers if reason is not None else frozenset()


def _surges(
    standing: Standing, situation: Situation, definition: Definition, reason: Reason | None
) -> bool:
    is_new = _is_after(situation.evidence.surge_at, standing)
    return "surge" in _triggers(reason) and is_new and bool(situation.rules)


def _has_topic(
    standing: Standing, situation: Situation, definition: Definition, reason: Reason | None
) -> bool:
    evidence = situation.evidence
    if reason is None or "topic" not in reason.triggers or not situation.rules:
        return False
    fits = evidence.topic is not None and (not reason.topics or evidence.topic in reason.topics)
    return fits and _is_after(evidence.topic_at, standing)


def _has_answers(
    standing: Standing, situation: Situation, definition: Definition, reason: Reason | None
) -> bool:
    enough = core_known(definition.gate, situation.gate) >= definition.gate.core
    return "gate_filled" in _triggers(reason) and enough and bool(situation.rules)


def _is_due(
    standing: Standing, situation: Situation, definition: Definition, reason: Reason | None
) -> bool:
    """A day that was named counts for every reason; the end of a cool-off where the reason says so."""
    day, seen_at = standing.reactivate_on, situation.evidence.last_at
    if seen_at is None or not _is_after(seen_at, standing) or not situation.rules:
        return False
    if day is not None:
        is_there = day_in(definition.calendar.zone, situation.now) >= day
    else:
        is_there = "review_date" in _triggers(reason)
    return is_there and situation.now - timedelta(days=definition.coming.engaged_days) <= seen_at


def _is_new_definition(
    standing: Standing, situation: Situation, definition: Definition, reason: Reason | None
) -> bool:
    """What qualifies now did not when they were sent back; nothing new of themselves is asked for."""
    has_changed = standing.definition not in ("", definition.name)
    is_another = "new_person" in _triggers(reason)
    return has_changed and not is_another and bool(situation.rules_ever or situation.rules)


def _was_not_worked(
    standing: Standing, situation: Situation, definition: Definition, reason: Reason | None
) -> bool:
    return "reroute" in _triggers(reason) and bool(situation.rules_ever or situation.rules)


# In this order they are asked; the first that holds is the one that is told.
TRIGGERS: Final[tuple[tuple[Trigger, _Asked], ...]] = (
    ("surge", _surges),
    ("topic", _has_topic),
    ("gate_filled", _has_answers),
    ("review_date", _is_due),
    ("reroute", _was_not_worked),
    ("definition", _is_new_definition),
)
