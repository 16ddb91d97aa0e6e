"""`projection` of HubSpot's `lifecyclestage`: whether a stage may move back. Pure.

HubSpot itself only moves the stage forward; going back takes two writes, which the connector makes.
`high_water` keeps to HubSpot's habit: what would move the stage back is not written at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connector.port import FieldSchema
from mappings.conversions import Target
from mappings.normal import as_text
from mappings.schema import Carried, Carrier, Cell, Context, Fault, Pending, Skip

LIFECYCLE = "lifecyclestage"
PROJECTED_OBJECTS = ("contacts", "companies")
# The stages that every portal begins with, in their order (reference sheet, section 8). A live portal
# tells its own, custom stages included.
DEFAULT_ORDER = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)


def stage_order(schema: FieldSchema) -> tuple[str, ...]:
    """The stages from the first to the last."""
    return tuple(option.value for option in schema.options) or DEFAULT_ORDER


def advances(order: Sequence[str]) -> Callable[[Cell, Cell], bool]:
    """Whether a stage may replace the one held: only when it comes later. Every stage fills a blank.

    A held stage that nobody told us of yet is left alone: it may well be the later one.
    """
    rank = {stage: number for number, stage in enumerate(order)}

    def admits(held: Cell, coming: Cell) -> bool:
        if held is None:
            return coming is not None
        here, there = rank.get(as_text(held)), rank.get(as_text(coming))
        return here is not None and there is not None and there > here

    return admits


def known_stage(carry: Carrier, order: Sequence[str], target: Target) -> Carrier:
    """Carry as before, and park what stands nowhere in the order: nobody can say whether it advances."""
    known = frozenset(order)

    def carry_known(cell: Cell, context: Context) -> Carried:
        found = carry(cell, context)
        if found is None or isinstance(found, Fault | Skip | Pending) or found in known:
            return found
        return target.refuse("unknown_option", as_text(found))

    return carry_known
