"""What the rooms of the ledger share beyond `database.room`: its own errors, and its values as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import true
from sqlalchemy.sql import ColumnElement

from connector.port import Value
from database.room import (
    IDS_AT_ONCE,
    LedgerError,
    LedgerUnavailable,
    Room,
    aware,
    from_json,
    slices,
    to_json,
    translated,
    unavailable,
    utc,
)
from mappings.schema import Cell
from sync.ledger.tables import record
from sync.model import FieldChange, LineBaseline, Scope

__all__ = [
    "IDS_AT_ONCE",
    "IN_FLIGHT_STATES",
    "AlreadyBound",
    "LedgerError",
    "LedgerUnavailable",
    "Room",
    "WrongLedger",
    "aware",
    "baseline_json",
    "baseline_of",
    "cell_of",
    "changes_json",
    "changes_of",
    "from_json",
    "slices",
    "to_json",
    "translated",
    "unavailable",
    "utc",
    "within",
]

# States of journalled writes of which nobody knows yet whether they landed.
IN_FLIGHT_STATES = ("intended", "unknown")


class WrongLedger(LedgerError):
    """This ledger belongs to another pair of portal and org."""


class AlreadyBound(LedgerError):
    """A record is bound to another partner."""


def within(scope: Scope) -> ColumnElement[bool]:
    """The record is one of the scope's."""
    return true() if scope is None else record.c.id.in_(scope)


def cell_of(value: Any) -> Cell:
    """A cell from JSON: a list is a joined line's tuple."""
    return tuple(value) if isinstance(value, list) else value


def baseline_json(baseline: Mapping[str, LineBaseline]) -> str:
    """``{line: [hash, hubspot, salesforce, open]}``."""
    return to_json(
        {
            line: [base.line_hash, base.hubspot, base.salesforce, base.open]
            for line, base in baseline.items()
        }
    )


def baseline_of(text: str) -> dict[str, LineBaseline]:
    """The inverse of `baseline_json`."""
    return {
        line: LineBaseline(found[0], cell_of(found[1]), cell_of(found[2]), bool(found[3]))
        for line, found in from_json(text).items()
    }


def changes_json(changes: tuple[FieldChange, ...]) -> str:
    """``[[line, field, from, to, rule, pending], ...]``."""
    return to_json([[c.line, c.api_name, c.before, c.after, c.rule, c.pending] for c in changes])


def changes_of(text: str) -> tuple[FieldChange, ...]:
    """The inverse of `changes_json`."""

    def change(
        line: str, name: str, before: Value, after: Value, rule: str, pending: bool
    ) -> FieldChange:
        return FieldChange(
            line=line, api_name=name, before=before, after=after, rule=rule, pending=pending
        )

    return tuple(change(*found) for found in from_json(text))
