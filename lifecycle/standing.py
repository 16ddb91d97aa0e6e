"""Where somebody stands: ledger entries folded, one by one, also those of two who turn out to be one. Pure.

An entry leads to its stage where it was decided on the standing before it. The others come from the history
of somebody who was merged in; there the strength of what was said decides, so that neither a rule nor chance
overrules a person: erased; then customer; then what sales judged (SAL, SQL, opportunity, recycled,
disqualified), the later one of two; then what marketing has (known, lead, MQL), the further one of two. So a
merge never wakes a lead that was sent back; it can come back by the table like anybody. Cycles only grow, and
the recycles and reasons of both count. Source: domain sheet, sections 2.3 and 2.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Final, Literal, NamedTuple

from lifecycle.definition import Reason
from lifecycle.model import Entry, Role, Stage, Standing, Subject, Verdict
from lifecycle.transitions import IN_HANDS

# A record that was put out because it is another one's double; what counts is the other one's history.
DUPLICATE: Final = "duplicate"
# Whoever comes back after a recycle, and whoever is put out after too many (`lifecycle.transitions`).
RETURN: Final = "T15"
WORN_OUT: Final = "T16"

_STRENGTH: Final = {
    Stage.KNOWN: 0,
    Stage.LEAD: 1,
    Stage.MQL: 2,
    Stage.SAL: 3,
    Stage.SQL: 3,
    Stage.OPPORTUNITY: 3,
    Stage.RECYCLED: 3,
    Stage.DISQUALIFIED: 3,
    Stage.CUSTOMER: 4,
    Stage.ERASED: 5,
}
# The way to the customer. Whoever is sent back or put out stays as far as they came.
WAY: Final = (
    Stage.KNOWN,
    Stage.LEAD,
    Stage.MQL,
    Stage.SAL,
    Stage.SQL,
    Stage.OPPORTUNITY,
    Stage.CUSTOMER,
)

Why = Literal["weaker", "duplicate"]


class Aside(NamedTuple):
    """An entry of a merged history that does not lead to its stage: what stood instead, and why."""

    entry: Entry
    stood: Stage
    why: Why


def fold(entries: Iterable[Entry], subject: Subject | None = None) -> Standing:
    """Where a subject stands after all of its entries, in whatever order they come.

    `subject`: who of several survived a merge; None: whose the last entry is. Raises `ValueError` where there
    is neither.
    """
    ordered = in_order(tuple(entries))
    if subject is None:
        if not ordered:
            raise ValueError("nobody's entries tell where nobody stands")
        subject = ordered[-1].subject
    return reduce(step, ordered, Standing(subject=subject))


def in_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries of one subject by their numbers; those of several by time, as each one's own are too."""
    by_number = sorted(entries, key=lambda one: (one.subject, one.number))
    if len({one.subject for one in entries}) < 2:
        return tuple(by_number)
    return tuple(sorted(by_number, key=lambda one: one.entered_at))


def step(standing: Standing, entry: Entry) -> Standing:
    """Where somebody stands after one more entry."""
    counted = _counted(standing, entry)
    if _why_not(standing, entry):
        return counted
    return _reviewed(counted, entry) if entry.is_review else _moved(counted, entry)


def set_aside(entries: Iterable[Entry], subject: Subject) -> tuple[Aside, ...]:
    """Which entries of merged histories were not followed, for showing them with the reason."""
    standing = Standing(subject=subject)
    found: list[Aside] = []
    for entry in in_order(tuple(entries)):
        why = _why_not(standing, entry)
        if why is not None:
            found.append(Aside(entry, standing.stage, why))
        standing = step(standing, entry)
    return tuple(found)


def sent_back(entry: Entry) -> bool:
    """Whether an entry is a send-back of its own: no second hop of one, and no end of too many."""
    goes = entry.stage in (Stage.RECYCLED, Stage.DISQUALIFIED)
    return goes and entry.previous is not Stage.RECYCLED and entry.transition != WORN_OUT


def puts_out(standing: Standing, reason: Reason) -> bool:
    """Whether whom it is given for now is put out: by a hard reason, or one that was given too often.

    Whoever is handed on by inside sales is sent back by the same reason once more, and counted once.
    """
    used = standing.reasons.get(reason.code, 0)
    is_first_hop = standing.stage is not Stage.RECYCLED
    is_used_up = reason.times is not None and used >= reason.times and is_first_hop
    return reason.kind != "recycle" or is_used_up


def _why_not(standing: Standing, entry: Entry) -> Why | None:
    """Why an entry does not lead to its stage; None: it does."""
    is_strange = entry.subject != standing.subject
    if is_strange and entry.reason == DUPLICATE:
        return "duplicate"
    if entry.is_review:
        return None if standing.stage is Stage.RECYCLED else "weaker"
    if standing.since is None or entry.previous is standing.stage:
        return None
    mine, yours = _STRENGTH[standing.stage], _STRENGTH[entry.stage]
    return "weaker" if yours < mine else None


def _counted(standing: Standing, entry: Entry) -> Standing:
    """What an entry adds whether it is followed or not."""
    changes: dict[str, Any] = {
        "number": standing.number + 1,
        "cycle": max(standing.cycle, entry.cycle),
        "furthest": _further(standing.furthest, entry.stage),
    }
    if sent_back(entry) and entry.reason is not None:
        changes["reasons"] = dict(Counter(standing.reasons) + Counter([entry.reason]))
    if entry.stage is Stage.RECYCLED and not entry.is_review:
        changes |= _recycled(standing, entry)
    return replace(standing, **changes)


def _further(one: Stage, other: Stage) -> Stage:
    return other if other in WAY and WAY.index(other) > WAY.index(one) else one


def _recycled(standing: Standing, entry: Entry) -> dict[str, Any]:
    return {
        "recycle_count": standing.recycle_count + sent_back(entry),
        "recycled_at": entry.entered_at,
        "recycled_by": entry.actor,
        "hop": entry.hop,
        "reactivate_on": entry.reactivate_on,
        "cool_until": entry.cool_until,
        "reviewed_at": None,
        **_said(standing, entry),
    }


def _reviewed(standing: Standing, entry: Entry) -> Standing:
    """Another day for looking again. Who sent back, when and why stays as it was."""
    return replace(
        standing,
        reactivate_on=entry.reactivate_on,
        cool_until=entry.cool_until,
        sub_reason=entry.sub_reason,
        comment=entry.comment,
        reviewed_at=entry.entered_at,
    )


def _said(standing: Standing, entry: Entry) -> dict[str, Any]:
    """Why somebody was sent back, and by whom: a seller, or whoever let it lie or lost it."""
    if not sent_back(entry) and entry.stage is Stage.DISQUALIFIED:
        return {"reason": entry.reason}
    by = standing.rejected_by
    if entry.role in (Role.INSIDE_SALES, Role.SALES):
        by = entry.actor
    elif entry.role is Role.RULE:
        by = standing.accepted_by or standing.handed_to or by
    return {
        "reason": entry.reason,
        "sub_reason": entry.sub_reason,
        "comment": entry.comment,
        "rejected_by": by,
    }


def _moved(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, **dict(_changes(standing, entry)))


def _changes(standing: Standing, entry: Entry) -> Iterator[tuple[str, Any]]:
    """What is different where somebody enters a stage."""
    yield "previous", standing.stage if standing.since is not None else None
    yield "stage", entry.stage
    yield "since", entry.entered_at
    yield "definition", entry.definition
    yield "verdict", _verdict(standing, entry)
    if entry.opportunity is not None:
        yield "opportunity", entry.opportunity
    if entry.stage is Stage.MQL:
        yield from _handed_over(entry)
    elif entry.stage in IN_HANDS and standing.accepted_by is None:
        yield "accepted_by", entry.actor
    elif entry.stage is Stage.DISQUALIFIED:
        yield from _said(standing, entry).items()
        yield "reached_by", entry.evidence
    if entry.stage in (Stage.RECYCLED, Stage.DISQUALIFIED):
        yield "is_returned", False
    if entry.stage is Stage.LEAD and standing.stage is Stage.DISQUALIFIED:
        # What put them out does not hold any more; the history still tells it.
        yield from (("reason", None), ("sub_reason", None), ("comment", None))


def _handed_over(entry: Entry) -> Iterator[tuple[str, Any]]:
    """A hand-over starts afresh: nobody has seen or accepted it, and there is no opportunity yet."""
    yield "handed_to", entry.handed_to
    yield "seen_at", None
    yield "accepted_by", None
    yield "opportunity", entry.opportunity
    yield "is_returned", entry.transition == RETURN
    if entry.transition == RETURN:
        yield "reactivated_at", entry.entered_at
        yield "trigger", entry.trigger


def _verdict(standing: Standing, entry: Entry) -> Verdict | None:
    """What sales said of the present hand-over; nothing where a rule or marketing took it back."""
    if entry.stage is Stage.MQL:
        return "pending"
    if entry.stage in (Stage.SAL, Stage.SQL, Stage.OPPORTUNITY):
        return "accept"
    if entry.stage is Stage.LEAD:
        return None
    if entry.stage in (Stage.RECYCLED, Stage.DISQUALIFIED) and standing.stage in IN_HANDS:
        is_seller = entry.role in (Role.INSIDE_SALES, Role.SALES)
        return "reject" if is_seller else None
    return standing.verdict
