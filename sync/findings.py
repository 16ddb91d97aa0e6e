"""What a decision leaves for people to see: conflicts, open differences, parked lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from connector.errors import Rejected
from connector.port import System
from mappings.schema import Cell
from mappings.schema import Mapping as FieldMapping
from sync.marks import fingerprint, key_mark
from sync.model import Conflict, FieldChange, Pair, PairNote, Parked
from sync.reconcile import LineConflict, LineParked, LineWrite, PairPlan
from sync.waiting import Waiting

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

ADVICE = {
    "invalid_email": "correct the e-mail address in the other system",
    "invalid_value": "correct the value in the other system",
    "too_long": "shorten the value, or let the line cut it with {truncate: N}",
    "unknown_option": "add the value to the picklist, or map it with `values:`",
    "required_blank": "fill the required field, or give the line an `if_empty_on_create`",
    "duplicate": "another record holds this value already: merge the two",
    "read_only": "this field cannot be written with our rights: grant them, or turn the line around",
    "no_such_field": "the field is gone or hidden from us: run `kakehashi check`",
    "not_found": "the record cannot be seen any more; the next full compare finds out why",
    "deleted": "the record was deleted; the next full compare follows that",
    "converted": "the Lead was converted: work goes on in the Contact",
    "validation_rule": "a validation rule of the admin refuses the values: see its text",
    "bad_reference": "the record it refers to does not exist or may not be used",
    "not_answered": "the system's answer left this record out; it is tried again",
    "write_ignored": "the system took the write and kept the old value: look for a workflow or a "
    "permission that holds the field",
    "other": "see the vendor's text",
}


def findings(
    mapping: FieldMapping, pair: Pair, plan: PairPlan
) -> tuple[list[Conflict], list[Parked]]:
    """A pair plan's conflicts and parked lines, with the names of the records."""
    conflicts = [_conflict(mapping, pair, found) for found in plan.conflicts]
    return conflicts, [parked_line(mapping, pair, row) for row in plan.parked]


def _conflict(mapping: FieldMapping, pair: Pair, found: LineConflict) -> Conflict:
    return Conflict(
        mapping=mapping.name,
        line=found.line,
        kind="open_difference" if found.open else "conflict",
        hubspot_object=mapping.hubspot_object,
        hubspot_id=pair.hubspot_id,
        hubspot_value=found.hubspot,
        salesforce_object=pair.salesforce_object,
        salesforce_id=pair.salesforce_id,
        salesforce_value=found.salesforce,
        policy=found.policy,
        winner=found.winner,
    )


def parked_line(mapping: FieldMapping, pair: Pair, row: LineParked) -> Parked:
    """A parked line stands on the record that could not take its value."""
    return Parked(
        mapping=mapping.name,
        system=row.to,
        object=mapping.hubspot_object if row.to is HUBSPOT else pair.salesforce_object,
        record_id=pair.record_id(row.to),
        line=row.line,
        cause=row.cause,
        advice=row.advice,
        fingerprint=row.fingerprint,
    )


def birth_parked(
    mapping: FieldMapping,
    source: System,
    object_name: str,
    record_id: str,
    rows: Iterable[LineParked],
) -> Iterator[Parked]:
    """Lines a new record is born without; they stand on the source record."""
    for row in rows:
        yield Parked(
            mapping=mapping.name,
            system=source,
            object=object_name,
            record_id=record_id,
            line=row.line,
            cause=row.cause,
            advice=row.advice,
            fingerprint=row.fingerprint,
        )


def refused(
    mapping_name: str,
    system: System,
    object_name: str,
    record_id: str,
    line: str | None,
    refusal: Rejected,
    mark: str = "",
) -> Parked:
    """A vendor's refusal of a record or a line, with what a person can do about it."""
    advice = f"{ADVICE.get(refusal.cause, ADVICE['other'])} ({refusal.reason})"
    if refusal.existing_id:
        advice = f"{advice}; the other record is {refusal.existing_id}"
    cause = "duplicate_of" if refusal.cause == "duplicate" else refusal.cause
    return Parked(
        mapping=mapping_name,
        system=system,
        object=object_name,
        record_id=record_id,
        line=line,
        cause=cause,
        advice=advice,
        fingerprint=mark,
    )


def taken(mapping: FieldMapping, pair: Pair, why: str) -> Parked:
    """The partner that was meant for it belongs to somebody else."""
    return Parked(
        mapping=mapping.name,
        system=HUBSPOT,
        object=mapping.hubspot_object,
        record_id=pair.hubspot_id,
        line=None,
        cause="duplicate_of",
        advice=f"its partner is paired with somebody else: merge them ({why})",
    )


def ignored(mapping: FieldMapping, pair: Pair, side: System, line: str, mark: str) -> Parked:
    """The system answered with success and stores the old value still."""
    return Parked(
        mapping=mapping.name,
        system=side,
        object=mapping.hubspot_object if side is HUBSPOT else pair.salesforce_object,
        record_id=pair.record_id(side),
        line=line,
        cause="write_ignored",
        advice=ADVICE["write_ignored"],
        fingerprint=mark,
    )


def overwritten(
    mapping: FieldMapping, pair: Pair, side: System, line: str, lost: Cell, ours: Cell
) -> Conflict:
    """An edit that fell into the last window before our write: its value is kept as the loser."""
    left, right = (lost, ours) if side is HUBSPOT else (ours, lost)
    return Conflict(
        mapping=mapping.name,
        line=line,
        kind="conflict",
        hubspot_object=mapping.hubspot_object,
        hubspot_id=pair.hubspot_id,
        hubspot_value=left,
        salesforce_object=pair.salesforce_object,
        salesforce_id=pair.salesforce_id,
        salesforce_value=right,
        policy="overwritten",
        winner=side.other.value,
    )


def mark_of(plan: PairPlan, line: str) -> str:
    """The fingerprint under which a written line is parked when its write is refused."""
    for write in plan.writes:
        if write.line.id == line:
            return write_mark(write)
    for change in (change for changes in plan.changes.values() for change in changes):
        if change.line == line == "key":
            return key_mark(change.before, change.after)
    return ""


def write_mark(write: LineWrite) -> str:
    """The fingerprint of the values that a write was decided on."""
    held = {write.to: write.before, write.to.other: write.meant.of(write.to.other)}
    return fingerprint(write.line, held[HUBSPOT], held[SALESFORCE], meant=write.meant)


def note_of(
    pair: Pair, plan: PairPlan, conflicts: Sequence[Conflict], parked: Sequence[Parked]
) -> PairNote:
    """What is put on file about a pair after its plan was carried out, or needed no write."""
    stuck = {row.line for row in parked}
    opened = {found.line for found in conflicts if found.winner is None}
    closed = {line for line in plan.agreed if line not in opened}
    closed |= {write.line.id for write in plan.writes if write.line.id not in stuck}
    return PairNote(
        hubspot_id=pair.hubspot_id,
        salesforce_id=pair.salesforce_id,
        conflicts=tuple(conflicts),
        parked=tuple(parked),
        closed=frozenset(closed),
        keep=frozenset(plan.still_parked),
    )


def same_changes(
    planned: Mapping[System, Sequence[FieldChange]],
    now: Mapping[System, Sequence[FieldChange]],
    waiting: Sequence[Waiting] = (),
) -> bool:
    """Whether a fresh decision equals the planned one, field by field.

    A field that waited for a partner's id when the plan was made may have got it since; a line that
    waits for one now gets it later in the same run.
    """
    lines = {one.line for one in waiting}
    return all(_same_side(planned.get(side, ()), now.get(side, ()), lines) for side in System)


def _same_side(
    planned: Sequence[FieldChange], now: Sequence[FieldChange], waiting: Set[str]
) -> bool:
    awaited = {c.api_name for c in planned if c.pending or c.line in waiting}
    return {c for c in planned if c.api_name not in awaited} == {
        c for c in now if c.api_name not in awaited
    }
