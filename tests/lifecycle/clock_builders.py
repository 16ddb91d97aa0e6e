"""What the tests of clocks arrange: targets, entries that start and stop clocks, a Thursday morning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.clocks import timers_after
from lifecycle.definition import Calendar, Clock, Definition, Target
from lifecycle.model import Entry, Evidence, Role, Stage, Standing, Subject
from lifecycle.port import Timer

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")
HOUR, MINUTE, WORKING_DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(hours=9)
ANN = Subject("person", "ann")
SELLER, MARKETER, HEAD = "seller@example.com", "mkt@example.com", "head@example.com"
# A Thursday morning; Monday the 23rd was a holiday.
NOW = datetime(2026, 11, 26, 10, tzinfo=TOKYO)

TARGETS: dict[Clock, Target] = {
    "first_touch": Target(
        clock="first_touch", minutes=60, steps=((0.5, "owner"), (1, "manager"), (2, "reassign"))
    ),
    "verdict": Target(clock="verdict", minutes=540, steps=((1, "manager"), (2, "manager"))),
    "qualify": Target(clock="qualify", minutes=2700, steps=((1, "list"),)),
    "create_opportunity": Target(clock="create_opportunity", minutes=2700, steps=((1, "list"),)),
    "write_back": Target(clock="write_back", minutes=5, steps=((1, "ops"),)),
    "nurture": Target(clock="nurture", minutes=540, steps=((1, "marketing"),)),
    "stale": Target(clock="stale", minutes=16200, steps=((1, "list"),)),
}
SHARED = Definition(
    id="qualified_lead",
    version=7,
    effective_from=date(2026, 4, 1),
    hash="h7",
    owners={"marketing": MARKETER, "sales": HEAD},
    targets=TARGETS,
)
IS_FS = replace(SHARED, preset="jp_is_fs")
AMERICA = replace(SHARED, calendar=Calendar(zone="America/New_York", country="US"))


def entry(stage: Stage, number: int = 1, at: datetime = NOW, **more: Any) -> Entry:
    said: dict[str, Any] = {
        "previous": None,
        "transition": "T2",
        "role": Role.RULE if stage is Stage.MQL else Role.SALES,
        "actor": "kakehashi" if stage is Stage.MQL else SELLER,
        "handed_to": SELLER if stage is Stage.MQL else None,
        **more,
    }
    return Entry(
        subject=ANN, number=number, cycle=1, stage=stage, entered_at=at, observed_at=at,
        source="kakehashi", request_id=f"r{number}", definition="qualified_lead v7", **said,
    )  # fmt: skip


def standing(stage: Stage, number: int = 1, **more: Any) -> Standing:
    return Standing(subject=ANN, stage=stage, number=number, **more)


def after(
    *entries: Entry,
    by: Definition = SHARED,
    running: Sequence[Timer] = (),
    hard_at: datetime | None = None,
    stood: Standing | None = None,
    stale_after: timedelta | None = None,
) -> dict[str, Timer]:
    """What stops and starts, by clock."""
    evidence = Evidence(hard_event="demo", hard_at=hard_at) if hard_at else None
    before = stood or standing(Stage.LEAD, 0)
    found = timers_after(by, before, entries, evidence, running, stale_after)
    return {one.clock: one for one in found}


def started(clock: Clock, stage: Stage, **more: Any) -> Timer:
    """The clock of a kind that entering a stage starts."""
    return after(entry(stage, **more), hard_at=NOW)[clock]
