"""Why a record is in its state, and the chain of writes behind a value. Reads the ledger only."""

from __future__ import annotations

from typing import Any

from connector.port import System
from sync.ledger import Ledger, SeenRecord


class NotSeen(Exception):
    """No mapping has ever seen this record."""


def why(
    ledger: Ledger, system: System, object_name: str, record_id: str, field: str | None = None
) -> dict[str, Any]:
    """The contract's `why` JSON. `field` is a line's id or a vendor's field name."""
    names = ledger.mappings_of(system, object_name, record_id)
    chain = [
        {
            "at": entry.sent_at.isoformat(),
            "trigger": entry.trigger,
            "line": change.line,
            "field": change.api_name,
            "rule": change.rule,
            "run_id": entry.run_id,
            "request_id": entry.request_id,
            "from": change.before,
            "to": change.after,
            "outcome": entry.state,
        }
        for entry in ledger.history(system, object_name, record_id)
        for change in entry.changes
        if field is None or field in {change.line, change.api_name}
    ]
    if not names and (tie := _why_tied(ledger, system, record_id)) is not None:
        return tie
    if not names and not chain:
        raise NotSeen(
            f"no mapping has seen {system.value} {object_name} {record_id}: check the id and the "
            "object's name, and run `kakehashi plan`"
        )
    told: dict[str, Any] = {"state": None, "reason": None, "chain": chain}
    for name in names:
        record = ledger.record(name, system, record_id)
        if record is None:
            continue
        pair = ledger.pair_of(name, system, record_id)
        parked = ledger.parked_for(name, system, [record_id]).get(record_id, [])
        told |= {
            "mapping": name,
            "state": record.state,
            "reason": record.reason,
            "partner": None if pair is None else pair.record_id(system.other),
            "went_to": _went_to(ledger, name, system, record),
            "waits_for": _waits_for(ledger, name, system, record_id),
            "parked": [
                {"line": row.line, "cause": row.cause, "advice": row.advice} for row in parked
            ],
        }
    return told


def _went_to(
    ledger: Ledger, mapping: str, system: System, record: SeenRecord
) -> dict[str, Any] | None:
    """The record that this one lives on in, and how it came there; None where it went nowhere."""
    if record.went_to is None:
        return None
    there = ledger.record(mapping, system, record.went_to)
    return {
        "how": "merged" if record.gone == "merged" else "converted",
        "object": None if there is None else there.object,
        "id": record.went_to,
    }


def _waits_for(
    ledger: Ledger, mapping: str, system: System, record_id: str
) -> list[dict[str, Any]]:
    """The records without a partner that this one refers to, each with its own state."""
    return [
        {
            "mapping": missed.awaited.mapping,
            "system": missed.awaited.system.value,
            "object": missed.object,
            "id": missed.awaited.record_id,
            "state": missed.state,
            "reason": missed.reason,
        }
        for missed in ledger.missed_by(mapping, system, record_id)
    ]


def _why_tied(ledger: Ledger, system: System, name: str) -> dict[str, Any] | None:
    """The same of a tie, named ``left>right``; it has no chain, since ties are written without a journal."""
    left, arrow, right = name.partition(">")
    for tie in ledger.tie_named(system, left, right) if arrow else ():
        parked = ledger.parked_for(tie.relation, system, [name]).get(name, [])
        return {
            "state": tie.state,
            "reason": tie.reason,
            "chain": [],
            "mapping": tie.relation,
            "partner": tie.record_id(system.other),
            "parked": [
                {"line": row.line, "cause": row.cause, "advice": row.advice} for row in parked
            ],
        }
    return None
