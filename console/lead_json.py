"""What programs read of leads, in the JSON of the commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lifecycle.clocks import status
from lifecycle.model import Entry, Refusal, Standing
from lifecycle.port import Timer, Unsent
from lifecycle.standing import Aside


def standing_json(one: Standing) -> dict[str, Any]:
    """Where somebody stands."""
    return {
        "stage": one.stage.value,
        "since": _iso(one.since),
        "cycle": one.cycle,
        "owner": one.accepted_by or one.handed_to,
        "verdict": one.verdict,
        "reason": one.reason,
        "recycle_count": one.recycle_count,
        "reactivate_on": None if one.reactivate_on is None else one.reactivate_on.isoformat(),
        "cool_until": _iso(one.cool_until),
        "is_returned": one.is_returned,
        "opportunity": one.opportunity,
        "definition": one.definition,
    }


def timer_json(one: Timer, now: datetime) -> dict[str, Any]:
    """One clock, as it stands now."""
    return {
        "clock": one.clock,
        "owner": one.owner,
        "since": _iso(one.started_at),
        "due": _iso(one.due_at),
        "stopped": _iso(one.stopped_at),
        "state": status(one, now),
    }


def entry_json(one: Entry, aside: Aside | None = None) -> dict[str, Any]:
    """One entry of the history. `aside`: why it leads nowhere, in a history that two people had."""
    left = None if aside is None else {"why": aside.why, "stood": aside.stood.value}
    return {
        "stage": one.stage.value,
        "transition": one.transition,
        "entered_at": _iso(one.entered_at),
        "observed_at": _iso(one.observed_at),
        "role": one.role.value,
        "actor": one.actor,
        "source": one.source,
        "cycle": one.cycle,
        "reason": one.reason,
        "sub_reason": one.sub_reason,
        "comment": one.comment,
        "rules": list(one.rules),
        "definition": one.definition,
        "skipped": one.skipped,
        "set_aside": left,
    }


def refusal_json(one: Refusal) -> dict[str, Any]:
    """What was asked for in vain."""
    return {
        "at": _iso(one.request.at),
        "actor": one.request.actor,
        "source": one.request.source,
        "to": one.request.to.value,
        "code": one.code,
        "words": dict(one.words),
    }


def letter_json(one: Unsent) -> dict[str, Any]:
    """A letter that reached nobody."""
    return {
        "at": _iso(one.at),
        "letter": one.errand.kind,
        "whom": one.errand.whom,
        "why": one.why,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
