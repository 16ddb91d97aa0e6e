"""What the ledger is told of a tie, before and after its writes: rows, conflicts, what is parked.

Values in, values out: the keeper puts them on file.
"""

from __future__ import annotations

from dataclasses import replace

from connector.errors import Rejected
from connector.port import System
from mappings.schema import Relation
from sync.findings import refused, write_mark
from sync.model import Conflict, KnownTie, Parked, State
from sync.relations.reading import Seen
from sync.relations.work import Work

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def row_of(relation: Relation, seen: Seen) -> KnownTie:
    """Who is tied, and who holds it; the rest as it was known."""
    left, right = seen.left, seen.right
    known = seen.known or KnownTie(
        relation=relation.name,
        right_pair=right.pair_id,
        hubspot_right=right.hubspot_id,
        salesforce_right=right.salesforce_id,
    )
    return replace(
        known,
        hubspot_right=right.hubspot_id,
        salesforce_right=right.salesforce_id,
        left_pair=None if left is None else left.pair_id,
        hubspot_left=_left_id(seen, HUBSPOT),
        salesforce_left=_left_id(seen, SALESFORCE),
        held=seen.held,
    )


def _left_id(seen: Seen, side: System) -> str | None:
    if seen.left is not None:
        return seen.left.record_id(side)
    tie = seen.tie(side)
    return None if tie is None else tie.left


def ending_row(relation: Relation, work: Work) -> KnownTie:
    """Before an end is sent: where its answer is lost, what stands there yet was not made anew."""
    row = row_of(relation, work.seen)
    return replace(row, standing="ending", side=work.plan.end, state="waiting", reason="due")


def quiet_row(relation: Relation, work: Work) -> KnownTie:
    """What is true without a write; a tie that is to be written stays as it was known, and due."""
    plan, row, known = work.plan, row_of(relation, work.seen), work.seen.known
    if plan.acts:
        # Who held it stays on file as well: a side that is suddenly empty is found out by that.
        held = row.held if known is None else known.held
        return replace(row, held=held, state="waiting", reason="due")
    left = work.seen.left
    agreed = {} if left is not None and left.fitness == "gone" else row.baseline
    row = replace(row, standing=plan.standing, side=plan.side, baseline={**agreed, **plan.agreed})
    if plan.parked or plan.still_parked:
        return replace(row, state="parked", reason="parked")
    if plan.why == "partner":
        return replace(row, state="waiting", reason="partner")
    if plan.why is not None:
        return replace(row, state="unpaired", reason=plan.why)
    return replace(row, state="in_sync", reason=None)


def unread_row(known: KnownTie, *, gone: bool) -> KnownTie:
    """A tie whose right-hand record takes no part now; with one that is gone, the agreement is too."""
    row = replace(known, state="waiting", reason="partner")
    return replace(row, standing=None, side=None, baseline={}) if gone else row


def written_row(relation: Relation, work: Work) -> KnownTie:
    """What is true after the writes of a tie that was not ended."""
    plan, row = work.plan, row_of(relation, work.seen)
    known = {} if plan.make is not None else row.baseline
    baseline = plan.baseline_after(known, work.landed)
    for side in work.refused:
        line = work.refused_line(side) or ""
        baseline.pop(line, None)
        if line in known:
            baseline[line] = known[line]
    if work.waits is not None:
        return replace(row, state="waiting", reason=work.waits)
    if work.done:
        row = replace(row, standing=plan.standing, side=plan.side, held=row.held | work.landed)
        is_parked = bool(plan.parked or plan.still_parked or work.refused)
        state: State = "parked" if is_parked else "in_sync"
        return replace(row, baseline=baseline, state=state, reason="parked" if is_parked else None)
    if any(isinstance(one, Rejected) for one in work.outcomes.values()):
        row = replace(row, state="parked", reason="parked")
    elif plan.end is not None:
        # It may land yet.
        row = replace(ending_row(relation, work), reason="later")
    else:
        row = replace(row, state="waiting", reason="later")
    # A tie of which nothing was agreed yet is not there: what its fields would be is nothing to keep.
    return row if plan.make is not None or plan.end is not None else replace(row, baseline=baseline)


def conflicts_of(relation: Relation, work: Work) -> list[Conflict]:
    """Values of which one gave way, and open differences."""
    return [
        Conflict(
            mapping=relation.name,
            line=found.line,
            kind="open_difference" if found.open else "conflict",
            hubspot_object=relation.hubspot,
            hubspot_id=work.name(HUBSPOT),
            hubspot_value=found.hubspot,
            salesforce_object=relation.salesforce,
            salesforce_id=work.name(SALESFORCE),
            salesforce_value=found.salesforce,
            policy=found.policy,
            winner=found.winner,
        )
        for found in work.plan.conflicts
    ]


def settled_lines(work: Work) -> set[str]:
    """Lines that agree, or travelled: nothing is left to settle."""
    still = {one.line for one in work.plan.conflicts if one.winner is None}
    return {*work.plan.agreed, *(write.line.id for write in work.plan.writes)} - still


def parked_lines(relation: Relation, work: Work) -> list[Parked]:
    """Lines whose values the other side cannot take, on the tie as that side names it."""
    return [
        Parked(
            mapping=relation.name,
            system=one.to,
            object=relation.word(one.to),
            record_id=work.name(one.to),
            line=one.line,
            cause=one.cause,
            advice=one.advice,
            fingerprint=one.fingerprint,
        )
        for one in work.plan.parked
    ]


def refusals(relation: Relation, work: Work) -> list[Parked]:
    """What the systems refused of a tie: the whole of it, or one line."""
    found: list[Parked] = []
    for side, outcome in work.outcomes.items():
        line = work.refused_line(side)
        refusal = outcome if isinstance(outcome, Rejected) else work.refused.get(side)
        if refusal is None:
            continue
        whole = isinstance(outcome, Rejected)
        found.append(
            refused(
                relation.name,
                side,
                relation.word(side),
                work.name(side),
                None if whole else line,
                refusal,
                work.plan.mark if whole else _mark(work, line),
            )
        )
    return found


def _mark(work: Work, line: str | None) -> str:
    writes = (write for write in work.plan.writes if write.line.id == line)
    return next((write_mark(write) for write in writes), "")
