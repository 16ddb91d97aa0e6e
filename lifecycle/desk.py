"""The task that a seller gets in Salesforce with a lead: what it says, and until when. Pure.

It names nobody and tells nothing of what somebody did: all that stands on the record, from which it is taken
away when it must not be held any more. A task stays in the books for ever.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from lifecycle.definition import Definition
from lifecycle.errands import Errand
from lifecycle.model import Standing
from lifecycle.port import Timer
from lifecycle.wording import say
from mappings.faults import Language

# What a seller has to do with somebody new.
CLOCKS: Final = frozenset({"first_touch", "verdict"})


class Task(NamedTuple):
    """A task for a seller. `key` makes it one, however often it is asked for."""

    key: str
    subject: str
    description: str
    due_on: date
    is_urgent: bool


def task_of(
    definition: Definition,
    standing: Standing,
    errand: Errand,
    running: tuple[Timer, ...],
    language: Language,
) -> Task:
    """The task of a hand-over: due when the first call or the verdict is; urgent where a hand was raised."""
    waiting = [one for one in running if one.clock in CLOCKS]
    due = min((one.due_at for one in waiting), default=errand.at)
    word = "returned" if standing.cycle > 1 else "new"
    return Task(
        errand.id.removeprefix("desk:"),
        say(f"desk.{word}", language),
        say("desk.how", language),
        due.astimezone(ZoneInfo(definition.calendar.zone)).date(),
        any(one.clock == "first_touch" for one in waiting),
    )
