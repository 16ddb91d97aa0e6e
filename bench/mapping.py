"""How fast a compiled mapping reads, compares and carries records."""

from __future__ import annotations

import statistics
import time
from datetime import date
from pathlib import Path

from connector.port import System
from mappings.compile import compile_folder
from mappings.schema import Context, Pending
from mappings.transforms import Locale

RECORDS, ROUNDS = 50_000, 5
FIELDS = (
    "firstname", "lastname", "email", "phone", "mobilephone", "jobtitle",
    "company", "city", "state", "zip", "country", "fax",
)  # fmt: skip
TEXT = (
    "version: 1\nname: people\nbetween: {hubspot: contacts, salesforce: Lead}\nfields:\n"
    + "".join(f"  - {name} <-> {name.title()}__c\n" for name in FIELDS)
)


class _Nobody:
    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        return None


def measure(folder: Path) -> dict[str, float]:
    """Records per second of 12 plain fields, read and carried over; and a hand-written dict copy."""
    (folder / "people.yaml").write_text(TEXT, "utf-8")
    [mapping] = compile_folder(folder, None, Locale()).mappings
    lines = mapping.objects["Lead"].lines
    context = Context(today=date(2026, 1, 1), refs=_Nobody())
    records = [{name: f"{name} {n}" for name in FIELDS} for n in range(RECORDS)]
    steps = [(line.hubspot.read, line.salesforce.carry) for line in lines]
    ours, floor = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for record in records:
            for read, carry in steps:
                carry(read(record, context), context)  # type: ignore[arg-type]  # plain text only
        ours.append(RECORDS / (time.perf_counter() - began))
        began = time.perf_counter()
        for record in records:
            {f"{name}": record.get(name) or None for name in FIELDS}
        floor.append(RECORDS / (time.perf_counter() - began))
    return {
        "records_per_second": statistics.median(ours),
        "dict_copies_per_second": statistics.median(floor),
    }
