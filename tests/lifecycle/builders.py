"""People on their way, requests, and what is known around them: for tests of the lifecycle's machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from intent import load as interest
from lifecycle import load
from lifecycle.definition import Definition, Preset, Reason
from lifecycle.gate import GateResult, weigh
from lifecycle.machine import decide
from lifecycle.model import Answer, Entry, Evidence, Refusal, Request, Role, Source, Stage, Standing
from lifecycle.model import Subject as Who
from lifecycle.situation import Situation
from lifecycle.standing import fold, step

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN, BOB, CAT = (Who("person", name) for name in ("ann", "bob", "cat"))
ANN_SELLS, BEN_SELLS, OWNER = "ann@sales.example.com", "ben@sales.example.com", "sales@example.com"
INSIDE = "ito@sales.example.com"
CORE = ("need_problem", "timeframe", "decision_maker")
PRESETS: tuple[Preset, ...] = ("waterfall", "jp_is_fs")
KEPT_SOURCES: dict[Role, Source] = {
    Role.RULE: "kakehashi",
    Role.PRIVACY: "kakehashi",
    Role.REVOPS: "salesforce",
    Role.MARKETING: "hubspot",
    Role.INSIDE_SALES: "salesforce",
    Role.SALES: "salesforce",
}
ACTORS = {
    Role.RULE: "kakehashi",
    Role.PRIVACY: "privacy",
    Role.REVOPS: "ops@example.com",
    Role.MARKETING: "mika@example.com",
    Role.INSIDE_SALES: INSIDE,
    Role.SALES: ANN_SELLS,
}


@cache
def shipped() -> Definition:
    """The definition as it is shipped, with the whole taxonomy."""
    return load.load_definition(load.SHIPPED, interest.load_definition(interest.SHIPPED)).definition


def definition(preset: Preset = "waterfall", **more: Any) -> Definition:
    """The shipped definition in the order of a preset."""
    return replace(shipped(), preset=preset, **more)


def reason(code: str) -> Reason:
    return shipped().reasons[code]


def request(to: Stage, role: Role, **more: Any) -> Request:
    """That somebody in a role wants Ann elsewhere. An id follows from what is asked, unless it is named."""
    at = more.pop("at", NOW)
    said: dict[str, Any] = {
        "id": f"{role.value}:{to.value}:{at.isoformat()}",
        "subject": ANN,
        "actor": ACTORS[role],
        "source": KEPT_SOURCES[role],
        "observed_at": at + timedelta(seconds=2),
        **more,
    }
    return Request(to=to, role=role, at=at, **said)


def gate(*known: str) -> GateResult:
    """What is known where these questions were answered in a form."""
    return weigh(shipped().gate, {key: Answer("known", "x" * 10, "form") for key in known})


def interested(at: datetime, **more: Any) -> Evidence:
    """Three visits on two days, the last one at an instant."""
    said: dict[str, Any] = {"items": 3, "days": 2, "last_at": at, "ids": ("e1", "e2"), **more}
    return Evidence(**said)


def raised(at: datetime) -> Evidence:
    """One form for a demo."""
    return Evidence(items=1, days=1, hard_event="demo", hard_at=at, last_at=at, ids=("form",))


def around(now: datetime = NOW, **more: Any) -> Situation:
    """Everything holds that any guard asks for: the tests take away what they are about."""
    said: dict[str, Any] = {
        "contactable": True,
        "consent": True,
        "opted_in_at": now,
        "rules": ("score",),
        "customer_rules": ("more",),
        "evidence": interested(now),
        "gate": gate(*CORE, "authority", "budget", "next_step"),
        "verdict_expired": True,
        "talked_at": now,
        "opportunity": "006A",
        "has_contact_role": True,
        "outcome": "open",
        "corrected": True,
        **more,
    }
    return Situation(now=now, **said)


_TO_MQL: tuple[tuple[Stage, Role, dict[str, Any]], ...] = (
    (Stage.LEAD, Role.RULE, {}),
    (Stage.MQL, Role.RULE, {"handed_to": ANN_SELLS}),
)
_OUT = {"reason": "timing", "comment": "budget from April"}


def way(stage: Stage, preset: Preset) -> tuple[tuple[Stage, Role, dict[str, Any]], ...]:
    """The requests that lead to a stage."""
    order = definition(preset).order
    forward: tuple[tuple[Stage, Role, dict[str, Any]], ...] = tuple(
        (one, Role.SALES if one is not Stage.CUSTOMER else Role.RULE, {}) for one in order[3:]
    )
    if stage is Stage.KNOWN:
        return ()
    if stage is Stage.LEAD:
        return _TO_MQL[:1]
    if stage is Stage.RECYCLED:
        return (*_TO_MQL, (Stage.RECYCLED, Role.INSIDE_SALES, _OUT))
    if stage is Stage.DISQUALIFIED:
        return (*_TO_MQL, (Stage.DISQUALIFIED, Role.SALES, {"reason": "bad_data"}))
    if stage is Stage.ERASED:
        return ((Stage.ERASED, Role.PRIVACY, {}),)
    return (*_TO_MQL, *forward)[: order.index(stage)]


def history(
    stage: Stage, preset: Preset = "waterfall", *, who: Who = ANN, at: datetime = NOW, **last: Any
) -> tuple[Entry, ...]:
    """The entries of somebody who came to a stage at an instant; an hour lies between any two.

    `last` is said in the last request.
    """
    steps = way(stage, preset)
    found: list[Entry] = []
    for number, (to, role, said) in enumerate(steps):
        when = at - HOUR * (len(steps) - 1 - number)
        more = {**said, **(last if number == len(steps) - 1 else {})}
        asked = request(to, role, subject=who, at=when, id=f"{who.key}:{number}", **more)
        outcome = "won" if to is Stage.CUSTOMER else "open"
        found += entered(fold(found, who), asked, around(when, outcome=outcome), preset)
    return tuple(found)


def standing(stage: Stage, preset: Preset = "waterfall", **last: Any) -> Standing:
    """Where Ann stands who came to a stage at `NOW`."""
    return fold(history(stage, preset, **last), ANN)


def entered(
    where: Standing,
    asked: Request,
    situation: Situation | None = None,
    preset: Preset = "waterfall",
) -> tuple[Entry, ...]:
    """The entries that a request leads to."""
    found = decide(where, asked, situation or around(asked.at), definition(preset))
    assert not isinstance(found, Refusal), found
    return found


def refused(
    where: Standing,
    asked: Request,
    situation: Situation | None = None,
    preset: Preset = "waterfall",
) -> Refusal:
    """Why a request leads to nothing."""
    found = decide(where, asked, situation or around(asked.at), definition(preset))
    assert isinstance(found, Refusal), found
    assert (found.request, found.stood) == (asked, where.stage)
    return found


def after(where: Standing, entries: Sequence[Entry]) -> Standing:
    """Where somebody stands after more entries; it follows from them alone."""
    for entry in entries:
        where = step(where, entry)
    return where
