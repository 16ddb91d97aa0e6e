"""What a plan costs in calls and seconds, told before it is carried out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from connector.port import System

# Records per write call of each vendor (reference sheets: batch 100, collections 200).
PER_WRITE = {System.HUBSPOT: 100, System.SALESFORCE: 200}
# Calls per second that each system is priced at.
CALLS_PER_SECOND = {System.HUBSPOT: 10.0, System.SALESFORCE: 5.0}


def price_of(records: Mapping[tuple[System, str], int]) -> dict[str, Any]:
    """The contract's `cost`: writes in full batches, a read before and a read after each.

    `records` counts the records to write by (system, object).
    """
    price: dict[str, Any] = {}
    for system in System:
        writes = sum(
            math.ceil(count / PER_WRITE[system])
            for (side, _), count in records.items()
            if side is system
        )
        reads = 2 * writes
        seconds = round((reads + writes) / CALLS_PER_SECOND[system], 1)
        price[system.value] = {"reads": reads, "writes": writes, "seconds": seconds}
    return price
