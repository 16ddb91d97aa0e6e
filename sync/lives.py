"""Where people stand between the departments, as values for both systems: what the ledger of stages says.

A value changes only with an entry, a step of a clock or a look at the person, never with the time alone: so a
compare that looks later finds the same, and a second plan is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.port import Value
from lifecycle.briefs import card_told, completeness_told, missing_told
from lifecycle.clocks import Status, latest
from lifecycle.cooling import day_in
from lifecycle.definition import Definition
from lifecycle.keeping import Words, kept_words
from lifecycle.model import Brief, Stage, Standing, Subject
from lifecycle.port import LifecycleStore, Timer
from lifecycle.projections import lead_status, native_stage
from mappings.faults import Language

# Clocks of which sellers are shown how they stand.
SHOWN = ("first_touch", "verdict", "qualify", "create_opportunity")
FULL = 1.0


@dataclass(frozen=True, slots=True)
class Lives:
    """Answers what both systems are told of people; see `sync.own_values.ToldLives`.

    `definition` is the one in force; None: there is none, and of nobody anything is said. Open questions are
    named in `language`.
    """

    store: LifecycleStore
    definition: Callable[[], Definition | None]
    language: Language = "en"

    def lives(self, subjects: Iterable[Subject]) -> Mapping[Subject, Mapping[str, Value]]:
        """The values of those who stand anywhere."""
        definition = self.definition()
        if definition is None:
            return {}
        found = self.store.standings(subjects)
        running, briefs = self.store.running_of(found), self.store.briefs(found)
        words = self.store.waiting_words(found)
        return {
            subject: {
                **values_of(standing, running.get(subject, ()), definition),
                **worded(kept_words(standing, words.get(subject, ()))),
                **briefed(standing, briefs.get(subject), definition, self.language),
            }
            for subject, standing in found.items()
        }


def values_of(
    standing: Standing, timers: Sequence[Timer], definition: Definition
) -> dict[str, Value]:
    """What is told of one person, by our own names. Times are ISO 8601 in UTC, days in business time."""
    touch = latest(timers, "first_touch")
    return {
        "lifecycle.stage": standing.stage.value,
        "lifecycle.stage_since": _time(standing.since),
        "lifecycle.cycle": standing.cycle,
        "lifecycle.verdict": standing.verdict,
        "lifecycle.handed_to": standing.handed_to,
        "lifecycle.recycle_reason": standing.reason,
        "lifecycle.recycle_sub_reason": standing.sub_reason,
        "lifecycle.recycle_comment": standing.comment,
        "lifecycle.recycled_at": _time(standing.recycled_at),
        "lifecycle.recycled_by": standing.recycled_by,
        "lifecycle.recycle_count": standing.recycle_count,
        "lifecycle.reactivate_on": _look_again_on(standing, definition),
        "lifecycle.is_returned": standing.is_returned,
        "lifecycle.reactivated_at": _time(standing.reactivated_at),
        "lifecycle.reactivation_reason": standing.trigger if standing.is_returned else None,
        "lifecycle.first_touch_due_at": None if touch is None else _time(touch.due_at),
        "lifecycle.sla_status": status_told(timers, definition),
        "lifecycle.definition": standing.definition or definition.name,
        "lifecycle.lead_status": lead_status(standing, definition),
        "lifecycle.native_stage": native_stage(standing),
    }


def is_nurtured(standing: Standing) -> bool:
    """Whether marketing's mails are for them: whoever rests there. Who opted out of mail has a record that
    says so, and is told of by it (`sync.own_values`).
    """
    return standing.stage is Stage.RECYCLED and standing.hop != "is"


def worded(words: Words) -> dict[str, Value]:
    """What was entered ahead of a verdict stands where it was entered, and in the other system, too."""
    named = zip(("recycle_reason", "recycle_sub_reason", "recycle_comment"), words, strict=True)
    return {f"lifecycle.{name}": word for name, word in named if word is not None}


def briefed(
    standing: Standing, brief: Brief | None, definition: Definition, language: Language
) -> dict[str, Value]:
    """What is told of a hand-over besides: the card, how much is known in percents, what is to be asked."""
    return {
        "lifecycle.hand_over": card_told(standing, brief),
        "lifecycle.nurture": is_nurtured(standing),
        "lifecycle.completeness": completeness_told(standing, brief),
        "lifecycle.missing": missing_told(standing, brief, definition.gate, language),
    }


def _look_again_on(standing: Standing, definition: Definition) -> str | None:
    """The day that somebody named, or the one on which the rest is over."""
    day, until = standing.reactivate_on, standing.cool_until
    rests = standing.stage is Stage.RECYCLED and until is not None and until != standing.recycled_at
    if day is None and rests and until is not None:
        day = day_in(definition.calendar.zone, until)
    return None if day is None else day.isoformat()


def status_told(timers: Sequence[Timer], definition: Definition) -> Status:
    """How urgent a lead is, by the steps that were told; the most urgent of its clocks counts."""
    found = {_told(timer, definition) for timer in timers if timer.clock in SHOWN}
    ranked: tuple[Status, ...] = ("overdue", "at_risk", "on_time")
    return next((one for one in ranked if one in found), "none")


def _told(timer: Timer, definition: Definition) -> Status:
    target = definition.targets.get(timer.clock)
    if target is None or timer.stopped_at is not None:
        return "none"
    if not timer.step:
        return "on_time"
    share, _ = target.steps[min(timer.step, len(target.steps)) - 1]
    return "overdue" if share >= FULL else "at_risk"


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
