"""Opt-outs for records on their own: twins, parked, filtered and unpaired ones with that address."""

from __future__ import annotations

from collections.abc import Sequence

from connector.port import System
from mappings.schema import Mapping as FieldMapping
from sync.engine import Tally
from sync.plandraft import Task
from sync.writes import Write, Writer


def spread_consent(
    writer: Writer, mapping: FieldMapping, tasks: Sequence[Task], tally: Tally
) -> None:
    """Write the opt-outs, one write per record; a refused one is reported and stays due."""
    merged: dict[tuple[System, str], Write] = {}
    owner: dict[tuple[System, str], Task] = {}
    for task in tasks:
        for side, changes in task.changes.items():
            record_id = task.record_id(side) or ""
            known = merged.get((side, record_id))
            merged[side, record_id] = Write(
                mapping=mapping.name,
                system=side,
                object=task.object_of(side),
                record_id=record_id,
                partner_id=None,
                changes=(known.changes if known else ()) + changes,
            )
            owner[side, record_id] = task
    results = writer.send(list(merged.values()))
    writer.confirm(results)
    for result in results:
        if result.state == "landed":
            tally.totals["update"] += 1
        else:
            tally.unspread |= result.state in {"later", "unknown"}
            key = (result.write.system, result.write.record_id or "")
            reason = result.refusal.reason if result.refusal else "no answer yet"
            tally.skip(owner[key], f"the opt-out could not be written: {reason}")
