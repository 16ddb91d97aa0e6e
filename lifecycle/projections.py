"""What the native fields of both systems say of where somebody stands: shadows of the ledger. Pure.

Both are worded as HubSpot words them (`mappings.own_values`); a mapping file takes them on to other choices
(`values`). What a portal does not have is parked there, with the reason. Source: domain sheet, sections 2.1
and 2.7; HubSpot's default properties `hs_lead_status` and `lifecyclestage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lifecycle.definition import Definition
from lifecycle.model import Stage, Standing

# A customer is nobody's lead any more, and whoever is only known is none yet.
_STATUS: Final[Mapping[Stage, str]] = {
    Stage.LEAD: "NEW",
    Stage.MQL: "OPEN",
    Stage.SAL: "IN_PROGRESS",
    Stage.SQL: "CONNECTED",
    Stage.OPPORTUNITY: "OPEN_DEAL",
}
# Where the reason names none: an own one of the definition, or one that only leads elsewhere.
_WITHOUT_REASON: Final[Mapping[Stage, str]] = {
    Stage.RECYCLED: "BAD_TIMING",
    Stage.DISQUALIFIED: "UNQUALIFIED",
}
# HubSpot knows no acceptance: until sales qualified somebody, they are marketing's.
_NATIVE: Final[Mapping[Stage, str]] = {
    Stage.KNOWN: "subscriber",
    Stage.LEAD: "lead",
    Stage.MQL: "marketingqualifiedlead",
    Stage.SAL: "marketingqualifiedlead",
    Stage.SQL: "salesqualifiedlead",
    Stage.OPPORTUNITY: "opportunity",
    Stage.CUSTOMER: "customer",
}


def lead_status(standing: Standing, definition: Definition) -> str | None:
    """The seller's status of a lead; of whom was sent back or put out, as the reason has it (`status`).

    None: there is no lead to be worked.
    """
    if standing.stage not in _WITHOUT_REASON:
        return _STATUS.get(standing.stage)
    reason = definition.reasons.get(standing.reason or "")
    told = None if reason is None else reason.status
    return told or _WITHOUT_REASON[standing.stage]


def native_stage(standing: Standing) -> str | None:
    """HubSpot's lifecycle stage: the furthest of the whole history, since it never goes back there.

    None: they were erased.
    """
    return None if standing.stage is Stage.ERASED else _NATIVE[standing.furthest]
