"""A dry run over many invented people: how long it takes, and whether its numbers are those of the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from intent import load as interest_file
from lifecycle.definition import Rule
from lifecycle.dry_run import HORIZON, Comparison, dry_run
from lifecycle.load import SHIPPED, Whole, load_definition
from lifecycle.model import Entry, Subject
from lifecycle.people import simulate
from lifecycle.replay import Period

PEOPLE, SEED = 10_000, 1
UNTIL = datetime(2026, 11, 28, tzinfo=UTC)
PERIOD = Period(UNTIL - timedelta(days=90), UNTIL, ZoneInfo("Asia/Tokyo"))
GROUPS = ("old", "new", "both", "only_old", "only_new")


def measure(say: Callable[[str], None], people: int = PEOPLE) -> dict[str, Any]:
    """Compare the shipped definition with a wider one, and count everything again from the entries."""
    interest = interest_file.load_definition(interest_file.SHIPPED)
    shipped = load_definition(SHIPPED, interest).definition
    wide = Rule("score", "fit >= 20 and intent >= 15 and gate.core_known >= 2")
    rules = tuple(wide if one.id == wide.id else one for one in shipped.mql_any)
    old = Whole(shipped, interest)
    new = Whole(replace(shipped, version=2, hash="wider", mql_any=rules), interest)
    began = time.process_time()
    lives = simulate(SEED, people, old, PERIOD).lives
    made = time.process_time()
    found = dry_run(old, new, lives, PERIOD)
    ended = time.process_time()
    rows = [entry for life in lives for entry in life.entries]
    differing = [name for name in GROUPS if _told(found, name) != _counted(found, name, rows)]
    say(f"{people:,} people: {ended - made:.1f} s of one core, {found.more} more MQLs")
    return {
        "people": people,
        "making_seconds": round(made - began, 1),
        "dry_run_seconds": round(ended - made, 1),
        "more": found.more,
        "groups": {name: (getattr(found, name).count, *_told(found, name)) for name in GROUPS},
        "differs_from_the_ledger": differing,
    }


def _told(found: Comparison, name: str) -> tuple[int, int, int]:
    group = getattr(found, name)
    return group.handed, group.sql.cases, group.sql.hits


def _counted(found: Comparison, name: str, rows: Sequence[Entry]) -> tuple[int, int, int]:
    """(handed over, old enough, SQL), out of the entries alone."""
    people: frozenset[Subject] = getattr(found, name).people
    first: dict[Subject, Entry] = {}
    for row in sorted(rows, key=lambda one: (one.entered_at, one.number)):
        if row.stage == "mql" and not row.skipped and row.subject in people:
            first.setdefault(row.subject, row)
    old = {who: row for who, row in first.items() if row.entered_at + HORIZON <= UNTIL}
    sql = {
        row.subject
        for row in rows
        if row.stage == "sql"
        and row.subject in old
        and row.cycle == old[row.subject].cycle
        and timedelta(0) <= row.entered_at - old[row.subject].entered_at <= HORIZON
    }
    return len(first), len(old), len(sql)
