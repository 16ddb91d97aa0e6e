"""Moving a lifecycle stage back: HubSpot lets it go forward only, so it is cleared first, then set.

The two writes must not share a batch. Who needs them is seen from the answer to the usual write: HubSpot
takes it and keeps the later stage, or refuses that one property. A normal forward write costs nothing
more. Contacts and companies; reference sheet, section 7.4. Knows no socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot.batches import Rows, Send, as_outcome, settle
from connector.hubspot.names import COMPANIES, CONTACTS, SYSTEM
from connector.port import Outcome, Written

STAGE: Final = "lifecyclestage"
FORWARD_ONLY: Final = frozenset({CONTACTS, COMPANIES})


def moved_back(
    object_name: str, rows: Rows, outcomes: Mapping[str, Outcome], send: Send
) -> dict[str, Outcome]:
    """The outcomes of those rows whose stage stayed where it was, after it was moved back."""
    if object_name not in FORWARD_ONLY:
        return {}
    stuck = {i: row for i, row in rows.items() if _is_stuck(outcomes[i], row.get(STAGE))}
    if not stuck:
        return {}
    cleared = _told(lambda: settle({i: {STAGE: ""} for i in stuck}, send), stuck)
    freed = {i: row for i, row in stuck.items() if isinstance(cleared[i], Written)}
    failed = {i: one for i, one in cleared.items() if i not in freed}
    return failed | _set(freed, outcomes, send)


def _is_stuck(outcome: Outcome, wanted: str | None) -> bool:
    if not wanted:
        return False
    if isinstance(outcome, Written):
        return (outcome.values or {}).get(STAGE, wanted) != wanted
    return (
        isinstance(outcome, Rejected)
        and outcome.cause == "invalid_value"
        and outcome.fields == (STAGE,)
    )


def _set(rows: Rows, before: Mapping[str, Outcome], send: Send) -> dict[str, Outcome]:
    """Set the stage that was cleared, and then what a refused row had left unwritten."""
    staged = _told(lambda: settle({i: {STAGE: row[STAGE]} for i, row in rows.items()}, send), rows)
    told = {i: _joined(before[i], one) for i, one in staged.items()}
    unwritten = {
        i: rest
        for i, row in rows.items()
        if isinstance(before[i], Rejected)
        and isinstance(staged[i], Written)
        and (rest := {name: value for name, value in row.items() if name != STAGE})
    }
    others = _told(lambda: settle(unwritten, send), unwritten)
    told |= {i: _joined(staged[i], one) for i, one in others.items()}
    # The record has no stage at this moment, so this is not "nothing was done".
    return {i: _half_done(one) if isinstance(one, TryLater) else one for i, one in told.items()}


def _told(settled: Callable[[], dict[str, Outcome]], rows: Rows) -> dict[str, Outcome]:
    """What is raised becomes the outcome of every row: the usual write has landed by now."""
    try:
        return settled()
    except TryLater as later:
        return dict.fromkeys(rows, later)
    except SystemBlocked as blocked:
        return dict.fromkeys(rows, as_outcome(blocked))


def _half_done(later: TryLater) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the lifecycle stage was cleared and not set yet: {later.message}",
        system=SYSTEM,
        after=later.after,
        request_id=later.request_id,
    )


def _joined(before: Outcome, outcome: Outcome) -> Outcome:
    """What both answers told of the record, the later one last."""
    if not isinstance(before, Written) or not isinstance(outcome, Written):
        return outcome
    values = {**(before.values or {}), **(outcome.values or {})}
    return Written(outcome.id, before.created, values, outcome.request_id)
