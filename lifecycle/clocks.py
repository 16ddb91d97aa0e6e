"""Clocks of the hand-off: what starts and stops them, who has to act, what is done when they run out. Pure.

==================  ====================================  ==================================  ============
clock               starts                                stops                               whose it is
==================  ====================================  ==================================  ============
first_touch         a raised hand makes an MQL, or is     somebody spoke to them: a human's   the seller's
                    raised while sales has them           outbound activity, or SQL
verdict             MQL                                   accepted or sent back               the seller's
qualify             the stage after MQL                   the next stage                      the seller's
create_opportunity  the last stage before opportunity     the next stage                      the seller's
write_back          sent back or disqualified             HubSpot holds it                    ops
nurture             sent back to marketing                enrolled, or gone elsewhere         marketing's
stale               opportunity                           the next stage                      the seller's
==================  ====================================  ==================================  ============

They run in working time (`lifecycle.worktime`), but for `write_back`: a machine has no evenings. Automatic
answers and mails of a sequence are no human touch. A clock that runs past its target is a breach although
nobody has stopped it; one that is stopped because there is nothing to be kept any more (withdrawn, erased,
merged, sent back in time without a call) counts neither way. Source: domain sheet, section 2.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal, NamedTuple

from lifecycle.definition import NOT_WORKED, Clock, Definition, Target
from lifecycle.model import Entry, Evidence, Request, Role, Stage, Standing
from lifecycle.port import Timer
from lifecycle.worktime import add, between, minutes

Status = Literal["none", "on_time", "at_risk", "overdue", "met", "missed"]
SLA_STATUSES: Final[tuple[Status, ...]] = (
    "none", "on_time", "at_risk", "overdue", "met", "missed",
)  # fmt: skip

OPS: Final = "ops"
REASSIGN: Final = "reassign"
# Run by machines, which do not rest.
ON_THE_WALL: Final[frozenset[Clock]] = frozenset({"write_back"})
# Where sales has somebody who is to be spoken to.
UNTOUCHED: Final = frozenset({Stage.MQL, Stage.SAL})
WORKED: Final = frozenset({Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY})
# What sales has to keep; the others are marketing's and ours.
SALES_CLOCKS: Final[frozenset[Clock]] = frozenset(
    {"first_touch", "verdict", "qualify", "create_opportunity", "stale"}
)
# What has to reach HubSpot: that somebody is sent back, and why.
GONE_BACK: Final = frozenset({Stage.RECYCLED, Stage.DISQUALIFIED})
# Nobody gets there without having been spoken to.
SPOKEN: Final = frozenset({Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER})
ENDED: Final = frozenset({Stage.ERASED})
# Without so many cases a median says nothing.
ENOUGH: Final = 5


class Ring(NamedTuple):
    """What is done about a clock now: the `step` (from 1) that is told, and to whom.

    `ask` is what our own rule wants then: the lead back, since nobody worked it. `next_at`: when to ring
    again. `is_over`: the subject is elsewhere by now, the clock is to be stopped, and nobody is told.
    """

    step: int
    whom: str
    share: float
    ask: Request | None = None
    next_at: datetime | None = None
    is_over: bool = False


class Attainment(NamedTuple):
    """How often a target was kept. What runs and is late was missed; what is `open` may be kept yet."""

    met: int
    missed: int
    open: int

    @property
    def share(self) -> float | None:
        """Of those that are decided; None where none is."""
        decided = self.met + self.missed
        return self.met / decided if decided else None


# Starting and stopping -------------------------------------------------------------------------------


def timers_after(
    definition: Definition,
    standing: Standing,
    entries: Sequence[Entry],
    evidence: Evidence | None,
    running: Iterable[Timer],
    stale_after: timedelta | None = None,
) -> tuple[Timer, ...]:
    """The timers that stop and start with the entries that answer a request.

    `standing`, `running`: as they were before. `evidence` is the request's: when a hand was raised.
    `stale_after`: twice what an opportunity usually takes (`twice_the_median`), instead of the definition's
    target.
    """
    current = {timer[:3]: timer for timer in running}
    changed: dict[tuple[object, ...], Timer] = {}
    for entry in entries:
        for timer in [*current.values()]:
            if (stop := _stopped_by(timer, entry)) is not None:
                changed[timer[:3]] = stop
                del current[timer[:3]]
        for timer in _started_by(definition, standing, entry, evidence, stale_after):
            changed[timer[:3]] = current[timer[:3]] = timer
    return tuple(changed.values())


def hand_raised(definition: Definition, standing: Standing, at: datetime) -> Timer | None:
    """The clock of a hand that was raised while sales has somebody; None where it is spoken to already."""
    if standing.stage not in UNTOUCHED:
        return None
    owner = standing.accepted_by or standing.handed_to or definition.owners["sales"]
    return _timer(definition, "first_touch", standing, standing.number, owner, at)


def touched(running: Iterable[Timer], at: datetime) -> tuple[Timer, ...]:
    """What stops because somebody was spoken to: an outbound activity by a human, at an instant."""
    return _stops(running, "first_touch", at)


def is_written(running: Iterable[Timer], entry: int, at: datetime) -> tuple[Timer, ...]:
    """What stops because HubSpot holds what an entry says, and so whatever came before it."""
    return tuple(one for one in _stops(running, "write_back", at) if one.entry <= entry)


def is_enrolled(running: Iterable[Timer], at: datetime) -> tuple[Timer, ...]:
    """What stops because somebody is on a nurturing list."""
    return _stops(running, "nurture", at)


def voided(timer: Timer, at: datetime) -> Timer:
    """A timer that has nothing to watch any more."""
    return timer._replace(stopped_at=at, next_at=None, is_void=True)


def begun_anew(definition: Definition, timer: Timer, at: datetime) -> Timer:
    """The same clock from an instant on, with all of its time, and nothing told of it yet."""
    whole = _worked(definition, timer.clock, timer.started_at, timer.due_at)
    due_at = _later(definition, timer.clock, at, whole)
    fresh = timer._replace(started_at=at, due_at=due_at, step=0, stopped_at=None, is_void=False)
    target = definition.targets.get(timer.clock)
    first = None if target is None else _rings_at(definition, target, fresh, 0)
    return fresh._replace(next_at=first)


def _stops(running: Iterable[Timer], clock: Clock, at: datetime) -> tuple[Timer, ...]:
    return tuple(_stop(one, at) for one in running if one.clock == clock)


def _stop(timer: Timer, at: datetime) -> Timer:
    return timer._replace(stopped_at=max(at, timer.started_at), next_at=None)


def _stopped_by(timer: Timer, entry: Entry) -> Timer | None:
    """The timer as it stops with an entry; None: it runs on."""
    if entry.is_review:
        return None
    if entry.stage in ENDED or entry.transition == "T6":
        return voided(timer, max(entry.entered_at, timer.started_at))
    if timer.clock == "write_back":
        return None
    if timer.clock == "first_touch" and entry.stage in UNTOUCHED:
        return None
    if (
        timer.clock == "first_touch"
        and entry.stage not in SPOKEN
        and entry.entered_at <= timer.due_at
    ):
        # Sent back in time, and without a call that we know of: there is nobody to be called any more.
        return voided(timer, max(entry.entered_at, timer.started_at))
    return _stop(timer, entry.entered_at)


def _started_by(
    definition: Definition,
    standing: Standing,
    entry: Entry,
    evidence: Evidence | None,
    stale_after: timedelta | None,
) -> Iterator[Timer]:
    if entry.skipped or entry.is_review:
        return
    for clock, at in _clocks_of(definition, entry, evidence):
        owner = _owner(definition, standing, clock, entry)
        after = stale_after if clock == "stale" else None
        timer = _timer(definition, clock, entry, entry.number, owner, at, after)
        if timer is not None:
            yield timer


def _clocks_of(
    definition: Definition, entry: Entry, evidence: Evidence | None
) -> Iterator[tuple[Clock, datetime]]:
    """Which clocks an entry starts, and since when each runs."""
    order = definition.order
    second, last = order[order.index(Stage.MQL) + 1], order[order.index(Stage.OPPORTUNITY) - 1]
    if entry.stage is Stage.MQL:
        yield "verdict", entry.entered_at
        if evidence is not None and evidence.hard_at is not None:
            yield "first_touch", min(evidence.hard_at, entry.entered_at)
    elif entry.stage is second:
        yield "qualify", entry.entered_at
    elif entry.stage is last:
        yield "create_opportunity", entry.entered_at
    elif entry.stage is Stage.OPPORTUNITY:
        yield "stale", entry.entered_at
    elif entry.stage in GONE_BACK:
        yield "write_back", entry.entered_at
        if entry.stage is Stage.RECYCLED and entry.hop != "is":
            yield "nurture", entry.entered_at


def _owner(definition: Definition, standing: Standing, clock: Clock, entry: Entry) -> str:
    """Who has to act: nobody's clock is no clock."""
    if clock == "write_back":
        return OPS
    if clock == "nurture":
        return definition.owners["marketing"]
    if entry.stage is Stage.MQL:
        return entry.handed_to or definition.owners["sales"]
    seller = entry.actor if entry.role in (Role.SALES, Role.INSIDE_SALES) else standing.accepted_by
    return entry.handed_to or seller or standing.handed_to or definition.owners["sales"]


def _timer(
    definition: Definition,
    clock: Clock,
    whose: Entry | Standing,
    number: int,
    owner: str,
    at: datetime,
    after: timedelta | None = None,
) -> Timer | None:
    """A clock that starts now; None where the definition sets no target."""
    target = definition.targets.get(clock)
    if target is None:
        return None
    whole = after or timedelta(minutes=target.minutes)
    timer = Timer(
        whose.subject, clock, number, owner, at, _later(definition, clock, at, whole), None
    )
    return timer._replace(next_at=_rings_at(definition, target, timer, 0))


# Ringing ---------------------------------------------------------------------------------------------


def ring(definition: Definition, timer: Timer, standing: Standing, now: datetime) -> Ring | None:
    """What is to be done about a timer now: the first step that is not told yet; None: nothing yet.

    The verdict's last step also asks for the lead back, in the name of nobody: `not_worked` counts against
    the clock and never against the lead (domain sheet, T7). So does every step that says `reassign`, while
    nobody has accepted the lead; afterwards a person has to take it away from a person, and the manager is
    told. Steps that were slept through are told one after the other.
    """
    target = definition.targets.get(timer.clock)
    if target is None or timer.stopped_at is not None or has_moved_on(definition, timer, standing):
        return Ring(timer.step, timer.owner, 0.0, is_over=True)
    at = _rings_at(definition, target, timer, timer.step)
    if at is None or now < at:
        return None
    share, whom = target.steps[timer.step]
    is_last = timer.step + 1 == len(target.steps)
    takes_back = whom == REASSIGN or (timer.clock == "verdict" and is_last)
    is_waiting = standing.stage is Stage.MQL
    return Ring(
        step=timer.step + 1,
        whom="manager" if whom == REASSIGN and not is_waiting else whom,
        share=share,
        ask=_not_worked(timer, standing, now) if takes_back and is_waiting else None,
        next_at=_rings_at(definition, target, timer, timer.step + 1),
    )


def has_moved_on(definition: Definition, timer: Timer, standing: Standing) -> bool:
    """Whether a timer watches what is not so any more, as after a merge with somebody who is further."""
    stage, order = standing.stage, definition.order
    second, last = order[order.index(Stage.MQL) + 1], order[order.index(Stage.OPPORTUNITY) - 1]
    watched: dict[Clock, frozenset[Stage]] = {
        "first_touch": UNTOUCHED,
        "verdict": frozenset({Stage.MQL}),
        "qualify": frozenset({second}),
        "create_opportunity": frozenset({last}),
        "stale": frozenset({Stage.OPPORTUNITY}),
        "nurture": frozenset({Stage.RECYCLED}),
    }
    return stage is Stage.ERASED or stage not in watched.get(timer.clock, frozenset(Stage))


def _not_worked(timer: Timer, standing: Standing, now: datetime) -> Request:
    """That a lead goes back because nobody answered in time; the same clock asks for it once."""
    return Request(
        id=f"{NOT_WORKED}:{timer.subject.kind}:{timer.subject.key}:{timer.entry}",
        subject=standing.subject,
        to=Stage.RECYCLED,
        role=Role.RULE,
        actor="kakehashi",
        source="kakehashi",
        at=now,
        observed_at=now,
        reason=NOT_WORKED,
        rules=(f"sla.{timer.clock}",),
    )


def _rings_at(definition: Definition, target: Target, timer: Timer, step: int) -> datetime | None:
    """When a step (from 0) is told; None after the last one."""
    if step >= len(target.steps):
        return None
    share = target.steps[step][0]
    whole = _worked(definition, timer.clock, timer.started_at, timer.due_at)
    return _later(definition, timer.clock, timer.started_at, whole * share)


def _later(definition: Definition, clock: Clock, at: datetime, time: timedelta) -> datetime:
    return at + time if clock in ON_THE_WALL else add(definition.calendar, at, time)


def _worked(definition: Definition, clock: Clock, start: datetime, end: datetime) -> timedelta:
    return end - start if clock in ON_THE_WALL else between(definition.calendar, start, end)


# What is told of clocks ------------------------------------------------------------------------------


def late_by(definition: Definition, timer: Timer, now: datetime) -> timedelta:
    """By how much a timer is late, in the time it runs in; nothing while it is not."""
    end = timer.stopped_at or now
    if end <= timer.due_at:
        return timedelta(0)
    return _worked(definition, timer.clock, timer.due_at, end)


def status(timer: Timer, now: datetime) -> Status:
    """How one clock stands: at risk from the first step that was told on."""
    if timer.is_void:
        return "none"
    if timer.stopped_at is not None:
        return "met" if timer.stopped_at <= timer.due_at else "missed"
    if now > timer.due_at:
        return "overdue"
    return "at_risk" if timer.step else "on_time"


def sla_status(timers: Iterable[Timer], now: datetime) -> Status:
    """How a subject stands with what sales has to do: its most urgent clock, else the last one that ended."""
    own = [one for one in timers if one.clock in SALES_CLOCKS and not one.is_void]
    running = [one for one in own if one.stopped_at is None]
    if running:
        urgency = ("overdue", "at_risk", "on_time")
        return min((status(one, now) for one in running), key=urgency.index)
    ended = max(own, key=lambda one: (one.stopped_at or now, one.started_at), default=None)
    return "none" if ended is None else status(ended, now)


def attainment(timers: Iterable[Timer], now: datetime) -> Attainment:
    """How often the target was kept, with everything that is still open and late among what was missed."""
    found = [status(one, now) for one in timers]
    return Attainment(
        met=found.count("met"),
        missed=found.count("missed") + found.count("overdue"),
        open=found.count("on_time") + found.count("at_risk"),
    )


def twice_the_median(
    definition: Definition, history: Iterable[tuple[datetime, datetime]]
) -> timedelta | None:
    """After how much working time something is stale: twice what those took that left the stage.

    None where too few have. `history`: when each entered and when it left (domain sheet, 2.6).
    """
    taken = [minutes(between(definition.calendar, start, end)) for start, end in history]
    return timedelta(minutes=2 * median(taken)) if len(taken) >= ENOUGH else None


def latest(timers: Iterable[Timer], clock: Clock) -> Timer | None:
    """The clock of a kind that began last: what both systems are shown of it."""
    own = [one for one in timers if one.clock == clock and not one.is_void]
    return max(own, key=lambda one: one.started_at, default=None)


def is_twice_over(definition: Definition, timer: Timer, now: datetime) -> bool:
    """Whether a timer is late by as much as it had altogether."""
    whole = _worked(definition, timer.clock, timer.started_at, timer.due_at)
    return late_by(definition, timer, now) > whole
